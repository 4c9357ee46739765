"""Simulated time: which periods there are, what they are called, and when they end."""

import re
from functools import lru_cache
from typing import Literal, Self, assert_never, get_args

from pydantic import model_validator

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.value import FrozenModel

Step = Literal["year", "half-year", "quarter", "month", "round"]

MAX_ROUNDS = 1_000_000
"""How many rounds a run may be told to play: more than any will, and fewer than a store can count."""
_PER_YEAR: dict[Step, int] = {"year": 1, "half-year": 2, "quarter": 4, "month": 12}
_MARK: dict[Step, str] = {"half-year": "H", "quarter": "Q"}


class Period(FrozenModel):
    """One step of simulated time, in which each party speaks once."""

    round: int
    """Position in the run, from 0."""
    label: str
    """How people and prompts call it: "2026", "2026 H2", "2026 Q3", "2026 M07", "round 4"."""
    year: int
    """The calendar year, or the number of the round on a clock of plain rounds."""


class Clock(FrozenModel):
    """Simulated time from `start` to the end of `end`, in equal steps."""

    start: int = 1
    """First year; on a clock of plain rounds the number of the first round."""
    end: int
    """Last year, all of it included; on a clock of plain rounds the number of the last round."""
    step: Step = "year"
    """How far one round moves the clock."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"the clock ends in {self.end}, before it starts in {self.start}; let end >= start")
        if self.start < 0 or self.end > 9999:
            raise ValueError(f"years run from 0 to 9999, not {self.start} to {self.end}")
        return self

    @property
    def rounds(self) -> int:
        """How many rounds there are up to the horizon."""
        return self.rounds_until(self.end)

    def horizon(self, until: int | None, rounds: int | None) -> int:
        """How many rounds a run plays.

        Args:
            until: The last year, all of it included; None for the clock's own.
            rounds: How many rounds, up to `MAX_ROUNDS`; goes before `until`.

        Raises:
            InvalidValue: That is none, more than a run takes, or lies before the start.
        """
        if rounds is not None:
            if not 1 <= rounds <= MAX_ROUNDS:
                raise InvalidValue(f"A run takes 1 to {MAX_ROUNDS} rounds, not {rounds}.")
            return rounds
        return self.rounds if until is None else self.rounds_until(until)

    def rounds_until(self, year: int) -> int:
        """How many rounds it takes to get through `year`, that year included.

        Args:
            year: The last one, all of it included.

        Raises:
            InvalidValue: The year lies before the clock starts.
        """
        if not self.start <= year <= 9999:
            raise InvalidValue(f"The clock starts in {self.start}: no run ends in {year}; name {self.start} to 9999.")
        return (year - self.start + 1) * _PER_YEAR.get(self.step, 1)

    def round_of(self, when: str | int) -> int:
        """The round that a period's name or a year means; of a year, its first.

        Args:
            when: A period as it is labelled, or a year for its first.

        Raises:
            InvalidValue: It is no period of this clock.
        """
        label = _squeezed(str(when))
        year = re.search(r"\d+", label)
        if year and int(year[0]) >= self.start:
            first = (int(year[0]) - self.start) * _PER_YEAR.get(self.step, 1)
            for round in range(first, first + _PER_YEAR.get(self.step, 1)):
                if label in (year[0], _squeezed(self.period(round).label)):
                    return round
        examples = f"{self.period(0).label!r}, {self.period(1).label!r} and so on"
        raise InvalidValue(f"No period {str(when)!r}; this clock has {examples}, and a year means its first period.")

    def years_between(self, first: int, last: int) -> float:
        """How much simulated time lies between two rounds: years, or on a clock of plain rounds their number.

        Args:
            first: A round, from 0.
            last: Another.
        """
        return (last - first) / _PER_YEAR.get(self.step, 1)

    def period(self, round: int) -> Period:
        """The period of a round, counted from 0; defined past the horizon too.

        Args:
            round: From 0.
        """
        return _period(self.start, self.step, round)


def _squeezed(label: str) -> str:
    """A label as it is compared: "2027 h2" and "2027H2" are the same period."""
    return "".join(label.split()).casefold()


@lru_cache(maxsize=4096)
def _period(start: int, step: Step, round: int) -> Period:
    per_year = _PER_YEAR.get(step, 1)
    year, part = start + round // per_year, round % per_year + 1
    match step:
        case "round":
            label = f"round {year}"
        case "year":
            label = str(year)
        case "half-year" | "quarter":
            label = f"{year} {_MARK[step]}{part}"
        case "month":
            label = f"{year} M{part:02d}"
        case _:
            assert_never(step)
    return Period(round=round, label=label, year=year)


STEPS: tuple[Step, ...] = get_args(Step)
"""All steps a clock can take."""
