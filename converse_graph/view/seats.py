"""Persons at their seats: who sits where by which link, the table of each run, and the playing on when answers come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from converse_graph.errors import AnswerNeeded, ConverseError, NotFound, RunLocked, RunPaused
from converse_graph.record.transcript import Header
from converse_graph.runs.simulation import Simulation
from converse_graph.store import Store
from converse_graph.view.live import LiveRuns
from converse_graph.view.records import Reader, StoredRun
from converse_graph.view.seat_keys import SeatKeys
from converse_graph.view.table import Table

RETRY = 60.0
"""Seconds after which a run that stood still is tried again, where somebody sits at its table."""
LOCKED = 1.0
"""Seconds between two looks at a run that another process is playing."""
PATIENCE = 20
"""Seconds that runs are given to pause when the pages end."""


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


@dataclass(kw_only=True)
class _Play:
    table: Table
    task: asyncio.Task[None]
    ended: float | None = None
    """When it stood still, by the loop's clock; None while it is on."""
    may_go_on: bool = True
    """Whether trying again can help."""


@dataclass(kw_only=True)
class PlayingHost:
    """Plays any run on at whose table somebody sits down."""

    store: Store
    live: LiveRuns
    deadline: float | None = None
    warn: Callable[[str], None]
    """Is told why a run stands still: whoever sits at it is not, for it may name servers and sums."""
    _plays: dict[str, _Play] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, where: Path | str, live: LiveRuns, *, deadline: float | None, warn: Callable[[str], None]
    ) -> AsyncIterator[PlayingHost]:
        """Open a store to play its runs; those that are on are paused at the end.

        Args:
            where: The store.
            live: Who is told of what goes on.
            deadline: Seconds for each turn of a person, after which it is passed to the model; None for ever.
            warn: Is told why a run stands still.

        Raises:
            ConverseError: It cannot be opened.
        """
        async with Store.open(where) as store:
            made = cls(store=store, live=live, deadline=deadline, warn=warn)
            try:
                yield made
            finally:
                await made._close()

    def table(self, run: StoredRun) -> Table | None:
        """The table of a run, which is played on from now if it is not over."""
        name, now = run.run.name, asyncio.get_running_loop().time()
        play = self._plays.get(name)
        if play is not None and (play.ended is None or not play.may_go_on or now - play.ended < RETRY):
            return play.table
        if run.status == "finished":
            return play.table if play is not None else None
        table = Table(run.header.humans, deadline=self.deadline)
        self._plays[name] = _Play(table=table, task=asyncio.create_task(self._play(name, table)))
        return table

    async def _play(self, name: str, table: Table) -> None:
        live = self.live.of(name)
        may_go_on = False
        try:
            simulation = await Simulation.reopen(self.store, name)
            live.is_played_here = True
            try:
                await self._play_answered(simulation, table, live.watch)
            finally:
                live.is_played_here = False
                await simulation.close()
        except RunPaused as reason:
            may_go_on = True
            self.warn(f"Run {name} stands still: {reason}")
        except Exception as error:  # whoever serves it is told; the other tables go on
            words = str(error) if isinstance(error, ConverseError) else f"{type(error).__name__}: {error}"
            self.warn(f"Run {name} stands still: {words}")
        finally:
            table.close()
            self._plays[name].ended = asyncio.get_running_loop().time()
            self._plays[name].may_go_on = may_go_on

    async def _play_answered(self, simulation: Simulation, table: Table, watch: Callable[[dict[str, object]], None]) -> None:
        while True:
            try:
                await simulation.play(watch)
                return
            except RunLocked:
                await asyncio.sleep(LOCKED)
            except AnswerNeeded as reason:
                table.show(reason)
                answers = await table.answers(reason)
                if answers is None:
                    raise
                simulation.answers = answers

    async def _close(self) -> None:
        """Stop waiting for answers, and stop at once what is on: whatever was completed is kept."""
        tasks = [play.task for play in self._plays.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE)
