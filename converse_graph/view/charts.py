"""Charts of a run, drawn by Vega as SVG that has the page's colours and loads nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import vl_convert
from markupsafe import Markup

from converse_graph.scenarios.fields import format_value
from converse_graph.view.colours import colour_numbers
from converse_graph.view.formatting import measure, plain, short_number
from converse_graph.view.series import Happening, Point, Series

_WIDTH, _HEIGHT = 360, 130
"""Pixels of what is drawn, without its axes."""
_INK, _SOFT, _EDGE = "var(--ink)", "var(--soft)", "var(--edge)"
_PLOT = re.compile(r'<g fill="none" stroke-miterlimit="10" transform="translate\(([\d.]+),([\d.]+)\)">')
_MOST_LETTERS = 90
"""Of what happened, in the mark on the axis."""
_MOST_LINKS = 120
"""Points of a chart that can be clicked; of more they lie too close."""
_HERE = "http://page.invalid"
"""What addresses of links begin with while Vega draws: to one without a host it adds a host of its own maker's."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart as a page has it."""

    title: str
    unit: str
    is_private: bool
    svg: Markup
    left: float
    """Pixels from the left of the drawing to where its time begins."""
    width: float
    first: float
    """The time at its left, as `Point.when` has it."""
    last: float
    names: tuple[str, ...]
    """Whose lines there are."""
    summary: str
    """What it shows, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Still:
    """A number of a world that was the same all the time."""

    name: str
    value: str
    is_private: bool


def chart_specs(
    series: Sequence[Series], happened: Sequence[Happening], colours: Mapping[str, int], *, link: str
) -> list[dict[str, Any]]:
    """Say in Vega-Lite what is to be drawn.

    Args:
        series: What each chart shows.
        happened: What is marked on their axes of time.
        colours: The number of each party's colour.
        link: The address of a turn, with `{turn}` where its number from 1 belongs.
    """
    return [_spec(one, happened, _names(one), colours, _domain(one), link) for one in series]


def draw(specs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Draw charts as SVG. Nothing else runs in a process meanwhile: a server has it done in another.

    Args:
        specs: In Vega-Lite.
    """
    return [vl_convert.vegalite_to_svg(dict(spec)).replace(_HERE, "") for spec in specs]


def charts_of(series: Sequence[Series], drawings: Sequence[str]) -> list[Chart]:
    """Charts as a page has them.

    Args:
        series: What each shows.
        drawings: As `draw` made them.
    """
    return [_chart(one, svg) for one, svg in zip(series, drawings, strict=True)]


def _chart(series: Series, svg: str) -> Chart:
    plot, (first, last) = _PLOT.search(svg), _domain(series)
    return Chart(
        title=series.name,
        unit="" if series.is_flag or series.unit == series.name.lower() else series.unit,
        is_private=series.is_private,
        svg=Markup(svg),  # noqa: S704 - made by Vega, which escapes texts
        left=float(plot[1]) if plot else 0.0,
        width=_WIDTH,
        first=first,
        last=last,
        names=_names(series),
        summary=_chart_in_words(series, _names(series)),
    )


def _names(series: Series) -> tuple[str, ...]:
    return tuple(dict.fromkeys(point.who for point in series.points if point.who))


def _domain(series: Series) -> tuple[float, float]:
    """The time that a chart shows, from and to."""
    times = [point.when for point in series.points]
    return min(times), max(max(times), min(times) + 1)


def _spec(
    series: Series,
    happened: Sequence[Happening],
    names: Sequence[str],
    colours: Mapping[str, int],
    domain: tuple[float, float],
    link: str,
) -> dict[str, Any]:
    values = [_row(series, point, link) for point in series.points]
    x = {
        "field": "when",
        "type": "quantitative",
        "scale": {"domain": list(domain), "nice": False, "zero": False},
        "axis": {"format": "d", "title": None, "values": _ticks(*domain)},
    }
    y: dict[str, Any] = {"field": "value", "type": "quantitative", **_value_axis(series)}
    of_pairs = colour_numbers(names)
    scale = {"domain": list(names), "range": [f"var(--c{colours.get(name, of_pairs[name])})" for name in names]}
    colour: dict[str, Any] = (
        {"field": "who", "type": "nominal", "scale": scale, "legend": None} if names else {"value": "var(--accent)"}
    )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "background": None,
        "data": {"values": values},
        "layer": [*_happening_layers(happened, domain, x, link), *_layers(series, x, y, colour)],
        "resolve": {"scale": {"color": "shared"}},
        "config": _CONFIG,
    }


