"""Variables of pairs: one for both sides, told to the two, moved by one or by both, summed up for who acts."""

import csv
import io

import pytest

from converse_graph import Clock, Organisation, Scenario, Store
from converse_graph.audit.audit import audit_run
from converse_graph.errors import InvalidValue
from converse_graph.export.formats import as_csv
from converse_graph.export.world_explanation import explain_round
from converse_graph.record.state import WORLD_STATE, own_world_channel
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import Action, Aggregate, Condition, Effect, Variable
from converse_graph.world.descriptions import describe_variables
from converse_graph.world.resolution import initial_record, known_values, legal_actions, resolve_round
from tests.support.small_scenarios import Prompts, channels, played

KINDS = {"Norland": "state", "Sudmark": "state", "Ostrand": "state", "Guild": "guild"}


def world(visibility: str = "own") -> World:
    return World(
        variables=[
            Variable(
                name="bond",
                unit="index",
                text="between two states",
                owner=("state", "state"),
                start=4,
                start_of={"Norland and Ostrand": 1},
                maximum=10,
                visibility=visibility,
            ),
            Variable(name="custom", unit="index", owner=("guild", "state"), start=2, maximum=10),
            Variable(
                name="standing",
                unit="index",
                owner="state",
                aggregate=Aggregate(function="mean", of="bond"),
                maximum=10,
                visibility=visibility,
            ),
            Variable(
                name="peace",
                unit="index",
                aggregate=Aggregate(function="minimum", of="bond"),
                maximum=10,
                visibility="hidden",
            ),
        ],
        actions=[
            Action(
                name="trade",
                text="trade with whoever trades",
                party_kind="state",
                effects=[Effect(variable="bond", amount=1, partner_moves=["trade"])],
            ),
            Action(
                name="insult",
                text="insult all others",
                party_kind="state",
                effects=[Effect(variable="bond", operation="multiply", amount=0.5)],
            ),
            Action(
                name="preach",
                text="preach to the others",
                party_kind="state",
                requires=[Condition(variable="standing", at_least=3)],
                effects=[Effect(variable="bond", amount=0.5, on="others", times=["standing", "bond"])],
            ),
            Action(name="levy", text="levy", party_kind="guild", effects=[Effect(variable="custom", amount=-1)]),
        ],
        drift=[Effect(variable="bond", amount=0.1, times=["bond"])],
    )


BONDS = {"Norland and Sudmark": 4.0, "Norland and Ostrand": 1.0, "Sudmark and Ostrand": 4.0}


def after(**moves: str) -> dict[str, dict[str, float]]:
    made = world()
    record = resolve_round(made, KINDS, initial_record(made, KINDS, 1), moves, turn=4, seed=1)
    assert all(move["is_legal"] for move in record["moves"])
    return record["state"]


def test_each_pair_of_its_kinds_has_one_and_no_other() -> None:
    state = initial_record(world(), KINDS, 1)["state"]
    assert {owner: values["bond"] for owner, values in state.items() if "bond" in values} == BONDS
    assert [owner for owner, values in state.items() if "custom" in values] == [
        "Norland and Guild", "Sudmark and Guild", "Ostrand and Guild"
    ]  # fmt: skip
    assert {party: state[party]["standing"] for party in ("Norland", "Sudmark", "Ostrand")} == {
        "Norland": 2.5, "Sudmark": 4.0, "Ostrand": 2.5
    }  # fmt: skip
    assert state["world"]["peace"] == 1


def test_what_takes_two_happens_where_both_make_the_move_and_for_each_of_them() -> None:
    grown = {name: value * 1.1 for name, value in BONDS.items()}
    alone = after(Norland="trade")
    assert {name: alone[name]["bond"] for name in BONDS} == pytest.approx(grown)
    both = after(Norland="trade", Sudmark="trade")
    assert {name: both[name]["bond"] for name in BONDS} == pytest.approx({**grown, "Norland and Sudmark": 4.4 + 2})


