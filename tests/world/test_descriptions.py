"""A world in words: what its numbers mean, what a move costs and when it counts."""

from typing import Any

from converse_graph import Action, Effect, Variable, World
from converse_graph.record.records import OwnWorldRecord, WorldRecord
from converse_graph.world.descriptions import describe_values, describe_variables, describe_world

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

    assert describe_world(WORLD, "Norland", [public], [own], WORLD.actions) == (
        ("The world is now", ("stock 812 kt; boats 3; no: ban",)),
        ("Decided, and not in effect yet", ("Norland: ban_nets, once this round is over",)),
        ("Yours is now", ("credit 3 points", "your last move: ban_nets, everybody learned of it")),
        ("Moves that are open to you (or wait, and make none)", ("ban_nets: forbid nets (costs 1 point of credit)",)),
    )


def test_what_is_decided_and_not_in_effect_yet_is_told_to_all_who_know_of_it_until_it_is() -> None:
    slow = WORLD.model_copy(update={"actions": (WORLD.actions[0].model_copy(update={"lag": 2}),)})
    public, own = list[WorldRecord](), list[OwnWorldRecord]()
    told = []
    for round, move in enumerate(("ban_nets", "wait", "wait", "wait")):
        outcome: Any = {"party": "Norland", "move": move, "is_legal": True, "is_seen": move != "wait"}
        place: dict[str, Any] = {"round": round, "turn": round}
        public.append({"kind": "world", **place, "moves": [outcome] if outcome["is_seen"] else [], "happened": [],
                       "state": {"world": {"ban": 0.0}, "Norland": {}, "Ostrand": {}}})  # fmt: skip
        own.append({"kind": "world_own", **place, "state": {"credit": 3.0}, "move": outcome})
        for party, its_own in (("Norland", own), ("Ostrand", [{**own[0], "move": {**outcome, "move": "wait"}}])):
            told.append(dict(describe_world(slow, party, public, its_own, ())).get("Decided, and not in effect yet"))

    in_two, in_one = "Norland: ban_nets, once 2 more rounds are over", "Norland: ban_nets, once this round is over"
    assert told == [(in_two,)] * 2 + [(in_one,)] * 2 + [None] * 4
    assert "your last move: wait" in dict(describe_world(slow, "Norland", public, own, ()))["Yours is now"]


def test_a_bare_scale_is_not_told_with_every_number() -> None:
    shares = World(
        variables=[
            Variable(name="trust", unit="index", start=0.5, maximum=1),
            Variable(name="support", unit="share of members", start=0.7, maximum=1),
            Variable(name="pace", unit="share a year", start=0.1, maximum=1),
        ],
        actions=[],
    )
    state = {"world": {"trust": 0.5, "support": 0.7, "pace": 0.1}}

    assert describe_values(shares, state) == "trust 0.5, support 0.7 of members, pace 0.1 share a year"
