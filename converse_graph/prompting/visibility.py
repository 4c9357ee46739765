"""What a party may know as its turn comes, folded from the public channels and its own mind.

Privacy is decided here: `view` is the only place that puts together what a party hears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from converse_graph.prompting.summaries import standing_summaries, summarised_until, window_start
from converse_graph.record.records import (
    MindRecord,
    OwnRecord,
    OwnWorldRecord,
    PrivateSummaryRecord,
    StanceRecord,
    StatementRecord,
    SummaryRecord,
    WorldRecord,
    is_own,
)
from converse_graph.record.state import WORLD_STATE, TurnState, own_world_channel, private_channel
from converse_graph.scenarios.ledger_folds import Folds, RecordsOfKind
from converse_graph.scenarios.memory_settings import PinnedFold
from converse_graph.scenarios.rules import RunningListFold, events_so_far
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.world_tables import WORLD
from converse_graph.world.descriptions import describe_world
from converse_graph.world.resolution import legal_actions


@dataclass(frozen=True, kw_only=True)
class KnownEvent:
    """Something that happened at a date."""

    round: int
    number: int
    """Its place among the scenario's events."""
    text: str
    to: str | None = None
    """The party that alone knows of it; None for all."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What one party may know as its turn comes: the recent public record and its own recent mind."""

    party: str
    round: int
    turn: int
    statements: tuple[StatementRecord, ...]
    mind: tuple[MindRecord, ...]
    """Its recent records."""
    events: tuple[str, ...]
    """Names of what has happened."""
    summaries: tuple[SummaryRecord, ...] = ()
    """Those that stand for what was said before `statements` begin."""
    own_summaries: tuple[PrivateSummaryRecord, ...] = ()
    """Those that stand for its own earlier records, and those of its personas."""
    past: tuple[OwnRecord, ...] = ()
    """Its own records of before `statements` begin that no summary of its own stands for yet."""
    pinned: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What it must never lose, such as what it has announced: a title and its entries each."""
    standing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What stands now and concerns this party, such as laws in force: a title and its entries each."""
    voting: bool = False
    """Whether it votes on the scenario's motion, and makes no statement."""
    dissents: bool = False
    """Whether it is called on to argue against what all have agreed on."""
    initial_stance: StanceRecord | None = None
    """Where it stood on the motion before it heard anybody: `reason` and `position`; None where it was not asked."""
    is_first: bool = False
    """Whether it has had no turn yet."""
    dated: tuple[KnownEvent, ...] = ()
    """What happened at a date and is known to this party."""
    earlier: tuple[StatementRecord, ...] = ()
    """Of a party that recalls: the statements of before `statements` begin."""
    own_earlier: tuple[OwnRecord, ...] = ()
    """The same of its own records, without summaries."""
    dated_earlier: tuple[KnownEvent, ...] = ()
    """The same of what happened at a date."""
    written_summaries: tuple[SummaryRecord, ...] = ()
    """The same of summaries: all that were written, those too that one of a higher level stands for now."""
    own_written_summaries: tuple[PrivateSummaryRecord, ...] = ()
    """The same of its own and of its personas."""
    moves: tuple[str, ...] = ()
    """In a world: the actions that it may take now and can pay for."""


def view(scenario: Scenario, state: Mapping[str, Any], party: str, *, folds: Folds | None = None) -> View:
    """Put together what a party hears.

    Args:
        scenario: What is played.
        state: The channels of the root graph.
        party: Who hears.
        folds: What was folded from the channels in earlier turns of the run; it is brought up to this one.
    """
    folds = Folds() if folds is None else folds
    floor: TurnState = state["floor"]
    transcript: Sequence[StatementRecord] = state.get("transcript", ())
    summaries = standing_summaries(folds, "summaries", state.get("summaries", ()))
    first = max(window_start(floor["round"], scenario.verbatim_rounds), summarised_until(summaries))
    mind: Sequence[MindRecord] = state.get(private_channel(party), ())
    own_summaries = standing_summaries(folds, private_channel(party), mind)
    world_told, moves = _world(scenario, state, party)
    recalls = scenario.recall_of(scenario.party(party)) is not None
    long_ago = first if recalls else 0
    return View(
        party=party,
        round=floor["round"],
        turn=floor["turn"] + floor["speakers"].index(party),
        statements=records_since_period(transcript, first),
        mind=records_since_period(mind, first),
        summaries=summaries,
        own_summaries=own_summaries,
        past=_own_between(mind, summarised_until(summaries_of(own_summaries, party)), first) if summaries else (),
        events=events_so_far(scenario.events, state.get("events", ())),
        pinned=tuple(
            (rule.title, folds.of((rule, party), partial(PinnedFold, rule, party)).bring_up(transcript).entries)
            for rule in scenario.pinned
            if rule.party_kind in (None, scenario.party(party).kind)
        ),
        standing=(*_standing(scenario, transcript, party, folds), *world_told),
        dated=_dated(scenario, party, first, floor["round"]),
        voting=floor.get("stage") == "ballot",
        dissents=floor.get("dissent", False) and floor["speakers"][0] == party,
        initial_stance=next((record.get("initial_stance") for record in mind if record["kind"] == "note"), None),
        is_first=not mind,
        earlier=_between(transcript, 0, long_ago),
        own_earlier=_own_between(mind, 0, long_ago),
        written_summaries=_written_summaries(folds, state, "summaries", "summary") if recalls else (),
        own_written_summaries=(
            _written_summaries(folds, state, private_channel(party), "private_summary") if recalls else ()
        ),
        dated_earlier=_dated(scenario, party, 0, long_ago - 1),
        moves=moves,
    )


