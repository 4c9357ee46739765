"""Plays every preset once, over a short horizon, has it judged, and leaves the readers' editions in `transcripts/`.

Run it with `python -m benchmarks.make_transcripts`, from the top of the project; name presets to make those alone.
With `--model null --into FOLDER` it shows in seconds that all of them play.
"""

import argparse
import asyncio
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from converse_graph import Simulation, Store, find_scenario
from converse_graph.export.atomic_files import write_atomically
from converse_graph.export.markdown import render_markdown
from converse_graph.judge.runs import judge_run
from converse_graph.runs.simulation import Origin
from converse_graph.scenarios.catalogue import catalogue

ROUNDS = {
    "agi-race": 6,
    "alignment-debate-three": 5,
    "alignment-debate-two": 5,
    "boardrooms": 2,
    "boardrooms-long": 3,
    "china": 1,
    "china-long": 3,
    "consciences": 2,
    "departments": 1,
    "government": 4,
    "imagined": 2,
    "wage-talks": 3,
}
"""How many rounds of each: a turn takes a small model about five seconds, and a debate one such turn for each line."""

SEED = 7
SEEDS = {"china-long": 8, "government": 9}
"""Other seeds, where with the usual one the model wrote of a real person by name."""


async def make(name: str, into: Path, model: str) -> str:
    """Play one preset and write its reader's edition.

    Args:
        name: The preset.
        into: The folder that it is written to.
        model: A name as `--model` takes it.

    Returns:
        One line that says what was written and how long it took, in seconds.
    """
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "runs.sqlite", make=True) as store:
            simulation = await Simulation.begin(
                store,
                find_scenario(name)(),
                seed=SEEDS.get(name, SEED),
                model=model,
                name=name,
                rounds=ROUNDS[name],
                origin=Origin(scenario=name),
            )
            try:
                await simulation.play()
                await judge_run(store, name, chats=simulation.chats)
                transcript = await simulation.transcript()
            finally:
                await simulation.close()
    write_atomically(into / f"{name}.md", render_markdown(transcript))
    statements = sum(bool(statement.text) for statement in transcript.statements)
    took = time.monotonic() - began
    turns = len(transcript.statements)
    return f"{name}: {ROUNDS[name]} rounds, {statements} of {turns} turns with a statement, {took:.0f} s"


async def make_all(names: list[str], into: Path, model: str) -> None:
    """Play presets one after another, so that each has the whole machine."""
    for name in names:
        print(await make(name, into, model), flush=True)


def main() -> None:
    """Read the command line and play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", choices=[[], *ROUNDS], default=[], help="all of them if none is named")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--into", type=Path, default=Path("transcripts"))
    arguments = parser.parse_args()
    missing = {name for name, function in catalogue().items() if function.preset_of} - ROUNDS.keys()
    if missing:
        parser.error(f"say in ROUNDS how long to play: {', '.join(sorted(missing))}")
    asyncio.run(make_all(arguments.presets or list(ROUNDS), arguments.into, arguments.model))


if __name__ == "__main__":
    main()
