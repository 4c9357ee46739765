"""When an event happens, over many runs: survival curves, medians and restricted means for right-censored times.

A run that ends without the event is right-censored at its end: it says "not by then", never "not at all". Times are
years since the start of the clock (rounds, on a clock of plain rounds). A run is one observation, however many parties
it has, for what its parties do depends on one another.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Annotated, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field as Bound
from scipy import stats

from converse_graph.ensembles.rules_alone import wilson_interval
from converse_graph.errors import InvalidValue
from converse_graph.scenarios.value import FrozenModel

Floats = npt.NDArray[np.float64]
T = TypeVar("T")

CONFIDENCE = 0.95
RESAMPLES = 2000
"""Bootstrap samples: the end of a 95 % interval then varies by about a fortieth of its width from seed to seed."""

_TAILS = [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2]
_ENOUGH = 2
"""Runs below which no interval is given."""


class Observation(FrozenModel):
    """When something happened in a run, or how long it was watched without it."""

    time: Annotated[float, Bound(ge=0, allow_inf_nan=False)]
    """Years since the start of the clock."""
    happened: bool
    """False for a run that ended without it: it is censored at `time`."""


class Interval(FrozenModel):
    """An estimate with its confidence interval."""

    estimate: float | None
    """None where too few runs reached it."""
    low: float | None = None
    """None where the interval is open below, or where there are too few runs for one."""
    high: float | None = None
    """None where the interval is open above: the runs do not say how late it may be."""


class Curve(FrozenModel):
    """The probability that an event has happened by a time, by Kaplan and Meier."""

    times: tuple[float, ...]
    """Years at which the event happened in some run, ascending."""
    probability: tuple[float, ...]
    """That it has happened by then, 0 to 1."""
    low: tuple[float, ...]
    """Lower end of the pointwise 95 % band, by `share_interval`."""
    high: tuple[float, ...]

    def at(self, time: float) -> Interval:
        """Read the curve at a time; 0 before the first event.

        Args:
            time: Years since the start of the clock.
        """
        index = int(np.searchsorted(self.times, time, side="right")) - 1
        if index < 0:
            return Interval(estimate=0.0, low=0.0, high=None)
        return Interval(estimate=self.probability[index], low=self.low[index], high=self.high[index])


class Survival(FrozenModel):
    """What a set of runs says about when an event happens."""

    runs: int
    happened: int
    """Runs in which it did."""
    curve: Curve
    median: Interval
    """The time by which it has happened in half of the runs."""
    restricted_mean: Interval
    """Mean time until the event or `horizon`, whichever comes first."""
    horizon: float
    """Years up to which the restricted mean is taken: the longest that every arm was watched."""

    @property
    def censored_share(self) -> float:
        """The share of runs that ended without it, 0 to 1."""
        return 1 - self.happened / self.runs


def _arrays(observations: Sequence[Observation]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    if not observations:
        raise InvalidValue("No runs are left to count; a survival curve takes one run or more.")
    times = np.array([one.time for one in observations], dtype=np.float64)
    return times, np.array([one.happened for one in observations], dtype=np.bool_)


def _censored(times: Floats, events: npt.NDArray[np.bool_]) -> stats.CensoredData:
    return stats.CensoredData(uncensored=times[events], right=times[~events])


def survival(observations: Sequence[Observation], *, horizon: float | None = None) -> Survival:
    """Estimate when an event happens.

    Args:
        observations: One for each run.
        horizon: Years up to which the restricted mean is taken; None for the last time of all runs.

    Raises:
        InvalidValue: There is no run.
    """
    times, events = _arrays(observations)
    until = float(times.max()) if horizon is None else horizon
    curve = _curve(times, events)
    return Survival(
        runs=len(times),
        happened=int(events.sum()),
        curve=curve,
        median=median(curve, runs=len(times)),
        restricted_mean=restricted_mean(observations, horizon=until),
        horizon=until,
    )


def _curve(times: Floats, events: npt.NDArray[np.bool_]) -> Curve:
    if not events.any():
        return Curve(times=(), probability=(), low=(), high=())
    distribution = stats.ecdf(_censored(times, events)).cdf
    at_event = np.isin(distribution.quantiles, times[events])
    probability = distribution.probabilities[at_event].tolist()
    band = [(0.0, 1.0)] * len(probability)
    if len(times) >= _ENOUGH:
        sizes = _effective_sizes(times, events)
        band = [share_interval(share, of) for share, of in zip(probability, sizes, strict=True)]
    return Curve(
        times=tuple(distribution.quantiles[at_event].tolist()),
        probability=tuple(probability),
        low=tuple(np.maximum.accumulate([low for low, _ in band]).tolist()),
        high=tuple(np.maximum.accumulate([high for _, high in band]).tolist()),
    )


def share_interval(share: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of runs, also where it was estimated from some that were censored.

    It is Wilson's, with the number of runs without censoring that would tell the share as well (Dorey and Korn,
    Effective sample sizes for confidence intervals for survival probabilities, Statistics in Medicine 6, 1987). Of few
    runs it holds the truth about as often as it says, and never says that what has happened cannot happen.

    Args:
        share: From 0 to 1.
        of: The effective number of runs, 1 or more.
    """
    return wilson_interval(share * of, of)


