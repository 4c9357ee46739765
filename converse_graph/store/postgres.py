"""A database on a Postgres server as a store: a schema of our own in it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from converse_graph.errors import IncompatibleStore, InvalidValue, NotFound, StoreFailure
from converse_graph.store.migrations import create_tables, migrate
from converse_graph.store.postgres_locks import AdvisoryLocks
from converse_graph.store.postgres_session import PostgresSession, driver_message, without_password
from converse_graph.store.schema import VERSION
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

SCHEMA = "converse_graph"
"""Where our tables lie, apart from whatever else the database is used for."""

_FOLDER = Path(".converse")
"""Where transcripts go, under the working directory: a server has no place for them."""
_PATIENCE = "SET LOCAL lock_timeout = '60s'"
"""While another process makes the tables, or brings them up."""
_DEFAULTS: dict[str, Any] = {"connect_timeout": 10, "tcp_user_timeout": 30_000, "application_name": "converse-graph"}
"""Unless the address says otherwise. Seconds, and milliseconds: a server that has vanished is noticed within them."""

_STATE = f"""SELECT to_regnamespace('{SCHEMA}') IS NOT NULL,
to_regclass('{SCHEMA}.versions') IS NOT NULL,
EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}'))"""  # noqa: S608 - a name of ours
_VERSION = "SELECT max(version) FROM versions"


class PostgresDatabase:
    """A store in a database, opened or not."""

    folder = _FOLDER

    def __init__(self, url: str) -> None:
        """Name the database.

        Raises:
            InvalidValue: That is no address of one.
        """
        self.address = without_password(url)
        try:
            settings: dict[str, Any] = conninfo_to_dict(url)
        except psycopg.Error as error:
            raise self._unreadable(driver_message(error)) from None
        if "@" in str(settings.get("host", "")):
            raise self._unreadable("a second @")
        self._conninfo = make_conninfo(**(_DEFAULTS | settings))
        self._password = str(settings.get("password") or "")

    def prepare(self, *, make: bool, read_only: bool = False) -> None:
        """Make the tables if there are none and that is wanted, and bring older ones up to the present version.

        Read only, nothing is made or brought up: an older version is refused.

        Raises:
            NotFound: There is no store in that database.
            IncompatibleStore: The schema is none of ours, or from a newer version; it was left untouched.
            StoreFailure: The database cannot be reached, or lets us not.
        """
        with closing(self.connect()) as session:
            try:
                if not self._is_ready(session, make):
                    if read_only:
                        raise IncompatibleStore.older(self.address, int(session.run(_VERSION)[0][0]), VERSION)
                    with session.transaction():
                        self._make_ready(session, make)
            except psycopg.Error as error:
                raise StoreFailure(f"{self.address} cannot be made or brought up: {driver_message(error)}.") from None

    def connect(self, *, read_only: bool = False) -> PostgresSession:
        """A connection that commits when told; a read-only one is refused whatever it writes.

        Raises:
            StoreFailure: The server cannot be reached, or does not let us in.
        """
        try:
            connection = psycopg.connect(self._conninfo, autocommit=True)
            connection.execute(_OUR_SCHEMA, [SCHEMA])
            connection.execute(_DURABLE)
            if read_only:
                connection.execute(_READ_ONLY)
        except psycopg.Error as error:
            raise self._no_way_in(error) from None
        return PostgresSession(connection)

    def locks(self, reader: Session, writer: Writer) -> AdvisoryLocks:
        """The locks of the runs in the database."""
        return AdvisoryLocks(reader, writer)

    def _is_ready(self, session: Session, make: bool) -> bool:
        """Whether nothing is to be made or brought up."""
        there, ours, full = session.run(_STATE)[0]
        if not ours:
            if there and full:
                raise IncompatibleStore(
                    f"The schema {SCHEMA} in {self.address} is none of ours and was left untouched; name another "
                    "database with --store."
                )
            if not make:
                raise NotFound(f"No store in {self.address}; `converse run` makes one, and --store names another.")
            return False
        version = session.run(_VERSION)[0][0]
        if version > VERSION:
            raise IncompatibleStore.newer(self.address, version, VERSION)
        return bool(version == VERSION)

    def _make_ready(self, session: Session, make: bool) -> None:
        """Make the tables or bring them up, unless another process was first."""
        session.run(_PATIENCE)
        session.wait_for_turn()
        if self._is_ready(session, make):
            return
        if session.run(_STATE)[0][1]:
            migrate(session, int(session.run(_VERSION)[0][0]))
        else:
            session.run(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            create_tables(session)

    def _unreadable(self, why: str) -> InvalidValue:
        if "parameter" not in why:
            why = "the address"  # what the driver quotes may be a piece of the password
        return InvalidValue(
            f"{self.address} cannot be read: {why}. A store is postgresql://user:password@host:port/database, in which "
            "any of :/@?#% in a password is written as %3A and the like."
        )

    def _no_way_in(self, error: psycopg.Error) -> StoreFailure:
        reason = driver_message(error)
        if self._password:
            reason = reason.replace(self._password, "***")
        return StoreFailure(
            f"{self.address} cannot be opened: {reason}. Host, port, user and password must fit, and the database "
            "exist."
        )


_OUR_SCHEMA = "SELECT set_config('search_path', %s, false)"
_DURABLE = """SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') = 'off'"""
"""What is committed must be on the disk, whatever the server does by default."""
_READ_ONLY = "SELECT set_config('default_transaction_read_only', 'on', false)"
