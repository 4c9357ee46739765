"""Holds what a run comes to as it is played again, for one thread: the last checkpoint, and how far ledgers grew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.serde.types import _DeltaSnapshot as DeltaSnapshot

from converse_graph.audit.played_ledger import PlayedLedger, StoredLedger
from converse_graph.checkpoints import SaverOfTurns
from converse_graph.record.state import PUBLIC_VALUES, append
from converse_graph.store.packing import dump_plain, load_plain


class PlayedSaver(SaverOfTurns):
    """Checkpoints that nobody goes back to: of each ledger all that was written, of the rest the last values.

    No step is kept but the last, and nothing is packed, chained or written to a file. Of ledgers no record is held
    that is the one which the run has on record: see `PlayedLedger`.
    """

    def __init__(self, record: Mapping[str, Any], ledgers: Sequence[str], *, holds_all: bool) -> None:
        """Begin with nothing played.

        Args:
            record: The channels of the run that is played again, as its store has them.
            ledgers: The names of those that are ledgers.
            holds_all: Whether every record is to stay in memory, for parties that look at their whole past each turn.
        """
        super().__init__()
        self._latest: CheckpointTuple | None = None
        self._empty = {name: PlayedLedger(StoredLedger(record.get(name, ()), holds_all=holds_all)) for name in ledgers}
        self._ledgers = dict(self._empty)
        self._pending: list[tuple[str, Any]] = []
        """What was written on the last checkpoint."""

    def channels(self) -> dict[str, Any]:
        """The channels that a record has, as they are at the last checkpoint; empty before the first."""
        if self._latest is None:
            return {}
        values = self._latest.checkpoint["channel_values"]
        plain = {name: _as_stored(values[name]) for name in PUBLIC_VALUES if name in values}
        return plain | self._ledgers

    def reading_from_record(self, channels: Mapping[str, Any]) -> dict[str, Any]:
        """The channels of a graph with its ledgers as `PlayedLedger`, where they were lists.

        Args:
            channels: As the graph was compiled with them.
        """
        return {**channels, **{name: self._channel(name, channels[name]) for name in self._empty}}

    def _channel(self, name: str, channel: DeltaChannel[Any]) -> DeltaChannel[Any]:
        def grow(current: Any, writes: Sequence[Any]) -> Any:
            return append(self._as_played(name, current), writes)

        ledger: DeltaChannel[Any] = DeltaChannel(grow, list, snapshot_frequency=channel.snapshot_frequency)
        ledger.key = channel.key
        return ledger

    def _as_played(self, name: str, records: Sequence[Any]) -> PlayedLedger:
        """A ledger as LangGraph has it: before anything was written to it, a list."""
        return records if isinstance(records, PlayedLedger) else self._empty[name].grown(records)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The last checkpoint."""
        return self._latest

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The last checkpoint alone."""
        if self._latest is not None:
            yield self._latest

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What ledgers hold at the last checkpoint."""
        return {name: {"writes": [], "seed": DeltaSnapshot(self._ledgers[name])} for name in channels}

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Hold a checkpoint instead of the one before, and what was written on that."""
        writes, self._pending = self._pending, []
        return self._hold(config, writes, checkpoint, metadata)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Hold what was written until the next checkpoint."""
        self._pending += writes

    async def settled(self) -> None:
        """Wait for nothing: all is in memory."""

    def put_turn(
        self,
        before: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        *,
        gains: Sequence[tuple[str, Any]],
    ) -> Awaitable[None]:
        """Hold a checkpoint, and what ledgers gained since the one before."""
        self._hold(before, writes, checkpoint, metadata)
        return _nothing_to_await()

    def get_next_version(self, current: int | None, channel: None) -> int:
        """The whole number after."""
        return (current or 0) + 1

    def _hold(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
    ) -> RunnableConfig:
        values = checkpoint["channel_values"]
        snapshots = {
            name: self._as_played(name, value.value)
            for name, value in values.items()
            if isinstance(value, DeltaSnapshot)
        }
        for name, records in writes:
            if name in self._ledgers and name not in snapshots:
                self._ledgers[name] = self._ledgers[name].grown(records)
        self._ledgers |= snapshots
        where = config["configurable"]
        new_config: RunnableConfig = {"configurable": {**where, "checkpoint_id": checkpoint["id"]}}
        self._latest = CheckpointTuple(config=new_config, checkpoint=checkpoint, metadata=metadata, pending_writes=[])
        return new_config


async def _nothing_to_await() -> None:
    """Be over at once: what is held in memory is durable for as long as it is looked at."""


def _as_stored(value: Any) -> Any:
    return load_plain("msgpack", dump_plain(value))
