"""Holds what parties forecast in the past against what happened, beside two forecasts that take no thought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import scoringrules
from scipy import stats

from converse_graph.ensembles.design import is_null
from converse_graph.ensembles.forecast import group_by_arm, varied_dials
from converse_graph.errors import InvalidValue
from converse_graph.export.markdown_escaping import inline
from converse_graph.measures.outcomes import PERCENTILES, outcome
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.facts import Facts, ScoredField, check_years, period_start
from converse_graph.scenarios.value import FrozenModel

_LEVELS = np.array([0.1, 0.5, 0.9])
_TREND_PERIODS = 5
"""Past periods through which the trend's line is drawn; two at least, three for a spread of its own."""
_MIN_SPREAD = 0.05
"""Of the trend's forecast, in the variable's unit: a line through few points may fit them by chance."""
CUTOFF_DIAL = "training_cutoff"


class PeriodScore(FrozenModel):
    """Forecasts for the end of one period, held against what came. Lower scores are better; 0 is perfect."""

    period: str
    outcome: float
    """The variable at the end of the period; of a probability 1 where the value was reached, else 0."""
    known_to_model: bool | None
    """Whether all of it lies before the model's training cutoff; None where that is not on record."""
    forecasts: int
    score: float
    persistence: float
    """Of the forecast that nothing changes."""
    trend: float
    """Of the line through the last periods, with the spread of the points about it."""


class FieldScore(FrozenModel):
    """A field of the parties' statements in one arm, over all periods."""

    arm: str
    field: str
    variable: str
    unit: str
    rule: Literal["CRPS", "Brier"]
    periods: tuple[PeriodScore, ...]

    def mean(
        self, name: Literal["score", "persistence", "trend"], *, known_to_model: bool | None = None
    ) -> float | None:
        """Average over forecasts.

        Args:
            name: Whose score.
            known_to_model: Over periods before the training cutoff alone, or after it alone; None for all.
        """
        periods = [one for one in self.periods if known_to_model is None or one.known_to_model is known_to_model]
        total = sum(one.forecasts for one in periods)
        return sum(getattr(one, name) * one.forecasts for one in periods) / total if total else None


class Backtest(FrozenModel):
    """An ensemble held against facts."""

    name: str
    facts: str
    source: str
    licence: str
    runs: int
    cutoff: str | None
    """The model's training cutoff, where it is on record."""
    scores: tuple[FieldScore, ...]
    cautions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Stated:
    """A number or three that a party reported."""

    round: int
    value: Any


def score_backtest(
    transcripts: Sequence[Transcript], facts: Facts, *, name: str, cutoff: str | None = None
) -> Backtest:
    """Score what parties forecast.

    A forecast of a round is for the end of its period. Percentiles are scored by the continuous ranked probability
    score (from the three quantiles, in the variable's unit), probabilities by the Brier score.

    Args:
        transcripts: Public records of the runs.
        facts: What happened; its `scores` say which fields are held against which variable.
        name: Of the ensemble.
        cutoff: Until when the model has read, as YYYY-MM or YYYY-MM-DD; None for what the runs have on record.

    Raises:
        InvalidValue: No run has finished, none reports a field that the facts decide on, the facts end before the
            forecasts, or clocks differ or have no years.
    """
    finished = [transcript for transcript in transcripts if transcript.header.status == "finished"]
    if not finished:
        raise InvalidValue(f"No run of {name!r} has finished: there is nothing to score yet; `converse sweep` goes on.")
    clock = _one_clock(finished, name)
    rows = [outcome(transcript) for transcript in finished]
    by_name = {transcript.header.run: transcript for transcript in finished}
    arms = {
        arm: [by_name[row.run] for row in members] for arm, members in group_by_arm(rows, varied_dials(rows)).items()
    }
    cutoff = cutoff or _cutoff_of(finished)
    scores = [
        score
        for arm, members in arms.items()
        for field in facts.scores
        if (score := _score_field(arm, members, facts, field, clock, _cutoff_day(cutoff)))
    ]
    if not scores:
        fields = ", ".join(score.field for score in facts.scores) or "none"
        raise InvalidValue(f"The facts decide on these fields, and no run of {name!r} reports any: {fields}.")
    return Backtest(
        name=name,
        facts=facts.title,
        source=facts.source,
        licence=facts.licence,
        runs=len(finished),
        cutoff=cutoff,
        scores=tuple(scores),
        cautions=tuple(_cautions(finished, scores, cutoff)),
    )


