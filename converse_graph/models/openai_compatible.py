"""Models behind OpenAI's chat completions API: OpenAI itself, Ollama, vLLM, LM Studio, llama.cpp and the like."""

import asyncio
import importlib
import ipaddress
import os
import ssl
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pydantic import SecretStr

from converse_graph.errors import ProviderUnreachable, UsageError
from converse_graph.models.addresses import check_key, validate_base_url
from converse_graph.models.base import PromptProfile, Request, Response
from converse_graph.models.capabilities import ServerCapabilities
from converse_graph.models.failures import (
    MALFORMED,
    IncompleteResponse,
    ReplyRoomExhausted,
    classify_failure,
    missing_completion_error,
)
from converse_graph.models.gathered_reply import GatheredReply
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.redaction import redact_stream
from converse_graph.models.reply_reader import read_reply
from converse_graph.models.retries import Endpoint, RetryPolicy
from converse_graph.models.server_adapter_base import ServerAdapter, emptiness_of
from converse_graph.models.settings import SERVED, thinking_fields, window_by
from converse_graph.scenarios.model_settings import ModelSettings

TIMEOUT = 300.0
"""Seconds without a byte from the server after which a try has failed."""

_CONNECT_TIMEOUT = 10.0
_NO_KEY = SecretStr("none")
"""Servers of one's own need no key, and the client library insists on one."""
_THINKING = ModelSettings(thinking="on")
_SENT_OTHERWISE = frozenset({"max_tokens", "stream_options"})
"""Fields that a server may refuse and nothing is lost: the limit has a newer name too, the other is no setting."""
_ENDED = "stream_ended"
"""As `openai_chat_model` has it, which takes too long to load for a name."""


