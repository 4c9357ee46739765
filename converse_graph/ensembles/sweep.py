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

from converse_graph.calls.budget import Budget
from converse_graph.ensembles.design import NULL, Cell, Design, check_ensemble_name
from converse_graph.ensembles.outcomes import Outcome, outcome
from converse_graph.errors import ConverseError, NotFound, RunLocked, RunPaused
from converse_graph.models.prices import Prices
from converse_graph.models.registry import ModelRegistry
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Store

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


async def save_design(store: Store, name: str, design: Design, *, created: datetime) -> Design:
    """Save a design under a name, or add its arms and seeds to the one that has it.

    Args:
        store: Where its runs are kept.
        name: Of the ensemble.
        design: What is wanted.
        created: For the record.

    Returns:
        The design as it is from now on.

    Raises:
        InvalidValue: The name is none, or belongs to another design.
    """
    check_ensemble_name(name)
    earlier = store.ensembles.find(name)
    whole = design if earlier is None else design.extended(Design.model_validate_json(earlier))
    await store.ensembles.save(name, whole.model_dump_json(), created=created)
    return whole


async def play_sweep(
    store: Store,
    name: str,
    *,
    jobs: int = DEFAULT_JOBS,
    budget: Budget | None = None,
    prices: Prices | None = None,
    retry_failed: bool = False,
    watch: Callable[[Progress], None] | None = None,
    share: tuple[int, int] = (0, 1),
) -> Progress:
    """Play every run of an ensemble that has not finished.

    A run that cannot go on is kept, counted and left; the others go on. What was played before is not played again.

    Args:
        store: Where the design and its runs are.
        name: Of the ensemble.
        jobs: How many runs are on at once.
        budget: What all runs together may spend from now on; once it is spent, all pause.
        prices: What calls are charged by; None for the public list.
        retry_failed: Whether runs that failed are taken up again.
        watch: Told how far it is, whenever that changes.
        share: Which part of the runs this process plays, and into how many they are divided.

    Raises:
        NotFound: There is no such ensemble, or its scenario is gone.
        RunPaused: The budget is spent; the same call goes on.
    """
    design = Design.model_validate_json(store.ensembles.design(name))
    cells = [cell for number, cell in enumerate(design.cells(name)) if number % share[1] == share[0]]
    progress = Progress(runs=len(cells))
    player = _Player(store, design, budget, prices, progress, watch or (lambda _: None), retry_failed)
    waiting = iter(cells)

    async def work() -> None:
        for cell in waiting:
            await player.play(cell)

    workers = [asyncio.create_task(work()) for _ in range(max(1, jobs))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await player.close()
    return progress


class _Player:
    """Plays cells; the scenarios of arms are made once."""

    def __init__(
        self,
        store: Store,
        design: Design,
        budget: Budget | None,
        prices: Prices | None,
        progress: Progress,
        watch: Callable[[Progress], None],
        retry_failed: bool,
    ) -> None:
        self._store, self._design, self._budget, self._prices = store, design, budget, prices
        self._progress, self._watch, self._retry_failed = progress, watch, retry_failed
        self._function = find_scenario(design.scenario)
        self._scenarios: dict[str, Scenario] = {}

    async def play(self, cell: Cell) -> None:
        """Play one run, or see that it has been played."""
        status = self._status(cell)
        if status == "finished" or (status == "failed" and not self._retry_failed):
            self._note(cell, status)
            return
        self._progress.running += 1
        self._watch(self._progress)
        status = "failed"
        try:
            status = await self._play(cell)
        except RunLocked as error:
            self._progress.failed[cell.run] = str(error)
        except RunPaused as error:
            self._progress.failed[cell.run] = str(error)
            if self._is_spent():
                raise
        except ConverseError as error:
            self._progress.failed[cell.run] = str(error)
        finally:
            self._progress.running -= 1
        if status == "finished":
            self._progress.done += 1
        self._watch(self._progress)

    def _note(self, cell: Cell, status: str) -> None:
        if status == "finished":
            self._progress.done += 1
        else:
            self._progress.failed[cell.run] = "It failed before; --retry-failed takes it up again."
        self._watch(self._progress)

    def _status(self, cell: Cell) -> str | None:
        try:
            return self._store.register.run(cell.run).status
        except NotFound:
            return None

    async def _play(self, cell: Cell) -> str:
        scenario = self._scenario(cell)
        async with self._simulation(cell, scenario) as simulation:
            before = simulation.run
            run = await simulation.play(budget=self._remaining())
            self._progress.tokens += run.tokens - before.tokens
            if run.usd is not None:
                self._progress.usd = (self._progress.usd or 0.0) + run.usd - (before.usd or 0.0)
            return run.status

    @asynccontextmanager
    async def _simulation(self, cell: Cell, scenario: Scenario) -> AsyncIterator[Simulation]:
        if self._status(cell) is None:
            model = NULL if cell.is_baseline else self._design.model
            base_url = None if cell.is_baseline else self._design.base_url
            simulation = await Simulation.begin(
                self._store,
                scenario,
                model=ModelRegistry(model, base_url, prices=self._prices),
                seed=cell.seed,
                name=cell.run,
                rounds=self._design.rounds,
                origin=Origin(scenario=self._design.scenario),
            )
        else:
            simulation = await Simulation.reopen(self._store, cell.run, scenario=scenario, prices=self._prices)
        try:
            yield simulation
        finally:
            await simulation.close()

    def _scenario(self, cell: Cell) -> Scenario:
        key = repr(sorted(cell.dials.items(), key=lambda item: item[0]))
        if key not in self._scenarios:
            self._scenarios[key] = self._function(**cell.dials)
        return self._scenarios[key]

    def _remaining(self) -> Budget | None:
        """What is left for a run of the bounds over all of them."""
        if self._budget is None:
            return None
        usd, tokens = self._budget.usd, self._budget.tokens
        return self._budget.model_copy(
            update={
                "usd": None if usd is None else max(0.0, usd - (self._progress.usd or 0.0)),
                "tokens": None if tokens is None else max(0, tokens - self._progress.tokens),
            }
        )

    def _is_spent(self) -> bool:
        budget = self._budget
        if budget is None:
            return False
        spent_usd = budget.usd is not None and (self._progress.usd or 0.0) >= budget.usd
        return spent_usd or (budget.tokens is not None and self._progress.tokens >= budget.tokens)

    async def close(self) -> None:
        """Nothing is left open: each run closes its own models."""


def play_in_processes(
    address: Path | str, name: str, *, processes: int, jobs: int, retry_failed: bool, watch: Callable[[int], None]
) -> Progress:
    """Play an ensemble in several processes, which share out its runs; for runs that are bound by the processor.

    Args:
        address: Of the store.
        name: Of the ensemble.
        processes: How many.
        jobs: Runs that are on at once in each.
        retry_failed: Whether runs that failed are taken up again.
        watch: Told how many processes have ended.

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
        for count, part in enumerate(parts, 1):
            progress = part.result()
            whole.runs += progress.runs
            whole.done += progress.done
            whole.failed |= progress.failed
            whole.tokens += progress.tokens
            if progress.usd is not None:
                whole.usd = (whole.usd or 0.0) + progress.usd
            watch(count)
    return whole


def _play_share(address: Path | str, name: str, jobs: int, retry_failed: bool, share: tuple[int, int]) -> Progress:
    async def play() -> Progress:
        async with Store.open(address) as store:
            return await play_sweep(store, name, jobs=jobs, retry_failed=retry_failed, share=share)

    return asyncio.run(play())


def read_outcomes(store: Store, name: str, *, conditions: Sequence[str] = ()) -> list[Outcome]:
    """Read what came of every run of an ensemble that has begun.

    Args:
        store: Where it is.
        name: Of the ensemble.
        conditions: Comparisons that count as events beside the scenario's own.

    Raises:
        NotFound: There is no such ensemble.
    """
    design = Design.model_validate_json(store.ensembles.design(name))
    existing = {run.name for run in store.register.runs()}
    return [outcome(store.transcript(run), conditions=conditions) for run in design.members(name) if run in existing]
