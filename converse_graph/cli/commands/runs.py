"""`converse runs`: what the register of a store holds."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from converse_graph.cli.completion import complete_runs
from converse_graph.cli.options import Json, Out, StorePath

COLUMNS = ("run", "scenario", "status", "parent", "replays", "rounds", "statements", "tokens", "usd", "created")
_ROOMY = 100
"""Columns of a terminal that has room for the time of a run beside its date."""
RunNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]…", help="These runs alone, or those of these ensembles.", autocompletion=complete_runs
    ),
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="COLUMN=VALUE,…", help="Only these, such as scenario=agi-race,status=finished."),
]
RunsFormat = Literal["json", "csv"]
RunsAs = Annotated[RunsFormat | None, typer.Option("--as", help="The format.  [default: a table]")]
_NUMBERS = ("rounds", "statements", "tokens", "usd")


async def runs(
    names: RunNames = None,
    *,
    where: Where = None,
    form: RunsAs = None,
    as_json: Json = False,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """List the runs of a store, the latest first.

    JSON and CSV also tell how each was set up and what came of it: seed, model and dials, when which event happened
    and who reported it, the last value of each field, rates and scores.

    Examples:
        converse runs
        converse runs --where status=finished --as csv --out runs.csv
    """
    import shutil

    from converse_graph.cli.printing import write_or_print
    from converse_graph.cli.run_selection import expand_names, fits, read_filter
    from converse_graph.cli.tables import print_table
    from converse_graph.cli.terminal import is_terminal
    from converse_graph.export.formats import json_text, rows_csv
    from converse_graph.export.run_table import flat_row, run_row
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    as_form, row_filter = "json" if as_json else form, read_filter(where)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        names_wanted = set(expand_names(open_store, names)) if names else None
        summaries = [run for run in open_store.register.runs() if names_wanted is None or run.name in names_wanted]
        is_whole = as_form is not None or bool(row_filter)
        outcomes = await open_store.outcomes([run.name for run in summaries]) if is_whole else {}
        rows = [
            run_row(
                run,
                outcomes.get(run.name),
                is_held=open_store.is_held(run.name),
                chain_head=open_store.chain(run.id).head() if is_whole else "",
            )
            for run in summaries
        ]
    rows = [row for row in rows if fits(row, row_filter)]
    if as_form == "json":
        write_or_print(json_text(rows, indent=2) + "\n", out)
    elif as_form == "csv":
        write_or_print(rows_csv([flat_row(row) for row in rows]), out)
    elif rows:
        heads = _heads_for_people(rows) if is_terminal() else COLUMNS
        tree = ({**row, "run": _branch(depth) + row["run"]} for row, depth in _tree(rows))
        digits = 10 if is_terminal() and shutil.get_terminal_size().columns < _ROOMY else 16
        cells = [[_cell(name, row[name], digits) for name in heads] for row in tree]
        print_table(heads, cells, numbers=_NUMBERS)
    else:
        typer.echo(f"No run fits {where}." if row_filter else "No runs yet; `converse run SCENARIO` begins one.")


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