def _effective_sizes(times: Floats, events: npt.NDArray[np.bool_]) -> list[float]:
    """How many runs without censoring would tell the curve as well at each event, by Greenwood's variance."""
    _, at_risk, deaths = _risk_table(times, events)
    surviving = np.cumprod(1 - deaths / at_risk)
    sizes, greenwood = list[float](), 0.0
    for left, count, share in zip(at_risk.tolist(), deaths.tolist(), surviving.tolist(), strict=True):
        if count == left:  # nobody is left, of whom the variance could tell anything
            sizes.append(sizes[-1] if sizes else left)
            continue
        greenwood += count / (left * (left - count))
        sizes.append((1 - share) / (share * greenwood))
    return sizes


def _risk_table(times: Floats, events: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Times of events, how many runs were still watched just before each, and in how many it happened then."""
    distinct, deaths = np.unique(times[events], return_counts=True)
    sorted_times = np.sort(times)
    at_risk = len(times) - np.searchsorted(sorted_times, distinct, side="left")
    return distinct, at_risk.astype(np.float64), deaths.astype(np.float64)


def median(curve: Curve, *, runs: int) -> Interval:
    """Estimate the time by which half of the runs have had the event, with the interval of Brookmeyer and Crowley.

    Args:
        curve: By Kaplan and Meier.
        runs: How many runs it is made of; below two there is no interval.

    Returns:
        The times at which the curve, and the ends of its band, reach one half.
    """
    crossings = [_first(curve.times, values) for values in (curve.probability, curve.high, curve.low)]
    if runs < _ENOUGH:
        return Interval(estimate=crossings[0])
    return Interval(estimate=crossings[0], low=crossings[1], high=crossings[2])


def _first(times: Sequence[float], probability: Sequence[float]) -> float | None:
    return next((time for time, value in zip(times, probability, strict=True) if value >= 0.5 - 1e-12), None)


def restricted_mean(observations: Sequence[Observation], *, horizon: float) -> Interval:
    """Estimate the mean time until the event or the horizon, whichever comes first (RMST).

    It is the area under the survival curve up to the horizon, with Greenwood's variance (Klein and Moeschberger,
    Survival Analysis, 2nd edition, section 4.5).

    Args:
        observations: One for each run.
        horizon: Years; no later than the longest run, beyond which nothing was watched.
    """
    times, events = _arrays(observations)
    edges, surviving, at_risk, deaths = _steps(times, events, horizon)
    areas = surviving * np.diff(edges)
    mean = float(areas.sum())
    if len(times) < _ENOUGH:
        return Interval(estimate=mean)
    beyond = areas[::-1].cumsum()[::-1][1:]
    left = at_risk * (at_risk - deaths)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(left > 0, beyond**2 * deaths / left, 0.0)
    half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * math.sqrt(float(terms.sum()))
    return Interval(estimate=mean, low=max(0.0, mean - half), high=min(horizon, mean + half))


def _steps(times: Floats, events: npt.NDArray[np.bool_], horizon: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Edges of the steps of the curve up to the horizon, its height on each, and the risk table at the inner edges."""
    distinct, at_risk, deaths = _risk_table(times, events)
    within = distinct <= horizon
    distinct, at_risk, deaths = distinct[within], at_risk[within], deaths[within]
    surviving = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)])
    return np.concatenate([[0.0], distinct, [horizon]]), surviving, at_risk, deaths


