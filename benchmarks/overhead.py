"""What a turn costs beside its model calls: ours against a hand-written LangGraph graph of the same shape.

Both run in this one process, on a model that costs nothing, three parties, sixty-word replies, stored with
durability "sync". CPU is of the whole process, threads included, averaged over the hundred turns up to the one named.

    python -m benchmarks.overhead              the whole table
    python -m benchmarks.overhead --turns 400  a quick look
"""

import argparse
import asyncio
import gc
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import handwritten
from benchmarks.report import show
from benchmarks.workload import LargeNull, conversation
from converse_graph import Simulation, Store
from converse_graph.models.base import Request, Response
from converse_graph.record.call_paths import CallPath

SPAN = 50
"""Turns that a figure is averaged over."""


class Counted(LargeNull):
    """The null model, prompted as a large one, which notes each statement that it is asked for."""

    def __init__(self, note: Callable[[int], None]) -> None:
        """Call `note` with the number of each statement, from 0."""
        super().__init__()
        self._note, self._turns = note, 0

    async def complete(self, request: Request) -> Response:
        """Note it, and fill the request's schema."""
        if CallPath.parse(request.place).task == "statement":
            self._note(self._turns)
            self._turns += 1
        return await super().complete(request)


async def play_ours(turns: int, *, debates: bool, folder: Path, note: Callable[[int], None]) -> Path:
    """Play a conversation of that many turns, stored; returns the file."""
    path = folder / "ours.sqlite"
    scenario = conversation(-(-turns // len(handwritten.PARTIES)), lines=(4, 4, 4) if debates else ())
    async with Store.open(path, make=True) as store:
        run = await Simulation.begin(store, scenario, seed=1, created=datetime.now(UTC), model=Counted(note))
        await run.play()
    return path


Play = Callable[..., Awaitable[Path]]


async def measure(name: str, play: Play, turns: int, *, debates: bool) -> dict[str, Any]:
    """CPU and bytes of one conversation."""
    stamps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        gc.collect()
        path = await play(
            turns, debates=debates, folder=Path(folder), note=lambda _: stamps.append(time.process_time())
        )
        stored = sum(file.stat().st_size for file in path.parent.glob(path.name + "*") if file.is_file())

    def at(turn: int) -> float:
        return (stamps[turn - 1] - stamps[turn - 1 - SPAN]) / SPAN * 1e3

    row: dict[str, Any] = {"graph": name, "debates": "four lines" if debates else "none", "turns": turns}
    row |= {f"ms at {turn}": at(turn) if turn <= turns else "" for turn in (100, 1000, 2000)}
    row["growth"] = f"{at(turns) / at(100):.2f}x"
    row["kB a turn"] = stored / turns / 1e3
    return row


async def peak_memory(play: Play, turns: int) -> float:
    """The most that Python held at once, in megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        gc.collect()
        tracemalloc.start()
        await play(turns, debates=False, folder=Path(folder), note=lambda _: None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak / 1e6


def start_up(*arguments: str) -> float:
    """Seconds that a fresh Python takes over something: the median of seven."""
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: S603 - our own
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[3]


async def main(turns: int, memory_turns: int, out: Path | None) -> None:
    """Measure and print."""
    rows = []
    for debates, length in ((False, turns), (True, min(turns, 400))):
        for name, play in (("hand-written", handwritten.play), ("converse-graph", play_ours)):
            rows.append(await measure(name, play, length, debates=debates))
        last = f"ms at {max(turn for turn in (100, 1000, 2000) if turn <= length)}"
        base, ours = rows[-2], rows[-1]
        for row in (base, ours):
            row["ratio at 100"] = row["ms at 100"] / base["ms at 100"]
            row["ratio at the end"] = row[last] / base[last]
    for row in rows:
        ours_or_base = handwritten.play if row["graph"] == "hand-written" else play_ours
        peak = await peak_memory(ours_or_base, memory_turns) if row["debates"] == "none" else ""
        row[f"peak MB at {memory_turns}"] = peak
    show("What a turn costs beside its model calls", rows, out=out)
    help_, python = start_up("-m", "converse_graph.cli", "--help"), start_up("-c", "pass")
    print(f"\n`converse --help`: {help_:.2f} s, of which Python itself {python:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=2000, help="of the longest conversation, 150 or more")
    parser.add_argument("--memory-turns", type=int, default=300, help="of the conversation whose memory is traced")
    parser.add_argument("--out", type=Path, help="also write the figures there, as JSON")
    options = parser.parse_args()
    asyncio.run(main(options.turns, options.memory_turns, options.out))
