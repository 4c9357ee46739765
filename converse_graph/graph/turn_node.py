"""A node of a graph, which answers those who await and those who do not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import var_child_runnable_config
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel._read import PregelNode
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


def leave_out_callbacks(graph: CompiledStateGraph[Any, Any, Any, Any]) -> None:
    """Have the nodes of a compiled graph run with no callback manager between LangGraph and them.

    LangGraph makes one for each node that it runs, and a task, so that handlers hear of the node's beginning and end;
    with no handler that is a thirtieth of what a turn costs.

    Args:
        graph: One that is run where nobody is told of its nodes.
    """
    for name, node in graph.nodes.items():
        if isinstance(node.bound, TurnNode):
            attributes = {key: value for key, value in vars(node).items() if key not in _CACHED}
            graph.nodes[name] = _UntoldNode(**attributes)


_CACHED = ("node", "flat_writers", "input_cache_key")
"""What LangGraph works out of a node and keeps beside its attributes."""


class _UntoldNode(PregelNode):
    """What LangGraph keeps of a node, with one thing to run instead of a sequence that has callbacks."""

    @cached_property
    def node(self) -> Runnable[Any, Any]:
        """The turn, and the writes that follow from it."""
        return _TurnAndWrites(self.bound, self.flat_writers)


class _TurnAndWrites(RunnableLambda[Any, Any]):
    """A turn whose writes LangGraph is handed as soon as it is over."""

    def __init__(self, turn: Runnable[Any, Any], writers: Sequence[Runnable[Any, Any]]) -> None:
        """Run a node, and then what takes from its output what goes to which channel."""
        super().__init__(turn.ainvoke)
        self._turn, self._writers = turn, writers

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Take the turn, and write."""
        token = var_child_runnable_config.set(config)
        try:
            output = await self._turn.ainvoke(input, config)
        finally:
            var_child_runnable_config.reset(token)
        for writer in self._writers:
            output = writer.invoke(output, config)
        return output
