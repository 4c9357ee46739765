"""`converse interview`: a question to a party of a run, as it then was."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from converse_graph.cli.output import Output
from converse_graph.cli.terminal_text import plain
from converse_graph.export.formats import json_text
from converse_graph.runs.interview import Interview, interview
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(
    *,
    run: str,
    question: str,
    party: str,
    at: str,
    model: str | None,
    base_url: str | None,
    as_json: bool,
    store: str | None,
    quiet: bool,
) -> None:
    """Ask, and print the answer; the run stays as it is."""
    asked: dict[str, Any] = {"party": party, "at": at, "question": question, "model": model, "base_url": base_url}
    told = asyncio.run(_ask(run, store or DEFAULT_PATH, asked))
    if as_json:
        typer.echo(json_text(asdict(told), indent=2))
        return
    output = Output(quiet=quiet)
    output.say(f"{told.party} at the end of {told.period}, run {told.run} · model {told.model} · kept nowhere")
    output.result(plain(told.answer))


async def _ask(name: str, path: Path | str, asked: dict[str, Any]) -> Interview:
    async with Store.open(path) as store:
        return await interview(store, name, **asked)
