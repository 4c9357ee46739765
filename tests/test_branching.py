"""Runs made from runs: what they share with the run that they were made from, and where they begin to differ."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from branching_tables import ORDERS, record, scenarios, silent, stopping, with_guest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import CREATED, CountingChat, Stop, begin, channels, debate, journal, played, table

from converse_graph import Organisation, Scenario, Simulation, Store
from converse_graph.branching import extend, fork, inject, replay
from converse_graph.errors import InvalidValue, RunHeld, RunPaused, UnknownName
from converse_graph.scenarios.rules import Dated
from converse_graph.state import mind_of

by_chance = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
SEEDS = st.integers(0, 999)


def in_a_store(test: Callable[[Store], Awaitable[None]]) -> None:
    """Run a test of one example on a store of its own."""

    async def run(folder: str) -> None:
        async with Store.open(Path(folder) / "runs.sqlite", make=True) as store:
            await test(store)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(folder))


def turns(state: dict[str, Any]) -> list[tuple[int, int]]:
    return [(said["round"], said["turn"]) for said in state["transcript"]]


def minds(scenario: Scenario, state: dict[str, Any], before: tuple[int, int]) -> dict[str, list[Any]]:
    """What each party had kept to itself before a turn."""
    return {
        party.name: [entry for entry in state.get(mind_of(party.name), ()) if (entry["round"], entry["turn"]) < before]
        for party in scenario.organisations
    }


def said_before(state: dict[str, Any], turn: tuple[int, int]) -> list[Any]:
    return [said for said in state["transcript"] if (said["round"], said["turn"]) < turn]


async def everything(store: Store, run: Simulation) -> tuple[Any, ...]:
    """A run with all that is stored of it."""
    return await channels(store, run), journal(store, run), await record(store, run.run.name), store.register.run(
        run.run.name
    )  # fmt: skip


@by_chance
@given(scenario=scenarios(), seed=SEEDS, more=st.integers(1, 3))
def test_an_extended_run_keeps_its_past_and_loses_repeats_and_misplaces_no_turn(
    scenario: Scenario, seed: int, more: int
) -> None:
    async def test(store: Store) -> None:
        short = await played(store, scenario, seed=seed)
        past, calls = await channels(store, short), journal(store, short)
        rounds = scenario.clock.rounds + more
        longer = await extend(store, short.run.name, rounds=rounds, scenario=scenario)
        run = await longer.play()

        whole = await channels(store, longer)
        assert (run.status, run.ended, run.rounds) == ("finished", "horizon", rounds)
        end = (scenario.clock.rounds, 0)
        assert said_before(whole, end) == past["transcript"]
        assert minds(scenario, whole, end) == minds(scenario, past, end)
        assert turns(whole) == [(r, t) for r in range(rounds) for t in range(len(scenario.organisations))]
        assert set(calls) <= set(journal(store, longer))
        never_stopped = await played(store, scenario, seed=seed, rounds=rounds)
        assert (await channels(store, never_stopped))["transcript"] == whole["transcript"]

    in_a_store(test)


@by_chance
@given(scenario=scenarios(), seed=SEEDS, pick=st.integers(0, 99), of_party=st.booleans())
def test_a_fork_shares_the_past_differs_after_and_leaves_its_parent_as_it_was(
    scenario: Scenario, seed: int, pick: int, of_party: bool
) -> None:
    async def test(store: Store) -> None:
        parent = await played(store, scenario, seed=seed)
        before = await everything(store, parent)
        leaf = before[0]["transcript"][pick % len(before[0]["transcript"])]
        whole_round = scenario.order == "simultaneous" or not of_party
        at = f"round {leaf['round'] + 1}" + (f":{leaf['speaker']}" if of_party else "")
        first = next(
            said for said in before[0]["transcript"]
            if said["round"] == leaf["round"] and (whole_round or said["speaker"] == leaf["speaker"])
        )  # fmt: skip
        turn = (leaf["round"], 0 if whole_round else first["turn"])
        child = await fork(store, parent.run.name, at=at, created=CREATED, seed=seed + 1, scenario=scenario)
        run = await child.play()

        after = await channels(store, child)
        assert run.status == "finished"
        assert said_before(after, turn) == said_before(before[0], turn)
        assert minds(scenario, after, turn) == minds(scenario, before[0], turn)
        assert turns(after) == turns(before[0])
        own, old = ([said for said in state["transcript"] if (said["round"], said["turn"]) >= turn]
                    for state in (after, before[0]))  # fmt: skip
        assert own[0] != old[0]
        if of_party and not whole_round:
            assert own[0]["speaker"] == leaf["speaker"]
        assert all(int(place.partition(".")[0]) >= turn[0] for place, *_ in journal(store, child))
        assert await everything(store, parent) == before

    in_a_store(test)


@by_chance
@given(scenario=scenarios(), seed=SEEDS, pick=st.integers(0, 99))
def test_words_put_into_a_mouth_stand_at_its_turn_and_change_nothing_before(
    scenario: Scenario, seed: int, pick: int
) -> None:
    async def test(store: Store) -> None:
        parent = await played(store, scenario, seed=seed)
        before = await channels(store, parent)
        leaf = before["transcript"][pick % len(before["transcript"])]
        leaf = next(said for said in before["transcript"]
                    if (said["round"], said["speaker"]) == (leaf["round"], leaf["speaker"]))  # fmt: skip
        child = await fork(
            store,
            parent.run.name,
            at=f"round {leaf['round'] + 1}:{leaf['speaker']}",
            say="We stop.",
            fields={"week": "7"},
            rounds=scenario.clock.rounds + 1,
            created=CREATED,
            scenario=scenario,
        )
        await child.play()

        after = await channels(store, child)
        put = next(
            said for said in after["transcript"] if (said["round"], said["turn"]) == (leaf["round"], leaf["turn"])
        )
        assert (put["speaker"], put["text"]) == (leaf["speaker"], "We stop.")
        assert put["fields"] == {**leaf["fields"], "week": 7}
        turn = (leaf["round"], leaf["turn"])
        assert said_before(after, turn) == said_before(before, turn)
        assert minds(scenario, after, turn) == minds(scenario, before, turn)
        assert turns(after) == [
            (r, t) for r in range(scenario.clock.rounds + 1) for t in range(len(scenario.organisations))
        ]

    in_a_store(test)


@by_chance
@given(scenario=scenarios(), seed=SEEDS, forked=st.booleans(), injected=st.booleans())
def test_a_replay_is_its_original_but_for_name_and_dates(
    scenario: Scenario, seed: int, forked: bool, injected: bool
) -> None:
    async def test(store: Store) -> None:
        run = await begin(store, scenario, seed=seed)
        if injected:
            name = run.run.name
            await inject(store, name, Dated(at="round 2", text="It rains.", to="Beta"), scenario=scenario)
            run = await Simulation.reopen(store, name, scenario=scenario)
        await run.play()
        if forked:
            run = await fork(store, run.run.name, at="round 2", created=CREATED, seed=seed + 1, scenario=scenario)
            await run.play()
        again = await replay(store, run.run.name, created=CREATED, scenario=scenario)
        await again.play()

        assert again.run.name != run.run.name
        assert await record(store, again.run.name) == await record(store, run.run.name)
        assert await channels(store, again) == await channels(store, run)
        assert journal(store, again) == journal(store, run)

    in_a_store(test)


async def test_a_fork_of_a_fork_shares_both_pasts(store: Store) -> None:
    scenario = table("Alpha", Organisation(name="Beta", brief="b", deliberation=debate("Left", "Right")), rounds=4)
    first = await played(store, scenario)
    second = await fork(store, first.run.name, at="round 2:Beta", say="No.", created=CREATED, scenario=scenario)
    await second.play()
    third = await fork(store, second.run.name, at="round 4", seed=9, created=CREATED, scenario=scenario)
    await third.play()
    one, two, three = [await channels(store, run) for run in (first, second, third)]

    assert said_before(three, (1, 1)) == said_before(one, (1, 1))
    assert said_before(three, (3, 0)) == said_before(two, (3, 0))
    assert three["transcript"][-2:] != two["transcript"][-2:]
    assert (third.run.parent, second.run.parent) == (second.run.name, first.run.name)


async def test_a_fork_that_was_killed_before_it_had_its_past_resumes_with_it(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    parent = await played(store, scenario)
    whole = await fork(store, parent.run.name, at="round 2:Beta", say="No.", created=CREATED, scenario=scenario)
    await whole.play()
    killed = await fork(store, parent.run.name, at="round 2:Beta", say="No.", created=CREATED, scenario=scenario)
    resumed = await Simulation.reopen(store, killed.run.name, scenario=scenario)
    await resumed.play()

    assert await channels(store, resumed) == await channels(store, whole)


@pytest.mark.parametrize("order", ORDERS)
async def test_a_fork_killed_at_any_call_resumes_as_one_never_killed(store: Store, order: str) -> None:
    scenario = table(
        "Alpha", Organisation(name="Beta", brief="b", deliberation=debate("L", "R")), order=order, rounds=3
    )
    parent = await played(store, scenario, model=CountingChat())
    again = {"at": "round 2:Beta", "say": "No.", "created": CREATED, "scenario": scenario}
    counting = CountingChat()
    whole = await fork(store, parent.run.name, model=counting, **again)
    await whole.play()
    expected = await channels(store, whole)
    for stop_at in range(1, len(counting.places) + 1):
        killed = await fork(store, parent.run.name, model=CountingChat(stop_at=stop_at, error=Stop), **again)
        with pytest.raises(Stop):
            await killed.play()
        resumed = await Simulation.reopen(store, killed.run.name, scenario=scenario, model=CountingChat())
        await resumed.play()
        assert await channels(store, resumed) == expected


async def test_a_fork_at_the_first_turn_is_a_run_from_the_start(store: Store) -> None:
    scenario = table("Alpha", "Beta")
    parent = await played(store, scenario)
    child = await fork(store, parent.run.name, at="round 1", seed=8, created=CREATED, scenario=scenario)
    await child.play()
    fresh = await played(store, scenario, seed=8)

    assert (await channels(store, child))["transcript"] == (await channels(store, fresh))["transcript"]


async def test_a_fork_after_the_round_that_ended_its_parent_goes_on(store: Store) -> None:
    parent = await played(store, silent())
    assert store.register.run(parent.run.name).ended == "silence"
    child = await fork(store, parent.run.name, at="round 2", seed=8, created=CREATED, scenario=silent())
    run = await child.play()

    assert (run.ended, run.statements) == ("silence", 4)


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
    run = await played(store, with_guest())
    told = await record(store, run.run.name)
    assert [said["text"] for said in told["statements"] if said["speaker"] == "Visitor"] == [
        "I have heard 1.",
        "I have heard 3.",
    ]

    def asked(view: dict[str, Any]) -> str:
        raise AssertionError("a replay asks nobody")

    asked.__qualname__ = "_counts"
    deaf = table("Alpha", Organisation(name="Visitor", brief="a brief", graph=asked), rounds=2)
    again = await replay(store, run.run.name, created=CREATED, scenario=deaf)
    await again.play()
    assert await record(store, again.run.name) == told


async def test_an_event_is_heard_by_whom_it_is_for_from_its_round_on(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await begin(store, scenario)
    await inject(store, run.run.name, Dated(at="round 2", text="It rains.", to="Beta"), scenario=scenario)
    run = await Simulation.reopen(store, run.run.name, scenario=scenario)
    await run.play()
    heard = [call.place for call in store.journal(run.run.id).calls()
             if any("It rains." in part.text for part in call.parts)]  # fmt: skip

    assert heard == ["1.1/Beta/statement", "2.1/Beta/statement"]


async def test_an_event_of_a_fork_leaves_the_shared_past_alone(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    parent = await played(store, scenario)
    rain = (Dated(at="round 2", text="It rains."),)
    child = await fork(store, parent.run.name, at="round 2", events=rain, created=CREATED, scenario=scenario)
    await child.play()

    calls = list(store.journal(child.run.id).calls())
    assert len(calls) == 4
    assert all(any("It rains." in part.text for part in call.parts) for call in calls)
    with pytest.raises(InvalidValue, match="name round 2 or later"):
        await fork(store, parent.run.name, at="round 2", events=(Dated(at="round 1", text="Snow."),), created=CREATED,
                   scenario=scenario)  # fmt: skip


async def test_a_round_that_has_begun_takes_no_event(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    run = await begin(store, scenario, model=CountingChat(stop_at=4, error=Stop))
    with pytest.raises(Stop):
        await run.play()

    with pytest.raises(InvalidValue, match="name round 3 or later"):
        await inject(store, run.run.name, Dated(at="round 2", text="It rains."), scenario=scenario)
    await inject(store, run.run.name, Dated(at="round 3", text="It rains."), scenario=scenario)
    assert [event.at for event in store.register.run(run.run.name).header.events] == ["round 3"]


async def test_a_run_that_is_held_takes_no_event_and_no_horizon(store: Store) -> None:
    scenario = table("Alpha", "Beta")
    run = await played(store, scenario)
    with store.hold(run.run.name):
        with pytest.raises(RunHeld):
            await extend(store, run.run.name, rounds=5, scenario=scenario)
        with pytest.raises(RunHeld):
            await inject(store, run.run.name, Dated(at="round 5", text="Rain."), scenario=scenario)
    assert store.register.run(run.run.name) == run.run


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a turn that the run has not come to": ({"at": "round 9"}, "has come to round 3"),
    "a period that the clock has not": ({"at": "soon"}, "No period 'soon'"),
    "a party that is not there": ({"at": "round 1:Omega"}, "No organisation 'Omega'; there is: Alpha, Beta"),
    "a party that has not spoken yet": ({"at": "round 3:Beta", "say": "No."}, "has not spoken in round 3"),
    "words without a mouth": ({"at": "round 1", "say": "No."}, "Words need a mouth"),
    "a mouth without words": ({"at": "round 1:Beta", "say": " "}, "No words"),
    "fields without words": ({"at": "round 1:Beta", "fields": {"week": 3}}, "give --say too"),
    "a field that is not there": ({"at": "round 1:Beta", "say": "No.", "fields": {"day": 1}}, "No field of Beta 'day'"),
    "a horizon before the fork": ({"at": "round 2", "rounds": 1}, "has its horizon before it"),
    "a fork at the end with nothing after": ({"at": "round 3"}, "has its horizon before it"),
    "a name that is taken": ({"at": "round 1", "new_name": "table"}, "There is a run 'table' already"),
}


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_a_fork_that_cannot_be_is_refused_and_nothing_is_written(store: Store, order: str) -> None:
    scenario = table("Alpha", "Beta", order=order)
    await played(store, scenario, name="table")
    for case, (asked, told) in REFUSED.items():
        with pytest.raises((InvalidValue, UnknownName)) as refused:
            await fork(store, "table", created=CREATED, scenario=scenario, **asked)
        assert told in str(refused.value), case
    assert [run.name for run in store.register.runs()] == ["table"]


async def test_an_extension_that_is_none_is_refused(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    await played(store, scenario, name="done")
    await begin(store, scenario, name="begun")
    for name, asked, told in (
        ("done", {"rounds": 2}, "has come to the end of round 3"),
        ("done", {"until": 3}, "has come to the end of round 3"),
        ("done", {}, "Say how far"),
        ("begun", {"rounds": 3}, "plays to round 3 anyway"),
    ):
        before = store.register.run(name)
        with pytest.raises(InvalidValue, match=told):
            await extend(store, name, scenario=scenario, **asked)
        assert store.register.run(name) == before
