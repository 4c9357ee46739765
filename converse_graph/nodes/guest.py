"""A speaker that is somebody's own graph: it takes a view, returns what it says, and is journalled as one reply."""

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableLambda

from converse_graph.chat.port import Part, Profile, Reply, Request
from converse_graph.errors import InvalidValue


class Guest:
    """A runnable behind the port to models. Only what it says is taken from its result, so it can echo nothing."""

    profile: Profile = "large"
    window: int | None = None

    def __init__(self, graph: Any, prose: str) -> None:
        """Wrap a runnable or a function.

        Args:
            graph: It is given the view as a dict.
            prose: The name of the field that its words go to, where it returns words alone.
        """
        self._runnable = as_runnable(graph)
        self._prose = prose

    @property
    def model(self) -> str:
        """How the record names it."""
        return f"graph:{self._runnable.get_name()}"

    async def complete(self, request: Request) -> Reply:
        """Hand over the view, which is the request's only part, and take what the graph says."""
        result = await self._runnable.ainvoke(json.loads(request.parts[0].text))
        said = self._statement_in(result)
        wanted = [name for name in request.schema["properties"] if name in said or _may_lack(request, name)]
        filled = {name: said.get(name) for name in wanted}
        return Reply(text=json.dumps(filled, ensure_ascii=False, default=str), model=self.model)

    async def close(self) -> None:
        """Nothing of ours to let go of."""

    def _statement_in(self, result: Any) -> dict[str, Any]:
        if isinstance(result, str):
            return {self._prose: result}
        if isinstance(result, BaseMessage):
            return {self._prose: str(result.text)}
        if not isinstance(result, Mapping):
            return {}
        if isinstance(spoken := result.get("transcript"), list) and spoken:
            return {self._prose: spoken[-1]["text"]}
        if isinstance(messages := result.get("messages"), list) and messages:
            return self._statement_in(messages[-1])
        text = result.get("text", result.get(self._prose))
        claimed = {name: result[name] for name in ("speaker", "round", "position", "memo") if name in result}
        return {**dict(result.get("fields") or {}), **claimed, self._prose: text}


def as_runnable(graph: Any) -> Runnable[Any, Any]:
    """Make a runnable of a graph or a function.

    Raises:
        InvalidValue: It is neither.
    """
    if isinstance(graph, Runnable):
        return graph
    if callable(graph):
        return RunnableLambda(graph)
    raise InvalidValue(f"{graph!r} cannot sit at the table; give a runnable, a compiled graph or a function.")


def view_part(view: Mapping[str, Any], *, owner: str) -> Part:
    """The one part of a guest's request: all it may know, as JSON."""
    return Part(role="user", text=json.dumps(view, ensure_ascii=False), source="view", owner=owner)


def _may_lack(request: Request, name: str) -> bool:
    allowed = request.schema["properties"][name].get("anyOf", ())
    return any(option.get("type") == "null" for option in allowed)
