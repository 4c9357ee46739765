"""The world of the wage talks: nothing is lost in the books, a strike ends with its fund, and no policy dominates."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converse_graph import ScriptedModel, Store, find_scenario
from converse_graph.ensembles.policy_table import policy_table
from converse_graph.ensembles.rules_alone import assign_policies, play_rules
from converse_graph.world.batch import WorldBatch
from tests.support.small_scenarios import played

SEEDS = 300


def play(*policies: str, **dials: Any) -> WorldBatch:
    made = find_scenario("wage-talks")(world=True, **dials)
    return play_rules(made, assign_policies(made, policies), seeds=SEEDS)


def world_values(batch: WorldBatch, name: str) -> np.ndarray:
    """A row for the start and for each round, a column a world."""
    return batch.values["world", name]


def test_what_each_side_has_is_what_was_made_paid_lost_and_signed_for() -> None:
    batch = play(rounds=12)
    orders, stocks, fund, agreed, week = (
        world_values(batch, name) for name in ("orders", "stocks", "fund", "agreed", "week")
    )
    is_played = week[:-1] < week[-1]
    is_idle = is_played & (np.maximum(world_values(batch, "strike"), world_values(batch, "lock_out"))[:-1] == 1)
    builds = batch.moves["Employer"] == batch.move_names["Employer"].index("build_stocks")
    due = orders[:-1] / 3
    raise_for_two_years = 312 * agreed[-1] / 100
    members = raise_for_two_years - 6 * is_idle.sum(axis=0) + 1.8 * (10 - fund[-1])
    assert batch.values["Union", "money"][-1] == pytest.approx(members)
    earned = 0.014 * (due * (is_played & ~is_idle)).sum(axis=0) - week[-1] - 0.044 * (orders[0] - orders[-1])
    assert batch.values["Employer", "money"][-1] == pytest.approx(
        30 + earned - 1.1 * (builds & is_played).sum(axis=0) - raise_for_two_years
    )
    expected = stocks[:-1] + 150 * (builds & is_played) - np.where(is_idle, np.minimum(stocks[:-1], due), 0)
    assert stocks[1:] == pytest.approx(np.minimum(expected, 600))
    is_settled = world_values(batch, "settled")[-1] == 1
    assert is_settled.any()
    for name in ("strike", "lock_out"):
        assert world_values(batch, name).any()
        assert not world_values(batch, name)[-1, is_settled].any(), "all go back to work"


@pytest.mark.parametrize("policies", [("random",), ("Union=always:call_strike", "Employer=always:lock_out")])
def test_no_strike_lasts_without_a_fund(policies: tuple[str, ...]) -> None:
    batch = play(*policies, rounds=12)
    fund, strike = world_values(batch, "fund"), world_values(batch, "strike")
    assert fund.min() == 0
    assert not (strike[fund == 0] > 0).any()
    assert ((fund[:-1] - fund[1:])[strike[:-1] == 1] == 2).all(), "it pays two weeks a round, while there are any"


def test_a_strike_of_ten_weeks_empties_the_fund_and_is_over() -> None:
    batch = play("Union=always:call_strike", "Employer=wait", rounds=6)
    lasts = world_values(batch, "support")[0] > 0.68  # fewer members would end it before
    assert (world_values(batch, "fund")[:, lasts].T == [10, 10, 8, 6, 4, 2, 0]).all()
    assert (world_values(batch, "strike")[:, lasts].T == [0, 1, 1, 1, 1, 1, 0]).all()
    for event in ("fund_empty", "strike_over"):
        assert (batch.event_rounds[event][lasts] == 5).all()


def test_stocks_delay_what_a_strike_costs_in_orders() -> None:
    bare, stocked = (
        world_values(play("Union=always:call_strike", f"Employer={policy}"), "orders")
        for policy in ("wait", "always:build_stocks")
    )
    assert (bare[1] == stocked[1]).all()
    assert (bare[3:] < stocked[3:]).all()


@pytest.mark.parametrize("party", ["Union", "Employer"])
def test_neither_to_strike_nor_not_to_is_best_against_all(party: str) -> None:
    table = policy_table(
        find_scenario("wage-talks")(world=True), ("hard", "soft", "tit_for_tat"), outcome="money", seeds=50,
        party=party, policy_of={},
    )  # fmt: skip
    best = {(cell.policy, cell.against) for cell in table.cells if cell.is_best}
    assert table.dominant is None
    assert {("soft", "hard")} == {pair for pair in best if pair[1] == "hard"}
    assert ("soft", "soft") not in best


def test_the_dials_set_what_the_world_begins_with() -> None:
    usual, poor = play(), play(inflation=0.1, strike_fund=False)
    assert [world_values(usual, name)[0, 0] for name in ("offer", "fund")] == [2, 10]
    assert [world_values(poor, name)[0, 0] for name in ("offer", "fund")] == [5, 0]
    assert not world_values(poor, "strike").any()
    falling = find_scenario("wage-talks")(world=True, inflation=-0.1).world
    assert falling is not None
    assert falling.variable("offer").start == 0


def test_a_side_is_shown_examples_of_its_own_moves_alone() -> None:
    made = find_scenario("wage-talks")(world=True)
    assert made.world is not None
    shown_moves = {party.name: {example.fields["move"] for example in party.examples} for party in made.organisations}
    batch = play(rounds=12)
    for name, moves in shown_moves.items():
        chosen = {batch.move_names[name][number] for number in np.unique(batch.moves[name]) if number >= 0}
        assert moves <= chosen
    assert shown_moves["Employer"] != shown_moves["Union"]


async def test_the_unions_signature_settles_and_words_do_not(tmp_path: Path) -> None:
    def says(move: str) -> dict[str, Any]:
        return {"statement": "We agree.", "raise_percent": 4, "condition": None, "accepts": True, "move": move,
                "memo": "m"}  # fmt: skip

    script = {
        "*Employer/statement": [says("raise_offer"), says("wait"), says("wait")],
        "*Union/statement": [says("call_strike"), says("wait"), says("accept")],
    }
    chat = ScriptedModel(script)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, find_scenario("wage-talks")(boardroom=False, world=True), model=chat)
        transcript = await run.transcript()
    chat.assert_exhausted()
    assert transcript.header.ended == "event settled"
    assert len(transcript.statements) == 6
    after = transcript.world[-1].state["world"]
    assert (after["agreed"], after["strike"], after["fund"]) == (4, 0, 6)
