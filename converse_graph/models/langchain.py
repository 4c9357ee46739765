"""Any LangChain chat model object, at the chat port."""

import importlib
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from converse_graph.errors import PromptTooLong
from converse_graph.models.base import Profile, Reply, Request
from converse_graph.models.capabilities import Dialect
from converse_graph.models.failures import MALFORMED, NotWhole, failure_of, no_completion
from converse_graph.models.gathered_reply import GatheredReply
from converse_graph.models.openai_compatible import emptiness_of, learnt_window
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.rate_limit import Limits, gate_of
from converse_graph.models.reply_reader import read_reply
from converse_graph.models.retries import Origin, Retries
from converse_graph.models.tokens import tokens_in

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def name_of(model: Any) -> str:
    """How a model object that nobody named is called: as it was made, or else after its class."""
    own = getattr(model, "model_name", None) or getattr(model, "model", None)
    return own if isinstance(own, str) else type(model).__name__


class LangChainChat:
    """A LangChain chat model, with the settings it was made with.

    It is held to the schema by its own `with_structured_output`, if it has one; otherwise the schema is told in the
    prompt.
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
        self._dialect = Dialect()
        self._asks_whole = False
        """Whether replies are asked for in one piece, as a stream of them came to nothing."""

    async def complete(self, request: Request) -> Reply:
        """Ask once, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """
        try:
            return await self._complete(request)
        except PromptTooLong as refused:
            self.learn_window(refused.limit)
            raise

    def learn_window(self, limit: int | None) -> None:
        """Take no more tokens from now on than the server has shown that it takes; None where it names no number."""
        self.window = learnt_window(self.window, limit)

    async def _complete(self, request: Request) -> Reply:
        return await self._retries.run(
            lambda: self._learn_and_ask(request),
            Origin(model=self.model),
            on_restart=request.on_restart,
            on_unusable=request.on_unusable,
            gate=gate_of(self.model.partition(":")[0], self.limits),
            tokens=sum(tokens_in(part.text) for part in request.parts),
        )

    async def close(self) -> None:
        """Nothing: the connections are those of the object that was passed in."""

    async def _learn_and_ask(self, request: Request) -> Reply:
        """Ask, in another form or with other roles where the server turns out not to take these."""
        unfit = 0
        while True:
            dialect = self._dialect
            try:
                return await self._ask(request, dialect)
            except Exception as error:  # each provider's client has classes of its own; what is not conceded goes on
                failure = failure_of(error)
                if failure is None:
                    raise
                if failure.is_filtered and not failure.passing:
                    return Reply(text="", model=self._served_as, finish="filtered")
                unfit += failure.is_unfit
                if unfit == 1 and failure.is_unfit:
                    continue  # what was sampled did not fit; what is sampled next may
                conceded = dialect.conceding(failure)
                # Its other settings are those that it was made with, and not ours to leave out.
                if conceded is None or replace(conceded, left_out=frozenset()) == dialect:
                    raise
            if self._dialect == dialect:
                self._dialect = conceded

    async def _ask(self, request: Request, dialect: Dialect) -> Reply:
        held = self._held_to(request.schema) if dialect.form == "schema" else None
        messages = (dialect if held is not None else replace(dialect, form="words")).messages(request)
        asked: Any = held if held is not None else self._chat_model
        start = time.perf_counter()
        gathered = GatheredReply(sums_usage=True)
        if request.on_text and not self._asks_whole:
            await _stream(asked, messages, gathered, request.on_text)
        elif (message := await _whole(asked, messages)) is not None:
            text = gathered.add(message)
            if request.on_text and text:
                request.on_text(text)
        names = frozenset(request.schema.get("properties", {}))
        reply = gathered.reply(names, served_as=self._served_as, seconds=time.perf_counter() - start)
        if read_reply(reply.text, names).spoken or reply.finish == "filtered":
            return reply
        # Packages drop from a stream what they do not know, such as a refusal; a whole message has it.
        self._asks_whole = not reply.text.strip()
        raise NotWhole(emptiness_of(reply), reply)

    def _held_to(self, schema: dict[str, Any]) -> Any:
        """The model, held to the schema; None where it cannot be."""
        try:
            held = self._chat_model.with_structured_output({"description": "", **schema})
        except NotImplementedError:
            return None
        # A sequence of the bound model and a parser. The parser is left out: it waits for the end of a stream, and
        # what does not fit is shown to the model by those who asked.
        return _unparsed(getattr(held, "first", None))


def _unparsed(bound: Any) -> Any:
    """The same model bound to the schema, where it is OpenAI's, by the request's body alone.

    Given a `response_format`, OpenAI's client parses the reply itself, and raises over one that was cut or filtered
    instead of returning it with what it cost.
    """
    given: Any = getattr(bound, "kwargs", None)
    model: Any = getattr(bound, "bound", None)
    if not isinstance(given, dict) or not isinstance(given.get("response_format"), dict):
        return bound
    if not hasattr(model, "extra_body"):
        return bound
    rest = {name: value for name, value in given.items() if name != "response_format"}
    body = {**(model.extra_body or {}), **(given.get("extra_body") or {}), "response_format": given["response_format"]}
    return model.bind(**{**rest, "extra_body": body})


async def _stream(asked: Any, messages: list[dict[str, str]], gathered: GatheredReply, on_text: Any) -> None:
    async with aclosing(asked.astream(messages)) as stream:
        while True:
            try:
                piece = await anext(stream, None)
            except MALFORMED as error:
                raise no_completion(error) from error
            if piece is None or gathered.is_too_long:
                return
            if text := gathered.add(piece):
                on_text(text)


async def _whole(asked: Any, messages: list[dict[str, str]]) -> Any:
    """A whole message; also the one that a client, parsing it by itself, raises over as cut or filtered."""
    try:
        return await asked.ainvoke(messages)
    except MALFORMED as error:
        raise no_completion(error) from error
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
