"""From the outcomes of many runs to a forecast: when an event happens in each arm, how sure that is, what moves it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import scoringrules
from SALib.analyze import morris
from scipy import stats

from converse_graph.ensembles.arms import DEFAULT_SAMPLES, MORRIS_LEVELS, arm_at, morris_points, salib_problem
from converse_graph.ensembles.design import WORDING, Design, Role, arm_label, arm_label_for_role, is_null, plain_setting
from converse_graph.ensembles.direct_answers import DirectAnswer, direct_answer
from converse_graph.ensembles.forecast_values import (
    ArmForecast,
    Calibration,
    Comparison,
    Covariate,
    Effect,
    FanPoint,
    Forecast,
    Probability,
    RunPoint,
    Screening,
)
from converse_graph.ensembles.survival import (
    CONFIDENCE,
    Difference,
    Interval,
    Observation,
    Survival,
    bootstrap_incidence,
    compare,
    mean_interval,
    restricted_mean,
    runs_wanted,
    survival,
)
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.measures.event_dates import WORLD_REPORTS
from converse_graph.measures.outcomes import Outcome

_MUCH_DRIFT = 0.2
_SIGNIFICANT = 1 - CONFIDENCE
"""Corrected p values above this say nothing."""
_PAIRS = 2
"""Common seeds below which two arms are not compared."""
HUMANS = "humans"
"""What tells runs in which persons play from those that models play alone, as a dial does."""
_FEW = 10
"""Runs of an arm below which the report warns that its interval says little."""


def forecast(
    rows: Sequence[Outcome],
    event: str,
    *,
    name: str,
    years: Sequence[int] = (),
    seed: int = 0,
    design: Design | None = None,
    answers: Sequence[Outcome] = (),
) -> Forecast:
    """Forecast an event from the outcomes of many runs.

    Args:
        rows: One for each run of the ensemble.
        event: One of the scenario's events, or a condition that the rows were made with.
        name: Of the ensemble.
        years: For which years probabilities are told; none for five years spread over the clock.
        seed: Of the bootstrap.
        design: Of the ensemble: it tells paraphrases and Morris's paths; None for rows put together otherwise.
        answers: Rows of the direct questions about its arms; they are no runs of the scenario, and counted nowhere.

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
    arms = _sort_arms(rows, design)
    horizon = min(max(row.watched for row in arm.rows if row.status == "finished") for arm in arms if arm.role == "arm")
    years_shown = years or _spread_years(complete)
    arm_forecasts = tuple(_arm(arm, event, horizon, years_shown, seed, answers) for arm in arms)
    comparisons = _comparisons(arms, event, horizon, seed)
    main_arms = [arm for arm in arms if arm.role == "arm"]
    dials = tuple(main_arms[0].dials)
    finished_rows = [row for arm in main_arms for row in arm.rows if row.status == "finished"]
    return Forecast(
        name=name,
        scenario=complete[0].scenario,
        event=event,
        meaning=complete[0].meanings.get(event, ""),
        models=tuple(sorted({row.model for row in complete})),
        start=complete[0].start,
        step=complete[0].step,
        arms=arm_forecasts,
        comparisons=comparisons,
        effects=_effects(finished_rows, dials, event, horizon),
        calibration=calibration(finished_rows, event),
        covariates=_covariates(finished_rows, event, horizon),
        screening=_screening(finished_rows, design, event, horizon),
        nuisance=next((_size(one.difference) for one in comparisons if one.role == "paraphrase"), None),
        cautions=tuple(_cautions(arm_forecasts, comparisons, complete, event)),
    )


class _Arm(NamedTuple):
    label: str
    role: Role
    dials: dict[str, Any]
    rows: list[Outcome]


def _sort_arms(rows: Sequence[Outcome], design: Design | None) -> list[_Arm]:
    """Put the runs of each arm together: settings of dials first, then these played by chance, then in other words."""
    others = {row.model for row in rows if not is_null(row.model)}
    worded = None if design is None else design.paraphrase

    def role_of(row: Outcome) -> Role:
        if worded is not None and row.dials.get(WORDING) == worded:
            return "paraphrase"
        return "chance" if others and is_null(row.model) else "arm"

    by_role: dict[Role, list[Outcome]] = {"arm": [], "chance": [], "paraphrase": []}
    for row in rows:
        by_role[role_of(row)].append(row)
    dials = varied_dials(by_role["arm"] or rows)
    arms = []
    for role, members in by_role.items():
        for label, group in group_by_arm(members, dials).items():
            arms.append(
                _Arm(arm_label_for_role(label, role), role, {dial: _setting(group[0], dial) for dial in dials}, group)
            )
    if not any(arm.role == "arm" for arm in arms):  # so far chance alone has finished
        return [arm._replace(role="arm") for arm in arms]
    return arms


