"""Makes the tables of a store, and brings an older store up to the present version: whole, or not at all.

The version is ours, not Alembic's, because that of a SQLite file must be told without opening it as a database.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version as version_of

from sqlalchemy import Connection, StaticPool, create_engine

from converse_graph.store.schema import SQLITE_CHECKPOINTS, TABLES
from converse_graph.store.session import Session
from converse_graph.store.versions import VERSION


def make_tables(session: Session, then: Callable[[], None] | None = None) -> None:
    """Make the tables of a new store.

    Args:
        session: Of a database that has none of them.
        then: What else is done in the same transaction.
    """
    with _transaction(session) as connection:
        TABLES.create_all(connection)
        if connection.dialect.name == "sqlite":
            SQLITE_CHECKPOINTS.create_all(connection)
        _note(session, VERSION)
        if then:
            then()


def bring_up(session: Session, version_now: Callable[[], int], note: Callable[[int], None] | None = None) -> None:
    """Bring a store up to the present version.

    Args:
        session: Of a store of ours.
        version_now: Asks for its version; called within the transaction, as another process may have been first.
        note: Told of the version reached, in the same transaction.
    """
    steps = importlib.import_module("converse_graph.store.migration_steps")
    with _transaction(session) as connection:
        for version in range(version_now() + 1, VERSION + 1):
            steps.step_to(version, connection)
            _note(session, version)
            if note:
                note(version)


@contextmanager
def _transaction(session: Session) -> Iterator[Connection]:
    """SQLAlchemy's view of a session, within one transaction of the session's own."""
    engine = create_engine(session.engine, creator=lambda: session.connection, poolclass=StaticPool)
    with engine.connect() as connection:  # before the transaction: what it asks on connecting, it rolls back
        try:
            session.begin()
            yield connection
            session.commit()
        finally:
            session.rollback()


def _note(session: Session, version: int) -> None:
    made_by = f"converse-graph {version_of('converse-graph')}"
    session.run("INSERT INTO versions VALUES (:version, :made_by)", version=version, made_by=made_by)
