"""`converse judge`: a reader's verdict on a run."""

from typing import TYPE_CHECKING

import typer

from converse_graph.cli.options import (
    BaseUrl,
    Json,
    Judges,
    MaxTokens,
    MaxUsd,
    ModelOption,
    PricesFile,
    Quiet,
    Repeats,
    Rubric,
    RunArgument,
    StorePath,
)

if TYPE_CHECKING:
    from converse_graph.cli.output import Output
    from converse_graph.record.verdict import Verdict
    from converse_graph.scenarios.model_settings import ModelSettings
    from converse_graph.store import Store


async def judge(
    run: RunArgument,
    rubric: Rubric = None,
    models: Judges = None,
    options: ModelOption = None,
    repeats: Repeats = 1,
    base_url: BaseUrl = None,
    store: StorePath = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    prices: PricesFile = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Have a model judge a run by a rubric.

    The verdict goes to the top of the run's transcript. Several judges, or repeats, give their agreement too.

    Examples:
        converse judge race --repeats 2
        converse judge race --model openai:gpt-4.1 --rubric general
    """
    from converse_graph.cli.judging import say_verdict
    from converse_graph.cli.option_values import read_model_options
    from converse_graph.cli.output import Output
    from converse_graph.cli.play import leave_transcript, read_budget, read_prices
    from converse_graph.export.formats import json_text, verdict_json
    from converse_graph.export.markdown_verdicts import agreed
    from converse_graph.judge.agreement import agreement
    from converse_graph.judge.runs import judge_run
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output, budget, own_prices = Output(quiet=quiet or as_json), read_budget(max_usd, max_tokens), read_prices(prices)
    async with Store.open(store or DEFAULT_PATH) as open_store:
        verdicts = await judge_run(
            open_store,
            run,
            rubric=rubric,
            models=models or (),
            repeats=repeats,
            base_url=base_url,
            budget=budget,
            prices=own_prices,
            options=_for_judges(read_model_options(options or ())),
        )
        if not verdicts:
            output.warn(f"Run {run} replays a run that was not judged; judge that one, or name --model.")
        path, transcript = await leave_transcript(open_store, run)
        agreements = agreement(transcript.verdicts)
        for verdict in verdicts:
            say_verdict(verdict, output)
        for rubric_name, alpha in agreements.items():
            output.say(f"{agreed(alpha)} (rubric {rubric_name}).")
        await _trace(open_store, run, verdicts, output)
    if as_json:
        page = {"verdicts": [verdict_json(verdict) for verdict in verdicts], "agreement": agreements}
        typer.echo(json_text(page, indent=2))
    else:
        output.result(path)


def _for_judges(options: "dict[str, ModelSettings]") -> "ModelSettings | None":
    """The settings of the judges' models: a judge is no party, and has none of a party's."""
    from converse_graph.errors import InvalidValue

    for path in options:
        if path:
            raise InvalidValue(f"--option {path}.… is for {path}, who does not judge; give NAME=VALUE alone.")
    return options.get("")


async def _trace(store: "Store", name: str, verdicts: "tuple[Verdict, ...]", output: "Output") -> None:
    """Send the scores where runs are traced to; prompts of judges are not traced."""
    from converse_graph.cli.play import open_tracing
    from converse_graph.tracing.outcome import trace_outcome

    tracing = open_tracing(output, private=False)
    if tracing is not None:
        try:
            await trace_outcome(tracing, store, name, verdicts)
        finally:
            await tracing.exporter.close()
