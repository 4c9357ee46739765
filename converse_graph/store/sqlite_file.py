"""One SQLite file as a store: told from others by its mark, made whole or not at all, a lock file for each run."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiosqlite
from filelock import FileLock, Timeout

from converse_graph.errors import ForeignStore, RunHeld, StoreFailure, UnknownName
from converse_graph.store.checkpoints import Checkpoints
from converse_graph.store.runs import check_run_name
from converse_graph.store.session import Row, Session, migrations
from converse_graph.store.versions import APPLICATION, VERSION
from converse_graph.store.writer import Writer

_PAGE = 8192
"""Bytes: a checkpoint takes over a kilobyte, and pages of the usual four would be left a third empty."""
_PATIENCE = 0.3
"""Seconds to wait for a lock: another process may be looking, just now, whether it is free."""


class SqliteSession(Session):
    """A connection to a file."""

    engine = "sqlite+pysqlite://"
    driver_error = sqlite3.Error

    def run(self, statement: str, **values: Any) -> list[Row]:
        """Run a statement with values for its names; returns the rows that it found."""
        found: list[Row] = self.connection.execute(statement, values).fetchall()
        return found

    def begin(self) -> None:
        """Begin a transaction that writes; whoever else would write waits for it."""
        self.connection.execute("BEGIN IMMEDIATE")

    def wait_for_turn(self) -> None:
        """Keep every other process from doing the same: none writes while another's transaction is open."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self.connection.in_transaction)

    def version(self) -> int:
        """Of the tables, as the file says."""
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def set_version(self, version: int) -> None:
        """Note the version of the tables."""
        self.connection.execute(f"PRAGMA user_version = {version}")


class SqliteFile:
    """A store in a file, opened or not."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path = path
        self.address = str(path)
        self.folder = path.parent

    def prepare(self, *, make: bool) -> None:
        """Make the file if there is none and that is wanted, and bring an older one up to the present version.

        Raises:
            UnknownName: There is no such file.
            ForeignStore: The file is no store of ours, or from a newer version; it was left untouched.
            StoreFailure: The file cannot be made, or not be brought up.
        """
        found = check_ours(self.path)
        if found is None and not make:
            raise UnknownName(f"No store at {self.path}; `converse run` makes one, and --store names another.")
        if found is None:
            create(self.path)
        else:
            _bring_up(self.path)

    def connect(self) -> SqliteSession:
        """A connection to the file."""
        return connect(self.path)

    @asynccontextmanager
    async def checkpoints(self, writer: Writer) -> AsyncIterator[Checkpoints]:
        """LangGraph's saver on the file."""
        async with aiosqlite.connect(self.path, timeout=30) as reader:
            saver = Checkpoints(reader, writer)
            await saver.setup()
            yield saver

    def locks(self, reader: Session, writer: Writer) -> "FileLocks":
        """The locks of the runs in the file."""
        return FileLocks(self.path)


class FileLocks:
    """A lock file for each run, let go with the process that holds it."""

    def __init__(self, path: Path) -> None:
        """Lock the runs of the store of that path."""
        self._folder = path.with_name(path.name + ".locks")

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Be the one that writes to a run."""
        lock = self._lock(name)
        Path(lock.lock_file).parent.mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            raise RunHeld.by_another(name) from None
        try:
            yield
        finally:
            lock.release()

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing to the run now."""
        lock = self._lock(name)
        if not Path(lock.lock_file).exists():
            return False
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def _lock(self, name: str) -> FileLock:
        check_run_name(name)
        return FileLock(self._folder / f"{name}.lock")


def check_ours(path: Path) -> int | None:
    """The version of a store of ours; None when there is no such file. It is only read.

    Raises:
        ForeignStore: It is something else, or from a newer version.
    """
    if not path.exists():
        return None
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
        raise ForeignStore.newer(str(path), version, VERSION)
    return version


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


def connect(path: Path) -> SqliteSession:
    """A connection that waits up to 30 seconds for another's transaction, and commits when told."""
    uri = f"{path.resolve().as_uri()}?mode=rwc"
    return SqliteSession(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False))


def _fill(path: Path) -> None:
    with closing(connect(path)) as session:

        def mark() -> None:
            session.connection.execute(f"PRAGMA application_id = {APPLICATION}")
            session.set_version(VERSION)

        session.connection.execute(f"PRAGMA page_size = {_PAGE}")
        migrations().make_tables(session, then=mark)
        session.connection.execute("PRAGMA journal_mode = WAL")


def _put(made: Path, path: Path) -> None:
    """Give a file its name, unless another process has been first."""
    try:
        path.hardlink_to(made)
    except FileExistsError:
        return
    except OSError:
        if not path.exists():  # a file system without hard links
            made.replace(path)


def _bring_up(path: Path) -> None:
    """Bring a file of ours up to the present version, and its first page with it, where the version is looked up."""
    try:
        with closing(connect(path)) as session:
            version = session.version()  # the file's head may be behind its write-ahead log
            if version > VERSION:
                raise ForeignStore.newer(str(path), version, VERSION)
            if version < VERSION:
                migrations().bring_up(session, session.version, session.set_version)
                session.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StoreFailure(f"{path} cannot be brought up to version {VERSION}: {error}. It is as it was.") from None
