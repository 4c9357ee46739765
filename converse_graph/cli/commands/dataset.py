"""`converse dataset`: runs as examples, in a file, on standard output or at LangSmith."""

import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from converse_graph.cli.humanize import count
from converse_graph.cli.options import ExampleOf
from converse_graph.cli.terminal_text import plain, plain_line
from converse_graph.evaluation.examples import Example, examples
from converse_graph.evaluation.jsonl import as_lines
from converse_graph.evaluation.langsmith_upload import send
from converse_graph.export.atomic_files import write_whole
from converse_graph.record.transcript import Transcript
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(
    *, runs: list[str], by: ExampleOf, private: bool, name: str | None, out: Path | None, store: str | None
) -> None:
    """Make examples of all runs, then write or send them: none where one of the runs is none."""
    records = asyncio.run(_read(dict.fromkeys(runs), store or DEFAULT_PATH))
    made = [one for record in records for one in examples(record, by=by, private=private, dataset=name or "")]
    if name is not None:
        _say(_sent(made, name), private)
    elif out is not None:
        write_whole(out, as_lines(made))
        _say(f"{out}: {count(len(made), 'example')}", private)
    else:
        text = as_lines(made)
        typer.echo(plain(text) if sys.stdout.isatty() else text, nl=False)


async def _read(names: Iterable[str], path: Path | str) -> list[Transcript]:
    async with Store.open(path) as store:
        return [store.transcript(name) for name in names]


def _sent(made: Sequence[Example], name: str) -> str:
    sent = send(made, name, environment=os.environ)
    return f"Dataset {name} at {sent.where}: {sent.new} new, {sent.known} brought up to date"


def _say(line: str, private: bool) -> None:
    shown = "with what is private" if private else "without what is private (--private puts it in)"
    typer.echo(plain_line(f"{line}, {shown}"))
