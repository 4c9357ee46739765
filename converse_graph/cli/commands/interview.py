"""`converse interview`: a question to a party of a run, as it then was."""

import typer

from converse_graph.cli.options import (
    At,
    Json,
    ModelOptions,
    PartyName,
    QuestionArgument,
    QuietInterview,
    RunArgument,
    StorePath,
)


async def interview(
    run: RunArgument,
    question: QuestionArgument,
    *,
    party: PartyName,
    at: At,
    model: ModelOptions,
    as_json: Json = False,
    store: StorePath = None,
    quiet: QuietInterview = False,
) -> None:
    """Ask a party, as it was at the end of a period.

    Nothing is kept of it: the run stays as it is.

    Examples:
        converse interview race --party OpenAI --at 2025 'What do you fear?'
    """
    from dataclasses import asdict

    from converse_graph.cli.formatting import plain
    from converse_graph.cli.option_values import read_model_options
    from converse_graph.cli.output import Output
    from converse_graph.export.formats import json_text
    from converse_graph.runs.interview import interview
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    async with Store.open(store or DEFAULT_PATH) as open_store:
        result = await interview(
            open_store,
            run,
            party=party,
            at=at,
            question=question,
            model=model.model,
            base_url=model.base_url,
            options=read_model_options(model.options or ()),
        )
    if as_json:
        typer.echo(json_text(asdict(result), indent=2))
        return
    output = Output(quiet=quiet)
    for warning in result.warnings:
        output.warn(warning)
    output.say(f"{result.party} at the end of {result.period}, run {result.run} · model {result.model} · kept nowhere")
    output.result(plain(result.answer))
