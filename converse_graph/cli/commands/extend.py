"""`converse extend`: a run, past its old horizon."""

import asyncio
from pathlib import Path
from typing import Any

from converse_graph.cli.budget_options import Bounds, read_bounds
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.judge_options import Judging
from converse_graph.cli.output import Output
from converse_graph.cli.play import play
from converse_graph.cli.trace_options import open_tracing
from converse_graph.runs.derived import extend
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(
    *,
    run: str,
    until: int | None,
    rounds: int | None,
    store: str | None,
    quiet: bool,
    bounds: tuple[Any, ...],
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    """Go on with a run past its horizon; it stays one run."""
    return asyncio.run(
        _extend(
            run,
            until,
            rounds,
            store or DEFAULT_PATH,
            Output(quiet=quiet),
            read_bounds(*bounds),
            judging,
            trace_private,
        )
    )


async def _extend(
    name: str,
    until: int | None,
    rounds: int | None,
    path: Path | str,
    output: Output,
    bounds: Bounds,
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    async with Store.open(path) as store:
        before = store.register.run(name).horizon
        simulation = await extend(store, name, until=until, rounds=rounds, prices=bounds.prices)
        try:
            run, period = simulation.run, simulation.scenario.clock.period
            old, new = (period(horizon - 1).label for horizon in (before, run.horizon))
            output.say(
                f"Run {run.name} of {run.header.scenario} · model {run.header.model} · to {new}, before to {old}"
            )
            tracing = open_tracing(output, private=trace_private)
            return await play(simulation, output, judging, budget=bounds.budget, tracing=tracing)
        finally:
            await simulation.close()
