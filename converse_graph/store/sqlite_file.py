"""One SQLite file as a store: told from others by its mark, made whole or not at all, a lock file for each run."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from filelock import FileLock, Timeout

from converse_graph.errors import IncompatibleStore, NotFound, RunLocked, StoreFailure
from converse_graph.store.migrations import create_tables, migrate
from converse_graph.store.permissions import (
    close_to_others,
    file_mode,
    is_shared,
    make_folder,
    share,
    warn_if_open_to_others,
)
from converse_graph.store.runs import check_run_name
from converse_graph.store.schema import APPLICATION, SQLITE_WORDS, VERSION
from converse_graph.store.session import DatabaseRow, Session
from converse_graph.store.writer import Writer

_PAGE = 8192
"""Bytes: a checkpoint takes over a kilobyte, and pages of the usual four would be left a third empty."""
_LOCK_TIMEOUT = 30.0
"""Seconds to wait for another's transaction."""

_POLL = 0.0005
"""Seconds between two looks whether another's transaction is over."""

_PATIENCE = 0.3
"""Seconds to wait for a lock: another process may be looking, just now, whether it is free."""


class SqliteSession(Session):
    """A connection to a file."""

    words = SQLITE_WORDS
    driver_error = sqlite3.Error

    def run(self, statement: str, **values: Any) -> list[DatabaseRow]:
        """Run a statement with values for its names; returns the rows that it found."""
        rows: list[DatabaseRow] = self.connection.execute(statement, values).fetchall()
        return rows

    def rows_of(self, statement: str, **values: Any) -> Iterator[DatabaseRow]:
        """Run a statement that reads; its rows one by one, as they are fetched."""
        cursor = self.connection.execute(statement, values)
        try:
            yield from cursor
        finally:
            cursor.close()  # what is not read to its end would keep the file as it was then

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that writes, once for each row of values."""
        self.connection.executemany(statement, rows)

    def begin(self) -> None:
        """Begin a transaction that writes; whoever else would write waits for it.

        SQLite's own waiting sleeps up to a tenth of a second at a time, in which the other's transaction is long over.
        """
        until = time.monotonic() + _LOCK_TIMEOUT
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._begins(is_last=time.monotonic() > until):
                time.sleep(_POLL)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {1000 * _LOCK_TIMEOUT:.0f}")

    def _begins(self, *, is_last: bool) -> bool:
        """Try to begin a transaction; at the last try another's is an error."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # its low byte is the kind of error
                raise
            return False
        return True

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

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        """Name the file; a shared one keeps the umask, any other is its owner's alone."""
        self.path = path
        self._shared = shared
        self.address = str(path)
        self.folder = path.parent

    def prepare(self, *, make: bool, read_only: bool = False) -> None:
        """Make the file if there is none and that is wanted, and bring an older one up to the present version.

        Read only, nothing is made or brought up: an older version is refused.

        Raises:
            NotFound: There is no such file.
            IncompatibleStore: The file is no store of ours, or from a newer version; it was left untouched.
            StoreFailure: The file cannot be made, or not be brought up.
        """
        version = check_version(self.path)
        if version is None and not make:
            raise NotFound(f"No store at {self.path}; `converse run` makes one, and --store names another.")
        if version is None:
            create(self.path, shared=self._shared)
        elif read_only:
            _require_present_version(self.path)
        else:
            _bring_up(self.path)
        if self._shared and not is_shared(self.path):
            share(self.path)
        warn_if_open_to_others(self.path)

    def connect(self, *, read_only: bool = False) -> SqliteSession:
        """A connection to the file; a read-only one is refused whatever it writes."""
        return connect(self.path, mode="ro" if read_only else "rwc")

    def locks(self, reader: Session, writer: Writer) -> "FileLocks":
        """The locks of the runs in the file."""
        return FileLocks(self.path)


