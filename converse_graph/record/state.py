"""What the channels of a run hold, how they are called, and the one reducer that all ledgers share.

Without LangGraph, so that the record of a run can be read without it; the channels themselves are in `graph.channels`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other


class LedgerElsewhere(Sequence[Any], ABC):
    """A ledger that is no list, for its records are not in memory; it never changes."""

    @abstractmethod
    def grown(self, records: Sequence[Any]) -> LedgerElsewhere:
        """The ledger that has these records more at its end.

        Args:
            records: Plain values.
        """


def append(current: Sequence[Any] | None, writes: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """The reducer of every ledger: append, in the order of the writes."""
    records = [record for write in writes for record in write]
    return current.grown(records) if isinstance(current, LedgerElsewhere) else [*(current or ()), *records]


def titled(title: str) -> Any:
    """Mark a schema that a LangGraph server shows: under this title, with what is said here under each field."""
    return with_config(ConfigDict(title=title, use_attribute_docstrings=True))


@titled("TurnState")
class TurnState(TypedDict):
    """Whose turn it is."""

    round: int
    """From 0."""
    turn: int
    """Position in the round of the first of `speakers`, from 0."""
    speakers: list[str]
    """Who has been given the floor and has not been heard yet."""
    queue: list[str]
    """Who speaks after them in this round; empty for a moderated table."""
    turns_taken: dict[str, int]
    """How many turns each party has had; of a moderated table only."""
    dissent: NotRequired[bool]
    """Whether the first of `speakers` is called on to argue against what all have agreed on."""
    stage: NotRequired[Literal["ballot"]]
    """"ballot" while `speakers` vote; else they make statements."""
    ending: NotRequired[str | None]
    """While they vote: why the run is over after that; empty where it goes on."""


PUBLIC_LEDGERS = ("transcript", "events", "summaries", "votes")
"""The channels of the root graph that grow at one end and that everybody may read."""
PUBLIC_VALUES = ("floor", "horizon", "ended")
"""Its other channels that everybody may read."""


def private_channel(party: str) -> str:
    """The name of a party's private channel."""
    return f"mind_{party}"


WORLD_STATE, WORLD_HIDDEN = "world_state", "world_hidden"
"""Ledgers of a scenario with a world: what everybody is told of it, and all of it, for the node that resolves it."""


def own_world_channel(party: str) -> str:
    """The name of the channel that tells a party alone how it stands in the world."""
    return f"own_{party}"


def moves_channel(party: str) -> str:
    """The name of the channel that holds a party's sealed moves."""
    return f"moves_{party}"


def world_ledgers(parties: Sequence[str]) -> tuple[str, ...]:
    """The names of all ledgers that a scenario with a world has beside the others."""
    return (WORLD_STATE, WORLD_HIDDEN, *map(own_world_channel, parties), *map(moves_channel, parties))


_PRIVATE_LEDGERS = (private_channel(""), own_world_channel(""), moves_channel(""))


def is_ledger(channel: str) -> bool:
    """Whether a channel of the root graph grows at one end; the others hold one value."""
    return channel in (*PUBLIC_LEDGERS, WORLD_STATE, WORLD_HIDDEN) or channel.startswith(_PRIVATE_LEDGERS)


def outbox_channel(speaker: str) -> str:
    """The name of the channel in which a speaker proposes what to say."""
    return f"out_{speaker}"


def position_channel(member: str) -> str:
    """The name of the channel that holds what a member wrote down before it heard the others."""
    return f"before_{member}"