def _one_clock(transcripts: Sequence[Transcript], name: str) -> Clock:
    clocks = {tuple(one.header.clock[part] for part in ("start", "end", "step")) for one in transcripts}
    if len(clocks) > 1:
        raise InvalidValue(f"The runs of {name!r} have different clocks; score runs of one scenario.")
    start, end, step = clocks.pop()
    clock = Clock(start=start, end=end, step=step)
    check_years(clock)
    return clock


def _cutoff_of(transcripts: Sequence[Transcript]) -> str | None:
    cutoffs = {str(one.header.dials.get(CUTOFF_DIAL) or "") for one in transcripts}
    return max(cutoffs) or None


def _cutoff_day(cutoff: str | None) -> date | None:
    """The day after which the model has read nothing; of a month its first, to be on the safe side."""
    if cutoff is None:
        return None
    try:
        return date.fromisoformat(cutoff if len(cutoff) > len("2023-10") else f"{cutoff}-01")
    except ValueError:
        raise InvalidValue(f"{cutoff!r} is no training cutoff; write one as 2023-10 or 2023-10-31.") from None


def _score_field(
    arm: str, transcripts: Sequence[Transcript], facts: Facts, field: ScoredField, clock: Clock, cutoff: date | None
) -> FieldScore | None:
    by_round: dict[int, list[Any]] = {}
    for stated in _stated(transcripts, field):
        by_round.setdefault(stated.round, []).append(stated.value)
    if not by_round:
        return None
    _check_covered(facts, field, clock, max(by_round))
    periods = [_score_period(facts, field, clock, round, values, cutoff) for round, values in sorted(by_round.items())]
    return FieldScore(
        arm=arm,
        field=field.field,
        variable=field.variable,
        unit=facts.variables[field.variable].unit,
        rule="CRPS" if field.at_least is None else "Brier",
        periods=tuple(periods),
    )


def _stated(transcripts: Sequence[Transcript], field: ScoredField) -> Iterator[_Stated]:
    for transcript in transcripts:
        for statement in transcript.statements:
            value = statement.fields.get(field.field)
            if field.at_least is None and isinstance(value, Mapping) and set(PERCENTILES) <= value.keys():
                yield _Stated(round=statement.round, value=[value[part] * field.scale for part in PERCENTILES])
            elif field.at_least is not None and isinstance(value, int | float) and not isinstance(value, bool):
                yield _Stated(round=statement.round, value=min(1.0, max(0.0, value * field.scale)))


def _check_covered(facts: Facts, field: ScoredField, clock: Clock, last: int) -> None:
    days = [fact.day for fact in facts.facts if fact.variable == field.variable]
    first_needed, last_needed = period_start(clock, 0), period_start(clock, last)
    if not days or min(days) >= first_needed or max(days) < last_needed:
        span = f"{min(days)} to {max(days)}" if days else "none"
        raise InvalidValue(
            f"The facts on {field.variable} ({span}) do not span the clock: some must be from before {first_needed}, "
            f"some from after {last_needed}; add facts, or score fewer rounds."
        )


def _score_period(
    facts: Facts, field: ScoredField, clock: Clock, round: int, values: Sequence[Any], cutoff: date | None
) -> PeriodScore:
    begin, end = period_start(clock, round), period_start(clock, round + 1)
    reached = facts.value(field.variable, end) or 0.0
    before = facts.value(field.variable, begin) or 0.0
    center, spread = _trend(facts, field.variable, clock, round)
    if field.at_least is None:
        came = reached
        score = float(np.mean(_crps(came, np.array(values, dtype=np.float64))))
        persistence = float(_crps(came, np.array([[before] * 3]))[0])
        trend = float(_crps(came, center + spread * stats.norm.ppf(_LEVELS)[None, :])[0])
    else:
        came = float(reached >= field.at_least)
        score = float(np.mean((np.array(values, dtype=np.float64) - came) ** 2))
        persistence = (float(before >= field.at_least) - came) ** 2
        chance = 1.0 if before >= field.at_least else float(stats.norm.sf(field.at_least, center, spread))
        trend = (chance - came) ** 2
    return PeriodScore(
        period=clock.period(round).label,
        outcome=came,
        known_to_model=None if cutoff is None else end <= cutoff,
        forecasts=len(values),
        score=score,
        persistence=persistence,
        trend=trend,
    )


