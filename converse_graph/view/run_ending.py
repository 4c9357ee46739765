"""What is left to do for a run that was played from its pages, once it is over or stands still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from converse_graph.runs.simulation import Simulation

EndRun = Callable[[Simulation], Awaitable[None]]
"""Does what the command line does at the end of a run: has it judged if it has finished, and writes its transcript."""


async def end_run(simulation: Simulation, end: EndRun | None) -> None:
    """Do what is left to do for a run, and let go of its models, whatever comes of it.

    Args:
        simulation: The run, which nobody plays any more.
        end: Does it; None where nothing is left to do.
    """
    try:
        if end is not None:
            await end(simulation)
    finally:
        await simulation.close()