def varied_dials(rows: Iterable[Outcome]) -> tuple[str, ...]:
    """Name the dials (and the model, and who was played by persons) in which runs differ.

    Args:
        rows: Of the ensemble.
    """
    values: dict[str, set[str]] = {}
    for row in rows:
        for dial, value in (*row.dials.items(), ("model", row.model), (HUMANS, _setting(row, HUMANS))):
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


def _setting(row: Outcome, dial: str) -> Any:
    if dial in row.dials or dial not in ("model", HUMANS):
        return row.dials.get(dial)
    return row.model if dial == "model" else "; ".join(row.humans) or "nobody"


def _spread_years(rows: Sequence[Outcome]) -> tuple[int, ...]:
    first, last = rows[0].start, rows[0].start + int(max(row.watched for row in rows)) - 1
    return tuple(dict.fromkeys(int(year) for year in np.linspace(first, max(first, last), 5)))


def _arm(
    arm: _Arm, event: str, horizon: float, years: Sequence[int], seed: int, answers: Sequence[Outcome]
) -> ArmForecast:
    complete = [row for row in arm.rows if row.status == "finished"]
    observations = [observation(row, event) for row in complete]
    estimate = survival(observations, horizon=horizon)
    statements = sum(row.statements for row in complete)
    speeches = statements - sum(row.empty for row in complete)
    agreements = [row.agreement for row in complete if row.agreement is not None]
    return ArmForecast(
        arm=arm.label,
        role=arm.role,
        dials=arm.dials,
        survival=estimate,
        by_year=tuple(_by_year(complete, event, year, seed) for year in years),
        endings=dict(Counter(row.ended or "unknown" for row in complete).most_common()),
        ended_without=_ended_without(complete, observations),
        left_out=len(arm.rows) - len(complete),
        drift_rate=sum(row.drift_signs for row in complete) / speeches if speeches else 0.0,
        empty_share=1 - speeches / statements if statements else 0.0,
        runs_wanted=runs_wanted(estimate.median, estimate.runs),
        agreement=float(np.mean(agreements)) if agreements else None,
        scores=_means_by_name([row.scores for row in complete]),
        fields=_means_by_name([_numbers(row) for row in complete]),
        fan=_fan(complete, event),
        points=tuple(
            RunPoint(run=row.run, seed=row.seed, time=one.time, happened=one.happened)
            for row, one in zip(complete, observations, strict=True)
        ),
        direct=_direct(arm, event, answers, estimate, seed),
    )


def _direct(arm: _Arm, event: str, answers: Sequence[Outcome], curve: Survival, seed: int) -> DirectAnswer | None:
    if arm.role != "arm" or not answers:
        return None
    complete = [row for row in arm.rows if row.status == "finished"]
    causes = [_cause(row, event) for row in complete]
    by_runs = bootstrap_incidence(causes, event, max(row.watched for row in complete), seed=seed)
    return direct_answer(answers, complete, event, curve=curve, by_runs=by_runs)


def _ended_without(rows: Sequence[Outcome], observations: Sequence[Observation]) -> dict[str, int]:
    endings = (
        (row.ended or "").removeprefix("event ")
        for row, one in zip(rows, observations, strict=True)
        if not one.happened and (row.ended or "").startswith("event ")
    )
    return dict(Counter(endings).most_common())


def _numbers(row: Outcome) -> dict[str, float]:
    """The last values of a run that are numbers or yes-or-no: of fields the mean over parties, of the world each."""
    values: dict[str, list[float]] = {}
    for owner, fields in row.last_values.items():
        for name, value in fields.items():
            if isinstance(value, bool | int | float):
                values.setdefault(f"world {name}" if owner == WORLD_REPORTS else name, []).append(float(value))
    return {name: float(np.mean(numbers)) for name, numbers in values.items()}


