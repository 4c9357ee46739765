"""What every adapter to a server of models has in common: it retries, and learns how much the server takes."""

from abc import ABC, abstractmethod

from converse_graph.errors import ContextLengthExceeded
from converse_graph.models.base import Request, Response
from converse_graph.models.capabilities import ServerCapabilities
from converse_graph.models.rate_limit import Limits, limiter_for
from converse_graph.models.retries import Endpoint, RetryPolicy
from converse_graph.models.tokens import estimate_tokens

_LEAST_WINDOW = 512
"""Tokens; a lesser number in a server's words is none of a window."""


class ServerAdapter(ABC):
    """Asks a server, again where what went wrong may pass by itself."""

    def __init__(self, endpoint: Endpoint, retries: RetryPolicy | None, *, shares_limits_with: str) -> None:
        """Nothing is known of the server yet, and nothing is sent.

        Args:
            endpoint: Who is asked.
            retries: None for four tries.
            shares_limits_with: What models have in common that are counted together against a rate limit.
        """
        self.limits = Limits()
        self.shown_window: int | None = None
        """Tokens that its server has shown that it takes, by refusing or cutting more; None before it has."""
        self._endpoint = endpoint
        self._retries = retries or RetryPolicy()
        self._shares_limits_with = shares_limits_with
        self._dialect = ServerCapabilities()

    async def complete(self, request: Request) -> Response:
        """Ask once, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole reply came, however often it was tried.
            ProviderRefused: The server answered that it will not serve the request.
        """
        try:
            return await self._retries.run(
                lambda: self._learn_and_ask(request),
                self._endpoint,
                on_restart=request.on_restart,
                on_unusable=request.on_unusable,
                gate=limiter_for(self._shares_limits_with, self.limits),
                tokens=sum(estimate_tokens(part.text) for part in request.messages),
            )
        except ContextLengthExceeded as refused:
            self.learn_window(refused.limit)
            raise

    def learn_window(self, limit: int | None) -> None:
        """Take no more tokens from now on than the server has shown that it takes; None where it names no number."""
        if limit is not None and limit >= _LEAST_WINDOW:
            self.shown_window = limit if self.shown_window is None else min(self.shown_window, limit)

    @abstractmethod
    async def _learn_and_ask(self, request: Request) -> Response:
        """Ask once; where the server does not take how it was asked, ask otherwise."""


def emptiness_of(reply: Response) -> str:
    """Say what there is of a reply that says nothing."""
    if not reply.text.strip():
        return "the reply is empty"
    tokens = f", {reply.output_tokens:,} tokens of them" if reply.output_tokens else ""
    return f"the reply is thoughts alone{tokens}"
