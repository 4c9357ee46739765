"""Models behind OpenAI's chat completions API: OpenAI itself, Ollama, vLLM, LM Studio, llama.cpp and the like."""

import asyncio
import importlib
import ipaddress
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pydantic import SecretStr

from converse_graph.errors import UsageError
from converse_graph.models.base import Profile, Reply, Request
from converse_graph.models.capabilities import Dialect
from converse_graph.models.json_mode import cut_object
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.rate_limit import Limits, gate_of
from converse_graph.models.redaction import without_secret
from converse_graph.models.retries import NotWhole, Origin, Retries, failure_of
from converse_graph.models.settings import SERVED, thinking_fields
from converse_graph.models.tokens import tokens_in
from converse_graph.scenarios.model_settings import ModelSettings

TIMEOUT = 300.0
"""Seconds without a byte from the server after which a try has failed."""

_CONNECT_TIMEOUT = 10.0
_NO_KEY = SecretStr("none")
"""Servers of one's own need no key, and the client library insists on one."""
_THINKING = ModelSettings(thinking="on")
_SENT_OTHERWISE = frozenset({"max_tokens", "stream_options"})
"""Fields that a server may refuse and nothing is lost: the limit has a newer name too, the other is no setting."""
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
"""What the client library raises over an answer of 200 that is no chat completion."""


class OpenAICompatibleChat:
    """A model behind OpenAI's chat completions API, through langchain-openai."""

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | SecretStr | None = None,
        *,
        profile: Profile | None = None,
        window: int | None = None,
        name: str | None = None,
        timeout: float = TIMEOUT,
        retries: Retries | None = None,
        defaults: ModelSettings = SERVED,
    ) -> None:
        """Name a model and its server. Nothing is sent before the first `complete`.

        Args:
            model: As the server calls it.
            base_url: Where its API begins, such as "http://127.0.0.1:11434/v1"; None for OPENAI_BASE_URL or, where
                that is unset, OpenAI itself.
            api_key: None for OPENAI_API_KEY; a server named by `base_url` is sent a placeholder where there is none.
            profile: Which set of prompts suits it; None to tell by its name.
            window: How many tokens prompt and reply may be together; None where unknown.
            name: How a user names it; None for "openai:MODEL" or, with a `base_url`, MODEL.
            timeout: Seconds without a byte from the server after which a try has failed.
            retries: None for four tries.
            defaults: Its settings, where a request does not say otherwise.

        Raises:
            UsageError: There is neither a key nor a server of one's own.
        """
        self.model = name or (model if base_url else f"openai:{model}")
        self.profile: Profile = profile or profile_of(model)
        self.window = window
        self.served_as = model
        self._base_url = base_url
        self._key = _key(api_key, base_url)
        self._timeout = timeout
        self._retries = retries or Retries()
        self.defaults = defaults
        self._dialect = Dialect()
        self.free = is_loopback(base_url)
        self.limits = Limits()
        self._opening = threading.Lock()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        """By event loop, as connections belong to the loop that they were opened in."""
        self._hosted = False
        self._origin = Origin(
            model=self.model,
            base_url=base_url,
            key_name="OPENAI_API_KEY",
            secret=self._key.get_secret_value() if self._key is not _NO_KEY else "",
        )

    @property
    def not_taken(self) -> frozenset[str]:
        """The settings that its server has refused, and is asked without since."""
        ways_to_think = thinking_fields(_THINKING, hosted=self._hosted).keys()
        refused = self._dialect.left_out - _SENT_OTHERWISE - ways_to_think
        return refused | ({"thinking"} if ways_to_think <= self._dialect.left_out else set())

    async def complete(self, request: Request) -> Reply:
        """Ask once, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            # In a thread, since the client library takes a second to import and others are waiting for the loop.
            await asyncio.to_thread(self._open, loop)
        return await self._retries.run(
            lambda: self._learn_and_ask(request),
            self._origin,
            on_restart=request.on_restart,
            gate=gate_of(self._base_url or "openai", self.limits),
            tokens=sum(tokens_in(part.text) for part in request.parts),
        )

    async def close(self) -> None:
        """Close the connections of this event loop; a later `complete` opens them again."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.root_async_client.close()

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._opening:
            if loop not in self._clients:
                client = self._make()
                self._hosted = (client.root_async_client.base_url.host or "").endswith("openai.com")
                self._clients[loop] = client

    def _make(self) -> Any:
        openai = importlib.import_module("openai")
        langchain_openai = importlib.import_module("langchain_openai")
        timeout = openai.Timeout(self._timeout, connect=_CONNECT_TIMEOUT)
        # The library shares one HTTP client among all its models, whatever event loop they run in; this one is ours
        # to close. A proxy named in the environment is no way to this very machine.
        http = openai.DefaultAsyncHttpxClient(timeout=timeout, trust_env=not self.free)
        return langchain_openai.ChatOpenAI(
            model=self.served_as,
            base_url=self._base_url,
            api_key=self._key,
            use_responses_api=False,
            stream_usage=True,
            max_retries=0,
            timeout=timeout,
            stream_chunk_timeout=None,  # `_pieces` has one that does not lose a cancellation
            http_async_client=http,
        )

    async def _learn_and_ask(self, request: Request) -> Reply:
        """Ask, leaving out what the server turns out not to take."""
        while True:
            dialect = self._dialect
            try:
                return await self._ask(request, dialect)
            except Exception as error:  # the client library's classes; what is not conceded goes on
                failure = failure_of(error)
                conceded = dialect.conceding(failure, request.settings) if failure else None
                if conceded is None:
                    raise
            # Where a call at the same time has learnt already, that is tried first.
            if self._dialect == dialect:
                self._dialect = conceded

    async def _ask(self, request: Request, dialect: Dialect) -> Reply:
        # The body is passed whole: given a `response_format`, the library parses the reply itself, and raises over
        # one that was cut for length instead of returning it.
        bound = self._clients[asyncio.get_running_loop()].bind(
            extra_body=dialect.body(request, self.defaults.merged(request.settings), hosted=self._hosted),
            **({"stream_usage": False} if "stream_options" in dialect.left_out else {}),
        )
        start = time.perf_counter()
        gathered = _Gathered()
        if request.on_text:
            tell = without_secret(self._origin.reply_secret, request.on_text)
            async for piece in _pieces(bound, dialect.messages(request), self._timeout):
                if text := gathered.add(piece):
                    tell(text)
            tell("")
        else:
            gathered.add(await _whole(bound, dialect.messages(request)))
        self._check(gathered, dialect)
        text = gathered.text if dialect.form.startswith("schema") else cut_object(gathered.text)
        return Reply(
            text=self._origin.without_key(text),
            model=gathered.model or self.served_as,
            finish=gathered.finish,
            tokens_in=gathered.tokens_in,
            tokens_out=gathered.tokens_out,
            tokens_cached=gathered.tokens_cached,
            usd=0.0 if self.free else None,
            seconds=time.perf_counter() - start,
        )

    def _check(self, gathered: "_Gathered", dialect: Dialect) -> None:
        if not gathered.reason:
            raise NotWhole("the reply broke off before its end")
        if gathered.text.strip() or gathered.finish == "filtered":
            return
        if gathered.finish == "length" and (roomier := dialect.roomier()) and self._dialect == dialect:
            self._dialect = roomier
        raise NotWhole("the reply is empty")


