"""Plays an ensemble: all runs of a design that are not played yet, many at once in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, takewhile

from converse_graph.calls.budget import Budget, budget_of_one
from converse_graph.ensembles.design import NULL, Cell, Design, awaits_judge, check_ensemble_name, is_null
from converse_graph.errors import BudgetExceeded, ConverseError, RunPaused
from converse_graph.judge.runs import judge_run
from converse_graph.measures.outcomes import Outcome, outcome
from converse_graph.models.prices import Prices
from converse_graph.models.registry import ModelRegistry
from converse_graph.prompting.templates import load_prompts
from converse_graph.runs.derived import fork
from converse_graph.runs.fingerprint import digest_of, fingerprint
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.direct_question import event_names
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Run, Store

DEFAULT_JOBS = 8
"""Runs that are on at once in a process."""


@dataclass(kw_only=True)
class Progress:
    """How far a sweep is."""

    runs: int
    """In the design."""
    done: int = 0
    """Finished, now or before."""
    running: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Why a run failed, or could not go on, by its name."""
    tokens: int = 0
    usd: float | None = None
    """What has been spent in this sweep, where it is known."""


class Spending:
    """What the runs of a sweep have spent since it began, those that are still on counted in."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._tokens, self._usd = 0, 0.0
        self._is_priced = False

    @property
    def tokens(self) -> int:
        """Of prompts and replies."""
        return self._tokens

    @property
    def usd(self) -> float | None:
        """In dollars; None where no call had a price."""
        return self._usd if self._is_priced else None

    def add(self, *, tokens: int, usd: float | None) -> None:
        """Add what a run has spent since it was last looked at.

        Args:
            tokens: Of prompts and replies.
            usd: In dollars; None where that is not known.
        """
        self._tokens += tokens
        if usd is not None:
            self._usd, self._is_priced = self._usd + usd, True


def design_digest(design: Design) -> str:
    """Digest the scenario of each arm, and the prompts.

    Args:
        design: With the scenario's reference and its dials.

    Raises:
        NotFound: The scenario is gone, or has no such dial.
        InvalidValue: A dial does not take its setting.
    """
    function, prompts = find_scenario(design.scenario), load_prompts()
    digests = {
        str(number): digest_of(fingerprint(function(**arm), prompts))
        for number, arm in enumerate(design.arms[:_MOST_DIGESTED])
    }
    return digest_of(digests)


def can_be_asked(design: Design) -> bool:
    """Say whether a model can be asked directly what comes of a design's arms.

    Chance has no answer, forks are played on from a past that a question does not tell of, and where an arm awaits no
    event there is nothing to ask.

    Args:
        design: With the scenario's reference, its dials and its model.

    Raises:
        NotFound: The scenario is gone, or has no such dial.
        InvalidValue: A dial does not take its setting.
    """
    if is_null(design.model) or design.parent is not None:
        return False
    function = find_scenario(design.scenario)
    return all(event_names(function(**arm)) for arm in design.arms)


_MOST_DIGESTED = 64
"""Arms whose scenarios are compared with what they were; more would take longer than they tell."""


async def save_design(store: Store, name: str, design: Design, *, created: datetime) -> tuple[str, Design]:
    """Save a design under a name, or add its arms and seeds to the one that has it.

    Where the scenario or its prompts have changed since, the runs of now are no replicates of those before: they
    become a set of their own, under the name with a number.

    Args:
        store: Where its runs are kept.
        name: Of the ensemble.
        design: What is wanted.
        created: For the record.

    Returns:
        The name that it has, and the design as it is from now on.

    Raises:
        InvalidValue: The name is none, or belongs to another design.
    """
    check_ensemble_name(name)
    number, set_name = 1, name
    while (saved := store.ensembles.find(set_name)) is not None:
        earlier = Design.model_validate_json(saved)
        if earlier.scenario != design.scenario or design_digest(earlier) == earlier.digest:
            design = design.extended(earlier)
            break
        number += 1
        set_name = f"{name}-{number}"
    design = design.model_copy(update={"digest": design_digest(design)})
    await store.ensembles.save(set_name, design.model_dump_json(), created=created)
    return set_name, design


async def close_run(
    simulation: Simulation, design: Design, cell: Cell, *, budget: Budget | None = None, prices: Prices | None = None
) -> None:
    """Do what is left to do for a run that has finished: judge it where the design says so, and write its rows.

    Args:
        simulation: Of the run.
        design: Of its ensemble.
        cell: The run's.
        budget: What the judge may spend.
        prices: What calls are charged by; None for the public list.

    Raises:
        RunPaused: The judge's server cannot be reached, or the budget is spent.
    """
    store = simulation.store
    if awaits_judge(store, design, cell):
        await judge_run(store, cell.run, chats=simulation.chats, budget=budget, prices=prices)
    await store.save_data(cell.run)


class SweepPlayer:
    """Plays the runs of an ensemble that have not finished, many at once; the scenarios of arms are made once."""

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        jobs: int = DEFAULT_JOBS,
        budget: Budget | None = None,
        prices: Prices | None = None,
        retry_failed: bool = False,
        watch: Callable[[Progress], None] | None = None,
        numbers: Iterable[int] | None = None,
        spending: Spending | None = None,
    ) -> None:
        """Look the design up.

        Args:
            store: Where the design and its runs are.
            name: Of the ensemble.
            jobs: How many runs are on at once.
            budget: What all runs together may spend from now on; once it is spent, all pause.
            prices: What calls are charged by; None for the public list.
            retry_failed: Whether runs that failed are taken up again.
            watch: Told of how far it is, whenever that changes.
            numbers: Which runs this player plays, from 0 in the order of the design, taken one by one as it comes to
                them and never twice; None for all.
            spending: What the budget is held against; None for what this player's own runs spend.

        Raises:
            NotFound: There is no such ensemble, or its scenario is gone.
        """
        self._store, self._design = store, Design.model_validate_json(store.ensembles.design(name))
        self._jobs, self._budget, self._prices, self._retry_failed = max(1, jobs), budget, prices, retry_failed
        self._watch = watch or (lambda _: None)
        cells = list(self._design.cells(name))
        own_numbers = takewhile(lambda number: number < len(cells), count() if numbers is None else numbers)
        self._cells, self.progress = (cells[number] for number in own_numbers), Progress(runs=len(cells))
        find_scenario(self._design.scenario)  # refused before any run is begun
        self._scenarios: dict[str, Scenario] = {}
        self._spending = spending or Spending()
        self._playing: dict[str, Simulation] = {}
        self._beginning = asyncio.Lock()
        """One run begins at a time: runs that begin at once go on in step, and all wait where one has work to do."""
        self._charged: dict[str, tuple[int, float | None]] = {}
        self._is_over = False
        self.is_pausing = False

    async def play(self) -> Progress:
        """Play every run that has not finished.

        A run that cannot go on is kept, counted and left; the others go on. What was played before is not played
        again.

        Raises:
            RunPaused: The budget is spent; the same call goes on.
        """
        workers = [asyncio.create_task(self._work()) for _ in range(self._jobs)]
        looking = asyncio.create_task(self._look())
        try:
            await asyncio.gather(*workers)
        finally:
            for task in (looking, *workers):
                task.cancel()
            await asyncio.gather(looking, *workers, return_exceptions=True)
        if self._is_over:
            raise BudgetExceeded(self._over())
        return self.progress

    def pause(self) -> None:
        """Stop every run at its next step, and begin no other; may be called from a signal handler."""
        self.is_pausing = True
        for simulation in self._playing.values():
            simulation.pause()

    async def _look(self) -> None:
        """Count what the runs that are on spend, and pause them all once that is the budget."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for name in tuple(self._playing):
                self._charge(name)
            self._watch(self.progress)
            if not self._is_over and self._over():
                self._is_over = True
                for simulation in self._playing.values():
                    simulation.pause()

    async def _work(self) -> None:
        for cell in self._cells:
            if self.is_pausing or self._is_over:
                return
            await self._play(cell)

    async def _play(self, cell: Cell) -> None:
        """Play one run, or see that it has been played."""
        progress, status = self.progress, self._status(cell)
        if status == "finished" and not awaits_judge(self._store, self._design, cell):
            progress.done += 1
        elif status == "failed" and not self._retry_failed:
            progress.failed[cell.run] = "It failed before; --retry-failed takes it up again."
        else:
            progress.running += 1
            self._watch(progress)
            try:
                if await self._play_cell(cell) == "finished":
                    progress.done += 1
            except RunPaused as error:
                if over := self._over():  # the run names but what was left for it
                    raise BudgetExceeded(over) from error
                progress.failed[cell.run] = str(error)
            except ConverseError as error:
                progress.failed[cell.run] = str(error)
            finally:
                progress.running -= 1
        self._watch(progress)

    def _status(self, cell: Cell) -> str | None:
        run = self._store.register.summary(cell.run)
        return None if run is None else run.status

    async def _play_cell(self, cell: Cell) -> str:
        async with self._simulation(cell) as simulation:
            before = simulation.run
            try:
                run = await simulation.play(budget=self._budget_left(before))
                if run.status == "finished":
                    left = self._budget_left(before)
                    await close_run(simulation, self._design, cell, budget=left, prices=self._prices)
            finally:
                self._charge(cell.run)
            return run.status

    def _charge(self, name: str) -> None:
        """Count what a run has spent since it was last looked at."""
        tokens, usd = self._charged[name]
        run, progress = self._store.register.summary(name), self.progress
        if run is None:  # somebody took it away
            return
        spent_usd = None if run.usd is None else run.usd - (usd or 0.0)
        self._charged[name] = (run.tokens, run.usd)
        self._spending.add(tokens=run.tokens - tokens, usd=spent_usd)
        progress.tokens += run.tokens - tokens
        if spent_usd is not None:
            progress.usd = (progress.usd or 0.0) + spent_usd

    @asynccontextmanager
    async def _simulation(self, cell: Cell) -> AsyncIterator[Simulation]:
        async with self._beginning:
            simulation = await (self._begin(cell) if self._status(cell) is None else self._reopen(cell))
        self._charged[cell.run] = (simulation.run.tokens, simulation.run.usd)
        self._playing[cell.run] = simulation
        if self.is_pausing or self._is_over:  # it was being opened meanwhile
            simulation.pause()
        try:
            yield simulation
        finally:
            del self._playing[cell.run], self._charged[cell.run]
            await simulation.close()

    async def _begin(self, cell: Cell) -> Simulation:
        design = self._design
        model = NULL if cell.is_baseline else design.model
        base_url = None if cell.is_baseline else design.base_url
        if design.parent is not None and design.at is not None and not cell.is_direct:
            return await fork(
                self._store,
                design.parent,
                at=design.at,
                seed=cell.seed,
                dials=cell.dials,
                rounds=design.rounds,
                new_name=cell.run,
                model=model,
                base_url=base_url,
                prices=self._prices,
            )
        return await Simulation.begin(
            self._store,
            self._scenario(cell),
            model=ModelRegistry(model, base_url, prices=self._prices),
            seed=cell.seed,
            name=cell.run,
            rounds=design.rounds_of(cell),
            origin=Origin(scenario=design.reference(cell)),
        )

    async def _reopen(self, cell: Cell) -> Simulation:
        scenario = None if self._design.parent else self._scenario(cell)
        return await Simulation.reopen(self._store, cell.run, scenario=scenario, prices=self._prices)

    def _scenario(self, cell: Cell) -> Scenario:
        key = f"{cell.is_direct} {sorted(cell.dials.items(), key=lambda item: item[0])!r}"
        if key not in self._scenarios:
            self._scenarios[key] = find_scenario(self._design.reference(cell))(**cell.dials)
        return self._scenarios[key]

    def _budget_left(self, before: Run) -> Budget | None:
        """What is left for a run of the bounds over all of them."""
        return budget_of_one(
            self._budget,
            spent_usd=self._spending.usd or 0.0,
            spent_tokens=self._spending.tokens,
            usd_before=before.usd or 0.0,
            tokens_before=before.tokens,
        )

    def _over(self) -> str:
        """Say which bound is reached; empty where none is."""
        budget, usd, tokens = self._budget, self._spending.usd or 0.0, self._spending.tokens
        if budget is not None and budget.usd is not None and usd >= budget.usd:
            return f"The budget of ${budget.usd:g} is spent: ${usd:.4f} so far; raise --max-usd."
        if budget is not None and budget.tokens is not None and tokens >= budget.tokens:
            return f"The budget of {budget.tokens:,} tokens is spent: {tokens:,} so far; raise --max-tokens."
        return ""


