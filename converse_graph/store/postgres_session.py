"""A connection to a Postgres server: its dialect, its errors, and what must not be said of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from converse_graph.errors import StoreFailure, StoreUnreachable
from converse_graph.store.schema import POSTGRES_WORDS
from converse_graph.store.session import DatabaseRow, Session

_FETCHED = 100
"""Rows that are fetched at once of an answer that is read row by row."""
_WAIT = "SELECT pg_advisory_xact_lock(:key)"

_NUL, _MARK = "\x00", "\ufdd0"
_MARKED = {_MARK: "\ufdd0\ufdd1", _NUL: "\ufdd0\ufdd2"}
"""Postgres keeps no NUL in a text, and a model may write one. These marks are assigned to no character."""


class PostgresSession(Session):
    """A connection to a server."""

    words = POSTGRES_WORDS
    driver_error = psycopg.Error
    _lost_because = ""

    def __init__(self, connection: Any) -> None:
        """Use a connection of the driver; it is closed with the session."""
        super().__init__(connection)
        self._cursors = count()

    def run(self, statement: str, **values: Any) -> list[DatabaseRow]:
        """Run a statement with values for its names; returns the rows that it found."""
        cursor = self.connection.execute(_as_psycopg_names(statement), _marked_row(values))
        if not cursor.description:
            return []
        return list(map(_unmarked_row, cursor.fetchall()))

    def rows_of(self, statement: str, **values: Any) -> Iterator[DatabaseRow]:
        """Run a statement that reads; its rows one by one, as they are fetched.

        The server keeps the answer until it is read, whatever else is asked over the connection meanwhile.
        """
        with self.connection.cursor(name=f"rows_{next(self._cursors)}", withhold=True) as cursor:
            cursor.execute(_as_psycopg_names(statement), _marked_row(values))
            while rows := cursor.fetchmany(_FETCHED):
                yield from map(_unmarked_row, rows)

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that writes, once for each row of values, sent together."""
        with self.connection.cursor() as cursor:
            cursor.executemany(_as_psycopg_names(statement), [_marked_row(row) for row in rows])

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.execute("BEGIN")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open on a connection that lives."""
        return self.connection.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)

    def wait_for_turn(self) -> None:
        """Keep every other process from doing the same until this transaction ends."""
        self.run(_WAIT, key=lock_key("turn"))

    def may_try_again(self, error: Exception) -> bool:
        """Whether it was only that two processes stored the same parts in another order."""
        return isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)

    def failure(self, error: Exception, doing: str = "write") -> StoreFailure:
        """What is told of an error of the driver's, and of what met it."""
        if isinstance(error, psycopg.OperationalError) and (self.connection.closed or not error.sqlstate):
            self._lost_because = self._lost_because or driver_message(
                error
            )  # later ones tell only that the connection is closed
            return StoreUnreachable(
                f"The store's server is gone: {self._lost_because}. What was committed before is kept."
            )
        return super().failure(error, doing)


def without_password(url: str) -> str:
    """An address that can be shown: three stars in the place of a password, wherever it stands."""
    address = re.sub(r"^(\w+:/+)([^:/?@]*):.*@", r"\1\2:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", address)


def lock_key(what: str) -> int:
    """The key of an advisory lock: 64 bits that nothing else in the database will have taken."""
    return int.from_bytes(blake2b(f"converse-graph/{what}".encode(), digest_size=8).digest(), signed=True)


@lru_cache(256)
def _as_psycopg_names(statement: str) -> str:
    return re.sub(r":(\w+)", r"%(\1)s", statement)


def _marked_row(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _marked(value) if isinstance(value, str) else value for name, value in values.items()}


def _marked(value: str) -> str:
    if _NUL not in value and _MARK not in value:
        return value
    return "".join(_MARKED.get(letter, letter) for letter in value)


def _unmarked_row(row: Sequence[Any]) -> DatabaseRow:
    return tuple(_unmarked(value) if isinstance(value, str) else value for value in row)


def _unmarked(value: str) -> str:
    if _MARK not in value:
        return value
    return value.replace(_MARKED[_NUL], _NUL).replace(_MARKED[_MARK], _MARK)


def driver_message(error: Exception) -> str:
    """What a server or driver says, as one line without its last stop, and without what every such line begins with."""
    line = " ".join(str(error).split()).rstrip(".?") or type(error).__name__
    return line.removeprefix("connection failed: ").removeprefix("connection is bad: ")