def test_an_effect_is_on_own_pairs_on_others_pairs_and_reckons_with_the_pairs_own_value() -> None:
    insulted = after(Ostrand="insult")
    assert insulted["Norland and Ostrand"]["bond"] == pytest.approx(1 * 0.5 + 0.1)
    assert insulted["Norland and Sudmark"]["bond"] == pytest.approx(4.4)
    preached = after(Sudmark="preach")
    assert preached["Norland and Ostrand"]["bond"] == pytest.approx(1.1 + 0.5 * 4.0 * 1)
    assert preached["Sudmark and Ostrand"]["bond"] == pytest.approx(4.4)
    assert after(Guild="levy")["Ostrand and Guild"]["custom"] == 1


def test_a_party_may_do_what_its_own_pairs_come_to() -> None:
    state = initial_record(world(), KINDS, 1)["state"]
    offers = {
        party: [action.name for action in legal_actions(world(), "state", known_values(world(), state, party))]
        for party in ("Norland", "Sudmark")
    }
    assert offers == {"Norland": ["trade", "insult"], "Sudmark": ["trade", "insult", "preach"]}


def test_a_table_without_a_kind_is_without_its_pairs_and_what_takes_a_partner_that_is_gone() -> None:
    states = world().for_kinds(["state"])
    assert [variable.name for variable in states.variables] == ["bond", "standing", "peace"]
    kept = {action.name: len(action.effects) for action in world().adjusted(without_actions=["trade"]).actions}
    assert kept == {"insult": 1, "preach": 1, "levy": 1}


def test_a_party_that_is_called_as_a_pair_is_refused() -> None:
    with pytest.raises(InvalidValue, match="is called as a pair of others is"):
        Scenario(premise="Three.", clock=Clock(end=2, step="round"), world=world().for_kinds(["state"]), organisations=[
            Organisation(name=name, kind="state") for name in ("A", "B", "A and B")
        ])  # fmt: skip


def scenario() -> Scenario:
    parties = [Organisation(name=name, kind=kind) for name, kind in KINDS.items()]
    return Scenario(premise="Four.", clock=Clock(end=3, step="round"), world=world(), organisations=parties)


async def test_the_two_of_a_pair_are_told_and_nobody_else(store: Store) -> None:
    model = Prompts()
    simulation = await played(store, scenario(), model=model, name="run")
    state = await channels(store, simulation)
    assert all("bond" not in values for record in state[WORLD_STATE] for values in record["state"].values())
    first = {party: state[own_world_channel(party)][0].get("pairs", {}) for party in KINDS}
    assert {party: sorted(pairs) for party, pairs in first.items()} == {
        "Norland": ["Norland and Ostrand", "Norland and Sudmark"],
        "Sudmark": ["Norland and Sudmark", "Sudmark and Ostrand"],
        "Ostrand": ["Norland and Ostrand", "Sudmark and Ostrand"],
        "Guild": [],
    }
    told = model.prompts["1.0/Norland/statement"]
    assert "Norland and Ostrand: bond" in told
    assert "between two states" in describe_variables(world(), "state")
    assert "between two states" not in describe_variables(world(), "guild")
    assert "Sudmark and Ostrand: bond" not in told
    assert "Ostrand and Guild: custom" in told, "it is public"
    assert "bond" not in model.prompts["1.3/Guild/statement"]
    result = await audit_run(store, "run", scenario=scenario())
    assert result.leaks == ()


async def test_tables_and_explanations_name_the_pair(store: Store) -> None:
    transcript = await (await played(store, scenario(), name="run")).transcript()
    row = next(csv.DictReader(io.StringIO(as_csv(transcript, raw=True))))
    hidden = transcript.world[1].hidden
    assert hidden is not None
    assert float(row["with Sudmark.bond"]) == hidden.state["Norland and Sudmark"]["bond"]
    public = next(csv.DictReader(io.StringIO(as_csv(transcript.public(), raw=False))))
    assert "with Sudmark.bond" not in public
    assert "with Guild.custom" in public
    movement = next(
        one
        for one in explain_round(transcript, "round 1").movements
        if (one.owner, one.variable) == ("Norland and Sudmark", "bond")
    )
    assert movement.before == 4
    assert sum(cause.by for cause in movement.causes) == pytest.approx(movement.after - 4)
