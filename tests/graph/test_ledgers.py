"""Ledgers grow at one end: the reducer, the window on them, and whole runs of random scenarios."""

import asyncio
import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from converse_graph import ImaginedDebate, Organisation, Persona, Scenario
from converse_graph.prompting.summaries import window_start
from converse_graph.record.state import append
from tests.support.property_search import example_count
from tests.support.small_scenarios import debate, table

SOME = settings(max_examples=example_count(60), deadline=None, derandomize=True)
FEW = settings(max_examples=example_count(25), deadline=None, derandomize=True)

batches = st.lists(st.lists(st.fixed_dictionaries({"n": st.integers(0, 9)}), max_size=3), max_size=8)


@SOME
@given(writes=batches, cut=st.integers(0, 8))
def test_extend_gives_the_same_however_its_writes_are_batched(writes: list[Any], cut: int) -> None:
    whole = append(None, writes)
    assert whole == list(itertools.chain.from_iterable(writes))
    assert append(append(None, writes[:cut]), writes[cut:]) == whole
    one_by_one: list[Any] = []
    for write in writes:
        one_by_one = append(one_by_one, [write])
    assert one_by_one == whole


@SOME
@given(before=batches, writes=batches)
def test_extend_changes_neither_what_was_there_nor_what_is_written(before: list[Any], writes: list[Any]) -> None:
    current = append(None, before)
    kept, kept_writes = list(current), [list(write) for write in writes]
    extended = append(current, writes)
    assert current == kept
    assert writes == kept_writes
    assert extended[: len(kept)] == kept


@SOME
@given(round=st.integers(0, 400), window=st.integers(1, 40))
def test_a_window_is_never_longer_than_it_may_be_and_moves_in_blocks(round: int, window: int) -> None:
    first, following = window_start(round, window), window_start(round + 1, window)
    assert 0 <= first <= round
    assert round - first <= window
    assert round - first >= min(round, 1), "the last round is always heard"
    assert first % window == 0
    assert following in (first, first + window)


names = st.integers(1, 5).map(lambda count: [f"P{number}" for number in range(count)])


def _deliberation(depth: int, kind: str) -> Any:
    if kind == "none" or depth < 2:
        return None
    if kind == "imagined":
        return ImaginedDebate(motion="?", turns=3, members=[Persona(name="X"), Persona(name="Y")], options=("a", "b"))
    return debate("X", "Y", inside=_deliberation(depth - 1, kind), options=("a", "b"))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    parties = [
        Organisation(
            name=name,
            deliberation=_deliberation(draw(st.integers(1, 3)), draw(st.sampled_from(["none", "imagined", "debate"]))),
        )
        for name in draw(names)
    ]
    order = draw(st.sampled_from(["listed", "shuffled", "simultaneous", "moderated"]))
    return table(*parties, order=order, fairness=draw(st.integers(1, 3)), rounds=draw(st.integers(1, 3)))


async def _history(scenario: Scenario, seed: int) -> list[dict[str, Any]]:
    graph = scenario.graph().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t", "model": "null", "seed": seed}}
    await graph.ainvoke({"horizon": None}, config, durability="sync")
    states = [state.values async for state in graph.aget_state_history(config)]
    return list(reversed(states))


@FEW
@given(scenario=scenarios(), seed=st.integers(0, 99))
def test_of_any_run_each_ledger_at_each_step_begins_as_it_was_before(scenario: Scenario, seed: int) -> None:
    history = asyncio.run(_history(scenario, seed))
    ledgers = ["transcript", "events", *(f"mind_{party.name}" for party in scenario.organisations)]
    for before, after in itertools.pairwise(history):
        for ledger in ledgers:
            was = before.get(ledger, [])
            assert after.get(ledger, [])[: len(was)] == was
    _check_order(scenario, history[-1]["transcript"])
    for party in scenario.organisations:
        mind = history[-1][f"mind_{party.name}"]
        assert all(entry["path"].split("/")[0] == party.name for entry in mind)
        places = [entry["place"] for entry in mind]
        assert len(places) == len(set(places))


def _check_order(scenario: Scenario, transcript: list[dict[str, Any]]) -> None:
    cast = [party.name for party in scenario.organisations]
    positions = [(said["round"], said["turn"]) for said in transcript]
    assert positions == [(round, turn) for round in range(scenario.clock.rounds) for turn in range(len(cast))]
    assert not any("problem" in said for said in transcript)
    if scenario.order != "moderated" or scenario.fairness == 1:
        for round in range(scenario.clock.rounds):
            speakers = [said["speaker"] for said in transcript if said["round"] == round]
            assert sorted(speakers) == cast
            if scenario.order in ("listed", "simultaneous"):
                assert speakers == cast
    taken = dict.fromkeys(cast, 0)
    for said in transcript:
        taken[said["speaker"]] += 1
        assert max(taken.values()) - min(taken.values()) <= scenario.fairness
