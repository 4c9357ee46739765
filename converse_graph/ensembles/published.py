"""What others have forecast, each for an event of its own: figures with their sources, to hold beside a forecast."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

from converse_graph.scenarios.value import FrozenModel

_FILE = Path(__file__).with_name("published_forecasts.csv")
_TOPIC = {"agi", "ai", "hlmi", "superintelligence"}
"""Words of an event that these forecasts are about."""


class PublishedForecast(FrozenModel):
    """A probability by a year, as somebody has published it."""

    source: str
    published: str
    """Year and month."""
    respondents: str
    """Whose judgement it is."""
    event: str
    """What was asked: no two sources mean quite the same."""
    probability: float
    year: int
    evidence: str
    """What the figure was taken from."""
    url: str


@lru_cache(1)
def published_forecasts() -> tuple[PublishedForecast, ...]:
    """Read the forecasts that come with the package."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            PublishedForecast(**{**row, "probability": float(row["probability"]), "year": int(row["year"])})
            for row in csv.DictReader(file)
        )


def published_beside(event: str) -> tuple[PublishedForecast, ...]:
    """Choose the forecasts that can stand beside an event: those on AI where its name is about that, else none.

    Args:
        event: Its name, or an expression.
    """
    words = set(event.casefold().replace("_", " ").replace(".", " ").split())
    return published_forecasts() if words & _TOPIC else ()
