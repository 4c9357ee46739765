"""One turn of a guest in this process: a graph on a thread of its own, which may stop to ask a person."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from langchain_core.runnables import Runnable
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp
from langgraph.func import entrypoint
from langgraph.pregel import Pregel
from langgraph.types import Command

from converse_graph.errors import CallFailed, ConverseError

T = TypeVar("T")
_INTERRUPTS, _RESUME = "__interrupt__", "__resume__"


class GuestThread:
    """A guest's graph in one turn.

    A graph that has a checkpointer of its own keeps it. Another runs on one in memory, which holds its values as they
    are; once it stops to ask somebody, what it has is put into the store, so that it goes on from there after a
    restart. What the store cannot hold begins again from the graph's start.
    """

    def __init__(self, graph: Runnable[Any, Any], *, thread: str, store: BaseCheckpointSaver[Any] | None) -> None:
        """Take up the thread of that name.

        Args:
            graph: What runs.
            thread: A name that no other turn has.
            store: Where a graph that waits is put; None for nowhere.
        """
        pregel = graph if isinstance(graph, Pregel) else _as_graph(graph)
        self._graph: Any = pregel
        self._own = pregel.checkpointer if isinstance(pregel.checkpointer, BaseCheckpointSaver) else None
        self._thread, self._store = thread, store
        self._memory = InMemorySaver(serde=_ByReference())
        self._memory.get_next_version = _next_version  # type: ignore[method-assign, assignment]

    async def play(
        self, view: Any, config: Mapping[str, Any], inputs: Mapping[str, Any], ask: Callable[[Any], Any]
    ) -> Any:
        """Run the graph to its end, from its start or from where it stopped.

        Args:
            view: Its input.
            config: Its configuration; the thread is put in.
            inputs: Further arguments of `ainvoke`.
            ask: Gives the answer to what the graph asks; it raises where there is none.

        Returns:
            The graph's output.

        Raises:
            CallFailed: The graph failed, however it did.
        """
        where: Any = {**config, "configurable": {**config.get("configurable", {}), "thread_id": self._thread}}
        saver = await self._saver(where)
        graph = self._graph.copy(update={"checkpointer": saver})
        result = await self._contained(self._begin(graph, where, view, inputs, fresh=saver is self._memory))
        while questions := _questions(result):
            if saver is self._memory and self._store is not None and await self._put_into_store(where):
                saver = self._store
                graph = self._graph.copy(update={"checkpointer": saver})
            answer: Command[Any] = Command(resume={questions[0].id: ask(questions[0].value)})
            result = await self._contained(graph.ainvoke(answer, where, **inputs))
        if saver is self._store and self._store is not None:
            await self._store.adelete_thread(self._thread)
        return result

    async def _saver(self, where: Any) -> BaseCheckpointSaver[Any]:
        if self._own is not None:
            return self._own
        if self._store is not None and await self._store.aget_tuple(where) is not None:
            return self._store
        return self._memory

    async def _begin(self, graph: Any, where: Any, view: Any, inputs: Mapping[str, Any], *, fresh: bool) -> Any:
        state = None if fresh else await graph.aget_state(where)
        if state is None or state.created_at is None:
            return await graph.ainvoke(view, where, **inputs)
        if not state.next:
            return _output(graph, state.values)
        if state.interrupts and not await self._is_answered(graph, where):
            return {_INTERRUPTS: state.interrupts}
        return await graph.ainvoke(None, where, **inputs)

    async def _is_answered(self, graph: Any, where: Any) -> bool:
        """Whether somebody has answered before, so that it may be that nobody is asked any more."""
        latest: CheckpointTuple | None = await graph.checkpointer.aget_tuple(where)
        return latest is not None and any(channel == _RESUME for _, channel, _ in latest.pending_writes or ())

    async def _put_into_store(self, where: Any) -> bool:
        """Put what the graph has into the store; returns whether it can be read from there as it was."""
        assert self._store is not None  # noqa: S101 - for the type alone
        checkpoints = [entry async for entry in self._memory.alist({"configurable": {"thread_id": self._thread}})]
        try:
            for entry in checkpoints:
                for value in entry.checkpoint["channel_values"].values():
                    if self._store.serde.loads_typed(self._store.serde.dumps_typed(value)) != value:
                        return False
            for entry in reversed(checkpoints):
                before: Any = entry.parent_config or {
                    "configurable": {**entry.config["configurable"], "checkpoint_id": None}
                }
                await self._store.aput(before, entry.checkpoint, entry.metadata, {})
                await self._put_writes(entry)
        except (TypeError, ValueError):
            return False
        return True

    async def _put_writes(self, entry: CheckpointTuple) -> None:
        assert self._store is not None  # noqa: S101 - for the type alone
        by_task: dict[str, list[tuple[str, Any]]] = {}
        for task, channel, value in entry.pending_writes or ():
            by_task.setdefault(task, []).append((channel, value))
        for task, writes in by_task.items():
            await self._store.aput_writes(entry.config, writes, task)

    async def _contained(self, running: Coroutine[Any, Any, T]) -> T:
        """Run a part of the graph as if by itself, so that whatever it raises is one error of ours.

        Raises:
            CallFailed: It raised anything.
        """
        alone = contextvars.copy_context()
        alone.run(var_child_runnable_config.set, None)
        alone.run(_IS_GUEST.set, True)
        _contain_exits(asyncio.get_running_loop())
        task = asyncio.create_task(running, context=alone)
        try:
            return await task
        except ConverseError:
            raise
        except asyncio.CancelledError as error:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise _failure(error) from error
        except (Exception, _GuestExit) as error:
            raise _failure(error) from error


def _failure(error: BaseException) -> CallFailed:
    """Say what kind of failure it was and where; never its message, which may quote what is private."""
    cause = error.__cause__ if isinstance(error, _GuestExit) and error.__cause__ else error
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if "site-packages" not in frame.filename]
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    if isinstance(cause, GraphBubbleUp):
        return CallFailed(f"it addresses a graph above it by {type(cause).__name__}, and it sits in none")
    return CallFailed(f"{type(cause).__name__}{where}")


def _questions(result: Any) -> list[Any]:
    return list(result.get(_INTERRUPTS, ())) if isinstance(result, Mapping) else []


def _output(graph: Any, values: Any) -> Any:
    """The part of a state that a graph gives as its output."""
    names = graph.output_channels
    if isinstance(names, str) or not isinstance(values, Mapping):
        return values
    return {name: value for name, value in values.items() if name in names}


def _as_graph(runnable: Runnable[Any, Any]) -> Pregel[Any, Any, Any, Any]:
    """A graph of one step, so that a function may interrupt itself too."""

    async def take_turn(view: Any) -> Any:
        return await runnable.ainvoke(view, get_config())

    return entrypoint()(take_turn)


def _next_version(current: int | None, _: None = None) -> int:
    """As our store counts, for what begins in memory may go on there."""
    return (current or 0) + 1


class _ByReference:
    """A serializer that serializes nothing: what a graph holds in memory may be anything, as without a checkpointer."""

    def dumps_typed(self, value: Any) -> tuple[str, Any]:
        """Give the value itself."""
        return "reference", value

    def loads_typed(self, data: tuple[str, Any]) -> Any:
        """Give the value itself."""
        return data[1]


_IS_GUEST: contextvars.ContextVar[bool] = contextvars.ContextVar("is_guest", default=False)


class _GuestExit(BaseException):
    """A guest raised `KeyboardInterrupt` or `SystemExit`, which asyncio would stop the whole event loop for.

    No `Exception`, so that a guest's own retries and fallbacks do not take it for one.
    """


def _contain_exits(loop: asyncio.AbstractEventLoop) -> None:
    """Have the loop make tasks of guests so that an exit which one raises ends that task alone."""
    inner = loop.get_task_factory()
    if getattr(inner, "contains_guests", False):
        return

    def make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> Any:
        context = more.get("context")
        is_guest = context.get(_IS_GUEST) if context is not None else _IS_GUEST.get()
        running = _without_exit(coroutine) if is_guest else coroutine
        task = asyncio.Task(running, loop=loop, **more) if inner is None else inner(loop, running, **more)
        if is_guest and asyncio.iscoroutine(coroutine):
            task.add_done_callback(lambda _: coroutine.close())  # one that is cancelled before it begins is never run
        return task

    make_task.contains_guests = True  # type: ignore[attr-defined]
    loop.set_task_factory(make_task)


async def _without_exit(coroutine: Awaitable[T]) -> T:
    try:
        return await coroutine
    except (KeyboardInterrupt, SystemExit) as error:
        raise _GuestExit from error
