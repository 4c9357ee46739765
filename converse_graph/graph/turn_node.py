"""A node of a graph, which answers those who await and those who do not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langgraph.runtime import Runtime, get_runtime

from converse_graph.calls.run_context import RunContext
from converse_graph.calls.trace_privacy import WATCHED
from converse_graph.event_loop import SYNCHRONOUS, run_blocking

Turn = Callable[..., Awaitable[Any]]
"""What a node does: it takes the state that its schema lets it see, and the runtime, and returns its writes."""


class TurnNode(RunnableLambda[Any, Any]):
    """A node. Of itself it tells no callback handler anything: what it takes and returns may be private."""

    def __init__(
        self, turn: Turn, *, name: str, debate: Runnable[Any, Any] | None = None, watched: bool = False
    ) -> None:
        """Make one.

        Args:
            turn: What it does.
            name: How it is called in its graph.
            debate: The compiled debate that is held in it.
            watched: Whether whoever plays the graph is told of all that goes on in the node.
        """
        super().__init__(turn, name=name)
        self._turn, self._debate, self._watched = turn, debate, watched

    @property
    def deps(self) -> Sequence[Runnable[Any, Any]]:  # type: ignore[override]  # there it is cached
        """The subgraph inside, where LangGraph looks for it; so it reads no source."""
        return [self._debate] if self._debate is not None else []

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Take the turn, and wait for it."""
        return run_blocking(self._take_synchronously(input, get_runtime(RunContext)))

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Take the turn."""
        SYNCHRONOUS.set(False)
        WATCHED.set(WATCHED.get() or self._watched)
        return await self._turn(input, get_runtime(RunContext))

    async def _take_synchronously(self, input: Any, runtime: Runtime[RunContext]) -> Any:
        SYNCHRONOUS.set(True)
        WATCHED.set(WATCHED.get() or self._watched)
        return await self._turn(input, runtime)
