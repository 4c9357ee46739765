"""The figures of a forecast, described in Vega-Lite (version 5) and drawn offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert

from converse_graph.ensembles.forecast_values import ArmForecast, Forecast
from converse_graph.ensembles.published import published_beside

Chart = dict[str, Any]

_WIDTH = 680
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7F7F7F", "#000000")
"""Okabe and Ito's, which those who see few colours tell apart as well."""
_LATEST = 2100
"""The last year of the axis of published forecasts; later ones are told in the table alone."""
_CONFIG = {
    "font": "Helvetica Neue, Helvetica, Arial, sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "title": {"anchor": "start", "fontSize": 15, "fontWeight": 600, "subtitleColor": "#555", "offset": 12},
    "axis": {"grid": True, "gridColor": "#e8e8ec", "domainColor": "#999", "tickColor": "#999", "labelFontSize": 12,
             "titleFontSize": 12, "titleFontWeight": 400, "titleColor": "#444", "labelColor": "#333"},
    "legend": {"labelFontSize": 12, "symbolStrokeWidth": 3, "symbolOpacity": 1, "symbolType": "stroke",
               "orient": "bottom", "title": None, "labelLimit": 420},
    "range": {"category": list(_COLOURS)},
}  # fmt: skip


def forecast_figures(forecast: Forecast) -> dict[str, Chart]:
    """Describe every figure that a forecast has the data for, by name.

    Args:
        forecast: What is drawn.
    """
    charts = {
        "survival": survival_chart(forecast),
        "dials": tornado_chart(forecast),
        "arms": heat_map(forecast),
        "estimates": fan_chart(forecast),
        "published": published_chart(forecast),
    }
    return {name: chart for name, chart in charts.items() if chart is not None}


def as_svg(chart: Chart) -> str:
    """Draw a chart as SVG.

    Args:
        chart: In Vega-Lite.
    """
    return str(vl_convert.vegalite_to_svg(chart, vl_version="5.20"))


def as_png(chart: Chart) -> bytes:
    """Draw a chart as PNG, twice as fine as a screen.

    Args:
        chart: In Vega-Lite.
    """
    return bytes(vl_convert.vegalite_to_png(chart, vl_version="5.20", scale=2))


