"""What a trace consists of, and the port to where traces go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Kind = Literal["round", "turn", "debate", "persona", "call", "outcome"]
"""What a span stands for. Rounds and the outcome of a run are traces; the others lie inside a round."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a call took."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int
    """Of `estimate_tokens`, those that the server had in its prefix cache."""
    usd: float | None
    """None where it is not known."""


@dataclass(kw_only=True, eq=False)
class Span:
    """Something that took time in a run, with what may be told of it."""

    name: str
    kind: Kind
    parent: Span | None
    began: datetime
    metadata: dict[str, Any]
    tags: list[str] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    ended: datetime | None = None
    error: str | None = None
    usage: Usage | None = None
    """Of a call that was answered."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """A figure that says something of a whole run."""

    key: str
    score: float
    source: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: rubric, judge, how often judged."""
    comment: str | None = None


class Exporter(Protocol):
    """Where spans go. It raises nothing: what goes wrong is said once, and the run goes on."""

    def begin(self, span: Span) -> None:
        """A span has begun; one of kind "call" is told of as it ends, whole."""

    def finish(self, span: Span) -> None:
        """A span has ended; nothing of it changes any more."""

    async def send_feedback(self, span: Span, feedback: list[Feedback]) -> None:
        """Attach figures to a span that has ended."""

    async def flush(self) -> None:
        """Return once what was told is sent, or after a bound that no run should wait longer than."""

    async def close(self) -> None:
        """Flush, and let go of connections."""
