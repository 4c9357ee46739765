"""What names a store: a file, or a database on a Postgres server."""

import importlib
import os
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from converse_graph.errors import InvalidValue
from converse_graph.store.session import Session
from converse_graph.store.sqlite_file import SqliteFile
from converse_graph.store.writer import Writer

_LONGEST_NAME = 200
"""Bytes of a file's name: file systems take 255, and names that begin with it, such as its locks', lie beside it."""

_SCHEME = re.compile(r"([A-Za-z][\w+.-]+):/")
"""Two letters or more, so that a drive of Windows is none; one slash, for what was made a path has lost the other."""


class Locks(Protocol):
    """The locks of the runs of a store: one writer a run."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Be the one that writes to a run; raises `RunLocked`."""

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing to the run now."""


class Database(Protocol):
    """Where a store is kept, opened or not."""

    address: str
    """As `--store` takes it, without a password."""
    folder: Path
    """Where what belongs beside the store lies."""

    def prepare(self, *, make: bool, read_only: bool = False) -> None:
        """Make the tables if there are none and that is wanted, and bring older ones up to the present version.

        Read only, nothing is made or brought up: an older version is refused.

        Raises:
            NotFound: There is no such store.
            IncompatibleStore: It is none of ours, or from a newer version; it was left untouched.
            StoreFailure: It cannot be reached, made, or brought up.
        """

    def connect(self, *, read_only: bool = False) -> Session:
        """A connection to a store that was prepared; a read-only one is refused whatever it writes."""

    def locks(self, reader: Session, writer: Writer) -> Locks:
        """The locks of the store's runs."""


def backend_for(where: Path | str, *, shared: bool = False) -> Database:
    """The database that somebody named, not opened yet.

    Args:
        where: A file, or the address of a Postgres database.
        shared: Whether a file keeps the umask; who may read a database on a server is that server's affair.

    Raises:
        InvalidValue: It is neither a file nor the address of a Postgres database, or what the latter takes is not
            installed.
    """
    scheme = _SCHEME.match(str(where))
    if scheme is None:
        return SqliteFile(_file_path(where), shared=shared)
    if scheme[1] not in ("postgresql", "postgres"):
        raise InvalidValue(f"A store is a file or postgresql://user@host/database, nothing of {scheme[1]}:.")
    # Loaded late: the driver is in an extra, and takes longer to load than a command that needs none takes in all.
    try:
        server = importlib.import_module("converse_graph.store.postgres")
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise InvalidValue(
            "A store on a Postgres server takes the extra `postgres`: pip install 'converse-graph[postgres]'."
        ) from None
    database: Database = server.PostgresDatabase(
        _SCHEME.sub("postgresql://", str(where), count=1) if isinstance(where, Path) else where
    )
    return database


def _file_path(where: Path | str) -> Path:
    """The path of a store; `~` is the user's home, as in a shell, which leaves it alone behind `--store=`."""
    path = Path(where).expanduser()
    if str(where).startswith("file:"):
        raise InvalidValue(f"A store is named by its path, not by {str(where)!r}; leave file: and what follows ? out.")
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise InvalidValue(
            f"The store's name {path.name[:20]!r}… is too long; a file's has {_LONGEST_NAME} bytes at most."
        )
    return path
