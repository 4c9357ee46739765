"""`converse diff`: two runs side by side."""

from typing import assert_never

import typer

from converse_graph.cli.options import DiffAs, Json, Out, RawWorld, RunArgument, StorePath


async def diff(
    first: RunArgument,
    second: RunArgument,
    raw: RawWorld = False,
    form: DiffAs = None,
    as_json: Json = False,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Show where two runs differ.

    That is what each party said in public, and its fields; of a world its variables, and what was
    seen done.

    Examples:
        converse diff race pause
        converse diff race pause --raw
        converse diff race open --as markdown
    """
    from converse_graph.cli.tables import print_page, write_or_print
    from converse_graph.export import comparison
    from converse_graph.export.formats import json_text
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    async with Store.open(store or DEFAULT_PATH) as open_store:
        one, other = [open_store.transcript(name) for name in (first, second)]
    difference = comparison.compare(one, other, raw=raw)
    match "json" if as_json else form or "text":
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
