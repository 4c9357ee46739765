"""`converse doctor`: whether a run could begin here, and what to do where it could not."""

from typing import TYPE_CHECKING

import typer

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import Json, StorePath

if TYPE_CHECKING:
    from converse_graph.cli.doctor import Examination, Finding

WIDEST = 100
"""Columns at most."""


async def doctor(as_json: Json = False, store: StorePath = None) -> Code:
    """Look whether a run could begin here.

    It looks at versions, store, scenarios, prompts, models, tracing and terminal. Nothing is written or spent, and no
    key is ever shown. Ends with exit code 1 where something must be mended.

    Examples:
        converse doctor
        converse doctor --json
    """
    import json
    import os
    import shutil
    import sys
    from dataclasses import asdict

    from converse_graph.cli.doctor import examine
    from converse_graph.cli.doctor.tracing_and_terminal import Terminal
    from converse_graph.store.store import DEFAULT_PATH

    width = shutil.get_terminal_size().columns
    terminal = Terminal(columns=width, encoding=sys.stdout.encoding or "ascii", live=sys.stdout.isatty())
    result = await examine(str(store or DEFAULT_PATH), os.environ, terminal)
    if as_json:
        page = {"well": result.well, "findings": [asdict(finding) for finding in result.findings]}
        typer.echo(json.dumps(page, indent=2, ensure_ascii=False))
    else:
        typer.echo(_page(result, max(40, min(width, WIDEST))))
    return Code.DONE if result.well else Code.FAILED


def _page(result: "Examination", width: int) -> str:
    import itertools

    lines = []
    for area, findings in itertools.groupby(result.findings, key=lambda finding: finding.area):
        lines += [area, *(_entry(finding, width) for finding in findings), ""]
    return "\n".join([*lines, _closing(result)])


def _entry(finding: "Finding", width: int) -> str:
    import textwrap

    from converse_graph.cli.formatting import plain_line

    text = f"  {finding.outcome:<4}  {finding.name}: {plain_line(finding.state)}"
    lines = [textwrap.fill(text, width, subsequent_indent=" " * 8, break_on_hyphens=False)]
    if finding.way_out:
        text = f"        -> {plain_line(finding.way_out)}"
        lines.append(textwrap.fill(text, width, subsequent_indent=" " * 11, break_on_hyphens=False))
    return "\n".join(lines)


def _closing(result: "Examination") -> str:
    from converse_graph.cli.formatting import count

    failures, warnings = count(result.count("fail"), "failure"), count(result.count("warn"), "warning")
    return f"A run can begin here; {warnings}." if result.well else f"{failures} to mend; {warnings}."
