"""A database in a temporary file, for what an audit must look up again and may not hold: long runs are audited too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

_CACHE = 4096
"""Kilobytes that SQLite holds in memory; of a short run no more is there, and nothing comes to a file."""


class Scratch:
    """A database that is gone with this object, or with its process.

    SQLite makes its file where it makes temporary ones (see TMPDIR), readable for its owner alone, and takes its name
    away at once.
    """

    def __init__(self) -> None:
        """Begin with no tables."""
        self._connection = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE}"):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute("BEGIN")  # and never committed: nobody else reads it, and nothing is to last

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement with values for its question marks; returns the rows that it found."""
        return self._connection.execute(statement, values).fetchall()

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement that writes, once for each row of values."""
        self._connection.executemany(statement, rows)
