"""How long an audit takes, and how much memory: the run is played again whole, its chains and its words are checked.

python -m benchmarks.audit                          runs of 12, 600 and 5,100 turns
python -m benchmarks.audit --rounds 100             one length
python -m benchmarks.audit --rounds 100 --lines 4   each party holds a private debate of four lines before it speaks
python -m benchmarks.audit --rounds 1700 --store F  the run is made in that file, or taken from it
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import show
from benchmarks.workload import LargeNull, conversation
from converse_graph import Simulation, Store
from converse_graph.audit.audit import audit_run
from converse_graph.runs.simulation import Origin
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.yaml_files import write_scenario
from converse_graph.store.chain_check import chain_breaks

ROUNDS = (4, 200, 1700)
"""Of three parties each."""
NAME = "audited"


async def play(path: Path, rounds: int, lines: int) -> None:
    """Play the run that is audited, unless the file has it."""
    async with Store.open(path, make=True) as store:
        if any(run.name == NAME for run in store.register.runs()):
            return
        source = path.with_suffix(".yaml")
        source.write_text(write_scenario(conversation(rounds, lines=(lines,) * 3 if lines else ())), encoding="utf-8")
        began = time.process_time()
        run = await Simulation.begin(
            store, find_scenario(str(source))(), seed=1, created=datetime.now(UTC), model=LargeNull(), name=NAME,
            origin=Origin(scenario=str(source)),
        )  # fmt: skip
        await run.play()
        sys.stdout.write(json.dumps({"CPU to play it": round(time.process_time() - began, 2)}))


async def audit(path: Path, rounds: int) -> None:
    """Audit it in this process, and print what that took as JSON."""
    async with Store.open(path) as store:
        before = _peak()
        began = time.perf_counter()
        breaks = list(chain_breaks(store, store.register.run(NAME)))
        chained = time.perf_counter() - began
        began, used = time.perf_counter(), time.process_time()
        result = await audit_run(store, NAME)
        seconds, used = time.perf_counter() - began, time.process_time() - used
    row = {
        "turns": rounds * 3,
        "calls": result.calls,
        "values": result.values,
        "findings": len(breaks) + len(result.leaks),
        "seconds": round(seconds, 2),
        "CPU of it": round(used, 2),
        "of these the chains": round(chained, 2),
        "MB before": round(before),
        "MB at most": round(_peak()),
    }
    sys.stdout.write(json.dumps(row))


def audit_by_command(path: Path) -> dict[str, object]:
    """What `converse audit` takes, which has a long run played again by a second process; whole commands."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "converse_graph.cli", "audit", NAME, "--store", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"the audit ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds of the whole command": round(time.perf_counter() - began, 2),
        "MB of its larger process": round(usage.ru_maxrss / 1024),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(rounds: int, path: Path, lines: int) -> dict[str, object]:
    """Play and audit a run, each in a process of its own; what the audit took."""
    row: dict[str, object] = {}
    for step in ("play", "audit"):
        command = [sys.executable, "-m", "benchmarks.audit", "--rounds", str(rounds), "--store", str(path)]
        command += ["--lines", str(lines)]
        out = subprocess.run([*command, "--do", step], check=True, capture_output=True, text=True).stdout  # noqa: S603
        row |= json.loads(out or "{}")
    row |= audit_by_command(path)
    cpu_of_play = row.get("CPU to play it")
    return {**row, "CPU over playing it": float(str(row["CPU of it"])) / float(str(cpu_of_play)) if cpu_of_play else ""}


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--lines", type=int, default=0)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--do", choices=("play", "audit"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.do:
        step = (
            play(arguments.store, arguments.rounds, arguments.lines)
            if arguments.do == "play"
            else audit(arguments.store, arguments.rounds)
        )
        asyncio.run(step)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            measure(rounds, arguments.store or Path(folder) / f"{rounds}.sqlite", arguments.lines)
            for rounds in ((arguments.rounds,) if arguments.rounds else ROUNDS)
        ]
    show("An audit", rows, out=arguments.out)


if __name__ == "__main__":
    main()
