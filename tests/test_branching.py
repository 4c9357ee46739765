"""Runs made from runs: what they share with the run that they were made from, and where they begin to differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converse_graph import Organisation, Scenario, ScheduledEvent, Simulation, Store
from converse_graph.record.state import private_channel
from converse_graph.runs.derived import extend, fork, inject, replay
from tests.support.branching_scenarios import ORDERS, SEEDS, by_chance, in_a_store, record, scenarios, silent
from tests.support.small_scenarios import CREATED, CountingChat, Stop, channels, debate, journal, played, table

pytestmark = pytest.mark.every_store


def turns(state: dict[str, Any]) -> list[tuple[int, int]]:
    return [(said["round"], said["turn"]) for said in state["transcript"]]


def minds(scenario: Scenario, state: dict[str, Any], before: tuple[int, int]) -> dict[str, list[Any]]:
    """What each party had kept to itself before a turn."""
    return {
        party.name: [
            entry for entry in state.get(private_channel(party.name), ()) if (entry["round"], entry["turn"]) < before
        ]
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


@pytest.mark.slow
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


async def test_a_fork_in_which_nothing_is_changed_asks_anew_for_all_that_is_past_it(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    parent = await played(store, scenario, model=CountingChat())
    asked = CountingChat()
    child = await fork(store, parent.run.name, at="round 2", created=CREATED, scenario=scenario, model=asked)
    await child.play()

    assert (await channels(store, child))["transcript"] == (await channels(store, parent))["transcript"]
    made = [(place, attempt) for place, attempt, *_ in journal(store, parent) if not place.startswith("0.")]
    assert asked.answered == made
    assert [(place, attempt) for place, attempt, *_ in journal(store, child)] == made


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


async def test_what_is_injected_while_a_run_is_open_is_heard_as_it_plays_on_and_replayed(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=1)
    run = await played(store, scenario)
    longer = await extend(store, run.run.name, rounds=2, scenario=scenario)
    await inject(store, run.run.name, ScheduledEvent(at="round 2", text="It rains."), scenario=scenario)
    await longer.play()

    asked = store.journal(run.run.id).calls()
    assert any("It rains." in part.text for call in asked for part in call.messages)
    again = await replay(store, run.run.name, created=CREATED, scenario=scenario)
    assert (await again.play()).status == "finished"
    assert await record(store, again.run.name) == await record(store, run.run.name)
