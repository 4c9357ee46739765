"""A worker: takes runs from the queue of a store, plays them, and lets go of them when it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from procrastinate import JobContext

from converse_graph.ensembles.design import NULL, Cell, Design
from converse_graph.ensembles.queue import (
    HEARTBEAT,
    QUEUE,
    STALLED_AFTER,
    HandedOver,
    RunQueue,
    open_queue,
    worker_name,
)
from converse_graph.ensembles.sweep import close_run
from converse_graph.errors import BudgetExceeded, ConverseError, InvalidValue, NotFound
from converse_graph.models.base import Model, Request, Response
from converse_graph.models.rate_limit import limits_for
from converse_graph.models.registry import ModelRegistry
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Store

_LOCAL = frozenset({"null", "embedded"})
"""Models in the worker's own process, of which there is one a worker."""
_LOOK_EVERY = 1.0
"""Seconds for which what an ensemble has spent is taken to be what it was."""


class SharedGate:
    """What all workers have in common: how often a provider may be asked, and what an ensemble may spend."""

    def __init__(self, queue: RunQueue, ensemble: str, *, requests: float | None) -> None:
        """Go by the rows of the queue.

        Args:
            queue: An open queue.
            ensemble: Whose budget counts.
            requests: How often a minute a provider may be asked, over all workers; None for no bound.
        """
        self._queue, self._ensemble, self._requests = queue, ensemble, requests
        self._looked, self._why = 0.0, ""

    async def admit(self, provider: str) -> None:
        """Wait until a provider may be asked.

        Raises:
            BudgetExceeded: The ensemble has spent what it may; the run can be resumed.
        """
        if time.monotonic() - self._looked >= _LOOK_EVERY:
            self._looked, self._why = time.monotonic(), await self._queue.overspent(self._ensemble)
        if self._why:
            raise BudgetExceeded(f"{self._why[0].upper()}{self._why[1:]}; raise it with `converse sweep … --queue`.")
        if self._requests is not None and provider not in _LOCAL:
            await asyncio.sleep(await self._queue.take_slot(provider, a_minute=self._requests))


class _GatedModel:
    """A model that is asked once the gate lets a request through."""

    def __init__(self, model: Model, gate: SharedGate) -> None:
        self._model, self._gate = model, gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    async def complete(self, request: Request) -> Response:
        await self._gate.admit(self._model.model.partition(":")[0])
        return await self._model.complete(request)


class GatedRegistry(ModelRegistry):
    """The models of a run, each behind the gate that all workers share."""

    _gate: SharedGate

    @classmethod
    def over(cls, chats: ModelRegistry, gate: SharedGate) -> Self:
        """Put the models of a registry behind a gate.

        Args:
            chats: The registry; it is used up.
            gate: The gate.
        """
        gated = cls.__new__(cls)
        gated.__dict__.update(chats.__dict__)
        gated._gate = gate
        return gated

    def _settled(self, reference: Any, chat: Model, *, is_own: bool) -> Model:
        model: Any = _GatedModel(super()._settled(reference, chat, is_own=is_own), self._gate)
        settled: Model = model
        return settled


