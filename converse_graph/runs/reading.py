"""Reads runs from a store for callers that do not await: scripts and notebooks."""

from __future__ import annotations

from pathlib import Path

from converse_graph.event_loop import run_blocking
from converse_graph.record.transcript import Transcript
from converse_graph.store import RunSummary, Store
from converse_graph.store.store import DEFAULT_PATH


def load_run(name: str, *, store: Path | str | None = None) -> Transcript:
    """Read the record of a run, also of one that is not over, with what each party kept to itself.

    Args:
        name: The run.
        store: Where it is kept; None for where the command line keeps runs, `.converse/runs.sqlite`.

    Raises:
        NotFound: There is no such run, or no such store.
        StoreFailure: The store cannot be read.
    """

    async def read() -> Transcript:
        async with Store.open(store or DEFAULT_PATH) as open_store:
            return open_store.transcript(name)

    return run_blocking(read())


def list_runs(*, store: Path | str | None = None) -> list[RunSummary]:
    """List the runs of a store, the latest first.

    Args:
        store: Where they are kept; None for where the command line keeps runs, `.converse/runs.sqlite`.

    Raises:
        NotFound: There is no such store.
        StoreFailure: The store cannot be read.
    """

    async def read() -> list[RunSummary]:
        async with Store.open(store or DEFAULT_PATH) as open_store:
            return open_store.register.runs()

    return run_blocking(read())
