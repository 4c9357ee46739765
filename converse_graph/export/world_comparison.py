"""Two worlds side by side: after which rounds variables, moves and events differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from converse_graph.export.formats import known_state
from converse_graph.export.markdown_escaping import heading, inline
from converse_graph.export.markdown_tables import aligned_table
from converse_graph.record.transcript import Transcript, WorldRound
from converse_graph.scenarios.world_tables import WORLD

MOVE = "move"
HAPPENED = "happened"
"""What a row is of, where it is of no variable."""


@dataclass(frozen=True, kw_only=True)
class WorldRow:
    """What two worlds have otherwise after the same round."""

    round: int
    """From 0; -1 as the runs began."""
    period: str
    owner: str
    """"world", or a party."""
    name: str
    """A variable; "move" for what the party did; "happened" for the events of the world so far."""
    unit: str
    """Of the variable; empty for moves and events."""
    first: float | str | None
    """None where nothing is known of it in that run."""
    second: float | str | None


def compare_worlds(first: Transcript, second: Transcript, *, raw: bool) -> tuple[WorldRow, ...]:
    """List what differs in the rounds that two worlds have both.

    Args:
        first: A record.
        second: The other.
        raw: Whether to compare what stayed hidden too, where both records have it.
    """
    others = {after.round: after for after in second.world}
    units = _units(first) | _units(second)
    return tuple(
        row for after in first.world if after.round in others for row in _rows(after, others[after.round], units, raw)
    )


def world_lines(rows: Sequence[WorldRow]) -> Iterator[str]:
    """Write what differs as lines for a terminal.

    Args:
        rows: As `compare_worlds` gave them.
    """
    for title, together in _by_round(rows):
        yield from ("", title)
        for row in together:
            yield f"  {_what(row)}: {_value(row, row.first)} → {_value(row, row.second)}{row.unit and ' '}{row.unit}"


def world_tables(rows: Sequence[WorldRow], first: str, second: str) -> Iterator[str]:
    """Write what differs as tables in Markdown.

    Args:
        rows: As `compare_worlds` gave them.
        first: The name of the first run.
        second: That of the second.
    """
    for title, together in _by_round(rows):
        yield from (f"## {heading(title)}", "")
        cells = [(_with_unit(row), _value(row, row.first), _value(row, row.second)) for row in together]
        yield from aligned_table(("what", inline(first), inline(second)), cells)
        yield ""


def _units(transcript: Transcript) -> dict[str, str]:
    world = transcript.header.world
    return {variable.name: variable.unit for variable in world.variables} if world else {}


def _rows(first: WorldRound, second: WorldRound, units: Mapping[str, str], raw: bool) -> Iterator[WorldRow]:
    raw = raw and first.hidden is not None and second.hidden is not None
    one, other = _facts(first, raw), _facts(second, raw)
    for owner, name in {**one, **other}:
        values = one.get((owner, name)), other.get((owner, name))
        if values[0] != values[1]:
            yield WorldRow(
                round=first.round,
                period=first.period,
                owner=owner,
                name=name,
                unit=units.get(name, ""),
                first=values[0],
                second=values[1],
            )


def _facts(after: WorldRound, raw: bool) -> dict[tuple[str, str], Any]:
    state, moves = known_state(after, raw=raw)
    facts: dict[tuple[str, str], Any] = {(move.party, MOVE): move.move for move in moves}
    facts |= {(owner, name): value for owner, values in state.items() for name, value in values.items()}
    return {**facts, (WORLD, HAPPENED): ", ".join(after.happened) or None}


def _by_round(rows: Sequence[WorldRow]) -> Iterator[tuple[str, list[WorldRow]]]:
    for _, together in groupby(rows, key=lambda row: row.round):
        of_round = list(together)
        yield f"World after {of_round[0].period}", of_round


def _what(row: WorldRow) -> str:
    return f"{row.owner} {row.name.replace('_', ' ')}"


def _with_unit(row: WorldRow) -> str:
    return f"{_what(row)}, {row.unit}" if row.unit else _what(row)


def _value(row: WorldRow, value: float | str | None) -> str:
    if value is None:
        return "not seen" if row.name == MOVE else "none"
    return value if isinstance(value, str) else f"{value:.6g}"
