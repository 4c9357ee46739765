"""An event loop in a thread of its own, on which callers that cannot await have coroutines run."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from converse_graph.errors import UsageError

P = ParamSpec("P")
T = TypeVar("T")

SECONDS_TO_END = 5.0
"""How long the interpreter waits, as it ends, for coroutines that are cancelled then."""

SYNCHRONOUS: contextvars.ContextVar[bool] = contextvars.ContextVar("synchronous", default=False)
"""Whether the innermost node in motion was called by `invoke` or `stream`: what it calls is then called so too, for a
checkpointer that serves such callers may serve no others."""


class _LoopThread:
    """One loop for the whole process: a model's connections belong to the loop that they were opened on."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._is_closing = False
        self.thread = threading.Thread(target=self._serve, name="converse-graph event loop", daemon=True)
        self.thread.start()
        atexit.register(self._close)

    def _serve(self) -> None:
        while not self._is_closing:
            try:
                self.loop.run_forever()
            except BaseException:  # noqa: S112 - whoever waits for the task is told; a loop that stops tells nobody
                continue

    def _close(self) -> None:
        if self.thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self.loop)
            self.thread.join(SECONDS_TO_END)
        if not self.loop.is_running():
            self.loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._is_closing = True
        self.loop.stop()


_lock = threading.Lock()
_threads: list[_LoopThread] = []


def _loop_thread() -> _LoopThread:
    with _lock:
        if not _threads or not _threads[0].thread.is_alive():  # threads do not survive a fork of the process
            _threads[:] = [_LoopThread()]
        return _threads[0]


def submit(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the loop, in a copy of the caller's context.

    Args:
        coroutine: What is run.

    Returns:
        Its future, to wait for in a thread.

    Raises:
        UsageError: The caller itself runs on that loop, which would wait for itself.
    """
    serving = _loop_thread()
    if threading.current_thread() is serving.thread:
        coroutine.close()
        raise UsageError("A graph was called synchronously inside an async function; await its `ainvoke` there.")
    return asyncio.run_coroutine_threadsafe(coroutine, serving.loop)


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, and wait for it; also where the caller's own event loop is running.

    Args:
        coroutine: What is run; cancelled where the wait is interrupted.

    Raises:
        UsageError: The caller itself runs on that loop, which would wait for itself.
    """
    future = submit(coroutine)
    try:
        return future.result()
    finally:
        future.cancel()


async def in_new_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that blocks, in a thread of its own and a copy of the caller's context.

    Not in a pool of threads: calls that lie inside one another would wait for room in it for ever.

    Args:
        function: What is called.
        args: Its arguments.
        kwargs: Its arguments by name.
    """
    future: Future[T] = Future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            future.set_result(context.run(function, *args, **kwargs))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(future)
