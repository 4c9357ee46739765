"""What a model said of an arm when it was asked directly, once, held against what the arm's runs came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from converse_graph.ensembles.survival import Interval, Survival
from converse_graph.measures.expressions import is_expression
from converse_graph.measures.outcomes import Outcome
from converse_graph.scenarios.direct_question import FORECASTER, chance_field, date_field
from converse_graph.scenarios.value import FrozenModel

_FEWEST = 2
"""Runs below which their median has no interval."""


class DirectAnswer(FrozenModel):
    """What the model said when it was asked directly, beside what the runs came to."""

    run: str
    """The question, a run of its own."""
    probability: float | None = None
    """That the event comes by the horizon, 0 to 1; None where it was not asked, or gave no answer that fits."""
    p10: int | None = None
    """Percentiles of the year in which the event comes; the number of a round, on a clock of plain rounds."""
    p50: int | None = None
    p90: int | None = None
    by_runs: Interval
    """The share of the arm's runs in which the event came by the horizon."""
    agrees: bool | None = None
    """Whether the p50 lies within the interval of the median over runs; None where either is missing."""
    agrees_by_horizon: bool | None = None
    """Whether the probability lies within the interval of the share of runs; None where either is missing."""
    finding: str
    """What it comes to, in words."""


class _Years(NamedTuple):
    """The years, or rounds, in which the median over runs lies; infinite where that is open above."""

    low: float
    high: float
    last: int
    """The last that was watched."""


def direct_answer(
    answers: Sequence[Outcome], rows: Sequence[Outcome], event: str, *, curve: Survival, by_runs: Interval
) -> DirectAnswer | None:
    """Hold the direct answer about an arm against its runs.

    Args:
        answers: Rows of direct questions, of any arms.
        rows: The arm's finished runs.
        event: Which is forecast; a condition is none that the model was asked about.
        curve: What the runs say about when it comes.
        by_runs: The share of them in which it came by the horizon.

    Returns:
        None where the model was not asked about the arm.
    """
    answer = next((one for one in answers for row in rows if (one.dials, one.model) == (row.dials, row.model)), None)
    if answer is None:
        return None
    values = answer.last_values.get(FORECASTER, {})
    probability, date = values.get(chance_field(event)), values.get(date_field(event))
    if is_expression(event):
        finding = "the model was not asked about this expression, only about the scenario's own events"
    elif probability is None or date is None:
        finding = "the model was asked, and gave no answer that fits"
    else:
        return _hold(
            DirectAnswer(run=answer.run, probability=probability, **date, by_runs=by_runs, finding=""), curve, rows
        )
    return DirectAnswer(run=answer.run, by_runs=by_runs, finding=finding)


def _hold(answer: DirectAnswer, curve: Survival, rows: Sequence[Outcome]) -> DirectAnswer:
    """Say whether the stated median and probability lie where those of the runs do."""
    share, p50, probability = answer.by_runs, answer.p50, answer.probability
    if curve.runs < _FEWEST or share.low is None or share.high is None or p50 is None or probability is None:
        return answer.model_copy(update={"finding": "one run gives no interval to hold it against"})
    years = _years(curve.median, rows)
    agrees, is_likely = years.low <= p50 <= years.high, share.low <= probability <= share.high
    finding = (
        f"{_VERDICTS[agrees, is_likely]}: its p50, {p50}, {_place(years, agrees)}, and its {probability:.0%} "
        f"{'within' if is_likely else 'outside'} that of the share of runs ({share.low:.0%} to {share.high:.0%})"
    )
    return answer.model_copy(update={"agrees": agrees, "agrees_by_horizon": is_likely, "finding": finding})


_VERDICTS = {
    (True, True): "agrees with the runs",
    (True, False): "agrees with the runs on when, not on how likely",
    (False, True): "agrees with the runs on how likely, not on when",
    (False, False): "does not agree with the runs",
}


def _place(years: _Years, is_within: bool) -> str:
    side = "within" if is_within else "outside"
    if years.low > years.last:
        return f"lies {side} what their median leaves open (after {years.last}, by which fewer than half had it)"
    upper = "or later" if math.isinf(years.high) else f"to {years.high:g}"
    return f"lies {side} the interval of their median ({years.low:g} {upper})"


def _years(median: Interval, rows: Sequence[Outcome]) -> _Years:
    def year(time: float) -> int:
        return rows[0].start + math.ceil(time - 1e-9) - 1

    last = year(max(row.watched for row in rows))
    low = last + 1 if median.low is None else year(median.low)
    return _Years(low=low, high=math.inf if median.high is None else year(median.high), last=last)
