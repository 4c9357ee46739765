"""Plays an ensemble: all runs of a design that are not played yet, many at once, in one process or in several."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from converse_graph.calls.budget import Budget, budget_of_one
from converse_graph.ensembles.design import NULL, Cell, Design, check_ensemble_name
from converse_graph.errors import ConverseError, NotFound, RunPaused
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
    if design.model == NULL or design.parent is not None:
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
        share: tuple[int, int] = (0, 1),
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
            share: Which part of the runs this process plays, and into how many they are divided.

        Raises:
            NotFound: There is no such ensemble, or its scenario is gone.
        """
        self._store, self._design = store, Design.model_validate_json(store.ensembles.design(name))
        self._jobs, self._budget, self._prices, self._retry_failed = max(1, jobs), budget, prices, retry_failed
        self._watch = watch or (lambda _: None)
        cells = [cell for number, cell in enumerate(self._design.cells(name)) if number % share[1] == share[0]]
        self._cells, self.progress = iter(cells), Progress(runs=len(cells))
        find_scenario(self._design.scenario)  # refused before any run is begun
        self._scenarios: dict[str, Scenario] = {}
        self._playing: dict[int, Simulation] = {}
        self.is_pausing = False

    async def play(self) -> Progress:
        """Play every run that has not finished.

        A run that cannot go on is kept, counted and left; the others go on. What was played before is not played
        again.

        Raises:
            RunPaused: The budget is spent; the same call goes on.
        """
        workers = [asyncio.create_task(self._work()) for _ in range(self._jobs)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return self.progress

    def pause(self) -> None:
        """Stop every run at its next step, and begin no other; may be called from a signal handler."""
        self.is_pausing = True
        for simulation in self._playing.values():
            simulation.pause()

    async def _work(self) -> None:
        for cell in self._cells:
            if self.is_pausing:
                return
            await self._play(cell)

    async def _play(self, cell: Cell) -> None:
        """Play one run, or see that it has been played."""
        progress, status = self.progress, self._status(cell)
        if status == "finished":
            progress.done += 1
        elif status == "failed" and not self._retry_failed:
            progress.failed[cell.run] = "It failed before; --retry-failed takes it up again."
        else:
            progress.running += 1
            self._watch(progress)
            try:
                if await self._played(cell) == "finished":
                    progress.done += 1
            except RunPaused as error:
                progress.failed[cell.run] = str(error)
                if self._is_spent():
                    raise
            except ConverseError as error:
                progress.failed[cell.run] = str(error)
            finally:
                progress.running -= 1
        self._watch(progress)

    def _status(self, cell: Cell) -> str | None:
        try:
            return self._store.register.run(cell.run).status
        except NotFound:
            return None

    async def _played(self, cell: Cell) -> str:
        async with self._simulation(cell) as simulation:
            before = simulation.run
            try:
                run = await simulation.play(budget=self._left(before))
                if self._design.judge and not (cell.is_baseline or cell.is_direct) and run.status == "finished":
                    await judge_run(
                        self._store, run.name, chats=simulation.chats, budget=self._left(before), prices=self._prices
                    )
            finally:
                after = self._store.register.run(cell.run)
                self.progress.tokens += after.tokens - before.tokens
                if after.usd is not None:
                    self.progress.usd = (self.progress.usd or 0.0) + after.usd - (before.usd or 0.0)
            if run.status == "finished":
                await self._store.save_data(run.name)
            return run.status

    @asynccontextmanager
    async def _simulation(self, cell: Cell) -> AsyncIterator[Simulation]:
        simulation = await (self._begin(cell) if self._status(cell) is None else self._reopen(cell))
        self._playing[id(simulation)] = simulation
        try:
            yield simulation
        finally:
            self._playing.pop(id(simulation), None)
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

    def _left(self, before: Run) -> Budget | None:
        """What is left for a run of the bounds over all of them."""
        return budget_of_one(
            self._budget,
            spent_usd=self.progress.usd or 0.0,
            spent_tokens=self.progress.tokens,
            usd_before=before.usd or 0.0,
            tokens_before=before.tokens,
        )

    def _is_spent(self) -> bool:
        budget = self._budget
        if budget is None:
            return False
        spent_usd = budget.usd is not None and (self.progress.usd or 0.0) >= budget.usd
        return spent_usd or (budget.tokens is not None and self.progress.tokens >= budget.tokens)


def play_in_processes(address: Path | str, name: str, *, processes: int, jobs: int, retry_failed: bool) -> Progress:
    """Play an ensemble in several processes, which share out its runs; for runs that are bound by the processor.

    Args:
        address: Of the store.
        name: Of the ensemble.
        processes: How many.
        jobs: Runs that are on at once in each.
        retry_failed: Whether runs that failed are taken up again.

    Returns:
        How far it is, over all of them.
    """
    whole = Progress(runs=0)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        parts = [
            pool.submit(_play_share, address, name, jobs, retry_failed, (number, processes))
            for number in range(processes)
        ]
        for part in parts:
            progress = part.result()
            whole.runs += progress.runs
            whole.done += progress.done
            whole.failed |= progress.failed
            whole.tokens += progress.tokens
            if progress.usd is not None:
                whole.usd = (whole.usd or 0.0) + progress.usd
    return whole


def _play_share(address: Path | str, name: str, jobs: int, retry_failed: bool, share: tuple[int, int]) -> Progress:
    async def play() -> Progress:
        async with Store.open(address) as store:
            return await SweepPlayer(store, name, jobs=jobs, retry_failed=retry_failed, share=share).play()

    return asyncio.run(play())


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