def _means_by_name(tables: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    values: dict[str, list[float]] = {}
    for table in tables:
        for name, value in table.items():
            values.setdefault(name, []).append(value)
    return {name: mean_interval(numbers) for name, numbers in values.items()}


def _fan(rows: Sequence[Outcome], event: str) -> tuple[FanPoint, ...]:
    """Stated percentiles by the time at which they were stated."""
    by_time: dict[float, list[tuple[float, float, float]]] = {}
    for row in rows:
        field = _estimate_field(row, event)
        for one in row.estimates:
            if one.field == field:
                by_time.setdefault(one.stated_at, []).append((one.p10, one.p50, one.p90))
    points = []
    for when in sorted(by_time):
        low, middle, high = np.median(np.array(by_time[when]), axis=0).tolist()
        points.append(FanPoint(stated_at=when, p10=low, p50=middle, p90=high, estimates=len(by_time[when])))
    return tuple(points)


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


def _comparisons(arms: Sequence[_Arm], event: str, horizon: float, seed: int) -> tuple[Comparison, ...]:
    """Hold each arm against the first, each against itself by chance, and the first against itself in other words."""
    main_arms = [arm for arm in arms if arm.role == "arm"]
    pairs = [(main_arms[0], arm) for arm in main_arms[1:]]
    pairs += [(one, arm) for arm in arms if arm.role == "chance" for one in main_arms if one.dials == arm.dials]
    pairs += [(main_arms[0], arm) for arm in arms if arm.role == "paraphrase"]
    differences = [
        _without_invention(compare(_by_seed(one.rows, event), _by_seed(other.rows, event), horizon=horizon, seed=seed))
        for one, other in pairs
    ]
    p_values = [difference.p_value for difference in differences if difference.p_value is not None]
    corrected = iter(stats.false_discovery_control(p_values).tolist() if p_values else ())
    results = [
        Comparison(
            arm=other.label,
            reference=one.label,
            difference=difference,
            adjusted_p=None if difference.p_value is None else next(corrected),
            role=other.role,
        )
        for (one, other), difference in zip(pairs, differences, strict=True)
    ]
    nuisance = next((_size(one.difference) for one in results if one.role == "paraphrase"), None)
    return tuple(one.model_copy(update={"finding": finding(one, nuisance)}) for one in results)


def _without_invention(difference: Difference) -> Difference:
    """A difference without the interval that arms of no common seed, or that never had the event, do not give."""
    if difference.pairs >= _PAIRS and difference.p_value is not None:
        return difference
    return difference.model_copy(update={"years": Interval(estimate=difference.years.estimate)})


def _size(difference: Difference) -> float:
    return abs(difference.years.estimate or 0.0)


SPREAD_ALONE = "no difference of the mean beyond chance, but the curves differ"
"""Of arms in which the event comes about equally late on average, in one of them sooner or not at all."""
OTHER_WORDS = "none: no larger than what other words alone do"


def finding(comparison: Comparison, nuisance: float | None) -> str:
    """Say what a comparison comes to.

    Args:
        comparison: Of two arms.
        nuisance: Years by which the first arm told in other words differs from itself; None where that is not known.
    """
    difference, years = comparison.difference, comparison.difference.years
    if difference.pairs < _PAIRS:
        return "the arms have too few seeds in common to tell"
    if years.low is None or years.high is None:
        return "nothing happened in either, or always at once: no difference can be told"
    is_significant = comparison.adjusted_p is not None and comparison.adjusted_p <= _SIGNIFICANT
    if years.low <= 0 <= years.high and is_significant:
        return SPREAD_ALONE
    if years.low <= 0 <= years.high:
        return "no difference beyond chance" if comparison.role != "chance" else "no more than chance brings about"
    if comparison.role == "arm" and nuisance is not None and _size(difference) <= nuisance:
        return f"{OTHER_WORDS} ({nuisance:.2f})"
    if comparison.role == "chance":
        return "differs from what chance brings about"
    way = "later" if years.low > 0 else "earlier"
    if not is_significant:
        is_corrected = comparison.adjusted_p != difference.p_value
        return f"points {way}, but not beyond chance" + (" once corrected for all comparisons" if is_corrected else "")
    return f"comes {way}"


def _by_seed(rows: Sequence[Outcome], event: str) -> dict[int, Observation]:
    return {row.seed: observation(row, event) for row in rows if row.status == "finished"}


def _effects(rows: Sequence[Outcome], dials: Sequence[str], event: str, horizon: float) -> tuple[Effect, ...]:
    """Main effects: the restricted mean at each setting of a dial, over all runs with that setting."""
    effects = []
    for dial in dials:
        settings: dict[str, list[Observation]] = {}
        for row in rows:
            settings.setdefault(plain_setting(_setting(row, dial)), []).append(observation(row, event))
        if len(settings) > 1:
            means = {
                value: restricted_mean(observations, horizon=horizon).estimate
                for value, observations in settings.items()
            }
            finite = {value: mean for value, mean in means.items() if mean is not None}
            effects.append(Effect(dial=dial, by_value=finite))
    return tuple(sorted(effects, key=lambda effect: -effect.size))


def _covariates(rows: Sequence[Outcome], event: str, horizon: float) -> tuple[Covariate, ...]:
    """Whether drift and easy agreement go with the time of the event, over runs in which they vary."""
    times = np.array([min(observation(row, event).time, horizon) for row in rows])
    covariates = []
    for name, values in (
        ("signs of drift a statement", [row.drift_rate for row in rows]),
        ("share of debates that only agree", [row.agreement for row in rows]),
    ):
        is_there = np.array([value is not None for value in values])
        numbers = np.array([value for value in values if value is not None], dtype=np.float64)
        if is_there.sum() >= _FEW and len(np.unique(numbers)) > 1 and len(np.unique(times[is_there])) > 1:
            result = stats.spearmanr(numbers, times[is_there])
            covariates.append(
                Covariate(
                    name=name,
                    correlation=float(result.statistic),
                    p_value=float(result.pvalue),
                    runs=int(is_there.sum()),
                )
            )
    return tuple(covariates)


def _screening(rows: Sequence[Outcome], design: Design | None, event: str, horizon: float) -> tuple[Screening, ...]:
    """Morris's elementary effects on the restricted mean, of a design of his whose arms have all been played."""
    if design is None or design.kind != "morris":
        return ()
    dials = tuple(design.vary)
    points = morris_points(len(dials), design.samples or DEFAULT_SAMPLES)
    groups: dict[str, list[Observation]] = {}
    for row in rows:
        groups.setdefault(_key([_setting(row, dial) for dial in dials]), []).append(observation(row, event))
    results = []
    for point in points:
        settings = arm_at(design.vary, point)
        key = _key([settings[dial] for dial in dials])
        if key not in groups:
            return ()
        results.append(restricted_mean(groups[key], horizon=horizon).estimate)
    measures = morris.analyze(
        salib_problem(len(dials)), np.array(points), np.array(results, dtype=np.float64),
        num_levels=MORRIS_LEVELS, seed=0,
    )  # fmt: skip
    screened = [
        Screening(dial=dial, mean_effect=float(effect), spread=float(spread))
        for dial, effect, spread in zip(dials, measures["mu_star"], measures["sigma"], strict=True)
    ]
    return tuple(sorted(screened, key=lambda one: -one.mean_effect))


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
        if estimate.field == _estimate_field(row, event) and estimate.stated_at < row.start + row.events[event]
    ]
    if not pairs:
        return None
    quantiles = np.array([[one.p10, one.p50, one.p90] for one, _ in pairs], dtype=np.float64)
    years = np.array([year for _, year in pairs], dtype=np.float64)
    forecasts = np.array([one.stated_at for one, _ in pairs], dtype=np.float64)
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


