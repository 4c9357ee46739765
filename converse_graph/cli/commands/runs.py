"""`converse runs`: what the register of a store holds."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from converse_graph.cli.columns import table
from converse_graph.cli.humanize import money
from converse_graph.store import RunSummary, Store
from converse_graph.store.store import DEFAULT_PATH

COLUMNS = ("run", "scenario", "status", "parent", "replays", "rounds", "statements", "tokens", "usd", "created")


def command(*, as_json: bool, store: str | None) -> None:
    """List the runs, the latest first."""
    rows = asyncio.run(_rows(store or DEFAULT_PATH))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        shown = ({**row, "run": _branch(depth) + row["run"]} for row, depth in _tree(rows))
        typer.echo(table(COLUMNS, [[_shown(name, row[name]) for name in COLUMNS] for row in shown]))
    else:
        typer.echo("No runs yet; `converse run SCENARIO` begins one.")


async def _rows(path: Path | str) -> list[dict[str, Any]]:
    async with Store.open(path) as store:
        return [_row(store, run) for run in store.register.runs()]


def _row(store: Store, run: RunSummary) -> dict[str, Any]:
    left_off = run.status == "running" and not store.is_held(run.name)
    return {
        "run": run.name,
        "scenario": run.scenario_name,
        "status": "paused" if left_off else run.status,
        "parent": run.parent,
        "replays": run.replays,
        "rounds": run.rounds,
        "statements": run.statements,
        "tokens": run.tokens,
        "usd": run.usd,
        "created": run.created,
    }


def _tree(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
    """The rows with forks under the run that they leave, and how deep each is; those side by side as they came."""
    known = {row["run"] for row in rows}
    forks: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        forks.setdefault(row["parent"] if row["parent"] in known else None, []).append(row)
    waiting = [(row, 0) for row in reversed(forks.get(None, ()))]
    while waiting:
        row, depth = waiting.pop()
        yield row, depth
        waiting += [(fork, depth + 1) for fork in reversed(forks.get(row["run"], ()))]


def _branch(depth: int) -> str:
    return f"└{'─' * (depth - 1)} " if depth else ""


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "usd":
        return money(value)
    if name == "created":
        return str(value)[:16].replace("T", " ")
    return f"{value:,}" if isinstance(value, int) else str(value)
