"""Many seeds at once come to what one seed alone comes to, to the last bit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from converse_graph.scenarios.world import World
from converse_graph.scenarios.yaml_files import load_scenario
from converse_graph.world.batch import NEVER, NO_MOVE, Situation, draw_shares, hash_seeds, play_batch
from converse_graph.world.draws import draw_share
from converse_graph.world.resolution import initial_record, known_values, legal_actions, resolve_round
from tests.support.property_search import example_count
from tests.support.random_worlds import KINDS, worlds

FISHERY = load_scenario(Path(__file__).parents[2] / "graphs" / "fishery.yaml")
SEEDS = [0, 1, 7, 2**40 + 3, 2**64 - 1]


def by_chance(situation: Situation) -> np.ndarray:
    """A legal move, all alike."""
    nth = (situation.draw("test") * situation.legal.sum(axis=0)).astype(int)
    return np.argmax(np.cumsum(situation.legal, axis=0) > nth, axis=0).astype(np.int16)


@settings(max_examples=example_count(150), deadline=None)
@given(worlds(), some.integers(1, 7))
def test_a_batch_has_the_states_moves_and_events_of_single_worlds(world: World, rounds: int) -> None:
    batch = play_batch(world, KINDS, SEEDS, rounds=rounds, choose=dict.fromkeys(KINDS, by_chance))
    for column, seed in enumerate(SEEDS):
        record = initial_record(world, KINDS, seed)
        for round in range(-1, rounds):
            if round >= 0:
                moves = {party: batch.move_names[party][batch.moves[party][round, column]] for party in KINDS}
                record = resolve_round(world, KINDS, record, moves, turn=0, seed=seed)
                assert all(move["is_legal"] for move in record["moves"])
            state = {key: float(values[round + 1, column]) for key, values in batch.values.items()}
            assert state == {
                (owner, name): value for owner, values in record["state"].items() for name, value in values.items()
            }
            dates_met = {name for name, dates in batch.event_rounds.items() if NEVER < dates[column] <= round}
            assert dates_met == set(record["happened"])


@given(worlds())
def test_what_is_legal_in_a_batch_is_what_a_form_offers(world: World) -> None:
    situations: list[Situation] = []

    def note(situation: Situation) -> np.ndarray:
        situations.append(situation)
        return by_chance(situation)

    batch = play_batch(world, KINDS, SEEDS, rounds=3, choose=dict.fromkeys(KINDS, note))
    for situation in situations:
        for column in range(len(SEEDS)):
            state: dict[str, dict[str, float]] = {owner: {} for owner in world.owners(KINDS)}
            for (owner, name), values in batch.values.items():
                state[owner][name] = float(values[situation.round, column])
            values_told = known_values(world, state, situation.party)
            assert values_told == {name: float(values[column]) for name, values in situation.values.items()}
            offers = ["wait", *(one.name for one in legal_actions(world, KINDS[situation.party], values_told))]
            legal = [name for name, row in zip(situation.move_names, situation.legal, strict=True) if row[column]]
            assert legal == offers


def test_draws_of_many_seeds_are_those_of_each_and_lie_evenly_apart() -> None:
    shares = draw_shares(hash_seeds(SEEDS), "3|start|stock")
    assert shares.tolist() == [draw_share(seed, "3|start|stock") for seed in SEEDS]
    many = np.arange(20_000, dtype=np.uint64)
    one, other = (draw_shares(hash_seeds(many), purpose) for purpose in ("1|a", "2|a"))
    for draws in (one, other, np.array([draw_share(0, f"{number}|a") for number in range(20_000)])):
        counts = np.histogram(draws, bins=20, range=(0, 1))[0]
        assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi squared, 19 degrees, 0.1 %
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


@pytest.mark.parametrize("worlds_count", [1, 4])
def test_a_world_ends_after_the_round_of_its_last_event_and_keeps_its_state(worlds_count: int) -> None:
    assert FISHERY.world is not None
    seeds = list(range(worlds_count))
    parties = dict.fromkeys(["Norland", "Sudmark", "Ostrand"], "state")
    batch = play_batch(
        FISHERY.world,
        parties,
        seeds,
        rounds=30,
        choose=dict.fromkeys(parties, by_chance),
        last_events=frozenset({"collapse"}),
    )
    stock = batch.values["world", "stock"]
    for column, last in enumerate(batch.last_rounds):
        dates_met = batch.event_rounds["collapse"][column]
        assert last == (29 if dates_met in (-1, NEVER) else dates_met)
        assert (stock[last + 1 :, column] == stock[last + 1, column]).all()
        assert (batch.moves["Norland"][last + 1 :, column] == NO_MOVE).all()
