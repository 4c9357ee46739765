"""Whether what could go on at once does: debates of one round beside each other, a hundred runs in one process.

The null model takes a fixed time over each reply. Ideal is the longest chain of calls that wait for one another, times
that time. Runs are stored in one SQLite file.

    python -m benchmarks.parallel              all of it, about two minutes
    python -m benchmarks.parallel --runs 20    fewer runs at once
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from benchmarks import handwritten
from benchmarks.report import show
from benchmarks.workload import LargeNull, conversation
from converse_graph import NullModel, Simulation, Store
from converse_graph.scenarios.scenario import Order

DEBATE_LATENCY = 0.2
DEBATE_LINES = (2, 4, 6)
"""Lines of each party's debate: unequal, so that the longest branch is not all of them."""
ORDERS: Mapping[Order, str] = {"listed": "one after another", "simultaneous": "at once"}
BARS = {1.0: 1.1, 0.05: 4.0}
"""Seconds a call, and what wall over ideal is wanted to be at most."""


async def measure_round(order: Order, *, rounds: int, latency: float) -> dict[str, Any]:
    """One run with debates, at a table of that order; the null model as a small one, which sums nothing up."""
    scenario = conversation(rounds, lines=DEBATE_LINES, order=order)
    with tempfile.TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "store.sqlite", make=True) as store:
            model = NullModel(latency=latency)
            run = await Simulation.begin(store, scenario, seed=1, created=datetime.now(UTC), model=model)
            start = time.perf_counter()
            await run.play()
            wall = time.perf_counter() - start
    each = [lines + 1 for lines in DEBATE_LINES]
    calls = rounds * (max(each) if order == "simultaneous" else sum(each))
    what = f"debates of {', '.join(map(str, DEBATE_LINES))} lines"
    return _row(what, ORDERS[order], 1, calls, latency, wall, None) | {"wanted": 1.1}


def _row(what: str, how: str, runs: int, calls: int, latency: float, wall: float, cpu: float | None) -> dict[str, Any]:
    """A row of the table.

    Args:
        what: What is played.
        how: By which graph, or in which order.
        runs: At once.
        calls: Of one run that wait for one another.
        latency: Seconds a call.
        wall: Seconds.
        cpu: Milliseconds a turn.
    """
    ideal = calls * latency
    return {
        "played": what, "how": how, "runs": runs, "calls in a row": calls, "s a call": latency, "wall s": wall,
        "ideal s": ideal, "wall over ideal": wall / ideal, "CPU ms a turn": "" if cpu is None else cpu,
    }  # fmt: skip


async def play_ours(runs: int, rounds: int, latency: float, folder: Path) -> tuple[float, float, int]:
    """Wall and CPU seconds of so many runs at once, and how many calls each made, one after another."""
    scenario, model = conversation(rounds), LargeNull(latency=latency)
    async with Store.open(folder / "store.sqlite", make=True) as store:
        simulations = [
            await Simulation.begin(store, scenario, seed=seed, created=datetime.now(UTC), model=model)
            for seed in range(runs)
        ]
        wall, cpu = await _timed([run.play for run in simulations])
        calls = max(len(store.journal(run.run.id).places()) for run in simulations)
    return wall, cpu, calls


async def play_handwritten(runs: int, rounds: int, latency: float, folder: Path) -> tuple[float, float, int]:
    """The same by hand."""
    turns = rounds * len(handwritten.PARTIES)
    table = handwritten.build_table(turns, debates=False, note=lambda _: None, latency=latency)
    async with AsyncSqliteSaver.from_conn_string(str(folder / "handwritten.sqlite")) as saver:
        await saver.setup()
        graph = table.compile(checkpointer=saver)

        async def play(thread: int) -> None:
            config: Any = {"configurable": {"thread_id": str(thread)}, "recursion_limit": 10**6}
            await graph.ainvoke({"messages": [], "turn": 0}, config, durability="sync")

        wall, cpu = await _timed([partial(play, thread) for thread in range(runs)])
    return wall, cpu, turns


async def _timed(plays: Sequence[Callable[[], Any]]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(play() for play in plays))
    return time.perf_counter() - wall, time.process_time() - cpu


PLAYS: Mapping[str, Callable[..., Any]] = {"hand-written": play_handwritten, "converse-graph": play_ours}


async def measure_runs(name: str, *, runs: int, rounds: int, latency: float, repeats: int) -> dict[str, Any]:
    """So many runs at once; of several repeats the one with the median wall."""
    seconds = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            seconds.append(await PLAYS[name](runs, rounds, latency, Path(folder)))
    wall, cpu, calls = sorted(seconds)[len(seconds) // 2]
    turns = rounds * len(handwritten.PARTIES)
    return _row(f"{turns} turns", name, runs, calls, latency, wall, cpu / runs / turns * 1e3)


async def main(
    runs: int, rounds: int, latencies: Sequence[float], repeats: int, debates: int, out: Path | None
) -> None:
    """Measure and print."""
    compared = [[await measure_round(order, rounds=debates, latency=DEBATE_LATENCY) for order in ORDERS]]
    for latency in latencies:
        rows = [await measure_runs(name, runs=runs, rounds=rounds, latency=latency, repeats=repeats) for name in PLAYS]
        compared.append([row | {"wanted": BARS.get(latency, "")} for row in rows])
    for rows in compared:
        for row in rows:
            row["wall to first"] = row["wall s"] / rows[0]["wall s"]
    show("What goes on at once", [row for rows in compared for row in rows], out=out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="at once")
    parser.add_argument("--rounds", type=int, default=8, help="of three turns each")
    parser.add_argument("--latency", type=float, action="append", help="seconds a call; default 1 and 0.05")
    parser.add_argument("--repeats", type=int, default=3, help="of which the median counts")
    parser.add_argument("--debates", type=int, default=5, help="rounds of the run with debates")
    parser.add_argument("--out", type=Path, help="also write the figures there, as JSON")
    arguments = parser.parse_args()
    latencies = arguments.latency or sorted(BARS, reverse=True)
    asyncio.run(main(arguments.runs, arguments.rounds, latencies, arguments.repeats, arguments.debates, arguments.out))
