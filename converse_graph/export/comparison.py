"""Two runs side by side: aligned by round and party, what each said and where their fields differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from converse_graph.export.markdown_escaping import heading, inline, prose
from converse_graph.export.world_comparison import WorldRow, compare_worlds, world_lines, world_tables
from converse_graph.measures.event_dates import awaited_events, event_dates
from converse_graph.record.transcript import Header, Statement, Transcript
from converse_graph.scenarios.fields import format_value

DIFF_VERSION = 1
"""Of the JSON that `as_json` gives; it changes when a program that reads it would have to."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value that the two runs have otherwise; None where a run has none."""

    name: str
    first: Any
    second: Any


@dataclass(frozen=True, kw_only=True)
class DifferenceRow:
    """One party's turn in one round of both runs."""

    round: int
    """From 0."""
    period: str
    party: str
    first: str | None
    """What it said in the first run, empty if nothing; None where that run has no such turn."""
    second: str | None
    fields: tuple[Change, ...]
    """The fields that differ, of turns that both runs have."""

    @property
    def same(self) -> bool:
        """Whether both runs have this turn, with the same words and the same fields."""
        return self.first == self.second and not self.fields


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What two runs have in common and what not."""

    first: str
    """The name of the first run."""
    second: str
    settings: tuple[Change, ...]
    """Where what they were begun with differs: model, seed, dials, events and the like."""
    outcome: tuple[Change, ...]
    """Where what came of them differs: how they ended, and in which period which event happened."""
    rows: tuple[DifferenceRow, ...]
    """In the order of the rounds, and in each as the first run has it."""
    world: tuple[WorldRow, ...] = ()
    """Where their worlds differ, of the rounds that both have."""


def compare(first: Transcript, second: Transcript, *, raw: bool = False) -> Difference:
    """Put two runs side by side.

    Args:
        first: Public records or reader's editions; what parties kept to themselves is left out.
        second: The other.
        raw: Whether to compare what their worlds kept hidden too, in reader's editions.
    """
    one, other = _by_turn(first.statements), _by_turn(second.statements)
    keys = sorted({**one, **other}, key=lambda key: key[0])  # stable: in a round as the first has it, then the second
    return Difference(
        first=first.header.run,
        second=second.header.run,
        settings=tuple(_changes(_settings(first.header), _settings(second.header))),
        outcome=tuple(_changes(_outcome(first), _outcome(second))),
        rows=tuple(_row(one.get(key), other.get(key)) for key in keys),
        world=compare_worlds(first, second, raw=raw),
    )


def as_json(difference: Difference) -> dict[str, Any]:
    """The difference as JSON values; `rows` has every turn, `same` or not, and `world` what differs."""
    return {
        "version": DIFF_VERSION,
        "runs": [difference.first, difference.second],
        "settings": [asdict(change) for change in difference.settings],
        "outcome": [asdict(change) for change in difference.outcome],
        "rows": [{**asdict(row), "fields": [asdict(field) for field in row.fields], "same": row.same}
                 for row in difference.rows],
        "world": [asdict(row) for row in difference.world],
    }  # fmt: skip


def as_text(difference: Difference) -> str:
    """The difference for a terminal: turns that are the same are counted, others told in full."""
    lines = [f"{difference.first} and {difference.second}: {_count_in_words(difference)}"]
    lines += [_change_in_words(change) for change in (*difference.settings, *difference.outcome)]
    width = max(len(difference.first), len(difference.second))
    for told_in, rows in _stretches(difference):
        if told_in:
            lines += ["", f"= {_span(rows)} {told_in}"]
            continue
        for row in rows:
            lines += ["", f"{row.period} · {row.party}"]
            if row.first != row.second:
                sides = ((difference.first, row.first), (difference.second, row.second))
                lines += [f"  {name:<{width}}  {_words(text)}" for name, text in sides]
            lines += [f"  {_change_in_words(field)}" for field in row.fields]
    lines += world_lines(difference.world)
    return "\n".join(lines) + "\n"


def as_markdown(difference: Difference) -> str:
    """The difference as a page."""
    first, second = inline(difference.first), inline(difference.second)
    lines = [f"# {first} and {second}", "", inline(_count_in_words(difference)), ""]
    if changes := (*difference.settings, *difference.outcome):
        lines += [f"|  | {first} | {second} |", "| --- | --- | --- |", *map(_table_row, changes), ""]
    for told_in, rows in _stretches(difference):
        if told_in:
            lines += [f"*{inline(f'{_span(rows)} {told_in}')}*", ""]
            continue
        for row in rows:
            lines += [f"## {heading(row.period)} · {heading(row.party)}", ""]
            if row.first != row.second:
                for name, text in ((first, row.first), (second, row.second)):
                    lines += [f"**{name}:**", "", prose(_words(text)), ""]
            if row.fields:
                lines += [f"| field | {first} | {second} |", "| --- | --- | --- |", *map(_table_row, row.fields), ""]
    lines += world_tables(difference.world, difference.first, difference.second)
    return "\n".join(lines).rstrip("\n") + "\n"


def _by_turn(statements: Sequence[Statement]) -> dict[tuple[int, str, int], Statement]:
    """Statements by round, party and, where a party spoke more than once in a round, which time it was."""
    times: Counter[tuple[int, str]] = Counter()
    rows = {}
    for statement in statements:
        turn = (statement.round, statement.speaker)
        rows[(*turn, times[turn])] = statement
        times[turn] += 1
    return rows


def _row(first: Statement | None, second: Statement | None) -> DifferenceRow:
    statement = first or second
    assert statement is not None  # noqa: S101 - a key comes from one of the two
    return DifferenceRow(
        round=statement.round,
        period=statement.period,
        party=statement.speaker,
        first=first.text if first else None,
        second=second.text if second else None,
        fields=tuple(_changes(first.fields, second.fields)) if first and second else (),
    )


def _changes(first: dict[str, Any], second: dict[str, Any]) -> Iterator[Change]:
    for name in {**first, **second}:
        if first.get(name) != second.get(name):
            yield Change(name=name, first=first.get(name), second=second.get(name))


def _settings(header: Header) -> dict[str, Any]:
    """What a run was begun with, apart from its name and dates."""
    plain = header.model_dump(mode="json")
    settings = {name: plain[name] for name in ("scenario", "model", "base_url", "seed", "order", "parent", "prompts")}
    fork = plain["fork"] or {}
    return {
        **settings,
        "rounds": plain["clock"].get("rounds"),
        "fork": fork.get("at"),
        **{f"dial {name}": value for name, value in plain["dials"].items()},
        "events": [f"{event['at']}: {event['text']}" for event in plain["events"]] or None,
    }


def _outcome(transcript: Transcript) -> dict[str, Any]:
    """What came of a run: how it ended, and the periods of its events."""
    header = transcript.header
    dates = {date.name: date.period for date in event_dates(transcript)}
    return {
        "status": header.status,
        "ended": header.ended,
        **{f"event {name.replace('_', ' ')}": dates.get(name) for name in awaited_events(transcript)},
    }


def _stretches(difference: Difference) -> Iterator[tuple[str, list[DifferenceRow]]]:
    """Rows that can be told in one line, with what is told of them; and, with nothing told, those that differ."""

    def told_in(row: DifferenceRow) -> str:
        if row.second is None:
            return f"in {difference.first} alone"
        if row.first is None:
            return f"in {difference.second} alone"
        return "the same" if row.same else ""

    return ((speaker_row, list(stretch)) for speaker_row, stretch in groupby(difference.rows, key=told_in))


def _count_in_words(difference: Difference) -> str:
    both = [row for row in difference.rows if row.first is not None and row.second is not None]
    differing = [row for row in both if not row.same]
    sentence = f"{len(differing)} of {_turns(both)} differ" if differing else f"the same in {_turns(both)}"
    if differing:
        sentence += f", the first at {differing[0].period}, {differing[0].party}"
    for name, there in (
        (difference.first, [row for row in difference.rows if row.second is None]),
        (difference.second, [row for row in difference.rows if row.first is None]),
    ):
        sentence += f"; {_turns(there)} in {name} alone" if there else ""
    return sentence + _world_counted(difference)


def _world_counted(difference: Difference) -> str:
    """Say from when on the worlds differ; nothing where they do not."""
    return f"; their worlds differ from {difference.world[0].period} on" if difference.world else ""


def _turns(rows: Sequence[DifferenceRow]) -> str:
    return "1 turn" if len(rows) == 1 else f"{len(rows)} turns"


def _span(rows: Sequence[DifferenceRow]) -> str:
    first, last = rows[0].period, rows[-1].period
    return f"{first if first == last else f'{first} to {last}'}: {_turns(rows)}"


def _words(text: str | None) -> str:
    return text or "(no statement)"


def _change_in_words(change: Change) -> str:
    return f"{change.name}: {format_value(change.first)} → {format_value(change.second)}"


def _table_row(change: Change) -> str:
    return f"| {inline(change.name)} | {inline(format_value(change.first))} | {inline(format_value(change.second))} |"
