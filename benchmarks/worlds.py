"""How long many worlds take by their rules alone: all seeds at once in numpy, against one after another.

The world is that of `fishery` with five parties over fifteen years. Both give the same states
(`tests/world/test_batch.py`); here the last stock is compared again.

    python -m benchmarks.worlds                 about half a minute
    python -m benchmarks.worlds --worlds 1000   fewer worlds
"""

import argparse
import time
from pathlib import Path

from benchmarks.report import show
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import RANDOM
from converse_graph.world.batch import WorldBatch, play_batch
from converse_graph.world.policies import PolicyFunction, chooser, named_policy
from converse_graph.world.resolution import initial_record, resolve_round

PARTIES = dict.fromkeys(["Norland", "Sudmark", "Ostrand", "Vestland", "Midland"], "state")
ROUNDS = 15


def play_at_once(world: World, worlds: int) -> tuple[float, WorldBatch]:
    """Play worlds with all seeds at once, moves by chance; return the seconds, and what became of them."""
    choose = chooser(named_policy(RANDOM, world, _no_function), world, "state")
    begin = time.perf_counter()
    batch = play_batch(world, PARTIES, range(worlds), rounds=ROUNDS, choose=dict.fromkeys(PARTIES, choose))
    return time.perf_counter() - begin, batch


def play_singly(world: World, batch: WorldBatch, worlds: int) -> float:
    """Play the first worlds of a batch again, one after another with the same moves; return the seconds.

    Raises:
        ValueError: A world went otherwise.
    """
    begin = time.perf_counter()
    for column in range(worlds):
        record = initial_record(world, PARTIES, column)
        for round in range(ROUNDS):
            moves = {party: batch.move_names[party][batch.moves[party][round, column]] for party in PARTIES}
            record = resolve_round(world, PARTIES, record, moves, turn=0, seed=column)
        if record["state"]["world"]["stock"] != batch.values["world", "stock"][-1, column]:
            raise ValueError(f"world {column} came to another end than in the batch; both must be the same")
    return time.perf_counter() - begin


def _no_function(name: str) -> PolicyFunction:
    raise ValueError(f"{name} is no policy of this benchmark")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=10_000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    world = find_scenario("fishery")().world
    if world is None:
        raise TypeError("the fishery has a world")
    at_once, batch = play_at_once(world, arguments.worlds)
    single = min(arguments.worlds, 500)
    each = play_singly(world, batch, single) / single
    rows = [
        {"how": "one after another", "worlds": single, "s": each * single, "ms a world": 1000 * each, "ratio": 1.0},
        {
            "how": "all seeds at once",
            "worlds": arguments.worlds,
            "s": at_once,
            "ms a world": 1000 * at_once / arguments.worlds,
            "ratio": each * arguments.worlds / at_once,
        },
    ]
    show(f"Worlds of {ROUNDS} rounds with {len(PARTIES)} parties, by their rules alone", rows, out=arguments.out)


if __name__ == "__main__":
    main()
