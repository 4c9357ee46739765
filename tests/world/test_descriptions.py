"""A world in words: what its numbers mean, what a move costs and when it counts."""

from typing import Any

from converse_graph import Action, Effect, Variable, World
from converse_graph.record.records import OwnWorldRecord, WorldRecord
from converse_graph.world.descriptions import describe_variables, describe_world

WORLD = World(
    variables=[
        Variable(name="stock", unit="kt", text="of cod in the bay", start=800, maximum=2000),
        Variable(name="ban", unit="flag", text="a law forbids nets", start=0, maximum=1),
        Variable(name="boats", unit="count", start=3, maximum=9),
        Variable(name="spawners", unit="kt", text="young cod", start=9, maximum=99, visibility="hidden"),
        Variable(
            name="credit", unit="points", owner="state", text="what laws cost", start=4, maximum=9, visibility="own"
        ),
    ],
    actions=[
        Action(name="ban_nets", text="forbid nets", party_kind="state", cost={"credit": 1}, lag=1,
               effects=[Effect(variable="ban", amount=1)]),
    ],
)  # fmt: skip


def test_a_party_is_told_once_what_the_numbers_mean_that_it_is_told() -> None:
    text = describe_variables(WORLD, "state")

    assert text.splitlines()[1:] == [
        "- stock (kt): of cod in the bay",
        "- ban (yes or no): a law forbids nets",
        "- credit (points): what laws cost",
    ]
    assert "credit" not in describe_variables(WORLD, "fleet")
    assert describe_variables(World(variables=[WORLD.variables[2]], actions=[]), "state") == ""


def test_numbers_stand_on_one_line_an_owner_with_few_digits_and_costs_in_their_units() -> None:
    place: dict[str, Any] = {"round": 1, "turn": 0}
    public: WorldRecord = {
        "kind": "world", **place, "moves": [], "happened": [],
        "state": {"world": {"stock": 812.3456, "ban": 0.0, "boats": 3.0}, "Norland": {}, "Ostrand": {}},
    }  # fmt: skip
    own: OwnWorldRecord = {
        "kind": "world_own", **place, "state": {"credit": 3.0},
        "move": {"party": "Norland", "move": "ban_nets", "is_seen": True},
    }  # fmt: skip

    assert describe_world(WORLD, "Norland", public, own, WORLD.actions) == (
        ("The world is now", ("stock 812 kt; boats 3; no: ban",)),
        (
            "Yours is now",
            ("credit 3 points", "your last move: ban_nets, everybody learned of it; it takes effect a round later"),
        ),
        ("Moves that are open to you", ("ban_nets: forbid nets (costs 1 point of credit)",)),
    )
