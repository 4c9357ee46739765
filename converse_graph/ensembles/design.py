"""The design of an ensemble: arms, which are settings of the dials, times seeds, which all arms share."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field as Bound

from converse_graph.ensembles.arms import DEFAULT_SAMPLES, make_arms
from converse_graph.errors import InvalidValue
from converse_graph.scenarios.references import direct_reference
from converse_graph.scenarios.value import FrozenModel
from converse_graph.store import Store

NULL = "null"
"""The model that plays by chance; "null:0.05" is the same, and takes 0.05 seconds a call."""

_SET_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


Kind = Literal["factorial", "one-at-a-time", "fractional", "morris", "latin"]
"""How settings of several dials are combined to arms; see `converse_graph.ensembles.arms`."""
Role = Literal["arm", "chance", "paraphrase"]
"""What an arm is for: a setting of the dials; the same played by chance; the first arm told in other words."""
ALL_RUNS = "all runs"
"""The name of the arm where nothing was varied."""
WORDING = "wording"
"""The dial by which a scenario is told in other words with nothing else changed."""


def is_null(model: str | None) -> bool:
    """Say whether a model plays by chance, however long it takes.

    Args:
        model: As a user names it.
    """
    return model is not None and model.partition(":")[0] == NULL


class Cell(FrozenModel):
    """One run of a design."""

    run: str
    """What it is called: the same in every process, so that a sweep finds what it has played already."""
    dials: dict[str, Any]
    seed: int
    is_baseline: bool
    """Whether it is played by chance, to be held against the arm of the same settings."""
    is_paraphrase: bool = False
    """Whether it is the first arm told in other words."""
    is_direct: bool = False
    """Whether the model is asked directly, once, what comes of the arm: no replicate of it."""


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
    direct: bool = False
    """Whether the model is asked directly, once an arm, when its events come."""
    kind: Kind = "factorial"
    """How settings of the varied dials are combined to arms."""
    samples: Annotated[int, Bound(ge=1, le=10_000)] | None = None
    """How many arms a Latin hypercube has, or how many paths Morris's design; None for 10."""
    paraphrase: str | None = None
    """The setting of the dial `wording` by which the first arm is played once more, told otherwise."""
    parent: str | None = None
    """The run that all runs are forked from; None for runs that begin anew."""
    at: str | None = None
    """The first turn that is their own."""
    judge: bool = False
    """Whether the model judges each run at its end; chance judges nothing."""
    digest: str = ""
    """Of the scenario in each arm, and of its prompts: runs of another are no replicates of these."""
    runs: tuple[str, ...] = ()
    """Runs beside these that were put into the ensemble by name, such as imported ones; no sweep plays them."""

    def members(self, name: str) -> Iterator[str]:
        """Yield the name of every run: those of the design, then those that were put in.

        Args:
            name: Of the ensemble.
        """
        yield from (cell.run for cell in self.cells(name))
        yield from self.runs

    def replicates(self, name: str) -> Iterator[str]:
        """Yield the name of every run in which the scenario is played: the members but for the direct questions.

        Args:
            name: Of the ensemble.
        """
        yield from (cell.run for cell in self.cells(name) if not cell.is_direct)
        yield from self.runs

    @property
    def arms(self) -> tuple[dict[str, Any], ...]:
        """Settings of each arm, in the order in which they are played; the first is what others are held against."""
        return tuple(
            self.dials | arm for arm in make_arms(self.kind, self.vary, samples=self.samples or DEFAULT_SAMPLES)
        )

    def cells(self, name: str) -> Iterator[Cell]:
        """Yield every run: the direct questions, of a call each, and then seed by seed.

        A sweep that is broken off so has all arms about equally far.

        Args:
            name: Of the ensemble; the names of its runs begin with it.
        """
        arms = self.arms
        labels: list[tuple[dict[str, Any], str, bool, bool]] = [
            (dials, _arm_digest(dials), chance, False) for chance in self._by_chance for dials in arms
        ]
        if self.paraphrase is not None:
            worded = arms[0] | {WORDING: self.paraphrase}
            labels.append((worded, _arm_digest(worded), False, True))
        for dials in arms if self.direct else ():
            run = f"{name}-{_arm_digest(dials)}-direct"
            yield Cell(run=run, dials=dials, seed=self.first_seed, is_baseline=False, is_direct=True)
        for seed in range(self.first_seed, self.first_seed + self.seeds):
            for settings, digest, chance, is_worded in labels:
                run = f"{name}-{digest}{'-null' if chance else ''}-{seed}"
                yield Cell(run=run, dials=settings, seed=seed, is_baseline=chance, is_paraphrase=is_worded)

    @property
    def size(self) -> int:
        """How many runs there are."""
        replicates = (len(self.arms) * len(self._by_chance) + (self.paraphrase is not None)) * self.seeds
        return replicates + len(self.arms) * self.direct

    def label(self, cell: Cell) -> str:
        """Name the arm that a run belongs to, as a forecast does.

        Args:
            cell: The run.
        """
        settings = arm_label({dial: cell.dials[dial] for dial in self.vary})
        if cell.is_direct:
            return f"{settings}, asked directly"
        return arm_label_for_role(
            settings, "chance" if cell.is_baseline else "paraphrase" if cell.is_paraphrase else "arm"
        )

    def reference(self, cell: Cell) -> str:
        """Return the reference to what a run plays: the scenario, or its direct question.

        Args:
            cell: The run.
        """
        return direct_reference(self.scenario, self.rounds) if cell.is_direct else self.scenario

    def rounds_of(self, cell: Cell) -> int | None:
        """Return how many rounds a run plays; None for as many as the clock of what it plays has.

        Args:
            cell: The run.
        """
        return None if cell.is_direct else self.rounds

    @property
    def _by_chance(self) -> list[bool]:
        return [False, True] if self.baseline and not is_null(self.model) else [False]

    def extended(self, earlier: Design) -> Design:
        """Add this design's arms and seeds to an earlier one of the same name.

        Args:
            earlier: As it was saved.

        Raises:
            InvalidValue: They differ in more than arms and number of seeds, so that their runs are not one set.
        """
        same = ("scenario", "rounds", "model", "base_url", "first_seed", "kind", "parent", "at", "judge")
        changes = [name for name in same if getattr(self, name) != getattr(earlier, name)]
        changes += ["dials"] if self.dials != earlier.dials else []
        changes += ["vary"] if self.vary.keys() != earlier.vary.keys() else []
        if self.kind in ("fractional", "morris", "latin"):  # their arms hang together
            changes += [name for name in ("vary", "samples") if getattr(self, name) != getattr(earlier, name)]
        if changes:
            was = ", ".join(f"{name} was {_words(getattr(earlier, name))}" for name in changes)
            raise InvalidValue(
                f"There is an ensemble of that name with another design: {was}. Choose another --name, or give the "
                "settings that it began with."
            )
        vary = {dial: tuple(dict.fromkeys([*earlier.vary[dial], *self.vary[dial]])) for dial in self.vary}
        return self.model_copy(
            update={
                "vary": vary,
                "seeds": max(self.seeds, earlier.seeds),
                "baseline": self.baseline or earlier.baseline,
                "direct": self.direct or earlier.direct,
                "paraphrase": self.paraphrase or earlier.paraphrase,
                "runs": earlier.runs,
            }
        )


def arm_label(dials: Mapping[str, Any]) -> str:
    """Name an arm by its settings, such as "regulation=strict, labs=3".

    Args:
        dials: Settings by dial; none for the one arm of a design that varies nothing.
    """
    return ", ".join(f"{dial}={plain_setting(value)}" for dial, value in dials.items()) or ALL_RUNS


def plain_setting(value: Any) -> str:
    """Write the setting of a dial as it is given to one.

    Args:
        value: Of any type that a dial takes.
    """
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def arm_label_for_role(settings: str, role: Role) -> str:
    """Name an arm by its settings and what it is for.

    Args:
        settings: As `arm_label` has them.
        role: What it is for.
    """
    return {"arm": settings, "chance": f"{settings}, by chance", "paraphrase": f"{settings}, in other words"}[role]


def awaits_judge(store: Store, design: Design, cell: Cell) -> bool:
    """Whether a run has finished and is still to be judged; who played it may have been stopped between the two.

    Args:
        store: That it is in.
        design: Of its ensemble.
        cell: The run's.
    """
    if not design.judge or cell.is_baseline or cell.is_direct:
        return False
    run = store.register.summary(cell.run)
    return run is not None and run.status == "finished" and not store.verdicts(run.id).all()


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
