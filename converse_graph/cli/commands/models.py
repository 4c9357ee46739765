"""`converse models`: whom a run can ask, here and now."""

import typer

from converse_graph.cli.options import Json


def models(as_json: Json = False) -> None:
    """List the models that can be asked, and what each needs.

    Examples:
        converse models
    """
    import json
    import os

    from converse_graph.cli.tables import print_table
    from converse_graph.models.registry import describe_models

    rows = describe_models(os.environ)
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        cells = [[row["name"], "yes" if row["available"] else "no", row["note"]] for row in rows]
        print_table(("model", "ready", "note"), cells)
