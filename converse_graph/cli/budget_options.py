"""What a run may spend, and by which prices, as the command line was told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from converse_graph.calls.budget import Budget
from converse_graph.models.prices import Prices, load_prices


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a run may spend, and by which prices."""

    budget: Budget | None = None
    prices: Prices | None = None


def read_bounds(
    usd: float | None, tokens: int | None, turns: int | None, minutes: float | None, prices: Path | None
) -> Bounds:
    """The bounds that were given.

    Raises:
        InvalidValue: One is no bound, or the file holds no prices.
        UnknownName: There is no file of prices.
    """
    given = (usd, tokens, turns, minutes)
    return Bounds(
        budget=None if given == (None,) * 4 else Budget(usd=usd, tokens=tokens, turns=turns, minutes=minutes),
        prices=load_prices(prices) if prices else None,
    )
