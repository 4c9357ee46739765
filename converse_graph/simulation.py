"""The only door to a graph in motion: begin a run, reopen it, play it to its end or to a pause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.errors import GraphDrained
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import RunControl
from langsmith import tracing_context

from converse_graph.builder import build_graph
from converse_graph.chat.chats import Chats
from converse_graph.chat.port import Chat
from converse_graph.chat.prices import Prices
from converse_graph.chat.replay import ReplayChats
from converse_graph.errors import ConverseError, InvalidValue, RunChanged, RunPaused, StoreFailure
from converse_graph.fingerprint import differences, digest_of, fingerprint
from converse_graph.forking import branch
from converse_graph.nodes.budget import Budget, Spending
from converse_graph.nodes.context import RunContext
from converse_graph.nodes.in_flight import InFlight
from converse_graph.nodes.organisation import check_windows
from converse_graph.prompts import Prompts, load_prompts
from converse_graph.scenarios.cast import Organisation, personas
from converse_graph.scenarios.library import find_scenario
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Run, Store
from converse_graph.store.record import read_channels, read_transcript
from converse_graph.tracing.runs import RunTrace
from converse_graph.tracing.settings import Tracing
from converse_graph.transcript import Fork, ModelTold, Party, Transcript

Watch = Callable[[dict[str, Any]], None]
"""Told of each event as it happens: a plain dict whose `event` is "turn", "line", "text", "restart", "call" or
"statement"."""

_LIBRARIES = (
    "converse-graph",
    "langgraph",
    "langgraph-checkpoint",
    "langgraph-checkpoint-sqlite",
    "langchain-core",
    "langchain-openai",
)
_NO_LIMIT = 10**9
"""Supersteps in one go: a run ends by its clock and its rules, not by LangGraph's guard against loops."""


