"""Channels of the graphs, the one reducer they share, and what each speaker may see of them.

Privacy is decided here: `view` is the only place that puts together what a party hears. A party's node is given
the public channels and its own mind by its input schema, never another's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

from langgraph.channels import EphemeralValue
from langgraph.channels.delta import DeltaChannel
from pydantic import ConfigDict, with_config
from pydantic import Field as Bound
from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other

from converse_graph.scenarios.keeping import kept_now
from converse_graph.scenarios.rules import events_so_far, standing_now
from converse_graph.scenarios.scenario import Scenario

Entry = dict[str, Any]
"""A record in a ledger, of plain values: message objects cost ten times as much to store and read."""


def extend(current: list[Entry] | None, writes: Sequence[Sequence[Entry]]) -> list[Entry]:
    """The reducer of every ledger: append, in the order of the writes."""
    return [*(current or ()), *(entry for write in writes for entry in write)]


Ledger = Annotated[list[Entry], DeltaChannel(extend, snapshot_frequency=1000)]
"""A channel that grows at one end; a step stores only what it appended."""

Outbox = Annotated[Entry, EphemeralValue(dict)]
"""What a speaker proposes, until the supervisor has looked at it in the next step."""


def _shown_as(title: str) -> Any:
    """Mark a schema that a LangGraph server shows: under this title, with what is said here under each field."""
    return with_config(ConfigDict(title=title, use_attribute_docstrings=True))


@_shown_as("Floor")
class Floor(TypedDict):
    """Whose turn it is."""

    round: int
    """From 0."""
    turn: int
    """Position in the round of the first of `speakers`, from 0."""
    speakers: list[str]
    """Who has been given the floor and has not been heard yet."""
    queue: list[str]
    """Who speaks after them in this round; empty for a moderated table."""
    taken: dict[str, int]
    """How many turns each party has had; of a moderated table only."""
    dissent: NotRequired[bool]
    """Whether the first of `speakers` is called on to argue against what all have agreed on."""
    stage: NotRequired[Literal["ballot"]]
    """"ballot" while `speakers` vote; else they make statements."""
    ending: NotRequired[str | None]
    """While they vote: why the run is over after that; empty where it goes on."""


@_shown_as("Run")
class TableInput(TypedDict, total=False):
    """How far to play; nothing here needs to be filled in."""

    horizon: Annotated[int | None, Bound(ge=1, title="Rounds", json_schema_extra={"default": None})]
    """How many rounds to play; empty for as many as the scenario's clock has."""


@_shown_as("Public record")
class TableOutput(TypedDict, total=False):
    """What was said and what came of it: the public channels of the root graph."""

    transcript: Ledger
    """Statements in order: `round`, `turn`, `speaker`, `text`, `fields`; a `problem` where there is no text."""
    events: Ledger
    """First reports of events: `name`, `party`, `round`."""
    summaries: Ledger
    """What was said long ago, summed up: `level`, `first`, `last`, `gist` and lists; see `converse_graph.summaries`."""
    votes: Ledger
    """Votes on the scenario's motion, counted: `round`, `position`, `counts`."""
    floor: Floor
    """Whose turn it is, or was last."""
    horizon: int | None
    """How many rounds are played; null for as many as the clock has."""
    ended: str | None
    """Why the run is over, such as "horizon" or an event; empty while it is not."""


def mind_of(party: str) -> str:
    """The name of a party's private channel."""
    return f"mind_{party}"


def outbox_of(speaker: str) -> str:
    """The name of the channel in which a speaker proposes what to say."""
    return f"out_{speaker}"


def _channels(name: str, channels: dict[str, Any]) -> type[Any]:
    """A state schema whose channels are known only when its cast is."""
    made: type[Any] = TypedDict(name, channels, total=False)  # type: ignore[misc]
    return made


