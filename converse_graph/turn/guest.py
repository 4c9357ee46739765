"""A speaker that is somebody's own graph: it takes a view, returns what it says, and is journalled as one reply."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.config import get_config
from langgraph.graph import StateGraph
from langgraph.pregel.remote import RemoteGraph
from langgraph.runtime import get_runtime

from converse_graph.calls.answers import OpenQuestion
from converse_graph.calls.person import ask_person
from converse_graph.calls.run_context import RunContext, current_context
from converse_graph.errors import CallFailed, InvalidValue
from converse_graph.models.base import Message, PromptProfile, Request, Response
from converse_graph.record.call_paths import VIEW
from converse_graph.scenarios.runtime_config import GraphSettings
from converse_graph.turn.guest_thread import GuestThread
from converse_graph.turn.guest_values import plain_value
from converse_graph.turn.remote_guest import ask_remote

_BESIDE_FIELDS = ("speaker", "round", "position", "new_fact", "memo")
"""What a guest may return beside its words, rather than among its fields."""


class Guest:
    """A runnable behind the port to models. Only what it says is taken from its result, so it can echo nothing."""

    profile: PromptProfile = "large"
    window: int | None = None

    def __init__(self, graph: Any, prose: str) -> None:
        """Wrap a runnable or a function.

        Args:
            graph: It is given the view as a dict.
            prose: The name of the field that its words go to, where it returns words alone.
        """
        self._runnable = as_runnable(graph)
        self._prose = prose
        self._for_other_prose: dict[str, Guest] = {}

    def saying(self, prose: str) -> Guest:
        """Return the same guest with its words going to another field; one object for each, as a model is.

        Args:
            prose: The name of the field.
        """
        if prose == self._prose:
            return self
        return self._for_other_prose.setdefault(prose, Guest(self._runnable, prose))

    @property
    def model(self) -> str:
        """How the record names it."""
        return f"graph:{self._runnable.get_name()}"

    async def complete(self, request: Request) -> Response:
        """Hand over the view, which is the request's only part, and take what the graph says.

        Raises:
            ProviderUnreachable: The graph is on another server, which did not answer to the end.
            ProviderRefused: The graph is on another server, and was refused or failed there.
        """
        asking = await current_context(get_runtime(RunContext))
        if isinstance(self._runnable, RemoteGraph):
            result = await ask_remote(self._runnable, request, run=asking.run)
        else:
            result = await self._apart(asking, request)
        values = self._statement_in(result)
        names = [name for name in request.schema["properties"] if name in values or _may_lack(request, name)]
        fields = {name: plain_value(values.get(name)) for name in names}
        if fields.get(self._prose) is None:
            fields[self._prose] = ""  # so that the record says what is wanting
        return Response(text=json.dumps(fields, ensure_ascii=False), model=self.model)

    async def close(self) -> None:
        """Nothing of ours to let go of."""

    async def _apart(self, asking: RunContext, request: Request) -> Any:
        """Run the graph as if by itself: what it streams, checkpoints and journals is no part of our run.

        A scenario's graph is given our models and prompts; any other makes do with its own. Each turn is a thread of
        its own.

        Raises:
            CallFailed: The graph failed.
        """
        ambient = get_config()
        settings = {name: value for name, value in ambient.get("configurable", {}).items() if not _is_ours(name)}
        inputs: dict[str, Any] = {}
        if getattr(self._runnable, "context_schema", None) is GraphSettings:
            inputs["context"] = RunContext(models=asking.models, prompts=asking.prompts, seed=_seed(request))
        run = asking.run or ambient.get("configurable", {}).get("thread_id") or uuid4().hex
        digest = hashlib.blake2b(request.messages[0].text.encode(), digest_size=8).hexdigest()
        thread = GuestThread(self._runnable, thread=f"{run}/{request.place}/{digest}", store=asking.guest_saver)
        speaker = request.messages[0].owner

        def ask(question: Any) -> Any:
            return ask_person(asking.answers, OpenQuestion(speaker=speaker, place=request.place, question=question))

        config = {"callbacks": ambient.get("callbacks"), "configurable": settings}
        try:
            return await thread.play(json.loads(request.messages[0].text), config, inputs, ask)
        except CallFailed as error:
            why = f"The graph of {speaker} failed at {request.place}: {error}; --debug shows the traceback."
            raise CallFailed(why) from error.__cause__

    def _statement_in(self, result: Any) -> dict[str, Any]:
        if isinstance(result, str):
            return {self._prose: result}
        if isinstance(result, BaseMessage):
            return {self._prose: str(result.text)}
        if not isinstance(result, Mapping):
            return {}
        if isinstance(last_messages := result.get("transcript"), list) and last_messages:
            texts = [message.get("text") for message in last_messages if isinstance(message, Mapping)]
            return {self._prose: next((text for text in reversed(texts) if text), None)}
        if isinstance(messages := result.get("messages"), list) and messages:
            return self._statement_in(_as_message(messages[-1]))
        text = result.get("text", result.get(self._prose))
        beside = {name: result[name] for name in _BESIDE_FIELDS if name in result}
        fields = result.get("fields")
        return {**(fields if isinstance(fields, Mapping) else {}), **beside, self._prose: text}


def as_runnable(graph: Any) -> Runnable[Any, Any]:
    """Make a runnable of a graph or a function.

    Raises:
        InvalidValue: It is neither.
    """
    if isinstance(graph, Runnable):
        return graph
    if callable(graph):
        return RunnableLambda(graph)
    if isinstance(graph, StateGraph):
        raise InvalidValue("A StateGraph is not compiled yet; give what its compile() returns.")
    raise InvalidValue(f"{graph!r} cannot sit at the table; give a runnable, a compiled graph or a function.")


def _as_message(value: Any) -> Any:
    """A message that has come as JSON, from another server, as one again."""
    return convert_to_messages([dict(value)])[0] if isinstance(value, Mapping) and "content" in value else value


def view_part(view: Mapping[str, Any], *, owner: str) -> Message:
    """The one part of a guest's request: all it may know, as JSON."""
    return Message(role="user", text=json.dumps(view, ensure_ascii=False), source=str(VIEW), owner=owner)


def _seed(request: Request) -> int:
    """A seed for what a guest plays in one turn: the same again only in the same turn of the same run."""
    return int.from_bytes(hashlib.blake2b(f"{request.seed}|{request.place}".encode(), digest_size=6).digest())


def _is_ours(setting: str) -> bool:
    return setting.startswith("__") or setting in ("thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map")


def _may_lack(request: Request, name: str) -> bool:
    kinds = request.schema["properties"][name].get("anyOf", ())
    return any(option.get("type") == "null" for option in kinds)