def _cautions(
    arms: Sequence[ArmForecast], comparisons: Sequence[Comparison], rows: Sequence[Outcome], event: str
) -> Iterator[str]:
    by_chance = [is_null(row.model) for row in rows]
    if by_chance and all(by_chance):
        yield (
            "Every run was played by chance (the null model): this is a baseline, which shows what the rules and the "
            "forms alone bring about, not a forecast."
        )
    elif not any(by_chance):
        yield "The arms were not played by chance as well: whether a model adds anything to that cannot be told."
    if with_humans := [row.run for row in rows if row.humans]:
        yield (
            f"Persons played a party in {len(with_humans)} of {len(rows)} runs: {', '.join(with_humans[:10])}"
            f"{' …' if len(with_humans) > 10 else ''}. These are no replicates of runs that models play alone."
        )
    if len(arms) > 1 and not any(arm.role == "paraphrase" for arm in arms) and not all(by_chance):
        yield (
            "No arm was told in other words (--paraphrase): how much of a difference is the wording's is not known. "
            "Replies of hosted models do not repeat by seed: pairs of seeds share the order and the world alone."
        )
    beaten = [one.reference for one in comparisons if one.role == "chance" and one.finding.startswith("no more")]
    if beaten:
        yield f"The model adds nothing that chance does not bring about in: {'; '.join(beaten)}."
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
    if other := ", ".join(f"{name} ({count})" for name, count in arm.ended_without.items()):
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
