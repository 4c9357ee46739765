"""Runs made from runs: extended past their horizon, forked at a turn, replayed from their journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from converse_graph.calls.reply_schema import parse_field
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.models.prices import Prices
from converse_graph.models.references import SEPARATOR
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.settings import learnt_windows
from converse_graph.record.transcript import Fork
from converse_graph.runs.fork_state import fork_state
from converse_graph.runs.header import check_playable, rebuild_scenario
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.model_settings import ModelSettings, Options, merged_options, read_options
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Run, Store
from converse_graph.store.chain_check import require_unchanged
from converse_graph.turn.statement import move_field


async def extend(
    store: Store,
    name: str,
    *,
    until: int | None = None,
    rounds: int | None = None,
    scenario: Scenario | None = None,
    prices: Prices | None = None,
) -> Simulation:
    """Let a run go on past its horizon, as one run.

    Args:
        store: Where it is kept.
        name: The run.
        until: Its new last year, all of it included.
        rounds: How many rounds it plays in all; goes before `until`.
        scenario: What it plays, for one that was made in Python.
        prices: What calls are charged by; None for the public list.

    Raises:
        InvalidValue: The new horizon lies in the run's past, no further than it plays anyway, or none was given.
        RunLocked: Another process is writing to the run.
    """
    simulation = await Simulation.reopen(store, name, scenario=scenario, prices=prices)
    if until is None and rounds is None:
        raise InvalidValue("Say how far: --until YEAR, or --rounds N in all.")
    horizon = simulation.scenario.clock.horizon(until, rounds)
    period = simulation.scenario.clock.period
    with store.hold(name):
        simulation.run = store.register.run(name)
        if horizon <= simulation.run.rounds:
            last_period = period(simulation.run.rounds - 1).label
            raise InvalidValue(f"Run {name!r} has come to the end of {last_period}; extend it past that, or fork it.")
        if simulation.run.status != "finished" and horizon <= simulation.run.horizon:
            last = period(simulation.run.horizon - 1).label
            raise InvalidValue(f"Run {name!r} plays to {last} anyway; `converse resume {name}` goes on with it.")
        simulation.run = await store.register.set_horizon(simulation.run, horizon)
    return simulation


async def fork(
    store: Store,
    name: str,
    *,
    at: str,
    created: datetime | None = None,
    seed: int | None = None,
    say: str | None = None,
    fields: Mapping[str, Any] | None = None,
    dials: Mapping[str, Any] | None = None,
    events: Sequence[ScheduledEvent] = (),
    until: int | None = None,
    rounds: int | None = None,
    new_name: str | None = None,
    model: Any = None,
    base_url: str | None = None,
    scenario: Scenario | None = None,
    prices: Prices | None = None,
    options: ModelSettings | Options | None = None,
) -> Simulation:
    """Make a new run that shares a run's past up to a turn. The parent is untouched.

    Args:
        store: Where both are kept.
        name: The parent.
        at: The first turn that is the fork's own: "2027", "2027 H2", "2027 H2:OpenAI".
        created: The date for the record, with a time zone; None for now.
        seed: The fork's; None for the parent's, so that what differs is what was changed.
        say: What the named party says instead.
        fields: What it reports otherwise, by field; only with `say`.
        dials: Those that are set otherwise from then on.
        events: What happens at a date from then on, beside what did already.
        until: Its last year; None for the parent's horizon.
        rounds: How many rounds it plays in all; goes before `until`.
        new_name: How it is called.
        model: Another model from then on; None for the parent's.
        base_url: Only with `model`.
        scenario: What it plays, for one that was made in Python.
        prices: What calls are charged by; None for the public list.
        options: Settings of models from then on, over those of the parent.

    Raises:
        InvalidValue: There is no such turn, words were given and no mouth, a field does not take that, an event lies in
            the shared past, or a dial gives the clock other periods.
        NotFound: There is no such run, party or dial.
        RecordChanged: What is stored of the parent is not what its chains say.
    """
    parent = store.register.run(name)
    check_playable(parent)
    if not store.is_held(name):
        await store.settle()
        require_unchanged(store, parent)
    spec = scenario or rebuild_scenario(parent, **(dials or {}))
    _check_clock(parent, spec)
    own = spec.clock.round_of(at.partition(":")[0].strip())
    spec = _with_events(spec, (*_dated(parent, spec, own, is_changed=bool(dials)), *events))
    leave = Fork(at=at, say=say, fields=_checked(spec, at, say, fields or {}))
    seed = parent.header.seed if seed is None else seed
    past = fork_state(spec, store.channels(parent.name), leave, seed=seed)  # refuses a turn that is none
    for event in events:
        require_future(spec, event, own)
    horizon = _horizon(parent, spec) if until is None and rounds is None else spec.clock.horizon(until, rounds)
    if horizon <= own:
        raise InvalidValue(f"A fork at {at} has its horizon before it; give --until or --rounds beyond that.")
    simulation = await Simulation.begin(
        store,
        spec,
        seed=seed,
        created=created,
        model=ModelRegistry(
            model or parent.header.model,
            base_url or parent.header.base_url,
            prices=prices,
            window=None if model else _window(parent),
            learnt={} if base_url else learnt_windows(parent.header.models),
        ),
        name=new_name,
        rounds=horizon,
        origin=Origin(scenario=parent.scenario, parent=name, fork=leave),
        options=merged_options(_options(parent, is_other_model=bool(model)), read_options(options)),
    )
    simulation.run = await store.register.set_past(simulation.run, rounds=own, statements=len(past["transcript"]))
    return simulation


async def replay(
    store: Store,
    name: str,
    *,
    created: datetime | None = None,
    new_name: str | None = None,
    scenario: Scenario | None = None,
) -> Simulation:
    """Make a run that plays another again from its journal, with no model.

    Args:
        store: Where both are kept.
        name: The run to play again.
        created: The date for the record, with a time zone; None for now.
        new_name: How the replay is called; None for the scenario's name and a number.
        scenario: What it plays, for one that was made in Python.

    Raises:
        NotFound: There is no such run.
        ScenarioChanged: The scenario or its prompts are not what the run began with.
    """
    original = (await Simulation.reopen(store, name, scenario=scenario)).run
    changes = {"created": created or datetime.now(UTC), "status": "running", "ended": None}
    header = original.header.model_dump(exclude={"run"}) | changes
    run = await store.register.enter(
        name=new_name,
        scenario=original.scenario,
        header=header,
        fingerprint=original.fingerprint,
        horizon=original.horizon,
        replays=name,
    )
    for verdict in store.verdicts(original.id).all():
        await store.verdicts(run.id).keep(verdict)
    return await Simulation.reopen(store, run.name, scenario=scenario)


async def inject(store: Store, name: str, event: ScheduledEvent, *, scenario: Scenario | None = None) -> None:
    """Let something happen at a date that a run has not come to.

    A round that has begun is not open to it: those who have spoken or thought in it would not have known.

    Args:
        store: Where the run is kept.
        name: The run.
        event: What happens, and when.
        scenario: What it plays, for one that was made in Python.

    Raises:
        InvalidValue: The run is past that date, or its clock has no such period.
        NotFound: The event is for nobody at the table.
        RunLocked: Another process is writing to the run.
    """
    simulation = await Simulation.reopen(store, name, scenario=scenario)
    with store.hold(name):
        run = store.register.run(name)
        event = _with_party_name(simulation.scenario, event)
        require_future(simulation.scenario, event, _first_unplayed_round(store, run, simulation.scenario))
        await store.register.set_events(run, (*run.header.events, event))


def require_future(scenario: Scenario, event: ScheduledEvent, first: int) -> None:
    """Refuse an event in a past that cannot be changed any more.

    Args:
        scenario: With the clock.
        event: What is to happen.
        first: The first round that is still open.
    """
    if scenario.clock.round_of(event.at) < first:
        label = scenario.clock.period(first).label
        raise InvalidValue(f"An event at {event.at} would change what has been; name {label} or later.")


def _first_unplayed_round(store: Store, run: Run, scenario: Scenario) -> int:
    """The first round in which a run has asked nobody yet; the place of a call of its own begins with its round."""
    rounds = [place.partition(".")[0] for place in store.journal(run.id).places()]
    begun_rounds = [int(round) for round in rounds if round.isdecimal()]  # a judge's calls are made at no round
    if begun_rounds:
        return max(begun_rounds) + 1
    return scenario.clock.round_of(run.header.fork.at.partition(":")[0].strip()) if run.header.fork else 0


def _window(parent: Run) -> int | None:
    model_record = parent.header.models.get(parent.header.model.partition(SEPARATOR)[0])
    return model_record.window if model_record else None


def _options(parent: Run, *, is_other_model: bool) -> Options:
    """The settings that the parent was given; the window of its own model is not that of another."""
    if not is_other_model:
        return parent.header.options
    return {path: settings if path else settings.without_window() for path, settings in parent.header.options.items()}


def _check_clock(parent: Run, spec: Scenario) -> None:
    """Refuse a clock on which the rounds of the shared past would be other periods."""
    if any(parent.header.clock[part] != getattr(spec.clock, part) for part in ("start", "step")):
        begins = f"{parent.header.clock['start']} in steps of a {parent.header.clock['step']}"
        raise InvalidValue(f"A fork keeps its parent's clock, from {begins}; leave the dials that change it.")


def _with_events(scenario: Scenario, events: Sequence[ScheduledEvent]) -> Scenario:
    """The scenario with these events, each for somebody who is at its table.

    Raises:
        NotFound: One is for somebody who is not.
    """
    return scenario.with_events([_with_party_name(scenario, event) for event in events])


def _with_party_name(scenario: Scenario, event: ScheduledEvent) -> ScheduledEvent:
    """The event with the name of whom it is for as the cast has it.

    Raises:
        NotFound: It is for somebody who is not at the table.
    """
    return event if event.party is None else event.model_copy(update={"party": scenario.party(event.party).name})


def _horizon(parent: Run, spec: Scenario) -> int:
    """The parent's, unless a dial has moved the end of the clock."""
    return parent.horizon if spec.clock.end == parent.header.clock["end"] else spec.clock.rounds


