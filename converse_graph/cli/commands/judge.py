"""`converse judge`: a reader's verdict on a run."""

import asyncio
from pathlib import Path
from typing import Any

import typer

from converse_graph.cli.budget_options import Bounds, read_bounds
from converse_graph.cli.judge_options import say_verdict
from converse_graph.cli.output import Output
from converse_graph.cli.play import leave_transcript
from converse_graph.cli.trace_options import open_tracing
from converse_graph.export.formats import json_text, verdict_json
from converse_graph.export.markdown_verdicts import agreed
from converse_graph.judge.agreement import agreement
from converse_graph.judge.runs import judge_run
from converse_graph.record.verdict import Verdict
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH
from converse_graph.tracing.outcome import trace_outcome


def command(
    *,
    run: str,
    rubric: str | None,
    models: list[str],
    repeats: int,
    base_url: str | None,
    store: str | None,
    bounds: tuple[Any, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Judge a run, and write its transcript anew with the verdict at the top."""
    asyncio.run(
        _judge(run, rubric, models, repeats, base_url, store or DEFAULT_PATH, read_bounds(*bounds), quiet, as_json)
    )


async def _judge(
    name: str,
    rubric: str | None,
    models: list[str],
    repeats: int,
    base_url: str | None,
    path: Path | str,
    bounds: Bounds,
    quiet: bool,
    as_json: bool,
) -> None:
    output = Output(quiet=quiet or as_json)
    async with Store.open(path) as store:
        given = await judge_run(
            store,
            name,
            rubric=rubric,
            models=models,
            repeats=repeats,
            base_url=base_url,
            budget=bounds.budget,
            prices=bounds.prices,
        )
        if not given:
            output.warn(f"Run {name} replays a run that was not judged; judge that one, or name --judge-model.")
        kept = store.transcript(name)
        agreements = agreement(kept.verdicts)
        for verdict in given:
            say_verdict(verdict, output)
        for rubric_name, alpha in agreements.items():
            output.say(f"{agreed(alpha)} (rubric {rubric_name}).")
        written, _ = await leave_transcript(store, name)
        await _trace(store, name, given, output)
    if as_json:
        shown = {"verdicts": [verdict_json(verdict) for verdict in given], "agreement": agreements}
        typer.echo(json_text(shown, indent=2))
    else:
        output.result(written)


async def _trace(store: Store, name: str, given: tuple[Verdict, ...], output: Output) -> None:
    """Send the scores where runs are traced to; prompts of judges are not traced."""
    tracing = open_tracing(output, private=False)
    if tracing is not None:
        try:
            await trace_outcome(tracing, store, name, given)
        finally:
            await tracing.exporter.close()
