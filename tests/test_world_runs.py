"""A world in runs: moves stay sealed, each hears what it may, and pauses, forks and orders change nothing."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Request, Response, Scenario, Simulation, Store
from converse_graph.audit.answer_check import AnswerCheck
from converse_graph.audit.audit import audit_run
from converse_graph.audit.disclosure_check import DisclosureCheck
from converse_graph.audit.phrase_index import PhraseIndex
from converse_graph.errors import ProviderUnreachable
from converse_graph.graph.wiring import wiring
from converse_graph.runs.derived import fork
from converse_graph.scenarios.yaml_files import load_scenario
from tests.support.audited_records import records_of
from tests.support.small_scenarios import CountingChat, Prompts, begin, channels, played

FISHERY = load_scenario(Path(__file__).parents[1] / "graphs" / "fishery.yaml")
PARTIES = ("Norland", "Sudmark", "Ostrand")


def fishery(order: str, rounds: int = 3) -> Scenario:
    clock = FISHERY.clock.model_copy(update={"end": FISHERY.clock.start + rounds - 1})
    return FISHERY.model_copy(update={"order": order, "clock": clock})


@pytest.mark.slow
@pytest.mark.parametrize("order", ["listed", "shuffled", "simultaneous"])
async def test_stopped_at_any_call_the_world_goes_on_to_the_same_end(order: str, store: Store) -> None:
    scenario, whole = fishery(order, rounds=2), CountingChat()
    expected = await channels(store, await played(store, scenario, model=whole, name="whole"))
    assert [record["round"] for record in expected["world_hidden"]] == [-1, 0, 1]
    for stop_at in range(1, len(whole.places) + 1):
        name = f"stopped-{stop_at}"
        with pytest.raises(ProviderUnreachable):
            await (await begin(store, scenario, model=CountingChat(stop_at=stop_at), name=name)).play()
        reopened = await Simulation.reopen(store, name, scenario=scenario, model=CountingChat())
        await reopened.play()
        assert await channels(store, reopened) == expected


class Quoting(CountingChat):
    """Writes of itself what the rules of the world, which are public, say of a move."""

    async def complete(self, request: Request) -> Response:
        reply = await super().complete(request)
        assert FISHERY.world is not None
        text = next(action.text for action in FISHERY.world.actions if action.name == "inspect")
        return dataclasses.replace(reply, text=json.dumps({**json.loads(reply.text), "memo": text}))


async def test_who_quotes_the_rules_of_the_world_in_a_memo_has_given_nothing_away(store: Store) -> None:
    simulation = await played(store, fishery("listed", rounds=1), model=Quoting(), name="run")
    assert (await audit_run(store, "run", scenario=simulation.scenario)).leaks == ()


async def test_a_move_stays_sealed_and_a_party_hears_of_its_own_state_alone(store: Store) -> None:
    model = Prompts()
    simulation = await played(store, fishery("listed"), model=model, name="run")
    state = await channels(store, simulation)
    public = (await simulation.transcript()).public()
    assert all("move" not in said.fields for said in public.statements)
    assert all(after.hidden is None for after in public.world)
    for place, prompt in model.prompts.items():
        party = next(name for name in PARTIES if name in place)
        round = int(place.partition(".")[0])
        then = state["world_hidden"][round]
        assert then["round"] == round - 1
        money = {name: f"money {own['money']:.3g} million" for name, own in then["state"].items() if name in PARTIES}
        assert money[party] in prompt
        for other in PARTIES:
            assert (money[other] in prompt) == (money[other] == money[party])
        assert "landed" not in prompt
        seen = {move["party"]: move["move"] for move in then["moves"] if move["is_seen"]}
        for other in PARTIES:
            if other != party:
                assert any(f"{other}: {move}" in prompt for move in seen.get(other, "-").split()) == (other in seen)


def test_only_the_node_of_the_world_reads_sealed_moves_and_hidden_state() -> None:
    table = wiring(FISHERY)
    assert table.readers("world_hidden") == ("world",)
    for party in PARTIES:
        assert table.readers(f"moves_{party}") == ("world",)
        assert table.readers(f"own_{party}") == (party,)
    assert table.readers("world_state") == ("supervisor", *PARTIES, "world")


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_a_fork_shares_the_world_up_to_its_turn_and_one_with_another_move_parts_there(
    order: str, store: Store
) -> None:
    scenario = fishery(order)
    parent = await channels(store, await played(store, scenario, name="parent"))
    same = await fork(store, "parent", at="2027", new_name="same", scenario=scenario, seed=3)
    await same.play()
    again = await channels(store, same)
    assert again["world_hidden"] == parent["world_hidden"]
    was = next(entry["move"] for entry in parent["moves_Norland"] if entry["round"] == 1)
    other = "inspect" if was != "inspect" else "wait"
    changed: dict[str, Any] = {"at": "2027:Norland", "say": "We do otherwise.", "fields": {"move": other}}
    elsewhere = await fork(store, "parent", new_name="else", scenario=scenario, seed=3, **changed)
    await elsewhere.play()
    parted = await channels(store, elsewhere)
    assert parted["world_hidden"][:2] == parent["world_hidden"][:2]
    moves = {move["party"]: move["move"] for move in parted["world_hidden"][2]["moves"]}
    assert moves["Norland"] == other
    assert all("move" not in said["fields"] for said in parted["transcript"])


async def test_an_event_of_the_world_ends_the_run(store: Store) -> None:
    assert FISHERY.world is not None
    soon = FISHERY.world.events[0].model_copy(update={"variable": "trust", "at_most": 0.49})
    world = FISHERY.world.model_copy(update={"events": (soon,)})
    simulation = await played(store, FISHERY.model_copy(update={"world": world}), name="run", seed=2)
    assert (await simulation.transcript()).header.ended == "event collapse"


async def test_the_audit_finds_a_move_that_nobody_chose_and_state_that_is_told_to_the_wrong(store: Store) -> None:
    simulation = await played(store, fishery("listed"), name="run")
    state = await channels(store, simulation)

    def leaks(channels: dict[str, Any]) -> list[str]:
        records = records_of(store, store.register.run("run"), channels)
        disclosures = DisclosureCheck(records, PhraseIndex(), lambda turn, reader: ())
        answers = AnswerCheck(records, frozenset(), frozenset())
        return [leak.why for leak in (*disclosures.worlds(), *answers.differences())]

    assert leaks(state) == []
    chosen = next(entry["move"] for entry in state["moves_Norland"])
    other = next(name for name in ("fish_much", "inspect") if name != chosen)
    forged = [{**state["moves_Norland"][0], "move": other}, *state["moves_Norland"][1:]]
    assert leaks({**state, "moves_Norland": forged}) == ["the move is not what was answered there"]
    first = state["own_Norland"][0]
    told = [{**first, "state": {**first["state"], "landed": 1.0}}]
    assert leaks({**state, "own_Norland": told}) == ["a hidden variable is told to the party"]
    shown = [{**state["world_state"][0], "state": state["world_hidden"][0]["state"]}]
    assert "is not public" in leaks({**state, "world_state": shown})[0]
