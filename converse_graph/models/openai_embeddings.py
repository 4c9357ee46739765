"""Embedders behind OpenAI's embeddings API: OpenAI itself, Ollama, vLLM, LM Studio, llama.cpp and the like."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any

from converse_graph.models.base import Response
from converse_graph.models.embeddings import EmbeddingResult
from converse_graph.models.failures import IncompleteResponse
from converse_graph.models.openai_compatible import is_loopback
from converse_graph.models.rate_limit import Limits, limiter_for
from converse_graph.models.retries import Endpoint, RetryPolicy
from converse_graph.models.tokens import estimate_tokens

TIMEOUT = 60.0
"""Seconds for one try: a run can do without, and others wait."""
_TRIES = 2


class OpenAIEmbedder:
    """A model behind OpenAI's embeddings API, through its client library."""

    instant = False

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        name: str | None = None,
        timeout: float = TIMEOUT,
        retries: RetryPolicy | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Name a model and its server. Nothing is sent before the first `embed`.

        Args:
            model: As the server calls it.
            base_url: Where its API begins; None for OpenAI itself.
            api_key: A server of one's own is sent a placeholder where there is none.
            name: How a user names it; None for MODEL.
            timeout: Seconds for one try.
            retries: None for two tries.
            limits: How much its server may be asked for; None for as much as it takes.
        """
        self.model = name or model
        self.remote_name = model
        self.free, self._limits = is_loopback(base_url), limits or Limits()
        self._base_url, self._key, self._timeout = base_url, api_key or "none", timeout
        self._retries = retries or RetryPolicy(tries=_TRIES, deadline=2 * TIMEOUT)
        self._origin = Endpoint(model=self.model, base_url=base_url, key_name="OPENAI_API_KEY", secret=api_key or "")
        self._client: Any = None

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        """Turn texts into vectors, retrying what may pass by itself.

        Raises:
            ProviderUnreachable: No whole answer came.
            ProviderRefused: The server answered that it will not serve the request.
        """
        if self._client is None:
            self._client = await asyncio.to_thread(self._open)
        results: list[EmbeddingResult] = []

        async def ask() -> Response:
            answer = await self._client.embeddings.create(
                model=self.remote_name, input=list(texts), encoding_format="float"
            )
            results.append(_read(answer, len(texts), free=self.free))
            return Response(text="", model=self.model)

        await self._retries.run(
            ask,
            self._origin,
            gate=limiter_for(self._base_url or "openai", self._limits),
            tokens=sum(map(estimate_tokens, texts)),
        )
        return results[-1]

    async def close(self) -> None:
        """Close the connections; a later `embed` opens them again."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _open(self) -> Any:
        """In a thread, since the client library takes a second to import and others are waiting for the loop."""
        openai = importlib.import_module("openai")
        timeout = openai.Timeout(self._timeout, connect=10.0)
        http = openai.DefaultAsyncHttpxClient(timeout=timeout, trust_env=not self.free)
        return openai.AsyncOpenAI(
            base_url=self._base_url, api_key=self._key, max_retries=0, timeout=timeout, http_client=http
        )


def _read(answer: Any, count: int, *, free: bool) -> EmbeddingResult:
    """The vectors in the order of the texts; a server may send them in another.

    Raises:
        IncompleteResponse: It is not one vector for each text, all of one size.
    """
    try:
        rows = sorted(answer.data, key=lambda row: row.index)
        vectors = tuple(tuple(map(float, row.embedding)) for row in rows)
    except (AttributeError, TypeError, ValueError) as error:
        raise IncompleteResponse(f"the answer is no list of embeddings ({type(error).__name__})") from error
    if len(vectors) != count or len({len(vector) for vector in vectors}) != 1:
        raise IncompleteResponse(f"{len(vectors)} embeddings came for {count} texts, or not all of one size")
    usage = getattr(answer, "usage", None)
    return EmbeddingResult(
        vectors=vectors, tokens=getattr(usage, "prompt_tokens", None) or 0, usd=0.0 if free else None
    )
