"""The figures of a forecast, drawn offline."""

from __future__ import annotations

from typing import Any

import vl_convert

from converse_graph.ensembles.forecast import ArmForecast, Forecast

_WIDTH, _HEIGHT = 640, 320


def survival_figure(forecast: Forecast) -> str:
    """Draw the probability that the event has come by a time, a line and a band for each arm, as SVG.

    Args:
        forecast: What is drawn.
    """
    return str(vl_convert.vegalite_to_svg(survival_chart(forecast)))


def survival_chart(forecast: Forecast) -> dict[str, Any]:
    """Describe the figure in Vega-Lite (version 5).

    Args:
        forecast: What is drawn.
    """
    rows = [row for arm in forecast.arms for row in _steps(forecast, arm)]
    unit = "round" if forecast.step == "round" else "year"
    time = {"field": "time", "type": "quantitative", "title": unit, "axis": {"format": "d"}, "scale": {"zero": False}}
    arm = {"field": "arm", "type": "nominal", "title": None, "legend": {"orient": "bottom", "labelLimit": 400}}
    share = {"type": "quantitative", "axis": {"format": "%"}, "scale": {"domain": [0, 1]}}
    share |= {"title": "has come"}
    band = {
        "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.18},
        "encoding": {"x": time, "y": {"field": "low", **share}, "y2": {"field": "high"}, "color": arm},
    }
    line = {
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {"x": time, "y": {"field": "probability", **share}, "color": arm},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": f"Share of runs in which {forecast.event.replace('_', ' ')} has come, with a 95 % band",
        "data": {"values": rows},
        "layer": [band, line] if any(row["high"] - row["low"] < 1 for row in rows[1:]) else [line],
    }


def _steps(forecast: Forecast, arm: ArmForecast) -> list[dict[str, Any]]:
    """The curve from the start of the clock to the horizon; a year's end is the beginning of the next."""
    curve, start = arm.survival.curve, float(forecast.start)
    rows = [{"arm": arm.arm, "time": start, "probability": 0.0, "low": 0.0, "high": 0.0}]
    for time, *values in zip(curve.times, curve.probability, curve.low, curve.high, strict=True):
        rows.append(
            {"arm": arm.arm, "time": start + time, **dict(zip(("probability", "low", "high"), values, strict=True))}
        )
    return [*rows, {**rows[-1], "time": start + max(arm.survival.horizon, *(curve.times or (0.0,)))}]
