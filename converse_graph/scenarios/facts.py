"""What happened, with dates and a source: told period by period, and what forecasts of the past are held against."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.resources import search_path
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.scenarios.strict_yaml import load_yaml
from converse_graph.scenarios.value import FrozenModel, Identifier

_FOLDER = "facts"
_MONTHS = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}


class FactVariable(FrozenModel):
    """A number that facts are about."""

    unit: str
    fold: Literal["max", "last"] = "last"
    """What holds at a date: the largest value so far, or the latest."""
    sentence: str = "{name}: {value}"
    """How a fact is told: a sentence without its stop, with {name}, {by} and {value}."""


class ScoredField(FrozenModel):
    """A field of the parties' statements that facts decide on."""

    field: Identifier
    """Percentiles of the variable at the end of the period; or, with `at_least`, a probability."""
    variable: Identifier
    scale: Annotated[float, Bound(gt=0)] = 1.0
    """What a reported number is multiplied by: 0.01 for percent, 0.1 for tenths of the variable's unit."""
    at_least: float | None = None
    """The value that the variable has reached by then, where the field is the probability of that."""


class Fact(FrozenModel):
    """Something that happened at a date."""

    date: Annotated[str, Bound(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """Year, month and day, between quotation marks."""
    variable: Identifier | None = None
    value: float | None = None
    name: str = ""
    """What it is about, such as a model."""
    by: str = ""
    """Who did it."""
    text: str = ""
    """How it is told, in place of the variable's sentence; for what is no number, such as a law."""

    @model_validator(mode="after")
    def _is_a_fact(self) -> Self:
        dt.date.fromisoformat(self.date)
        if (self.variable is None) != (self.value is None) or not (self.text or self.variable):
            raise ValueError(f"the fact of {self.date} has neither a variable with its value nor a text")
        return self

    @property
    def day(self) -> dt.date:
        """When it happened."""
        return dt.date.fromisoformat(self.date)


class Facts(FrozenModel):
    """Dated facts from one source."""

    version: Literal[1]
    """Of the form of such files."""
    title: str
    """What they are facts of."""
    source: str
    """Where the figures are from."""
    licence: str
    """Under which they may be used."""
    variables: dict[str, FactVariable] = Bound(default_factory=dict)
    """What facts give numbers of, by name."""
    scores: tuple[ScoredField, ...] = ()
    """Which field of a statement forecasts which variable."""
    facts: tuple[Fact, ...]
    """What happened, each with its date."""

    @model_validator(mode="after")
    def _names_its_variables(self) -> Self:
        names = [fact.variable for fact in self.facts if fact.variable] + [score.variable for score in self.scores]
        for name in names:
            if name not in self.variables:
                raise ValueError(f"no variable {name!r}; there is: {', '.join(self.variables) or 'none'}")
        return self

    def between(self, first: int, last: int) -> Facts:
        """Take the facts of some years alone.

        Args:
            first: The first year.
            last: The last, counted in.
        """
        return self.model_copy(update={"facts": tuple(fact for fact in self.facts if first <= fact.day.year <= last)})

    def value(self, variable: str, before: dt.date) -> float | None:
        """Tell what a variable was just before a date; None where nothing is on record by then.

        Args:
            variable: One of `variables`.
            before: The date; what happened on it is not counted.
        """
        past = [fact for fact in self.facts if fact.variable == variable and fact.day < before]
        values = [fact.value for fact in sorted(past, key=lambda fact: fact.day) if fact.value is not None]
        if not values:
            return None
        return max(values) if self.variables[variable].fold == "max" else values[-1]

    def as_events(self, clock: Clock, *, background: int = 3) -> tuple[ScheduledEvent, ...]:
        """Tell facts as they happened: those of a period as the next one begins, earlier ones as the clock starts.

        Args:
            clock: Of the scenario; not one of plain rounds.
            background: Years before the start whose facts are told at the start.

        Raises:
            InvalidValue: The clock has no years, or a fact lies outside it and its background.
        """
        first, end = check_years(clock), period_start(clock, clock.rounds)
        earliest = dt.date(clock.start - background, 1, 1)
        by_round: dict[int, list[str]] = {}
        for fact in sorted(self.facts, key=lambda fact: fact.day):
            if not earliest <= fact.day < end:
                raise InvalidValue(
                    f"The fact of {fact.date} ({fact.name or fact.text}) lies outside the clock, which has "
                    f"{earliest.year} to {clock.end}; leave it out, or move the clock."
                )
            round = 0 if fact.day < first else _round_of(clock, fact.day) + 1
            if round < clock.rounds:
                by_round.setdefault(round, []).append(f"{fact.date}: {self._sentence(fact)}.")
        return tuple(
            ScheduledEvent(at=clock.period(round).label, text=" ".join(sentences))
            for round, sentences in sorted(by_round.items())
        )

    def _sentence(self, fact: Fact) -> str:
        if fact.text or fact.variable is None:
            return fact.text.rstrip(".")
        template = self.variables[fact.variable].sentence
        parts = {"{name}": fact.name, "{by}": fact.by, "{value}": f"{fact.value:g}"}
        for mark, words in parts.items():
            template = template.replace(mark, words)
        return template


def load_facts(reference: str | Path) -> Facts:
    """Read a file of facts.

    Args:
        reference: A file, or the name of one in `graphs/facts`, such as "training_compute".

    Raises:
        NotFound: There is no such file.
        InvalidValue: It is no file of facts; the message names what does not fit.
    """
    path = Path(reference)
    if not path.suffix:
        names = {file.stem: file for file in _bundled()}
        if str(reference) not in names:
            raise NotFound.among("file of facts", str(reference), sorted(names))
        path = names[str(reference)]
    return Facts(**load_yaml(path).values)


def _bundled() -> Iterator[Path]:
    for folder in reversed(search_path("graphs")):
        yield from sorted((folder / _FOLDER).glob("*.yaml"))


def check_years(clock: Clock) -> dt.date:
    """Give the first day of a clock.

    Args:
        clock: Any clock.

    Raises:
        InvalidValue: It counts plain rounds, which have no dates.
    """
    if clock.step not in _MONTHS:
        raise InvalidValue("Facts have dates, and this clock counts plain rounds; give it years with step: year.")
    return dt.date(clock.start, 1, 1)


def period_start(clock: Clock, round: int) -> dt.date:
    """Give the first day of a round, defined past the horizon too.

    Args:
        clock: One with years.
        round: From 0.
    """
    months = clock.start * 12 + round * _MONTHS[clock.step]
    return dt.date(months // 12, months % 12 + 1, 1)


def _round_of(clock: Clock, day: dt.date) -> int:
    return ((day.year - clock.start) * 12 + day.month - 1) // _MONTHS[clock.step]