def _ticks(first: float, last: float) -> list[int]:
    """Years, or rounds, that are named on the axis: six or seven at most."""
    every = max(1, -(-int(last - first) // 6))
    return list(range(ceil(first), int(last) + 1, every))


def _value_axis(series: Series) -> dict[str, Any]:
    """The scale and the axis of values; of a flag, no and yes."""
    if series.is_flag:
        words = f"datum.value > 0 ? '{format_value(True)}' : '{format_value(False)}'"
        return {"scale": {"domain": [0, 1]}, "axis": {"title": None, "values": [0, 1], "labelExpr": words}}
    return {
        "scale": {"zero": series.kind in ("drift", "disagreement"), "nice": True},
        "axis": {"title": None, "tickCount": 4, "format": _number_format(series)},
    }


def _number_format(series: Series) -> str:
    """How the axis of values is labelled: years as they are, large numbers with a letter, no two ticks alike."""
    if series.kind == "estimate":
        return "d"
    values = [point.value for point in series.points]
    if max(map(abs, values)) >= 10_000:
        return "~s"
    return ",.0f" if max(values) - min(values) >= 10 else "~g"


def _layers(series: Series, x: Any, y: Any, colour: Any) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    if series.kind == "drift":
        mark = {"type": "bar", "color": "var(--c4)", "width": 6}
        return _linked({"mark": mark, "encoding": {"x": x, "y": y, "description": _field("told")}}, series.points)
    if series.kind == "estimate":
        band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": colour}
        layers.append({"mark": {"type": "area", "opacity": 0.14, "aria": False}, "encoding": band})
    line = {"type": "line", "strokeWidth": 2, "aria": False} | ({"interpolate": "step-after"} if series.is_flag else {})
    layers.append({"mark": line, "encoding": {"x": x, "y": y, "color": colour}})
    if len(series.points) <= _MOST_LINKS:
        points = {"x": x, "y": y, "color": colour, "description": _field("told")}
        mark = {"type": "point", "filled": True, "size": 34, "opacity": 1}
        layers += _linked({"mark": mark, "encoding": points}, series.points)
    return layers


def _linked(layer: dict[str, Any], marked: Sequence[Point | Happening]) -> list[dict[str, Any]]:
    """A layer whose marks are links where they have a turn: of no link Vega makes an address, of no marks a group."""
    linked = {**layer, "encoding": {**layer["encoding"], "href": _field("link")}}
    layers = []
    if any(one.turn is not None for one in marked):
        layers.append({**linked, "transform": [{"filter": "datum.link != null"}]})
    if any(one.turn is None for one in marked):
        layers.append({**layer, "transform": [{"filter": "datum.link == null"}]})
    return layers


def _happening_layers(
    happened: Sequence[Happening], domain: tuple[float, float], x: Any, link: str
) -> list[dict[str, Any]]:
    within = [one for one in happened if domain[0] <= one.when <= domain[1] and not one.is_private]
    if not within:
        return []
    rows = [
        {"when": one.when, "told": plain(f"{one.period}: {one.text}")[:_MOST_LETTERS], "link": _address(link, one.turn)}
        for one in within
    ]
    encoding = {"x": x, "description": _field("told")}
    rule = {"type": "rule", "strokeDash": [3, 3], "color": _SOFT, "strokeWidth": 1.5}
    return _linked({"data": {"values": rows}, "mark": rule, "encoding": encoding}, within)


def _field(name: str) -> dict[str, str]:
    return {"field": name, "type": "nominal"}


def _row(series: Series, point: Point, link: str) -> dict[str, Any]:
    words = f"{point.period}{f', {point.who}' if point.who else ''}: {_measure(series, point.value)}"
    if point.low is not None and point.high is not None:
        words += f" ({short_number(point.low)} to {short_number(point.high)})"
    return {
        "when": point.when,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "who": point.who,
        "told": plain(words),
        "link": _address(link, point.turn),
    }


def _address(link: str, turn: int | None) -> str | None:
    return None if turn is None else _HERE + link.format(turn=turn + 1)


def _chart_in_words(series: Series, names: Sequence[str]) -> str:
    values = [point.value for point in series.points]
    of = f" of {', '.join(names)}" if names else ""
    periods = f"{series.points[0].period} to {series.points[-1].period}"
    return plain(
        f"{series.name}{of}, {periods}: from {_measure(series, min(values))} to {_measure(series, max(values))}"
    )


def _measure(series: Series, value: float) -> str:
    return measure(value, series.name.lower(), series.unit)


def still_values(series: Sequence[Series]) -> list[Still]:
    """What of a world never changed, to be said instead of drawn.

    Args:
        series: Of a run, all of them.
    """
    return [
        Still(name=one.name, value=_measure(one, one.points[0].value), is_private=one.is_private)
        for one in series
        if one.is_still
    ]


_CONFIG: dict[str, Any] = {
    "font": "inherit",
    "axis": {
        "labelColor": _SOFT, "titleColor": _SOFT, "domainColor": _EDGE, "gridColor": _EDGE, "tickColor": _EDGE,
        "labelFontSize": 11, "grid": False, "labelFont": "inherit",
    },
    "axisY": {"grid": True, "domain": False, "ticks": False},
    "view": {"stroke": None},
}  # fmt: skip