def table_schema(parties: Sequence[str]) -> type[Any]:
    """All channels of a root graph."""
    private: dict[str, Any] = {mind_of(name): Ledger for name in parties}
    proposed: dict[str, Any] = {outbox_of(name): Outbox for name in parties}
    return _channels("Table", {**_PUBLIC, **private, **proposed})


def party_schema(party: str) -> type[Any]:
    """What the node of one party reads: the public channels and its own mind."""
    return _channels("PartyInput", {**_PUBLIC, mind_of(party): Ledger})


def supervisor_schema(parties: Sequence[str]) -> type[Any]:
    """What the supervisor reads: the public channels and what was proposed, no mind."""
    proposed = {outbox_of(name): Outbox for name in parties}
    return _channels("SupervisorInput", {**_PUBLIC, **proposed})


_PUBLIC: dict[str, Any] = {
    "transcript": Ledger,
    "events": Ledger,
    "summaries": Ledger,
    "votes": Ledger,
    "floor": Floor,
    "horizon": int | None,
    "ended": str | None,
}
PUBLIC_CHANNELS = frozenset(_PUBLIC)
"""Channels of the root table that everybody may read."""


def debate_schema(members: Sequence[str]) -> type[Any]:
    """All channels of a debate."""
    proposed: dict[str, Any] = {outbox_of(name): Outbox for name in members}
    written: dict[str, Any] = {before_of(name): Entry for name in members}
    return _channels("DebateChannels", {**_DEBATE, **proposed, **written})


def member_schema(member: str) -> type[Any]:
    """What one member of a debate reads of it: what was said, and what itself wrote down before."""
    return _channels("MemberInput", {**_HEARD, before_of(member): Entry})


def debate_supervisor_schema(members: Sequence[str]) -> type[Any]:
    """What the supervisor of a debate reads: what was said and is proposed, nothing that a member keeps to itself."""
    return _channels("DebateInput", {**_HEARD, **{outbox_of(name): Outbox for name in members}})


def before_of(member: str) -> str:
    """The name of the channel that holds what a member wrote down before it heard the others."""
    return f"before_{member}"


_HEARD: dict[str, Any] = {"lines": Ledger, "line": int, "dissent": bool}
HEARD_IN_DEBATE = frozenset(_HEARD)
"""Channels of a debate that everybody in it may read."""

_DEBATE: dict[str, Any] = {**_HEARD, "inner": Ledger, "decision": dict[str, Any] | None, "ballots": list[Entry]}
DEBATE_CHANNELS = frozenset(_DEBATE)
"""`lines` spoken so far, `inner` records of debates held inside them, the `decision`, the next `line` and whether it
is to be `dissent`, and the secret `ballots`."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What one party may know as its turn comes: the recent public record and its own recent mind."""

    party: str
    round: int
    turn: int
    statements: tuple[Entry, ...]
    mind: tuple[Entry, ...]
    """Its recent records."""
    events: tuple[str, ...]
    """Names of what has happened."""
    summaries: tuple[Entry, ...] = ()
    """Of what was said before `statements` begin, all levels."""
    own_summaries: tuple[Entry, ...] = ()
    """Of its own earlier records, those of its personas too, all levels."""
    past: tuple[Entry, ...] = ()
    """Its own records of before `statements` begin that no summary of its own stands for yet."""
    kept: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What it must never lose, such as what it has announced: a title and its entries each."""
    standing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What stands now and concerns this party, such as laws in force: a title and its entries each."""
    voting: bool = False
    """Whether it votes on the scenario's motion, and makes no statement."""
    dissents: bool = False
    """Whether it is called on to argue against what all have agreed on."""
    written: Entry | None = None
    """Where it stood on the motion before it heard anybody: `reason` and `position`; None where it was not asked."""
    is_first: bool = False
    """Whether it has had no turn yet."""
    dated: tuple[Entry, ...] = ()
    """What happened at a date and is known to this party: `round`, `number` among the events, `text`, `to`."""
    earlier: tuple[Entry, ...] = ()
    """Of a party that recalls: the statements of before `statements` begin."""
    own_earlier: tuple[Entry, ...] = ()
    """The same of its own records, without summaries."""
    dated_earlier: tuple[Entry, ...] = ()
    """The same of what happened at a date."""


