"""What a forecast says of arms: beside chance, beside other words, corrected, and in words where figures would lie."""

import numpy as np
import pytest

from converse_graph.ensembles.design import Design
from converse_graph.ensembles.forecast import forecast
from converse_graph.ensembles.forecast_values import Forecast
from converse_graph.ensembles.report import forecast_html, forecast_markdown
from converse_graph.measures.outcomes import Outcome


def row(seed: int, year: float | None, *, model: str = "m", horizon: float = 20.0, **dials: str) -> Outcome:
    """A run in which the treaty came after so many years, or not by its horizon."""
    return Outcome(
        run=f"r-{model}-{'-'.join(dials.values())}-{seed}",
        scenario="sea",
        model=model,
        seed=seed,
        dials=dials,
        status="finished",
        ended="horizon",
        start=2026,
        step="year",
        watched=horizon,
        events={} if year is None else {"treaty": year},
        awaited=("treaty",),
        last_values={},
        estimates=(),
        statements=10,
        empty=0,
        drift_signs=seed % 3,
    )


def draw(arms: dict[str, float], seeds: int, *, model: str = "m", dial: str = "law") -> list[Outcome]:
    """Runs of arms in which the treaty comes about so many years later than in the first, seed by seed."""
    years = np.random.default_rng(5).integers(3, 12, seeds)
    noise = np.random.default_rng(6).integers(-1, 2, (len(arms), seeds))
    return [
        row(seed, float(years[seed] + later + noise[number][seed]), model=model, **{dial: name})
        for number, (name, later) in enumerate(arms.items())
        for seed in range(seeds)
    ]


def of(rows: list[Outcome], **options: object) -> Forecast:
    return forecast(rows, "treaty", name="sea", **options)  # type: ignore[arg-type]


def test_an_effect_no_larger_than_that_of_other_words_is_reported_as_none() -> None:
    rows = draw({"none": 0, "strict": 2, "harsh": 6}, 60)
    worded = [one.model_copy(update={"dials": {"law": "none", "wording": "other"}}) for one in draw({"none": 3}, 60)]
    rows = [one.model_copy(update={"dials": {**one.dials, "wording": "plain"}}) for one in rows]
    design = Design(scenario="sea", vary={"law": ("none", "strict", "harsh")}, seeds=60, paraphrase="other")

    told = of(rows + worded, design=design)

    findings = {one.arm: one.finding for one in told.comparisons}
    assert told.nuisance == pytest.approx(3, abs=0.5)
    assert findings["law=strict"].startswith("none: no larger than what other words alone do")
    assert findings["law=harsh"] == "comes later"
    assert [effect.dial for effect in told.effects] == ["law"]


def test_runs_in_which_persons_played_are_an_arm_of_their_own_and_are_named() -> None:
    rows = draw({"none": 0, "strict": 2}, 12)
    alone = of(rows)
    assert [arm.arm for arm in alone.arms] == ["law=none", "law=strict"]
    played = [one.model_copy(update={"humans": ("Bank", "Firm/CEO"), "run": f"p{one.seed}"}) for one in rows[:3]]
    told = of([*rows, *played])
    runs = {arm.arm: arm.survival.runs for arm in told.arms}
    assert runs == {"law=none, humans=nobody": 12, "law=strict, humans=nobody": 12,
                    "law=none, humans=Bank; Firm/CEO": 3}  # fmt: skip
    assert any(one.startswith("Persons played a party in 3 of 27 runs: p0, p1, p2.") for one in told.cautions)


