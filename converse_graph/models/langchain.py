"""Any LangChain chat model object, at the chat port."""

import importlib
import json
import re
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from converse_graph.models.base import Profile, Reply, Request
from converse_graph.models.capabilities import call_seed
from converse_graph.models.json_mode import cut_object, schema_in_words
from converse_graph.models.langchain_settings import fields_by_setting, flat, with_fields
from converse_graph.models.langchain_wrappers import inmost, is_wrapper, rewrapped
from converse_graph.models.openai_compatible import finish_of
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.rate_limit import Limits, gate_of
from converse_graph.models.references import SEPARATOR, one_by_one
from converse_graph.models.retries import NotWhole, Origin, Retries, failure_of
from converse_graph.models.settings import LANGCHAIN
from converse_graph.models.tokens import tokens_in

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

_ANOTHER_LOOP = re.compile(r"event loop is closed|different (event )?loop", re.IGNORECASE)
_MOST_CONNECTIONS = 100
"""That a client keeps open; more of them cannot be dead."""

_ENDINGS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""Where providers say why a reply ended."""


def name_of(model: Any) -> str:
    """How a model object that nobody named is called: as it was made, or else after its class; of several, all."""
    if isinstance(model, str):
        return model
    if isinstance(model, list | tuple) or is_wrapper(model):
        return SEPARATOR.join(name_of(inmost(one)) for one in one_by_one(model))
    own = getattr(model, "model_name", None) or getattr(model, "model", None)
    return own if isinstance(own, str) else type(model).__name__


class LangChainChat:
    """A LangChain chat model, with the settings it was made with where a request does not say otherwise.

    It is held to the schema by its own `with_structured_output`, if it has one; otherwise the schema is told in the
    prompt, and the JSON object cut out of the reply.
    """

    defaults = LANGCHAIN

    def __init__(
        self,
        chat_model: "BaseChatModel | Runnable[Any, Any]",
        name: str | None = None,
        *,
        profile: Profile | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Take a chat model.

        Args:
            chat_model: The model, as it is or after `bind`, `with_config` or `with_retry`.
            name: How a user names it; None for the name it was made with, or its class.
            profile: Which set of prompts suits it; None to tell by its name.
            retries: None for four tries, on top of its own.
        """
        self._served_as = name_of(chat_model)
        self.model = name or self._served_as
        self.profile: Profile = profile or profile_of(self.model)
        self.window: int | None = None
        self.limits = Limits()
        self._chat_model = chat_model
        self._refused: frozenset[str] = frozenset()
        """Settings that its server would not take."""
        self._unknown: frozenset[str] = frozenset()
        """Settings that its class has no field for."""
        self._retries = retries or Retries()

    async def complete(self, request: Request) -> Reply:
        """Ask once, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """
        return await self._retries.run(
            lambda: self._learn_and_ask(request),
            Origin(model=self.model),
            on_restart=request.on_restart,
            gate=gate_of(self.model.partition(":")[0], self.limits),
            tokens=sum(tokens_in(part.text) for part in request.parts),
        )

    async def close(self) -> None:
        """Nothing: the connections are those of the object that was passed in."""

    @property
    def not_taken(self) -> frozenset[str]:
        """The settings that its class or its server turned out not to take."""
        return self._refused | self._unknown

    async def _learn_and_ask(self, request: Request) -> Reply:
        """Ask, leaving out settings that the server turns out not to take."""
        dead_connections = 0
        while True:
            fields = self._fields(request)
            try:
                return await self._ask(request, fields)
            except RuntimeError as error:
                # The object's client keeps connections that were opened in another event loop. Each is gone once it
                # was tried.
                dead_connections += 1
                if not _ANOTHER_LOOP.search(str(error)) or dead_connections > _MOST_CONNECTIONS:
                    raise
            except Exception as error:  # the client library's classes; what is not about a setting goes on
                refused = _refused_setting(error, fields)
                if refused is None:
                    raise
                self._refused |= {refused}

    def _fields(self, request: Request) -> dict[str, dict[str, Any]]:
        """The fields of the chat model that the request's settings set, by setting."""
        known = getattr(type(inmost(self._chat_model)), "model_fields", {})
        fields = fields_by_setting(self.defaults.merged(request.settings), known, call_seed(request))
        self._unknown |= {name for name, own in fields.items() if not own}
        return {name: own for name, own in fields.items() if own and name not in self._refused}

    async def _ask(self, request: Request, fields: Mapping[str, Mapping[str, Any]]) -> Reply:
        model, is_held = self._held_to(request.schema, fields)
        messages = [{"role": part.role, "content": part.text} for part in request.parts]
        if not is_held:
            messages = _with_rule(messages, schema_in_words(request.schema))
        start = time.perf_counter()
        if request.on_text:
            message: Any = None
            async with aclosing(model.astream(messages)) as stream:
                async for piece in stream:
                    message = piece if message is None else message + piece
                    if text := _written(piece):
                        request.on_text(text)
        else:
            message = await _whole(model, messages)
        if message is None or not (text := _text_of(message)).strip():
            raise NotWhole("the reply is empty")
        return self._reply(message, text, time.perf_counter() - start)

    def _held_to(self, schema: dict[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> tuple[Any, bool]:
        """The model by these settings and in its wrappers, held to the schema; and whether it could be."""
        is_held, changes = False, flat(fields.values())

        def change(chat_model: Any) -> Any:
            nonlocal is_held
            chat_model = with_fields(chat_model, changes)
            try:
                held = chat_model.with_structured_output({"description": "", **schema})
            except NotImplementedError:
                return chat_model
            # A sequence of the bound model and a parser. The parser is left out: it waits for the end of a stream, and
            # what does not fit is shown to the model by those who asked.
            first = getattr(held, "first", None)
            is_held = first is not None
            return first or chat_model

        model = rewrapped(self._chat_model, change, changes)
        return model, is_held

    def _reply(self, message: Any, text: str, seconds: float) -> Reply:
        ended = message.response_metadata
        usage = getattr(message, "usage_metadata", None) or _usage_of_openai(ended.get("token_usage"))
        return Reply(
            text=text,
            model=ended.get("model_name") or ended.get("model") or self._served_as,
            finish=finish_of(next((str(ended[key]) for key in _ENDINGS if ended.get(key)), "stop")),
            tokens_in=usage.get("input_tokens", 0),
            tokens_out=usage.get("output_tokens", 0),
            tokens_cached=usage.get("input_token_details", {}).get("cache_read") or 0,
            seconds=seconds,
        )


def _refused_setting(error: Exception, fields: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The setting that a server refuses, going by what it says; None where it refuses something else."""
    failure = failure_of(error)
    if failure is None or failure.status not in (400, 422) or failure.overflow:
        return None
    for setting, own in fields.items():
        for name in {setting, *own}:
            if failure.param == name or re.search(rf"\b{re.escape(name)}\b", failure.said):
                return setting
    return None


async def _whole(asked: Any, messages: list[dict[str, str]]) -> Any:
    """A whole message; also the one that OpenAI's client, parsing it by itself, raises over as cut for length."""
    try:
        return await asked.ainvoke(messages)
    except Exception as error:  # the class is the client library's, which may not even be here
        cut = getattr(error, "completion", None)
        if cut is None:
            raise
    return importlib.import_module("langchain_core.messages").AIMessage(
        content=cut.choices[0].message.content or "",
        response_metadata={
            "finish_reason": "length",
            "model_name": cut.model,
            "token_usage": cut.usage.model_dump() if cut.usage else None,
        },
    )


def _usage_of_openai(told: dict[str, Any] | None) -> dict[str, Any]:
    """Tokens as OpenAI's API tells them, where langchain-openai does not: it drops them from structured streams."""
    if not told:
        return {}
    cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens")
    return {
        "input_tokens": told.get("prompt_tokens", 0),
        "output_tokens": told.get("completion_tokens", 0),
        "input_token_details": {"cache_read": cached},
    }


def _written(piece: Any) -> str:
    """The text of a piece; a model held to a schema by way of a tool writes it as the tool's arguments."""
    calls = getattr(piece, "tool_call_chunks", None) or ()
    return "".join(call["args"] or "" for call in calls) or str(piece.text)


def _text_of(message: Any) -> str:
    """The object that the message is or holds, as JSON; its words if it holds none."""
    calls = getattr(message, "tool_calls", None)
    if calls:
        return json.dumps(calls[0]["args"], ensure_ascii=False)
    return cut_object(str(message.text))


def _with_rule(messages: list[dict[str, str]], rule: str) -> list[dict[str, str]]:
    """The prompt, with the rule at the end of its first system message, as some providers take only one."""
    if messages and messages[0]["role"] == "system":
        return [{"role": "system", "content": f"{messages[0]['content']}\n\n{rule}"}, *messages[1:]]
    return [{"role": "system", "content": rule}, *messages]