_LOOK_EVERY = 0.5
"""Seconds between two looks at what the runs that are on have spent."""


async def read_outcomes(store: Store, name: str, *, conditions: Sequence[str] = ()) -> list[Outcome]:
    """Read what came of every run of an ensemble that has begun, but for the direct questions.

    Args:
        store: Where it is.
        name: Of the ensemble.
        conditions: Expressions that count as events beside the scenario's own; with any, each record is read anew.

    Raises:
        NotFound: There is no such ensemble.
    """
    design = Design.model_validate_json(store.ensembles.design(name))
    existing = {run.name for run in store.register.runs()}
    names = [run for run in design.replicates(name) if run in existing]
    if conditions:
        return [outcome(store.transcript(one), conditions=conditions) for one in names]
    return list((await store.outcomes(names)).values())


async def read_direct_answers(store: Store, name: str) -> list[Outcome]:
    """Read what the model said when it was asked directly about the arms of an ensemble.

    Args:
        store: Where it is.
        name: Of the ensemble.

    Returns:
        A row for each question that has been answered; its last values are the answers.

    Raises:
        NotFound: There is no such ensemble.
    """
    design = Design.model_validate_json(store.ensembles.design(name))
    finished = {run.name for run in store.register.runs() if run.status == "finished"}
    names = [cell.run for cell in design.cells(name) if cell.is_direct and cell.run in finished]
    return list((await store.outcomes(names)).values())
