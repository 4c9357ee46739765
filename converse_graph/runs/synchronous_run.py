"""Plays a scenario in one call, for callers that do not await: scripts and notebooks."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langsmith import tracing_context

from converse_graph.calls.budget import Budget
from converse_graph.errors import ConverseError, InvalidValue, NotFound, RunPaused
from converse_graph.event_loop import submit
from converse_graph.judge.rubric import load_rubric
from converse_graph.judge.runs import judge_run
from converse_graph.models.registry import ModelRegistry
from converse_graph.record.transcript import Transcript
from converse_graph.runs.simulation import NO_ANSWER, EventHandler, Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario, reference_to
from converse_graph.scenarios.model_settings import ModelSettings, Options, read_options
from converse_graph.scenarios.references import absolute_reference
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.scenario_functions import ScenarioFunction, check_scenario
from converse_graph.scenarios.speaker_settings import speaker_settings
from converse_graph.store import Store, check_run_name
from converse_graph.store.store import DEFAULT_PATH
from converse_graph.tracing.outcome import trace_outcome
from converse_graph.tracing.settings import Tracing, build_tracing

if TYPE_CHECKING:
    from converse_graph.models.references import ModelReference

MOST_INTERRUPTS = 2
"""The first pauses a run, the second stops it at once, the third leaves it as it is."""


def run(
    scenario: Scenario | ScenarioFunction | Path | str,
    *,
    model: ModelReference | ModelRegistry | None = None,
    base_url: str | None = None,
    options: ModelSettings | Options | None = None,
    dials: Mapping[str, Any] | None = None,
    seed: int | None = None,
    until: int | None = None,
    rounds: int | None = None,
    name: str | None = None,
    resume: bool = False,
    judge: bool | str | Sequence[str] = False,
    budget: Budget | None = None,
    store: Path | str | None = None,
    watch: EventHandler | None = None,
    answer: Any = NO_ANSWER,
) -> Transcript:
    """Play a scenario to its end, keep it where `converse run` would, and return its record.

    It may be called in a script, and where an event loop is running, as in a notebook. The first Ctrl-C pauses the run
    at its next step, the second stops it at once; what was said is kept, and the error says how to go on. A run is
    traced where the environment says so, without what is private.

    Args:
        scenario: A scenario, a function that makes one, or what `converse run` takes: a name, file.py,
            file.py:function, or file.yaml.
        model: "provider:model", "embedded", "null", a LangChain chat model or an adapter; None for the environment's.
            Of several, as "a,b" or in a list, the next is asked where one refuses or stays away. Or all that is to be
            said of the run's models, as one `ModelRegistry`.
        base_url: Of an OpenAI-compatible server.
        options: Settings of models, such as the temperature, over those of the scenario: for everybody, or by the path
            of a speaker. A run that is gone on with has them from then on, over those that it has.
        dials: Settings of the scenario function's dials, by name.
        seed: Of all that is left to chance; None for one that is drawn, and is on record then.
        until: The last year, all of it included; None for the clock's own.
        rounds: How many rounds to play in all, 1 and up; goes before `until`.
        name: How the run is called: a-z, 0-9, _ and -; None for the scenario's name and a number.
        resume: Whether to go on with the run of that name, if there is one.
        judge: Whether a judge reads the record at the end: the run's own model, or those that are named.
        budget: What the run may spend; it pauses there.
        store: A file, or postgresql://user:password@host/database; None for where the command line keeps runs,
            `.converse/runs.sqlite`.
        watch: Told of each event as it happens, in the thread of the run.
        answer: To what a run that is gone on with waits for.

    Returns:
        The record, with what each party kept to itself; of itself it shows what is public.

    Raises:
        NotFound: There is no such scenario, dial, model or rubric, or an option is for somebody who does not speak.
        InvalidValue: The name is taken, the horizon lies before the start, or the run of that name is another one.
        RunPaused: A model's server cannot be reached or refuses, or the budget is spent.
        RunLocked: Another process is writing to the run.
        KeyboardInterrupt: It was paused by Ctrl-C.
        ConverseError: The run failed; what was committed is kept.
    """
    if isinstance(store, Store):
        raise InvalidValue("An open store is for `await begin(store, scenario)`; give `run` the store's path.")
    spec, source = _scenario(scenario, dials)
    judges = _judges(judge)
    chats = model if isinstance(model, ModelRegistry) else ModelRegistry(model, base_url)
    if name is not None:
        check_run_name(name)
    elif resume:
        raise InvalidValue("Say which run to go on with: name=RUN beside resume=True.")
    model_options = read_options(options)
    speaker_settings(spec, model_options)
    if judges is not None:
        load_rubric(spec.rubric)
        for one in judges:
            chats.get(one)
    play = _Play(
        scenario=spec,
        origin=Origin(scenario=source),
        chats=chats,
        is_remembered=model is None,
        begin={"seed": seed, "until": until, "rounds": rounds, "name": name, "options": model_options},
        resume=resume,
        judges=judges,
        budget=budget,
        store=store or DEFAULT_PATH,
        watch=watch,
        answer=answer,
    )
    return play.wait()


def _scenario(
    reference: Scenario | ScenarioFunction | Path | str, dials: Mapping[str, Any] | None
) -> tuple[Scenario, str]:
    """The scenario that was meant, and how to find its function again; nothing for one of the caller's own."""
    if isinstance(reference, str | Path):
        return find_scenario(str(reference))(**(dials or {})), absolute_reference(str(reference))
    if isinstance(reference, ScenarioFunction):
        return reference(**(dials or {})), reference_to(reference)
    check_scenario(reference)
    if dials:
        raise InvalidValue("The dials of a scenario are set where it is made: pass its function, or its name.")
    return reference, ""


