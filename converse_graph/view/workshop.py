"""A process for drawing and statistics: in the one that serves, pages and runs would stand still for seconds."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from converse_graph.errors import ConverseError

T = TypeVar("T")


def _end_with_parent() -> None:
    """End at once where the process that serves is killed: nobody else would ever end this one."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


class Workshop:
    """One process, begun when there is something to do, that works through what it is given."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._process: ProcessPoolExecutor | None = None

    async def do(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call a function there; it and what it is given must be such as can be pickled.

        Raises:
            ConverseError: The process ended before it was done; the next call begins another.
        """
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._process = ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._process, work, *arguments)
        except BrokenProcessPool:
            self.close()
            raise ConverseError("What draws charts ended before it was done; load the page again.") from None

    def close(self) -> None:
        """Let go of the process."""
        if self._process is not None:
            self._process.shutdown(wait=False, cancel_futures=True)
            self._process = None
