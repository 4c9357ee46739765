"""The rows of checkpoints and of what was written between them, read and written without LangGraph."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from converse_graph.store.chain import add_records, digest_of
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer


class CheckpointRow(NamedTuple):
    """A checkpoint as it is stored."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    parent_id: str | None
    kind: str
    checkpoint: bytes
    metadata: str


class WriteRow(NamedTuple):
    """What one task wrote to one channel, under the checkpoint that it ran on."""

    thread_id: str
    checkpoint_ns: str
    checkpoint_id: str
    task_id: str
    task_path: str
    idx: int
    channel: str
    kind: str
    value: bytes


_COLUMNS = ", ".join(CheckpointRow._fields)
_IN_THREAD = "thread_id = :thread AND checkpoint_ns = :namespace"
_ONE = f"SELECT {_COLUMNS} FROM checkpoints WHERE {_IN_THREAD} AND checkpoint_id = :id"  # noqa: S608 - names of ours
_LATEST = f"SELECT {_COLUMNS} FROM checkpoints WHERE {_IN_THREAD} ORDER BY checkpoint_id DESC LIMIT 1"  # noqa: S608
_BACK = f"""SELECT {_COLUMNS} FROM checkpoints WHERE {_IN_THREAD} AND checkpoint_id <= :id
ORDER BY checkpoint_id DESC LIMIT 100"""  # noqa: S608 - names of ours
_ALL = f"SELECT {_COLUMNS} FROM checkpoints {{where}} ORDER BY checkpoint_id DESC"  # noqa: S608 - names of ours
_WRITES = f"""SELECT {", ".join(WriteRow._fields)} FROM writes
WHERE {_IN_THREAD} AND checkpoint_id >= :first AND checkpoint_id <= :last
ORDER BY checkpoint_id, task_path, task_id, idx"""  # noqa: S608 - names of ours
PUT_CHECKPOINT = f"""INSERT INTO checkpoints ({_COLUMNS}, seal)
VALUES ({", ".join(f":{name}" for name in CheckpointRow._fields)}, :seal)
ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET parent_id = excluded.parent_id,
kind = excluded.kind, checkpoint = excluded.checkpoint, metadata = excluded.metadata, seal = excluded.seal"""  # noqa: S608 - names of ours
_PUT_WRITE = f"""INSERT INTO writes ({", ".join(WriteRow._fields)}, seal)
VALUES ({", ".join(f":{name}" for name in WriteRow._fields)}, :seal)
ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) """  # noqa: S608 - names of ours
PUT_WRITE = _PUT_WRITE + "DO NOTHING"
_REPLACE_WRITE = (
    _PUT_WRITE
    + """DO UPDATE SET task_path = excluded.task_path, channel = excluded.channel,
kind = excluded.kind, value = excluded.value, seal = excluded.seal"""
)
_SEAL_OF = f"SELECT seal FROM checkpoints WHERE {_IN_THREAD} AND checkpoint_id = :id"  # noqa: S608 - names of ours
SEALED = f"SELECT {_COLUMNS}, seal FROM checkpoints WHERE thread_id = :thread ORDER BY checkpoint_id"  # noqa: S608
_SEALED_AND_BEFORE = f"""SELECT {", ".join(f"c.{name}" for name in CheckpointRow._fields)}, c.seal, parent.seal
FROM checkpoints c LEFT JOIN checkpoints parent ON parent.thread_id = c.thread_id
AND parent.checkpoint_ns = c.checkpoint_ns AND parent.checkpoint_id = c.parent_id
WHERE c.thread_id = :thread ORDER BY c.checkpoint_ns, c.checkpoint_id"""  # noqa: S608 - names of ours
SEALED_WRITES = f"SELECT {', '.join(WriteRow._fields)}, seal FROM writes WHERE thread_id = :thread"  # noqa: S608
_DELETE = ("DELETE FROM checkpoints WHERE thread_id = :thread", "DELETE FROM writes WHERE thread_id = :thread")


