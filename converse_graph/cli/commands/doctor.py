"""`converse doctor`: whether a run could begin here, and what to do where it could not."""

import asyncio
import itertools
import json
import os
import shutil
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

import typer

from converse_graph.cli.doctor import Examination, Finding, examine
from converse_graph.cli.doctor.environment import Terminal
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.humanize import count
from converse_graph.cli.terminal_text import plain_line
from converse_graph.store.store import DEFAULT_PATH

_WIDEST = 100


def command(*, as_json: bool, store: Path | str | None) -> Code:
    """Look at everything that a run needs; returns `Code.FAILED` where something stands in its way."""
    columns = shutil.get_terminal_size().columns
    terminal = Terminal(columns=columns, encoding=sys.stdout.encoding or "ascii", live=sys.stdout.isatty())
    seen = asyncio.run(examine(str(store or DEFAULT_PATH), os.environ, terminal))
    if as_json:
        told = {"well": seen.well, "findings": [asdict(finding) for finding in seen.findings]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(_page(seen, max(40, min(columns, _WIDEST))))
    return Code.DONE if seen.well else Code.FAILED


def _page(seen: Examination, width: int) -> str:
    lines = []
    for area, findings in itertools.groupby(seen.findings, key=lambda finding: finding.area):
        lines += [area, *(_entry(finding, width) for finding in findings), ""]
    return "\n".join([*lines, _closing(seen)])


def _entry(finding: Finding, width: int) -> str:
    told = f"  {finding.outcome:<4}  {finding.name}: {plain_line(finding.found)}"
    shown = [textwrap.fill(told, width, subsequent_indent=" " * 8, break_on_hyphens=False)]
    if finding.way_out:
        told = f"        -> {plain_line(finding.way_out)}"
        shown.append(textwrap.fill(told, width, subsequent_indent=" " * 11, break_on_hyphens=False))
    return "\n".join(shown)


def _closing(seen: Examination) -> str:
    failures, warnings = count(seen.count("fail"), "failure"), count(seen.count("warn"), "warning")
    return f"A run can begin here; {warnings}." if seen.well else f"{failures} to mend; {warnings}."
