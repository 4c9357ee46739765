"""What of a run can be drawn over its time: estimates, numbers, the world, disagreement, drift, and what happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from converse_graph.measures.disagreement import entropy
from converse_graph.measures.drift import signs
from converse_graph.measures.event_dates import event_dates
from converse_graph.record.records import DebateRecord, MindRecord, debate_of
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.deliberation_rules import normalise_position
from converse_graph.scenarios.world_tables import FLAG, WORLD
from converse_graph.view.formatting import is_estimate, words

MOST_POINTS = 300
"""Of a line, that are drawn; of more, every second, third and so on."""
MOST_SERIES = 8
"""Charts of a kind, at most."""
MOST_TURNS = 3_000
"""Of a run whose drift is counted for its chart."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """A value at a time."""

    when: float
    """Year, with a fraction for a part of one; on a clock of plain rounds its number from 1."""
    round: int
    period: str
    value: float
    who: str
    """Whose it is; empty for nobody's."""
    low: float | None = None
    high: float | None = None
    """Of an estimate, its 10 % and 90 % points."""
    turn: int | None = None
    """The turn that it comes from, from 0."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """What one chart shows."""

    name: str
    kind: str
    """"estimate", "number", "world", "disagreement" or "drift"."""
    points: tuple[Point, ...]
    unit: str = ""
    is_private: bool = False
    """Whether somebody at the table does not know it."""

    @property
    def is_still(self) -> bool:
        """Whether it is of a world and never changes, so that a line says nothing."""
        return self.kind == "world" and len({point.value for point in self.points}) == 1

    @property
    def is_clock(self) -> bool:
        """Whether it is of a world and tells the time, which is what its chart would be drawn over."""
        return self.kind == "world" and all(point.value == point.when for point in self.points)

    @property
    def is_flag(self) -> bool:
        """Whether its values are 0 or 1, for no or yes."""
        return self.unit == FLAG


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that a chart marks on its axis of time."""

    when: float
    period: str
    text: str
    turn: int | None = None
    is_private: bool = False


def place_on_time_axis(clock: Clock, round: int) -> float:
    """Where a round lies on the axis of time."""
    return clock.start + clock.years_between(0, round)


def public_series(transcript: Transcript, clock: Clock) -> Iterator[Series]:
    """What everybody at the table knows: estimates and numbers in fields, drift by period, the public world.

    Args:
        transcript: The public record.
        clock: Of the run.
    """
    rounds = [statement.round for statement in transcript.statements]
    yield from _field_series(transcript.statements, clock)
    yield from (at_turns(series, rounds) for series in _world_series(transcript, clock))
    if len(transcript.statements) <= MOST_TURNS:
        drifts = tuple(_thin(list(_drift(transcript, clock))))
        if any(point.value for point in drifts):
            yield at_turns(Series(name="Signs of drift in a period", kind="drift", points=drifts), rounds)


def _field_series(statements: Sequence[Statement], clock: Clock) -> Iterator[Series]:
    points_by_field: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for turn, statement in enumerate(statements):
        for name, value in statement.fields.items():
            point = _field_point(statement, turn, value, clock)
            if point is not None:
                points_by_field[name, "estimate" if point.low is not None else "number"].append(point)
    for (name, kind), points in list(points_by_field.items())[:MOST_SERIES]:
        if len({point.round for point in points}) > 1:
            yield Series(name=words(name), kind=kind, points=tuple(_thinned_by_party(points)))


def _field_point(statement: Statement, turn: int, value: Any, clock: Clock) -> Point | None:
    place: dict[str, Any] = {
        "when": place_on_time_axis(clock, statement.round),
        "round": statement.round,
        "period": statement.period,
    }
    if is_estimate(value):
        return Point(**place, value=value["p50"], low=value["p10"], high=value["p90"], who=statement.speaker, turn=turn)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Point(**place, value=value, who=statement.speaker, turn=turn)
    return None


