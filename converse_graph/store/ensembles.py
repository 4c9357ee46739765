"""The designs of ensembles; their runs are among the others, under names made from the design."""

from datetime import datetime

from converse_graph.errors import NotFound
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

_PUT = """INSERT INTO ensembles (name, design, created) VALUES (:name, :design, :created)
ON CONFLICT (name) DO UPDATE SET design = excluded.design"""


class EnsembleTable:
    """The designs of a store's ensembles, as JSON, by name."""

    def __init__(self, reader: Session, writer: Writer) -> None:
        """Read from one connection, write through the store's writer."""
        self._reader, self._writer = reader, writer

    def names(self) -> list[str]:
        """List the ensembles, in alphabetical order."""
        return [name for (name,) in self._reader.read("SELECT name FROM ensembles ORDER BY name")]

    def find(self, name: str) -> str | None:
        """Look a design up, as it was saved; None where there is no such ensemble."""
        rows = self._reader.read("SELECT design FROM ensembles WHERE name = :name", name=name)
        return rows[0][0] if rows else None

    def design(self, name: str) -> str:
        """Look a design up, as it was saved.

        Raises:
            NotFound: There is no such ensemble.
        """
        design = self.find(name)
        if design is None:
            raise NotFound.among("ensemble", name, self.names(), hint="`converse sweep` makes one.")
        return design

    async def save(self, name: str, design: str, *, created: datetime) -> None:
        """Save a design, in place of an earlier one of that name; returns when it is durable.

        Args:
            name: Of the ensemble.
            design: As JSON.
            created: For the record, with a time zone; an earlier date stays.
        """
        row = {"name": name, "design": design, "created": created.isoformat()}
        await self._writer.write(lambda session: session.run(_PUT, **row))
