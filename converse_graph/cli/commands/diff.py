"""`converse diff`: two runs side by side."""

from typing import assert_never

import typer

from converse_graph.cli.options import DiffAs, Json, Out, RawWorld, RunArguments, StorePath
from converse_graph.errors import InvalidValue

_TWO = 2
"""Runs that are compared turn by turn; of more their outcomes are."""


async def diff(
    runs: RunArguments,
    raw: RawWorld = False,
    form: DiffAs = None,
    as_json: Json = False,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Show where two runs differ.

    That is what each party said in public, and its fields; of a world its variables, and what was seen done. Of more
    than two runs, or of an ensemble, it is how they were set up and what came of them.

    Examples:
        converse diff race pause
        converse diff race pause --raw
        converse diff race open --as markdown
    """
    from converse_graph.cli.printing import print_page, write_or_print
    from converse_graph.cli.run_selection import expand_names
    from converse_graph.export import comparison
    from converse_graph.export.formats import json_text
    from converse_graph.export.run_table import differences_markdown, run_differences, run_row
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    as_form = "json" if as_json else form or "text"
    async with Store.open(store or DEFAULT_PATH) as open_store:
        names = expand_names(open_store, runs)
        if len(names) < _TWO:
            raise InvalidValue(f"A comparison takes two runs or more, not {names[0]} alone; name another.")
        if len(names) > _TWO:
            outcomes = await open_store.outcomes(names)
            rows = [run_row(open_store.register.run(name), outcomes.get(name), is_held=False) for name in names]
            page = differences_markdown(rows)
            text = json_text(run_differences(rows), indent=2) + "\n" if as_form == "json" else page
            write_or_print(text, out) if out is not None or as_form != "text" else print_page(page, plain_text=page)
            return
        one, other = [open_store.transcript(name) for name in names]
    difference = comparison.compare(one, other, raw=raw)
    match as_form:
        case "json":
            write_or_print(json_text(comparison.as_json(difference), indent=2) + "\n", out)
        case "markdown":
            write_or_print(comparison.as_markdown(difference), out)
        case "text" if out is not None:
            write_or_print(comparison.as_text(difference), out)
        case "text":
            print_page(comparison.as_markdown(difference), plain_text=comparison.as_text(difference))
        case unknown:
            assert_never(unknown)
