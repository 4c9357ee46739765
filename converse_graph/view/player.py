"""Plays runs for pages that are served for days: on a store that is opened anew once its server is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from converse_graph.errors import StoreFailure, StoreUnreachable
from converse_graph.runs.simulation import EventHandler, Simulation
from converse_graph.store import Store
from converse_graph.view.live import LiveRuns

EndRun = Callable[[Simulation], Awaitable[None]]
"""Does what the command line does at the end of a run: has it judged if it has finished, and writes its transcript."""


class Player:
    """Plays runs of a store, whoever asks for it: forms of their pages, or persons at their seats."""

    def __init__(self, store: Store, live: LiveRuns, *, end: EndRun | None, opened: AsyncExitStack) -> None:
        """Play runs of an open store.

        Args:
            store: The store.
            live: Who is told of what goes on.
            end: Does what is left to do once a run that was played is over or stands still; None for nothing.
            opened: Closes the store, and those that are opened in its place.
        """
        self._store, self._live, self._end, self._opened = store, live, end, opened
        self._opening = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, where: Path | str, live: LiveRuns, *, end: EndRun | None = None) -> AsyncIterator[Player]:
        """Open a store to play its runs.

        Args:
            where: The store.
            live: Who is told of what goes on.
            end: Does what is left to do once a run that was played is over or stands still; None for nothing.

        Raises:
            ConverseError: It cannot be opened.
        """
        async with AsyncExitStack() as opened:
            yield cls(await opened.enter_async_context(Store.open(where)), live, end=end, opened=opened)

    async def store(self) -> Store:
        """The store, opened anew where its server was away since; runs that are on keep the one that they have.

        Raises:
            StoreUnreachable: Its server is away.
            StoreFailure: Its file is gone.
        """
        async with self._opening:
            self._store.require_file()
            try:
                self._store.check_connections()
            except StoreUnreachable:
                try:
                    self._store = await self._opened.enter_async_context(Store.open(self._store.where))
                except StoreFailure as error:
                    raise StoreUnreachable(str(error)) from None
            return self._store

    @contextmanager
    def telling(self, name: str) -> Iterator[EventHandler]:
        """Tell those who look at a run of its events, which the block hands over, while the block plays it."""
        live = self._live.of(name)
        live.is_played_here = True
        try:
            yield live.watch
        finally:
            live.is_played_here = False

    async def end(self, simulation: Simulation) -> None:
        """Do what is left to do for a run that nobody plays any more, and let go of its models."""
        try:
            if self._end is not None:
                await self._end(simulation)
        finally:
            await simulation.close()
