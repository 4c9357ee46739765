"""The only door to a graph in motion: begin a run, reopen it, play it to its end or to a pause."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langgraph.types import Interrupt

from converse_graph.calls.answers import NamedAnswer, OpenQuestion, assign_answers
from converse_graph.calls.budget import Budget, build_budget_tracker
from converse_graph.calls.calls_in_flight import CallsInFlight
from converse_graph.calls.run_context import RunContext
from converse_graph.calls.trace_privacy import is_traced, untraced
from converse_graph.checkpoints import StoreSaver, TurnSaver
from converse_graph.errors import (
    AnswerNeeded,
    ConverseError,
    InvalidValue,
    NotFound,
    RunPaused,
    ScenarioChanged,
    StoreFailure,
)
from converse_graph.graph import compile_graph
from converse_graph.graph.organisation import check_windows
from converse_graph.models.base import is_repeatable
from converse_graph.models.prices import Prices
from converse_graph.models.references import SEPARATOR
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.replay import ReplayRegistry
from converse_graph.models.settings import learnt_windows
from converse_graph.prompting.templates import Prompts, load_prompts
from converse_graph.record.transcript import Fork, Header, Transcript
from converse_graph.runs.fingerprint import differences, digest_of, fingerprint, option_parts
from converse_graph.runs.graph_input import initial_input, recall_index, replay_has_more, replayed_vote_rounds
from converse_graph.runs.header import build_header, check_playable, models_and_embedders, rebuild_scenario
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.model_settings import ModelSettings, Options, merged_options, read_options
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.scenario_functions import check_scenario
from converse_graph.scenarios.speaker_paths import find_name
from converse_graph.scenarios.speaker_settings import SpeakerSettings, speaker_settings
from converse_graph.store import Run, Store
from converse_graph.store.chain_check import chain_breaks, require_unchanged
from converse_graph.tracing.play_trace import traced_play
from converse_graph.tracing.run_trace import RunTrace
from converse_graph.tracing.settings import Tracing

if TYPE_CHECKING:
    from converse_graph.models.references import ModelReference

EventHandler = Callable[[dict[str, Any]], None]
"""Told of each event as it happens: a plain dict whose `event` is "turn", "line", "text", "restart", "call" or
"statement". Who watches what is private is told of "line_text": a piece of the line of a debate whose number and
whose speaker's `path` it has; its `text` is None where the line is begun again."""

RECURSION_LIMIT = 10**9
"""Supersteps in one go: a run ends by its clock and its rules, not by LangGraph's guard against loops."""


NO_ANSWER: Final = object()
"""In the place of an answer where none is given: None may be one."""

UNUSED_ANSWER = "Nobody waited for an answer, so the one that was given is not used."

SEEDS = 10**6
"""Seeds are drawn below this: short enough to be typed again."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a run comes from, for whoever goes on with it."""

    scenario: str = ""
    """How to find its scenario function again, as `find_scenario` takes it; empty for one made in Python."""
    parent: str | None = None
    """The run that it was forked from."""
    fork: Fork | None = None
    """Where it leaves its parent, and what is said there."""