def _written_summaries(folds: Folds, state: Mapping[str, Any], channel: str, kind: str) -> tuple[Any, ...]:
    """All summaries in a ledger."""
    fold = folds.of(("written", channel), partial(RecordsOfKind, kind)).bring_up(state.get(channel, ()))
    return tuple(fold.records)


def _world(
    scenario: Scenario, state: Mapping[str, Any], party: str
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[str, ...]]:
    """What a party is told of the world, a title and its entries each, and the actions that are open to it."""
    public: Sequence[WorldRecord] = state.get(WORLD_STATE, ())
    own: Sequence[OwnWorldRecord] = state.get(own_world_channel(party), ())
    if scenario.world is None or not public or not own:
        return (), ()
    kind = scenario.party(party).kind
    values = {**public[-1]["state"][WORLD], **own[-1]["state"]}
    actions = legal_actions(scenario.world, kind, values)
    description = describe_world(scenario.world, party, public, own, actions)
    return description, tuple(action.name for action in actions)


def _standing(
    scenario: Scenario,
    transcript: Sequence[StatementRecord],
    party: str,
    folds: Folds,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not scenario.running_lists:
        return ()
    kind = scenario.party(party).kind
    return tuple(
        (rule.title, folds.of(rule, partial(RunningListFold, rule)).bring_up(transcript).entries)
        for rule in scenario.running_lists
        if rule.party_kind in (None, kind)
    )


def _dated(scenario: Scenario, party: str, first: int, last: int) -> tuple[KnownEvent, ...]:
    events = []
    for number, event in enumerate(scenario.dated_events):
        round = scenario.clock.round_of(event.at)
        if first <= round <= last and event.party in (None, party):
            events.append(KnownEvent(round=round, number=number, text=event.text, to=event.party))
    return tuple(events)


def summaries_of(summaries: Sequence[PrivateSummaryRecord], path: str) -> list[PrivateSummaryRecord]:
    """Those of a party, or of one of its personas."""
    return [summary for summary in summaries if summary["path"] == path]


R = TypeVar("R", StatementRecord, OwnRecord, MindRecord)


def _between(ledger: Sequence[R], first: int, until: int) -> tuple[R, ...]:
    """The records of rounds from `first` on and before `until`.

    Found from the end, so that what is recent costs the same late in a run.
    """
    recent: list[R] = []
    for record in reversed(ledger) if first < until else ():
        if record["round"] < first:
            break
        if record["round"] < until:
            recent.append(record)
    return tuple(reversed(recent))


def _own_between(mind: Sequence[MindRecord], first: int, until: int) -> tuple[OwnRecord, ...]:
    """The same of what a party noted itself: of a whole mind no list is made each turn."""
    recent: list[OwnRecord] = []
    for record in reversed(mind) if first < until else ():
        if not is_own(record):
            continue
        if record["round"] < first:
            break
        if record["round"] < until:
            recent.append(record)
    return tuple(reversed(recent))


def records_since_period(ledger: Sequence[R], first: int) -> tuple[R, ...]:
    """The records of rounds from `first` on, found from the end so that the cost does not grow with the run."""
    start = len(ledger)
    while start and ledger[start - 1]["round"] >= first:
        start -= 1
    return tuple(ledger[start:])
