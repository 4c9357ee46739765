"""`converse runs`: what the register of a store holds."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from converse_graph.cli.options import Json, StorePath

if TYPE_CHECKING:
    from converse_graph.store import RunSummary, Store

COLUMNS = ("run", "scenario", "status", "parent", "replays", "rounds", "statements", "tokens", "usd", "created")
_ROOMY = 100
"""Columns of a terminal that has room for the time of a run beside its date."""
_NUMBERS = ("rounds", "statements", "tokens", "usd")


async def runs(as_json: Json = False, store: StorePath = None) -> None:
    """List the runs of a store, the latest first.

    Examples:
        converse runs
        converse runs --json
    """
    import json
    import shutil

    from converse_graph.cli.tables import print_table
    from converse_graph.cli.terminal import is_terminal
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    async with Store.open(store or DEFAULT_PATH) as open_store:
        rows = [_row(open_store, run) for run in open_store.register.runs()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        heads = _heads_for_people(rows) if is_terminal() else COLUMNS
        tree = ({**row, "run": _branch(depth) + row["run"]} for row, depth in _tree(rows))
        digits = 10 if is_terminal() and shutil.get_terminal_size().columns < _ROOMY else 16
        cells = [[_cell(name, row[name], digits) for name in heads] for row in tree]
        print_table(heads, cells, numbers=_NUMBERS)
    else:
        typer.echo("No runs yet; `converse run SCENARIO` begins one.")


def _row(store: "Store", run: "RunSummary") -> dict[str, Any]:
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
        "chain_head": store.chain(run.id).head(),
    }


def _heads_for_people(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """The columns that say something: forks stand under their parents, and few stores hold a replay."""
    names = {row["run"] for row in rows}
    needless = {
        "parent": all(row["parent"] is None or row["parent"] in names for row in rows),
        "replays": all(row["replays"] is None for row in rows),
    }
    return tuple(name for name in COLUMNS if not needless.get(name))


def _tree(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
    """The rows with forks under the run that they leave, and how deep each is; those side by side as they came."""
    names = {row["run"] for row in rows}
    forks: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        forks.setdefault(row["parent"] if row["parent"] in names else None, []).append(row)
    waiting = [(row, 0) for row in reversed(forks.get(None, ()))]
    while waiting:
        row, depth = waiting.pop()
        yield row, depth
        waiting += [(fork, depth + 1) for fork in reversed(forks.get(row["run"], ()))]


def _branch(depth: int) -> str:
    return f"└{'─' * (depth - 1)} " if depth else ""


def _cell(name: str, value: Any, digits: int) -> str:
    from converse_graph.cli.formatting import money

    if name == "usd":
        return money(value) if value is not None else "-"
    if value is None:
        return "-"
    if name == "created":
        return str(value)[:digits].replace("T", " ")
    return f"{value:,}" if isinstance(value, int) else str(value)
