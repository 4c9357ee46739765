"""Persons at their seats: who sits where by which link, and who plays the run on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from converse_graph.errors import NotFound
from converse_graph.record.transcript import Header
from converse_graph.view.records import Reader, StoredRun
from converse_graph.view.seat_keys import SeatKeys
from converse_graph.view.table import Table


class Host(Protocol):
    """Whoever plays runs on."""

    def table(self, run: StoredRun) -> Table | None:
        """The table of a run; None where nobody plays it here."""


@dataclass(frozen=True, kw_only=True)
class Seats:
    """The seats of a store's runs."""

    reader: Reader
    keys: SeatKeys
    host: Host

    async def sit(self, name: str, key: str) -> tuple[StoredRun, str, Table | None]:
        """Sit down where a link leads.

        Returns:
            The run, the seat, and the table.

        Raises:
            NotFound: The link opens no seat; there may be no such run.
        """
        with suppress(NotFound):
            view = await self.reader.run(name)
            seat = self.keys.seat(view.header, key)
            if seat is not None:
                return view, seat, self.host.table(view)
        raise NotFound("This link opens no seat. Ask for it again where you have it from: it has to be whole.")

    def paths(self, header: Header) -> dict[str, str]:
        """Where the page of each seat of a run is, by who is played."""
        return {seat: self.keys.path(header, seat) for seat in header.humans}


@dataclass(frozen=True, kw_only=True)
class OneTable:
    """A run that the command around it plays, and no other."""

    name: str
    at: Table

    def table(self, run: StoredRun) -> Table | None:
        """The table of that run."""
        return self.at if run.run.name == self.name else None
