"""`converse models`: whom a run can ask, here and now."""

import json
import os

import typer

from converse_graph.cli.columns import table
from converse_graph.models.registry import describe_models


def command(*, as_json: bool) -> None:
    """List the models and what each needs."""
    rows = describe_models(os.environ)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        shown = [[row["name"], "yes" if row["available"] else "no", row["note"]] for row in rows]
        typer.echo(table(("model", "ready", "note"), shown))