class _Gathered:
    """A reply as it comes in."""

    def __init__(self) -> None:
        self.text = ""
        self.reason = ""
        self.model = ""
        self.tokens_in = self.tokens_out = self.tokens_cached = 0
        self._refused = False

    def add(self, message: Any) -> str:
        """Take a whole message or a piece of one; returns the text in it."""
        refusal = message.additional_kwargs.get("refusal") or ""
        text = str(message.text) or refusal
        self._refused = self._refused or bool(refusal)
        self.text += text
        self.reason = message.response_metadata.get("finish_reason") or self.reason
        self.model = message.response_metadata.get("model_name") or self.model
        if usage := message.usage_metadata:
            self.tokens_in, self.tokens_out = usage["input_tokens"], usage["output_tokens"]
            self.tokens_cached = usage.get("input_token_details", {}).get("cache_read") or 0
        return text

    @property
    def finish(self) -> Literal["stop", "length", "filtered"]:
        """Why it ended."""
        return "filtered" if self._refused else finish_of(self.reason)


def _key(given: str | SecretStr | None, base_url: str | None) -> SecretStr:
    if isinstance(given, SecretStr):
        return given
    found = given or os.environ.get("OPENAI_API_KEY")
    if found:
        return SecretStr(found)
    if base_url or os.environ.get("OPENAI_BASE_URL"):
        return _NO_KEY
    raise UsageError("A model of OpenAI needs a key: set OPENAI_API_KEY, or name a server by its base URL.")


def finish_of(reason: str) -> Literal["stop", "length", "filtered"]:
    """A provider's reason for the end of a reply, as ours."""
    match reason.lower():
        case "length" | "max_tokens" | "max_output_tokens" | "model_length" | "model_context_window_exceeded":
            return "length"
        case "content_filter" | "content_filtered" | "safety" | "refusal" | "recitation" | "prohibited_content":
            return "filtered"
        case "blocklist" | "spii" | "guardrail_intervened":
            return "filtered"
        case _:
            return "stop"


def is_loopback(base_url: str | None) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def _pieces(bound: Any, messages: list[dict[str, str]], silence: float) -> AsyncIterator[Any]:
    # A server's keep-alive comments count as bytes, so silence is timed here as well. The library's own way,
    # `asyncio.wait_for`, swallows a cancellation that comes with a piece in Python 3.11.
    try:
        async with aclosing(bound.astream(messages)) as stream:
            while True:
                async with asyncio.timeout(silence):
                    piece = await anext(stream, None)
                if piece is None:
                    return
                yield piece
    except _MALFORMED as error:
        raise NotWhole(f"the answer is no chat completion ({error})") from error


async def _whole(bound: Any, messages: list[dict[str, str]]) -> Any:
    try:
        return await bound.ainvoke(messages)
    except _MALFORMED as error:
        raise NotWhole(f"the answer is no chat completion ({error})") from error
