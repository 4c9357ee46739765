"""`converse diff`: two runs side by side."""

import asyncio
import sys
from pathlib import Path
from typing import assert_never

import typer

from converse_graph.cli.options import DiffFormat
from converse_graph.cli.terminal_text import plain
from converse_graph.export.atomic_files import write_whole
from converse_graph.export.comparison import Difference, as_json, as_markdown, as_text, compare
from converse_graph.export.formats import json_text
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(*, first: str, second: str, form: DiffFormat, out: Path | None, store: str | None) -> None:
    """Show where two runs differ, of what they made public."""
    text = _render(asyncio.run(_compare(first, second, store or DEFAULT_PATH)), form)
    if out is not None:
        write_whole(out, text)
    else:
        typer.echo(plain(text) if form == "text" or sys.stdout.isatty() else text, nl=False)


async def _compare(first: str, second: str, path: Path | str) -> Difference:
    async with Store.open(path) as store:
        one, other = [store.transcript(name) for name in (first, second)]
    return compare(one.public(), other.public())


def _render(difference: Difference, form: DiffFormat) -> str:
    match form:
        case "text":
            return as_text(difference)
        case "markdown":
            return as_markdown(difference)
        case "json":
            return json_text(as_json(difference), indent=2) + "\n"
        case _:
            assert_never(form)
