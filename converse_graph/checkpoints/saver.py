"""LangGraph's saver over a store, a file or a server: commits shared between runs, and a turn saved whole."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from converse_graph.store import Store
from converse_graph.store.checkpoint_rows import CheckpointRow, WriteRow, ledger_history
from converse_graph.store.journal import RunJournal
from converse_graph.store.packing import pack, unpack

TURN = "turn"
"""The task that all which was written since the last checkpoint is put under. No task of a graph is called so, and a
resume takes none of it for work that is done."""

_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class PackedSerializer(JsonPlusSerializer):
    """LangGraph's own serializer for plain values alone, with what is long packed."""

    def __init__(self) -> None:
        """Let nothing in or out that could run code."""
        super().__init__(allowed_msgpack_modules=None, pickle_fallback=False)

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Serialize, and pack what is long."""
        return pack(*super().dumps_typed(obj))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Unpack what was packed, and deserialize."""
        return super().loads_typed(unpack(*data))


class SaverOfTurns(BaseCheckpointSaver[int], ABC):
    """A saver that can save a turn whole: what `TurnSaver` saves into."""

    @abstractmethod
    def put_turn(
        self,
        before: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        *,
        gains: Sequence[tuple[str, Any]],
    ) -> Awaitable[None]:
        """Save what ledgers gained since a checkpoint, and the next one, both or neither.

        Args:
            before: Where the checkpoint before lies.
            writes: Channels and what was written to them, in order; saved under the checkpoint before.
            checkpoint: The next one.
            metadata: Its metadata.
            gains: The writes, and those that the next checkpoint holds itself: what is chained of them.

        Returns:
            To be awaited: over when both are durable. It is queued when this returns.
        """

    @abstractmethod
    async def settled(self) -> None:
        """Wait until what belongs to turns that are not over is durable.

        Raises:
            StoreFailure: It could not be saved.
        """


class StoreSaver(SaverOfTurns):
    """Checkpoints in one store with all else.

    The versions of channels are plain whole numbers: they are stored with every checkpoint, once for each channel.
    """

    def __init__(self, store: Store, journal: RunJournal | None = None) -> None:
        """Save into a store.

        Args:
            store: One that is open.
            journal: Of the one run that is saved turn by turn, where its replies are kept with its turns.
        """
        super().__init__(serde=PackedSerializer())
        self._rows, self._journal = store.checkpoints, journal

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint of a thread, or the one that is named."""
        row = self._row_at(config)
        return None if row is None else self._as_tuple(row)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Checkpoints, the latest first."""
        where = config["configurable"] if config else {}
        filters = {name: str(where[name]) for name in _KEY if name in where}
        if before is not None and (end := get_checkpoint_id(before)):
            filters["before"] = end
        for row in self._rows.all(**filters):
            if limit is not None and limit <= 0:
                return
            checkpoint_tuple = self._as_tuple(row)
            metadata: Mapping[str, Any] = checkpoint_tuple.metadata
            if all(name in metadata and metadata[name] == value for name, value in (filter or {}).items()):
                limit = None if limit is None else limit - 1
                yield checkpoint_tuple

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What was written to ledgers up to a checkpoint."""
        row = self._row_at(config)
        if row is None:
            return {name: {"writes": []} for name in channels}
        history = ledger_history(self._rows, row, channels, lambda kind, blob: self.serde.loads_typed((kind, blob)))
        return {name: _as_history(name, *history[name]) for name in channels}

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint; returns when it is durable."""
        row = self._as_row(config, checkpoint, metadata)
        await self._rows.put(row)
        return _config(row, row.checkpoint_id)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a node wrote; returns when it is durable."""
        rows = self._write_rows(config, writes, task_id, task_path)
        await self._rows.put_writes(rows, replace=all(channel in WRITES_IDX_MAP for channel, _ in writes))

    def put_turn(
        self,
        before: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        *,
        gains: Sequence[tuple[str, Any]],
    ) -> Awaitable[None]:
        """Save what ledgers gained since a checkpoint, and the next one, both or neither."""
        rows = self._write_rows(before, writes, TURN, "") if writes else ()
        notes = self._journal.take_notes() if self._journal is not None else None
        return self._rows.put(self._as_row(before, checkpoint, metadata), rows, gains, first=notes)

    async def settled(self) -> None:
        """Write the replies of the journal that wait for the end of their round."""
        if self._journal is not None:
            await self._journal.keep_notes()

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all checkpoints of a thread."""
        await self._rows.delete_thread(str(thread_id))

    def get_next_version(self, current: int | None, channel: None) -> int:
        """The whole number after."""
        return (current or 0) + 1

    def _row_at(self, config: RunnableConfig) -> CheckpointRow | None:
        where = config["configurable"]
        return self._rows.one(str(where["thread_id"]), where.get("checkpoint_ns", ""), get_checkpoint_id(config))

    def _as_row(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> CheckpointRow:
        where = config["configurable"]
        kind, blob = self.serde.dumps_typed(checkpoint)
        return CheckpointRow(
            thread_id=str(where["thread_id"]),
            checkpoint_ns=where.get("checkpoint_ns", ""),
            checkpoint_id=checkpoint["id"],
            parent_id=where.get("checkpoint_id"),
            kind=kind,
            checkpoint=blob,
            metadata=_AS_JSON(get_checkpoint_metadata(config, metadata)),
        )

    def _write_rows(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> list[WriteRow]:
        where = config["configurable"]
        key = (str(where["thread_id"]), where.get("checkpoint_ns", ""), str(where["checkpoint_id"]), task_id, task_path)
        return [
            WriteRow(*key, WRITES_IDX_MAP.get(channel, number), channel, *self.serde.dumps_typed(value))
            for number, (channel, value) in enumerate(writes)
        ]

    def _as_tuple(self, row: CheckpointRow) -> CheckpointTuple:
        rows = self._rows.writes(row.thread_id, row.checkpoint_ns, row.checkpoint_id, row.checkpoint_id)
        return CheckpointTuple(
            config=_config(row, row.checkpoint_id),
            checkpoint=self.serde.loads_typed((row.kind, row.checkpoint)),
            metadata=cast("CheckpointMetadata", json.loads(row.metadata)),
            parent_config=_config(row, row.parent_id) if row.parent_id else None,
            pending_writes=[
                (write.task_id, write.channel, self.serde.loads_typed((write.kind, write.value))) for write in rows
            ],
        )


_KEY = ("thread_id", "checkpoint_ns", "checkpoint_id")


def _config(row: CheckpointRow, checkpoint_id: str) -> RunnableConfig:
    key = {"thread_id": row.thread_id, "checkpoint_ns": row.checkpoint_ns, "checkpoint_id": checkpoint_id}
    return {"configurable": key}


def _as_history(name: str, snapshot: Any, writes: Sequence[tuple[str, Any]]) -> DeltaChannelHistory:
    history: DeltaChannelHistory = {"writes": [(task_id, name, value) for task_id, value in writes]}
    if snapshot is not None:
        history["seed"] = snapshot
    return history