@dataclass(kw_only=True)
class Simulation:
    """A run to be steered: its store, its entry in the register, and what it plays."""

    store: Store
    run: Run
    scenario: Scenario
    chats: ModelRegistry
    prompts: Prompts = field(default_factory=load_prompts)
    answers: tuple[Any, ...] = ()
    """To what the run waits for: values, or a `NamedAnswer` where several wait. They are for the questions that it
    stands at, and none that comes later."""
    _control: RunControl = field(default_factory=RunControl, init=False)
    _in_flight: CallsInFlight = field(default_factory=CallsInFlight, init=False)

    @classmethod
    async def begin(
        cls,
        store: Store,
        scenario: Scenario,
        *,
        model: ModelReference | ModelRegistry | None = None,
        options: ModelSettings | Options | None = None,
        seed: int | None = None,
        created: datetime | None = None,
        name: str | None = None,
        until: int | None = None,
        rounds: int | None = None,
        origin: Origin | None = None,
        humans: Sequence[str] = (),
    ) -> Simulation:
        """Register a run, so that it can be found again whatever happens next.

        Args:
            store: Where it is kept.
            scenario: What is played.
            model: "provider:model", "embedded", "null", a LangChain chat model or an adapter; None for the
                environment's. Of several, as "a,b" or in a list, the next is asked where one refuses or stays away.
                Or all that is to be said of the run's models, a server's address, prices and a window among it, as one
                `ModelRegistry`.
            options: Settings of models, such as the temperature, over those of the scenario: for everybody, or by the
                path of a speaker.
            seed: Of the order, of the null model, and of models that take one; None for one that is drawn, and is on
                record then.
            created: The date for the record, with a time zone; None for now.
            name: How the run is called; None for the scenario's name and a number.
            until: The last year, all of it included; None for the clock's own.
            rounds: How many rounds; goes before `until`.
            origin: Where its scenario is found again, and what it was forked from; None for neither.
            humans: Paths of speakers that persons play, such as "Bank" or "OpenAI/CEO": the run pauses at their turns
                until it has their answer.

        Raises:
            InvalidValue: The name is taken, the horizon lies before the start, or the scenario is none.
            NotFound: An option is for somebody who does not speak.
            ContextWindowTooSmall: A party's brief alone fills its model's window.
        """
        check_scenario(scenario)
        origin, model_options, prompts = origin or Origin(), read_options(options), load_prompts()
        settings = speaker_settings(scenario, model_options)
        chats = model if isinstance(model, ModelRegistry) else ModelRegistry(model)
        chats = chats.with_window(settings.everybody.context_window)
        compile_graph(scenario, is_traced=False)
        check_windows(scenario, chats, prompts, settings)
        horizon, marks = scenario.clock.horizon(until, rounds), fingerprint(scenario, prompts, model_options)
        header = {
            **build_header(
                scenario,
                chats,
                prompts,
                source=origin.scenario,
                digest=digest_of(marks),
                options=model_options,
                settings=settings,
            ),
            "humans": _seats(scenario, settings, humans),
            "status": "running",
            "created": created or datetime.now(UTC),
            "base_url": chats.given_base_url,
            "seed": secrets.randbelow(SEEDS) if seed is None else seed,
            "clock": {**scenario.clock.model_dump(), "rounds": horizon},
            "parent": origin.parent,
            "fork": origin.fork,
        }
        run = await store.register.enter(
            name=name, scenario=origin.scenario, header=header, fingerprint=marks, horizon=horizon
        )
        return cls(store=store, run=run, scenario=scenario, chats=chats, prompts=prompts)

    @classmethod
    async def reopen(
        cls,
        store: Store,
        name: str,
        *,
        scenario: Scenario | None = None,
        model: ModelReference | None = None,
        base_url: str | None = None,
        prices: Prices | None = None,
        allow_changed: bool = False,
        options: ModelSettings | Options | None = None,
        answer: Any = NO_ANSWER,
        answers: Mapping[str, Any] | None = None,
    ) -> Simulation:
        """Find a run again, to go on with it.

        Args:
            store: Where it is kept.
            name: The run.
            scenario: What it plays, for one that was made in Python; otherwise it is made anew from its dials.
            model: The model object that it began with, where it was one; a model named by text is remembered.
            base_url: Only with `model`.
            prices: What calls are charged by; None for the public list.
            allow_changed: Whether to go on though scenario, prompts or the record itself have changed; its header then
                says so.
            options: Settings of models from now on, over those that it has; its header then says so.
            answer: To what the run waits for, where it waits for one thing: whatever the graph that asks takes.
            answers: The same where several wait, by the path of who asks.

        Raises:
            NotFound: There is no such run, its scenario is gone, or an option is for somebody who does not speak.
            InvalidValue: It was imported, or packed without its private parts.
            ScenarioChanged: The scenario or its prompts are not what the run began with.
            RecordChanged: What is stored of the run is not what its chains say.
        """
        run = store.register.run(name)
        check_playable(run)
        await store.settle()
        record_changes = _record_changes(store, run, allow_changed=allow_changed)
        scenario = (scenario or rebuild_scenario(run)).with_events(run.header.events)
        model_options = read_options(options)
        if any(settings.context_window or settings.extra_body for settings in model_options.values()):
            run = await store.register.forget_windows(run)
        model_record = run.header.models.get(run.header.model.partition(SEPARATOR)[0])
        chats: ModelRegistry = ModelRegistry(
            model or run.header.model,
            base_url or run.header.base_url,
            prices=prices,
            window=model_record.window if model_record and model is None else None,
            learnt=learnt_windows(run.header.models),
        )
        if run.replays:
            chats = ReplayRegistry(
                store.journal(store.register.run(run.replays).id), run.header.model, run.header.models
            )
        unnamed = () if answer is NO_ANSWER else (answer,)
        by_name = tuple(NamedAnswer(speaker=speaker, value=value) for speaker, value in (answers or {}).items())
        simulation = cls(store=store, run=run, scenario=scenario, chats=chats, answers=(*unnamed, *by_name))
        model_options = merged_options(run.header.options, model_options)
        now = fingerprint(scenario, simulation.prompts, model_options)
        changes = [*differences(run.fingerprint, now), *record_changes]
        asked_for = differences(option_parts(run.header.options), option_parts(model_options))
        if changes and (allow_changed or changes == asked_for):
            settings = speaker_settings(scenario, model_options).different()
            with store.hold(name):
                simulation.run = await store.register.change(
                    run, tuple(changes), now, options=model_options, settings=settings
                )
        elif changes:
            change_list = "; ".join(changes[:5]) + (f"; and {len(changes) - 5} more" if len(changes) > 5 else "")
            raise ScenarioChanged(
                f"Run {name!r} began with something else: {change_list}. Put it back, `converse fork` it, or go on "
                "all the same with --allow-changed."
            )
        return simulation

    def __repr__(self) -> str:
        return f"<Simulation of {self.run!r}>"

    def _repr_html_(self) -> str:
        return self.run._repr_html_()

    def pause(self) -> None:
        """Stop at the next step, at whatever depth; may be called from a signal handler."""
        self._control.request_drain("pause")

    async def play(
        self,
        watch: EventHandler | None = None,
        *,
        budget: Budget | None = None,
        tracing: Tracing | None = None,
        private_watch: EventHandler | None = None,
    ) -> Run:
        """Play on from where the run stands, to its end or to a pause.

        Args:
            watch: Told of each event.
            budget: What it may spend; it pauses there.
            tracing: Where it is traced, a trace a round; None for what LangGraph traces by itself, which is one
                trace without a payload where the environment says so.
            private_watch: Told of the words of private debates as they are written, past LangGraph's stream, so that
                they reach nobody else; None for nobody.

        Returns:
            The run as the register has it then: "finished" or "paused".

        Raises:
            RunLocked: Another process is writing to this run.
            RunPaused: A model's server cannot be reached or refuses, or the budget is spent; the run can be resumed.
            StoreFailure: The store cannot be written, for want of room say; the run can be resumed once it can.
            InvalidValue: The budget is in dollars, and what a model costs is not known.
            ConverseError: The run failed; what was committed is kept.
        """
        if budget is not None and budget.usd is not None:
            self.chats.prices.require(models_and_embedders(self.scenario, self.chats))
        with self.store.hold(self.run.name):
            if (current := self.store.register.run(self.run.name)).status == "finished":
                return current
            self.run, self.scenario = current, self.scenario.with_events(current.header.events)  # one may be new
            await self.store.register.mark(self.run.id, "running")
            try:
                play_span = traced_play(tracing, self.run.header, self.scenario, self._parent(), self._in_flight)
                async with play_span as trace:
                    ending = await self._drive(watch, budget, trace, private_watch)
                await self.store.register.mark(self.run.id, "finished", ending)
            except GraphDrained:
                await self._in_flight.wait_all()
                await self.store.register.mark(self.run.id, "paused")
            except (RunPaused, StoreFailure):
                await self._in_flight.wait_all()
                with suppress(StoreFailure):  # "running" where nobody holds the run says the same
                    await self.store.register.mark(self.run.id, "paused")
                raise
            except asyncio.CancelledError:
                await self._in_flight.cancel_all()
                await asyncio.shield(self.store.register.mark(self.run.id, "paused"))
                raise
            except Exception:
                await self._in_flight.wait_all()
                await self.store.register.mark(self.run.id, "failed")
                raise
            finally:
                self._control = RunControl()  # a pause is over with the play that it ended
            self.run = self.store.register.run(self.run.name)
            return self.run

    async def transcript(self) -> Transcript:
        """The record so far, with what each party kept to itself."""
        return self.store.transcript(self.run.name)

    async def close(self) -> None:
        """Let go of the models."""
        await self.chats.close()

    def _parent(self) -> Header | None:
        """The header of the run that this one was forked from."""
        return self.store.register.run(self.run.parent).header if self.run.parent and self.run.header.fork else None

    def _loses_nothing_by_playing_again(self) -> bool:
        """Whether no model has to be paid or waited for, no person and nobody's own graph to be asked."""
        has_guests = any(party.graph is not None for party in self.scenario.organisations)
        chats = models_and_embedders(self.scenario, self.chats)
        return all(map(is_repeatable, chats)) and not has_guests and not self.run.header.humans

    async def _drive(
        self,
        watch: EventHandler | None,
        budget: Budget | None,
        trace: RunTrace | None,
        private_watch: EventHandler | None,
    ) -> str:
        by_rounds, journal = self._loses_nothing_by_playing_again(), self.store.journal(self.run.id)
        saver = TurnSaver(StoreSaver(self.store, journal), passing=f"branch:to:{SUPERVISOR}", whole_rounds=by_rounds)
        is_trace_on = is_traced()
        graph = compile_graph(self.scenario, is_traced=is_trace_on).copy(update={"checkpointer": saver})
        config: Any = {"configurable": {"thread_id": self.run.name}, "recursion_limit": RECURSION_LIMIT}
        context = RunContext(
            models=self.chats,
            prompts=self.prompts,
            seed=self.run.header.seed,
            run=f"{self.run.name} {self.run.header.created.isoformat()}",
            journal=journal,
            by_rounds=by_rounds,
            spending=build_budget_tracker(budget, usd=self.run.usd, tokens=self.run.tokens),
            horizon=self.run.horizon,
            votes_after=await replayed_vote_rounds(self.store, self.run, self.scenario),
            in_flight=self._in_flight,
            recall=recall_index(self.store, self.run, self.scenario),
            trace=trace,
            live=watch is not None,
            private_watch=private_watch,
            settings=speaker_settings(self.scenario, self.run.header.options),
            guest_saver=StoreSaver(self.store),
            humans=frozenset(self.run.header.humans),
        )
        answers, self.answers = self.answers, ()
        while True:
            start = await initial_input(graph, config, self.store, self.run, self.scenario)
            await self._enter(graph, start, config, context, saver, watch, is_trace_on=is_trace_on)
            if saver.interrupts:
                # What was given is for what the run stood at, so not for what is asked after a turn more.
                is_late = saver.values is not None
                context.answers.update(self._answers_to(saver.interrupts, () if is_late else answers))
                answers = answers if is_late else ()
                continue
            values = saver.values
            if values is None or self.run.replays:  # a ledger is read from the store alone, which takes a while
                values = (await graph.aget_state(config)).values
            if not values.get("ended"):
                raise ConverseError(f"Run {self.run.name!r} stopped without an end; its graph has changed.")
            if answers and watch:
                watch({"event": "warning", "text": UNUSED_ANSWER})
            if not replay_has_more(self.store, self.run, len(values.get("transcript", ()))):
                return str(values["ended"])

    async def _enter(
        self,
        graph: CompiledStateGraph[Any, Any, Any, Any],
        start: Any,
        config: Any,
        context: RunContext,
        saver: TurnSaver,
        watch: EventHandler | None,
        *,
        is_trace_on: bool,
    ) -> None:
        """Play the graph until it ends or waits, and until what it saved is durable."""
        stream: AsyncIterator[Any] = graph.astream(
            start,
            config,
            context=context,
            stream_mode=["custom"] if watch else [],
            output_keys=graph.output_channels,  # of itself a trace would have all channels
            subgraphs=watch is not None,  # for nobody, a node that is alone in its step needs no task of its own
            durability="async",  # the saver queues a checkpoint at once, ahead of the next call's record
            control=self._control,
        )
        try:
            with nullcontext() if is_trace_on else untraced():
                async for chunk in stream:
                    if watch:
                        watch(chunk[-1])
        finally:
            await saver.settled()

    def _answers_to(self, interrupts: Sequence[Interrupt], answers: tuple[Any, ...]) -> dict[str, Any]:
        """Those of the answers that were given for what the run waits for.

        Raises:
            AnswerNeeded: There is none.
        """
        questions = [OpenQuestion.from_value(interrupt.value) for interrupt in interrupts]
        question_texts, speakers = "; ".join(map(str, questions)), tuple(question.speaker for question in questions)
        asked_for, keys = tuple(question.question for question in questions), tuple(one.key for one in questions)
        try:
            assigned = assign_answers(answers, questions)
        except InvalidValue as error:
            raise AnswerNeeded(
                f"{error} {question_texts}", speakers=speakers, questions=asked_for, keys=keys
            ) from error
        if not assigned:
            raise AnswerNeeded(question_texts, speakers=speakers, questions=asked_for, keys=keys)
        return assigned


