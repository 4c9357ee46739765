"""A forecast as a report: Markdown, or one page of HTML from which no request leaves, with its figures inside."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from markdown_it import MarkdownIt

from converse_graph.ensembles.figures import as_svg, forecast_figures
from converse_graph.ensembles.forecast import OTHER_WORDS, SPREAD_ALONE
from converse_graph.ensembles.forecast_values import ArmForecast, Calibration, Comparison, Forecast
from converse_graph.ensembles.published import published_beside
from converse_graph.ensembles.survival import Interval
from converse_graph.export.markdown_escaping import inline

_STYLE = """
:root{--ink:#1c1c22;--soft:#5b5b66;--line:#dedee4;--panel:#f6f7f9;--accent:#0072B2}
*{box-sizing:border-box}
body{font:16px/1.55 "Helvetica Neue",Helvetica,Arial,sans-serif;color:var(--ink);background:#fff;margin:0}
main{max-width:54rem;margin:0 auto;padding:2.5rem 1.5rem 4rem}
h1{font-size:1.9rem;line-height:1.25;margin:0 0 .4rem;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;padding-top:1.2rem;border-top:1px solid var(--line)}
header p{color:var(--soft);margin:.2rem 0 1.4rem}
section.answer{background:var(--panel);border-left:4px solid var(--accent);padding:.4rem 1.4rem 1rem;margin:1.2rem 0}
section.answer h2{border:0;padding:0;margin:.8rem 0 .3rem}
table{border-collapse:collapse;margin:1rem 0;font-size:.9rem;width:100%;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
th{font-weight:600;text-align:left;border-bottom:2px solid var(--ink);padding:.35rem .7rem .35rem 0}
th{vertical-align:bottom}
td{border-bottom:1px solid var(--line);padding:.35rem .7rem .35rem 0;vertical-align:top}
figure{margin:1.2rem 0;overflow-x:auto}
figure svg{max-width:100%;height:auto;display:block}
pre{background:var(--panel);padding:.8rem 1rem;overflow-x:auto;font-size:.85rem;white-space:pre-wrap}
code{font-family:Menlo,Consolas,monospace;font-size:.88em}
details{margin:.4rem 0}summary{cursor:pointer;color:var(--accent)}
li{margin:.25rem 0}
@media print{body{font-size:11pt}h2{break-after:avoid}figure,table{break-inside:avoid}details{display:none}}
"""


class Section(NamedTuple):
    """A part of the report."""

    heading: str
    """Empty for the head of the page."""
    lines: list[str]
    """Markdown."""
    figure: str = ""
    """The name of the figure that goes with it; empty for none."""


def forecast_markdown(
    forecast: Forecast,
    *,
    commands: Sequence[str] = (),
    manifest: Mapping[str, str] | None = None,
    figures: Mapping[str, str] | None = None,
) -> str:
    """Write a forecast as Markdown.

    Args:
        forecast: What is told.
        commands: The exact commands that made it, for the end of the page.
        manifest: What it was made with, by name.
        figures: Where the figures lie that were written beside it, by name.
    """
    pages = [f"# {inline(_title(forecast))}", ""]
    for section in report_sections(forecast, commands=commands, manifest=manifest or {}):
        pages += [f"## {section.heading}", ""] if section.heading else []
        if section.figure in (figures or {}):
            pages += [f"![{section.heading}]({(figures or {})[section.figure]})", ""]
        pages += [*section.lines, ""] if section.lines else []
    return "\n".join(pages).rstrip("\n") + "\n"


def forecast_html(
    forecast: Forecast, *, commands: Sequence[str] = (), manifest: Mapping[str, str] | None = None
) -> str:
    """Write a forecast as one page of HTML, its figures drawn inside; it loads nothing.

    Args:
        forecast: What is told.
        commands: The exact commands that made it.
        manifest: What it was made with, by name.
    """
    body = forecast_body(forecast, commands=commands, manifest=manifest)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(_title(forecast))}</title><style>{_STYLE}</style></head><body><main>\n"
        f"{body}\n</main></body></html>\n"
    )


_ANSWER = "In short"
_MOST_RUNS = 500
"""Runs that a page lists; `converse runs NAME --as csv` lists all."""


def forecast_body(
    forecast: Forecast, *, commands: Sequence[str] = (), manifest: Mapping[str, str] | None = None
) -> str:
    """Write a forecast as HTML to be put into a page, its figures drawn inside.

    Args:
        forecast: What is told.
        commands: The exact commands that made it.
        manifest: What it was made with, by name.
    """
    charts = {name: as_svg(chart) for name, chart in forecast_figures(forecast).items()}
    parts = []
    for section in report_sections(forecast, commands=commands, manifest=manifest or {}):
        body = _as_html(section.lines)
        if not section.heading:
            parts.append(f"<header><h1>{html.escape(_title(forecast))}</h1>{body}</header>")
            continue
        figure = f'<figure tabindex="0">{charts[section.figure]}</figure>' if section.figure in charts else ""
        kind = ' class="answer"' if section.heading == _ANSWER else ""
        parts.append(f"<section{kind}><h2>{html.escape(section.heading)}</h2>{figure}{body}</section>")
    return "\n".join([*parts, _runs_behind(forecast)])


def _runs_behind(forecast: Forecast) -> str:
    """The runs behind each point, arm by arm, folded away."""
    unit = "rounds" if forecast.step == "round" else "years"
    parts = ["<section><h2>The runs behind it</h2><p>Read any of them with <code>converse show RUN</code>.</p>"]
    for arm in forecast.arms:
        rows = "".join(
            f"<tr><td><code>{html.escape(one.run)}</code></td><td>{one.seed}</td>"
            f"<td>{'came after' if one.happened else 'watched without it for'} {one.time:g} {unit}</td></tr>"
            for one in arm.points[:_MOST_RUNS]
        )
        parts.append(
            f"<details><summary>{html.escape(arm.arm)}: {len(arm.points)} runs</summary><table><thead><tr><th>run</th>"
            f"<th>seed</th><th>what came</th></tr></thead><tbody>{rows}</tbody></table></details>"
        )
    return "".join([*parts, "</section>"])


def report_sections(forecast: Forecast, *, commands: Sequence[str], manifest: Mapping[str, str]) -> list[Section]:
    """Put the parts of a report in their order; what there is no data for is left out.

    Args:
        forecast: What is told.
        commands: The exact commands that made it.
        manifest: What it was made with, by name.
    """
    by = "a round" if forecast.step == "round" else "the end of a year"
    sections = [
        Section("", list(_head(forecast))),
        Section(_ANSWER, list(_answer(forecast))),
        Section("What to keep in mind", [f"- {inline(caution)}" for caution in forecast.cautions]),
        Section(f"Probability that it has come by {by}", list(_years(forecast)), "survival"),
        Section("Arms", list(_arms(forecast)), "arms"),
        Section("Arms compared", list(_comparisons(forecast))),
        Section("Asked directly", list(_direct(forecast))),
        Section("Which dial moves it most", list(_effects(forecast)), "dials"),
        Section("What the parties said, and what came", list(_calibration(forecast.calibration)), "estimates"),
        Section("Drift and easy agreement", list(_covariates(forecast))),
        Section("Judges' scores and last values", list(_means(forecast))),
        Section("What others have forecast", list(_published(forecast)), "published"),
        Section(_WORDS, []),
        Section("What it was made with", [f"- {inline(name)}: {inline(value)}" for name, value in manifest.items()]),
        Section("How it was made", ["```console", *(f"$ {one}" for one in commands), "```"] if commands else []),
    ]
    words = list(_words("\n".join(line for section in sections for line in section.lines)))
    sections = [section._replace(lines=words) if section.heading == _WORDS else section for section in sections]
    return [section for section in sections if section.lines]


_WORDS = "How to read this"
_EXPLAINED = {
    "censored": "A run is censored where it ended without the event: it says “not by then”, never “not at all”.",
    "median": "The median is the date by which half of the runs have had it.",
    "restricted mean": "A restricted mean counts a run that ended without it as if it had come at the last date that "
    "all arms were watched.",
    "log-rank": "The log-rank test asks whether two arms differ in when it comes, over the whole time.",
    "bootstrap": "A bootstrap draws runs again and again from those that there are: how far its results lie apart is "
    "how sure a number is.",
    "continuous ranked": "The continuous ranked probability score is how far a stated distribution lies from what "
    "came, in years; 0 is best.",
    "rank correlation": "A rank correlation is 1 where the higher always goes with the later, 0 where neither tells of "
    "the other.",
    "elementary effects": "An elementary effect is what turning one dial does while all others stay.",
}
"""What words of statistics mean, by what stands in a report where they are used."""


def _words(text: str) -> Iterator[str]:
    yield from (f"- {sentence}" for word, sentence in _EXPLAINED.items() if word in text)


def _title(forecast: Forecast) -> str:
    return f"When does {forecast.event.replace('_', ' ')} come? {forecast.scenario}, {_runs(forecast)} runs"


def _runs(forecast: Forecast) -> int:
    return sum(arm.survival.runs for arm in forecast.arms)


def _head(forecast: Forecast) -> Iterator[str]:
    models = ", ".join(forecast.models)
    players = f"{'arm' if len(forecast.arms) == 1 else 'arms'}, played by {models}"
    yield inline(
        f"Ensemble {forecast.name}: {_runs(forecast)} finished runs in {len(forecast.arms)} {players}. A run is one "
        "observation, however many parties it has. Intervals are 95 %."
    )
    if forecast.meaning:
        yield ""
        yield inline(f"It has come {forecast.meaning}.")


def short_answer(forecast: Forecast) -> str:
    """Answer in a few lines of plain text, as the report begins.

    Args:
        forecast: What is told.
    """
    sentences = [f"  {arm.arm}: {_sentence(forecast, arm)}" for arm in forecast.arms]
    return "\n".join([_lead(forecast), *sentences]) + "\n"


def _answer(forecast: Forecast) -> Iterator[str]:
    yield from (inline(_lead(forecast)), "")
    for arm in forecast.arms:
        yield f"- **{inline(arm.arm)}**: {inline(_sentence(forecast, arm))}"


def _lead(forecast: Forecast) -> str:
    """The answer in a paragraph: how likely by the last year that was asked for, what moves it, how sure that is."""
    main_arms = [arm for arm in forecast.arms if arm.role == "arm"]
    chances = [
        (arm.arm, probability.estimate, probability)
        for arm in main_arms
        if (probability := arm.by_year[-1].probability) is not None and probability.estimate is not None
    ]
    if not chances:
        return "The runs do not reach the years that were asked for; nothing is told of them."
    year = forecast.arms[0].by_year[-1].year
    when = f"round {year:g}" if forecast.step == "round" else f"the end of {year:g}"
    low, high = (choose(chances, key=lambda one: one[1]) for choose in (min, max))
    parts = [f"By {when} it has come in {_share(high[2])} of runs"]
    if len(chances) > 1 and low[1] == high[1]:
        parts = [f"By {when} it has come in {_share(high[2])} of runs, in each of {len(chances)} arms alike"]
    elif len(chances) > 1:
        parts = [
            f"By {when} it has come in {_share(low[2])} of runs with {low[0]}, and in {_share(high[2])} with {high[0]}"
        ]
    if moved := _most_moving(forecast):
        parts.append(moved)
    others = [one for one in forecast.comparisons if one.role == "arm"]
    sure = sum(one.finding in {"comes later", "comes earlier"} for one in others)
    if len(others) == 1:
        parts.append(f"the difference between the two arms is {_size_in_words(others[0])}")
    elif others:
        parts.append(f"of {len(others)} arms that were held against the first, {sure or 'none'} differ beyond chance")
    return ". ".join(f"{part[0].upper()}{part[1:]}" for part in parts) + "."


def _most_moving(forecast: Forecast) -> str:
    """Which dial moves the event most, and by how much; dials that do so alike are named together."""
    sizes = {effect.dial: f"{effect.size:.2f}" for effect in forecast.effects if effect.size > 0}
    if not sizes:
        return ""
    most = next(iter(sizes.values()))
    names = [dial for dial, size in sizes.items() if size == most]
    unit = "rounds" if forecast.step == "round" else "years"
    verb = "move it" if len(names) > 1 else "moves it"
    among = " most" if len(forecast.effects) > len(names) else ""
    return f"{' and '.join(names)} {verb}{among}{' alike' if len(names) > 1 else ''}, by {most} {unit} on average"


def _size_in_words(comparison: Comparison) -> str:
    """Say how large a difference is, with no word that its p value contradicts."""
    if comparison.finding in {"comes later", "comes earlier"}:
        return "beyond chance"
    if comparison.finding.startswith(OTHER_WORDS):
        return "no larger than what other words alone do"
    if comparison.finding == SPREAD_ALONE:
        return "none of the mean, though the curves differ beyond chance"
    return "no more than chance"


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
    names = {0.0: f"the end of {int(year) - 1}", 0.5: f"the middle of {int(year)}"}
    return names.get(round(part, 3), f"{year + part:.1f}")


def _years(forecast: Forecast) -> Iterator[str]:
    unit = "round" if forecast.step == "round" else "the end of"
    heads = [f"{unit} {one.year:g}" for one in forecast.arms[0].by_year]
    yield _row("arm", *heads)
    yield _row(*["---"] * (len(heads) + 1))
    for arm in forecast.arms:
        yield _row(arm.arm, *(_share(one.probability) for one in arm.by_year))


def _share(interval: Interval | None) -> str:
    if interval is None or interval.estimate is None:
        return "not watched"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.0%}"
    return f"{interval.estimate:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def _arms(forecast: Forecast) -> Iterator[str]:
    unit = "rounds" if forecast.step == "round" else "years"
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


def _number(interval: Interval) -> str:
    if interval.estimate is None:
        return "unknown"
    if interval.low is None or interval.high is None:
        return f"{interval.estimate:.2f}"
    return f"{interval.estimate:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _comparisons(forecast: Forecast) -> Iterator[str]:
    if not forecast.comparisons:
        return
    unit = "rounds" if forecast.step == "round" else "years"
    count = len(forecast.comparisons)
    corrected = f", corrected for {count} comparisons (Benjamini and Hochberg)" if count > 1 else ""
    yield (
        f"How many {unit} later it comes than in the arm that it is held against, earlier where the number is below 0: "
        "the difference of the restricted means, with a bootstrap over the seeds that both arms have. The p value is "
        f"that of the log-rank test{corrected}: how often curves would differ so much by chance alone. An arm played "
        "by chance follows the rules alone: what it brings about, no model is needed for."
    )
    yield ""
    yield _row("arm", "against", f"{unit} later", "pairs of seeds", "p", "what it comes to")
    yield _row(*["---"] * 6)
    for one in forecast.comparisons:
        p = "none" if one.adjusted_p is None else _p_value(one.adjusted_p)
        years = _number(one.difference.years)
        yield _row(one.arm, one.reference, years, str(one.difference.pairs), p, one.finding)


def _p_value(value: float) -> str:
    """A p value that is never nothing."""
    return f"{value:.3f}" if value >= _LEAST_P else f"below {_LEAST_P}"


_LEAST_P = 0.001
"""The smallest p value that is written out."""


def _direct(forecast: Forecast) -> Iterator[str]:
    """What the model said when it was asked directly, arm by arm; one sentence where it was not asked about this."""
    answers = [(arm, arm.direct) for arm in forecast.arms if arm.direct is not None]
    if not answers:
        return
    if all(answer.probability is None for _, answer in answers):
        for finding in dict.fromkeys(answer.finding for _, answer in answers):
            yield inline(f"{finding[0].upper()}{finding[1:]}.")
        return
    unit = "round" if forecast.step == "round" else "year"
    yield (
        "The same model was asked once, without a simulation: how likely it is by the horizon, and in which "
        f"{unit} it comes. What it says beside what its runs came to tells what playing them adds; "
        "`converse show RUN` shows the question and why it said so."
    )
    yield ""
    heads = ("by the horizon, asked", "by the horizon, runs", f"{unit}, asked", "median, runs", "what it comes to")
    yield _row("arm", *heads, "run")
    yield _row(*["---"] * 7)
    for arm, answer in answers:
        yield _row(
            arm.arm,
            "no answer" if answer.probability is None else f"{answer.probability:.0%}",
            _share(answer.by_runs),
            "no answer" if answer.p50 is None else f"{answer.p50} ({answer.p10} to {answer.p90})",
            _date(forecast, arm.survival.median),
            answer.finding,
            answer.run,
        )


def _effects(forecast: Forecast) -> Iterator[str]:
    if forecast.effects:
        yield _row("dial", "moves the mean by", "mean at each setting")
        yield _row("---", "---", "---")
    for effect in forecast.effects:
        settings = ", ".join(f"{value}: {mean:.2f}" for value, mean in effect.by_value.items())
        yield _row(effect.dial, f"{effect.size:.2f}", settings)
    if forecast.screening:
        yield ""
        yield "By Morris's elementary effects, over the whole range of each dial:"
        yield ""
        yield _row("dial", "mean absolute effect", "spread of the effect")
        yield _row("---", "---", "---")
        yield from (_row(one.dial, f"{one.mean_effect:.2f}", f"{one.spread:.2f}") for one in forecast.screening)


def _covariates(forecast: Forecast) -> Iterator[str]:
    if not forecast.covariates:
        return
    yield "Whether runs that are less worth believing have it earlier or later (rank correlation over runs):"
    yield ""
    yield _row("of a run", "correlation with the time to it", "p", "runs")
    yield _row(*["---"] * 4)
    for one in forecast.covariates:
        yield _row(one.name, f"{one.correlation:+.2f}", _p_value(one.p_value), str(one.runs))


def _means(forecast: Forecast) -> Iterator[str]:
    """Scores and last values that differ between arms or judges gave, a row each."""
    main_arms = [arm for arm in forecast.arms if arm.role == "arm"]
    tables = [
        (name, [arm.scores.get(name) for arm in main_arms])
        for name in dict.fromkeys(k for a in main_arms for k in a.scores)
    ]
    tables += [
        (name, [arm.fields.get(name) for arm in main_arms])
        for name in dict.fromkeys(k for a in main_arms for k in a.fields)
    ]
    if not tables:
        return
    yield "Means over runs; a yes counts as 1, a no as 0."
    yield ""
    yield _row("value", *(arm.arm for arm in main_arms))
    yield _row(*["---"] * (1 + len(main_arms)))
    for name, intervals in tables:
        cells = ("-" if one is None else _number(one) for one in intervals)
        yield _row(name.replace("_", " "), *cells)


def _published(forecast: Forecast) -> Iterator[str]:
    rows = published_beside(forecast.event) if forecast.step != "round" else ()
    if not rows:
        return
    yield _row("source", "event as they mean it", "who", "chance", "by", "address")
    yield _row(*["---"] * 6)
    for one in rows:
        source = f"{one.source}, {one.published}"
        yield _row(source, one.event, one.respondents, f"{one.probability:.0%}", str(one.year), one.url)


def _calibration(calibration: Calibration | None) -> Iterator[str]:
    if calibration is None:
        return
    slope = calibration.receding_slope
    yield (
        f"Before the event the parties stated {calibration.estimates} estimates. Its year lay between their p10 "
        f"and p90 in {calibration.coverage:.0%} of them (80 % would be calibrated), and their mean continuous ranked "
        f"probability score is {calibration.crps:.1f} years."
        + ("" if slope is None else f" A year later they name a year that is {_shift(slope)} (0 is a fixed date).")
    )


def _shift(years: float) -> str:
    return f"{abs(years):.2f} {'earlier' if years < 0 else 'later'}"


def _cell(text: str) -> str:
    """A cell in Markdown: inside a line nothing can be taken for a list, so that figures keep their points."""
    return inline(text).replace("\\.", ".")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell if set(cell) == {"-"} else _cell(cell) for cell in cells) + " |"


def _as_html(lines: Sequence[str]) -> str:
    """Our own few kinds of lines as HTML, rendered by a library; a table too wide for the page can be moved."""
    page = str(MarkdownIt("commonmark", {"html": False}).enable("table").render("\n".join(lines)))
    return page.replace("<table>", '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>').replace(
        "</table>", "</table></div>"
    )