def cumulative_incidence(causes: Sequence[tuple[float, str | None]], cause: str) -> tuple[Floats, Floats]:
    """Estimate the probability of one of several outcomes that exclude one another (Aalen and Johansen).

    A run that broke down or ended by another event is not innocently censored: the other event took its chance away.

    Args:
        causes: For each run its time and what ended the watch: a cause, or None for the horizon.
        cause: Whose incidence is wanted.

    Returns:
        Times at which any cause struck, ascending, and the probability of `cause` by each, 0 to 1.
    """
    times = np.array([time for time, _ in causes], dtype=np.float64)
    struck = np.array([name is not None for _, name in causes], dtype=np.bool_)
    mine = np.array([name == cause for _, name in causes], dtype=np.bool_)
    distinct, at_risk, deaths = _risk_table(times, struck)
    of_cause = np.array([np.sum(mine & (times == time)) for time in distinct], dtype=np.float64)
    surviving = np.concatenate([[1.0], np.cumprod(1 - deaths / at_risk)[:-1]])
    return distinct, np.cumsum(surviving * of_cause / at_risk)


def bootstrap_incidence(
    causes: Sequence[tuple[float, str | None]], cause: str, time: float, *, seed: int = 0
) -> Interval:
    """Estimate the probability that an outcome has come by a time, with an interval by `share_interval`.

    Where runs were censored before that time, a bootstrap over runs tells how many without censoring would say as much.

    Args:
        causes: As `cumulative_incidence` takes them.
        cause: Whose probability is wanted.
        time: Years since the start of the clock.
        seed: Of the bootstrap.
    """
    unique, counts = _tally(causes)
    point = float(_incidences(unique, counts[None, :].astype(np.float64), cause, time)[0])
    if len(causes) < _ENOUGH:
        return Interval(estimate=point)
    size = float(len(causes))
    if 0 < point < 1 and any(name is None and end < time for end, name in causes):
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(len(causes), counts / counts.sum(), size=RESAMPLES).astype(np.float64)
        spread = float(np.var(_incidences(unique, weights, cause, time)))
        size = min(size, max(1.0, point * (1 - point) / spread)) if spread > 0 else size
    low, high = share_interval(point, size)
    return Interval(estimate=point, low=low, high=high)


def _incidences(cells: Sequence[tuple[float, str | None]], weights: Floats, cause: str, until: float) -> Floats:
    """Cumulative incidences at a time of many weighted samples at once."""
    times = np.array([time for time, _ in cells], dtype=np.float64)
    struck = np.array([name is not None for _, name in cells], dtype=np.bool_)
    mine = np.array([name == cause for _, name in cells], dtype=np.bool_)
    surviving, total = np.ones(len(weights)), np.zeros(len(weights))
    for time in np.unique(times[struck & (times <= until + 1e-9)]):
        at_risk = weights[:, times >= time].sum(axis=1)
        share = np.divide(1.0, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)
        total += surviving * weights[:, mine & (times == time)].sum(axis=1) * share
        surviving *= 1 - weights[:, struck & (times == time)].sum(axis=1) * share
    return np.clip(total, 0.0, 1.0)


class Difference(FrozenModel):
    """How much later an event comes in one arm than in another."""

    years: Interval
    """Difference of the restricted means: positive where it comes later in the second arm."""
    pairs: int
    """Seeds that both arms have; the bootstrap resamples these pairs, or runs of each arm where there is none."""
    p_value: float | None
    """Of the log-rank test that both arms have one curve; None where no run had the event, or nothing varies."""


def compare(
    first: dict[int, Observation], second: dict[int, Observation], *, horizon: float, seed: int = 0
) -> Difference:
    """Compare when an event happens in two arms.

    Args:
        first: Observations of one arm by the seed of the run.
        second: Those of the other.
        horizon: Years up to which restricted means are taken.
        seed: Of the bootstrap.

    Raises:
        InvalidValue: An arm has no run.
    """
    seeds = sorted(first.keys() & second.keys())
    rng = np.random.default_rng(seed)
    if len(seeds) >= _ENOUGH:
        cells = [(_cell(first[one]), _cell(second[one])) for one in seeds]
        unique, counts = _tally(cells)
        weights = rng.multinomial(len(seeds), counts / counts.sum(), size=RESAMPLES).astype(np.float64)
        samples = _means([b for _, b in unique], weights, horizon) - _means([a for a, _ in unique], weights, horizon)
        point = _mean_of([second[one] for one in seeds], horizon) - _mean_of([first[one] for one in seeds], horizon)
    else:
        samples = _bootstrap(list(second.values()), horizon, rng) - _bootstrap(list(first.values()), horizon, rng)
        point = _mean_of(list(second.values()), horizon) - _mean_of(list(first.values()), horizon)
    enough = min(len(first), len(second)) >= _ENOUGH
    low, high = np.quantile(samples, _TAILS).tolist() if enough else (None, None)
    return Difference(
        years=Interval(estimate=point, low=low, high=high),
        pairs=len(seeds),
        p_value=log_rank(list(first.values()), list(second.values())),
    )


