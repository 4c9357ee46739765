"""A hard stop on what a run may spend: looked at before every call and every turn, charged after every call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from pydantic import Field as Bound

from converse_graph.errors import BudgetExceeded
from converse_graph.models.base import Response
from converse_graph.scenarios.value import FrozenModel


class Budget(FrozenModel):
    """Bounds on a run; it pauses where it can be resumed once one of them is reached. None for no bound."""

    usd: Annotated[float, Bound(gt=0)] | None = None
    """Dollars of the whole run, all its sessions and its judges included."""
    tokens: Annotated[int, Bound(ge=1)] | None = None
    """Tokens of the whole run, prompts and replies."""
    turns: Annotated[int, Bound(ge=1)] | None = None
    """Turns of the table in this session."""
    minutes: Annotated[float, Bound(gt=0)] | None = None
    """Minutes of this session."""


class BudgetTracker:
    """What a run has spent of its budget.

    Calls that are under way when a bound is reached are paid for and kept, so that a run may exceed its bound by as
    many calls as are made at once: one at a listed table, one for each party at a simultaneous one.
    """

    def __init__(self, budget: Budget, *, usd: float, tokens: int, now: Callable[[], float] = time.monotonic) -> None:
        """Begin a session of a run.

        Args:
            budget: The bounds.
            usd: Spent before.
            tokens: Spent before.
            now: Seconds on a clock that only goes forward.
        """
        self._budget, self._now = budget, now
        self._usd, self._tokens, self._began = usd, tokens, now()
        self._turns: set[str] = set()

    def check(self) -> None:
        """Let a call be made, or not.

        Raises:
            BudgetExceeded: A bound is reached.
        """
        budget = self._budget
        minutes = (self._now() - self._began) / 60
        if budget.usd is not None and self._usd >= budget.usd:
            raise BudgetExceeded(f"The budget of ${budget.usd:g} is spent: ${self._usd:.4f} so far; raise --max-usd.")
        if budget.tokens is not None and self._tokens >= budget.tokens:
            raise BudgetExceeded(
                f"The budget of {budget.tokens:,} tokens is spent: {self._tokens:,} so far; raise --max-tokens."
            )
        if budget.minutes is not None and minutes >= budget.minutes:
            raise BudgetExceeded(f"The {budget.minutes:g} minutes of this session are over; resume for more.")

    def take_turn(self, place: str) -> None:
        """Let a party take a turn, or not. One that was paused and is begun again is the same turn.

        Args:
            place: Of the turn.

        Raises:
            BudgetExceeded: A bound is reached.
        """
        self.check()
        if self._budget.turns is not None and len(self._turns - {place}) >= self._budget.turns:
            raise BudgetExceeded(f"The {self._budget.turns} turns of this session are over; resume for more.")
        self._turns.add(place)

    def charge(self, reply: Response) -> None:
        """Add a call."""
        self._usd += reply.usd or 0.0
        self._tokens += reply.input_tokens + reply.output_tokens


def build_budget_tracker(budget: Budget | None, *, usd: float | None, tokens: int) -> BudgetTracker | None:
    """What is spent so far of a budget; None where there is none.

    Args:
        budget: The bounds of a run.
        usd: What it has spent, in dollars; None where that is not known.
        tokens: How many tokens its prompts and replies had.
    """
    return None if budget is None else BudgetTracker(budget, usd=usd or 0.0, tokens=tokens)
