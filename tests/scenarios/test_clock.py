"""The clock: every step, every label, every horizon."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converse_graph import Clock
from converse_graph.errors import InvalidValue
from converse_graph.scenarios.clock import STEPS

PER_YEAR = {"year": 1, "half-year": 2, "quarter": 4, "month": 12, "round": 1}
SOME = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.mark.parametrize(
    ("step", "labels"),
    [
        ("year", ["2026", "2027", "2028"]),
        ("half-year", ["2026 H1", "2026 H2", "2027 H1"]),
        ("quarter", ["2026 Q1", "2026 Q2", "2026 Q3", "2026 Q4", "2027 Q1"]),
        ("month", ["2026 M01", "2026 M02", "2026 M03", *[f"2026 M{month:02d}" for month in range(4, 13)], "2027 M01"]),
        ("round", ["round 2026", "round 2027"]),
    ],
)
def test_periods_are_called_as_people_call_them(step: str, labels: list[str]) -> None:
    clock = Clock(start=2026, end=2040, step=step)
    assert [clock.period(number).label for number in range(len(labels))] == labels


def test_every_step_is_covered_here() -> None:
    assert set(PER_YEAR) == set(STEPS)


@SOME
@given(step=st.sampled_from(STEPS), start=st.integers(0, 9999), span=st.integers(0, 60))
def test_the_last_round_of_a_horizon_is_the_last_period_of_its_year(step: str, start: int, span: int) -> None:
    end = min(9999, start + span)
    clock = Clock(start=start, end=end, step=step)
    assert clock.rounds == clock.rounds_until(end) == (end - start + 1) * PER_YEAR[step]
    assert clock.period(clock.rounds - 1).year == end
    assert clock.period(clock.rounds).year == end + 1


@SOME
@given(step=st.sampled_from(STEPS), start=st.integers(0, 3000), round=st.integers(0, 500))
def test_time_never_goes_back_and_labels_never_repeat(step: str, start: int, round: int) -> None:
    clock = Clock(start=start, end=9999, step=step)
    now, then = clock.period(round), clock.period(round + 1)
    assert now.round == round
    assert 0 <= then.year - now.year <= 1
    assert now.label != then.label


def test_a_horizon_before_the_start_is_refused_with_the_bounds() -> None:
    with pytest.raises(InvalidValue, match="The clock starts in 2024: no run ends in 2023; name 2024 to 9999"):
        Clock(start=2024, end=2031).rounds_until(2023)
    with pytest.raises(InvalidValue, match="no run ends in 10000"):
        Clock(start=2024, end=2031).rounds_until(10_000)


def test_a_period_is_found_however_it_is_spaced() -> None:
    clock = Clock(start=2024, end=2027, step="half-year")

    assert [clock.round_of(when) for when in ("2025 H2", "2025H2", " 2025  h2 ", "2025", 2025)] == [3, 3, 3, 2, 2]