def _dated(parent: Run, spec: Scenario, own: int, *, is_changed: bool) -> tuple[ScheduledEvent, ...]:
    """What happens at a date in a fork: up to its own first round what happened to its parent, whatever its dials say.

    Args:
        parent: The run that it is forked from.
        spec: What the fork plays, with the events that its dials bring.
        own: The fork's first round.
        is_changed: Whether dials were set otherwise.
    """
    events = parent.header.events
    if not is_changed:
        return events
    own_events = rebuild_scenario(parent).dated_events
    before = tuple(event for event in events if spec.clock.round_of(event.at) < own)
    put_in = tuple(event for event in events if event not in own_events and event not in before)
    return (*before, *(event for event in spec.dated_events if spec.clock.round_of(event.at) >= own), *put_in)


def _checked(spec: Scenario, at: str, say: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a party is made to report, as its fields take it.

    Raises:
        InvalidValue: There are no words to go with it, no mouth, or a field does not take that.
        NotFound: The party reports no such field.
    """
    if not fields:
        return {}
    if say is None:
        raise InvalidValue("Fields go with words: give --say too.")
    name = at.partition(":")[2].strip()
    if not name:
        raise InvalidValue("Fields need a party: name it, as in --at 2027:PARTY.")
    party = spec.party(name)
    fields_by_name = {field.name: field for field in (*party.fields, *move_field(spec, party))}
    for field in fields:
        if field not in fields_by_name:
            raise NotFound.among(f"field of {name}", field, fields_by_name)
    return {field: parse_field(fields_by_name[field], value) for field, value in fields.items()}
