"""Tracing from the command line: as the environment has it, said in a line, never in the run's way."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from langsmith import tracing_context

from converse_graph.cli.output import Output
from converse_graph.runs.simulation import Simulation
from converse_graph.tracing.settings import Tracing, thread_of, tracing_of


def open_tracing(output: Output, *, private: bool) -> Tracing | None:
    """Where the environment has runs traced to; None for nowhere."""
    return tracing_of(os.environ, warn=output.warn, now=lambda: datetime.now(UTC), private=private)


@asynccontextmanager
async def traced(tracing: Tracing | None, simulation: Simulation, output: Output) -> AsyncIterator[None]:
    """Say that a run is traced, and send what is left at the end; nothing inside is traced by anybody else."""
    if tracing is None:
        with tracing_context(enabled=False):
            yield
        return
    shown = "prompts and replies too" if tracing.private else "without what is private (--trace-private sends it)"
    output.say(f"Traced to {tracing.where}, thread {thread_of(simulation.run.header)}, {shown}")
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        await tracing.exporter.close()
