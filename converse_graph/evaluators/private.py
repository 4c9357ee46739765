"""Whether anything private went astray in a run, shown from its journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from converse_graph.audit.auditing import audit
from converse_graph.errors import InvalidValue
from converse_graph.evaluators.records import Result, unwrapped
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store.store import DEFAULT_PATH, Store
from converse_graph.transcript import Transcript

_SHOWN = 3
"""Leaks that a comment tells of."""


def privacy(
    store: Path | str = DEFAULT_PATH, *, scenario: Scenario | None = None
) -> Callable[[Any], Awaitable[list[Result]]]:
    """An evaluator that audits the run whose record a target returned.

    That nothing leaked is shown from the journal, so the run must be in a store, and the outputs must say which it is:
    the record as JSON or a `Transcript` do, and so does `{"run": "its name"}`.

    Args:
        store: Where the runs are kept.
        scenario: What was played, for one that was made in Python.

    Returns:
        An async function of `outputs` that gives `privacy`, 1 where nothing leaked and else 0, and `privacy.leaks`,
        how many places there are.
    """

    async def evaluator(outputs: Any) -> list[Result]:
        async with Store.open(store) as opened:
            found = await audit(opened, _run(outputs), scenario=scenario)
        leaks = [f"{leak.kind} at {leak.place}: {leak.why}" for leak in found.leaks[:_SHOWN]]
        told = "; ".join(leaks) or f"{found.calls} prompts and {found.records} records, and no leak"
        return [
            {"key": "privacy", "score": int(found.is_private), "comment": told},
            {"key": "privacy.leaks", "score": len(found.leaks), "comment": told},
        ]

    evaluator.__name__ = "privacy"
    return evaluator


def _run(outputs: Any) -> str:
    returned = unwrapped(outputs)
    if isinstance(returned, Transcript):
        return returned.header.run
    if isinstance(returned, Mapping):
        header = returned.get("header", returned)
        if isinstance(header, Mapping) and isinstance(name := header.get("run"), str):
            return name
    raise InvalidValue('Outputs do not say which run they are of; return its record as JSON, or {"run": "its name"}.')