class FileLocks:
    """A lock file for each run that is written to, let go with the process that holds it.

    Its file is removed while the lock is held still. Whoever waits for the removed file's lock sees, once it has it,
    that the file is gone, and begins again with a new one: `filelock` looks at that.
    """

    def __init__(self, path: Path) -> None:
        """Lock the runs of the store of that path."""
        self._path, self._folder = path, path.with_name(path.name + ".locks")

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Be the one that writes to a run."""
        lock = self._lock(name)
        make_folder(Path(lock.lock_file).parent, shared=is_shared(self._path))
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            raise RunLocked.by_another(name) from None
        try:
            yield
        finally:
            _remove(lock)

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing to the run now."""
        lock = self._lock(name)
        if not Path(lock.lock_file).exists():
            return False
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        _remove(lock)
        return False

    def _lock(self, name: str) -> FileLock:
        check_run_name(name)
        return FileLock(self._folder / f"{name}.lock", mode=file_mode(shared=is_shared(self._path)))


def _remove(lock: FileLock) -> None:
    """Let go of a lock, and leave no file."""
    path = Path(lock.lock_file)
    try:
        with suppress(OSError):  # Windows removes no file that is open, and `filelock` does so there when it is closed
            path.unlink()
    finally:
        lock.release()


def check_version(path: Path) -> int | None:
    """The version of a store of ours; None when there is no such file. It is only read.

    Raises:
        IncompatibleStore: It is something else, or from a newer version.
    """
    if not path.exists():
        return None
    if not path.is_file():
        raise IncompatibleStore(f"{path} is no file; name a store, such as .converse/runs.sqlite.")
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError as error:
        raise IncompatibleStore(f"{path} cannot be read: {error.strerror}.") from None
    if not head.startswith(b"SQLite format 3\0") or int.from_bytes(head[68:72], "big") != APPLICATION:
        raise IncompatibleStore(f"{path} is no store of ours and was left untouched; name another with --store.")
    version = int.from_bytes(head[60:64], "big")
    if version > VERSION:
        raise IncompatibleStore.newer(str(path), version, VERSION)
    return version


def create(path: Path, *, shared: bool = False) -> None:
    """Make an empty store, whole or not at all.

    Args:
        path: Where.
        shared: Whether it keeps the umask; else it is its owner's alone, and so are the files that SQLite puts beside.

    Raises:
        StoreFailure: The file cannot be made.
    """
    try:
        make_folder(path.parent, shared=shared)
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as aside:
            new_file = Path(aside) / path.name
            _fill(new_file)
            if not shared:
                close_to_others(new_file)
            _put(new_file, path)
    except (OSError, sqlite3.Error) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise StoreFailure(f"{path} cannot be made: {reason}; name a store in a folder of yours.") from None


def connect(path: Path, *, mode: Literal["ro", "rwc"] = "rwc") -> SqliteSession:
    """A connection that waits up to 30 seconds for another's transaction, and commits when told."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return SqliteSession(
        sqlite3.connect(uri, uri=True, timeout=_LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    )


def _fill(path: Path) -> None:
    with closing(connect(path)) as session:

        def mark() -> None:
            session.connection.execute(f"PRAGMA application_id = {APPLICATION}")
            session.set_version(VERSION)

        session.connection.execute(f"PRAGMA page_size = {_PAGE}")
        with session.transaction():
            create_tables(session, then=mark)
        session.connection.execute("PRAGMA journal_mode = WAL")


def _put(new_file: Path, path: Path) -> None:
    """Give a file its name, unless another process has been first."""
    try:
        path.hardlink_to(new_file)
    except FileExistsError:
        return
    except OSError:
        if not path.exists():  # a file system without hard links
            new_file.replace(path)


def _require_present_version(path: Path) -> None:
    """Refuse a file that would have to be brought up, or is from a newer version."""
    try:
        with closing(connect(path, mode="ro")) as session:
            version = session.version()
    except sqlite3.Error as error:
        raise StoreFailure(f"{path} cannot be opened to be read: {error}.") from None
    if version > VERSION:
        raise IncompatibleStore.newer(str(path), version, VERSION)
    if version < VERSION:
        raise IncompatibleStore.older(str(path), version, VERSION)


def _bring_up(path: Path) -> None:
    """Bring a file of ours up to the present version, and its first page with it, where the version is looked up."""
    try:
        with closing(connect(path)) as session:
            version = session.version()  # the file's head may be behind its write-ahead log
            if version > VERSION:
                raise IncompatibleStore.newer(str(path), version, VERSION)
            if version < VERSION:
                with session.transaction():
                    migrate(session, session.version(), session.set_version)
                session.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StoreFailure(f"{path} cannot be brought up to version {VERSION}: {error}. It is as it was.") from None