def _crps(came: float, quantiles: Any) -> Any:
    return scoringrules.crps_quantile(np.full(len(quantiles), came), quantiles, _LEVELS)


def _trend(facts: Facts, variable: str, clock: Clock, round: int) -> tuple[float, float]:
    """The next point of the line through the ends of the last periods, and the spread of these about it."""
    numbers = range(round - _TREND_PERIODS + 1, round + 1)
    ends = [(number, facts.value(variable, period_start(clock, number))) for number in numbers]
    points = [(number, value) for number, value in ends if value is not None]
    if len(points) < 2:
        return (points[0][1] if points else 0.0), _MIN_SPREAD
    places, values = np.array([one for one, _ in points], float), np.array([value for _, value in points], float)
    line = stats.linregress(places, values)
    residuals = values - (line.intercept + line.slope * places)
    spread = float(np.sqrt(np.sum(residuals**2) / (len(points) - 2))) if len(points) > 2 else _MIN_SPREAD
    return float(line.intercept + line.slope * (round + 1)), max(spread, _MIN_SPREAD)


def _cautions(transcripts: Sequence[Transcript], scores: Sequence[FieldScore], cutoff: str | None) -> Iterator[str]:
    if transcripts and all(is_null(one.header.model) for one in transcripts):
        yield "Every run was played by chance (the null model): this is a baseline, not a test of any model."
    if cutoff is None:
        yield (
            "The training cutoff of the model is not on record (dial training_cutoff, or --cutoff): it may know every "
            "outcome, and a good score then shows memory, not foresight."
        )
    elif all(one.known_to_model for score in scores for one in score.periods):
        yield f"Every period lies before the training cutoff ({cutoff}): the model may know every outcome."
    for score in scores:
        own, trend, still = score.mean("score"), score.mean("trend"), score.mean("persistence")
        if own is not None and trend is not None and still is not None and own >= min(trend, still):
            better = "trend" if trend <= still else "persistence"
            best = min(trend, still)
            yield f"{score.arm}: {score.field} adds nothing to {better}, which scores {best:.3f}, not {own:.3f}."


def backtest_markdown(result: Backtest, *, commands: Sequence[str] = ()) -> str:
    """Write a backtest as Markdown.

    Args:
        result: What is told.
        commands: The exact commands that made it.
    """
    return "\n".join(_page(result, commands)).rstrip("\n") + "\n"


def _page(result: Backtest, commands: Sequence[str]) -> Iterator[str]:
    yield from (f"# {inline(result.name)} held against what happened", "")
    yield inline(
        f"{result.runs} finished runs, scored against: {result.facts} ({result.source}; {result.licence}). Lower is "
        "better, 0 is perfect. Persistence says that nothing changes; the trend is a line through the last periods."
    )
    yield ""
    if result.cautions:
        yield from ("## What to keep in mind", "", *(f"- {inline(caution)}" for caution in result.cautions), "")
    yield from ("## Scores", "")
    heads = ("arm", "field", "rule", "forecasts", "parties", "persistence", "trend", "parties after the cutoff")
    yield from _rows(heads, [_summary(score) for score in result.scores])
    for score in result.scores:
        unit = f", in {inline(score.unit)}" if score.rule == "CRPS" else ""
        yield from ("", f"## {inline(score.field)} ({inline(score.arm)}): {score.rule}{unit}", "")
        columns = ("period", "came", "forecasts", "parties", "persistence", "trend", "before the cutoff")
        yield from _rows(columns, [_period_row(one) for one in score.periods])
    if commands:
        yield from ("", "## How it was made", "", "```console", *(f"$ {command}" for command in commands), "```")


def _summary(score: FieldScore) -> tuple[str, ...]:
    forecasts = sum(one.forecasts for one in score.periods)
    means = (
        score.mean("score"),
        score.mean("persistence"),
        score.mean("trend"),
        score.mean("score", known_to_model=False),
    )
    return (score.arm, score.field, score.rule, str(forecasts), *map(_figure, means))


def _period_row(one: PeriodScore) -> tuple[str, ...]:
    known_in_words = "unknown" if one.known_to_model is None else "yes" if one.known_to_model else "no"
    figures = map(_figure, (one.score, one.persistence, one.trend))
    return (one.period, f"{one.outcome:g}", str(one.forecasts), *figures, known_in_words)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(inline(cell).replace(chr(92) + '.', '.') for cell in row)} |" for row in rows)
