"""How records are ranked: by simulated time, weight and meaning, within bounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converse_graph import Clock, Recall
from converse_graph.errors import InvalidValue
from converse_graph.prompting.recall_ranking import Candidate, CueScores, recency, relevances, score, select

YEARS = st.floats(0, 200)
SHARE = st.floats(0, 1)
COSINES = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.floats(-1, 1), max_size=12)


@st.composite
def records(draw: st.DrawFn) -> list[Candidate]:
    names = draw(st.lists(st.integers(0, 999), unique=True, max_size=12))
    return [
        Candidate(name=str(name), years=draw(YEARS), importance=draw(SHARE), tokens=draw(st.integers(1, 400)))
        for name in names
    ]


@st.composite
def settings_(draw: st.DrawFn) -> Recall:
    return Recall(
        max_records=draw(st.integers(1, 20)),
        max_tokens=draw(st.integers(50, 2000)),
        half_life=draw(st.floats(0.1, 100)),
        recency=draw(st.floats(0.1, 10)),
        importance=draw(st.floats(0.1, 10)),
        relevance=draw(st.floats(0.1, 10)),
    )


@settings(deadline=None)
@given(YEARS, st.floats(0.1, 100))
def test_after_a_half_life_more_a_record_is_half_as_recent(years: float, half_life: float) -> None:
    assert recency(0, half_life) == 1
    assert recency(years + half_life, half_life) == pytest.approx(recency(years, half_life) / 2)


@settings(deadline=None)
@given(records(), settings_(), YEARS)
def test_of_records_alike_in_all_else_the_more_recent_heavier_or_nearer_scores_higher(
    some: list[Candidate], recall: Recall, later: float
) -> None:
    for record in some:
        older = Candidate(name="x", years=record.years + later, importance=record.importance, tokens=1)
        lighter = Candidate(name="x", years=record.years, importance=record.importance / 2, tokens=1)
        assert score(record, 0.5, recall) >= score(older, 0.5, recall)
        assert score(record, 0.5, recall) >= score(lighter, 0.5, recall)
        assert score(record, 0.5, recall) > score(record, 0.4, recall)


@settings(deadline=None)
@given(records(), settings_(), COSINES)
def test_what_is_chosen_is_within_its_bounds_and_the_same_in_any_order(
    some: list[Candidate], recall: Recall, cosines: dict[str, float]
) -> None:
    taken = select(some, cosines, recall)
    assert taken == select(some[::-1], cosines, recall)
    assert len(set(taken)) == len(taken) <= recall.max_records
    sizes = {record.name: record.tokens for record in some}
    assert sum(sizes[name] for name in taken) <= recall.max_tokens
    if len(taken) < recall.max_records:
        left = recall.max_tokens - sum(sizes[name] for name in taken)
        assert all(record.tokens > left for record in some if record.name not in taken), "none that fits is left out"


@settings(deadline=None)
@given(records(), settings_(), st.integers(1, 50))
def test_what_others_have_said_since_makes_no_record_older(some: list[Candidate], recall: Recall, more: int) -> None:
    # Ranked by position, as in the code that was published with the formula, each newcomer would age all others.
    newer = [Candidate(name=f"new {number}", years=0, importance=0, tokens=10**6) for number in range(more)]
    assert select([*some, *newer], {}, recall) == select(some, {}, recall)


@settings(deadline=None)
@given(st.lists(st.tuples(COSINES, st.floats(0.1, 1)), max_size=4))
def test_relevance_runs_from_0_to_1_and_keeps_the_order_of_what_one_thing_is_like(
    talked_of: list[tuple[dict[str, float], float]],
) -> None:
    found = relevances(CueScores(weight=weight, cosines=cosines) for cosines, weight in talked_of)
    assert found.keys() == {name for cosines, _ in talked_of for name in cosines}
    assert all(0 <= relevance <= 1 for relevance in found.values())
    for cosines, weight in talked_of:
        alone = relevances([CueScores(weight=weight, cosines=cosines)])
        ranked = sorted(cosines, key=lambda name: cosines[name])
        assert [alone[name] for name in ranked] == sorted(alone.values())
        if len(ranked) > 1 and cosines[ranked[-1]] - cosines[ranked[0]] > 1e-3:
            assert (alone[ranked[0]], alone[ranked[-1]]) == (0, 1)


@settings(deadline=None)
@given(COSINES, st.floats(0.01, 1), st.floats(-1, 1))
def test_what_an_embedder_s_cosines_are_about_does_not_count_only_their_differences(
    cosines: dict[str, float], narrower: float, moved: float
) -> None:
    coarse = {name: round(cosine, 2) for name, cosine in cosines.items()}
    changed = {name: cosine * narrower + moved for name, cosine in coarse.items()}
    before, after = (relevances([CueScores(weight=1, cosines=told)]) for told in (coarse, changed))
    assert after == pytest.approx(before, abs=1e-6)


def test_a_record_that_stands_out_for_what_is_asked_goes_before_those_that_are_like_what_was_said() -> None:
    like = {str(number): 0.5 + number / 100 for number in range(9)}
    said = CueScores(weight=0.5, cosines={**like, "fact": 0.1})
    asked = CueScores(weight=1, cosines={**dict.fromkeys(like, 0.1), "fact": 0.4})
    found = relevances([said, asked])
    assert found["fact"] == 1
    assert max(found[name] for name in like) < 0.5


def test_with_nobody_to_tell_what_is_relevant_recency_and_importance_decide() -> None:
    old, young, heavy = (
        Candidate(name=name, years=years, importance=importance, tokens=10)
        for name, years, importance in (("old", 40, 0.3), ("young", 2, 0.3), ("heavy", 40, 0.9))
    )
    assert select([old, young, heavy], {}, Recall(max_records=2)) == ("heavy", "young")
    assert select([old, young, heavy], {"old": 0.9, "young": 0.1, "heavy": 0.1}, Recall(max_records=1)) == ("old",)


@pytest.mark.parametrize(
    ("step", "years"), [("year", 8.0), ("half-year", 4.0), ("quarter", 2.0), ("month", 8 / 12), ("round", 8.0)]
)
def test_time_passes_by_the_clock(step: str, years: float) -> None:
    assert Clock(start=2026, end=2060, step=step).years_between(2, 10) == years


def test_weights_that_are_all_0_are_refused() -> None:
    with pytest.raises(InvalidValue, match="let one of them count"):
        Recall(recency=0, importance=0, relevance=0)
