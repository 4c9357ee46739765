"""Plays runs on whose persons sit down, and waits for their answers, however long that takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converse_graph.calls.budget import Budget
from converse_graph.errors import (
    AnswerNeeded,
    BudgetExceeded,
    ConverseError,
    RunLocked,
    RunPaused,
    StoreFailure,
    StoreUnreachable,
)
from converse_graph.runs.simulation import EventHandler, Simulation
from converse_graph.view.live import LiveRuns
from converse_graph.view.player import EndRun, Player
from converse_graph.view.records import StoredRun
from converse_graph.view.table import Table

RETRY = 60.0
"""Seconds after which a run that stood still is tried again, where somebody sits at its table."""
LOCKED = 1.0
"""Seconds between two looks at a run that another process is playing, or at a server that is away."""
PATIENCE = 20
"""Seconds that runs are given to stop when the pages end."""


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

    player: Player
    deadline: float | None = None
    budget: Budget | None = None
    """What each run may spend, in all; None for no bound."""
    warn: Callable[[str], None]
    """Is told why a run stands still: whoever sits at it is not, for it may name servers and sums."""
    _plays: dict[str, _Play] = field(default_factory=dict)
    _last_words: dict[str, str] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        where: Path | str,
        live: LiveRuns,
        *,
        deadline: float | None = None,
        budget: Budget | None = None,
        warn: Callable[[str], None],
        end: EndRun | None = None,
    ) -> AsyncIterator[PlayingHost]:
        """Open a store to play its runs; those that are on are paused at the end.

        Args:
            where: The store.
            live: Who is told of what goes on.
            deadline: Seconds for each turn of a person, after which it is passed to the model; None for ever.
            budget: What each run may spend, in all; None for no bound.
            warn: Is told why a run stands still.
            end: Does what is left to do once a run is over or stands still; None for nothing.

        Raises:
            ConverseError: It cannot be opened.
        """
        async with Player.open(where, live, end=end) as player:
            host = cls(player=player, deadline=deadline, budget=budget, warn=warn)
            try:
                yield host
            finally:
                await host.close()

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
        may_go_on = False
        try:
            simulation = await self._play_over_outages(name, table)
            table.close()  # nobody at it waits for what is left to do
            await self.player.end(simulation)
        except Exception as error:  # whoever serves it is told; the other tables go on
            may_go_on = isinstance(error, RunPaused | StoreFailure) and not isinstance(error, BudgetExceeded)
            words = str(error) if isinstance(error, ConverseError) else f"{type(error).__name__}: {error}"
            self._tell(name, f"Run {name} stands still: {words}")
        finally:
            table.close()
            self._plays[name].ended = asyncio.get_running_loop().time()
            self._plays[name].may_go_on = may_go_on

    async def _play_over_outages(self, name: str, table: Table) -> Simulation:
        """Play a run; where the store's server goes away, wait for it with the answers that nobody has taken yet."""
        answers: tuple[Any, ...] = ()
        while True:
            try:
                simulation = await Simulation.reopen(await self.player.store(), name)
            except StoreUnreachable as error:
                self._tell(name, f"Run {name} waits for its store: {error}")
                await asyncio.sleep(LOCKED)
                continue
            simulation.answers = answers
            try:
                with self.player.telling(name) as watch:
                    await play_at(table, simulation, watch, budget=self.budget)
                return simulation
            except StoreUnreachable as error:
                answers = simulation.answers
                await simulation.close()
                self._tell(name, f"Run {name} waits for its store: {error}")
            except BaseException:
                table.close()
                await self.player.end(simulation)
                raise

    def _tell(self, name: str, words: str) -> None:
        """Say why a run stands still, once: it is tried again and again."""
        if self._last_words.get(name) != words:
            self._last_words[name] = words
            self.warn(words)

    async def close(self) -> None:
        """Stop waiting for answers, and stop at once what is on: whatever was completed is kept."""
        tasks = [play.task for play in self._plays.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE)


async def play_at(
    table: Table, simulation: Simulation, watch: EventHandler | None = None, *, budget: Budget | None = None
) -> None:
    """Play a run to its end or to a pause, and have its persons answer at a table what is asked meanwhile.

    Args:
        table: Where they sit.
        simulation: The run.
        watch: Is told of each event.
        budget: What it may spend; it pauses there.

    Raises:
        AnswerNeeded: Somebody is asked who has no seat.
        RunPaused: A model's server cannot be reached or refuses.
        ConverseError: The run failed.
    """
    while True:
        try:
            await simulation.play(watch, private_watch=watch, budget=budget)
            return
        except RunLocked:  # another process plays it, and may be done soon
            await asyncio.sleep(LOCKED)
        except AnswerNeeded as reason:
            table.show(reason)
            answers = await table.answers(reason)
            if answers is None:
                raise
            simulation.answers = answers
