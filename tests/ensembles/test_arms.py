"""Designs play fewer arms than all combinations, and keep the dials' effects apart."""

from itertools import combinations

import numpy as np
import pytest
from SALib.analyze import morris

from converse_graph.ensembles.arms import MORRIS_LEVELS, arm_at, make_arms, morris_points, salib_problem
from converse_graph.errors import InvalidValue

TWO = dict.fromkeys("abcdef", (0, 1))


@pytest.mark.parametrize(
    ("kind", "vary", "arms"),
    [
        ("factorial", {"a": (1, 2, 3), "b": (1, 2)}, 6),
        ("factorial", {}, 1),
        ("one-at-a-time", {"a": (1, 2, 3), "b": (1, 2)}, 4),
        ("fractional", dict.fromkeys("abc", (0, 1)), 8),
        ("fractional", TWO, 16),
        ("latin", {"a": tuple(range(10)), "b": tuple(range(10))}, 10),
    ],
)
def test_a_design_has_as_many_arms_as_it_takes(kind: str, vary: dict[str, tuple[int, ...]], arms: int) -> None:
    assert len(make_arms(kind, vary, samples=10)) == arms


def test_in_a_fractional_design_no_dial_goes_with_another_or_with_a_pair() -> None:
    signs = np.array([[2 * arm[name] - 1 for name in TWO] for arm in make_arms("fractional", TWO)])

    for first, second, third in combinations(range(len(TWO)), 3):
        assert signs[:, first] @ signs[:, second] == 0
        assert (signs[:, first] * signs[:, second]) @ signs[:, third] == 0
    assert (signs.sum(axis=0) == 0).all()


def test_a_latin_hypercube_plays_each_value_once() -> None:
    arms = make_arms("latin", {"a": tuple(range(10)), "b": tuple(range(10))}, samples=10)

    assert sorted(arm["a"] for arm in arms) == sorted(arm["b"] for arm in arms) == list(range(10))


def test_paths_of_morris_change_one_dial_a_step_and_tell_slopes_to_the_digit() -> None:
    points = morris_points(3, 6)
    steps = [
        sum(one != other for one, other in zip(points[n], points[n + 1], strict=True))
        for n in range(len(points) - 1)
        if (n + 1) % 4
    ]
    results = np.array([4 * x + 2 * y for x, y, _ in points])
    measures = morris.analyze(salib_problem(3), np.array(points), results, num_levels=MORRIS_LEVELS, seed=0)

    assert set(steps) == {1}
    assert list(measures["mu_star"]) == pytest.approx([4, 2, 0])
    assert list(measures["sigma"]) == pytest.approx([0, 0, 0], abs=1e-9)
    assert arm_at({"a": "wxyz", "b": (1, 2, 3), "c": (0,)}, (1.0, 0.5, 0.2)) == {"a": "z", "b": 2, "c": 0}


def test_a_fractional_design_takes_two_values() -> None:
    with pytest.raises(InvalidValue, match="give dial a two values, not 3"):
        make_arms("fractional", {"a": (1, 2, 3), "b": (1, 2)})