def _record_changes(store: Store, run: Run, *, allow_changed: bool) -> tuple[str, ...]:
    """What of a run's record is not what its chains say, as its header is to have it; one that is played now is left.

    Raises:
        RecordChanged: Something is, and that is not allowed.
    """
    if store.is_held(run.name):
        return ()
    if not allow_changed:
        require_unchanged(store, run, otherwise=", or go on all the same with --allow-changed")
    return (
        tuple({f"record: {chain_break.source}": None for chain_break in chain_breaks(store, run)})
        if allow_changed
        else ()
    )


def _seats(scenario: Scenario, settings: SpeakerSettings, humans: Sequence[str]) -> tuple[str, ...]:
    """The paths that persons were given, as the cast has them.

    Raises:
        NotFound: One is nobody's who speaks.
        InvalidValue: One is a party's that is a graph of its own.
    """
    names = [find_name(path, settings.by_path) for path in humans]
    for path, name in zip(humans, names, strict=True):
        if name is None:
            raise NotFound.among("party or persona", path, sorted(settings.by_path))
        if any(party.name == name and party.graph is not None for party in scenario.organisations):
            raise InvalidValue(f"{name} is a graph of its own, which no person can play; leave one of the two.")
    return tuple(dict.fromkeys(name for name in names if name is not None))


begin = Simulation.begin
"""Register a run of a scenario, in the manner of the other verbs: `await begin(store, scenario)`."""

resume = Simulation.reopen
"""Find a run again to go on with it, in the manner of the other verbs: `await resume(store, name)`."""
