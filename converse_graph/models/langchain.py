"""Any LangChain chat model object, at the chat port."""

import importlib
import re
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from converse_graph.models.base import PromptProfile, Request, Response
from converse_graph.models.capabilities import ServerCapabilities, call_seed
from converse_graph.models.failures import (
    MALFORMED,
    Failure,
    IncompleteResponse,
    classify_failure,
    missing_completion_error,
)
from converse_graph.models.gathered_reply import GatheredReply
from converse_graph.models.langchain_settings import fields_by_setting, flat, with_fields
from converse_graph.models.langchain_wrappers import inmost, is_wrapper, rewrapped
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.redaction import redact_stream
from converse_graph.models.references import SEPARATOR, one_by_one
from converse_graph.models.reply_reader import read_reply
from converse_graph.models.retries import Endpoint, RetryPolicy
from converse_graph.models.server_adapter_base import ServerAdapter, emptiness_of
from converse_graph.models.settings import LANGCHAIN

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable

_ANOTHER_LOOP = re.compile(r"event loop is closed|different (event )?loop", re.IGNORECASE)
_MOST_CONNECTIONS = 100
"""That a client keeps open; more of them cannot be dead."""


def name_of(model: Any) -> str:
    """How a model object that nobody named is called: as it was made, or else after its class; of several, all."""
    if isinstance(model, str):
        return model
    if isinstance(model, list | tuple) or is_wrapper(model):
        return SEPARATOR.join(name_of(inmost(one)) for one in one_by_one(model))
    own = getattr(model, "model_name", None) or getattr(model, "model", None)
    return own if isinstance(own, str) else type(model).__name__


class LangChainModel(ServerAdapter):
    """A LangChain chat model, with the settings it was made with where a request does not say otherwise.

    It is held to the schema by its own `with_structured_output`, if it has one; otherwise the schema is told in the
    prompt.
    """

    defaults = LANGCHAIN

    def __init__(
        self,
        chat_model: "BaseChatModel | Runnable[Any, Any]",
        name: str | None = None,
        *,
        profile: PromptProfile | None = None,
        retries: RetryPolicy | None = None,
        is_ours: bool = False,
    ) -> None:
        """Take a chat model.

        Args:
            chat_model: The model, as it is or after `bind`, `with_config` or `with_retry`.
            name: How a user names it; None for the name it was made with, or its class.
            profile: Which set of prompts suits it; None to tell by its name.
            retries: None for four tries, on top of its own.
            is_ours: Whether it was made here, by its name, so that its connections are ours to close.
        """
        self._is_ours = is_ours
        self._served_as = name_of(chat_model)
        self.model = name or self._served_as
        endpoint = Endpoint(model=self.model, key_name="its key", secret=_secret_of(inmost(chat_model)))
        super().__init__(endpoint, retries, shares_limits_with=self.model.partition(":")[0])
        self.profile: PromptProfile = profile or profile_of(self.model)
        self.window: int | None = None
        self._chat_model = chat_model
        self._refused: frozenset[str] = frozenset()
        """Settings that its server would not take."""
        self._unknown: frozenset[str] = frozenset()
        """Settings that its class has no field for."""
        self._asks_whole = False
        """Whether replies are asked for in one piece, as a stream of them came to nothing."""

    async def close(self) -> None:
        """Close the connections of a model that was made here; those of an object that was passed in are its owner's.

        OpenAI's client would close them itself once it is collected, in whatever event loop runs then, and complain.
        Those that LangChain shares among models stay open.
        """
        client: Any = getattr(inmost(self._chat_model), "root_async_client", None) if self._is_ours else None
        if type(getattr(client, "_client", None)).__module__.partition(".")[0] == "openai":
            await client.close()

    @property
    def not_taken(self) -> frozenset[str]:
        """The settings that its class or its server turned out not to take."""
        return self._refused | self._unknown

    async def _learn_and_ask(self, request: Request) -> Response:
        """Ask, in another form, with other roles or without a setting where the server turns out not to take these."""
        dead_connections = unfit = 0
        while True:
            dialect, fields = self._dialect, self._fields(request)
            try:
                return await self._ask(request, dialect, fields)
            except RuntimeError as error:
                # The object's client keeps connections that were opened in another event loop. Each is gone once it
                # was tried.
                dead_connections += 1
                if not _ANOTHER_LOOP.search(str(error)) or dead_connections > _MOST_CONNECTIONS:
                    raise
            except Exception as error:  # each provider's client has classes of its own; what is not conceded goes on
                failure = classify_failure(error)
                if failure is None:
                    raise
                if failure.is_filtered and not failure.passing:
                    return Response(text="", model=self._served_as, finish="filtered")
                unfit += failure.is_unfit
                may_fit_now = failure.is_unfit and unfit == 1  # as what is sampled next may
                if not (may_fit_now or self._concede(failure, dialect, fields)):
                    raise

    def _concede(self, failure: Failure, dialect: ServerCapabilities, fields: Mapping[str, Mapping[str, Any]]) -> bool:
        """Ask otherwise from now on, if the server refuses something of how it was asked; False where it does not."""
        setting = _refused_setting(failure, fields)
        if setting is not None:
            self._refused |= {setting}
            return True
        next_dialect = dialect.conceding(failure)
        # Its other settings are those that it was made with, and not ours to leave out.
        if next_dialect is None or replace(next_dialect, left_out=frozenset()) == dialect:
            return False
        if self._dialect == dialect:
            self._dialect = next_dialect
        return True

    def _fields(self, request: Request) -> dict[str, dict[str, Any]]:
        """The fields of the chat model that the request's settings set, by setting."""
        model_fields = getattr(type(inmost(self._chat_model)), "model_fields", {})
        fields = fields_by_setting(self.defaults.merged(request.settings), model_fields, call_seed(request))
        self._unknown |= {name for name, own in fields.items() if not own}
        return {name: own for name, own in fields.items() if own and name not in self._refused}

    async def _ask(
        self, request: Request, dialect: ServerCapabilities, fields: Mapping[str, Mapping[str, Any]]
    ) -> Response:
        runnable, is_held = self._held_to(request.schema if dialect.form == "schema" else None, fields)
        messages = (dialect if is_held else replace(dialect, form="words")).messages(request)
        start = time.perf_counter()
        gathered_reply = GatheredReply(sums_usage=True)
        tell = redact_stream(self._endpoint.reply_secret, request.on_delta or _ignore)
        if request.on_delta and not self._asks_whole:
            await _stream(runnable, messages, gathered_reply, tell)
        elif (message := await _whole(runnable, messages)) is not None:
            tell(gathered_reply.add(message))
        tell("")
        names = frozenset(request.schema.get("properties", {}))
        reply = gathered_reply.reply(names, remote_name=self._served_as, seconds=time.perf_counter() - start)
        reply = self._endpoint.without_key(reply)
        if read_reply(reply.text, names).spoken or reply.finish == "filtered":
            return reply
        # Packages drop from a stream what they do not know, such as a refusal; a whole message has it.
        self._asks_whole = not reply.text.strip()
        raise IncompleteResponse(emptiness_of(reply), reply)

    def _held_to(self, schema: dict[str, Any] | None, fields: Mapping[str, Mapping[str, Any]]) -> tuple[Any, bool]:
        """The model by these settings and in its wrappers, held to the schema; and whether it could be."""
        changes = flat(fields.values())
        chat_model = with_fields(inmost(self._chat_model), changes)
        bound = _bound_to(schema, chat_model) if schema is not None else None
        if bound is None:
            return rewrapped(self._chat_model, lambda _: chat_model, changes), False
        bound, by_body = _unparsed(bound)
        if by_body:  # what a wrapper has bound of the body goes with it, where it would go in its place
            changes = flat([changes, {"extra_body": by_body}])
        return rewrapped(self._chat_model, lambda _: bound, changes), True


