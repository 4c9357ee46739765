"""A connection to a store, and what is the same of every database that may lie behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from converse_graph.errors import StoreFailure

DatabaseRow = tuple[Any, ...]


class Session(ABC):
    """A driver's connection that commits when told, and runs the statements of our tables.

    Statements are in words that SQLite and Postgres share, their values named as in `:name`, and go to the driver as
    they are.
    """

    words: ClassVar[Mapping[str, str]]
    """What this database calls the types in `schema.TABLES`."""
    driver_error: ClassVar[type[Exception]]
    """The root of what the driver raises."""

    def __init__(self, connection: Any) -> None:
        """Use a connection of the driver; it is closed with the session."""
        self.connection = connection

    @abstractmethod
    def run(self, statement: str, **values: Any) -> list[DatabaseRow]:
        """Run a statement with values for its names; returns the rows that it found."""

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that writes, once for each row of values."""
        for row in rows:
            self.run(statement, **row)

    def read(self, statement: str, **values: Any) -> list[DatabaseRow]:
        """Run a statement outside a transaction.

        Raises:
            StoreFailure: The database did not answer.
        """
        try:
            return self.run(statement, **values)
        except self.driver_error as error:
            raise self.failure(error, "read") from None

    def stream(self, statement: str, **values: Any) -> Iterator[DatabaseRow]:
        """Run a statement that reads, outside a transaction; its rows one by one, of which few are held at once.

        Raises:
            StoreFailure: The database did not answer.
        """
        try:
            yield from self.rows_of(statement, **values)
        except self.driver_error as error:
            raise self.failure(error, "read") from None

    @abstractmethod
    def rows_of(self, statement: str, **values: Any) -> Iterator[DatabaseRow]:
        """Run a statement that reads; its rows one by one, as they are fetched."""

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction."""

    def commit(self) -> None:
        """Make everything since `begin` durable."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo everything since `begin`, if there is anything."""
        if self.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do what is within it whole, or not at all."""
        try:
            self.begin()
            yield
            self.commit()
        finally:
            self.rollback()

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    @abstractmethod
    def wait_for_turn(self) -> None:
        """Keep every other process from doing the same until this transaction ends."""

    def may_try_again(self, error: Exception) -> bool:
        """Whether the same transaction can succeed at once where it has just failed."""
        return False

    def failure(self, error: Exception, doing: str = "write") -> StoreFailure:
        """What is told of an error of the driver's, and of what met it."""
        return StoreFailure(f"The store refused to {doing}: {_line(error)}. What was committed before is kept.")

    def close(self) -> None:
        """Let go of the database."""
        self.connection.close()


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
