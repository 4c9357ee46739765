"""One gate a provider, for all runs of a process: how often it may be asked, and when it wants to be left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aiolimiter import AsyncLimiter

from converse_graph.errors import InvalidValue

_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a provider may be asked for; None for as much as it takes."""

    requests: float | None = None
    """Requests a minute, evenly spread."""
    tokens: float | None = None
    """Tokens of prompts a minute, as we guess them; a minute's worth may go at once."""


class RateLimiter:
    """Lets requests through to one provider, in the order in which they came."""

    def __init__(self, limits: Limits) -> None:
        """Open, within limits."""
        self._paced = AsyncLimiter(1, _MINUTE / limits.requests) if limits.requests else None
        self._weighed = AsyncLimiter(limits.tokens, _MINUTE) if limits.tokens else None
        self._most = limits.tokens or 0.0
        self._closed_until = 0.0

    async def enter(self, tokens: int) -> None:
        """Wait until a request of that many tokens may be sent."""
        if self._paced:
            await self._paced.acquire()
        if self._weighed:
            await self._weighed.acquire(min(float(tokens), self._most))
        now = asyncio.get_running_loop().time
        while (left := self._closed_until - now()) > 0:  # noqa: ASYNC110 - it may be closed for longer meanwhile
            await asyncio.sleep(left)

    def close_for(self, seconds: float) -> None:
        """Let nobody through for a while: the provider has asked one of us to wait, and means all."""
        self._closed_until = max(self._closed_until, asyncio.get_running_loop().time() + seconds)


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, Limits], RateLimiter]] = WeakKeyDictionary()


def limiter_for(provider: str, limits: Limits) -> RateLimiter:
    """The gate of a provider; the same for all who ask it under these limits in this event loop."""
    gates = _gates.setdefault(asyncio.get_running_loop(), {})
    return gates.setdefault((provider, limits), RateLimiter(limits))


def limits_for(environ: Mapping[str, str]) -> Limits:
    """The limits that the environment sets: CONVERSE_RPM and CONVERSE_TPM, requests and tokens a minute.

    Raises:
        InvalidValue: One is no number above 0.
    """
    return Limits(requests=_rate(environ, "CONVERSE_RPM"), tokens=_rate(environ, "CONVERSE_TPM"))


def _rate(environ: Mapping[str, str], name: str) -> float | None:
    setting = environ.get(name)
    if not setting:
        return None
    try:
        rate = float(setting)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise InvalidValue(f"{name} is {setting!r}; it takes a number a minute above 0, such as 60.")
    return rate