@pytest.mark.parametrize("chance", ["null", "null:0.05"])
def test_a_model_that_does_as_chance_does_is_said_to_add_nothing(chance: str) -> None:
    rows = draw({"none": 0, "strict": 0}, 40) + draw({"none": 0, "strict": 5}, 40, model=chance)

    told = of(rows)

    findings = {one.reference: one.finding for one in told.comparisons if one.role == "chance"}
    assert findings["law=none"] == "no more than chance brings about"
    assert findings["law=strict"] == "differs from what chance brings about"
    assert any("adds nothing that chance does not bring about in: law=none" in one for one in told.cautions)
    assert not any(one.arm.endswith("by chance") and one.role == "arm" for one in told.arms)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(0, 3.0)], "one run is an anecdote; no interval can be given"),
        ([row(n, None, law="a") for n in range(12)], "happened in none of 12 runs; how late it may come"),
        ([row(n, 3.0 + n, law="a") for n in range(4)] + [row(n + 9, 4.0, law="b") for n in range(4)],
         "the arms have too few seeds in common to tell"),
        ([row(n, None, law="a") for n in range(4)] + [row(n, None, law="b") for n in range(4)],
         "no difference can be told"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_reckon_there_are_words_and_no_interval(rows: list[Outcome], words: str) -> None:
    told = of(rows)

    assert words in forecast_markdown(told)
    assert all(one.difference.years.low is None for one in told.comparisons)


def test_a_page_of_html_has_its_figures_inside_and_asks_for_nothing() -> None:
    rows = [
        one.model_copy(update={"dials": {**one.dials, "labs": labs}})
        for labs in ("two", "five")
        for one in draw({"none": 0, "strict": 4}, 20)
    ]

    page = forecast_html(of(rows, years=[2030, 2035]), manifest={"models": "m"}, commands=["converse forecast sea"])

    assert page.count("<svg") == 3  # curves, arms, dials
    assert "r-m-none-0" in page
    assert "<script" not in page
    assert 'src="' not in page


@pytest.mark.slow
def test_ten_thousand_runs_are_all_counted() -> None:
    rows = draw({"none": 0, "strict": 1, "harsh": 2, "mild": 0}, 2_500)

    told = of(rows, years=[2030, 2035, 2040])

    assert sum(arm.survival.runs for arm in told.arms) == 10_000


def test_words_never_contradict_the_p_value_that_stands_beside_them() -> None:
    late = np.random.default_rng(1).integers(9, 12, 60)
    steady = [row(seed, float(year), horizon=12, law="none") for seed, year in enumerate(late)]
    soon_or_never = [
        row(seed, float(2 + seed % 3) if seed % 9 < 2 else None, horizon=12, law="strict") for seed in range(60)
    ]

    told = of(steady + soon_or_never)

    (one,) = told.comparisons
    low, high = one.difference.years.low, one.difference.years.high
    assert low is not None
    assert high is not None
    assert low < 0 < high
    assert one.adjusted_p is not None
    assert one.adjusted_p < 0.001
    assert one.finding == "no difference of the mean beyond chance, but the curves differ"
    page = forecast_markdown(told)
    assert "none of the mean, though the curves differ beyond chance" in page
    assert "0.000" not in page


def test_arms_that_come_out_alike_are_told_as_such_and_none_is_named_twice() -> None:
    page = forecast_markdown(of([row(seed, 3.0, law=law) for law in ("none", "strict") for seed in range(12)]))

    assert "in each of 2 arms alike" in page.partition("## What to keep in mind")[0]


def test_a_run_has_the_label_of_its_arm_wherever_it_is_named() -> None:
    design = Design(scenario="sea", vary={"law": ("none", "strict"), "labs": (3,)}, seeds=1, model="m", direct=True,
                    paraphrase="other")  # fmt: skip

    assert list(dict.fromkeys(design.label(cell) for cell in design.cells("sea"))) == [
        "law=none, labs=3, asked directly",
        "law=strict, labs=3, asked directly",
        "law=none, labs=3",
        "law=strict, labs=3",
        "law=none, labs=3, by chance",
        "law=strict, labs=3, by chance",
        "law=none, labs=3, in other words",
    ]


def test_a_run_that_another_event_ended_after_this_one_had_come_is_counted_as_one_in_which_it_came() -> None:
    had_it = [row(seed, 4, law="none").model_copy(update={"ended": "event war"}) for seed in range(12)]
    assert not any("ended by another event" in caution for caution in of(had_it).cautions)

    never = [row(seed, None, law="none").model_copy(update={"ended": "event war"}) for seed in range(12, 15)]
    [caution] = [caution for caution in of(had_it + never).cautions if "ended by another event" in caution]
    assert "war (3)" in caution


@pytest.mark.parametrize(
    ("years", "words"),
    [
        ({("a", "x"): 4, ("b", "x"): 6, ("a", "y"): 6, ("b", "y"): 8}, "Law and port move it alike, by 2.00 years"),
        ({("a", "x"): 4, ("b", "x"): 6, ("a", "y"): 5, ("b", "y"): 7}, "Law moves it most, by 2.00 years"),
        ({("a",): 4, ("b",): 6}, "Law moves it, by 2.00 years"),
    ],
)
def test_the_dial_that_moves_it_most_is_named_and_two_that_do_so_alike_both(
    years: dict[tuple[str, ...], float], words: str
) -> None:
    rows = [
        row(seed, year, **dict(zip(("law", "port"), values, strict=False)))
        for values, year in years.items()
        for seed in range(6)
    ]
    assert words in forecast_markdown(of(rows), commands=[], manifest={})