def view(scenario: Scenario, state: Mapping[str, Any], party: str) -> View:
    """Put together what a party hears."""
    floor: Floor = state["floor"]
    summaries = state.get("summaries", ())
    first = max(window_start(floor["round"], scenario.window), frozen_until(summaries))
    mind = state.get(mind_of(party), ())
    long_ago = first if scenario.recall_of(scenario.party(party)) else 0
    return View(
        party=party,
        round=floor["round"],
        turn=floor["turn"] + floor["speakers"].index(party),
        statements=_since(state.get("transcript", ()), first),
        mind=_since(mind, first),
        summaries=tuple(summaries),
        own_summaries=(own := tuple(entry for entry in mind if "gist" in entry)),
        past=_between(mind, frozen_until(own, party), first) if summaries else (),
        events=events_so_far(scenario.events, state.get("events", ())),
        kept=tuple(
            (rule.title, kept_now(rule, party, state.get("transcript", ())))
            for rule in scenario.kept
            if rule.to in (None, scenario.party(party).kind)
        ),
        standing=_standing(scenario, state, party),
        dated=_dated(scenario, party, first, floor["round"]),
        voting=floor.get("stage") == "ballot",
        dissents=floor.get("dissent", False) and floor["speakers"][0] == party,
        written=mind[0].get("written") if mind else None,
        is_first=not mind,
        earlier=_between(state.get("transcript", ()), 0, long_ago),
        own_earlier=_between(mind, 0, long_ago),
        dated_earlier=_dated(scenario, party, 0, long_ago - 1),
    )


def _standing(scenario: Scenario, state: Mapping[str, Any], party: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not scenario.standing:
        return ()
    kind, said = scenario.party(party).kind, state.get("transcript", ())
    return tuple((rule.title, standing_now(rule, said)) for rule in scenario.standing if rule.to == kind)


def _dated(scenario: Scenario, party: str, first: int, last: int) -> tuple[Entry, ...]:
    known = []
    for number, event in enumerate(scenario.dated_events):
        round = scenario.clock.round_of(event.at)
        if first <= round <= last and event.to in (None, party):
            known.append({"round": round, "number": number, "text": event.text, "to": event.to})
    return tuple(known)


def window_start(round: int, window: int) -> int:
    """The first round that is heard in a round: at most `window` rounds back, in blocks of as many.

    A window that slides every round changes a prompt's beginning every round, and no prefix cache ever hits.
    """
    return max(0, -(-(round - window) // window) * window)


def frozen_until(summaries: Sequence[Entry], path: str | None = None) -> int:
    """The first round that no summary stands for.

    Args:
        summaries: Records of summaries, mixed with others at will.
        path: Whose; None for public ones.
    """
    ends = [kept["last"] + 1 for kept in summaries if "gist" in kept and kept.get("path") == path]
    return max(ends, default=0)


def _between(ledger: Sequence[Entry], first: int, until: int) -> tuple[Entry, ...]:
    """The entries of rounds from `first` on and before `until`, without summaries, which are of other rounds.

    Found from the end, so that what is recent costs the same late in a run.
    """
    found: list[Entry] = []
    for entry in reversed(ledger) if first < until else ():
        if "gist" in entry:
            continue
        if entry["round"] < first:
            break
        if entry["round"] < until:
            found.append(entry)
    return tuple(reversed(found))


def _since(ledger: Sequence[Entry], first: int) -> tuple[Entry, ...]:
    """The entries of rounds from `first` on, found from the end so that the cost does not grow with the run."""
    start = len(ledger)
    while start and ledger[start - 1]["round"] >= first:
        start -= 1
    return tuple(ledger[start:])
