"""`converse show`: the transcript of a run, as it stands."""

import asyncio
import sys
from pathlib import Path
from typing import assert_never

import typer

from converse_graph.cli.options import Format
from converse_graph.cli.terminal_text import plain
from converse_graph.export.atomic_files import write_whole
from converse_graph.export.formats import as_csv, as_json, as_jsonl, json_text
from converse_graph.export.markdown import render_markdown
from converse_graph.export.stats import stats_json, stats_markdown
from converse_graph.record.transcript import Transcript
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH


def command(*, run: str, raw: bool, form: Format, stats: bool, out: Path | None, store: str | None) -> None:
    """Show the public record, with `raw` the reader's edition, or with `stats` what can be measured on it."""
    transcript = asyncio.run(_read(run, store or DEFAULT_PATH))
    if stats:
        text = json_text(stats_json(transcript), indent=2) + "\n" if form == "json" else stats_markdown(transcript)
    else:
        text = _render(transcript if raw else transcript.public(), raw, form)
    if out is not None:
        write_whole(out, text)
    else:
        typer.echo(plain(text) if sys.stdout.isatty() else text, nl=False)


async def _read(name: str, path: Path | str) -> Transcript:
    async with Store.open(path) as store:
        return store.transcript(name)


def _render(transcript: Transcript, raw: bool, form: Format) -> str:
    match form:
        case "markdown":
            return render_markdown(transcript)
        case "json":
            return json_text(as_json(transcript, raw=raw), indent=2) + "\n"
        case "jsonl":
            return as_jsonl(transcript, raw=raw)
        case "csv":
            return as_csv(transcript, raw=raw)
        case _:
            assert_never(form)
