"""Ranks what could be recalled, and chooses: pure functions of numbers.

The score is a weighted sum of recency, importance and relevance, as in Park et al., "Generative Agents"
(arXiv 2304.03442), section 4.1. Recency decays with the simulated years that lie between, not with a record's rank
among others, so that what somebody else has said since makes nothing older.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from converse_graph.scenarios.memory_settings import Recall


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A record as far as its rank is concerned."""

    name: str
    """What tells it from others."""
    years: float
    """Since it was made, in simulated time; not below 0."""
    importance: float
    """0 to 1."""
    tokens: int


def recency(years: float, half_life: float) -> float:
    """How recent something is: 1 for now, a half after `half_life` years, and so on.

    Args:
        years: Since then, in simulated time; not below 0.
        half_life: In years, above 0.
    """
    return float(0.5 ** (years / half_life))


@dataclass(frozen=True, kw_only=True)
class CueScores:
    """How near records come to one thing that is talked of."""

    weight: float
    """How much it counts: 1 for what is asked, less for what was merely said; above 0."""
    cosines: Mapping[str, float]
    """By the name of the record."""


def relevances(likenesses: Iterable[CueScores]) -> dict[str, float]:
    """How relevant each record is, 0 to 1: by how far it stands out from the others for anything that is talked of.

    The cosines of one embedder lie between 0.7 and 0.9, of another between 0 and 0.3, and to a common phrase all is
    near. So each is counted in standard deviations above the mean of its kind. Of these, weighted, the greatest is
    taken, and the greatest of all becomes 1.

    Args:
        likenesses: One for each thing that is talked of.
    """
    scores: dict[str, float] = {}
    for likeness in likenesses:
        cosines = likeness.cosines.values()
        mean, deviation = fmean(cosines) if cosines else 0.0, pstdev(cosines) if cosines else 0.0
        for name, cosine in likeness.cosines.items():
            # Of records all alike none stands out; what is left of their differences is rounding.
            out = likeness.weight * (cosine - mean) / deviation if deviation > _ROUNDING else 0.0
            scores[name] = max(out, scores.get(name, 0.0))
    most = max(scores.values(), default=0.0) or 1.0
    return {name: out / most for name, out in scores.items()}


_ROUNDING = 1e-6


def score(record: Candidate, relevance: float, recall: Recall) -> float:
    """How much a record should be recalled.

    Args:
        record: What is ranked.
        relevance: 0 to 1.
        recall: The weights, and how fast time passes.
    """
    recent = recency(record.years, recall.half_life)
    return recall.recency * recent + recall.importance * record.importance + recall.relevance * relevance


def select(records: Sequence[Candidate], relevant: Mapping[str, float], recall: Recall) -> tuple[str, ...]:
    """The names of the records that are recalled, the best first; of equals the younger, then by name.

    One that no longer fits the tokens is passed over for the next that does.

    Args:
        records: What could be recalled.
        relevant: How relevant each is, 0 to 1, by name; empty where nobody could tell.
        recall: Weights and bounds.
    """
    ranking = sorted(
        records, key=lambda record: (-score(record, relevant.get(record.name, 0.0), recall), record.years, record.name)
    )
    chosen_sources: list[str] = []
    left = recall.max_tokens
    for record in ranking:
        if len(chosen_sources) == recall.max_records:
            break
        if record.tokens <= left:
            chosen_sources.append(record.name)
            left -= record.tokens
    return tuple(chosen_sources)
