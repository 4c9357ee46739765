"""`converse explain`: why the world of a run moved in a round as it did."""

from typing import Annotated

import typer

from converse_graph.cli.options import At, Json, Out, RunArgument, StorePath

Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--variable", metavar="NAME", help="This variable alone, or OWNER.NAME for one owner's; may be given again."
    ),
]


async def explain(
    run: RunArgument,
    *,
    at: At,
    variable: Variables = None,
    as_json: Json = False,
    out: Out = None,
    store: StorePath = None,
) -> None:
    """Explain why a world moved in a round as it did.

    Each variable is told with what drift, costs and actions added to it. As with `show --raw`
    that includes what stayed hidden from parties.

    Examples:
        converse explain race --at 2025
        converse explain race --at 2025 --variable trust
    """
    from converse_graph.cli.printing import print_page, write_or_print
    from converse_graph.export.world_explanation import explain_round, explanation_markdown
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    async with Store.open(store or DEFAULT_PATH) as open_store:
        transcript = open_store.transcript(run)
    explanation = explain_round(transcript, at, variable or ())
    if as_json:
        write_or_print(explanation.model_dump_json(indent=2) + "\n", out)
    elif out is not None:
        write_or_print(explanation_markdown(explanation), out)
    else:
        print_page(explanation_markdown(explanation))
