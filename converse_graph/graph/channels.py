"""Channels of the graphs, and which of them each node is given.

A party's node is given the public channels and its own mind by its input schema, never another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from langgraph.channels import EphemeralValue
from langgraph.channels.delta import DeltaChannel
from pydantic import Field as Bound
from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other

from converse_graph.record.records import (
    DecisionRecord,
    EventRecord,
    HiddenWorldRecord,
    LineRecord,
    MemberStanceRecord,
    MindRecord,
    MinutesRecord,
    MoveRecord,
    OwnWorldRecord,
    StatementRecord,
    SummaryRecord,
    VoteRecord,
    WorldRecord,
)
from converse_graph.record.state import (
    WORLD_HIDDEN,
    WORLD_STATE,
    TurnState,
    append,
    moves_channel,
    outbox_channel,
    own_world_channel,
    position_channel,
    private_channel,
    titled,
)

_GROWS: DeltaChannel[Any] = DeltaChannel(append, snapshot_frequency=1000)
"""Of a ledger: a step stores only what it appended. Its records are plain values, for message objects cost ten times
as much to store and read."""

Statements = Annotated[list[StatementRecord], _GROWS]
Events = Annotated[list[EventRecord], _GROWS]
Summaries = Annotated[list[SummaryRecord], _GROWS]
Votes = Annotated[list[VoteRecord], _GROWS]
Mind = Annotated[list[MindRecord], _GROWS]
Lines = Annotated[list[LineRecord], _GROWS]

PublicWorld = Annotated[list[WorldRecord], _GROWS]
HiddenWorld = Annotated[list[HiddenWorldRecord], _GROWS]
OwnWorld = Annotated[list[OwnWorldRecord], _GROWS]
Moves = Annotated[list[MoveRecord], _GROWS]

Outbox = Annotated[dict[str, Any], EphemeralValue(dict)]
"""What a speaker proposes, until the supervisor has looked at it in the next step."""


@titled("Run")
class TableInput(TypedDict, total=False):
    """How far to play; nothing here needs to be filled in."""

    horizon: Annotated[int | None, Bound(ge=1, title="Rounds", json_schema_extra={"default": None})]
    """How many rounds to play; empty for as many as the scenario's clock has."""


@titled("Public record")
class TableOutput(TypedDict, total=False):
    """What was said and what came of it: the public channels of the root graph."""

    transcript: Statements
    """Statements in order: `round`, `turn`, `speaker`, `text`, `fields`; a `problem` where there is no text."""
    events: Events
    """First reports of events: `name`, `party`, `round`."""
    summaries: Summaries
    """What was said long ago, summed up: `level`, `first`, `last`, `summary`, lists; see `prompting.summaries`."""
    votes: Votes
    """Votes on the scenario's motion, counted: `round`, `position`, `counts`."""
    floor: TurnState
    """Whose turn it is, or was last."""
    horizon: int | None
    """How many rounds are played; null for as many as the clock has."""
    ended: str | None
    """Why the run is over, such as "horizon" or an event; empty while it is not."""


def _channels(name: str, channels: dict[str, Any]) -> type[Any]:
    """A state schema whose channels are known only when its cast is."""
    shape: type[Any] = TypedDict(name, channels, total=False)  # type: ignore[misc]  # its fields come at run time
    return shape


def table_schema(parties: Sequence[str], *, has_world: bool = False) -> type[Any]:
    """All channels of a root graph."""
    private: dict[str, Any] = {private_channel(name): Mind for name in parties}
    outboxes: dict[str, Any] = {outbox_channel(name): Outbox for name in parties}
    if has_world:
        private |= {own_world_channel(name): OwnWorld for name in parties} | _world_input(parties)
    return _channels("Table", {**_PUBLIC, **private, **outboxes})


def party_schema(party: str, *, has_world: bool = False) -> type[Any]:
    """What the node of one party reads: the public channels, its own mind, and how it stands in the world."""
    own: dict[str, Any] = {private_channel(party): Mind}
    if has_world:
        own |= {WORLD_STATE: PublicWorld, own_world_channel(party): OwnWorld}
    return _channels("PartyInput", {**_PUBLIC, **own})


def supervisor_schema(parties: Sequence[str], *, has_world: bool = False) -> type[Any]:
    """What the supervisor reads: the public channels and what was proposed, no mind and no sealed move."""
    outboxes: dict[str, Any] = {outbox_channel(name): Outbox for name in parties}
    if has_world:
        outboxes[WORLD_STATE] = PublicWorld
    return _channels("SupervisorInput", {**_PUBLIC, **outboxes})


def world_schema(parties: Sequence[str]) -> type[Any]:
    """What the node that resolves a round reads: the world, hidden state, sealed moves; nothing that is said."""
    return _channels("WorldInput", {"floor": TurnState, **_world_input(parties)})


def _world_input(parties: Sequence[str]) -> dict[str, Any]:
    moves: dict[str, Any] = {moves_channel(name): Moves for name in parties}
    return {WORLD_STATE: PublicWorld, WORLD_HIDDEN: HiddenWorld, **moves}


_PUBLIC: dict[str, Any] = {
    "transcript": Statements,
    "events": Events,
    "summaries": Summaries,
    "votes": Votes,
    "floor": TurnState,
    "horizon": int | None,
    "ended": str | None,
}
PUBLIC_CHANNELS = frozenset(_PUBLIC)
"""Channels of the root table that everybody may read."""


def debate_schema(members: Sequence[str]) -> type[Any]:
    """All channels of a debate."""
    outboxes: dict[str, Any] = {outbox_channel(name): Outbox for name in members}
    positions: dict[str, Any] = {position_channel(name): MemberStanceRecord for name in members}
    return _channels("DebateChannels", {**_DEBATE, **outboxes, **positions})


def member_schema(member: str) -> type[Any]:
    """What one member of a debate reads of it: what was said, and what itself wrote down before."""
    return _channels("MemberInput", {**_HEARD, position_channel(member): MemberStanceRecord})


def debate_supervisor_schema(members: Sequence[str]) -> type[Any]:
    """What the supervisor of a debate reads: what was said and is proposed, nothing that a member keeps to itself."""
    return _channels("DebateInput", {**_HEARD, **{outbox_channel(name): Outbox for name in members}})


_HEARD: dict[str, Any] = {"lines": Lines, "line": int, "dissent": bool}
HEARD_IN_DEBATE = frozenset(_HEARD)
"""Channels of a debate that everybody in it may read."""

_DEBATE: dict[str, Any] = {
    **_HEARD,
    "inner": Mind,
    "decision": DecisionRecord | None,
    "ballots": list[MemberStanceRecord],
    "minutes": MinutesRecord,
}
DEBATE_CHANNELS = frozenset(_DEBATE)
"""`lines` spoken so far, `inner` records of debates held inside them, the `decision`, the next `line` and whether it
is to be `dissent`, the secret `ballots`, and the `minutes` of the chair."""
