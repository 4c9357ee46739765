"""`converse resume`: a run, from where it stands."""

import asyncio
from pathlib import Path
from typing import Any

from converse_graph.cli.budget_options import Bounds, read_bounds
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.humanize import count
from converse_graph.cli.judge_options import Judging
from converse_graph.cli.output import Output
from converse_graph.cli.play import play
from converse_graph.cli.trace_options import open_tracing
from converse_graph.runs.simulation import Simulation
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(
    *,
    run: str,
    store: str | None,
    quiet: bool,
    allow_changed: bool,
    bounds: tuple[Any, ...],
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    """Go on with a run; its scenario, dials and model are those it began with."""
    return asyncio.run(
        _resume(
            run, store or DEFAULT_PATH, Output(quiet=quiet), allow_changed, read_bounds(*bounds), judging, trace_private
        )
    )


async def _resume(
    name: str,
    path: Path | str,
    output: Output,
    allow_changed: bool,
    bounds: Bounds,
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    async with Store.open(path) as store:
        simulation = await Simulation.reopen(store, name, prices=bounds.prices, allow_changed=allow_changed)
        try:
            run = simulation.run
            done = f"going on after {count(run.statements, 'statement')}"
            if run.status == "finished":
                done = "finished already"
            output.say(f"Run {run.name} of {run.header.scenario} · model {run.header.model} · {done}")
            tracing = open_tracing(output, private=trace_private)
            return await play(simulation, output, judging, budget=bounds.budget, tracing=tracing)
        finally:
            await simulation.close()
