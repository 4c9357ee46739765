"""Any LangChain chat model object, at the chat port."""

import importlib
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from converse_graph.models.base import Profile, Reply, Request
from converse_graph.models.json_mode import cut_object, schema_in_words
from converse_graph.models.openai_compatible import finish_of
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.rate_limit import Limits, gate_of
from converse_graph.models.retries import NotWhole, Origin, Retries
from converse_graph.models.tokens import tokens_in

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_ENDINGS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""Where providers say why a reply ended."""


def name_of(model: Any) -> str:
    """How a model object that nobody named is called: as it was made, or else after its class."""
    own = getattr(model, "model_name", None) or getattr(model, "model", None)
    return own if isinstance(own, str) else type(model).__name__


class LangChainChat:
    """A LangChain chat model, with the settings it was made with.

    It is held to the schema by its own `with_structured_output`, if it has one; otherwise the schema is told in the
    prompt, and the JSON object cut out of the reply.
    """

    def __init__(
        self,
        chat_model: "BaseChatModel",
        name: str | None = None,
        *,
        profile: Profile | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Take a chat model.

        Args:
            chat_model: The model.
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
        self._retries = retries or Retries()

    async def complete(self, request: Request) -> Reply:
        """Ask once, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """
        return await self._retries.run(
            lambda: self._ask(request),
            Origin(model=self.model),
            on_restart=request.on_restart,
            gate=gate_of(self.model.partition(":")[0], self.limits),
            tokens=sum(tokens_in(part.text) for part in request.parts),
        )

    async def close(self) -> None:
        """Nothing: the connections are those of the object that was passed in."""

    async def _ask(self, request: Request) -> Reply:
        held: Any = self._held_to(request.schema)
        messages = [{"role": part.role, "content": part.text} for part in request.parts]
        if held is None:
            messages = _with_rule(messages, schema_in_words(request.schema))
        start = time.perf_counter()
        if request.on_text:
            message: Any = None
            asked: Any = held or self._chat_model
            async with aclosing(asked.astream(messages)) as stream:
                async for piece in stream:
                    message = piece if message is None else message + piece
                    if text := _written(piece):
                        request.on_text(text)
        else:
            message = await _whole(held or self._chat_model, messages)
        if message is None or not (text := _text_of(message)).strip():
            raise NotWhole("the reply is empty")
        return self._reply(message, text, time.perf_counter() - start)

    def _held_to(self, schema: dict[str, Any]) -> Any:
        """The model, held to the schema; None where it cannot be."""
        try:
            held = self._chat_model.with_structured_output({"description": "", **schema})
        except NotImplementedError:
            return None
        # A sequence of the bound model and a parser. The parser is left out: it waits for the end of a stream, and
        # what does not fit is shown to the model by those who asked.
        return getattr(held, "first", None)

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
