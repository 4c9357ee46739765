"""What leads from each version of a store's tables to the next, in Alembic's operations for both databases.

A step spells out what it does, and is never changed once it was released. Apart from `migrations`, which loads it only
when an older store is opened: Alembic takes longer to load than most commands take in all.
"""

from collections.abc import Callable

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Connection, Integer, Text


def _note_who_made_it(change: Operations) -> None:
    change.create_table(
        "versions",
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("made_by", Text, nullable=False),
    )


_STEPS: dict[int, Callable[[Operations], None]] = {2: _note_who_made_it}
"""By the version that a step leads to; version 1 had no such step."""


def step_to(version: int, connection: Connection) -> None:
    """Bring tables of the version before to a version."""
    _STEPS[version](Operations(MigrationContext.configure(connection)))