def _world_series(transcript: Transcript, clock: Clock) -> Iterator[Series]:
    world = transcript.header.world
    if world is None:
        return
    for variable in world.variables:
        points = []
        for after in transcript.world:
            for owner, values in (after.hidden.state if after.hidden else after.state).items():
                if variable.name in values:
                    when = place_on_time_axis(clock, after.round + 1)
                    who = "" if owner == WORLD else owner
                    value = values[variable.name]
                    points.append(Point(when=when, round=after.round, period=after.period, value=value, who=who))
        if points:
            yield Series(
                name=words(variable.name),
                kind="world",
                points=tuple(_thinned_by_party(points)),
                unit=variable.unit,
                is_private=variable.visibility != "public",
            )


def _drift(transcript: Transcript, clock: Clock) -> Iterator[Point]:
    signs_by_turn = zip(transcript.statements, signs(transcript), strict=True)
    for round, group in groupby(signs_by_turn, key=lambda pair: pair[0].round):
        value = sum(len(one) for _, one in group)
        period = clock.period(round).label
        yield Point(when=place_on_time_axis(clock, round), round=round, period=period, value=value, who="")


def at_turns(series: Series, rounds: Sequence[int]) -> Series:
    """Have each point that has no turn of its own lead to the last one of its round; one of before the first, to that.

    Args:
        series: A number over the time of a run.
        rounds: The round of each turn.
    """
    last = {round: number for number, round in enumerate(rounds)}
    last |= {-1: 0} if rounds else {}
    points = (
        point if point.turn is not None else replace(point, turn=last.get(point.round)) for point in series.points
    )
    return replace(series, points=tuple(points))


def disagreement_series(minds: Mapping[str, Mapping[str, MindRecord]], clock: Clock) -> Series | None:
    """How far the members of private debates stood apart as these ended; None where there are fewer than two rounds.

    Args:
        minds: Each party's private records.
        clock: Of the run.
    """
    points = []
    for party, mind in minds.items():
        by_round: dict[int, list[float]] = defaultdict(list)
        for record in mind.values():
            debate = debate_of(record)
            if debate is not None and (last := _last_positions(debate)):
                by_round[record["round"]].append(entropy(last))
        points += [
            Point(
                when=place_on_time_axis(clock, round),
                round=round,
                period=clock.period(round).label,
                value=sum(values) / len(values),
                who=party,
            )
            for round, values in sorted(by_round.items())
        ]
    if len({point.round for point in points}) < 2:
        return None
    return Series(
        name="Disagreement as private debates end",
        kind="disagreement",
        points=tuple(_thinned_by_party(points)),
        unit="bits",
        is_private=True,
    )


def _last_positions(debate: DebateRecord) -> list[str]:
    """The last position of each member, in the words of the options."""
    last = {line["speaker"]: line.get("position") for line in debate["lines"] if line.get("position")}
    return [normalise_position(position) for position in last.values() if position]


def happenings(transcript: Transcript, clock: Clock) -> tuple[Happening, ...]:
    """What happened in a run: what its scenario had happen, what the parties reported, what came of its world."""
    turns = {statement.round: number for number, statement in reversed(list(enumerate(transcript.statements)))}
    rows = []
    for event in transcript.header.events:
        round = clock.round_of(event.at)
        if round in turns:
            text = f"to {event.party} alone: {event.text}" if event.party else event.text
            rows.append(_happening(clock, round, text, turns, is_private=event.party is not None))
    rows += [_happening(clock, date.round, words(date.name), turns) for date in event_dates(transcript)]
    times: Counter[str] = Counter()
    for after in transcript.world:
        for name in after.happened:
            times[name] += 1
            if times[name] == 1 and after.round >= 0:
                rows.append(_happening(clock, after.round, words(name), turns))
    return tuple(rows)


def _happening(clock: Clock, round: int, text: str, turns: Mapping[int, int], *, is_private: bool = False) -> Happening:
    return Happening(
        when=place_on_time_axis(clock, round),
        period=clock.period(round).label,
        text=text,
        turn=turns.get(round),
        is_private=is_private,
    )


def _thinned_by_party(points: Sequence[Point]) -> Iterator[Point]:
    by_party: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        by_party[point.who].append(point)
    for own in by_party.values():
        yield from _thin(own)


def _thin(points: Sequence[Point]) -> Sequence[Point]:
    return points[:: -(-len(points) // MOST_POINTS) or 1]