@dataclass(kw_only=True)
class Simulation:
    """A run: its store, its entry in the register, and what it plays."""

    store: Store
    run: Run
    scenario: Scenario
    chats: Chats
    prompts: Prompts = field(default_factory=load_prompts)
    _control: RunControl = field(default_factory=RunControl, init=False)
    _in_flight: InFlight = field(default_factory=InFlight, init=False)

    @classmethod
    async def begin(
        cls,
        store: Store,
        scenario: Scenario,
        *,
        seed: int,
        created: datetime,
        model: str | BaseChatModel | Chat | Chats | None = None,
        base_url: str | None = None,
        source: str = "",
        name: str | None = None,
        until: int | None = None,
        rounds: int | None = None,
        parent: str | None = None,
        fork: Fork | None = None,
        prices: Prices | None = None,
        window: int | None = None,
    ) -> Simulation:
        """Register a run, so that it can be found again whatever happens next.

        Args:
            store: Where it is kept.
            scenario: What is played.
            seed: Of the order, of the null model, and of models that take one.
            created: The date for the record, with a time zone.
            model: "provider:model", "embedded", "null", a LangChain chat model or an adapter; None for the
                environment's. Or all the models of the run, as one object.
            base_url: Of an OpenAI-compatible server.
            source: How to find the scenario function again; empty for one made in Python.
            name: How the run is called; None for the scenario's name and a number.
            until: The last year, all of it included; None for the clock's own.
            rounds: How many rounds; goes before `until`.
            parent: The run that it leaves, where it is a fork.
            fork: Where it leaves that run.
            prices: What calls are charged by; None for the public list.
            window: Tokens that the run's own model takes; None for what is known of it.

        Raises:
            InvalidValue: The name is taken, or the horizon lies before the start.
            WindowTooSmall: A party's brief alone fills its model's window.
        """
        given = model if isinstance(model, Chats) else Chats(model, base_url, prices=prices, window=window)
        chats, prompts = given, load_prompts()
        build_graph(scenario)
        check_windows(scenario, chats, prompts)
        horizon, marks = horizon_of(scenario, until, rounds), fingerprint(scenario, prompts)
        header = {
            "scenario": scenario.name,
            "title": scenario.title,
            "status": "running",
            "created": created,
            "model": chats.default_name,
            "base_url": base_url,
            "seed": seed,
            "clock": {**scenario.clock.model_dump(), "rounds": horizon},
            "order": scenario.order,
            "cast": tuple(_party(party, chats) for party in scenario.organisations),
            "dials": scenario.dials,
            "models": _models(scenario, chats),
            "source": Path(source.partition(":")[0]).name + "".join(source.partition(":")[1:]),
            "digest": digest_of(marks),
            "standing": scenario.standing,
            "versions": {library: version(library) for library in _LIBRARIES},
            "prompts": prompts.digest,
            "rubric": scenario.rubric,
            "motion": scenario.motion,
            "events": scenario.dated_events,
            "parent": parent,
            "fork": fork,
        }
        run = await store.register.enter(name=name, scenario=source, header=header, fingerprint=marks, horizon=horizon)
        return cls(store=store, run=run, scenario=scenario, chats=chats, prompts=prompts)

    @classmethod
    async def reopen(
        cls,
        store: Store,
        name: str,
        *,
        scenario: Scenario | None = None,
        model: str | BaseChatModel | Chat | None = None,
        base_url: str | None = None,
        prices: Prices | None = None,
        allow_changed: bool = False,
    ) -> Simulation:
        """Find a run again, to go on with it.

        Args:
            store: Where it is kept.
            name: The run.
            scenario: What it plays, for one that was made in Python; otherwise it is made anew from its dials.
            model: The model object that it began with, where it was one; a model named by text is remembered.
            base_url: Only with `model`.
            prices: What calls are charged by; None for the public list.
            allow_changed: Whether to go on though scenario or prompts have changed; its header then says so.

        Raises:
            UnknownName: There is no such run, or its scenario is gone.
            RunChanged: The scenario or its prompts are not what the run began with.
        """
        run = store.register.run(name)
        scenario = (scenario or make_again(run)).with_events(run.header.events)
        told = run.header.models.get(run.header.model)
        chats: Chats = Chats(
            model or run.header.model,
            base_url or run.header.base_url,
            prices=prices,
            window=told.window if told and model is None else None,
        )
        if run.replays:
            chats = ReplayChats(store.journal(store.register.run(run.replays).id), run.header.model, run.header.models)
        made = cls(store=store, run=run, scenario=scenario, chats=chats)
        now = fingerprint(scenario, made.prompts)
        changed = differences(run.fingerprint, now)
        if changed and allow_changed:
            with store.hold(name):
                made.run = await store.register.change(run, tuple(changed), now)
        elif changed:
            shown = "; ".join(changed[:5]) + (f"; and {len(changed) - 5} more" if len(changed) > 5 else "")
            raise RunChanged(
                f"Run {name!r} began with something else: {shown}. Put it back, `converse fork` it, or go on "
                "all the same with --allow-changed."
            )
        return made

    def __repr__(self) -> str:
        return f"<Simulation of {self.run!r}>"

    def _repr_html_(self) -> str:
        return self.run._repr_html_()

    def pause(self) -> None:
        """Stop at the next step, at whatever depth; may be called from a signal handler."""
        self._control.request_drain("pause")

    async def play(
        self, watch: Watch | None = None, *, budget: Budget | None = None, tracing: Tracing | None = None
    ) -> Run:
        """Play on from where the run stands, to its end or to a pause.

        Args:
            watch: Told of each event.
            budget: What it may spend; it pauses there.
            tracing: Where it is traced, a trace a round; None for what LangGraph traces by itself, which is one
                trace without a payload where the environment says so.

        Returns:
            The run as the register has it then: "finished" or "paused".

        Raises:
            RunHeld: Another process is writing to this run.
            RunPaused: A model's server cannot be reached or refuses, or the budget is spent; the run can be resumed.
            StoreFailure: The store cannot be written, for want of room say; the run can be resumed once it can.
            InvalidValue: The budget is in dollars, and what a model costs is not known.
            ConverseError: The run failed; what was committed is kept.
        """
        if budget is not None and budget.usd is not None:
            check_priced(self.chats, list(models_of(self.scenario)))
        with self.store.hold(self.run.name):
            if (stored := self.store.register.run(self.run.name)).status == "finished":
                return stored
            self.run, self.scenario = stored, self.scenario.with_events(stored.header.events)  # one may be new
            await self.store.register.mark(self.run.id, "running")
            try:
                async with self._traced(tracing) as trace:
                    ended = await self._drive(watch, budget, trace)
                await self.store.register.mark(self.run.id, "finished", ended)
            except GraphDrained:
                await self._in_flight.landed()
                await self.store.register.mark(self.run.id, "paused")
            except (RunPaused, StoreFailure):
                await self._in_flight.landed()
                with suppress(StoreFailure):  # "running" where nobody holds the run says the same
                    await self.store.register.mark(self.run.id, "paused")
                raise
            except asyncio.CancelledError:
                await self._in_flight.abandon()
                await asyncio.shield(self.store.register.mark(self.run.id, "paused"))
                raise
            except Exception:
                await self._in_flight.landed()
                await self.store.register.mark(self.run.id, "failed")
                raise
            finally:
                self._control = RunControl()  # a pause is over with the play that it ended
            self.run = self.store.register.run(self.run.name)
            return self.run

    async def transcript(self) -> Transcript:
        """The record so far, with what each party kept to itself."""
        return await read_transcript(self.store, self.store.register.run(self.run.name))

    async def close(self) -> None:
        """Let go of the models."""
        await self.chats.close()

    @asynccontextmanager
    async def _traced(self, tracing: Tracing | None) -> AsyncIterator[RunTrace | None]:
        """Trace what is played inside, and nothing of it twice; what is under way is over before the trace ends."""
        if tracing is None:
            yield None
            return
        parent = self.store.register.run(self.run.parent).header if self.run.parent and self.run.header.fork else None
        trace = tracing.trace(self.run.header, self.scenario, parent)
        error: BaseException | None = None
        paused = False
        try:
            with tracing_context(enabled=False):
                yield trace
        except asyncio.CancelledError as stopped:
            error, paused = stopped, True
            await self._in_flight.abandon()
            raise
        except BaseException as stopped:
            paused = isinstance(stopped, GraphDrained | RunPaused)
            error = None if isinstance(stopped, GraphDrained) else stopped
            await self._in_flight.landed()
            raise
        finally:
            trace.close(error, paused=paused)
            await tracing.exporter.flush()

    async def _drive(self, watch: Watch | None, budget: Budget | None, trace: RunTrace | None) -> str:
        graph = build_graph(self.scenario).compile(checkpointer=self.store.checkpoints, name=self.scenario.name)
        config: Any = {"configurable": {"thread_id": self.run.name}, "recursion_limit": _NO_LIMIT}
        context = RunContext(
            chats=self.chats,
            prompts=self.prompts,
            seed=self.run.header.seed,
            journal=self.store.journal(self.run.id),
            spending=spending_of(self.run, budget),
            horizon=self.run.horizon,
            votes_after=await self._votes_of_the_original(),
            in_flight=self._in_flight,
            trace=trace,
            live=watch is not None,
        )
        while True:
            stream: AsyncIterator[Any] = graph.astream(
                await self._way_in(graph, config),
                config,
                context=context,
                stream_mode=["custom"] if watch else [],
                output_keys=graph.output_channels,  # of itself a trace would have all channels
                subgraphs=True,
                durability="sync",
                control=self._control,
            )
            async for chunk in stream:
                if watch:
                    watch(chunk[-1])
            values = (await graph.aget_state(config)).values
            if not values.get("ended"):
                raise ConverseError(f"Run {self.run.name!r} stopped without an end; its graph has changed.")
            if not self._original_went_on(len(values.get("transcript", ()))):
                return str(values["ended"])

    async def _votes_of_the_original(self) -> frozenset[int] | None:
        """The rounds after which the run that this one replays voted; it may have ended there, and been extended."""
        if not self.run.replays or self.scenario.motion is None:
            return None
        held = await read_channels(self.store, self.store.register.run(self.run.replays))
        return frozenset(vote["round"] for vote in held.get("votes", ()))

    def _original_went_on(self, statements: int) -> bool:
        """Whether the run that this one replays was extended past what has just ended it."""
        return bool(self.run.replays) and statements < self.store.register.run(str(self.run.replays)).statements

    async def _way_in(self, graph: CompiledStateGraph[Any, Any, Any, Any], config: Any) -> dict[str, Any] | None:
        """What to start the graph with: None goes on where it stood."""
        saved = await self.store.checkpoints.aget_tuple(config)
        start = {"horizon": self.run.horizon}
        if saved is not None:
            # Not from the graph's state, which counts in what a step wrote before it was killed: to start anew then
            # would play the last turn twice.
            return start if saved.checkpoint["channel_values"].get("ended") else None
        if self.run.header.fork is None or self.run.parent is None:
            return start
        shared = await read_channels(self.store, self.store.register.run(self.run.parent))
        past = branch(self.scenario, shared, self.run.header.fork, seed=self.run.header.seed)
        if past["floor"] is None:
            return start
        await graph.aupdate_state(config, past, as_node=self.scenario.organisations[0].name)
        return None


