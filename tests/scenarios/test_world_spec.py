"""A world that cannot be resolved without doubt is refused as it is read, with the line and the way out."""

from pathlib import Path

import pytest

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.yaml_files import load_scenario, read_scenario, write_scenario

FISHERY = Path(__file__).parents[2] / "graphs" / "fishery.yaml"

REFUSED = {
    "unknown variable": ("{variable: trust, amount: 0.1}", "{variable: thrust, amount: 0.1}", "'thrust'"),
    "negative lag": ("lag: 1", "lag: -1", "at least 0"),
    "no unit": ("unit: index, start: 0.5", "unit: '', start: 0.5", "unit"),
    "start outside": ("start: 0.5, maximum: 1", "start: 1.5, maximum: 1", "outside 0 to 1"),
    "set outside": (
        "{variable: trust, amount: 0.1}",
        "{variable: trust, operation: set, amount: 7}",
        "outside 0 to 1",
    ),
    "two writers": (
        "{variable: money, amount: -4}",
        "{variable: trust, operation: set, amount: 1}\n    - {variable: trust, operation: set, amount: 0}",
        "both set",
    ),
    "hidden precondition": ("requires:\n        - {variable: stock", "requires:\n        - {variable: landed", "told"),
    "cost of the world's": ("cost: {money: 10}", "cost: {stock: 10}", "no own variable"),
    "hidden cost": ("cost: {money: 10}", "cost: {landed: 10}", "not told"),
    "foreign owner": ("owner: state, start: 0", "owner: empire, start: 0", "own"),
    "event of nobody": ("- {kind: event, event: collapse}", "- {kind: event, event: bloom}", "'bloom'"),
    "two of a name": ("name: inspect", "name: fish_much", "two of action"),
    "wait is taken": ("name: inspect", "name: wait", "takes no action"),
    "own of the world": ("unit: kt, start: {low", "unit: kt, visibility: own, start: {low", "public or hidden"),
    "a kind of no party in a pair": ("owner: [state, state]", "owner: [state, guild]", "'guild'"),
    "three of a pair": ("owner: [state, state]", "owner: [state, state, state]", "owner"),
    "a pair of nobody": (
        "Norland and Sudmark: 0.7",
        "Sudmark and Norland: 0.7",
        "Norland and Sudmark, Norland and Ostrand",
    ),
    "what pairs own as a requirement": (
        "- {variable: stock, at_least: 20}",
        "- {variable: goodwill, at_least: 0.2}",
        "use an aggregate of it",
    ),
    "what pairs own as a cost": ("cost: {money: 10}", "cost: {goodwill: 0.1}", "no own variable"),
    "what pairs own as a factor": (
        "amount: 12, times: [standing]",
        "amount: 12, times: [goodwill]",
        "use an aggregate of it",
    ),
    "a partner of nobody": ("{variable: trust, amount: 0.1}", "{variable: trust, partner_moves: [trade]}", "own pairs"),
    "a move that no partner can make": ("partner_moves: [trade]", "partner_moves: [trad]", "did you mean 'trade'"),
    "an aggregate that gives away": (
        "owner: [state, state]\n      start: 0.5",
        "owner: [state, state]\n      visibility: hidden\n      start: 0.5",
        "gives away",
    ),
    "draw upside down": ("{low: 320, high: 400}", "{low: 400, high: 320}", "below high"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_world_in_doubt_is_refused(what: str) -> None:
    before, after, why = REFUSED[what]
    text = FISHERY.read_text(encoding="utf-8")
    assert before in text
    with pytest.raises(InvalidValue, match=why) as refusal:
        read_scenario(text.replace(before, after, 1))
    assert "line " in str(refusal.value)


SLIPS = {
    "in a cost": ("cost: {money: 10}", "cost: {mony: 10}", "did you mean 'money'?"),
    "in what is required": ("at_least: 20}", "at_least: stok}", "did you mean 'stock'?"),
    "in an effect": ("{variable: trust, amount: 0.1}", "{variable: trsut, amount: 0.1}", "did you mean 'trust'?"),
    "in a factor": ("amount: 0.35, times: [stock]", "amount: 0.35, times: [stok]", "did you mean 'stock'?"),
    "in a formula": ("amount: 0.35, times: [stock]", 'formula: "0.35 * stok"', "did you mean 'stock'?"),
    "in drift": ("{variable: money, amount: -4}", "{variable: mony, amount: -4}", "did you mean 'money'?"),
    "in an event": ("name: collapse, variable: stock", "name: collapse, variable: stok", "did you mean 'stock'?"),
    "a second name": ("name: trust", "name: stock", "two of variable are called 'stock'"),
    "an owner": ("owner: state, start: 20", "owner: stat, start: 20", "there is: world, state; did you mean 'state'?"),
    "a kind": ("party_kind: state\n      lag", "party_kind: stte\n      lag", "there is: state; did you mean 'state'?"),
    "a party": ("start: 20,", "start: 20, start_of: {Norlnd: 3},", "did you mean 'Norland'?"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_name_that_a_world_has_not_is_told_with_its_own_line_and_the_nearest(slip: str) -> None:
    before, after, says = SLIPS[slip]
    text = FISHERY.read_text(encoding="utf-8")
    line = text[: text.index(before)].count("\n") + 1
    with pytest.raises(InvalidValue) as refusal:
        read_scenario(text.replace(before, after, 1))
    assert str(refusal.value).startswith(f"line {line}: ")
    assert says in str(refusal.value)


def test_a_world_is_written_without_loss() -> None:
    fishery = load_scenario(FISHERY)
    assert read_scenario(write_scenario(fishery)) == fishery
