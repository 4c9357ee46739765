"""When a statement was made, as people write it: years, halves, quarters, months, dates and rounds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.clock import Clock, Step

PERIOD = (
    r"(?:[12]\d{3}(?:[ -]?[HQ][1-4]|[ -]?M\d{1,2}|-\d{2}(?:-\d{2})?(?:[T ]\d{2}:\d{2}\S*)?)?"
    r"|(?:round|turn|year)[ #]*\d{1,4})"
)
"""A period as it is read; a year has four digits and begins with 1 or 2."""
_YEAR = re.compile(
    r"([12]\d{3})(?:[ -]?([HQ])([1-4])|[ -]?M(\d{1,2})|-(\d{2})(?:-\d{2})?(?:[T ]\d{2}:\d{2}\S*)?)?", re.I
)
_ROUND = re.compile(r"(round|turn|year)?[ #]*(\d{1,4})", re.I)
_MONTHS: dict[Step, int] = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}
_MARKS: dict[str, Step] = {"h": "half-year", "q": "quarter"}


@dataclass(frozen=True, kw_only=True)
class PeriodLabel:
    """A period that a file names."""

    step: Step
    """How exact it is."""
    at: int
    """Months since the year 0, or the number of a round."""


def read_label(text: str) -> PeriodLabel | None:
    """Read a period such as "2026", "2026 H2", "2026-07-01" or "round 3"; None for anything else.

    Args:
        text: As a file has it.
    """
    label = text.strip()
    if year := _YEAR.fullmatch(label):
        mark, part, *months = year.groups()[1:]
        month = next((int(value) for value in months if value), None)
        if mark:
            step = _MARKS[mark.casefold()]
            month = (int(part) - 1) * _MONTHS[step] + 1
        else:
            step = "year" if month is None else "month"
        if 1 <= (month or 1) <= 12:
            return PeriodLabel(step=step, at=int(year[1]) * 12 + (month or 1) - 1)
        return None
    round_match = _ROUND.fullmatch(label)
    return PeriodLabel(step="round", at=int(round_match[2])) if round_match and round_match[1] else None


def infer_clock(labels: Sequence[PeriodLabel | None], rounds: int, start: int | None) -> Clock:
    """Make the clock that a conversation goes by: as fine as its finest label, from its first to its last period.

    Args:
        labels: Of the statements, None where there is none.
        rounds: How many rounds there are where nothing is labelled.
        start: The first year, where the user names one.

    Raises:
        InvalidValue: Some labels are years and some are numbers of rounds.
    """
    steps = {label.step for label in labels if label}
    if len(steps) > 1 and "round" in steps:
        raise InvalidValue("Some statements are labelled by years and some by rounds; label all of them in one way.")
    if not steps or steps == {"round"}:
        numbers = [label.at for label in labels if label]
        if start is not None:
            return Clock(start=start, end=start + max(1, rounds, *_spans(numbers)) - 1)
        first = min(numbers, default=1)
        return Clock(start=first, end=max(first + rounds - 1, *numbers, first), step="round")
    step = min(steps, key=lambda one: _MONTHS[one])
    years = [label.at // 12 for label in labels if label]
    return Clock(start=min(years) if start is None else start, end=max(*years, start or 0), step=step)


def _spans(numbers: Iterable[int]) -> list[int]:
    values = list(numbers)
    return [max(values) - min(values) + 1] if values else [1]


def round_in(clock: Clock, label: PeriodLabel, first: int) -> int:
    """Tell which round of a clock a label means; below 0 where it lies before the start.

    Args:
        clock: As `infer_clock` made it.
        label: Of a statement.
        first: The first number of a round that was labelled, where the clock has years all the same.
    """
    if label.step == "round":
        return label.at - (clock.start if clock.step == "round" else first)
    return (label.at - clock.start * 12) // _MONTHS[clock.step]
