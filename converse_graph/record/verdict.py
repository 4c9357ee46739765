"""What a judge made of a run, as values."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Bound

from converse_graph.scenarios.value import FrozenModel, Identifier


class Score(FrozenModel):
    """A judge's answer to one question of its rubric."""

    question: Identifier
    """The question, by its name in the rubric."""
    party: str | None = None
    """Whom it is about; None for the whole run."""
    score: Annotated[int, Bound(ge=1, le=10)] | None = None
    """1 to 10; None where the judge found the question not applicable, or made no usable reply."""
    reason: str = ""
    """Why, in the judge's words."""
    quotation: str = ""
    """What the judge quotes for it, word for word as it gave it."""
    source: str | None = None
    """The statement in which code found the quotation, such as "2026 H2, OpenAI"; None where it is in none."""
    problem: str | None = None
    """Why there is no answer, where the judge made no usable reply."""

    @property
    def verified(self) -> bool:
        """Whether the quotation is really in the transcript."""
        return self.source is not None


class Verdict(FrozenModel):
    """What a judge made of the public record of a run."""

    rubric: str
    """The name of what it was asked."""
    model: str
    """The judge."""
    repeat: Annotated[int, Bound(ge=1)] = 1
    """Which judging by this model, from 1."""
    statements: int
    """How many statements it read: fewer than the transcript has, where the run went on after."""
    parts: Annotated[int, Bound(ge=1)] = 1
    """In how many parts it read them, each without the others."""
    summary: str = ""
    """What happened, in the judge's words."""
    problem: str | None = None
    """Why there is no summary."""
    scores: tuple[Score, ...] = ()
    """An answer to each question, of each party where it is asked of each."""
