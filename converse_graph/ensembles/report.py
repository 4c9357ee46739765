"""A forecast as a report: Markdown, or one page of HTML from which no request leaves, with its figures inside."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt

from converse_graph.ensembles.figures import survival_figure
from converse_graph.ensembles.forecast import ArmForecast, Calibration, Comparison, Forecast
from converse_graph.ensembles.survival import Interval
from converse_graph.export.markdown_escaping import inline

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;"
    "background:#fff}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{border-bottom:1px solid #ccc;padding:.3rem .7rem;text-align:left}"
    "figure{margin:1rem 0}svg{max-width:100%;height:auto}code{background:#eee;padding:0 .2rem}"
    "@media(prefers-color-scheme:dark){body{color:#e4e4e8;background:#17171a}td,th{border-color:#444}"
    "code{background:#2a2a30}figure{background:#fff;padding:.5rem}}"
)


def forecast_markdown(forecast: Forecast, *, commands: Sequence[str] = ()) -> str:
    """Write a forecast as Markdown.

    Args:
        forecast: What is told.
        commands: The exact commands that made it, for the end of the page.
    """
    return "\n".join(_page(forecast, commands)).rstrip("\n") + "\n"


def forecast_html(forecast: Forecast, *, commands: Sequence[str] = ()) -> str:
    """Write a forecast as one page of HTML, its figure drawn inside; it loads nothing.

    Args:
        forecast: What is told.
        commands: The exact commands that made it.
    """
    body = forecast_body(forecast, commands=commands)
    title = html.escape(_title(forecast))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def forecast_body(forecast: Forecast, *, commands: Sequence[str] = ()) -> str:
    """Write a forecast as HTML to be put into a page, its figure drawn inside.

    Args:
        forecast: What is told.
        commands: The exact commands that made it.
    """
    return _as_html(_page(forecast, commands), figure=survival_figure(forecast))


def _title(forecast: Forecast) -> str:
    return f"When does {forecast.event.replace('_', ' ')} come? {forecast.scenario}, {_runs(forecast)} runs"


def _runs(forecast: Forecast) -> int:
    return sum(arm.survival.runs for arm in forecast.arms)


def _page(forecast: Forecast, commands: Sequence[str]) -> Iterator[str]:
    yield f"# {inline(_title(forecast))}"
    yield ""
    models = ", ".join(forecast.models)
    yield inline(
        f"Ensemble {forecast.name}: {_runs(forecast)} finished runs in {len(forecast.arms)} "
        f"{'arm' if len(forecast.arms) == 1 else 'arms'}, played by {models}. A run is one observation, however many "
        "parties it has. Intervals are 95 %."
    )
    yield ""
    yield from _answer(forecast)
    if forecast.cautions:
        yield from ("## What to keep in mind", "")
        yield from (f"- {inline(caution)}" for caution in forecast.cautions)
        yield ""
    yield from _years(forecast)
    yield from _arms(forecast)
    yield from _comparisons(forecast.comparisons)
    yield from _effects(forecast)
    yield from _calibration(forecast.calibration)
    if commands:
        yield from ("## How it was made", "", "```console", *(f"$ {command}" for command in commands), "```", "")


def _answer(forecast: Forecast) -> Iterator[str]:
    yield from ("## In short", "")
    for arm in forecast.arms:
        yield f"- **{inline(arm.arm)}**: {inline(_sentence(forecast, arm))}"
    yield ""


def _sentence(forecast: Forecast, arm: ArmForecast) -> str:
    curve = arm.survival
    share = f"it happened in {curve.happened} of {curve.runs} runs"
    if curve.median.estimate is None:
        return f"{share}, in fewer than half, so that its median lies beyond the horizon."
    return f"{share}; half of them had it by {_date(forecast, curve.median)}.{_more_runs(arm)}"


def _more_runs(arm: ArmForecast) -> str:
    if arm.runs_wanted is None or arm.runs_wanted <= arm.survival.runs:
        return ""
    return f" About {arm.runs_wanted} runs would tell the median to one year either way."


def _date(forecast: Forecast, interval: Interval) -> str:
    if interval.estimate is None:
        return "not reached"
    low = "" if interval.low is None else _when(forecast, interval.low)
    high = "later than the horizon" if interval.high is None else _when(forecast, interval.high)
    if not low:
        return _when(forecast, interval.estimate)
    return f"{_when(forecast, interval.estimate)} ({low} to {high})"


def _when(forecast: Forecast, years: float) -> str:
    """Years from the start as a date: the end of 2027 is 2028.0."""
    if forecast.step == "round":
        return f"round {years:g}"
    year, part = divmod(forecast.start + years, 1)
    return f"the end of {int(year) - 1}" if part == 0 else f"{year + part:.1f}"


def _years(forecast: Forecast) -> Iterator[str]:
    unit = "round" if forecast.step == "round" else "the end of"
    yield from (
        f"## Probability that it has come by {'a round' if forecast.step == 'round' else 'the end of a year'}",
        "",
    )
    heads = [f"{unit} {one.year:g}" for one in forecast.arms[0].by_year]
    yield _row("arm", *heads)
    yield _row(*["---"] * (len(heads) + 1))
    for arm in forecast.arms:
        yield _row(arm.arm, *(_share(one.probability) for one in arm.by_year))
    yield ""


def _share(interval: Interval | None) -> str:
    if interval is None or interval.estimate is None:
        return "not watched"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.0%}"
    return f"{interval.estimate:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def _arms(forecast: Forecast) -> Iterator[str]:
    unit = "rounds" if forecast.step == "round" else "years"
    yield from ("## Arms", "")
    yield _row("arm", "runs", "censored", "median", f"mean {unit} to it, at most {forecast.arms[0].survival.horizon:g}",
               "drift a statement", "no statement", "how runs ended")  # fmt: skip
    yield _row(*["---"] * 8)
    for arm in forecast.arms:
        curve, mean = arm.survival, arm.survival.restricted_mean
        endings = ", ".join(f"{name} {count}" for name, count in arm.endings.items())
        yield _row(
            arm.arm,
            str(curve.runs),
            f"{curve.censored_share:.0%}",
            _date(forecast, curve.median),
            _number(mean),
            f"{arm.drift_rate:.2f}",
            f"{arm.empty_share:.0%}",
            endings,
        )
    yield ""


def _number(interval: Interval) -> str:
    if interval.estimate is None:
        return "unknown"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.2f}"
    return f"{interval.estimate:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _comparisons(comparisons: Sequence[Comparison]) -> Iterator[str]:
    if not comparisons:
        return
    yield from ("## Arms compared", "")
    yield (
        "How much later it comes than in the first arm: the difference of the restricted means, with a bootstrap over "
        "seeds that both arms have. The p value is that of the log-rank test, corrected for the number of comparisons "
        "(Benjamini and Hochberg)."
    )
    yield ""
    yield _row("arm", "against", "later by", "pairs of seeds", "p")
    yield _row(*["---"] * 5)
    for one in comparisons:
        p = "none" if one.adjusted_p is None else f"{one.adjusted_p:.3f}"
        yield _row(one.arm, one.reference, _number(one.difference.years), str(one.difference.pairs), p)
    yield ""


def _effects(forecast: Forecast) -> Iterator[str]:
    if not forecast.effects:
        return
    yield from ("## Which dial moves it most", "")
    yield _row("dial", "moves the mean by", "mean at each setting")
    yield _row("---", "---", "---")
    for effect in forecast.effects:
        settings = ", ".join(f"{value}: {mean:.2f}" for value, mean in effect.by_value.items())
        yield _row(effect.dial, f"{effect.size:.2f}", settings)
    yield ""


def _calibration(calibration: Calibration | None) -> Iterator[str]:
    if calibration is None:
        return
    yield from ("## What the parties said, and what came", "")
    slope = calibration.receding_slope
    yield (
        f"Before the event the parties stated {calibration.estimates} estimates. Its year lay between their p10 "
        f"and p90 in {calibration.coverage:.0%} of them (80 % would be calibrated), and their mean continuous ranked "
        f"probability score is {calibration.crps:.1f} years."
        + ("" if slope is None else f" A year later they name a year that is {slope:.2f} later (0 is a fixed date).")
    )
    yield ""


def _cell(text: str) -> str:
    """A cell in Markdown: inside a line nothing can be taken for a list, so that figures keep their points."""
    return inline(text).replace("\\.", ".")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell if set(cell) == {"-"} else _cell(cell) for cell in cells) + " |"


def _as_html(lines: Iterator[str], *, figure: str) -> str:
    """Our own few kinds of lines as HTML, rendered by a library; the figure stands after the answer."""
    page = MarkdownIt("commonmark", {"html": False}).enable("table").render("\n".join(lines))
    before, heading, after = page.partition("<h2>Probability")
    return f"{before}<figure>{figure}</figure>\n{heading}{after}"
