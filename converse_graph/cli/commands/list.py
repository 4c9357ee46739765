"""`converse list`: the scenarios to be had by name."""

import json
import textwrap
from collections.abc import Mapping
from typing import Any

import typer

from converse_graph.cli.terminal_text import plain_line
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.scenarios.dials import Dial, ScenarioFunction

_WIDTH = 100


def command(*, as_json: bool) -> None:
    """List the scenarios with their dials."""
    known = catalogue()
    if as_json:
        typer.echo(json.dumps([_row(name, function) for name, function in known.items()], indent=2, ensure_ascii=False))
    elif known:
        families = sorted(
            known, key=lambda name: (known[name].preset_of or name, known[name].preset_of is not None, name)
        )
        typer.echo("\n\n".join(_entry(name, known) for name in families))
        typer.echo("\nRun one with `converse run NAME --set DIAL=VALUE`.")
    else:
        typer.echo("No scenarios; `converse new NAME` writes one.")


def _row(name: str, function: ScenarioFunction) -> dict[str, Any]:
    dials = [
        {"name": dial.name, "type": dial.type, "default": _default(dial), "doc": dial.doc} for dial in function.dials
    ]
    return {"name": name, "doc": function.doc, "preset_of": function.preset_of, "dials": dials}


def _entry(name: str, known: Mapping[str, ScenarioFunction]) -> str:
    """A scenario as a paragraph; of a preset only the dials that it sets otherwise."""
    function = known[name]
    lines = [name, textwrap.fill(plain_line(function.doc), _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    dials, base = function.dials, known.get(function.preset_of or "")
    if base is not None:
        usual = {dial.name: dial.default for dial in base.dials}
        dials = tuple(dial for dial in dials if dial.default != usual[dial.name])
        lines[0] += f"  (a preset of {base.name}: the same dials, {'with' if dials else 'all as there'}"
        lines[0] += f" {', '.join(map(_setting, dials))})" if dials else ")"
        return "\n".join(lines)
    for dial in dials:
        text = plain_line(f"{_setting(dial)} ({dial.type}){dial.doc and ': '}{dial.doc}")
        lines.append(textwrap.fill(text, _WIDTH, initial_indent="    ", subsequent_indent="        "))
    return "\n".join(line for line in lines if line.strip())


def _setting(dial: Dial) -> str:
    default = _default(dial)
    return f"{dial.name}={default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)}"


def _default(dial: Dial) -> Any:
    return dial.adapter.dump_python(dial.default, mode="json", fallback=str)
