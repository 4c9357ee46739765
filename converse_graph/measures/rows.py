"""A record as rows of plain values, for tables and data frames: statements, fields, events and the world, long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from converse_graph.errors import NotFound
from converse_graph.measures.event_dates import event_dates
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.clock import Clock

Row = dict[str, Any]
Table = Literal["statements", "fields", "events", "world"]


def rows(transcript: Transcript, table: Table = "statements") -> list[Row]:
    """List what a record holds, a row for each statement, field, event or variable; `pandas.DataFrame(rows(…))`.

    Args:
        transcript: A record. Of a reader's edition statements have `memo` and `position`, and the world its hidden
            variables.
        table: What a row stands for: "statements"; "fields", of percentiles one for each; "events", those that
            happened; "world", a variable after a round.

    Raises:
        NotFound: There is no such table.
    """
    return list(iter_rows(transcript, table))


def iter_rows(transcript: Transcript, table: Table) -> Iterator[Row]:
    """Make the same rows one by one.

    Args:
        transcript: A record.
        table: What a row stands for.

    Raises:
        NotFound: There is no such table.
    """
    if table not in _TABLES:
        raise NotFound.among("table", table, _TABLES)
    return ({"run": transcript.header.run, **row} for row in _TABLES[table](transcript))


def _statements(transcript: Transcript) -> Iterator[Row]:
    for one in transcript.statements:
        names = ("round", "turn", "period", "speaker", "text", "problem", "repairs")
        private = one.private
        yield {
            **{name: getattr(one, name) for name in names},
            "memo": private.memo if private else "",
            "position": private.position if private else None,
        }


def _fields(transcript: Transcript) -> Iterator[Row]:
    for one in transcript.statements:
        for name, value in one.fields.items():
            for part, inner in value.items() if isinstance(value, Mapping) else [("", value)]:
                yield {
                    "round": one.round,
                    "turn": one.turn,
                    "period": one.period,
                    "speaker": one.speaker,
                    "name": f"{name}.{part}" if part else name,
                    "value": inner,
                    "number": float(inner) if isinstance(inner, bool | int | float) else None,
                }


def _events(transcript: Transcript) -> Iterator[Row]:
    clock = Clock(**{name: transcript.header.clock[name] for name in ("start", "end", "step")})
    for date in event_dates(transcript):
        yield {
            "name": date.name,
            "round": date.round,
            "period": date.period,
            "years": clock.years_between(0, date.round + 1),
            "reported_by": ", ".join(date.parties),
        }


def _world(transcript: Transcript) -> Iterator[Row]:
    for after in transcript.world:
        for owner, variables in (after.hidden or after).state.items():
            for variable, value in variables.items():
                yield {
                    "round": after.round,
                    "period": after.period,
                    "owner": owner,
                    "variable": variable,
                    "value": value,
                    "hidden": variable not in after.state.get(owner, {}),
                }


_TABLES: Mapping[str, Callable[[Transcript], Iterator[Row]]] = {
    "statements": _statements,
    "fields": _fields,
    "events": _events,
    "world": _world,
}
