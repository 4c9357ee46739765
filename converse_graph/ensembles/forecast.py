"""From the outcomes of many runs to a forecast: when an event happens in each arm, how sure that is, what moves it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import scoringrules
from scipy import stats

from converse_graph.ensembles.survival import (
    Difference,
    Interval,
    Observation,
    Survival,
    bootstrap_incidence,
    compare,
    restricted_mean,
    runs_wanted,
    survival,
)
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.measures.outcomes import Outcome
from converse_graph.scenarios.value import FrozenModel

ALL_RUNS = "all runs"
"""The name of the arm where nothing was varied."""

_MUCH_DRIFT = 0.2
_FEW = 10
"""Runs of an arm below which the report warns that its interval says little."""


class Probability(FrozenModel):
    """The probability that the event has happened by the end of a year."""

    year: float
    """The year, all of it included; the number of a round, on a clock of plain rounds."""
    probability: Interval | None
    """None for a year that no run of the arm has reached."""


class ArmForecast(FrozenModel):
    """What the runs of one arm say about the event."""

    arm: str
    dials: dict[str, Any]
    """Settings in which the arms differ."""
    survival: Survival
    by_year: tuple[Probability, ...]
    endings: dict[str, int]
    """How the runs ended, such as "horizon" or "event treaty", with how many did."""
    left_out: int
    """Runs that have not finished: they are counted nowhere."""
    drift_rate: float
    """Signs of drift a statement, over the arm."""
    empty_share: float
    """Turns without a statement, 0 to 1."""
    runs_wanted: int | None
    """Runs that would narrow the median's interval to one year to either side; None where it is open."""


class Comparison(FrozenModel):
    """Another arm beside the first."""

    arm: str
    reference: str
    difference: Difference
    adjusted_p: float | None
    """The log-rank p value, corrected for the number of comparisons (Benjamini and Hochberg)."""


class Effect(FrozenModel):
    """How far one dial moves the restricted mean, averaged over the others."""

    dial: str
    by_value: dict[str, float]
    """Restricted mean time to the event at each setting, in years."""

    @property
    def size(self) -> float:
        """Years between the setting at which it comes first and the one at which it comes last."""
        return max(self.by_value.values()) - min(self.by_value.values())


class Calibration(FrozenModel):
    """Stated percentiles of the event's year, held against what then happened in the same run."""

    estimates: int
    """Stated before the event, in runs in which it happened."""
    coverage: float
    """Share of them in which the event's year lay between the stated p10 and p90; 0.8 would be calibrated."""
    crps: float
    """Mean continuous ranked probability score from the three percentiles, in years; 0 would be perfect."""
    receding_slope: float | None
    """Stated median year regressed on the year in which it was said: 0 is a fixed date, 1 is always as far away."""


class Forecast(FrozenModel):
    """A forecast of one event from an ensemble."""

    name: str
    scenario: str
    event: str
    models: tuple[str, ...]
    start: int
    step: str
    arms: tuple[ArmForecast, ...]
    comparisons: tuple[Comparison, ...]
    effects: tuple[Effect, ...]
    calibration: Calibration | None
    cautions: tuple[str, ...]
    """What a reader must know before he believes any of it, a sentence each."""


def forecast(rows: Sequence[Outcome], event: str, *, name: str, years: Sequence[int] = (), seed: int = 0) -> Forecast:
    """Forecast an event from the outcomes of many runs.

    Args:
        rows: One for each run of the ensemble.
        event: One of the scenario's events, or a condition that the rows were made with.
        name: Of the ensemble.
        years: For which years probabilities are told; none for five years spread over the clock.
        seed: Of the bootstrap.

    Raises:
        InvalidValue: There is no finished run, or the runs are of several scenarios.
        NotFound: The scenario has no such event.
    """
    complete = [row for row in rows if row.status == "finished"]
    if not complete:
        raise InvalidValue(f"No run of {name!r} has finished: there is nothing to count yet; `converse sweep` goes on.")
    if len({(row.start, row.step) for row in complete}) > 1:
        raise InvalidValue(f"The runs of {name!r} have different clocks; forecast from runs of one scenario.")
    for row in complete:
        observation(row, event)
    dials = varied_dials(rows)
    arms = group_by_arm(rows, dials)
    horizon = min(max(row.watched for row in members if row.status == "finished") for members in arms.values())
    years_shown = years or _spread_years(complete)
    arm_forecasts = tuple(
        _arm(label, members, dials, event, horizon, years_shown, seed) for label, members in arms.items()
    )
    return Forecast(
        name=name,
        scenario=complete[0].scenario,
        event=event,
        models=tuple(sorted({row.model for row in complete})),
        start=complete[0].start,
        step=complete[0].step,
        arms=arm_forecasts,
        comparisons=_comparisons(arms, event, horizon, seed),
        effects=_effects(complete, dials, event, horizon),
        calibration=calibration(complete, event),
        cautions=tuple(_cautions(arm_forecasts, complete, event)),
    )


