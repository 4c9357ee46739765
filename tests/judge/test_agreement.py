import random

import krippendorff
import pytest

from converse_graph.judge.agreement import agreement, krippendorff_alpha
from converse_graph.record.verdict import Score, Verdict


def test_alpha_is_what_it_comes_to_by_hand():
    # Units (1,1), (2,3), (4,4): n = 6, n(1) = 2, n(2) = 1, n(3) = 1, n(4) = 2.
    # Distances: d(2,3) = (1/2+1/2)^2 = 1; d(1,2) = 1.5^2, d(1,3) = 2.5^2, d(1,4) = 4^2, d(2,4) = 2.5^2, d(3,4) = 1.5^2.
    # Observed: 2 * 1 = 2. Expected: 2 * (2*2.25 + 2*6.25 + 4*16 + 1 + 2*6.25 + 2*2.25) / 5 = 39.6.
    assert krippendorff_alpha([[1, 2, 4], [1, 3, 4]]) == pytest.approx(1 - 2 / 39.6)


def test_alpha_equals_the_reference_package_on_random_scores_with_gaps():
    chance = random.Random(5)
    for _ in range(40):
        judges, units = chance.randint(2, 5), chance.randint(3, 9)
        rows = [[chance.choice([None, *range(1, 11)]) for _ in range(units)] for _ in range(judges)]
        own = krippendorff_alpha(rows)
        if own is None:
            continue
        table = [[float("nan") if score is None else score for score in row] for row in rows]
        reference = krippendorff.alpha(table, level_of_measurement="ordinal", value_domain=list(range(1, 11)))
        assert own == pytest.approx(reference)


def test_alpha_is_not_defined_where_scores_do_not_vary_or_nobody_scored_twice():
    assert krippendorff_alpha([[5, 5], [5, 5]]) is None
    assert krippendorff_alpha([[1, None], [None, 9]]) is None


def test_judgings_of_an_earlier_state_of_the_run_do_not_count_for_agreement():
    def verdict(repeat: int, statements: int, *scores: int) -> Verdict:
        told = [Score(question=f"q{number}", score=score) for number, score in enumerate(scores)]
        return Verdict(rubric="general", model="m", repeat=repeat, statements=statements, scores=told)

    assert agreement([verdict(1, 3, 1, 9)]) == {}
    assert agreement([verdict(1, 2, 1, 9), verdict(2, 3, 9, 1)]) == {}
    assert agreement([verdict(1, 3, 1, 9), verdict(2, 3, 1, 9), verdict(3, 2, 9, 1)]) == {"general": 1.0}
