"""One SQLite file: told from others by its mark, read by anyone, written by one thread in shared transactions."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from converse_graph.errors import ForeignStore, StoreFailure, UnknownName

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

APPLICATION = 0x43764772
"""SQLite's application_id of our files: "CvGr"."""
VERSION = 1
"""Of the schema; a file with a higher one is left alone."""

_PAGE = 8192
"""Bytes: a checkpoint takes over a kilobyte, and pages of the usual four would be left a third empty."""

# The last two tables are those of langgraph-checkpoint-sqlite, which makes them only where they are missing; without
# a row id their long keys are stored once, not twice.
_SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scenario TEXT NOT NULL,
    header TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    ended TEXT,
    parent TEXT,
    replays TEXT,
    horizon INTEGER NOT NULL,
    rounds INTEGER NOT NULL DEFAULT 0,
    statements INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL
);
CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    source TEXT NOT NULL,
    owner TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    place TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    digest BLOB NOT NULL,
    parts TEXT NOT NULL,
    form INTEGER NOT NULL REFERENCES parts (id),
    reply TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    model TEXT NOT NULL,
    finish TEXT NOT NULL,
    tokens_in INTEGER NOT NULL,
    tokens_out INTEGER NOT NULL,
    tokens_cached INTEGER NOT NULL,
    usd REAL,
    seconds REAL NOT NULL,
    UNIQUE (run, place, attempt, digest)
);
CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    rubric TEXT NOT NULL,
    model TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    UNIQUE (run, rubric, model, repeat)
);
CREATE TABLE checkpoints (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT,
    type TEXT,
    checkpoint BLOB,
    metadata BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
) WITHOUT ROWID;
CREATE TABLE writes (
    thread_id TEXT NOT NULL,
    checkpoint_ns TEXT NOT NULL DEFAULT '',
    checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    task_path TEXT NOT NULL DEFAULT '',
    idx INTEGER NOT NULL,
    channel TEXT NOT NULL,
    type TEXT,
    value BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
) WITHOUT ROWID;
"""


def check_ours(path: Path) -> bool:
    """Whether the file is a store of ours; False when there is no such file. It is only read.

    Raises:
        ForeignStore: It is something else, or from a newer version.
    """
    if not path.exists():
        return False
    if not path.is_file():
        raise ForeignStore(f"{path} is no file; name a store, such as .converse/runs.sqlite.")
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError as error:
        raise ForeignStore(f"{path} cannot be read: {error.strerror}.") from None
    if not head.startswith(b"SQLite format 3\0") or int.from_bytes(head[68:72], "big") != APPLICATION:
        raise ForeignStore(f"{path} is no store of ours and was left untouched; name another with --store.")
    version = int.from_bytes(head[60:64], "big")
    if version > VERSION:
        raise ForeignStore(
            f"{path} has version {version}, this converse-graph reads up to {VERSION}; upgrade it. Nothing was changed."
        )
    return True


def create(path: Path) -> None:
    """Make an empty store, whole or not at all.

    Raises:
        StoreFailure: The file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as aside:
            made = Path(aside) / path.name
            _fill(made)
            _put(made, path)
    except (OSError, sqlite3.Error) as error:
        raise StoreFailure(f"{path} cannot be made: {error}.") from None


def _fill(path: Path) -> None:
    with closing(connect(path)) as database:
        database.execute(f"PRAGMA page_size = {_PAGE}")
        database.execute("BEGIN")
        for statement in _SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")


def _put(made: Path, path: Path) -> None:
    """Give a file its name, unless another process has been first."""
    try:
        path.hardlink_to(made)
    except FileExistsError:
        return
    except OSError:
        if not path.exists():  # a file system without hard links
            made.replace(path)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection that waits up to 30 seconds for another's transaction, and commits when told."""
    mode = "ro" if read_only else "rwc"
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False)


class Writer:
    """Everything that writes to the store, one transaction for all that waits.

    A caller returns only when its rows are committed, so that many runs share the cost of a commit and none loses
    its guarantee.
    """

    def __init__(self, path: Path) -> None:
        """Open the connection that writes."""
        self._database = connect(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="converse-store")
        self._waiting: list[tuple[Job[Any], asyncio.Future[Any] | None]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._on_rollback: list[Callable[[], None]] = []

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Have `forget` called, on the writing thread, when a transaction is undone."""
        self._on_rollback.append(forget)

    async def write(self, job: Job[T]) -> T:
        """Run a job in the next transaction, and return what it returns once that is committed.

        Raises:
            StoreFailure: The database refused, for want of room or for good; nothing of the job was written.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, done))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await done

    def post(self, job: Job[Any]) -> None:
        """Have a job run in the same transaction as whatever is written next."""
        self._waiting.append((job, None))

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        if self._waiting:
            await self.write(lambda database: None)
        if self._flushing is not None:
            await self._flushing
        self._thread.shutdown()
        self._database.close()

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await loop.run_in_executor(self._thread, self._commit, [job for job, _ in batch])
            for (_, done), outcome in zip(batch, outcomes, strict=True):
                if done is None or done.cancelled():
                    continue
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)
        self._flushing = None

    def _commit(self, jobs: list[Job[Any]]) -> list[Any]:
        try:
            return self._transact(jobs)
        except Exception as error:  # a job's failure must not take down those it shares a transaction with
            if len(jobs) == 1:
                return [_failure(error)]
        return [outcome for job in jobs for outcome in self._commit([job])]

    def _transact(self, jobs: list[Job[Any]]) -> list[Any]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            outcomes = [job(self._database) for job in jobs]
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            for forget in self._on_rollback:
                forget()
            raise
        return outcomes


def _failure(error: Exception) -> Exception:
    if isinstance(error, sqlite3.Error):
        return StoreFailure(f"The store refused to write: {error}. What was committed before is kept.")
    return error


def open_existing(path: Path) -> Path:
    """The path of a store that must exist already.

    Raises:
        UnknownName: There is none.
        ForeignStore: It is not ours.
    """
    if not check_ours(path):
        raise UnknownName(f"No store at {path}; `converse run` makes one, and --store names another.")
    return path