def varied_dials(rows: Iterable[Outcome]) -> tuple[str, ...]:
    """Name the dials (and the model) in which runs differ.

    Args:
        rows: Of the ensemble.
    """
    values: dict[str, set[str]] = {}
    for row in rows:
        for dial, value in (*row.dials.items(), ("model", row.model)):
            values.setdefault(dial, set()).add(_key(value))
    return tuple(dial for dial, several in values.items() if len(several) > 1)


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def group_by_arm(rows: Sequence[Outcome], dials: Sequence[str]) -> dict[str, list[Outcome]]:
    """Put runs with the same settings together.

    Args:
        rows: Of the ensemble.
        dials: Dials in which they differ.

    Returns:
        Arms by a label such as "regulation=strict, labs=3", in the order of their first runs; an arm of which no run
        has finished is left out.
    """
    arms: dict[str, list[Outcome]] = {}
    for row in rows:
        arms.setdefault(arm_label({dial: _setting(row, dial) for dial in dials}), []).append(row)
    return {label: members for label, members in arms.items() if any(row.status == "finished" for row in members)}


def arm_label(dials: Mapping[str, Any]) -> str:
    """Name an arm by its settings.

    Args:
        dials: Settings by dial; none for the one arm of a design that varies nothing.
    """
    return ", ".join(f"{dial}={_plain(value)}" for dial, value in dials.items()) or ALL_RUNS


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _setting(row: Outcome, dial: str) -> Any:
    return row.model if dial == "model" and dial not in row.dials else row.dials.get(dial)


def _spread_years(rows: Sequence[Outcome]) -> tuple[int, ...]:
    first, last = rows[0].start, rows[0].start + int(max(row.watched for row in rows)) - 1
    return tuple(dict.fromkeys(int(year) for year in np.linspace(first, max(first, last), 5)))


def _arm(
    label: str,
    members: Sequence[Outcome],
    dials: Sequence[str],
    event: str,
    horizon: float,
    years: Sequence[int],
    seed: int,
) -> ArmForecast:
    complete = [row for row in members if row.status == "finished"]
    observations = [observation(row, event) for row in complete]
    estimate = survival(observations, horizon=horizon)
    statements = sum(row.statements for row in complete)
    speeches = statements - sum(row.empty for row in complete)
    return ArmForecast(
        arm=label,
        dials={dial: _setting(complete[0], dial) for dial in dials},
        survival=estimate,
        by_year=tuple(_by_year(complete, event, year, seed) for year in years),
        endings=dict(Counter(row.ended or "unknown" for row in complete).most_common()),
        left_out=len(members) - len(complete),
        drift_rate=sum(row.drift_signs for row in complete) / speeches if speeches else 0.0,
        empty_share=1 - speeches / statements if statements else 0.0,
        runs_wanted=runs_wanted(estimate.median, estimate.runs),
    )


def _by_year(rows: Sequence[Outcome], event: str, year: int, seed: int) -> Probability:
    time = float(year - rows[0].start + 1)
    if time <= 0 or (time > max(row.watched for row in rows) + 1e-9 and not all(event in row.events for row in rows)):
        return Probability(year=year, probability=None)
    causes = [_cause(row, event) for row in rows]
    return Probability(year=year, probability=bootstrap_incidence(causes, event, time, seed=seed))


def _cause(row: Outcome, event: str) -> tuple[float, str | None]:
    """When the watch ended and by what: the event, another event that ended the run, or the horizon."""
    observations = observation(row, event)
    if observations.happened:
        return observations.time, event
    return observations.time, row.ended if row.ended and row.ended.startswith("event ") else None


def _comparisons(
    arms: Mapping[str, Sequence[Outcome]], event: str, horizon: float, seed: int
) -> tuple[Comparison, ...]:
    (reference, base), *others = arms.items()
    first = _by_seed(base, event)
    differences = [(label, compare(first, _by_seed(rows, event), horizon=horizon, seed=seed)) for label, rows in others]
    p_values = [difference.p_value for _, difference in differences if difference.p_value is not None]
    corrected = iter(stats.false_discovery_control(p_values).tolist() if p_values else ())
    return tuple(
        Comparison(
            arm=label,
            reference=reference,
            difference=difference,
            adjusted_p=None if difference.p_value is None else next(corrected),
        )
        for label, difference in differences
    )


def _by_seed(rows: Sequence[Outcome], event: str) -> dict[int, Observation]:
    return {row.seed: observation(row, event) for row in rows if row.status == "finished"}


