"""Runs made from runs: extended past their horizon, forked at a turn, replayed from their journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.forking import branch
from converse_graph.scenarios.rules import Dated
from converse_graph.scenarios.scenario import Scenario
from converse_graph.simulation import Simulation, horizon_of, make_again
from converse_graph.store import Store
from converse_graph.store.record import read_channels
from converse_graph.transcript import Fork


async def extend(
    store: Store, name: str, *, until: int | None = None, rounds: int | None = None, scenario: Scenario | None = None
) -> Simulation:
    """Let a run go on past its horizon, as one run.

    Args:
        store: Where it is kept.
        name: The run.
        until: Its new last year, all of it included.
        rounds: How many rounds it plays in all; goes before `until`.
        scenario: What it plays, for one that was made in Python.

    Raises:
        InvalidValue: The new horizon lies in the run's past, or none was given.
        RunHeld: Another process is writing to the run.
    """
    made = await Simulation.reopen(store, name, scenario=scenario)
    if until is None and rounds is None:
        raise InvalidValue("Say how far: --until YEAR, or --rounds N in all.")
    horizon = horizon_of(made.scenario, until, rounds)
    if horizon <= made.run.rounds:
        reached = made.scenario.clock.period(made.run.rounds - 1).label
        raise InvalidValue(f"Run {name!r} has come to the end of {reached} already; extend it past that, or fork it.")
    with store.hold(name):
        made.run = await store.register.set_horizon(made.run, horizon)
    return made


async def fork(
    store: Store,
    name: str,
    *,
    at: str,
    created: datetime,
    seed: int | None = None,
    say: str | None = None,
    fields: Mapping[str, Any] | None = None,
    dials: Mapping[str, Any] | None = None,
    events: Sequence[Dated] = (),
    until: int | None = None,
    rounds: int | None = None,
    new_name: str | None = None,
    model: Any = None,
    base_url: str | None = None,
    scenario: Scenario | None = None,
) -> Simulation:
    """Make a new run that shares a run's past up to a turn. The parent is untouched.

    Args:
        store: Where both are kept.
        name: The parent.
        at: The first turn that is the fork's own: "2027", "2027 H2", "2027 H2:OpenAI".
        created: The date for the record, with a time zone.
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

    Raises:
        InvalidValue: There is no such turn, words were given and no mouth, or an event lies in the shared past.
        UnknownName: There is no such run, party or dial.
    """
    parent = store.register.run(name)
    played = scenario or make_again(parent, **(dials or {}))
    played = played.with_events((*parent.header.events, *events))
    leave = Fork(at=at, say=say, fields=dict(fields or {}))
    if fields and say is None:
        raise InvalidValue("Fields go with words: give --say too.")
    seed = parent.header.seed if seed is None else seed
    branch(played, await read_channels(store, parent), leave, seed=seed)  # refuses a turn that is none
    own = played.clock.round_of(at.partition(":")[0].strip())
    for event in events:
        check_ahead(played, event, own)
    horizon = parent.horizon if until is None and rounds is None else horizon_of(played, until, rounds)
    if horizon <= own:
        raise InvalidValue(f"A fork at {at} has its horizon before it; give --until or --rounds beyond that.")
    return await Simulation.begin(
        store,
        played,
        seed=seed,
        created=created,
        model=model or parent.header.model,
        base_url=base_url or parent.header.base_url,
        source=parent.scenario,
        name=new_name,
        rounds=horizon,
        parent=name,
        fork=leave,
    )


async def replay(store: Store, name: str, *, created: datetime, new_name: str | None = None) -> Simulation:
    """Make a run that plays another again from its journal, with no model.

    Args:
        store: Where both are kept.
        name: The run to play again.
        created: The date for the record, with a time zone.
        new_name: How the replay is called; None for the name and "-replay" with a number.

    Raises:
        UnknownName: There is no such run.
        RunChanged: The scenario or its prompts are not what the run began with.
    """
    original = (await Simulation.reopen(store, name)).run
    header = original.header.model_dump(exclude={"run"}) | {"created": created, "status": "running", "ended": None}
    run = await store.register.enter(
        name=new_name,
        scenario=original.scenario,
        header=header,
        fingerprint=original.fingerprint,
        horizon=original.horizon,
        replays=name,
    )
    return await Simulation.reopen(store, run.name)


async def inject(store: Store, name: str, event: Dated, *, scenario: Scenario | None = None) -> None:
    """Let something happen at a date that a run has not come to.

    Raises:
        InvalidValue: The run is past that date, or its clock has no such period.
        RunHeld: Another process is writing to the run.
    """
    made = await Simulation.reopen(store, name, scenario=scenario)
    check_ahead(made.scenario, event, made.run.rounds)
    made.scenario.with_events((*made.run.header.events, event))
    with store.hold(name):
        await store.register.set_events(made.run, (*made.run.header.events, event))


def check_ahead(scenario: Scenario, event: Dated, first: int) -> None:
    """Refuse an event in a past that cannot be changed any more.

    Args:
        scenario: With the clock.
        event: What is to happen.
        first: The first round that is still open.
    """
    if scenario.clock.round_of(event.at) < first:
        label = scenario.clock.period(first).label
        raise InvalidValue(f"An event at {event.at} would change what has been; name {label} or later.")