def _judges(choice: bool | str | Sequence[str]) -> tuple[str, ...] | None:
    """Who judges at the end: none for the run's own model, None for nobody."""
    if isinstance(choice, bool):
        return () if choice else None
    return (choice,) if isinstance(choice, str) else tuple(choice)


@dataclass(kw_only=True)
class _Play:
    """A run from its beginning to its end or to a pause."""

    scenario: Scenario
    origin: Origin
    chats: ModelRegistry
    is_remembered: bool
    """Whether a run that is gone on with is to have the models that it began with, whatever the environment says."""
    begin: Mapping[str, Any]
    """Arguments of `Simulation.begin`."""
    resume: bool
    judges: tuple[str, ...] | None
    budget: Budget | None
    store: Path | str
    watch: EventHandler | None
    answer: Any
    _simulation: Simulation | None = field(default=None, init=False)
    _task: asyncio.Task[Any] | None = field(default=None, init=False)
    _is_playing: bool = field(default=False, init=False)
    _way_on: str = field(default="", init=False)

    def wait(self) -> Transcript:
        """Play, and wait for it; Ctrl-C pauses, stops, and at last leaves."""
        future = submit(self._play())
        interrupts = signals_heeded = 0
        while True:
            try:
                while signals_heeded < interrupts:  # in here, as the next one may come at any time
                    signals_heeded += 1
                    self._interrupt(stop=signals_heeded > 1)
                return self._result(future)
            except KeyboardInterrupt:
                interrupts += 1
                if future.done() or interrupts > MOST_INTERRUPTS:
                    raise

    def _result(self, future: Future[Transcript | None]) -> Transcript:
        try:
            record = future.result()
        except CancelledError:
            record = None
        except RunPaused as error:
            error.add_note(self._way_on)
            raise
        if record is None:
            raise KeyboardInterrupt(self._way_on)
        return record

    def _interrupt(self, *, stop: bool) -> None:
        simulation, task = self._simulation, self._task
        if simulation is not None and self._is_playing and not stop:
            simulation.pause()
            sys.stderr.write("pausing at the next step; once more to stop at once\n")
        elif task is not None:
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def _play(self) -> Transcript | None:
        """The record; None where the run was paused from outside."""
        self._task = asyncio.current_task()
        async with Store.open(self.store, make=True) as store:
            simulation = self._simulation = await self._begin(store)
            self._way_on = self._how_to_go_on(simulation)
            try:
                async with _traced() as tracing:
                    was_finished = simulation.run.status == "finished"
                    self._is_playing = True
                    outcome = await simulation.play(self.watch, budget=self.budget, tracing=tracing)
                    self._is_playing = False
                    if outcome.status == "paused":
                        return None
                    self._way_on = (
                        f"Run {outcome.name} is finished; converse_graph.load_run({outcome.name!r}) reads it."
                    )
                    is_new = await self._judge(simulation) or not was_finished
                    if tracing is not None and is_new:
                        await trace_outcome(tracing, store, outcome.name)
                    return await simulation.transcript()
            finally:
                await simulation.close()

    async def _begin(self, store: Store) -> Simulation:
        if self.resume and (again := await self._reopened(store)) is not None:
            return again
        simulation = await Simulation.begin(store, self.scenario, model=self.chats, origin=self.origin, **self.begin)
        for event in self.scenario.events_too_late(simulation.run.horizon):
            warnings.warn(self.scenario.too_late_text(event), stacklevel=2)
        return simulation

    async def _reopened(self, store: Store) -> Simulation | None:
        """The run of that name, if there is one and it is the one that was asked for."""
        try:
            existing = store.register.run(self.begin["name"])
        except NotFound:
            return None
        settings = {"seed": self.begin["seed"], "model": None if self.is_remembered else self.chats.default_name}
        if self.begin["until"] is not None or self.begin["rounds"] is not None:
            settings["rounds"] = self.scenario.clock.horizon(self.begin["until"], self.begin["rounds"])
        began = {"seed": existing.header.seed, "model": existing.header.model, "rounds": existing.horizon}
        for what, value in settings.items():
            if value is not None and value != began[what]:
                raise InvalidValue(
                    f"Run {existing.name!r} has {what} {began[what]}, not {value}; leave that out, or name another run."
                )
        simulation = await Simulation.reopen(
            store, existing.name, scenario=self.scenario, options=self.begin["options"], answer=self.answer
        )
        if not self.is_remembered and not existing.replays:
            simulation.chats = self.chats
        return simulation

    async def _judge(self, simulation: Simulation) -> bool:
        """Have the record judged, unless that is not asked for, or was done before."""
        if self.judges is None:
            return False
        run = simulation.store.register.run(simulation.run.name)
        if any(verdict.statements == run.statements for verdict in simulation.store.verdicts(run.id).all()):
            return False
        try:
            await judge_run(
                simulation.store,
                run.name,
                models=self.judges,
                chats=None if self.judges else simulation.chats,
                budget=self.budget,
                prices=simulation.chats.prices,
            )
        except ConverseError as error:  # the run is over, whatever becomes of its judge
            warnings.warn(f"{error} The verdict is missing. Get it with: converse judge {run.name}", stacklevel=2)
        return True

    def _how_to_go_on(self, simulation: Simulation) -> str:
        store, name = simulation.store, simulation.run.name
        is_elsewhere = store.address != str(DEFAULT_PATH)
        where = f", store={store.address!r}" if is_elsewhere else ""
        way = f"converse_graph.run(scenario, name={name!r}, resume=True{where})"
        if self.origin.scenario:
            way = f"converse resume {name}{f' --store {shlex.quote(store.address)}' if is_elsewhere else ''}"
        return f"Run {name} is paused. Go on with: {way}"


@asynccontextmanager
async def _traced() -> AsyncIterator[Tracing | None]:
    """Tracing as the environment has it; nothing inside is traced by anybody else."""
    tracing = build_tracing(os.environ, warn=warnings.warn, now=lambda: datetime.now(UTC))
    try:
        with tracing_context(enabled=False):
            yield tracing
    finally:
        if tracing is not None:
            await tracing.exporter.close()