def horizon_of(scenario: Scenario, until: int | None, rounds: int | None) -> int:
    """How many rounds a run plays.

    Args:
        scenario: With the clock.
        until: The last year, all of it included; None for the clock's own.
        rounds: How many rounds; goes before `until`.

    Raises:
        InvalidValue: That is none, or lies before the start.
    """
    if rounds is not None:
        if rounds < 1:
            raise InvalidValue(f"A run takes one round or more, not {rounds}.")
        return rounds
    return scenario.clock.rounds if until is None else scenario.clock.rounds_until(until)


def _party(party: Organisation, chats: Chats) -> Party:
    deliberation = party.deliberation.kind if party.deliberation else "none"
    own = {path: _named(persona.model, chats) for path, persona in personas(party) if persona.model is not None}
    model = None if party.model is None else _named(party.model, chats)
    return Party(name=party.name, kind=party.kind, deliberation=deliberation, model=model, persona_models=own)


def _named(reference: Any, chats: Chats) -> str:
    """A model by the name that it answers under, which is also its name among the models of the header."""
    return reference if isinstance(reference, str) else chats.get(reference).model


def _models(scenario: Scenario, chats: Chats) -> dict[str, ModelTold]:
    """Every model that the run may ask, by its name."""
    asked = [chats.get(reference) for reference in models_of(scenario)]
    return {chat.model: ModelTold(profile=chat.profile, window=chat.window) for chat in asked}


