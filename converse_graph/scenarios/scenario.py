"""The frozen description a run starts from."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, overload

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.errors import NotFound
from converse_graph.scenarios.cast import MAX_DEPTH, Organisation, check_distinct, check_not_taken
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.deliberation_rules import Motion
from converse_graph.scenarios.fields import Choice
from converse_graph.scenarios.memory_settings import Memory, Pinned, Recall
from converse_graph.scenarios.model_settings import UNSET, ModelSettings
from converse_graph.scenarios.rules import Event, RunningList, ScheduledEvent, StopOnEvent, StopRule
from converse_graph.scenarios.runtime_config import GraphSettings
from converse_graph.scenarios.speaker_paths import find_name
from converse_graph.scenarios.validation_errors import nearest, nearest_or_all
from converse_graph.scenarios.value import FrozenModel, Items
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import MOVE, WORLD
from converse_graph.summary_repr import Summary

if TYPE_CHECKING:
    from langgraph.graph import StateGraph
    from langgraph.graph.state import CompiledStateGraph

    AnyGraph = StateGraph[Any, Any, Any, Any] | CompiledStateGraph[Any, Any, Any, Any]

Order = Literal["listed", "shuffled", "simultaneous", "moderated"]
OnDrift = Literal["repair", "count"]


class Scenario(FrozenModel):
    """Parties, clock, order and rules: all that a run is, but for model, seed and horizon."""

    name: str = "scenario"
    """How it is called on the command line."""
    title: str = ""
    """One line for readers."""
    premise: str
    """What every party knows from the start."""
    clock: Clock
    """Simulated time: when the first round is, how far a round moves on, and when the run ends."""
    organisations: Items[Organisation]
    """The parties, in the order in which they are listed everywhere."""
    order: Order = "listed"
    """Who speaks when in a round: "listed", in the order of the cast; "shuffled" by the seed; "simultaneous", all
    hearing the same past; or "moderated", as a model picks within bounds that code checks."""
    fairness: Annotated[int, Bound(ge=1)] = 1
    """Of a moderated table: how many turns a party may be ahead of the one that has spoken least."""
    moderator_model: Any = None
    """Of a moderated table: the model that picks; None for the run's."""
    settings: ModelSettings = UNSET
    """Of every model that is asked, such as the temperature, unless a party or persona has settings of its own."""
    events: Items[Event | ScheduledEvent] = ()
    """What may happen, folded from the statements' fields; and what does happen, at a date."""
    running_lists: Items[RunningList] = ()
    """Lists that code keeps from what parties report, and puts before those that they concern: laws in force."""
    motion: Motion | None = None
    """A question that the table settles, and the rules against easy agreement that it is settled by."""
    world: World | None = None
    """State that code owns, and moves of the parties that change it; None for a scenario of words alone."""
    stop: Items[StopRule] = ()
    """Reasons to end before the horizon, looked at after every round."""
    pinned: Items[Pinned] = ()
    """What parties must never lose, folded from their fields: what they announced, what went wrong. Small models,
    which copy a list into their reports, are not told."""
    verbatim_rounds: Annotated[int, Bound(ge=1)] = 4
    """How many recent rounds a party hears word for word at most, and one at least. The window fills up and is then
    emptied but for its last round, so that a provider's prefix cache can hit; what leaves it is summed up first."""
    memory: Memory = Memory()
    """What becomes of rounds that leave the window."""
    on_drift: OnDrift = "repair"
    """What becomes of a statement that shows signs of drift, such as another year spoken of as now: it is sent back
    with the reason, like one that does not fit; or the signs are counted and that is all, for parties that may well
    speak as an AI or in another's name."""
    max_statement_chars: Annotated[int, Bound(ge=40, le=8000)] = 900
    """Of a statement's prose, in characters at most."""
    max_depth: Annotated[int, Bound(ge=1, le=20)] = MAX_DEPTH
    """How many conversations may be nested, the root table included."""
    rubric: str = "general"
    """What judges are asked about a run: the name of a file in `prompts/rubrics`. No part of how a run plays."""
    dials: dict[str, Any] = Bound(default_factory=dict)
    """The settings it was made from, for the record."""

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if not self.organisations:
            raise ValueError("the cast is empty; a scenario takes one organisation or more")
        check_distinct("organisation", [party.name for party in self.organisations])
        check_not_taken([party.name for party in self.organisations])
        self._check_motion()
        self._check_world()
        self._check_fields()
        for event in self.dated_events:
            self._check_dated(event)
        for period in {period for party in self.organisations for period in party.questions_at}:
            self.clock.round_of(period)
        return self

    def _check_fields(self) -> None:
        """Every event, and every rule that waits for one or keeps a field, finds what it looks for."""
        awaited_events = [event for event in self.events if isinstance(event, Event)]
        check_distinct("event", [event.name for event in awaited_events])
        field_names = {field.name for party in self.organisations for field in party.fields}
        looked_for = [(f"event {event.name!r} waits for", event.field) for event in awaited_events]
        looked_for += [(f"{pin.title!r} keeps", pin.field) for pin in self.pinned]
        for who, field in looked_for:
            if field not in field_names:
                raise ValueError(
                    f"{who} field {field!r}; the parties report: {', '.join(sorted(field_names)) or 'nothing'}"
                    f"{nearest(field, sorted(field_names))}"
                )
        for event in awaited_events:
            self._check_answer(event)
            able = sum(event.field in {field.name for field in party.fields} for party in self.organisations)
            if able < event.parties:
                raise ValueError(
                    f"event {event.name!r} waits for {event.parties} parties, and {able} can report {event.field!r}"
                )
        event_names = [event.name for event in awaited_events]
        event_names += [event.name for event in self.world.events] if self.world else []
        check_distinct("event", event_names)
        stop_events = [rule.event for rule in self.stop if isinstance(rule, StopOnEvent)]
        stop_events += [name for party in self.organisations for name in party.questions_after]
        for name in stop_events:
            if name not in event_names:
                raise ValueError(f"no event {name!r}{nearest_or_all(name, event_names)}")

    def _check_answer(self, event: Event) -> None:
        """Whether some party can give the answer that an event waits for."""
        fields = [field for party in self.organisations for field in party.fields if field.name == event.field]
        if not any(field.can_equal(event.equals) for field in fields):
            raise ValueError(
                f"event {event.name!r} waits until {event.field} equals {event.equals!r}, which it never can; "
                f"{event.field} takes {fields[0].bounds_text()}"
            )

    def _check_world(self) -> None:
        if self.world is None:
            return
        self.world.check_parties({party.name: party.kind for party in self.organisations})
        for party in self.organisations:
            if party.name == WORLD:
                raise ValueError(f"in a scenario with a world no organisation can be called {WORLD!r}")
            if MOVE in {field.name for field in party.fields}:
                raise ValueError(f"with a world {party.name} reports {MOVE!r} by itself; name the field otherwise")
        for pledge in self.world.pledges:
            self._check_pledge(self.world, pledge.field)

    def _check_pledge(self, world: World, name: str) -> None:
        """Whether a field of pledges is there, and is a choice of moves."""
        fields = [(party, field) for party in self.organisations for field in party.fields if field.name == name]
        if not fields:
            raise ValueError(f"pledges are made in {name!r}, a field that no party reports; add it to their fields")
        for party, field in fields:
            if not isinstance(field, Choice):
                raise ValueError(f"pledges are made in {name!r}, which is no choice; let its kind be choice")
            world.check_pledge(party.name, party.kind, name, field.options)

    def _check_motion(self) -> None:
        if self.motion is None:
            return
        voters = self.voters
        if not voters:
            kinds = sorted({party.kind for party in self.organisations})
            raise ValueError(
                f"the motion is for parties of kind {self.motion.party_kind!r}; there is: {', '.join(kinds)}"
            )
        for party in voters:
            if clashes := {"stance", "new_fact"} & {field.name for field in party.fields}:
                raise ValueError(
                    f"with a motion before the table {party.name} reports {', '.join(sorted(clashes))} by itself; "
                    "name the field otherwise"
                )

    def __repr__(self) -> str:
        return self._card().line()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Summary:
        """What is public of it: the parties' briefs are theirs."""
        dials = ", ".join(f"{name}={value!r}" for name, value in self.dials.items())
        return Summary(
            kind="Scenario",
            name=self.name,
            facts=(
                ("title", self.title),
                ("parties", ", ".join(party.name for party in self.organisations)),
                ("rounds", f"{self.clock.rounds} from {self.clock.period(0).label} to {self.clock.end}"),
                ("dials", dials),
            ),
            columns=("party", "kind", "deliberation", "reports"),
            rows=[
                (
                    party.name,
                    party.kind,
                    party.deliberation.kind if party.deliberation else "none",
                    ", ".join(field.name for field in party.fields),
                )
                for party in self.organisations
            ],
        )

    @property
    def voters(self) -> tuple[Organisation, ...]:
        """The parties that take a stand on the motion; none without one."""
        motion = self.motion
        return tuple(party for party in self.organisations if motion and motion.concerns(party.kind))

    def _check_dated(self, event: ScheduledEvent) -> None:
        self.clock.round_of(event.at)
        names = [party.name for party in self.organisations]
        if event.party is not None and event.party not in names:
            raise ValueError(f"an event is for {event.party!r}; there is: {', '.join(names)}")

    def with_events(self, more_events: Sequence[ScheduledEvent]) -> Scenario:
        """The same scenario with these dated events in place of its own.

        Args:
            more_events: What happens, each at a period of the clock.

        Raises:
            InvalidValue: An event is outside the clock, or for nobody at the table.
        """
        for event in more_events:
            self._check_dated(event)
        events = (*(event for event in self.events if isinstance(event, Event)), *more_events)
        return self if events == self.events else self.model_copy(update={"events": events})

    @property
    def awaited_events(self) -> tuple[Event, ...]:
        """What happens once enough parties have reported it."""
        return tuple(event for event in self.events if isinstance(event, Event))

    @property
    def dated_events(self) -> tuple[ScheduledEvent, ...]:
        """What happens at a date."""
        return tuple(event for event in self.events if isinstance(event, ScheduledEvent))

    def events_too_late(self, rounds: int = 0) -> tuple[ScheduledEvent, ...]:
        """The dated events that lie after the clock's end, and so never happen.

        Args:
            rounds: How many a run plays; where it goes on after the clock's end, they are reached until its own.
        """
        last = max(rounds, self.clock.rounds)
        return tuple(event for event in self.dated_events if self.clock.round_of(event.at) >= last)

    def too_late_text(self, event: ScheduledEvent) -> str:
        """Say that a dated event never happens, and how it would.

        Args:
            event: One that lies after the clock's end.
        """
        end = self.clock.period(self.clock.rounds - 1).label
        return (
            f"an event is at {str(event.at)!r}, and the clock ends with {end!r}, so that it never happens; date it "
            f"{end!r} at the latest, or let the clock end later"
        )

    def party(self, name: str) -> Organisation:
        """The organisation of that name.

        Args:
            name: As the cast has it; accents may be composed or not, an apostrophe typed or curly.

        Raises:
            NotFound: There is none.
        """
        parties = {party.name: party for party in self.organisations}
        known_name = find_name(name, parties)
        if known_name is None:
            raise NotFound.among("organisation", name, parties)
        return parties[known_name]

    def recall_of(self, party: Organisation) -> Recall | None:
        """How a party recalls; None for one that recalls nothing, as a graph of its own does.

        Args:
            party: Of this scenario.
        """
        recall = party.recall or self.memory.recall
        return recall if recall and recall.max_records and party.graph is None else None

    @overload
    def graph(
        self, *, compiled: Literal[False] = False, settings: type[Any] | None = None, private: bool = False
    ) -> StateGraph[Any, Any, Any, Any]: ...

    @overload
    def graph(
        self, *, compiled: Literal[True], settings: type[Any] | None = None, private: bool = False
    ) -> CompiledStateGraph[Any, Any, Any, Any]: ...

    def graph(
        self, *, compiled: bool = False, settings: type[Any] | None = None, private: bool = False
    ) -> StateGraph[Any, Any, Any, Any] | CompiledStateGraph[Any, Any, Any, Any]:
        """This scenario as a LangGraph graph: supervisor, a node for each organisation, debates as subgraphs.

        Args:
            compiled: Whether to compile it, without a checkpointer.
            settings: The schema of what it may be configured with, for forms; None for its model alone.
            private: Whether callbacks that a caller passes, and `stream_mode="messages"`, are told all that goes on:
                every prompt and reply, private ones too. Otherwise they learn that nodes ran, and no more.

        Returns:
            A graph to compile, stream, checkpoint, put in `langgraph.json` or use as a node. Its input is
            `{"horizon": rounds}` or `{"horizon": None}` for the clock's own. Unless its context says otherwise,
            the model comes from the configuration (`configurable`: `model`, `base_url`, `seed`) or from the
            environment.
        """
        door = import_module("converse_graph")  # it loads what is above this room
        state_graph: StateGraph[Any, Any, Any, Any] = door.build_graph(self, settings or GraphSettings, private=private)
        if not compiled:
            return state_graph
        runnable = state_graph.compile()
        runnable.stream_channels = runnable.output_channels  # of itself a stream, and its trace, would show minds too
        return runnable
