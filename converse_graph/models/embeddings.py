"""The port to embedders, which turn texts into vectors that lie near each other where the texts mean the same."""

from __future__ import annotations

import base64
import json
import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from converse_graph.errors import ConverseError

Vector = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class EmbeddingResult:
    """What an embedder made of texts."""

    vectors: tuple[Vector, ...]
    """One for each text, in order."""
    tokens: int = 0
    """That were charged; 0 where nobody counts."""
    usd: float | None = None
    """Cost where it is known; 0 for an embedder that runs here."""


class Embedder(Protocol):
    """Turns texts into vectors, the same text always into the same.

    One that costs nothing may say so by an attribute `free`.
    """

    @property
    def model(self) -> str:
        """How a user names it, such as "words" or "openai:text-embedding-3-small"."""

    @property
    def instant(self) -> bool:
        """Whether it costs so little that its vectors are made anew rather than kept in the journal."""

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        """Turn texts into vectors.

        Args:
            texts: One or more.

        Raises:
            Exception: Whatever went wrong; who asked does without.
        """

    async def close(self) -> None:
        """Let go of connections."""


class EmbeddingFailed(ConverseError):
    """An embedder gave no vectors; the message is for the record, and quotes nothing of what was sent."""


def normalise(vector: Sequence[float]) -> Vector:
    """A vector of length 1 in the same direction, as half-precision numbers; one of zeros stays as it is.

    It is rounded at once and not only when it is kept, so that a run that goes on ranks by the same numbers as one that
    has read them back. Of a cosine of unit vectors, half precision changes the third digit at most.

    Raises:
        EmbeddingFailed: It holds something that is no finite number.
    """
    length = math.hypot(*vector)
    if 0 < length < sys.float_info.min * 2**52:  # so near to zero numbers have few digits, and a length has fewer
        return normalise([number * 2.0**600 for number in vector])
    if not vector or not math.isfinite(length):
        raise EmbeddingFailed("the embedder gave a vector that is empty or not finite")
    shape = f"<{len(vector)}e"
    return struct.unpack(shape, struct.pack(shape, *(number / (length or 1.0) for number in vector)))


def encode_vectors(vectors: Sequence[Vector]) -> str:
    """Unit vectors of one size as a JSON text, two bytes a number."""
    size = len(vectors[0])
    raw = struct.pack(f"<{size * len(vectors)}e", *(number for vector in vectors for number in vector))
    return json.dumps({"size": size, "vectors": base64.b64encode(raw).decode()})


def decode_vectors(text: str) -> tuple[Vector, ...]:
    """The vectors that `encode_vectors` made a text of."""
    answer = json.loads(text)
    raw, size = base64.b64decode(answer["vectors"]), int(answer["size"])
    return tuple(struct.iter_unpack(f"<{size}e", raw))
