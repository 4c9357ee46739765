"""`converse estimate`: what a run would take, before anything is spent."""

from typing import TYPE_CHECKING, Any

import typer

from converse_graph.cli.options import (
    Dials,
    Json,
    ModelOptions,
    NoJudge,
    PricesFile,
    Rounds,
    ScenarioArgument,
    Seed,
    Until,
)

if TYPE_CHECKING:
    from converse_graph.runs.estimate import Estimate

HEADS = ("calls of", "model", "calls", "tokens in", "of them cached", "tokens out", "least", "most")
ESTIMATE_VERSION = 1
"""Of the shape of `estimate --json`."""


async def estimate(
    scenario: ScenarioArgument,
    *,
    dials: Dials = None,
    model: ModelOptions,
    seed: Seed = None,
    until: Until = None,
    rounds: Rounds = None,
    no_judge: NoJudge = False,
    prices: PricesFile = None,
    as_json: Json = False,
) -> None:
    """Say what a run would take, before anything is spent.

    That is how many calls and tokens, and what they would cost.

    Examples:
        converse estimate wage-talks --rounds 2
        converse estimate boardrooms-long --model openai:gpt-4.1
    """
    from converse_graph.cli.option_values import read_model_options, read_settings
    from converse_graph.export.formats import json_text
    from converse_graph.models.prices import load_prices
    from converse_graph.runs.estimate import estimate
    from converse_graph.scenarios.catalogue import find_scenario

    function = find_scenario(scenario)
    result = await estimate(
        function(**read_settings(function, dials or ())),
        seed=seed or 0,
        model=model.model,
        base_url=model.base_url,
        options=read_model_options(model.options or ()),
        until=until,
        rounds=rounds,
        judge=not no_judge,
        prices=load_prices(prices) if prices else None,
    )
    if as_json:
        typer.echo(json_text(_json(result), indent=2))
    else:
        _print(result)


def _json(result: "Estimate") -> dict[str, Any]:
    from dataclasses import asdict

    usd = result.usd()
    return {
        "version": ESTIMATE_VERSION,
        **asdict(result),
        "settings": {path: settings.set_values() for path, settings in result.settings.items()},
        "calls": result.calls,
        "input_tokens": result.input_tokens,
        "output_tokens": result.output_tokens,
        "usd_low": usd and usd[0],
        "usd_high": usd and usd[1],
    }


def _print(result: "Estimate") -> None:
    from converse_graph.cli.formatting import count, money
    from converse_graph.cli.printing import print_paragraph
    from converse_graph.cli.tables import print_table
    from converse_graph.runs.estimate import MIN_REPLY_SHARE, RETRY_SHARE
    from converse_graph.scenarios.model_settings import options_in_words

    usd = result.usd()
    cost = f"{money(usd[0])} to {money(usd[1])}" if usd else "a cost that is not known (give it with --prices)"
    print_paragraph(
        f"{result.scenario}: {count(result.rounds, 'round')}, about {count(result.calls, 'call')}, "
        f"{result.input_tokens:,} tokens in and {result.output_tokens:,} out, {cost}."
    )
    typer.echo()
    rows = [
        (row.kind, row.model, f"{row.calls:,}", f"{row.input_tokens:,}", f"{row.cached_tokens:,}",
         f"{row.output_tokens:,}", money(row.usd_low), money(row.usd_high))
        for row in result.rows
    ]  # fmt: skip
    print_table(HEADS, rows, numbers=HEADS[2:])
    typer.echo()
    if result.settings:
        print_paragraph(f"Settings of the models: {options_in_words(result.settings)}.")
        typer.echo()
    print_paragraph(
        f"Counted on a run by chance, four bytes to a token. The least: every prefix from the provider's cache, "
        f"replies that fill {MIN_REPLY_SHARE:.0%} of their forms. The most: no cache, forms filled to the last letter, "
        f"{RETRY_SHARE:.0%} of calls made again. A stop rule may end a real run sooner."
    )
