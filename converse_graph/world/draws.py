"""Chance in a world: one stream of the run's seed for each purpose, so that two arms with one seed meet the same."""

import random

from converse_graph.scenarios.world import Uniform


def draw_share(seed: int, purpose: str) -> float:
    """Draw a number from 0 to 1, below 1.

    Args:
        seed: Of the run.
        purpose: What for, with the round: another purpose is another stream.
    """
    return random.Random(f"{seed}|world|{purpose}").random()


def draw_amount(amount: float | Uniform, seed: int, purpose: str) -> float:
    """Draw an amount; one that is fixed is as it is.

    Args:
        amount: Fixed, or what it is drawn from.
        seed: Of the run.
        purpose: As of `draw_share`.
    """
    if isinstance(amount, Uniform):
        return amount.low + (amount.high - amount.low) * draw_share(seed, purpose)
    return amount
