"""LangGraph's saver on a SQLite file: commits shared between runs, and a turn saved whole."""

import json
from collections.abc import Awaitable, Sequence
from typing import Any

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from converse_graph.store.packing import PackedSerializer
from converse_graph.store.session import Row, Session
from converse_graph.store.turn_checkpoints import TURN, TurnSaver
from converse_graph.store.writer import Writer

_PUT = """INSERT OR REPLACE INTO checkpoints
(thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
VALUES (?, ?, ?, ?, ?, ?, ?)"""

_PUT_WRITES = """INSERT OR {on_conflict} INTO writes
(thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Checkpoints(AsyncSqliteSaver, TurnSaver):
    """Checkpoints in one file with all else."""

    def __init__(self, reader: aiosqlite.Connection, writer: Writer) -> None:
        """Read from one connection, write through the store's writer."""
        super().__init__(reader, serde=PackedSerializer())
        self._writer = writer

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint; returns when it is durable."""
        where = config["configurable"]
        row = self._row(config, checkpoint, metadata)
        await self._writer.write(lambda session: session.connection.execute(_PUT, row) and None)
        saved = {"thread_id": where["thread_id"], "checkpoint_ns": where["checkpoint_ns"]}
        return {"configurable": {**saved, "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save what a node wrote; returns when it is durable."""
        rows = self._write_rows(config, writes, task_id, task_path)
        special = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        statement = _PUT_WRITES.format(on_conflict="REPLACE" if special else "IGNORE")
        await self._writer.write(lambda session: session.connection.executemany(statement, rows) and None)

    def put_turn(
        self,
        before: RunnableConfig,
        gained: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        versions: ChannelVersions,
    ) -> Awaitable[None]:
        """Save what ledgers gained since a checkpoint, and the next one, both or neither."""
        row, rows = self._row(before, checkpoint, metadata), self._write_rows(before, gained, TURN, "")

        def put(session: Session) -> None:
            session.connection.executemany(_PUT_WRITES.format(on_conflict="REPLACE"), rows)
            session.connection.execute(_PUT, row)

        return self._writer.submit(put)

    def _row(self, config: RunnableConfig, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> Row:
        where = config["configurable"]
        told = _AS_JSON(get_checkpoint_metadata(config, metadata)).encode()
        key = (str(where["thread_id"]), where["checkpoint_ns"], checkpoint["id"], where.get("checkpoint_id"))
        return (*key, *self.serde.dumps_typed(checkpoint), told)

    def _write_rows(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> list[Row]:
        where = config["configurable"]
        key = (str(where["thread_id"]), where["checkpoint_ns"], str(where["checkpoint_id"]), task_id, task_path)
        return [
            (*key, WRITES_IDX_MAP.get(channel, number), channel, *self.serde.dumps_typed(value))
            for number, (channel, value) in enumerate(writes)
        ]

    def get_next_version(self, current: Any, channel: None) -> Any:
        """Plain whole numbers: the versions are stored with every checkpoint, once for each channel."""
        return (current or 0) + 1