class CheckpointRows:
    """The checkpoints of a store. A thread is what LangGraph calls the course of one graph: here, a run."""

    def __init__(self, reader: Session, writer: Writer) -> None:
        """Read from one connection, write through the store's writer."""
        self._reader, self._writer = reader, writer

    def one(self, thread: str, namespace: str = "", checkpoint_id: str | None = None) -> CheckpointRow | None:
        """The checkpoint of that id; without one the latest."""
        row_found = (
            self._reader.read(_ONE, thread=thread, namespace=namespace, id=checkpoint_id)
            if checkpoint_id
            else self._reader.read(_LATEST, thread=thread, namespace=namespace)
        )
        return CheckpointRow(*row_found[0]) if row_found else None

    def ancestors(self, row: CheckpointRow) -> Iterator[CheckpointRow]:
        """The checkpoints that one was reached from, the latest first."""
        parent = row.parent_id
        while parent:
            page = self._reader.read(_BACK, thread=row.thread_id, namespace=row.checkpoint_ns, id=parent)
            if not page or CheckpointRow(*page[0]).checkpoint_id != parent:
                return
            for earlier in map(CheckpointRow._make, page):
                if earlier.checkpoint_id == parent:
                    parent = earlier.parent_id
                    yield earlier

    def all(self, **filters: str) -> Iterator[CheckpointRow]:
        """Every checkpoint, the latest first.

        Args:
            **filters: The values that columns of it must have; `before` for ids that are smaller.
        """
        before = filters.pop("before", None)
        conditions = [f"{name} = :{name}" for name in filters] + (["checkpoint_id < :before"] if before else [])
        statement = _ALL.format(where=f"WHERE {' AND '.join(conditions)}" if conditions else "")
        values = {**filters, **({"before": before} if before else {})}
        yield from map(CheckpointRow._make, self._reader.read(statement, **values))

    def writes(self, thread: str, namespace: str, first: str, last: str) -> list[WriteRow]:
        """What was written under checkpoints, from one id to another, in order."""
        rows = self._reader.read(_WRITES, thread=thread, namespace=namespace, first=first, last=last)
        return [WriteRow(*write) for write in rows]

    def put(
        self,
        row: CheckpointRow,
        writes: Sequence[WriteRow] = (),
        gains: Sequence[tuple[str, Any]] = (),
        first: Callable[[Session], None] | None = None,
    ) -> Awaitable[None]:
        """Save a checkpoint and what was written under others, all or nothing.

        Args:
            row: The checkpoint.
            writes: What was written under others.
            gains: Channels and what was written to them, in order, to be chained where they are ledgers of a run.
            first: Writes what belongs to it elsewhere, such as the calls that it follows from.

        Returns:
            To be awaited: over when both are durable. It is queued when this returns.
        """

        def put(session: Session) -> None:
            if first is not None:
                first(session)
            session.run_many(_REPLACE_WRITE, [_sealed(write) for write in writes])
            key = {"thread": row.thread_id, "namespace": row.checkpoint_ns, "id": row.parent_id}
            before = session.run(_SEAL_OF, **key) if row.parent_id else []
            session.run(PUT_CHECKPOINT, **row._asdict(), seal=digest_of(*row, *map(bytes, before[0] if before else ())))
            add_records(session, row.thread_id, gains)

        return self._writer.submit(put)

    def put_writes(self, writes: Sequence[WriteRow], *, replace: bool) -> Awaitable[None]:
        """Save what was written under a checkpoint.

        Args:
            writes: The rows.
            replace: Whether a row that is there already is written over; else it is left.
        """
        statement = _REPLACE_WRITE if replace else PUT_WRITE
        return self._writer.submit(lambda session: session.run_many(statement, [_sealed(row) for row in writes]))

    def altered_places(self, thread: str) -> Iterator[str]:
        """Name what of a thread is not what its digests say: checkpoints, and what was written under them."""
        for *columns, seal, before in self._reader.stream(_SEALED_AND_BEFORE, thread=thread):
            row = CheckpointRow(*columns)
            if row.parent_id and before is None:
                yield f"the checkpoint before {row.checkpoint_id}"
            elif digest_of(*row, *([bytes(before)] if before else ())) != bytes(seal):
                yield f"checkpoint {row.checkpoint_id}"
        for *columns, seal in self._reader.stream(SEALED_WRITES, thread=thread):
            write = WriteRow(*columns)
            if digest_of(*write) != bytes(seal):
                yield f"what was written to {write.channel} after checkpoint {write.checkpoint_id}"

    async def delete_thread(self, thread: str) -> None:
        """Delete all of a thread; returns when that is durable."""

        def delete(session: Session) -> None:
            for statement in _DELETE:
                session.run(statement, thread=thread)

        await self._writer.write(delete)


def _sealed(row: WriteRow) -> dict[str, Any]:
    return {**row._asdict(), "seal": digest_of(*row)}


class LedgerHistory(NamedTuple):
    """What a ledger was at some checkpoint, and what was written to it from then on."""

    snapshot: Any
    """None where it began empty."""
    writes: list[tuple[str, Any]]
    """In order: the task that wrote, and what it wrote."""


def ledger_history(
    rows: CheckpointRows, row: CheckpointRow, channels: Collection[str], load: Callable[[str, bytes], Any]
) -> Mapping[str, LedgerHistory]:
    """What was written to ledgers up to a checkpoint: what lies under its ancestors, back to a snapshot.

    Args:
        rows: Where the checkpoints are.
        row: The checkpoint, which holds none of the ledgers itself.
        channels: The ledgers.
        load: What reads a stored value.
    """
    snapshots: dict[str, Any] = {}
    begins: dict[str, int] = {}
    path: list[str] = []
    for earlier in rows.ancestors(row):
        values = load(earlier.kind, earlier.checkpoint)["channel_values"]
        for name in (name for name in channels if name in values and name not in snapshots):
            snapshots[name], begins[name] = values[name], len(path)
        path.append(earlier.checkpoint_id)
        if len(snapshots) == len(channels):
            break
    history = {name: LedgerHistory(snapshots.get(name), []) for name in channels}
    places = {checkpoint_id: place for place, checkpoint_id in enumerate(path)}
    for write in _writes_on(places, rows, row):
        if write.channel in history and places[write.checkpoint_id] <= begins.get(write.channel, len(path)):
            history[write.channel].writes.append((write.task_id, load(write.kind, write.value)))
    return history


def _writes_on(places: Mapping[str, int], rows: CheckpointRows, row: CheckpointRow) -> list[WriteRow]:
    """What was written under the checkpoints of a path, whose places count back from its end, the earliest first."""
    if not places:
        return []
    write_rows = rows.writes(row.thread_id, row.checkpoint_ns, min(places), max(places))
    on_path = [write for write in write_rows if write.checkpoint_id in places]
    return sorted(on_path, key=lambda write: -places[write.checkpoint_id])
