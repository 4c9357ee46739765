"""`converse audit`: whether anything private of a run went astray."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import typer

from converse_graph.audit.audit import audit_run
from converse_graph.audit.findings import Audit
from converse_graph.audit.json_schema import as_json as audit_json
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.humanize import count
from converse_graph.cli.terminal_text import plain_line
from converse_graph.export.formats import json_text
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH

_SHOWN = 20
"""Leaks that are listed; JSON has them all."""


def command(*, run: str, as_json: bool, store: str | None) -> Code:
    """Audit a run, and say what was checked, what could not be, and where something leaked."""
    found = asyncio.run(_audit(run, store or DEFAULT_PATH))
    if as_json:
        typer.echo(json_text(audit_json(found), indent=2))
    else:
        typer.echo("\n".join(map(plain_line, _lines(found))))
    return Code.DONE if found.is_private else Code.FAILED


async def _audit(name: str, path: Path | str) -> Audit:
    async with Store.open(path) as store:
        return await audit_run(store, name)


def _lines(found: Audit) -> Iterator[str]:
    yield (
        f"Run {found.run}: nothing private went astray."
        if found.is_private
        else f"Run {found.run}: {count(len(found.leaks), 'leak')}."
    )
    for leak in found.leaks[:_SHOWN]:
        yield f"  {leak.kind} · {leak.place} · {leak.source} · owner {leak.owner}: {leak.why}"
    if len(found.leaks) > _SHOWN:
        yield f"  and {len(found.leaks) - _SHOWN} more; --json lists all"
    yield (
        f"Checked: {count(found.calls, 'prompt')} of {count(found.parts, 'part')}, each readable by whom it was told "
        f"to; {found.rebuilt} made again from their records, {found.searched} made from templates and searched for "
        f"{count(found.texts, 'private text')}; {count(found.records, 'record')} compared with what was answered; the "
        "public record as JSON and as Markdown."
    )
    for quoted in found.quoted:
        yield f"Said in public by its owner: {quoted.place} has words that are on the private record of {quoted.owner}."
    for line in found.unchecked:
        yield f"Not checked: {line}"
