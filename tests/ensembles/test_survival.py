"""Statistics of events that a run may end without, held against published worked examples and libraries."""

import numpy as np
import pytest
from scipy import stats

from converse_graph.ensembles.survival import (
    Interval,
    Observation,
    bootstrap_incidence,
    compare,
    cumulative_incidence,
    log_rank,
    restricted_mean,
    runs_wanted,
    survival,
)
from converse_graph.errors import InvalidValue


def observations(text: str) -> list[Observation]:
    """Times as tables print them: "6+" was censored at 6."""
    return [Observation(time=float(one.rstrip("+")), happened=not one.endswith("+")) for one in text.split()]


# Weeks of remission under 6-mercaptopurine and under placebo: Freireich and others (1963), as Gehan (1965) prints them.
TREATED = observations("6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+")
PLACEBO = observations("1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23")


def test_the_curve_of_the_textbook_comes_out_to_the_digits_that_it_prints() -> None:
    curve = survival(TREATED).curve

    remaining = {time: round(1 - value, 3) for time, value in zip(curve.times, curve.probability, strict=True)}
    assert remaining == {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert all(low <= value <= high for low, value, high in zip(curve.low, curve.probability, curve.high, strict=True))


def test_medians_and_the_log_rank_test_of_the_textbook_come_out() -> None:
    assert survival(TREATED).median.estimate == 23
    assert survival(PLACEBO).median.estimate == 8
    assert log_rank(TREATED, PLACEBO) == pytest.approx(4.17e-5, rel=0.01)  # chi-squared 16.79 with one degree


def test_where_nothing_is_censored_the_restricted_mean_is_the_mean_with_its_standard_error() -> None:
    times = np.array([one.time for one in PLACEBO])

    mean = restricted_mean(PLACEBO, horizon=23)

    assert mean.estimate == pytest.approx(times.mean())
    assert mean.high is not None
    assert (mean.high - times.mean()) / 1.959964 == pytest.approx(times.std() / np.sqrt(len(times)), rel=1e-4)


def test_the_interval_of_the_restricted_mean_holds_the_truth_as_often_as_it_says() -> None:
    rng, horizon, truth, held = np.random.default_rng(3), 10.0, 5 * (1 - np.exp(-2.0)), 0
    for _ in range(300):
        event, watched = rng.exponential(5, 60), rng.uniform(3, 15, 60)
        seen = [Observation(time=min(a, b), happened=bool(a <= b)) for a, b in zip(event, watched, strict=True)]
        mean = restricted_mean(seen, horizon=horizon)
        assert mean.low is not None
        assert mean.high is not None
        held += mean.low <= truth <= mean.high
    assert 0.90 <= held / 300 <= 0.99


def test_outcomes_that_exclude_one_another_share_out_the_probability() -> None:
    causes = [(1.0, "treaty"), (2.0, "agi"), (2.0, "treaty"), (3.0, None), (3.0, "agi"), (4.0, None), (4.0, None)]

    times, agi = cumulative_incidence(causes, "agi")
    _, treaty = cumulative_incidence(causes, "treaty")

    assert times.tolist() == [1, 2, 3]
    # by hand: 7 watched, 1 treaty; 6 left of 7, one of each of 6; 4 left of 6, one agi of 4
    assert agi == pytest.approx([0, 1 / 7, 1 / 7 + (4 / 7) / 4])
    assert treaty == pytest.approx([1 / 7, 2 / 7, 2 / 7])
    assert bootstrap_incidence(causes, "agi", 3.0).estimate == pytest.approx(agi[-1])


def test_without_censoring_the_incidence_is_the_share_of_runs() -> None:
    causes = [(float(number % 5 + 1), "agi" if number % 3 else "treaty") for number in range(60)]

    share = bootstrap_incidence(causes, "agi", 5.0)

    assert share.estimate == pytest.approx(40 / 60)
    assert share.low is not None
    assert share.high is not None
    exact = stats.binomtest(40, 60).proportion_ci(method="wilson")
    assert (share.low, share.high) == pytest.approx((exact.low, exact.high))


def test_where_nothing_is_censored_the_band_of_the_curve_is_the_interval_of_a_share() -> None:
    causes = [(float(number % 5 + 1), "agi") for number in range(60)] + [(6.0, None)] * 12
    curve = survival([Observation(time=time, happened=name is not None) for time, name in causes]).curve

    for time in range(1, 6):
        band, told = curve.at(time), bootstrap_incidence(causes, "agi", time)
        exact = stats.binomtest(12 * time, 72).proportion_ci(method="wilson")
        assert (band.low, band.high) == pytest.approx((exact.low, exact.high))
        assert (told.low, told.high) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize("runs", [8, 25, 60])
def test_the_interval_of_a_probability_holds_the_truth_as_often_as_it_says_also_where_runs_are_censored(
    runs: int,
) -> None:
    rng, held, truth = np.random.default_rng(runs), np.zeros(2), 1 - np.exp(-4 / 5)
    for _ in range(200):
        event, watched = rng.exponential(5, runs), rng.uniform(2, 12, runs)
        causes = [(min(a, b), "agi" if a <= b else None) for a, b in zip(event, watched, strict=True)]
        curve = survival([Observation(time=time, happened=name is not None) for time, name in causes]).curve
        for place, interval in enumerate([curve.at(4.0), bootstrap_incidence(causes, "agi", 4.0)]):
            assert interval.low is not None
            if interval.estimate:  # before the first event the curve says nothing above 0
                assert 0 < interval.low < interval.estimate
            held[place] += interval.low <= truth <= (1.0 if interval.high is None else interval.high)
    assert (held / 200 > 0.9).all()


def test_a_probability_of_none_or_all_still_has_an_interval() -> None:
    none = bootstrap_incidence([(5.0, None)] * 30, "agi", 5.0)

    assert (none.estimate, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(stats.binomtest(0, 30).proportion_ci(method="wilson").high)


def test_arms_with_the_same_seeds_are_compared_seed_by_seed() -> None:
    rng = np.random.default_rng(1)
    base = {seed: Observation(time=float(time), happened=True) for seed, time in enumerate(rng.integers(2, 20, 40))}
    later = {seed: Observation(time=one.time + 1, happened=True) for seed, one in base.items()}
    apart = {seed + 1000: one for seed, one in later.items()}

    paired, unpaired = compare(base, later, horizon=30), compare(base, apart, horizon=30)

    assert paired.years.estimate == pytest.approx(1)
    assert (paired.pairs, unpaired.pairs) == (40, 0)
    assert paired.years.low == pytest.approx(1)
    assert unpaired.years.estimate == pytest.approx(1)
    assert unpaired.years.low is not None
    assert unpaired.years.low < 0 < 1 < (unpaired.years.high or 0)


def test_one_run_has_no_interval_and_none_is_refused() -> None:
    one = survival([Observation(time=3, happened=True)])

    assert one.median == Interval(estimate=3)
    assert one.restricted_mean.low is None
    with pytest.raises(InvalidValue, match="one run or more"):
        survival([])


def test_a_median_that_fewer_than_half_reached_is_open() -> None:
    measured = survival(observations("2 5+ 5+ 5+ 5+"))

    assert measured.median.estimate is None
    assert measured.censored_share == pytest.approx(0.8)
    assert runs_wanted(measured.median, measured.runs) is None


def test_four_times_the_runs_halve_an_interval() -> None:
    assert runs_wanted(Interval(estimate=10, low=8, high=12), 50, half_width=1) == 200
    assert runs_wanted(Interval(estimate=10, low=9.5, high=10.5), 50, half_width=1) == 50


def test_ten_thousand_runs_are_compared_on_their_distinct_outcomes_alone() -> None:
    rng = np.random.default_rng(7)
    arms = [
        {
            seed: Observation(time=float(time), happened=bool(time < 15))
            for seed, time in enumerate(rng.integers(1, 16, 10_000))
        }
        for _ in range(2)
    ]

    difference = compare(arms[0], arms[1], horizon=15)

    assert difference.years.low is not None
    assert difference.years.low < difference.years.estimate < (difference.years.high or 0)  # type: ignore[operator]
    assert (difference.years.high or 0) - difference.years.low < 0.4