def _secret_of(chat_model: Any) -> str:
    """The key that a chat model was made with; empty where it has none that can be read."""
    for name in getattr(type(chat_model), "model_fields", {}):
        value = getattr(chat_model, name, None)
        if isinstance(value, SecretStr) and value.get_secret_value():
            return value.get_secret_value()
    return ""


def _ignore(text: str) -> None:
    """Of a reply that nobody watches."""


def _bound_to(schema: dict[str, Any], chat_model: Any) -> Any:
    """A chat model, held to a schema; None where it cannot be."""
    try:
        runnable = chat_model.with_structured_output({"description": "", **schema})
    except NotImplementedError:
        return None
    # A sequence of the bound model and a parser. The parser is left out: it waits for the end of a stream, and what
    # does not fit is shown to the model by those who asked.
    return getattr(runnable, "first", None)


def _unparsed(bound: Any) -> tuple[Any, dict[str, Any]]:
    """The same model bound to the schema, where it is OpenAI's, by the request's body alone; and what is bound so.

    Given a `response_format`, OpenAI's client parses the reply itself, and raises over one that was cut or filtered
    instead of returning it with what it cost.
    """
    arguments: Any = getattr(bound, "kwargs", None)
    model: Any = getattr(bound, "bound", None)
    if not isinstance(arguments, dict) or not isinstance(arguments.get("response_format"), dict):
        return bound, {}
    if not hasattr(model, "extra_body"):
        return bound, {}
    rest = {name: value for name, value in arguments.items() if name != "response_format"}
    by_body = {**(arguments.get("extra_body") or {}), "response_format": arguments["response_format"]}
    return model.bind(**{**rest, "extra_body": {**(model.extra_body or {}), **by_body}}), by_body


async def _stream(runnable: Any, messages: list[dict[str, str]], gathered_reply: GatheredReply, on_delta: Any) -> None:
    async with aclosing(runnable.astream(messages)) as stream:
        while True:
            try:
                piece = await anext(stream, None)
            except MALFORMED as error:
                raise missing_completion_error(error) from error
            if piece is None or gathered_reply.is_too_long:
                return
            if text := gathered_reply.add(piece):
                on_delta(text)


def _refused_setting(failure: Failure, fields: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The setting that a server refuses, going by what it says; None where it refuses something else."""
    if failure.status not in (400, 422) or failure.overflow:
        return None
    for setting, own in fields.items():
        for name in {setting, *own}:
            if failure.param == name or re.search(rf"\b{re.escape(name)}\b", failure.message):
                return setting
    return None


async def _whole(runnable: Any, messages: list[dict[str, str]]) -> Any:
    """A whole message; also the one that a client, parsing it by itself, raises over as cut or filtered."""
    try:
        return await runnable.ainvoke(messages)
    except MALFORMED as error:
        raise missing_completion_error(error) from error
    except Exception as error:  # the class is the client library's, which may not even be here
        reason = _PARSED.get(type(error).__name__)
        if reason is None:
            raise
        cut = getattr(error, "completion", None)
    return importlib.import_module("langchain_core.messages").AIMessage(
        content=(cut.choices[0].message.content or "") if cut else "",
        response_metadata={
            "finish_reason": reason,
            "model_name": cut.model if cut else "",
            "token_usage": cut.usage.model_dump() if cut and cut.usage else None,
        },
    )


_PARSED = {"LengthFinishReasonError": "length", "ContentFilterFinishReasonError": "content_filter"}
"""What OpenAI's client raises over a reply that it parses, and why that ended."""
