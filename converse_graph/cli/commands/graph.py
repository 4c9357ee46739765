"""`converse graph`: the graph of a scenario, with its channels and who reads them."""

import sys
from pathlib import Path
from typing import assert_never

import typer

from converse_graph.cli.dial_options import read_settings
from converse_graph.cli.options import GraphFormat
from converse_graph.cli.terminal_text import plain
from converse_graph.export.atomic_files import write_whole
from converse_graph.export.formats import json_text
from converse_graph.export.graph_mermaid import as_mermaid
from converse_graph.export.graph_svg import as_svg
from converse_graph.graph.wiring import Conversation, wiring, wiring_json
from converse_graph.scenarios.catalogue import find_scenario


def command(*, reference: str, dials: list[str], depth: int | None, form: GraphFormat, out: Path | None) -> None:
    """Draw the graph of a scenario as its dials are set."""
    function = find_scenario(reference)
    text = _render(wiring(function(**read_settings(function, dials)), depth), form)
    if out is not None:
        write_whole(out, text)
    else:
        typer.echo(plain(text) if sys.stdout.isatty() else text, nl=False)


def _render(table: Conversation, form: GraphFormat) -> str:
    match form:
        case "mermaid":
            return as_mermaid(table)
        case "svg":
            return as_svg(table)
        case "json":
            return json_text(wiring_json(table), indent=2) + "\n"
        case _:
            assert_never(form)
