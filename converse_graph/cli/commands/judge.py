"""`converse judge`: a reader's verdict on a run."""

from typing import TYPE_CHECKING, Any

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
    RunArguments,
    StorePath,
)

if TYPE_CHECKING:
    from converse_graph.cli.output import Output
    from converse_graph.record.verdict import Verdict
    from converse_graph.scenarios.model_settings import ModelSettings
    from converse_graph.store import Store


async def judge(
    runs: RunArguments,
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

    The verdict goes to the top of the run's transcript. Several judges, or repeats, give their agreement too. Of
    several runs, or an ensemble, each is judged, and bounds on what is spent hold over all of them.

    Examples:
        converse judge race --repeats 2
        converse judge race --model openai:gpt-4.1 --rubric general
    """
    from converse_graph.calls.budget import budget_of_one
    from converse_graph.cli.option_values import read_model_options
    from converse_graph.cli.output import Output
    from converse_graph.cli.play import read_budget, read_prices
    from converse_graph.cli.run_selection import expand_names
    from converse_graph.export.formats import json_text
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output, budget, own_prices = Output(quiet=quiet or as_json), read_budget(max_usd, max_tokens), read_prices(prices)
    question_options = {
        "rubric": rubric,
        "models": models or (),
        "repeats": repeats,
        "base_url": base_url,
        "prices": own_prices,
        "options": _for_judges(read_model_options(options or ())),
    }
    pages = []
    async with Store.open(store or DEFAULT_PATH) as open_store:
        names, spent_tokens, spent_usd = expand_names(open_store, runs), 0, 0.0
        for name in names:
            before = open_store.register.run(name)
            if len(names) > 1:
                bound = budget_of_one(
                    budget,
                    spent_usd=spent_usd,
                    spent_tokens=spent_tokens,
                    usd_before=before.usd or 0.0,
                    tokens_before=before.tokens,
                )
            else:
                bound = budget
            pages.append(await _judge_one(open_store, name, output, budget=bound, **question_options))
            after = open_store.register.run(name)
            spent_tokens += after.tokens - before.tokens
            spent_usd += (after.usd or 0.0) - (before.usd or 0.0)
    if as_json:
        values = [{name: value for name, value in page.items() if name != "path"} for page in pages]
        typer.echo(json_text(values[0] if len(values) == 1 else values, indent=2))
    else:
        for page in pages:
            output.result(page["path"])


async def _judge_one(store: "Store", name: str, output: "Output", **options: Any) -> dict[str, Any]:
    """Have one run judged, and say what the judges made of it."""
    from converse_graph.cli.judging import say_verdict
    from converse_graph.cli.play import leave_transcript
    from converse_graph.export.formats import verdict_json
    from converse_graph.export.markdown_verdicts import agreed
    from converse_graph.judge.agreement import agreement
    from converse_graph.judge.runs import judge_run

    verdicts = await judge_run(store, name, **options)
    if not verdicts:
        output.warn(f"Run {name} replays a run that was not judged; judge that one, or name --model.")
    path, transcript = await leave_transcript(store, name)
    agreements = agreement(transcript.verdicts)
    for verdict in verdicts:
        say_verdict(verdict, output)
    for rubric_name, alpha in agreements.items():
        output.say(f"{agreed(alpha)} (rubric {rubric_name}).")
    await _trace(store, name, verdicts, output)
    return {
        "run": name,
        "verdicts": [verdict_json(verdict) for verdict in verdicts],
        "agreement": agreements,
        "path": path,
    }


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
