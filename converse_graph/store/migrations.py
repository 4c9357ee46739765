"""Makes the tables of a store, and brings an older store up to the present version: whole, or not at all.

The version is ours, and on a SQLite file it is also in the head, so that it can be told without opening a database.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import version as version_of
from typing import Final

from converse_graph.store.schema import TABLES, VERSION, statements
from converse_graph.store.session import Session

STEPS: Final[dict[int, str]] = {}
"""The script that leads to each version from the one before, with words in braces as in `schema`. A script is never
changed once it was released. Nothing is released yet, so version 1 is the only one."""


def create_tables(session: Session, then: Callable[[], None] | None = None) -> None:
    """Make the tables of a new store, within the transaction that is open.

    Args:
        session: Of a database that has none of them.
        then: What else is done in the same transaction.
    """
    _run_script(session, TABLES)
    _note(session, VERSION)
    if then:
        then()


def migrate(session: Session, version: int, note: Callable[[int], None] | None = None) -> None:
    """Bring a store up to the present version, within the transaction that is open.

    Args:
        session: Of a store of ours.
        version: Its version, asked for within the transaction, as another process may have been first.
        note: Told of each version reached, in the same transaction.
    """
    for number in range(version + 1, VERSION + 1):
        _run_script(session, STEPS[number])
        _note(session, number)
        if note:
            note(number)


def _run_script(session: Session, script: str) -> None:
    words: Mapping[str, str] = session.words
    for statement in statements(script, words):
        session.run(statement)


def _note(session: Session, version: int) -> None:
    made_by = f"converse-graph {version_of('converse-graph')}"
    session.run("INSERT INTO versions VALUES (:version, :made_by)", version=version, made_by=made_by)
