"""A database in a temporary file, for what an audit must look up again and may not hold: long runs are audited too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from converse_graph.errors import NoRoomForScratch

_SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -4096")
"""SQLite holds four megabytes in memory: of a short run that is all there is, and nothing comes to a file."""


class Scratch:
    """A database that is gone with this object, or with its process.

    SQLite makes its file where it makes temporary ones (see TMPDIR), readable for its owner alone, and takes its name
    away at once.
    """

    def __init__(self) -> None:
        """Begin with no tables."""
        self._connection = sqlite3.connect("", isolation_level=None)
        for setting in _SETTINGS:
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute("BEGIN")  # and never committed: nobody else reads it, and nothing is to last

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement with values for its question marks; returns the rows that it found.

        Raises:
            NoRoomForScratch: The temporary file cannot be made or written.
        """
        with _telling_of_no_room():
            return self._connection.execute(statement, values).fetchall()

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement that writes, once for each row of values.

        Raises:
            NoRoomForScratch: The temporary file cannot be made or written.
        """
        with _telling_of_no_room():
            self._connection.executemany(statement, rows)


@contextmanager
def _telling_of_no_room() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise NoRoomForScratch(
            f"The temporary file of the audit cannot be written: {error}. Make room where such files go, or name "
            "another folder as SQLITE_TMPDIR; the store is as it was."
        ) from None
