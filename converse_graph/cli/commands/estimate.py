"""`converse estimate`: what a run would take, before anything is spent."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from converse_graph.cli.columns import table
from converse_graph.cli.dial_options import read_settings
from converse_graph.cli.humanize import count, money
from converse_graph.export.formats import json_text
from converse_graph.models.prices import load_prices
from converse_graph.runs.estimate import BRIEF, REPAIRED, Estimate, estimate
from converse_graph.scenarios.catalogue import find_scenario

COLUMNS = ("calls of", "model", "calls", "tokens in", "of them cached", "tokens out", "least", "most")
ESTIMATE_VERSION = 1
"""Of the shape of `estimate --json`."""


def command(
    *,
    reference: str,
    dials: list[str],
    model: str | None,
    base_url: str | None,
    window: int | None,
    seed: int | None,
    until: int | None,
    rounds: int | None,
    judged: bool,
    prices: Path | None,
    as_json: bool,
) -> None:
    """Play the scenario by chance, count, and say what it would cost."""
    function = find_scenario(reference)
    made = asyncio.run(
        estimate(
            function(**read_settings(function, dials)),
            seed=seed or 0,
            model=model,
            base_url=base_url,
            until=until,
            rounds=rounds,
            judged=judged,
            prices=load_prices(prices) if prices else None,
            window=window,
        )
    )
    typer.echo(json_text(_json(made), indent=2) if as_json else _told(made))


def _json(made: Estimate) -> dict[str, Any]:
    usd = made.usd()
    return {
        "version": ESTIMATE_VERSION,
        **asdict(made),
        "calls": made.calls,
        "tokens_in": made.tokens_in,
        "tokens_out": made.tokens_out,
        "usd_low": usd and usd[0],
        "usd_high": usd and usd[1],
    }


def _told(made: Estimate) -> str:
    rows = [
        (row.kind, row.model, f"{row.calls:,}", f"{row.tokens_in:,}", f"{row.tokens_cached:,}", f"{row.tokens_out:,}",
         _money(row.usd_low), _money(row.usd_high))
        for row in made.rows
    ]  # fmt: skip
    usd = made.usd()
    cost = f"{money(usd[0])} to {money(usd[1])}" if usd else "a cost that is not known (give it with --prices)"
    return "\n".join(
        [
            f"{made.scenario}: {count(made.rounds, 'round')}, about {count(made.calls, 'call')}, "
            f"{made.tokens_in:,} tokens in and {made.tokens_out:,} out, {cost}.",
            "",
            table(COLUMNS, rows),
            "",
            f"Counted on a run by chance, four bytes to a token. The least: every prefix from the provider's cache, "
            f"replies that fill {BRIEF:.0%} of their forms. The most: no cache, forms filled to the last letter, "
            f"{REPAIRED:.0%} of calls made again. A stop rule may end a real run sooner.",
        ]
    )


def _money(usd: float | None) -> str:
    return "unknown" if usd is None else money(usd)
