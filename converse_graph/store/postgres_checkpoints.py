"""LangGraph's saver on a Postgres server: its writes ride in the store's transactions, as on a file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow

from converse_graph.store.packing import PackedSerializer
from converse_graph.store.postgres_session import PostgresSession
from converse_graph.store.session import Session
from converse_graph.store.turn_checkpoints import TURN, TurnSaver
from converse_graph.store.writer import Writer


class PostgresCheckpoints(AsyncPostgresSaver, TurnSaver):
    """Checkpoints on a server.

    The versions of channels are LangGraph's own, not plain numbers: values are stored by channel and version here, and
    two branches of one thread must not share a version.
    """

    def __init__(self, reader: AsyncConnection[DictRow], writer: Writer) -> None:
        """Read from one connection, write through the store's writer."""
        super().__init__(reader, serde=PackedSerializer())
        self._writer, self._asking = writer, PostgresSession(reader)

    def put_turn(
        self,
        before: RunnableConfig,
        gained: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        versions: ChannelVersions,
    ) -> Awaitable[None]:
        """Save what ledgers gained since a checkpoint, and the next one, both or neither."""
        return asyncio.create_task(self._put_turn(before, gained, checkpoint, metadata, versions))

    async def _put_turn(
        self,
        before: RunnableConfig,
        gained: Sequence[tuple[str, Any]],
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        versions: ChannelVersions,
    ) -> None:
        together = _Noted()
        _together.set(together)  # of this task alone
        await self.aput_writes(before, gained, TURN)
        await self.aput(before, checkpoint, metadata, versions)
        await self._writer.write(together.run)

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """Where the saver's statements go: those that write to the writer, as one job; the others to the reader."""
        if pipeline and (together := _together.get()) is not None:
            yield cast("AsyncCursor[DictRow]", together)
            return
        if pipeline:
            noted = _Noted()
            yield cast("AsyncCursor[DictRow]", noted)
            await self._writer.write(noted.run)
            return
        try:
            async with super()._cursor() as cursor:
                yield cursor
        except psycopg.Error as error:
            raise self._asking.failure(error, "read") from None


class _Noted:
    """Stands in for a cursor: notes statements, to be run later all together."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, list[Any]]] = []

    async def execute(self, statement: str, values: Any = ()) -> None:
        self._statements.append((statement, [values]))

    async def executemany(self, statement: str, rows: Sequence[Any]) -> None:
        self._statements.append((statement, list(rows)))

    def run(self, session: Session) -> None:
        with session.connection.cursor() as cursor:
            for statement, rows in self._statements:
                cursor.executemany(statement, rows)


_together: ContextVar[_Noted | None] = ContextVar("_together", default=None)
"""Where the statements of the present task go; None for a job of their own each."""
