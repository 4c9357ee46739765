"""Chance in a world: one stream of the run's seed for each purpose, so that two arms with one seed meet the same.

A draw is a hash of seed and purpose, which numpy can reckon for many seeds at once (`batch.py`) to the last bit.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from math import exp, log
from statistics import NormalDist

from converse_graph.scenarios.world_tables import Distribution, Lognormal, Quantiles, Uniform

_NORMAL = NormalDist()
_P90 = _NORMAL.inv_cdf(0.9)
_LEAST_SHARE = 1e-12
"""Draws of 0, of which a normal distribution has no quantile, count as this."""

MASK = (1 << 64) - 1
"""Seeds and hashes are whole numbers of 64 bits; of a larger seed the last 64 count."""
STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""Shifts and factors of the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014; Stafford's variant 13)."""
LAST_SHIFT = 31
INCREMENT = 0x9E3779B97F4A7C15
"""2 to the 64th by the golden ratio, odd: it keeps the seed 0 from being hashed to 0."""
UNIT = 2.0**-53
"""A share is a hash's upper 53 bits, as many as a float has, times this."""


def purpose_key(purpose: str) -> int:
    """Hash what a draw is for.

    Args:
        purpose: What for, with the round: another purpose is another stream.
    """
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "big")


def draw_share(seed: int, purpose: str) -> float:
    """Draw a number from 0 to 1, below 1.

    Args:
        seed: Of the run.
        purpose: What for, with the round: another purpose is another stream.
    """
    return (_mix(_mix((seed + INCREMENT) & MASK) ^ purpose_key(purpose)) >> 11) * UNIT


def draw_amount(amount: float | Distribution, seed: int, purpose: str) -> float:
    """Draw an amount; one that is fixed is as it is.

    Args:
        amount: Fixed, or what it is drawn from.
        seed: Of the run.
        purpose: As of `draw_share`.
    """
    return amount if isinstance(amount, float | int) else quantile(amount, draw_share(seed, purpose))


def quantile(distribution: Distribution, share: float) -> float:
    """The value of a distribution below which this share of its draws lies.

    Args:
        distribution: What is drawn from.
        share: From 0 to 1.
    """
    match distribution:
        case Uniform(low=low, high=high):
            return low + (high - low) * share
        case Lognormal(p10=p10, p90=p90):
            middle, spread = log(p10 * p90) / 2, log(p90 / p10) / (2 * _P90)
            return exp(middle + spread * _NORMAL.inv_cdf(min(max(share, _LEAST_SHARE), 1 - _LEAST_SHARE)))
        case Quantiles(quantiles=table):
            return _between(table, share)


def _between(rows: Sequence[tuple[float, float]], share: float) -> float:
    for (p, value), (next_p, next_value) in pairwise(rows):
        if share <= next_p:
            return value + (next_value - value) * (share - p) / (next_p - p)
    return rows[-1][1]


def _mix(number: int) -> int:
    for shift, factor in STEPS:
        number = ((number ^ (number >> shift)) * factor) & MASK
    return number ^ (number >> LAST_SHIFT)
