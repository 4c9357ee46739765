"""A trace for as long as something is played."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from langgraph.errors import GraphDrained
from langsmith import get_tracing_context, tracing_context

from converse_graph.calls.calls_in_flight import CallsInFlight
from converse_graph.errors import RunPaused
from converse_graph.record.transcript import Header
from converse_graph.scenarios.scenario import Scenario
from converse_graph.tracing.run_trace import RunTrace
from converse_graph.tracing.settings import Tracing


@asynccontextmanager
async def traced_play(
    tracing: Tracing | None, header: Header, scenario: Scenario, parent: Header | None, in_flight: CallsInFlight
) -> AsyncIterator[RunTrace | None]:
    """Trace what is played inside, and nothing of it twice; what is under way is over before the trace ends.

    Args:
        tracing: Where to; None for nowhere.
        header: Of the run.
        scenario: What it plays.
        parent: The header of the run that it was forked from.
        in_flight: The calls that are under way.
    """
    if tracing is None:
        with tracing_context(enabled=False) if _is_local() else nullcontext():
            yield None
        return
    trace = tracing.trace(header, scenario, parent)
    error: BaseException | None = None
    paused = False
    try:
        with tracing_context(enabled=False):
            yield trace
    except asyncio.CancelledError as stopped:
        error, paused = stopped, True
        await in_flight.cancel_all()
        raise
    except BaseException as stopped:
        paused = isinstance(stopped, GraphDrained | RunPaused)
        error = None if isinstance(stopped, GraphDrained) else stopped
        await in_flight.wait_all()
        raise
    finally:
        trace.close(error, paused=paused)
        await tracing.exporter.flush()


def _is_local() -> bool:
    """Whether somebody measures without uploading: LangGraph's own tracer takes that for a wish to upload."""
    return bool(get_tracing_context().get("enabled") == "local")
