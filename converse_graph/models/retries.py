"""The one retry layer: what may pass by itself is tried again, what will not pass is refused in one line."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

from converse_graph.errors import ContextLengthExceeded, ProviderRefused, ProviderUnreachable
from converse_graph.models.base import Response
from converse_graph.models.failures import Failure, IncompleteResponse, ReplyRoomExhausted, classify_failure
from converse_graph.models.rate_limit import RateLimiter
from converse_graph.models.redaction import is_placeholder
from converse_graph.models.reply_reader import KEY_REMOVED_NOTE

_LONGEST_QUOTE = 240
_KEY = re.compile(r"\b(?:sk|gsk|xai|pplx|key)-[\w*.-]{6,}|(?<=\bBearer )[^'\"\s][^'\"]*")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Who is asked, as the one line of an error names it."""

    model: str
    base_url: str | None = None
    key_name: str = "the provider's key"
    """Where the key comes from, such as "OPENAI_API_KEY"."""
    secret: str = field(default="", repr=False)
    """The key itself: it is cut out of every error, and out of replies unless it is a placeholder."""

    def __str__(self) -> str:
        """Model and address, without the user and password that an address may hold."""
        return f"{self.model} at {without_password(self.base_url)}" if self.base_url else self.model

    @property
    def reply_secret(self) -> str:
        """The key to cut out of a reply; empty for a placeholder, whose letters stand in ordinary words."""
        return "" if is_placeholder(self.secret) else self.secret

    def without_key(self, reply: Response) -> Response:
        """Return a reply without the key, which a server might give back; it says so where one was cut out."""
        if not self.reply_secret or self.reply_secret not in reply.text:
            return reply
        return replace(reply, text=reply.text.replace(self.reply_secret, "[key]") + KEY_REMOVED_NOTE)

    def redact(self, text: str) -> str:
        """One short line of `text`, without keys."""
        text = text.replace(self.secret, "[key]") if self.secret else text
        line = " ".join(_KEY.sub("[key]", text).split())
        return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently a model is asked: exponential backoff with full jitter.

    The wait before try n + 1 is uniform between 0 and `base` * 2^(n - 1) seconds, unless the server says how long
    to wait, which is honoured; both are capped.
    """

    tries: int = 4
    base: float = 1.0
    """Seconds."""
    cap: float = 60.0
    """Seconds; no wait is longer."""
    deadline: float = 1800.0
    """Seconds that all tries of a call may take together, waits included; a reply that drips for ever ends here."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    """Uniform in [0, 1)."""

    async def run(
        self,
        ask: Callable[[], Awaitable[Response]],
        origin: Endpoint,
        *,
        on_restart: Callable[[], None] | None = None,
        on_unusable: Callable[[Response], None] | None = None,
        gate: RateLimiter | None = None,
        tokens: int = 0,
    ) -> Response:
        """Ask until a whole reply comes.

        Args:
            ask: One try.
            origin: Who is asked.
            on_restart: Called before each further try.
            on_unusable: Called with each reply that is paid and not whole.
            gate: Of the provider, which all that ask it share; None for none.
            tokens: Of the prompt, as guessed, for a gate that weighs.

        Raises:
            ProviderUnreachable: All tries failed in ways that may pass, or took too long together.
            ProviderRefused: A try failed in a way that will not pass.
        """

        async def paid() -> Response:
            try:
                return await ask()
            except IncompleteResponse as broken:
                if on_unusable and broken.reply is not None:
                    on_unusable(broken.reply)
                raise

        try:
            async with asyncio.timeout(self.deadline):
                return await self._tried(paid, origin, on_restart, gate, tokens)
        except TimeoutError:
            raise ProviderUnreachable(
                f"No whole reply from {origin} in {self.deadline:g} seconds; it may be overloaded: try again later."
            ) from None

    async def _tried(
        self,
        ask: Callable[[], Awaitable[Response]],
        origin: Endpoint,
        on_restart: Callable[[], None] | None,
        gate: RateLimiter | None,
        tokens: int,
    ) -> Response:
        for attempt in range(1, self.tries + 1):
            if gate:
                await gate.enter(tokens)
            try:
                return await ask()
            except ReplyRoomExhausted as spent:
                raise ProviderRefused(f"{origin} has no room to answer: {spent}.") from None
            except Exception as error:  # each provider's client has classes of its own; what is no failure goes on
                new_failure = classify_failure(error)
                if new_failure is None:
                    raise
                failure = new_failure
            if not failure.passing:
                refuse(failure, origin)
            await self._wait_after(attempt, failure, on_restart, gate)
        raise ProviderUnreachable(
            f"No whole reply from {origin} after {self.tries} {'try' if self.tries == 1 else 'tries'}: "
            f"{_status(failure)}{origin.redact(failure.message)}; {_way_to(failure, origin)}."
        )

    async def _wait_after(
        self, attempt: int, failure: Failure, on_restart: Callable[[], None] | None, gate: RateLimiter | None
    ) -> None:
        """Wait for the next try, if there is one; and have all others wait too, where the provider asks us to."""
        if gate and failure.wait is not None:
            gate.close_for(min(self.cap, failure.wait))
        if attempt < self.tries:
            if on_restart:
                on_restart()
            await self.sleep(self._wait(attempt, failure))

    def _wait(self, attempt: int, failure: Failure) -> float:
        if failure.wait is not None:
            return min(self.cap, failure.wait)
        return float(self.chance() * min(self.cap, self.base * 2 ** (attempt - 1)))


def refuse(failure: Failure, origin: Endpoint) -> NoReturn:
    """Say in one line that the server will not serve us.

    Raises:
        ProviderRefused: Always; ContextLengthExceeded where that is why.
    """
    sentence = f"{origin} refused: {_status(failure)}{origin.redact(failure.message)}; {_way_out(failure, origin)}."
    raise (
        ContextLengthExceeded(sentence, limit=failure.limit) if failure.overflow else ProviderRefused(sentence)
    ) from None


def without_password(url: str) -> str:
    """An address without the user and password it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _status(failure: Failure) -> str:
    return "" if failure.status is None else f"HTTP {failure.status}: "


def _way_to(failure: Failure, origin: Endpoint) -> str:
    if failure.status is not None:
        return "try again later"
    if origin.base_url:
        return "check that the server is running and that the base URL is right (most end in /v1)"
    return "check the connection"


def _way_out(failure: Failure, origin: Endpoint) -> str:
    if failure.overflow:
        return "choose a model with a longer window, or give the scenario a smaller `window` or `length`"
    if failure.spent or failure.status == 429:
        return "the account's quota is spent: raise it, or choose another model"
    match failure.status:
        case 401 | 403:
            return f"check {origin.key_name}"
        case 404:
            return "check the model's name and the base URL (most end in /v1)"
        case _:
            return "choose another model, or a server that takes such requests"
