"""A policy does what its name says, in every world and round."""

from pathlib import Path

import numpy as np
import pytest

from converse_graph.ensembles.policy_table import PolicyTable, policy_table
from converse_graph.ensembles.rules_alone import assign_policies, play_rules
from converse_graph.errors import ConverseError
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.world.batch import WorldBatch

SEA = find_scenario(str(Path(__file__).parents[1] / "support" / "scenario_files" / "sea.yaml"))()
POLICIES = """
def careful(turn):
    assert turn.moves[0] == "wait" and 0 <= turn.chance < 1
    return "fish" if turn.values["stock"] >= 300 else "wait"

def copies(turn):
    return turn.seen_moves.get("Norland", "wait") if turn.seen_moves.get("Norland", "wait") in turn.moves else "wait"

def annexes(turn):
    return "annex"

def fails(turn):
    return turn.nothing
"""


def play(*policies: str, seeds: int = 60) -> WorldBatch:
    return play_rules(SEA, assign_policies(SEA, policies), seeds=seeds)


def moves(batch: WorldBatch, party: str) -> np.ndarray:
    """Names of the moves: a row a round, a column a world."""
    return np.array(batch.move_names[party])[batch.moves[party]]


def test_by_chance_each_legal_move_is_as_likely() -> None:
    batch = play(seeds=3000)
    first, money = moves(batch, "Norland")[1], batch.values["Norland", "money"][1]
    rich = money >= 30
    for able, names in ((rich, ("wait", "fish", "plunder")), (~rich, ("wait", "fish"))):
        shares = [float((first[able] == name).mean()) for name in names]
        assert shares == pytest.approx([1 / len(names)] * len(names), abs=0.05)
    assert not (first[~rich] == "plunder").any()


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        ("wait", {"wait"}),
        ("always:fish", {"fish"}),
        ("never:fish", {"wait", "plunder"}),
        ("always:plunder", {"wait", "plunder"}),
    ],
)
def test_the_known_patterns_make_these_moves_alone(policy: str, names: set[str]) -> None:
    batch = play(f"Norland={policy}")
    assert set(moves(batch, "Norland").flat) == names
    if policy == "always:plunder":
        rich = batch.values["Norland", "money"][:-1] >= 30
        assert ((moves(batch, "Norland") == "plunder") == rich).all()


def test_tit_for_tat_answers_in_the_round_after_and_forgives() -> None:
    batch = play("Norland=tit_for_tat:fish/plunder", "Sudmark=random")
    own, theirs, money = moves(batch, "Norland"), moves(batch, "Sudmark"), batch.values["Norland", "money"]
    assert (own[0] == "fish").all()
    is_due, rich = theirs[:-1] == "plunder", money[1:-1] >= 30
    assert is_due.any()
    assert ((own[1:] == "plunder") == (is_due & rich)).all()
    assert ((own[1:] == "fish") == ~(is_due & rich)).all()


def test_a_table_of_the_file_and_a_function_choose_alike(tmp_path: Path) -> None:
    path = tmp_path / "policies.py"
    path.write_text(POLICIES, encoding="utf-8")
    by_table, by_function = play("Norland=careful"), play(f"Norland={path}:careful")
    assert (moves(by_table, "Norland") == moves(by_function, "Norland")).all()
    assert ((moves(by_table, "Norland") == "fish") == (by_table.values["world", "stock"][:-1] >= 300)).all()
    batch = play("Norland=random", f"Sudmark={path}:copies")
    before, after = moves(batch, "Norland")[:-1], moves(batch, "Sudmark")[1:]
    assert ((after == before) | ((after == "wait") & (before == "plunder"))).all()


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("Norlund=wait", "Did you mean 'Norland'"),
        ("Norland=cleverly", "there is: careful, random, wait, always:MOVE"),
        ("Norland=always:annex", "there is: fish, plunder"),
        ("Norland=tit_for_tat:fish", "No policy"),
        ("Harbour=always:fish", "port parties cannot take fish"),
        ("Harbour=never:annex", "'annex'"),
        ("Norland={file}:annexes", "chose 'annex' for Norland in round 0"),
        ("Norland={file}:fails", "failed for Norland in round 0 with AttributeError"),
        ("Norland={file}:nobody", "there is: careful, copies, annexes, fails"),
        ("Norland={file}", "write file.py:function"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(policy: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "policies.py"
    path.write_text(POLICIES, encoding="utf-8")
    with pytest.raises(ConverseError, match=message.replace("[", r"\[")):
        play(policy.format(file=path))


def test_a_kind_and_others_stand_for_parties_and_a_name_goes_first() -> None:
    texts = ["state=careful", "Sudmark=wait", "others=random"]
    assert assign_policies(SEA, texts) == {"Norland": "careful", "Sudmark": "wait", "Harbour": "random"}
    assert assign_policies(SEA, ["wait"]) == dict.fromkeys(["Norland", "Sudmark", "Harbour"], "wait")
    with pytest.raises(ConverseError, match="Two policies are given for state"):
        assign_policies(SEA, ["state=wait", "state=careful"])


def _table(*policies: str, outcome: str = "money") -> PolicyTable:
    policy_of = assign_policies(SEA, [])
    return policy_table(SEA, policies, outcome=outcome, party="Sudmark", policy_of=policy_of, seeds=50)


def test_policies_against_policies_tell_a_dilemma_from_none() -> None:
    table = _table("always:fish", "always:plunder")
    means = {(cell.policy, cell.against): cell.mean for cell in table.cells}
    alone = play("Norland=always:plunder", "Sudmark=always:fish", seeds=50)
    assert means["always:fish", "always:plunder"] == pytest.approx(alone.values["Sudmark", "money"][-1].mean())
    assert (table.party, table.others) == ("Sudmark", ("Norland",))
    assert _table("always:fish", "wait").dominant == "always:fish"
    shares = _table("always:fish", "always:plunder", outcome="collapse")
    assert all(0 <= cell.mean <= 1 for cell in shares.cells)


def test_a_policy_that_differs_in_nothing_is_as_good_and_none_dominates() -> None:
    table = _table("wait", "never:fish", outcome="landed")  # which nothing changes
    assert all(cell.is_best for cell in table.cells)
    assert table.dominant is None
