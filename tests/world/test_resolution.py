"""The rules of a world are pure: same seed, same world; the order of parties is nothing; laws bind from their date."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from converse_graph.record.records import HiddenWorldRecord
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import Action, Condition, Effect, Uniform, Variable, WorldEvent
from converse_graph.world.resolution import initial_record, legal_actions, resolve_round

KINDS = {"Norland": "state", "Sudmark": "state", "Ostrand": "state"}
WORLD = World(
    variables=[
        Variable(name="stock", unit="kt", start=Uniform(low=50, high=100), maximum=200),
        Variable(name="quota", unit="kt", start=200, maximum=200),
        Variable(name="money", unit="million", owner="state", start=5, maximum=50, visibility="own"),
    ],
    actions=[
        Action(
            name="fish",
            text="fish",
            party_kind="state",
            cost={"money": 2},
            detection=0.5,
            effects=[
                Effect(variable="stock", amount=-0.1, times=["stock"]),
                Effect(variable="stock", operation="multiply", amount=Uniform(low=0.9, high=0.99)),
            ],
        ),
        Action(
            name="limit",
            text="a law from the year after next on",
            lag=2,
            lasts=None,
            requires=[Condition(variable="stock", at_most=190)],
            effects=[Effect(variable="quota", operation="set", amount=10)],
        ),
    ],
    drift=[Effect(variable="stock", amount=0.1, times=["stock"], chance=0.7)],
    events=[WorldEvent(name="scarce", variable="stock", at_most=60)],
)
MOVES = st.lists(
    st.fixed_dictionaries({party: st.sampled_from(["wait", "fish", "limit", "annex"]) for party in KINDS}),
    min_size=1,
    max_size=8,
)


def _play(moves: list[dict[str, str]], seed: int, kinds: dict[str, str] = KINDS) -> list[HiddenWorldRecord]:
    past = [initial_record(WORLD, kinds, seed)]
    for chosen in moves:
        past.append(resolve_round(WORLD, kinds, past[-1], chosen, turn=3, seed=seed))
    return past


@given(MOVES, st.integers(0, 10**6))
def test_same_seed_same_world_whatever_the_order_of_parties(moves: list[dict[str, str]], seed: int) -> None:
    there = _play(moves, seed)
    back = _play([dict(reversed(chosen.items())) for chosen in moves], seed, dict(reversed(KINDS.items())))
    assert [record["state"] for record in there] == [record["state"] for record in back]
    assert there == _play(moves, seed)


@given(MOVES, st.integers(0, 10**6))
def test_values_stay_in_range_and_what_is_spent_is_gone(moves: list[dict[str, str]], seed: int) -> None:
    for before, after in pairwise(_play(moves, seed)):
        for move in after["moves"]:
            party = move["party"]
            paid = 2.0 if move["is_legal"] and move["move"] == "fish" else 0.0
            assert after["state"][party]["money"] == before["state"][party]["money"] - paid >= 0
            assert move["is_legal"] or "reason" in move
            assert move["move"] != "annex" or not move["is_legal"]
        for owner, values in after["state"].items():
            for name, value in values.items():
                assert WORLD.variable(name).holds(value), (owner, name)


@given(st.integers(0, 4), st.integers(0, 10**6))
def test_a_law_binds_exactly_from_its_date(enacted: int, seed: int) -> None:
    moves = [{"Norland": "limit" if round == enacted else "wait"} for round in range(8)]
    quota = {record["round"]: record["state"]["world"]["quota"] for record in _play(moves, seed)}
    assert quota == {round: 10.0 if round >= enacted + 2 else 200.0 for round in range(-1, 8)}


def test_another_partys_move_leaves_the_draws_of_the_rest_alone() -> None:
    calm = _play([{"Norland": "fish"}], 4)[-1]
    busy = _play([{"Norland": "fish", "Sudmark": "fish"}], 4)[-1]
    of_norland = [
        [change for change in record["changes"] if change["cause"] == "Norland: fish"] for record in (calm, busy)
    ]
    assert [change["amount"] for change in of_norland[0]] == [change["amount"] for change in of_norland[1]]


def test_a_party_is_offered_what_it_can_pay() -> None:
    for money, names in ((2.0, ["fish", "limit"]), (1.9, ["limit"])):
        known = {"stock": 100.0, "quota": 200.0, "money": money}
        assert [action.name for action in legal_actions(WORLD, "state", known)] == names