def _effects(rows: Sequence[Outcome], dials: Sequence[str], event: str, horizon: float) -> tuple[Effect, ...]:
    """Main effects: the restricted mean at each setting of a dial, over all runs with that setting."""
    effects = []
    for dial in dials:
        settings: dict[str, list[Observation]] = {}
        for row in rows:
            settings.setdefault(_plain(_setting(row, dial)), []).append(observation(row, event))
        if len(settings) > 1:
            means = {
                value: restricted_mean(observations, horizon=horizon).estimate
                for value, observations in settings.items()
            }
            finite = {value: mean for value, mean in means.items() if mean is not None}
            effects.append(Effect(dial=dial, by_value=finite))
    return tuple(sorted(effects, key=lambda effect: -effect.size))


def calibration(rows: Sequence[Outcome], event: str) -> Calibration | None:
    """Score stated percentiles against what happened in the same run.

    Only estimates stated before the event, in runs in which it happened, have an outcome to be scored by; a field of
    percentiles is taken for the event's year where the event's own rule reads the same stem (`agi_estimate` for
    `agi_reached`), or where there is one such field alone.

    Args:
        rows: Finished runs.
        event: Whose year was estimated.

    Returns:
        None where no estimate can be scored.
    """
    pairs = [
        (estimate, row.start + row.events[event] - 1)
        for row in rows
        if event in row.events
        for estimate in row.estimates
        if estimate.field == _estimate_field(row, event) and estimate.said < row.start + row.events[event]
    ]
    if not pairs:
        return None
    quantiles = np.array([[one.p10, one.p50, one.p90] for one, _ in pairs], dtype=np.float64)
    years = np.array([year for _, year in pairs], dtype=np.float64)
    forecasts = np.array([one.said for one, _ in pairs], dtype=np.float64)
    is_covered = (quantiles[:, 0] <= years) & (years <= quantiles[:, 2])
    scores = scoringrules.crps_quantile(years, quantiles, np.array([0.1, 0.5, 0.9]))
    varies = len(np.unique(forecasts)) > 1
    return Calibration(
        estimates=len(pairs),
        coverage=float(is_covered.mean()),
        crps=float(np.mean(scores)),
        receding_slope=float(stats.linregress(forecasts, quantiles[:, 1]).slope) if varies else None,
    )


def _estimate_field(row: Outcome, event: str) -> str | None:
    fields = list(dict.fromkeys(estimate.field for estimate in row.estimates))
    stem = event.partition("_")[0]
    same = [field for field in fields if field.partition("_")[0] == stem]
    return (same or fields)[0] if len(same or fields) == 1 else None


def _cautions(arms: Sequence[ArmForecast], rows: Sequence[Outcome], event: str) -> Iterator[str]:
    if {row.model for row in rows} == {"null"}:
        yield (
            "Every run was played by chance (the null model): this is a baseline, which shows what the rules and the "
            "forms alone bring about, not a forecast."
        )
    for arm in arms:
        yield from (f"{arm.arm}: {caution}" for caution in _cautions_of(arm, event))


def _cautions_of(arm: ArmForecast, event: str) -> Iterator[str]:
    runs = arm.survival.runs
    if runs < _FEW:
        yield "one run is an anecdote; no interval can be given." if runs == 1 else f"{runs} runs are few."
    if arm.survival.happened == 0:
        yield f"{event} happened in none of {runs} runs; how late it may come cannot be told from them."
    if arm.left_out:
        yield f"{arm.left_out} runs have not finished and are left out; which they are may not be chance."
    ends = (
        (ending.removeprefix("event "), count) for ending, count in arm.endings.items() if ending.startswith("event ")
    )
    if other := ", ".join(f"{name} ({count})" for name, count in ends if name != event):
        yield (
            f"some runs ended by another event: {other}. Probabilities by year count these as runs in which {event} "
            "did not come; the median and the curve tell when it comes unless something else ends the run."
        )
    if arm.drift_rate > _MUCH_DRIFT:
        yield f"{arm.drift_rate:.0%} signs of drift a statement; what the parties said is to be read with care."


def observation(row: Outcome, event: str) -> Observation:
    """Tell when an event happened in a run, or how long it was watched without it.

    Args:
        row: The run.
        event: One of the scenario's events, or a condition that the row was made with.

    Raises:
        NotFound: The scenario has no such event.
    """
    if event not in row.awaited:
        hint = "An expression such as 'agi_estimate.p50 <= 2030' is an event too."
        raise NotFound.among(f"event of {row.scenario}", event, row.awaited, hint=hint)
    date = row.events.get(event)
    return Observation(time=row.watched if date is None else date, happened=date is not None)
