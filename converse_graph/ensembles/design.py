"""The design of an ensemble: arms, which are settings of the dials, times seeds, which all arms share."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Annotated, Any

from pydantic import Field as Bound

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.value import FrozenModel

NULL = "null"
"""The model that plays by chance."""

_SET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Cell(FrozenModel):
    """One run of a design."""

    run: str
    """What it is called: the same in every process, so that a sweep finds what it has played already."""
    dials: dict[str, Any]
    seed: int
    is_baseline: bool
    """Whether it is played by chance, to be held against the arm of the same settings."""


class Design(FrozenModel):
    """What an ensemble plays: every arm with every seed."""

    scenario: str
    """How to find the scenario function again."""
    vary: dict[str, tuple[Any, ...]] = Bound(default_factory=dict)
    """The values of each dial that is varied; the arms are all combinations."""
    dials: dict[str, Any] = Bound(default_factory=dict)
    """Settings that all arms share."""
    seeds: Annotated[int, Bound(ge=0, le=1_000_000)]
    """Replicates of each arm: seeds `first_seed`, `first_seed` + 1 and so on, the same in each; none where all runs
    were put in by name."""
    first_seed: Annotated[int, Bound(ge=0)] = 0
    rounds: Annotated[int, Bound(ge=1)] | None = None
    """How many rounds each run plays; None for as many as the clock has."""
    model: str | None = None
    base_url: str | None = None
    baseline: bool = True
    """Whether each arm is played by chance too, where the model is another than the null model."""
    runs: tuple[str, ...] = ()
    """Runs beside these that were put into the ensemble by name, such as imported ones; no sweep plays them."""

    def members(self, name: str) -> Iterator[str]:
        """Yield the name of every run: those of the design, then those that were put in.

        Args:
            name: Of the ensemble.
        """
        yield from (cell.run for cell in self.cells(name))
        yield from self.runs

    @property
    def arms(self) -> tuple[dict[str, Any], ...]:
        """Settings of each arm, all combinations of what is varied, in the order in which they are named."""
        return tuple(self.dials | dict(zip(self.vary, values, strict=True)) for values in product(*self.vary.values()))

    def cells(self, name: str) -> Iterator[Cell]:
        """Yield every run, seed by seed, so that a sweep that is broken off has all arms about equally far.

        Args:
            name: Of the ensemble; the names of its runs begin with it.
        """
        models = [False, True] if self.baseline and self.model != NULL else [False]
        labels = [(dials, _arm_digest(dials), chance) for chance in models for dials in self.arms]
        for seed in range(self.first_seed, self.first_seed + self.seeds):
            for dials, digest, chance in labels:
                run = f"{name}-{digest}{'-null' if chance else ''}-{seed}"
                yield Cell(run=run, dials=dials, seed=seed, is_baseline=chance)

    @property
    def size(self) -> int:
        """How many runs there are."""
        return len(self.arms) * self.seeds * (2 if self.baseline and self.model != NULL else 1)

    def extended(self, earlier: Design) -> Design:
        """Add this design's arms and seeds to an earlier one of the same name.

        Args:
            earlier: As it was saved.

        Raises:
            InvalidValue: They differ in more than arms and number of seeds, so that their runs are not one set.
        """
        same = ("scenario", "rounds", "model", "base_url", "first_seed", "baseline")
        changes = [name for name in same if getattr(self, name) != getattr(earlier, name)]
        changes += ["dials"] if self.dials != earlier.dials else []
        changes += ["vary"] if self.vary.keys() != earlier.vary.keys() else []
        if changes:
            was = ", ".join(f"{name} was {_words(getattr(earlier, name))}" for name in changes)
            raise InvalidValue(
                f"There is an ensemble of that name with another design: {was}. Choose another --name, or give the "
                "settings that it began with."
            )
        vary = {dial: tuple(dict.fromkeys([*earlier.vary[dial], *self.vary[dial]])) for dial in self.vary}
        return self.model_copy(update={"vary": vary, "seeds": max(self.seeds, earlier.seeds), "runs": earlier.runs})


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_words(inner)}" for key, inner in value.items()) or "nothing"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(_words, value))
    return "not set" if value is None else str(value)


def _arm_digest(dials: Mapping[str, Any]) -> str:
    text = json.dumps(dials, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=3).hexdigest()


def check_ensemble_name(name: str) -> None:
    """Refuse a name that runs could not begin with.

    Raises:
        InvalidValue: It is none.
    """
    if not _SET_NAME.fullmatch(name):
        raise InvalidValue(f"An ensemble is called by a-z, 0-9, _ and -, 40 letters at most, not {name!r}.")