def log_rank(first: Sequence[Observation], second: Sequence[Observation]) -> float | None:
    """Test whether two arms have one survival curve; None where no run had the event, or nothing varies.

    Args:
        first: Observations of one arm.
        second: Those of the other.
    """
    one, other = _arrays(first), _arrays(second)
    if not one[1].any() and not other[1].any():
        return None
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # no variance: at each event one arm alone was still watched
        p_value = float(stats.logrank(_censored(*one), _censored(*other)).pvalue)
    return None if math.isnan(p_value) else p_value


Cell = tuple[float, bool]


def _cell(observation: Observation) -> Cell:
    return (observation.time, observation.happened)


def _tally(cells: Sequence[T]) -> tuple[list[T], npt.NDArray[np.int64]]:
    """Each distinct cell once, with how often it occurs: runs of a clock fall into few."""
    counts: dict[T, int] = {}
    for cell in cells:
        counts[cell] = counts.get(cell, 0) + 1
    return list(counts), np.array(list(counts.values()), dtype=np.int64)


def _bootstrap(observations: Sequence[Observation], horizon: float, rng: np.random.Generator) -> Floats:
    unique, counts = _tally([_cell(one) for one in observations])
    weights = rng.multinomial(len(observations), counts / counts.sum(), size=RESAMPLES).astype(np.float64)
    return _means(unique, weights, horizon)


def _mean_of(observations: Sequence[Observation], horizon: float) -> float:
    unique, counts = _tally([_cell(one) for one in observations])
    return float(_means(unique, counts[None, :].astype(np.float64), horizon)[0])


def _means(cells: Sequence[Cell], weights: Floats, horizon: float) -> Floats:
    """Restricted means of many weighted samples at once.

    Args:
        cells: Distinct observations.
        weights: How often each occurs, a row for each sample.
        horizon: Years.
    """
    times = np.array([time for time, _ in cells], dtype=np.float64)
    events = np.array([event for _, event in cells], dtype=np.bool_)
    distinct = np.unique(times[events & (times <= horizon)])
    surviving = np.ones(len(weights))
    total = np.zeros(len(weights))
    elapsed = 0.0
    for time in distinct:
        total += surviving * (time - elapsed)
        at_risk = weights[:, times >= time].sum(axis=1)
        deaths = weights[:, events & (times == time)].sum(axis=1)
        surviving = surviving * (1 - np.divide(deaths, at_risk, out=np.zeros_like(deaths), where=at_risk > 0))
        elapsed = float(time)
    return total + surviving * (horizon - elapsed)


def mean_interval(values: Sequence[float]) -> Interval:
    """Estimate a mean with Student's interval; of one value, or of equal ones, the mean alone.

    Args:
        values: One or more, independent of one another.
    """
    mean, error = float(np.mean(values)), float(stats.sem(values)) if len(values) >= _ENOUGH else 0.0
    if error == 0.0:
        return Interval(estimate=mean)
    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, loc=mean, scale=error)
    return Interval(estimate=mean, low=float(low), high=float(high))


def runs_wanted(interval: Interval, runs: int, *, half_width: float = 1.0) -> int | None:
    """Estimate how many runs would narrow an interval, as widths shrink with the square root of their number.

    Args:
        interval: As it is with `runs` runs.
        runs: How many it is made of.
        half_width: What is wanted: the interval reaches so many years to either side.

    Returns:
        How many runs in all; None where the interval is open, so that nothing can be said.
    """
    if interval.low is None or interval.high is None:
        return None
    present = (interval.high - interval.low) / 2
    return max(runs, math.ceil(runs * (present / half_width) ** 2))
