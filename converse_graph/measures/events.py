"""A ledger of events, folded from the fields of the statements: what was reported, by whom, and when.

Nothing here knows a scenario: a kind of field is told by its values, and each field is a column of its own name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.fields import format_value
from converse_graph.scenarios.value import FrozenModel


class ReportedEvent(FrozenModel):
    """One thing that a statement reported."""

    round: int
    """From 0."""
    period: str
    party: str
    field: str
    """Such as "capabilities", "incident", "instruments" or "agi_estimate"."""
    value: str
    """In words; of percentiles "p10 / p50 / p90"."""
    first: bool
    """Whether this party reports this value of this field for the first time."""


def events(transcript: Transcript) -> tuple[ReportedEvent, ...]:
    """Everything that was reported, in the order of the statements and of their fields.

    A list counts as one event an item; "none", "no" and empty lists are no events.

    Args:
        transcript: The record; what is public of it is enough.
    """
    keys: set[tuple[str, str, str]] = set()
    reports = []
    for statement in transcript.statements:
        for name, value in _reported_values(statement):
            key = (statement.speaker, name, value.casefold())
            reports.append(
                ReportedEvent(
                    round=statement.round,
                    period=statement.period,
                    party=statement.speaker,
                    field=name,
                    value=value,
                    first=key not in keys,
                )
            )
            keys.add(key)
    return tuple(reports)


def _reported_values(statement: Statement) -> Iterator[tuple[str, str]]:
    for name, value in statement.fields.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if words := _in_words(item):
                yield name, words


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return " / ".join(map(format_value, value.values()))
    return "" if value is None or value is False else " ".join(format_value(value).split())
