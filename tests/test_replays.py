"""Runs played again from their journal, and what happens at a date in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converse_graph import Scenario, Simulation, Store
from converse_graph.errors import InvalidValue, RunPaused
from converse_graph.runs.derived import extend, fork, inject, replay
from converse_graph.scenarios.rules import ScheduledEvent
from tests.support.branching_scenarios import (
    SEEDS,
    asked,
    by_chance,
    in_a_store,
    record,
    scenarios,
    stopping,
    with_guest,
)
from tests.support.small_scenarios import CREATED, CountingChat, Stop, begin, channels, journal, played, table

pytestmark = pytest.mark.every_store


@by_chance
@given(scenario=scenarios(), seed=SEEDS, forked=st.sampled_from(("", "plain", "said")), injected=st.booleans())
def test_a_replay_is_its_original_but_for_name_and_dates(
    scenario: Scenario, seed: int, forked: str, injected: bool
) -> None:
    async def test(store: Store) -> None:
        run = await begin(store, scenario, seed=seed)
        if injected:
            name = run.run.name
            await inject(store, name, ScheduledEvent(at="round 2", text="It rains.", party="Beta"), scenario=scenario)
            run = await Simulation.reopen(store, name, scenario=scenario)
        await run.play()
        if forked:
            speaker = next(said["speaker"] for said in (await channels(store, run))["transcript"] if said["round"] == 1)
            change: dict[str, Any] = (
                {"at": f"round 2:{speaker}", "say": "No."} if forked == "said" else {"at": "round 2"}
            )
            run = await fork(store, run.run.name, created=CREATED, seed=seed + 1, scenario=scenario, **change)
            await run.play()
        again = await replay(store, run.run.name, created=CREATED, scenario=scenario)
        await again.play()

        assert again.run.name != run.run.name
        assert await record(store, again.run.name) == await record(store, run.run.name)
        assert await channels(store, again) == await channels(store, run)
        assert journal(store, again) == journal(store, run)

    in_a_store(test)


async def test_a_replay_goes_past_the_event_that_its_original_was_extended_past(store: Store) -> None:
    scenario = stopping()
    run = await played(store, scenario)
    stopped = store.register.run(run.run.name)
    assert (stopped.ended, stopped.rounds < 9) == ("event deal", True)
    longer = await extend(store, run.run.name, rounds=stopped.rounds + 2, scenario=scenario)
    await longer.play()
    again = await replay(store, run.run.name, created=CREATED, scenario=scenario)
    await again.play()

    assert store.register.run(again.run.name).rounds == stopped.rounds + 2
    assert await record(store, again.run.name) == await record(store, run.run.name)


async def test_a_replay_of_an_unfinished_run_pauses_where_its_journal_ends(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await played(store, scenario)
    whole = await channels(store, run)
    unfinished = await begin(store, scenario, model="null")
    unfinished.run = store.register.run(unfinished.run.name)
    said = 0

    def watch(event: dict[str, Any]) -> None:
        nonlocal said
        said += event["event"] == "statement"
        if said == 3:
            unfinished.pause()

    await unfinished.play(watch)
    left_off = await channels(store, unfinished)
    again = await replay(store, unfinished.run.name, created=CREATED, scenario=scenario)
    with pytest.raises(RunPaused, match=r"The journal ends at 1\.1/Beta/statement"):
        await again.play()

    assert store.register.run(again.run.name).status == "paused"
    assert (await channels(store, again))["transcript"] == left_off["transcript"] == whole["transcript"][:3]


async def test_a_guest_is_replayed_without_being_asked(store: Store) -> None:
    asked.clear()
    run = await played(store, with_guest())
    told = await record(store, run.run.name)
    assert [said["text"] for said in told["statements"] if said["speaker"] == "Visitor"] == [
        "I have heard 1.",
        "I have heard 3.",
    ]

    assert asked == [1, 3]
    asked.clear()
    again = await replay(store, run.run.name, created=CREATED, scenario=with_guest())
    await again.play()
    assert await record(store, again.run.name) == told
    assert asked == []


async def test_an_event_is_heard_by_whom_it_is_for_from_its_round_on(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await begin(store, scenario)
    await inject(store, run.run.name, ScheduledEvent(at="round 2", text="It rains.", party="Beta"), scenario=scenario)
    run = await Simulation.reopen(store, run.run.name, scenario=scenario)
    await run.play()
    heard = [call.place for call in store.journal(run.run.id).calls()
             if any("It rains." in part.text for part in call.messages)]  # fmt: skip

    assert heard == ["1.1/Beta/statement", "2.1/Beta/statement"]


async def test_an_event_of_a_fork_leaves_the_shared_past_alone(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    parent = await played(store, scenario)
    rain = (ScheduledEvent(at="round 2", text="It rains."),)
    child = await fork(store, parent.run.name, at="round 2", events=rain, created=CREATED, scenario=scenario)
    await child.play()

    calls = list(store.journal(child.run.id).calls())
    assert len(calls) == 4
    assert all(any("It rains." in part.text for part in call.messages) for call in calls)
    snow = ScheduledEvent(at="round 1", text="Snow.")
    with pytest.raises(InvalidValue, match="name round 2 or later"):
        await fork(store, parent.run.name, at="round 2", events=(snow,), created=CREATED, scenario=scenario)


async def test_a_round_that_has_begun_takes_no_event(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await begin(store, scenario, model=CountingChat(stop_at=4, error=Stop))
    with pytest.raises(Stop):
        await run.play()

    with pytest.raises(InvalidValue, match="name round 3 or later"):
        await inject(store, run.run.name, ScheduledEvent(at="round 2", text="It rains."), scenario=scenario)
    await inject(store, run.run.name, ScheduledEvent(at="round 3", text="It rains."), scenario=scenario)
    assert [event.at for event in store.register.run(run.run.name).header.events] == ["round 3"]
