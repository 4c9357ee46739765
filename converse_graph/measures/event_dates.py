"""When a scenario's events happened in a run: told from the public record and the rules in its header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from converse_graph.measures.expressions import Expression, first_round
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import format_value
from converse_graph.scenarios.rules import Event
from converse_graph.scenarios.value import FrozenModel
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import COUNT, FLAG, WorldEvent

WORLD_REPORTS = "world"
"""Who reports an event of the world: the code that owns it."""


class EventDate(FrozenModel):
    """An event that has happened, and who reported it."""

    name: str
    round: int
    """In which enough parties had reported it, or at whose end the world had come to it, from 0."""
    period: str
    parties: tuple[str, ...]
    """Who had reported it by then, in the order of their reports; "world" for an event of the world."""


def event_dates(transcript: Transcript, *, conditions: Sequence[Expression] = ()) -> tuple[EventDate, ...]:
    """Find when each event of a scenario and of its world happened, in the order in which they did.

    Args:
        transcript: A record whose header names the rules (`awaited`, `world`).
        conditions: Expressions that count as events too, under their texts.
    """
    dates = [date for event in transcript.header.awaited if (date := _date(event, transcript)) is not None]
    dates += [*_world_dates(transcript), *_condition_dates(conditions, transcript)]
    return tuple(sorted(dates, key=lambda date: date.round))


def event_meanings(awaited: Sequence[Event], world: World | None) -> dict[str, str]:
    """Say in words when each event of a scenario and of its world has happened, such as "once a party reports …".

    Args:
        awaited: The scenario's own.
        world: Its rules; None where there is none.
    """
    meanings = {event.name: _describe_event(event) for event in awaited}
    if world is not None:
        meanings |= {event.name: _describe_world_event(event, world) for event in world.events}
    return meanings


def _describe_event(event: Event) -> str:
    parties = "a party reports" if event.parties == 1 else f"{event.parties} parties report"
    return f"once {parties} {_plain(event.field)} = {format_value(event.equals)}"


def _describe_world_event(event: WorldEvent, world: World) -> str:
    variable = next((one for one in world.variables if one.name == event.variable), None)
    means = f" ({variable.text.rstrip('.')})" if variable is not None and variable.text else ""
    name = f"the world's {_plain(event.variable)}{means}"
    if variable is not None and variable.unit == FLAG:
        return f"once {name} is {'no' if event.at_least is None else 'yes'}"
    unit = "" if variable is None or variable.unit in (event.variable, COUNT) else f" {variable.unit}"
    bounds = [
        f"{words} {_plain(bound) if isinstance(bound, str) else f'{bound:g}{unit}'}"
        for words, bound in (("at least", event.at_least), ("at most", event.at_most))
        if bound is not None
    ]
    return f"once {name} is {' and '.join(bounds)}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def awaited_events(transcript: Transcript) -> tuple[str, ...]:
    """Name the events that may happen in a run, whether they did or not.

    Args:
        transcript: A record.
    """
    world = transcript.header.world
    of_world = [event.name for event in world.events] if world else []
    return (*(event.name for event in transcript.header.awaited), *of_world)


def _world_dates(transcript: Transcript) -> Iterator[EventDate]:
    names: set[str] = set()
    for after in transcript.world:
        for name in after.happened:
            if name not in names:
                names.add(name)
                yield EventDate(name=name, round=max(0, after.round), period=after.period, parties=(WORLD_REPORTS,))


def _condition_dates(conditions: Sequence[Expression], transcript: Transcript) -> Iterator[EventDate]:
    if not conditions:
        return
    clock = Clock(**{name: transcript.header.clock[name] for name in ("start", "end", "step")})
    for condition in conditions:
        number = first_round(condition, transcript)
        if number is not None:
            yield EventDate(name=condition.text, round=number, period=clock.period(number).label, parties=())


def _date(event: Event, transcript: Transcript) -> EventDate | None:
    parties: dict[str, None] = {}
    for statement in transcript.statements:
        if is_reported(event, statement.round, statement.fields):
            parties.setdefault(statement.speaker)
            if len(parties) >= event.parties:
                return _event_date(event.name, statement, parties)
    return None


def _event_date(name: str, statement: Statement, parties: dict[str, None]) -> EventDate:
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