def survival_chart(forecast: Forecast) -> Chart:
    """Describe the probability that the event has come by a time: a line and a band for each arm.

    Args:
        forecast: What is drawn.
    """
    panels, labels = _panels(forecast)
    rows = [
        {**row, "arm": labels[arm.arm], "panel": panels[arm.arm]}
        for arm in forecast.arms
        for row in _steps(forecast, arm)
    ]
    time = _time(forecast)
    share = {"type": "quantitative", "axis": {"format": "%", "tickCount": 5}, "scale": {"domain": [0, 1]}}
    colour = {"field": "arm", "type": "nominal", "sort": list(labels.values()), "legend": {"columns": 2}}
    dash = {"field": "role", "type": "nominal", "legend": None,
            "scale": {"domain": ["arm", "chance", "paraphrase"], "range": [[1, 0], [3, 3], [8, 4]]}}  # fmt: skip
    band: Chart = {
        "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.13},
        "encoding": {"x": time, "y": {"field": "low", "title": None, **share}, "y2": {"field": "high"},
                     "color": colour},
        "transform": [{"filter": "datum.band"}],
    }  # fmt: skip
    line: Chart = {
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2.5},
        "encoding": {"x": time, "y": {"field": "probability", "title": "runs in which it has come", **share},
                     "color": colour, "strokeDash": dash},
    }  # fmt: skip
    runs = sum(arm.survival.runs for arm in forecast.arms)
    notes = [f"{runs} runs; bands: 95 %, at each time by itself (Kaplan and Meier)"]
    if any(arm.role != "arm" for arm in forecast.arms):
        notes.append("dotted: the same arm played by chance; dashed: told in other words")
    several = len(set(panels.values()))
    if several == 1:
        return _chart(f"Has {_event_words(forecast)} come by then?", notes, rows, layer=[band, line], height=330)
    columns = min(several, _COLUMNS)
    chart = _chart(f"Has {_event_words(forecast)} come by then?", notes, rows, layer=[], height=0)
    del chart["layer"], chart["width"], chart["height"]
    return {
        **chart,
        "facet": {"field": "panel", "type": "nominal", "title": None, "sort": list(dict.fromkeys(panels.values())),
                  "header": {"labelFontSize": 13, "labelFontWeight": 600}},
        "columns": columns,
        "spec": {"width": _WIDTH // columns - 40, "height": 240, "layer": [band, line]},
    }  # fmt: skip


def _panels(forecast: Forecast) -> tuple[dict[str, str], dict[str, str]]:
    """Spread many arms over panels, one for each setting of their first dial.

    Returns:
        By arm its panel, and what it is called there; one panel where the arms are few.
    """
    names = [arm.arm for arm in forecast.arms]
    dials = list(forecast.arms[0].dials)
    if len(names) <= _MOST_IN_PANEL or len(dials) < len(("panel", "colour")):
        return dict.fromkeys(names, ""), {name: name for name in names}
    first = dials[0]
    panels = {arm.arm: f"{first}={_plain(arm.dials[first])}" for arm in forecast.arms}
    return panels, {name: name.partition(", ")[2] for name in names}


_MOST_IN_PANEL = 4
"""Arms that one panel still tells apart."""
_COLUMNS = 3


def tornado_chart(forecast: Forecast) -> Chart | None:
    """Describe how far each dial moves the mean time: a bar from the setting with the least to that with the most.

    Args:
        forecast: What is drawn.
    """
    rows: list[dict[str, Any]] = []
    for effect in forecast.effects:
        if effect.by_value and effect.size > 0:
            low, high = (choose(effect.by_value.items(), key=lambda item: item[1]) for choose in (min, max))
            rows.append({"dial": effect.dial, "low": low[1], "high": high[1], "first": low[0], "last": high[0]})
    if not rows:
        return None
    unit = "rounds" if forecast.step == "round" else "years"
    least, most = min(row["low"] for row in rows), max(row["high"] for row in rows)
    room = 0.15 * (most - least)  # for the settings that stand at the ends of bars
    x = {
        "type": "quantitative",
        "title": f"mean {unit} to it, up to the horizon",
        "scale": {"zero": False, "nice": False, "domain": [least - room, most + room]},
        "axis": {"tickCount": 6},
    }
    y = {"field": "dial", "type": "nominal", "title": None, "sort": [row["dial"] for row in rows]}
    text = {"type": "text", "fontSize": 12, "color": "#333"}
    layer: list[Chart] = [
        {"mark": {"type": "bar", "color": _COLOURS[0], "height": 22, "opacity": 0.85},
         "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}}},
        {"mark": {**text, "align": "right", "dx": -6},
         "encoding": {"y": y, "x": {"field": "low", **x}, "text": {"field": "first"}}},
        {"mark": {**text, "align": "left", "dx": 6},
         "encoding": {"y": y, "x": {"field": "high", **x}, "text": {"field": "last"}}},
    ]  # fmt: skip
    notes = ["mean over all arms with that setting; the longest bar is the dial that matters most"]
    return _chart("Which dial moves it, and how far", notes, rows, layer=layer, height=46 * len(rows))


def heat_map(forecast: Forecast) -> Chart | None:
    """Describe the chance at the last year that was asked for, over the two dials that move it most.

    Args:
        forecast: What is drawn; with fewer than two dials there is no map.
    """
    dials = [effect.dial for effect in forecast.effects][:2]
    if len(dials) < len(("across", "down")):
        return None
    cells: dict[tuple[str, str], list[float]] = {}
    year = 0.0
    for arm in forecast.arms:
        estimates = [one for one in arm.by_year if one.probability is not None and one.probability.estimate is not None]
        if arm.role == "arm" and estimates:
            year = estimates[-1].year
            probability = estimates[-1].probability
            value = 0.0 if probability is None or probability.estimate is None else probability.estimate
            cells.setdefault((_plain(arm.dials[dials[0]]), _plain(arm.dials[dials[1]])), []).append(value)
    rows = [
        {"across": across, "down": down, "chance": sum(values) / len(values)}
        for (across, down), values in cells.items()
    ]
    if not rows:
        return None
    x = {
        "field": "across",
        "type": "nominal",
        "title": dials[0],
        "sort": None,
        "axis": {"labelAngle": 0, "grid": False},
    }
    y = {"field": "down", "type": "nominal", "title": dials[1], "sort": None, "axis": {"grid": False}}
    colour = {"field": "chance", "type": "quantitative", "legend": None,
              "scale": {"domain": [0, 1], "range": ["#f4f8fb", "#0072B2"]}}  # fmt: skip
    ink = {"condition": {"test": "datum.chance > 0.55", "value": "white"}, "value": "#222"}
    layer: list[Chart] = [
        {"mark": {"type": "rect", "stroke": "white", "strokeWidth": 2},
         "encoding": {"x": x, "y": y, "color": colour}},
        {"mark": {"type": "text", "fontSize": 14},
         "encoding": {"x": x, "y": y, "text": {"field": "chance", "format": ".0%"}, "color": ink}},
    ]  # fmt: skip
    when = f"round {year:g}" if forecast.step == "round" else f"the end of {year:g}"
    height = 60 * len({row["down"] for row in rows})
    notes = ["mean over the other dials" if len(forecast.effects) > len(dials) else "one arm a field"]
    return _chart(f"Chance that it has come by {when}", notes, rows, layer=layer, height=height)


def fan_chart(forecast: Forecast) -> Chart | None:
    """Describe what the parties stated of the event's year as time went on: their median p50, and p10 to p90.

    Args:
        forecast: What is drawn.
    """
    rows = [
        {"arm": arm.arm, "stated_at": one.stated_at, "p10": one.p10, "p50": one.p50, "p90": one.p90}
        for arm in forecast.arms
        if arm.role == "arm"
        for one in arm.fan
    ]
    if not rows:
        return None
    colour = {"field": "arm", "type": "nominal", "sort": [arm.arm for arm in forecast.arms], "legend": {"columns": 2}}
    x = {"field": "said", "type": "quantitative", "title": "said in", "axis": {"format": "d"}, "scale": {"zero": False}}
    y = {"type": "quantitative", "axis": {"format": "d"}, "scale": {"zero": False}}
    layer: list[Chart] = [
        {"mark": {"type": "area", "opacity": 0.12},
         "encoding": {"x": x, "y": {"field": "p10", "title": None, **y}, "y2": {"field": "p90"}, "color": colour}},
        {"mark": {"type": "line", "strokeWidth": 2.5},
         "encoding": {"x": x, "y": {"field": "p50", "title": "year that was stated", **y}, "color": colour}},
    ]  # fmt: skip
    notes = ["line: median of the stated p50 over parties and runs; band: medians of the stated p10 and p90"]
    return _chart("What the parties themselves expected", notes, rows, layer=layer, height=280)


def published_chart(forecast: Forecast) -> Chart | None:
    """Describe forecasts that others have published, a line a source and event, and the arms below them.

    Args:
        forecast: What is drawn; there are none for an event that has nothing to do with AI.
    """
    if forecast.step == "round":
        return None
    rows = [
        {
            "who": f"{one.source}: {one.event}",
            "year": one.year,
            "probability": f"{one.probability:.0%}",
            "kind": "published",
        }
        for one in published_beside(forecast.event)
        if one.year <= _LATEST
    ]
    if not rows:
        return None
    order = list(dict.fromkeys(str(row["who"]) for row in rows))
    for arm in forecast.arms:
        curve = arm.survival.curve
        for chance in (0.1, 0.5, 0.9):
            time = next((one for one, has in zip(curve.times, curve.probability, strict=True) if has >= chance), None)
            if arm.role == "arm" and time is not None:
                who = f"this ensemble, {arm.arm}: {_event_words(forecast)}"
                order += [who] if who not in order else []
                year = forecast.start + time
                rows.append({"who": who, "year": year, "probability": f"{chance:.0%}", "kind": "here"})
    y = {"field": "who", "type": "nominal", "title": None, "sort": order, "axis": {"labelLimit": 420}}
    x = {"field": "year", "type": "quantitative", "title": None, "axis": {"format": "d"}, "scale": {"zero": False}}
    colour = {"field": "kind", "type": "nominal", "legend": None,
              "scale": {"domain": ["published", "here"], "range": ["#7F7F7F", _COLOURS[0]]}}  # fmt: skip
    layer: list[Chart] = [
        {"mark": {"type": "line", "strokeWidth": 1.5}, "encoding": {"x": x, "y": y, "detail": {"field": "who"},
                                                                     "color": colour}},
        {"mark": {"type": "point", "filled": True, "size": 70}, "encoding": {"x": x, "y": y, "color": colour}},
        {"mark": {"type": "text", "dy": -11, "fontSize": 10, "color": "#444"},
         "encoding": {"x": x, "y": y, "text": {"field": "probability"}}},
    ]  # fmt: skip
    notes = ["every source means an event of its own: compare the shape, not the year; sources are in the table"]
    return _chart("What others have forecast", notes, rows, layer=layer, height=34 * len(order), width=_WIDTH - 330)


def _chart(
    title: str, notes: Sequence[str], rows: Sequence[Mapping[str, Any]], *, layer: list[Chart], height: int,
    width: int = _WIDTH,
) -> Chart:  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": height,
        "padding": 12,
        "title": {"text": title, "subtitle": list(notes)},
        "data": {"values": list(rows)},
        "layer": layer,
        "config": _CONFIG,
    }


def _time(forecast: Forecast) -> Chart:
    title = "end of round" if forecast.step == "round" else "beginning of the year"
    return {"field": "time", "type": "quantitative", "title": title, "axis": {"format": "d"}, "scale": {"zero": False}}


def _event_words(forecast: Forecast) -> str:
    return forecast.event.replace("_", " ")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _steps(forecast: Forecast, arm: ArmForecast) -> list[dict[str, Any]]:
    """The curve from the start of the clock to the horizon; a year's end is the beginning of the next."""
    curve, start = arm.survival.curve, float(forecast.start if forecast.step != "round" else 0)
    fixed = {"arm": arm.arm, "role": arm.role, "band": arm.survival.runs > 1 and arm.role == "arm"}
    rows = [{**fixed, "time": start, "probability": 0.0, "low": 0.0, "high": 0.0}]
    for time, *values in zip(curve.times, curve.probability, curve.low, curve.high, strict=True):
        rows.append({**fixed, "time": start + time, **dict(zip(("probability", "low", "high"), values, strict=True))})
    return [*rows, {**rows[-1], "time": start + max(arm.survival.horizon, *(curve.times or (0.0,)))}]