def models_of(scenario: Scenario) -> list[Any]:
    """Every reference to a model in a scenario, once; None for the run's own."""
    told = {None: None, **{_key(party.model): party.model for party in scenario.organisations if party.graph is None}}
    for party in scenario.organisations:
        told |= {_key(persona.model): persona.model for _, persona in personas(party)}
    told |= {_key(scenario.memory.model): scenario.memory.model}
    return list(told.values())


def _key(reference: Any) -> Any:
    return reference if isinstance(reference, str | None) else id(reference)


def spending_of(run: Run, budget: Budget | None) -> Spending | None:
    """What a run has spent so far of its budget; None where it has none."""
    return None if budget is None else Spending(budget, usd=run.usd or 0.0, tokens=run.tokens)


def check_priced(chats: Chats, references: Sequence[Any]) -> None:
    """Refuse a bound in dollars on models whose price is not known: it would never be reached.

    Raises:
        InvalidValue: There is one.
    """
    unknown = [chat.model for chat in map(chats.get, references) if not chats.prices.known(chat)]
    if unknown:
        raise InvalidValue(
            f"What {', '.join(unknown)} costs is not known, so --max-usd cannot stop it; give its price with --prices, "
            "or bound --max-tokens."
        )


def make_again(run: Run, **dials: Any) -> Scenario:
    """The scenario of a run, made anew by its scenario function.

    Args:
        run: Whose scenario.
        dials: Those that are set otherwise.

    Raises:
        InvalidValue: It was made in Python, or cannot be made with these dials.
        UnknownName: The scenario function is gone, or has no such dial.
    """
    if not run.scenario:
        raise InvalidValue(f"Run {run.name!r} was begun in Python with a scenario of its own; reopen it there.")
    return find_scenario(run.scenario)(**{**run.header.dials, **dials})
