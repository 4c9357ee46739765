"""Which channels each node writes. LangGraph lets any node write any channel, so each is held to its own here."""

from collections.abc import Sequence
from typing import Any

from converse_graph.errors import ConverseError
from converse_graph.graph.channels import DEBATE_CHANNELS, PUBLIC_CHANNELS
from converse_graph.record.state import (
    WORLD_HIDDEN,
    WORLD_STATE,
    moves_channel,
    outbox_channel,
    own_world_channel,
    position_channel,
    private_channel,
)

TABLE_SUPERVISOR = PUBLIC_CHANNELS
"""What the supervisor of the root table writes: all that is public, and nothing else."""


def party_writes(party: str, *, has_world: bool = False) -> frozenset[str]:
    """What a party writes: its proposal and its mind; where there is a world, its sealed moves."""
    moves = {moves_channel(party)} if has_world else set()
    return frozenset({outbox_channel(party), private_channel(party)} | moves)


def world_writes(parties: Sequence[str]) -> frozenset[str]:
    """What the node that resolves a round writes: the world, and what each party alone is told of it."""
    return frozenset({WORLD_STATE, WORLD_HIDDEN, *map(own_world_channel, parties)})


def member_writes(member: str) -> frozenset[str]:
    """What a member of a debate writes: its proposal, and records of debates inside it."""
    return frozenset({outbox_channel(member), "inner"})


def debate_supervisor_writes(members: Sequence[str]) -> frozenset[str]:
    """What the supervisor of a debate writes: all but those records, and what each member wrote down at the start."""
    return frozenset({*DEBATE_CHANNELS, *map(position_channel, members)}) - {"inner"}


def restrict_writes(channels: frozenset[str], update: dict[str, Any]) -> dict[str, Any]:
    """An update that is held to these channels.

    Raises:
        ConverseError: It writes another.
    """
    if strange := update.keys() - channels:
        raise ConverseError(
            f"A node wrote {', '.join(sorted(strange))}; it writes {', '.join(sorted(channels))} alone."
        )
    return update
