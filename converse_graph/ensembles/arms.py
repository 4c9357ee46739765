"""Which settings of several dials are played: all combinations, or fewer that still tell the dials' effects apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from converse_graph.errors import InvalidValue

DEFAULT_SAMPLES = 10
"""Arms of a Latin hypercube, or paths of Morris's design."""
MORRIS_LEVELS = 4
"""Levels of each dial in Morris's design, as he advises (Technometrics 33, 1991)."""
_SEED = 0
"""Of designs that are drawn: the same design has the same arms on every machine."""

Vary = Mapping[str, Sequence[Any]]


def make_arms(kind: str, vary: Vary, *, samples: int = DEFAULT_SAMPLES) -> list[dict[str, Any]]:
    """Combine settings of dials to arms; an arm that comes twice is played once.

    Args:
        kind: "factorial", every combination; "one-at-a-time", the first values of all, and each other value with the
            first of the others; "fractional", a folded-over two-level design, in which no effect of a dial is
            mistaken for that of another or of a pair; "morris", paths that change one dial at each step; "latin", a
            Latin hypercube.
        vary: The values of each dial, in the order of what they mean.
        samples: How many arms a Latin hypercube has, or how many paths Morris's design.

    Raises:
        InvalidValue: The dials do not fit the design.
    """
    if not vary:
        return [{}]
    arms = {repr(arm): arm for arm in _DESIGNS[kind](vary, samples)}
    return list(arms.values())


def _factorial(vary: Vary, _: int) -> Iterator[dict[str, Any]]:
    return (dict(zip(vary, values, strict=True)) for values in product(*vary.values()))


def _one_at_a_time(vary: Vary, _: int) -> Iterator[dict[str, Any]]:
    base = {dial: values[0] for dial, values in vary.items()}
    yield base
    for dial, values in vary.items():
        yield from (base | {dial: value} for value in values[1:])


def _fractional(vary: Vary, _: int) -> Iterator[dict[str, Any]]:
    from scipy.linalg import hadamard

    for dial, values in vary.items():
        if len(values) != len(("low", "high")):
            raise InvalidValue(f"A fractional design has two levels; give dial {dial} two values, not {len(values)}.")
    if len(vary) <= len(("one", "two", "three")):  # all combinations are no more runs
        yield from _factorial(vary, 0)
        return
    signs = hadamard(1 << (len(vary) - 1).bit_length())[:, : len(vary)]
    for row in (*signs.tolist(), *(-signs).tolist()):
        yield {dial: values[sign < 0] for (dial, values), sign in zip(vary.items(), row, strict=True)}


def _morris(vary: Vary, samples: int) -> Iterator[dict[str, Any]]:
    return (arm_at(vary, point) for point in morris_points(len(vary), samples))


def _latin(vary: Vary, samples: int) -> Iterator[dict[str, Any]]:
    from scipy.stats import qmc

    points = qmc.LatinHypercube(len(vary), rng=_SEED).random(samples)
    return (arm_at(vary, point) for point in points.tolist())


@lru_cache(8)
def morris_points(dials: int, paths: int) -> tuple[tuple[float, ...], ...]:
    """Draw the points of Morris's design, path after path, each of one point more than there are dials.

    Args:
        dials: How many.
        paths: How many paths.
    """
    from SALib.sample import morris

    points = morris.sample(salib_problem(dials), paths, num_levels=MORRIS_LEVELS, seed=_SEED)
    return tuple(map(tuple, points.tolist()))


def salib_problem(dials: int) -> dict[str, Any]:
    """Describe dials from 0 to 1 to SALib.

    Args:
        dials: How many.
    """
    return {"num_vars": dials, "names": [f"x{number}" for number in range(dials)], "bounds": [[0, 1]] * dials}


def arm_at(vary: Vary, point: Sequence[float]) -> dict[str, Any]:
    """Find the settings at a point of the unit cube: a dial's values divide its side evenly.

    Args:
        vary: The values of each dial.
        point: A place from 0 to 1 for each.
    """
    return {
        dial: values[min(len(values) - 1, int(place * len(values)))]
        for (dial, values), place in zip(vary.items(), point, strict=True)
    }


_DESIGNS: Mapping[str, Callable[[Vary, int], Iterator[dict[str, Any]]]] = {
    "factorial": _factorial,
    "one-at-a-time": _one_at_a_time,
    "fractional": _fractional,
    "morris": _morris,
    "latin": _latin,
}
