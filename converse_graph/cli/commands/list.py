"""`converse list`: the scenarios to be had by name."""

import json
import textwrap
from typing import Any

import typer

from converse_graph.cli.plain import plain_line
from converse_graph.scenarios.dials import Dial, ScenarioFunction
from converse_graph.scenarios.library import catalogue

_WIDTH = 100


def command(*, as_json: bool) -> None:
    """List the scenarios with their dials."""
    known = catalogue()
    if as_json:
        typer.echo(json.dumps([_row(name, function) for name, function in known.items()], indent=2, ensure_ascii=False))
    elif known:
        typer.echo("\n\n".join(_entry(name, function) for name, function in known.items()))
        typer.echo("\nRun one with `converse run NAME --set DIAL=VALUE`.")
    else:
        typer.echo("No scenarios; `converse new NAME` writes one.")


def _row(name: str, function: ScenarioFunction) -> dict[str, Any]:
    dials = [
        {"name": dial.name, "type": dial.type, "default": _default(dial), "doc": dial.doc} for dial in function.dials
    ]
    return {"name": name, "doc": function.doc, "preset_of": function.preset_of, "dials": dials}


def _entry(name: str, function: ScenarioFunction) -> str:
    preset = f"  (a preset of {function.preset_of})" if function.preset_of else ""
    lines = [f"{name}{preset}", textwrap.indent(textwrap.fill(plain_line(function.doc), _WIDTH - 2), "  ")]
    for dial in function.dials:
        default = _default(dial)
        shown = default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)
        text = plain_line(f"{dial.name}={shown}  ({dial.type})  {dial.doc}")
        lines.append(textwrap.fill(text, _WIDTH, initial_indent="    ", subsequent_indent="        "))
    return "\n".join(line for line in lines if line.strip())


def _default(dial: Dial) -> Any:
    return dial.adapter.dump_python(dial.default, mode="json", fallback=str)