class Worker:
    """Plays runs that are queued, several at once."""

    def __init__(self, store: Store, *, environ: dict[str, str], watch: Callable[[str], None]) -> None:
        """Play into a store.

        Args:
            store: That the queue belongs to.
            environ: Where CONVERSE_RPM is looked up, which counts over all workers.
            watch: Told in a line what it does.
        """
        self._store, self._watch = store, watch
        self._requests = limits_for(environ).requests
        self._designs: dict[str, dict[str, Cell]] = {}
        self._scenarios: dict[str, Scenario] = {}
        self._playing: dict[str, Simulation] = {}
        self._is_stopping = False
        self.queue: RunQueue | None = None
        self.finished = 0

    def stop(self) -> None:
        """Pause all runs at their next step and hand them over; may be called from a signal handler."""
        self._is_stopping = True
        for simulation in self._playing.values():
            simulation.pause()

    async def play(self, context: JobContext, ensemble: str, run: str) -> str:
        """Play one run, from where it stands.

        Args:
            context: Of the job.
            ensemble: The run's.
            run: Its name.

        Returns:
            How it stands then.

        Raises:
            HandedOver: The worker was told to stop.
            ConverseError: The run failed, is held by another, or its server is away.
        """
        queue = self.queue
        if self._is_stopping or queue is None:
            raise HandedOver
        if context.job.worker_id is not None:
            await queue.name_worker(context.job.worker_id, worker_name())
        cell, design = self._cell(ensemble, run)
        gate = SharedGate(queue, ensemble, requests=self._requests)
        simulation = await self._simulation(cell, design, gate)
        self._playing[run] = simulation
        try:
            outcome = await simulation.play()
            if outcome.status == "finished":
                await close_run(simulation, design, cell)
        except BudgetExceeded as error:
            self._watch(f"{run}: {error}")
            return "paused"
        except ConverseError as error:
            self._watch(f"{run}: {error}")
            raise
        finally:
            del self._playing[run]
            await simulation.close()
        if outcome.status == "paused":
            raise HandedOver
        self.finished += 1
        self._watch(f"{run}: {outcome.status}, {outcome.statements} statements")
        return outcome.status

    async def _simulation(self, cell: Cell, design: Design, gate: SharedGate) -> Simulation:
        run, scenario = cell.run, self._scenario(design, cell)
        try:
            self._store.register.run(run)
        except NotFound:
            chats = ModelRegistry(
                NULL if cell.is_baseline else design.model, None if cell.is_baseline else design.base_url
            )
            return await Simulation.begin(
                self._store,
                scenario,
                model=GatedRegistry.over(chats, gate),
                seed=cell.seed,
                name=run,
                rounds=design.rounds_of(cell),
                origin=Origin(scenario=design.reference(cell)),
            )
        simulation = await Simulation.reopen(self._store, run, scenario=scenario)
        simulation.chats = GatedRegistry.over(simulation.chats, gate)
        return simulation

    def _cell(self, ensemble: str, run: str) -> tuple[Cell, Design]:
        text = self._store.ensembles.design(ensemble)
        design = Design.model_validate_json(text)
        if text not in self._designs:
            self._designs = {text: {cell.run: cell for cell in design.cells(ensemble)}}
        if run not in self._designs[text]:
            raise InvalidValue(f"Run {run!r} is none of the ensemble {ensemble!r}; it was queued under another design.")
        return self._designs[text][run], design

    def _scenario(self, design: Design, cell: Cell) -> Scenario:
        reference = design.reference(cell)
        key = f"{reference} {sorted(cell.dials.items(), key=lambda item: item[0])!r}"
        if key not in self._scenarios:
            self._scenarios[key] = find_scenario(reference)(**cell.dials)
        return self._scenarios[key]


async def run_worker(
    address: str, *, jobs: int, until_done: bool, environ: dict[str, str], watch: Callable[[str], None]
) -> int:
    """Play queued runs until told to stop, by SIGINT or SIGTERM.

    Args:
        address: Of the store, on a Postgres server.
        jobs: Runs that are on at once.
        until_done: Whether to stop once nothing is left to take.
        environ: Where CONVERSE_RPM is looked up.
        watch: Told in a line what happens.

    Returns:
        How many runs it finished.

    Raises:
        InvalidValue: The store is a file.
        StoreFailure: The database cannot be reached.
    """
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # what a user is to know, the worker says
    async with Store.open(address, make=True) as store:
        worker = Worker(store, environ=environ, watch=watch)
        async with open_queue(address, make=True, play=worker.play) as queue:
            worker.queue = queue
            rescue = asyncio.create_task(_rescue_stalled(queue, watch))
            playing = asyncio.create_task(
                queue.app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=jobs,
                    name=worker_name(),
                    wait=not until_done,
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=STALLED_AFTER,
                    fetch_job_polling_interval=2.0,
                )
            )
            _stop_on_signals(worker, playing)
            try:
                with suppress(asyncio.CancelledError):
                    await playing
            finally:
                rescue.cancel()
                await asyncio.gather(rescue, return_exceptions=True)
    return worker.finished


def _stop_on_signals(worker: Worker, playing: asyncio.Task[None]) -> None:
    def stop() -> None:
        worker.stop()
        playing.cancel()  # Procrastinate then takes no more, and waits for what is on

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


async def _rescue_stalled(queue: RunQueue, watch: Callable[[str], None]) -> None:
    while True:
        for run in await queue.rescue():
            watch(f"{run}: its worker is silent; queued again")
        await asyncio.sleep(HEARTBEAT)
