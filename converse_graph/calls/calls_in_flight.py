"""Calls on their way to a model and back: what is asked for is paid for, so it is waited for and kept."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class CallsInFlight:
    """The calls of a run that are under way.

    LangGraph cancels a node when its neighbour in the same step fails, or pauses. The call that the node had made goes
    on all the same, and its reply is kept, so that the resumed node finds it.
    """

    def __init__(self) -> None:
        """None is under way."""
        self._tasks: set[asyncio.Task[Any]] = set()

    async def shield(self, call: Coroutine[Any, Any, T]) -> T:
        """Make a call that goes on when whoever waits for it is cancelled."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def wait_all(self) -> None:
        """Wait until none is under way; how each ended is between it and the journal."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cancel_all(self) -> None:
        """Break off whatever is under way: somebody wants to stop at once."""
        for task in self._tasks:
            task.cancel()
        await self.wait_all()