class OpenAICompatibleModel(ServerAdapter):
    """A model behind OpenAI's chat completions API, through langchain-openai."""

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | SecretStr | None = None,
        *,
        profile: PromptProfile | None = None,
        window: int | None = None,
        name: str | None = None,
        timeout: float = TIMEOUT,
        retries: RetryPolicy | None = None,
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
            InvalidValue: The base URL is no address.
            UsageError: There is neither a key nor a server of one's own, or the key cannot be one.
        """
        base_url = validate_base_url(base_url) if base_url else base_url
        self.model = name or (model if base_url else f"openai:{model}")
        self.profile: PromptProfile = profile or profile_of(model)
        key = _key(api_key, base_url)
        endpoint = Endpoint(
            model=self.model,
            base_url=base_url,
            key_name="OPENAI_API_KEY",
            secret=key.get_secret_value() if key is not _NO_KEY else "",
        )
        super().__init__(endpoint, retries, shares_limits_with=base_url or "openai")
        self.window = window
        self.remote_name = model
        self._base_url = base_url
        self._key = key
        self._timeout = timeout
        self.defaults = defaults
        self.free = is_loopback(base_url)
        self._opening = threading.Lock()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()
        """By event loop, as connections belong to the loop that they were opened in."""
        self._hosted = False

    @property
    def not_taken(self) -> frozenset[str]:
        """The settings that its server has refused, and is asked without since."""
        ways_to_think = thinking_fields(_THINKING, hosted=self._hosted).keys()
        fields = self._dialect.left_out - _SENT_OTHERWISE - ways_to_think
        return fields | ({"thinking"} if ways_to_think <= self._dialect.left_out else set())

    async def complete(self, request: Request) -> Response:
        """Ask once, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            # In a thread, since the client library takes a second to import and others are waiting for the loop.
            await asyncio.to_thread(self._open, loop)
        return await super().complete(request)

    async def close(self) -> None:
        """Close the connections of this event loop; a later `complete` opens them again."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.root_async_client.close()

    def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._opening:
            if loop not in self._clients:
                try:
                    client = self._make()
                except Exception as error:  # each library in between refuses its surroundings in its own way
                    raise ProviderUnreachable(_no_client(self._endpoint, error)) from error
                self._hosted = (client.root_async_client.base_url.host or "").endswith("openai.com")
                self._clients[loop] = client

    def _make(self) -> Any:
        openai = importlib.import_module("openai")
        messages = importlib.import_module("converse_graph.models.openai_chat_model")
        timeout = openai.Timeout(self._timeout, connect=_CONNECT_TIMEOUT)
        # The library shares one HTTP client among all its models, whatever event loop they run in; this one is ours
        # to close. A proxy named in the environment is no way to this very machine.
        options: dict[str, Any] = {"timeout": timeout, "trust_env": not self.free}
        if not self.free and (proxy := os.environ.get("OPENAI_PROXY")):
            options["proxy"] = proxy
        # To read the machine's certificates takes longer than the rest; a context that has none trusts no server.
        no_server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        is_plain = self.free and (self._base_url or "").startswith("http://")
        http = openai.DefaultAsyncHttpxClient(**options, **({"verify": no_server} if is_plain else {}))
        return messages.WholeChatOpenAI(
            model=self.remote_name,
            base_url=self._base_url,
            api_key=self._key,
            use_responses_api=False,
            stream_usage=True,
            max_retries=0,
            timeout=timeout,
            stream_chunk_timeout=None,  # `_pieces` has one that does not lose a cancellation
            http_async_client=http,
            # Never used, and the library's own heeds other settings.
            http_client=openai.DefaultHttpxClient(**options, verify=no_server),
            openai_proxy="",
        )

    async def _learn_and_ask(self, request: Request) -> Response:
        """Ask, leaving out what the server turns out not to take."""
        unfit = 0
        while True:
            dialect = self._dialect
            try:
                return await self._ask(request, dialect)
            except Exception as error:  # the client library's classes; what is not conceded goes on
                failure = classify_failure(error)
                if failure is None:
                    raise
                if failure.is_filtered and not failure.passing:
                    return Response(text="", model=self.remote_name, finish="filtered")
                unfit += failure.is_unfit
                if unfit == 1 and failure.is_unfit:
                    continue  # what was sampled did not fit; what is sampled next may
                next_dialect = dialect.conceding(failure, request.settings)
                if next_dialect is None:
                    raise
            # Where a call at the same time has learnt already, that is tried first.
            if self._dialect == dialect:
                self._dialect = next_dialect

    async def _ask(self, request: Request, dialect: ServerCapabilities) -> Response:
        # The body is passed whole: given a `response_format`, the library parses the reply itself, and raises over
        # one that was cut for length instead of returning it.
        settings = self.defaults.merged(request.settings)
        window = window_by(settings, own=self.window, learnt=self.shown_window)
        bound = self._clients[asyncio.get_running_loop()].bind(
            extra_body=dialect.body(request, settings, hosted=self._hosted, window=window),
            **({"stream_usage": False} if "stream_options" in dialect.left_out else {}),
        )
        start = time.perf_counter()
        gathered_reply, is_ended = GatheredReply(sums_usage=False), False
        if request.on_delta:
            tell = redact_stream(self._endpoint.reply_secret, request.on_delta)
            async for piece in _pieces(bound, dialect.messages(request), self._timeout):
                is_ended = is_ended or bool(piece.response_metadata.get(_ENDED))
                if text := gathered_reply.add(piece):
                    tell(text)
                if gathered_reply.is_too_long:
                    break
            tell("")
        else:
            gathered_reply.add(await _whole(bound, dialect.messages(request)))
        usd = 0.0 if self.free else None
        names = frozenset(request.schema.get("properties", {}))
        reply = gathered_reply.reply(names, remote_name=self.remote_name, seconds=time.perf_counter() - start, usd=usd)
        reply = self._endpoint.without_key(reply)
        self._check(reply, names, is_ended=is_ended or bool(gathered_reply.reason) or gathered_reply.is_too_long)
        if not read_reply(reply.text, names).spoken and reply.finish != "filtered":
            self._give_room(reply, request, dialect, settings, window)
            raise IncompleteResponse(emptiness_of(reply), reply)
        return reply

    def _check(self, reply: Response, names: frozenset[str], *, is_ended: bool) -> None:
        """Let a whole reply pass.

        Raises:
            IncompleteResponse: It broke off.
        """
        read = read_reply(reply.text, names)
        # Some servers never say that a reply has ended; an object that is whole says so itself.
        if not is_ended and (read.values is None or not names <= read.values.keys()):
            raise IncompleteResponse("the reply broke off before its end", reply)

    def _give_room(
        self,
        reply: Response,
        request: Request,
        dialect: ServerCapabilities,
        settings: ModelSettings,
        window: int | None,
    ) -> None:
        """Give the next reply more room, where thoughts have used up this one's.

        Raises:
            ReplyRoomExhausted: There is no more to be given.
        """
        if reply.finish != "length" or settings.max_tokens:  # who says how long a reply is may mean it to be short
            return
        if (roomier := dialect.roomier()) and self._dialect == dialect:
            self._dialect = roomier
        room = dialect.longest_reply(request, settings, window)
        if self._dialect.longest_reply(request, settings, window) > room:
            return
        why = f"the window of {window:,}" if window else "this program"
        raise ReplyRoomExhausted(
            f"{emptiness_of(reply)}, and {why} gives it {room:,} at most: set --option thinking=none or low"
            + (", or --option context_window=N where the server takes more" if window else ""),
            reply,
        )


def _no_client(origin: Endpoint, error: Exception) -> str:
    """Say which of the surroundings keeps a client from being made."""
    names = [name for name in _SURROUNDINGS if os.environ.get(name)]
    about = [name for name in names if ("CERT" in name or "CA_" in name) == isinstance(error, OSError)]
    reason = origin.redact(str(error) or type(error).__name__).rstrip(".")
    check = f"check {', '.join(about or names)} in the environment" if names else "check the base URL"
    return f"No client for {origin} can be made: {reason}; {check}."


_SURROUNDINGS = (
    "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy",
    "OPENAI_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
"""Settings of the environment that clients heed."""


def _key(api_key: str | SecretStr | None, base_url: str | None) -> SecretStr:
    text = api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key or os.environ.get("OPENAI_API_KEY")
    if text:
        check_key("OPENAI_API_KEY" if text == os.environ.get("OPENAI_API_KEY") else "The key", text)
        return SecretStr(text)
    if base_url or os.environ.get("OPENAI_BASE_URL"):
        return _NO_KEY
    raise UsageError("A model of OpenAI needs a key: set OPENAI_API_KEY, or name a server by its base URL.")


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
    except MALFORMED as error:
        raise missing_completion_error(error) from error


async def _whole(bound: Any, messages: list[dict[str, str]]) -> Any:
    try:
        return await bound.ainvoke(messages)
    except MALFORMED as error:
        raise missing_completion_error(error) from error
