"""The course of a world as a figure, drawn offline: its variables over time, with its events and what was stated."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import vl_convert

from converse_graph.errors import InvalidValue
from converse_graph.export.formats import known_state
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.world_tables import WORLD, Variable

FigureFormat = Literal["svg", "png", "html"]
FORMATS: tuple[FigureFormat, ...] = ("svg", "png", "html")
"""What a figure can be drawn as."""
_WIDTH, _HEIGHT = 560, 120
_TITLE, _SUBTITLE = 80, 100
"""Characters of a line."""
_LABEL_LINES = 4
"""Lines over which the names of events are spread that come close to one another."""
_SCALE = 2.0
"""Pixels of a PNG for one of the drawing, as on a screen of high density."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:52rem;padding:0 1rem}svg{max-width:100%}"


def world_figure(transcript: Transcript, form: FigureFormat) -> bytes:
    """Draw the world of a run.

    Args:
        transcript: A public record, or a reader's edition, of which what stayed hidden is drawn too.
        form: SVG, PNG, or a page of HTML that holds the drawing and loads nothing.

    Raises:
        InvalidValue: The run has no world.
    """
    chart = world_chart(transcript)
    match form:
        case "png":
            return bytes(vl_convert.vegalite_to_png(chart, scale=_SCALE))
        case "svg":
            return str(vl_convert.vegalite_to_svg(chart)).encode()
    title = html.escape(_title(transcript))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>\n"
        f"{vl_convert.vegalite_to_svg(chart)}\n</body></html>\n"
    ).encode()


def world_chart(transcript: Transcript) -> dict[str, Any]:
    """Describe the figure in Vega-Lite (version 5): a panel a variable, one below the other on the same time.

    A field of a statement that is called as a variable is a claim about it, and stands beside it as points. What never
    changes is named below the title and not drawn.

    Args:
        transcript: As of `world_figure`.

    Raises:
        InvalidValue: The run has no world.
    """
    header, world = transcript.header, transcript.header.world
    if world is None or not transcript.world:
        raise InvalidValue(f"Run {header.run} has no world: its parties only talk, so there is nothing to draw.")
    values, claims, events = list(_values(transcript)), list(_claims(transcript)), list(_events(transcript))
    there = [variable for variable in world.variables if variable.name in {row["variable"] for row in values}]
    moving = {row["variable"] for row in claims} | _changing(values)
    variables = [variable for variable in there if variable.name in moving] or there
    parties = [party.name for party in header.cast]
    panels = [
        _panel(variable, values, [row for row in claims if row["variable"] == variable.name], events, parties)
        for variable in variables
    ]
    still = ", ".join(variable.name.replace("_", " ") for variable in there if variable not in variables)
    subtitle = textwrap.wrap(f"Never changed: {still}.", _SUBTITLE) if still else []
    for panel in panels[:-1]:
        panel["encoding"] = {"x": {**panel["encoding"]["x"], "title": None}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": textwrap.wrap(_title(transcript), _TITLE), "subtitle": subtitle, "anchor": "start"},
        "vconcat": panels,
        "resolve": {"scale": {"color": "independent"}},
        "config": {"axis": {"labelLimit": 120}, "legend": {"labelLimit": 200}},
    }


def _changing(values: Sequence[Mapping[str, Any]]) -> set[str]:
    """The variables that change, of any owner."""
    values_by_name: dict[tuple[str, str], set[float]] = {}
    for row in values:
        values_by_name.setdefault((row["variable"], row["owner"]), set()).add(row["value"])
    return {name for (name, _), numbers in values_by_name.items() if len(numbers) > 1}


def _title(transcript: Transcript) -> str:
    header = transcript.header
    return f"{header.title or header.scenario} ({header.run}, {header.model})"


def _values(transcript: Transcript) -> Iterator[dict[str, Any]]:
    """What the world was: a row for each variable of each owner after each round."""
    for after in transcript.world:
        state, _ = known_state(after, raw=True)
        for owner, values in state.items():
            for name, value in values.items():
                yield {"time": _time(transcript, after.round + 1), "owner": owner, "variable": name, "value": value}


def _claims(transcript: Transcript) -> Iterator[dict[str, Any]]:
    """What statements said of it: numbers in fields that are called as variables."""
    for statement in transcript.statements:
        for name, value in statement.fields.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                time = _time(transcript, statement.round)
                yield {"time": time, "owner": statement.speaker, "variable": name, "value": value, "series": "stated"}


def _events(transcript: Transcript) -> Iterator[dict[str, Any]]:
    """What happened, a row a round: names that share a time share a label."""
    before: Sequence[str] = ()
    for after in transcript.world:
        names = [name.replace("_", " ") for name in after.happened if name not in before]
        if names:
            yield {"time": _time(transcript, after.round + 1), "event": ", ".join(names)}
        before = after.happened


def _time(transcript: Transcript, round: int) -> float:
    """When a round begins, in years (rounds, on a clock of plain rounds)."""
    clock = Clock(**{name: transcript.header.clock[name] for name in ("start", "end", "step")})
    return clock.start + clock.years_between(0, round)


def _panel(
    variable: Variable,
    values: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    parties: Sequence[str],
) -> dict[str, Any]:
    y = {"field": "value", "type": "quantitative", "title": variable.unit, "scale": {"zero": False}}
    colour: dict[str, Any] = {"field": "owner", "type": "nominal", "title": None}
    own = [row for row in values if row["variable"] == variable.name]
    owners = {row["owner"]: None for row in (*own, *claims)}
    pairs = [name for name in owners if name not in (WORLD, *parties)] if variable.pair else []
    colour["scale"] = {"domain": pairs or [WORLD, *parties]}
    legend = [name for name in (WORLD, *parties, *pairs) if name in owners]
    colour["legend"] = {"values": legend} if list(owners) != [WORLD] else None
    line = {"type": "line", "point": {"size": 14}}
    layers: list[dict[str, Any]] = [{"data": {"values": own}, "mark": line, "encoding": {"y": y, "color": colour}}]
    if claims:
        mark = {"type": "point", "shape": "diamond", "filled": False, "size": 50}
        layers.append({"data": {"values": list(claims)}, "mark": mark, "encoding": {"y": y, "color": colour}})
    if events:
        rule = {"type": "rule", "strokeDash": [4, 3], "color": "#777"}
        layers.append({"data": {"values": list(events)}, "mark": rule})
        for number in range(min(_LABEL_LINES, len(events))):
            label = {"type": "text", "align": "left", "dx": 4, "y": 8 + 13 * number, "color": "#555"}
            rows = {"values": list(events[number::_LABEL_LINES])}
            layers.append({"data": rows, "mark": label, "encoding": {"text": {"field": "event"}}})
    x = {"field": "time", "type": "quantitative", "axis": {"format": "d", "tickMinStep": 1}, "scale": {"zero": False}}
    suffix = " (points: as stated)" if claims else ""
    return {
        "title": {"text": f"{variable.name.replace('_', ' ')}{suffix}", "anchor": "start", "fontSize": 11},
        "width": _WIDTH,
        "height": _HEIGHT,
        "encoding": {"x": {**x, "title": "beginning of"}},
        "layer": layers,
    }
