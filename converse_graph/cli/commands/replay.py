"""`converse replay`: a run again, from its journal, with no model."""

import asyncio
from pathlib import Path

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.output import Output
from converse_graph.cli.play import play
from converse_graph.runs.derived import replay
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(*, run: str, name: str | None, store: str | None, quiet: bool) -> Code:
    """Play a run again as a run of its own; no model is called, a judge neither."""
    return asyncio.run(_replay(run, name, store or DEFAULT_PATH, Output(quiet=quiet)))


async def _replay(name: str, new_name: str | None, path: Path | str, output: Output) -> Code:
    async with Store.open(path) as store:
        simulation = await replay(store, name, new_name=new_name)
        try:
            output.say(f"Run {simulation.run.name} · replay of {name} from its journal · no model is called")
            return await play(simulation, output)
        finally:
            await simulation.close()
