"""Ranks what could be recalled, and chooses: pure functions of numbers.

The score is a weighted sum of recency, importance and relevance, as in Park et al., "Generative Agents"
(arXiv 2304.03442), section 4.1. Recency decays with the simulated years that lie between, not with a record's rank
among others, so that what somebody else has said since makes nothing older.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from converse_graph.scenarios.keeping import Recall


@dataclass(frozen=True, kw_only=True)
class Weighed:
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


def spread(similarities: Mapping[str, float]) -> dict[str, float]:
    """Cosines as relevances from 0, for the least, to 1; all 0 where they are the same.

    Cosines of one embedder lie between 0.7 and 0.9, of another between 0 and 0.3. What counts is which is the nearest.
    """
    least, most = min(similarities.values(), default=0.0), max(similarities.values(), default=0.0)
    if most <= least:
        return dict.fromkeys(similarities, 0.0)
    return {name: (cosine - least) / (most - least) for name, cosine in similarities.items()}


def score(record: Weighed, relevance: float, recall: Recall) -> float:
    """How much a record should be recalled.

    Args:
        record: What is ranked.
        relevance: 0 to 1.
        recall: The weights, and how fast time passes.
    """
    recent = recency(record.years, recall.half_life)
    return recall.recency * recent + recall.importance * record.importance + recall.relevance * relevance


def chosen(records: Sequence[Weighed], similarities: Mapping[str, float], recall: Recall) -> tuple[str, ...]:
    """The names of the records that are recalled, the best first; of equals the younger, then by name.

    One that no longer fits the tokens is passed over for the next that does.

    Args:
        records: What could be recalled.
        similarities: The cosine of each with what is talked of, by name; empty where nobody could tell.
        recall: Weights and bounds.
    """
    relevances = spread(similarities)
    ranked = sorted(
        records,
        key=lambda record: (-score(record, relevances.get(record.name, 0.0), recall), record.years, record.name),
    )
    taken: list[str] = []
    left = recall.tokens
    for record in ranked:
        if len(taken) == recall.most:
            break
        if record.tokens <= left:
            taken.append(record.name)
            left -= record.tokens
    return tuple(taken)
