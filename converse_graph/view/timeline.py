"""A stretch of a run as sections of a page: a round each, with what happened, what was said, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from converse_graph.record.transcript import Statement, Vote, WorldRound
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.view.colours import colour_numbers
from converse_graph.view.records import RecordView
from converse_graph.view.series import place_on_time_axis

PAGE = 40
"""Turns that are sent at once."""
MOST_MARKS = 48
"""Periods in the rail beside a run."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn as a page shows it."""

    number: int
    """From 0, over the whole run."""
    statement: Statement
    colour: int
    column: int
    """Its party's place in the cast, from 0."""
    leaves: str
    """The run that a fork leaves with this turn; empty for any other turn."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A round, or as much of it as a stretch has."""

    round: int
    """From 0; -1 before the first, for the world as the run began."""
    period: str
    when: float
    """Where it lies on the axis of time of charts."""
    begins: bool
    """Whether the stretch has the round from its first turn on, so that it has a heading."""
    happenings: tuple[ScheduledEvent, ...]
    """What the scenario has happen in it."""
    turns: tuple[Turn, ...]
    world: WorldRound | None
    """The world after it, once it is resolved."""
    units: Mapping[str, str]
    """Of the world's variables, by name."""
    vote: Vote | None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A place in a run to go to."""

    label: str
    number: int
    """Of its first turn, from 0."""


def sections(view: RecordView, first: int, last: int) -> tuple[Section, ...]:
    """The sections of a stretch of a run.

    Args:
        view: The run.
        first: The number of the first turn, from 0.
        last: The number after the last.
    """
    return tuple(_sections(view, max(0, first), min(last, len(view.statements))))


def stretch(view: RecordView, at: int) -> tuple[int, int]:
    """A page of turns around one, which begins where a round does."""
    first = _round_start(view, max(0, min(at, len(view.statements) - 1)))
    return first, min(first + PAGE, len(view.statements))


def stretch_before(view: RecordView, first: int) -> tuple[int, int]:
    """The page of turns before one."""
    return _round_start(view, max(0, first - PAGE)), first


def units_of(view: RecordView) -> dict[str, str]:
    """What each variable of a run's world is counted in; nothing where it has none."""
    world = view.header.world
    return {variable.name: variable.unit for variable in world.variables} if world else {}


def party_colours(view: RecordView) -> dict[str, int]:
    """The number of each party's colour."""
    return colour_numbers([party.name for party in view.header.cast])


def left_at(view: RecordView) -> int | None:
    """The number of the turn with which a fork leaves its parent; None where it has not come to one, or is none."""
    header = view.header
    if header.fork is None or header.parent is None:
        return None
    when, _, name = header.fork.at.partition(":")
    party = "" if header.order == "simultaneous" else name.strip().casefold()
    round = view.clock.round_of(when.strip())
    for number in range(len(view.statements)):
        if view.round_at(number) > round:
            return None
        if view.round_at(number) == round and party in ("", view.statement(number).speaker.casefold()):
            return number
    return None


def _round_start(view: RecordView, number: int) -> int:
    if not view.statements:
        return 0
    round = view.round_at(number)
    while number > 0 and view.round_at(number - 1) == round:
        number -= 1
    return number


def _sections(view: RecordView, first: int, last: int) -> Iterator[Section]:
    colours = party_colours(view)
    columns, units = {party.name: place for place, party in enumerate(view.header.cast)}, units_of(view)
    left = left_at(view)
    worlds, votes = {after.round: after for after in view.world}, {vote.round: vote for vote in view.votes}
    if first == 0 and -1 in worlds:
        yield Section(
            round=-1,
            period="start",
            when=place_on_time_axis(view.clock, 0),
            begins=True,
            happenings=(),
            turns=(),
            world=worlds[-1],
            units=units,
            vote=None,
        )
    for round, group in groupby(range(first, last), key=view.round_at):
        numbers = list(group)
        is_end = numbers[-1] + 1 >= len(view.statements) or view.round_at(numbers[-1] + 1) != round
        begins = numbers[0] == 0 or view.round_at(numbers[0] - 1) != round
        yield Section(
            round=round,
            period=view.clock.period(round).label,
            when=place_on_time_axis(view.clock, round),
            begins=begins,
            happenings=_happenings(view, round) if begins else (),
            turns=tuple(_turn(view, number, colours, columns, left) for number in numbers),
            world=worlds.get(round) if is_end else None,
            units=units,
            vote=votes.get(round) if is_end else None,
        )


def _turn(view: RecordView, number: int, colours: dict[str, int], columns: dict[str, int], left: int | None) -> Turn:
    statement = view.statement(number)
    return Turn(
        number=number,
        statement=statement,
        colour=colours.get(statement.speaker, 0),
        column=columns.get(statement.speaker, 0),
        leaves=(view.header.parent or "") if number == left else "",
    )


def _happenings(view: RecordView, round: int) -> tuple[ScheduledEvent, ...]:
    return tuple(event for event in view.header.events if view.clock.round_of(event.at) == round)


def marks(view: RecordView) -> tuple[Mark, ...]:
    """Places in a run to go to: its years where it has some, else its periods, thinned where they are many."""
    numbers: dict[str, int] = {}
    for number, label in _labels(view):
        numbers.setdefault(label, number)
    every = -(-len(numbers) // MOST_MARKS) or 1
    return tuple(Mark(label=label, number=number) for label, number in list(numbers.items())[::every])


def _labels(view: RecordView) -> Iterator[tuple[int, str]]:
    numbers: Sequence[int] = range(len(view.statements))
    for round, group in groupby(numbers, key=view.round_at):
        yield next(iter(group)), _year(view.clock.period(round).label)


def _year(label: str) -> str:
    head = label.split(" ")[0]
    return head if head.isdecimal() else label
