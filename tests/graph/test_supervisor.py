"""The supervisor: who has the floor, what it refuses, when it ends a run."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from converse_graph import (
    Boolean,
    Event,
    Integer,
    Organisation,
    Scenario,
    ScriptedModel,
    Simulation,
    StopOnEvent,
    StopOnSilence,
    StopWhen,
    Store,
)
from converse_graph.errors import CallFailed, RunPaused
from converse_graph.record.state import append
from converse_graph.turn.turn_order import eligible_speakers
from tests.support.small_scenarios import begin, channels, played, table


def claims(**claimed: Any) -> Organisation:
    return Organisation(name="Guest", graph=lambda view: {"text": "I speak.", **claimed})


async def run(scenario: Scenario, *, horizon: int | None = None, **configurable: Any) -> dict[str, Any]:
    graph = scenario.graph(compiled=True)
    config: Any = {"configurable": {"model": "null", "seed": 3, **configurable}}
    return dict(await graph.ainvoke({"horizon": horizon}, config))


@pytest.mark.parametrize(
    ("claimed", "says"),
    [
        ({"speaker": "Host"}, "this spoke as 'Host' in round 0"),
        ({"round": 1}, "this spoke as 'Guest' in round 1"),
        ({"speaker": "Host", "round": 7}, "this spoke as 'Host' in round 7"),
    ],
)
async def test_a_statement_in_anothers_name_or_of_another_round_is_refused(claimed: dict[str, Any], says: str) -> None:
    said = (await run(table("Host", claims(**claimed), rounds=1)))["transcript"]
    assert [entry["speaker"] for entry in said] == ["Host", "Guest"]
    assert said[1]["text"] == ""
    assert said[1]["problem"].startswith("refused: ")
    assert said[1]["problem"].endswith(says)
    assert said[0]["text"]


async def test_a_statement_in_its_own_name_and_round_is_taken() -> None:
    said = (await run(table("Host", claims(speaker="Guest", round=0), rounds=1)))["transcript"]
    assert said[1] == {"kind": "statement", "round": 0, "turn": 1, "speaker": "Guest", "text": "I speak.", "fields": {}}


async def test_only_a_partys_turn_can_be_claimed_not_its_place_in_the_round() -> None:
    said = (await run(table("Host", claims(turn=0, period="2099", fields={}), rounds=1)))["transcript"]
    assert (said[1]["turn"], said[1]["text"]) == (1, "I speak.")
    assert "period" not in said[1]


async def test_a_run_ends_with_its_horizon() -> None:
    result = await run(table("A", "B", rounds=3))
    assert (len(result["transcript"]), result["ended"]) == (6, "horizon")
    result = await run(table("A", "B", rounds=3), horizon=1)
    assert (len(result["transcript"]), result["ended"]) == (2, "horizon")


def reporting(name: str, *answers: bool) -> Organisation:
    """A party that answers as told, round by round."""
    return Organisation(
        name=name,
        fields=[Boolean(name="done", ask="?")],
        graph=lambda view: {"text": f"{name} speaks.", "fields": {"done": answers[view["round"]]}},
    )


async def test_an_event_ends_a_run_after_the_round_in_which_enough_parties_have_reported_it() -> None:
    scenario = table(
        reporting("A", True, False, True, False),
        reporting("B", False, False, True, False),
        rounds=4,
        events=[Event(name="settled", field="done", parties=2)],
        stop=[StopOnEvent(event="settled")],
    )
    result = await run(scenario)
    assert result["ended"] == "event settled"
    assert result["transcript"][-1]["round"] == 2
    assert result["events"] == [
        {"kind": "event", "name": "settled", "party": "A", "round": 0},
        {"kind": "event", "name": "settled", "party": "B", "round": 2},
    ], "the first report of each party, in whatever round"


async def test_an_answer_of_another_type_reports_no_event() -> None:
    one = Organisation(
        name="A", fields=[Boolean(name="done", ask="?")], graph=lambda view: {"text": "x", "fields": {"done": True}}
    )
    count = Integer(name="done", ask="?", minimum=0, maximum=3)
    other = Organisation(name="B", fields=[count], graph=lambda view: {"text": "x", "fields": {"done": 0}})
    scenario = table(one, other, rounds=1, events=[Event(name="e", field="done", equals=1)])
    assert (await run(scenario)).get("events", []) == []


async def test_silence_ends_a_run_after_the_rounds_it_takes() -> None:
    def speak(view: dict[str, Any]) -> Any:
        return {"text": "Here."} if view["round"] in (0, 2) else None

    scenario = table(
        Organisation(name="A", graph=speak),
        Organisation(name="B", graph=lambda view: None),
        rounds=9,
        stop=[StopOnSilence(rounds=2)],
    )
    result = await run(scenario)
    assert result["ended"] == "silence"
    assert result["transcript"][-1]["round"] == 4


async def test_a_predicate_gets_the_statements_as_they_are_shown_and_ends_a_run() -> None:
    seen: list[Any] = []

    def enough(statements: Sequence[dict[str, Any]]) -> bool:
        seen.append([sorted(said) for said in statements])
        statements[0]["text"] = "rewritten"
        statements[0]["fields"]["done"] = "rewritten"
        return statements[-1]["period"] == "round 2"

    scenario = table(
        reporting("A", False, False, False), rounds=3, stop=[StopWhen(predicate=enough, reason="second round done")]
    )
    result = await run(scenario)
    assert result["ended"] == "second round done"
    assert len(result["transcript"]) == 2
    assert {"round", "period", "speaker", "text", "fields"} <= set(seen[-1][-1])
    assert result["transcript"][0]["text"] == "A speaks.", "what a predicate does to what it is shown rewrites nothing"
    assert result["transcript"][0]["fields"] == {"done": False}


async def test_a_predicate_that_fails_pauses_the_run_and_says_where(store: Store) -> None:
    def broken(statements: Sequence[dict[str, Any]]) -> bool:
        return 1 / (2 - len(statements)) > 2

    stopped = await begin(store, table("A", "B", rounds=2, stop=[StopWhen(predicate=broken, reason="enough")]))
    with pytest.raises(RunPaused, match=r"'enough' failed with ZeroDivisionError: .*\(test_supervisor.py, line \d+\)"):
        await stopped.play()
    assert store.register.run(stopped.run.name).status == "paused"

    mended = table("A", "B", rounds=2, stop=[StopWhen(predicate=lambda said: False, reason="enough")])
    again = await Simulation.reopen(store, stopped.run.name, scenario=mended, allow_changed=True)
    assert (await again.play()).status == "finished"
    whole = await played(store, mended)
    assert (await channels(store, again))["transcript"] == (await channels(store, whole))["transcript"]


async def test_after_an_event_a_party_is_asked_something_else(store: Store) -> None:
    def parts(view: dict[str, Any]) -> Any:
        return {"text": view["questions"]}

    asked = Organisation(
        name="B", graph=parts, questions="Before?", questions_after={"first": "After one?", "second": "After both?"}
    )
    scenario = table(
        reporting("A", True, True, True),
        asked,
        rounds=2,
        events=[Event(name="first", field="done"), Event(name="second", field="done", parties=1)],
    )
    said = [entry["text"] for entry in (await run(scenario))["transcript"] if entry["speaker"] == "B"]
    assert said == ["Before?", "After both?"]


@pytest.mark.parametrize("order", ["listed", "shuffled", "simultaneous", "moderated"])
async def test_a_larger_horizon_goes_on_where_the_run_ended_without_repeating_a_round(order: str) -> None:
    graph = table("A", "B", "C", rounds=5, order=order).graph().compile(checkpointer=InMemorySaver())

    def config(thread: str) -> Any:
        return {"configurable": {"thread_id": thread, "model": "null", "seed": 3}}

    await graph.ainvoke({"horizon": 2}, config("once"), durability="sync")
    went_on = await graph.ainvoke({"horizon": 4}, config("once"), durability="sync")
    straight = await graph.ainvoke({"horizon": 4}, config("straight"), durability="sync")
    assert went_on["transcript"] == straight["transcript"]
    assert went_on["ended"] == "horizon"
    again = await graph.ainvoke({"horizon": 4}, config("once"), durability="sync")
    assert again["transcript"] == straight["transcript"], "nothing is left to play"


async def test_a_graph_begun_again_in_mid_turn_asks_again_and_records_no_refusal() -> None:
    failing = [True]

    def speak(view: dict[str, Any]) -> str:
        if view["round"] == 1 and failing.pop():
            raise ConnectionError("no line")
        return f"round {view['round']}"

    graph = table("A", Organisation(name="B", graph=speak), rounds=3).graph().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t", "model": "null"}}
    with pytest.raises(CallFailed, match="ConnectionError at test_supervisor"):
        await graph.ainvoke({"horizon": None}, config, durability="sync")
    failing.extend([False, False])
    result = await graph.ainvoke({"horizon": None}, config, durability="sync")
    assert [said["text"] for said in result["transcript"] if said["speaker"] == "B"] == [
        "round 0",
        "round 1",
        "round 2",
    ]
    assert not any("problem" in said for said in result["transcript"])


async def test_a_shuffled_round_is_drawn_anew_from_seed_and_round_alone() -> None:
    scenario = table(*[f"P{number}" for number in range(5)], order="shuffled", rounds=5)

    async def orders(seed: int, horizon: int | None = None) -> list[str]:
        said = (await run(scenario, seed=seed, horizon=horizon))["transcript"]
        return ["".join(entry["speaker"] for entry in said if entry["round"] == round) for round in range(5)]

    first, second = await orders(1), await orders(2)
    assert await orders(1, horizon=3) == [*first[:3], "", ""]
    assert len({*first, *second}) > 7


def test_a_moderator_may_pick_only_who_stays_within_the_bound() -> None:
    scenario = table("A", "B", "C", order="moderated", fairness=2)
    assert eligible_speakers(scenario, {}) == ["A", "B", "C"]
    assert eligible_speakers(scenario, {"A": 2}) == ["B", "C"]
    assert eligible_speakers(scenario, {"A": 2, "B": 2}) == ["C"]
    assert eligible_speakers(scenario, {"A": 2, "B": 2, "C": 1}) == ["A", "B", "C"]


async def test_a_moderated_table_follows_its_moderator_and_falls_back_where_it_is_no_use(store: Store) -> None:
    moderator = ScriptedModel(
        [{"next_speaker": "C"}, {"next_speaker": "B"}, {"next_speaker": "C"}, "nonsense", "nonsense", "nonsense"]
    )
    scenario = table("A", "B", "C", rounds=2, order="moderated", moderator_model=moderator)
    simulation = await played(store, scenario)
    said = (await simulation.transcript()).statements
    assert [entry.speaker for entry in said] == ["C", "B", "A", "C", "A", "B"]
    moderator.assert_exhausted()
    tasks = [request.messages[-1].text for request in moderator.requests[:3]]
    assert "A, B, C" in tasks[0]
    assert "A, B" in tasks[1]
    assert "C" not in tasks[1].partition("A, B")[2][:3], "who has spoken is not on offer"


def test_the_reducer_keeps_the_order_in_which_the_supervisor_commits() -> None:
    assert append([{"n": 1}], [[{"n": 2}], [{"n": 3}]]) == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_simultaneous_parties_hear_the_same_past_and_are_committed_as_listed() -> None:
    heard: dict[tuple[str, int], int] = {}

    def listens(name: str) -> Organisation:
        def speak(view: dict[str, Any]) -> str:
            heard[name, view["round"]] = len(view["statements"])
            return json.dumps(view["period"])

        return Organisation(name=name, graph=speak)

    result = await run(table(listens("Zeta"), listens("Alpha"), listens("Mu"), rounds=2, order="simultaneous"))
    assert [said["speaker"] for said in result["transcript"]] == ["Zeta", "Alpha", "Mu"] * 2
    assert Counter(heard.values()) == {0: 3, 3: 3}
