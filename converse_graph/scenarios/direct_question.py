"""A scenario's events as one question to a model: how likely is each, and when, with nobody at the table but itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from string import Template

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Number, Percentiles, format_value
from converse_graph.scenarios.rules import Event, StopOnEvent
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.scenario_functions import ScenarioFunction
from converse_graph.scenarios.scenario_texts import ScenarioTexts, scenario_texts
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import Variable, WorldEvent

FORECASTER = "Forecaster"
"""The one party of a direct question."""

_MOST_LETTERS = 40
"""Of a field's name."""
_CLOCKS_BEYOND = 10
_YEARS_BEYOND = 100
"""How far after the horizon an event may be put: so many lengths of the clock, and so many years at least."""


def ask_directly(function: ScenarioFunction, rounds: int | None) -> ScenarioFunction:
    """Return the scenario function that asks directly what another plays out; it has the same dials.

    Args:
        function: Of the scenario that is asked about.
        rounds: How many rounds that is played for; None for as many as its clock has.
    """
    return replace(
        function,
        name=f"{function.name}-direct",
        doc=f"A model is asked directly when the events of {function.name} come.",
        function=lambda **settings: direct_question(function(**settings), rounds),
        preset_of=None,
    )


def event_names(scenario: Scenario) -> tuple[str, ...]:
    """Name the events that may happen: those that parties report, then those of the world.

    Args:
        scenario: Any.
    """
    return tuple(event.name for event in _events(scenario))


def chance_field(event: str) -> str:
    """Name the field in which the forecaster says how likely an event is by the horizon, 0 to 1."""
    return _field_name("chance", event)


def date_field(event: str) -> str:
    """Name the field in which the forecaster says when an event comes: p10, p50 and p90, in years or rounds."""
    return _field_name("date", event)


def _field_name(prefix: str, event: str) -> str:
    name = f"{prefix}_{event}"
    if len(name) <= _MOST_LETTERS:
        return name
    digest = hashlib.blake2b(event.encode(), digest_size=3).hexdigest()
    return f"{name[: _MOST_LETTERS - len(digest) - 1]}_{digest}"


def direct_question(scenario: Scenario, rounds: int | None = None) -> Scenario:
    """Make the scenario of one party and one round that asks when the events of another come.

    The forecaster is told what all parties of that scenario are told, who they are, the clock, and what counts as each
    event; of a world what is public, and its moves. It is told no party's brief, nothing that is hidden, and nothing
    that happens at a date later than the first: no party knows that either.

    Args:
        scenario: What is asked about.
        rounds: How many rounds it is played for; None for as many as its clock has.

    Raises:
        InvalidValue: The scenario awaits no event.
    """
    events = _events(scenario)
    if not events:
        raise InvalidValue(f"{scenario.name} awaits no event that a model could be asked about; give it one in events.")
    texts, clock = scenario_texts("direct-question"), scenario.clock
    unit = "round" if clock.step == "round" else "year"
    last = clock.period((rounds or clock.rounds) - 1)
    latest = last.year + max(_CLOCKS_BEYOND * (last.year - clock.start + 1), _YEARS_BEYOND if unit == "year" else 0)
    fields = [
        field
        for event in events
        for field in (
            Number(
                name=chance_field(event.name),
                ask=_fill(texts, "chance", event=_plain(event.name), horizon=last.label),
                minimum=0,
                maximum=1,
            ),
            Percentiles(
                name=date_field(event.name),
                ask=_fill(texts, "date", event=_plain(event.name), unit=unit, horizon=last.label),
                minimum=clock.start,
                maximum=min(9999, latest),
            ),
        )
    ]
    return Scenario(
        premise="\n".join(_premise(scenario, texts, rounds or clock.rounds)),
        clock=Clock(start=clock.start, end=clock.start, step=unit),
        organisations=[
            Organisation(
                name=FORECASTER, brief=texts.text("brief"), questions=texts.text("questions"), fields=fields
            )
        ],
        settings=scenario.settings,
        on_drift="count",  # a forecaster speaks of other years, and of other parties
    )  # fmt: skip


def _premise(scenario: Scenario, texts: ScenarioTexts, rounds: int) -> Iterator[str]:
    clock = scenario.clock
    yield texts.text("opening")
    yield from ("", scenario.premise.strip(), "")
    cast = ", ".join(f"{party.name} ({_plain(party.kind)})" for party in scenario.organisations)
    yield _fill(texts, "cast", cast=cast)
    yield _fill(
        texts, "clock", rounds=str(rounds), first=clock.period(0).label, last=clock.period(rounds - 1).label
    )  # fmt: skip
    if scenario.world is not None:
        yield from _world(scenario.world, texts)
    yield from ("", texts.text("events"))
    for event in _events(scenario):
        yield f"- {_plain(event.name)}: {_definition(event, scenario, texts)}"
    ends = [_plain(rule.event) for rule in scenario.stop if isinstance(rule, StopOnEvent)]
    if ends:
        yield _fill(texts, "stop", events=", ".join(ends))


def _world(world: World, texts: ScenarioTexts) -> Iterator[str]:
    yield ""
    values = [_start(variable) for variable in world.variables if variable.visibility == "public"]
    if values:
        yield _fill(texts, "world", variables="; ".join(values))
    if world.actions:
        yield texts.text("moves")
    for action in world.actions:
        kind = f" ({_plain(action.party_kind)})" if action.party_kind else ""
        yield f"- {_plain(action.name)}{kind}: {action.text}"


def _start(variable: Variable) -> str:
    """A variable with what it begins as, where that is one number for all and not drawn."""
    words = f"{_plain(variable.name)} ({variable.unit})"
    is_known = isinstance(variable.start, int | float) and not variable.start_of
    return f"{words} {variable.start:.5g}" if is_known else words


def _definition(event: Event | WorldEvent, scenario: Scenario, texts: ScenarioTexts) -> str:
    if isinstance(event, WorldEvent):
        bounds = [("at least", event.at_least), ("at most", event.at_most)]
        conditions = " and ".join(
            f"{words} {_plain(bound) if isinstance(bound, str) else f'{bound:g}'}"
            for words, bound in bounds
            if bound is not None
        )
        return _fill(texts, "of_world", variable=_plain(event.variable), bounds=conditions)
    ask = next(
        field.ask for party in scenario.organisations for field in party.fields if field.name == event.field
    )  # fmt: skip
    return _fill(texts, "reported", parties=str(event.parties), answer=format_value(event.equals), ask=ask)


def _events(scenario: Scenario) -> tuple[Event | WorldEvent, ...]:
    return (*scenario.awaited_events, *(scenario.world.events if scenario.world else ()))


def _fill(texts: ScenarioTexts, name: str, **values: str) -> str:
    return Template(texts.text(name)).safe_substitute(values)


def _plain(name: str) -> str:
    return name.replace("_", " ")
