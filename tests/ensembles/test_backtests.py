"""Facts are told as they happened, and forecasts are held against them, by scores that were worked out by hand."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from converse_graph import Clock, Facts, Header, Statement, Transcript, find_scenario, load_facts
from converse_graph.ensembles.backtest import score_backtest
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.record.transcript import Party

CLOCK = Clock(start=2020, end=2022)
FACTS: dict[str, Any] = {
    "version": 1,
    "title": "Boats",
    "source": "a count",
    "licence": "none",
    "variables": {"boats": {"unit": "boats", "fold": "max", "sentence": "{by} counted {value} boats"}},
    "scores": [
        {"field": "boats_estimate", "variable": "boats", "scale": 0.1},
        {"field": "chance", "variable": "boats", "scale": 0.01, "at_least": 4},
    ],
    "facts": [
        {"date": "2018-06-01", "variable": "boats", "value": 1, "by": "Ann"},
        {"date": "2019-06-01", "variable": "boats", "value": 2, "by": "Ann"},
        {"date": "2020-06-01", "variable": "boats", "value": 3, "by": "Ben"},
        {"date": "2021-06-01", "variable": "boats", "value": 2, "by": "Ben"},
        {"date": "2021-12-31", "text": "A law forbids boats"},
        {"date": "2022-06-01", "variable": "boats", "value": 5, "by": "Cy"},
    ],
}


def run_of(*reports: dict[str, Any], dials: dict[str, Any] | None = None, status: Any = "finished") -> Transcript:
    """A run in which one party makes a report a year."""
    header = Header(
        run="past", scenario="boats", status=status, created=datetime(2026, 1, 1, tzinfo=UTC), model="some:model",
        seed=1, clock={"start": 2020, "end": 2022, "step": "year", "rounds": 3}, order="listed",
        cast=(Party(name="A", kind="forecaster"),), dials=dials or {},
    )  # fmt: skip
    statements = tuple(
        Statement(round=round, turn=0, period=str(2020 + round), speaker="A", text="x", fields=fields)
        for round, fields in enumerate(reports)
    )
    return Transcript(header=header, statements=statements)


def test_a_fact_is_told_once_its_period_is_over_and_no_sooner() -> None:
    told = Facts(**FACTS).as_events(CLOCK, background=2)

    assert [(event.at, event.text) for event in told] == [
        ("2020", "2018-06-01: Ann counted 1 boats. 2019-06-01: Ann counted 2 boats."),
        ("2021", "2020-06-01: Ben counted 3 boats."),
        ("2022", "2021-06-01: Ben counted 2 boats. 2021-12-31: A law forbids boats."),
    ]


@pytest.mark.parametrize(
    ("before", "value"), [("2018-06-01", None), ("2018-06-02", 1), ("2022-01-01", 3), ("2022-06-02", 5)]
)
def test_the_value_at_a_date_is_the_largest_from_before_it(before: str, value: float | None) -> None:
    assert Facts(**FACTS).value("boats", date.fromisoformat(before)) == value


def test_forecasts_and_baselines_are_scored_as_by_hand() -> None:
    # Three quantiles score 2/3 of the sum of their pinball losses; ends of years: 1, 2, 3, 3, 5 from 2018 on.
    sure = {"p10": 30, "p50": 30, "p90": 30}
    wide = {"p10": 20, "p50": 40, "p90": 60}
    result = score_backtest(
        [run_of({"boats_estimate": sure, "chance": 0}, {"boats_estimate": wide, "chance": 50}, {"chance": 80})],
        Facts(**FACTS),
        name="past",
        cutoff="2021-01",
    )
    estimate, chance = result.scores

    assert [one.outcome for one in estimate.periods] == [3, 3]
    assert [one.score for one in estimate.periods] == pytest.approx([0, 2 / 3 * (0.1 * 1 + 0.5 * 1 + 0.1 * 3)])
    assert [one.persistence for one in estimate.periods] == pytest.approx([1, 0])
    assert estimate.periods[0].trend == pytest.approx(2 / 3 * (0.1 + 0.1) * 1.2815515655 * 0.05)
    assert [one.known_to_model for one in estimate.periods] == [True, False]
    assert [one.outcome for one in chance.periods] == [0, 0, 1]
    assert [one.score for one in chance.periods] == pytest.approx([0, 0.25, 0.04])
    assert [one.persistence for one in chance.periods] == [0, 0, 1]
    assert chance.mean("score", known_to_model=False) == pytest.approx((0.25 + 0.04) / 2)
    assert not any("not on record" in caution for caution in result.cautions)


def test_a_cutoff_that_nobody_knows_is_a_caution_and_a_dial_puts_it_on_record() -> None:
    report = {"chance": 10}
    unknown = score_backtest([run_of(report)], Facts(**FACTS), name="past")
    known = score_backtest([run_of(report, dials={"training_cutoff": "2023-10"})], Facts(**FACTS), name="past")

    assert any("not on record" in caution for caution in unknown.cautions)
    assert (known.cutoff, known.scores[0].periods[0].known_to_model) == ("2023-10", True)
    assert any("Every period lies before" in caution for caution in known.cautions)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"facts": [{"date": "2031-01-01", "text": "x"}]},
            "2031-01-01 (x) lies outside the clock, which has 2018 to 2022",
        ),
        ({"facts": [{"date": "1999-01-01", "text": "x"}]}, "lies outside the clock"),
        ({"facts": [{"date": "2020-02-30", "text": "x"}]}, "day"),
        ({"facts": [{"date": "2020-02-01", "value": 1}]}, "neither a variable"),
        ({"facts": [{"date": "2020-02-01", "variable": "cars", "value": 1}]}, "no variable 'cars'"),
        ({"version": 2}, "version"),
    ],
)
def test_facts_that_cannot_be_told_are_refused_in_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Facts(**{**FACTS, "scores": [], **change}).as_events(CLOCK, background=2)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("run", "facts", "cutoff", "message"),
    [
        (run_of({"other": 1}), FACTS, None, "no run of 'past' reports any"),
        (run_of({"chance": 1}, status="paused"), FACTS, None, "has finished"),
        (run_of({"chance": 1}), FACTS, "soon", "no training cutoff"),
        (run_of({}, {}, {"chance": 1}), {**FACTS, "facts": FACTS["facts"][:4]}, None, "do not span the clock"),
    ],
)
def test_what_cannot_be_scored_is_said_in_one_line(
    run: Transcript, facts: dict[str, Any], cutoff: str | None, message: str
) -> None:
    with pytest.raises(InvalidValue, match=message):
        score_backtest([run], Facts(**facts), name="past", cutoff=cutoff)


def test_the_backtest_tells_each_year_what_was_known_then_and_nothing_later() -> None:
    scenario = find_scenario("backtest")(start=2020, end=2022)

    assert [event.at for event in scenario.dated_events] == ["2020", "2021", "2022"]
    for event in scenario.dated_events:
        years = {int(part[:4]) for part in event.text.split() if part[:4].isdigit() and part.endswith(":")}
        assert max(years) == int(event.at) - 1
    assert find_scenario("backtest")(facts=False).dated_events == ()
    with pytest.raises(NotFound, match="training_compute"):
        load_facts("training_computes")
    assert len(load_facts("training_compute").facts) == 60
