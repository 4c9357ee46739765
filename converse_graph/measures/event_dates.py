"""When a scenario's events happened in a run: told from the public record and the rules in its header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.rules import Event
from converse_graph.scenarios.value import FrozenModel

_CONDITION = re.compile(r"\s*([A-Za-z_]\w*)(?:\.(p10|p50|p90))?\s*(==|=|!=|>=|<=|>|<)\s*(.+?)\s*")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "==": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    ">=": lambda one, other: bool(one >= other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    "<": lambda one, other: bool(one < other),
}


class EventDate(FrozenModel):
    """An event that has happened, and who reported it."""

    name: str
    round: int
    """In which enough parties had reported it, from 0."""
    period: str
    parties: tuple[str, ...]
    """Who had reported it by then, in the order of their reports."""


class Condition(FrozenModel):
    """A comparison of a field that a statement may fulfil, such as `agi_estimate.p50 <= 2030`."""

    field: str
    part: str | None = None
    """Of percentiles: "p10", "p50" or "p90"."""
    operator: str
    value: bool | float | str

    @property
    def text(self) -> str:
        """The comparison as one writes it."""
        return f"{self.field}{'.' + self.part if self.part else ''} {self.operator} {self.value}"

    def holds(self, statement: Statement) -> bool:
        """Tell whether a statement fulfils it; one without the field, or with a value of another type, does not.

        Args:
            statement: Any statement.
        """
        value = statement.fields.get(self.field)
        if self.part and isinstance(value, dict):
            value = value.get(self.part)
        if isinstance(value, list | tuple):
            return any(self._compare(entry) for entry in value)
        return self._compare(value)

    def _compare(self, value: Any) -> bool:
        if isinstance(value, bool) is not isinstance(self.value, bool) or value is None:
            return False
        if isinstance(value, int | float) is not isinstance(self.value, int | float):
            return False
        if isinstance(value, str) and isinstance(self.value, str):
            return _COMPARE[self.operator](value.casefold(), self.value.casefold())
        return _COMPARE[self.operator](value, self.value)


def event_dates(transcript: Transcript) -> tuple[EventDate, ...]:
    """Find when each of the scenario's events happened, in the order in which they did.

    Args:
        transcript: A record whose header names the rules (`awaited`).
    """
    dates = (_date(event, transcript) for event in transcript.header.awaited)
    return tuple(sorted((date for date in dates if date is not None), key=lambda date: date.round))


def _date(event: Event, transcript: Transcript) -> EventDate | None:
    parties: dict[str, None] = {}
    for statement in transcript.statements:
        if is_reported(event, statement.round, statement.fields):
            parties.setdefault(statement.speaker)
            if len(parties) >= event.parties:
                return _found(event.name, statement, parties)
    return None


def _found(name: str, statement: Statement, parties: dict[str, None]) -> EventDate:
    return EventDate(name=name, round=statement.round, period=statement.period, parties=tuple(parties))


def is_reported(event: Event, round: int, fields: dict[str, Any]) -> bool:
    """Tell whether a statement reports an event.

    Args:
        event: The rule.
        round: Of the statement, from 0.
        fields: What the statement reports.
    """
    value = fields.get(event.field)
    return round >= event.from_round and type(value) is type(event.equals) and value == event.equals


def parse_condition(text: str) -> Condition | None:
    """Read a comparison such as `agi_estimate.p50 <= 2030` or `offer_accepted = yes`; None for a plain name.

    Args:
        text: As a user wrote it.

    Raises:
        InvalidValue: It compares, and cannot be read.
    """
    if not re.search(r"[=<>]", text):
        return None
    read = _CONDITION.fullmatch(text)
    if read is None:
        raise InvalidValue(f"{text!r} is no comparison; write one such as 'agi_estimate.p50 <= 2030'.")
    field, part, operator, value = read.groups()
    return Condition(field=field, part=part, operator=operator, value=_value(value))


def _value(text: str) -> bool | float | str:
    if text.casefold() in {"yes", "true", "no", "false"}:
        return text.casefold() in {"yes", "true"}
    try:
        return float(text)
    except ValueError:
        return text.strip("'\"")


def condition_dates(condition: Condition, transcript: Transcript) -> Iterator[EventDate]:
    """Yield where statements fulfil a condition, in their order; the first is when it happened.

    Args:
        condition: What is compared.
        transcript: A public record.
    """
    for statement in transcript.statements:
        if condition.holds(statement):
            yield _found(condition.text, statement, {statement.speaker: None})
