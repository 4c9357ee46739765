"""A store of an older version is brought up to the present one, whole or not at all."""

import asyncio
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Integer, MetaData, StaticPool, create_engine

from converse_graph import Store
from converse_graph.store import migration_steps, migrations
from converse_graph.store.backends import database_at
from converse_graph.store.schema import SQLITE_CHECKPOINTS, TABLES
from converse_graph.store.sqlite_file import check_ours
from converse_graph.store.versions import VERSION
from tests.support.child_process import run_python
from tests.support.small_scenarios import channels, consciences, journal, played

VERSION_1 = Path(__file__).with_name("version_1.sql").read_text()
"""What the first release made, word for word."""


def an_old_store(path: Path) -> None:
    """A file of version 1 with one run in it."""
    with sqlite3.connect(path) as database:
        database.executescript(VERSION_1)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "INSERT INTO parts (digest, role, source, owner, text) VALUES (x'00', 'user', 's', 'A', 'old part')"
        )
    database.close()


def differs(address: str) -> list[Any]:
    """What Alembic would change in a store so that it has our tables."""
    session = database_at(address).connect()
    on_file = session.engine.startswith("sqlite")
    ours = [TABLES, SQLITE_CHECKPOINTS] if on_file else [TABLES]
    engine = create_engine(session.engine, creator=lambda: session.connection, poolclass=StaticPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={} if on_file else {"include_name": _not_langgraphs})
        found: list[Any] = compare_metadata(context, _joined(ours))
    session.close()
    return found


def _joined(several: list[MetaData]) -> MetaData:
    joined = MetaData()
    for tables in several:
        for table in tables.tables.values():
            table.to_metadata(joined)
    return joined


def _not_langgraphs(name: str | None, kind: str, parents: Any) -> bool:
    return kind != "table" or (not str(name).startswith("checkpoint_") and name != "checkpoints")


@pytest.mark.every_store
async def test_a_new_store_has_the_tables_of_the_schema(store_address: str) -> None:
    async with Store.open(store_address, make=True):
        pass
    assert differs(store_address) == []


async def test_a_file_of_version_1_is_brought_up_and_keeps_what_it_had(store_path: Path) -> None:
    an_old_store(store_path)
    assert check_ours(store_path) == 1
    async with Store.open(store_path) as store:
        made = store._reader.read("SELECT version, made_by FROM versions")
        assert made == [(2, f"converse-graph {version('converse-graph')}")]
        assert store._reader.read("SELECT text FROM parts") == [("old part",)]
        await played(store, consciences())
    assert check_ours(store_path) == VERSION
    unlike = {(change[0][0], change[0][3]) for change in differs(str(store_path))}
    assert unlike <= {("modify_nullable", "id")}, "a number that SQLite itself gives is never null"


def test_a_file_that_many_bring_up_at_once_is_brought_up_once(store_path: Path) -> None:
    an_old_store(store_path)

    async def open_it() -> int:
        async with Store.open(store_path) as store:
            return len(store._reader.read("SELECT version FROM versions"))

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*[asyncio.to_thread(asyncio.run, open_it()) for _ in range(6)])

    assert asyncio.run(all_at_once()) == [1] * 6


def test_killed_while_it_is_brought_up_a_file_is_as_it_was(store_path: Path) -> None:
    an_old_store(store_path)
    script = f"""
import os
from pathlib import Path
from converse_graph.store.sqlite_file import SqliteFile, SqliteSession
SqliteSession.commit = lambda session: os._exit(9)
SqliteFile(Path({str(store_path)!r})).prepare(make=False)
"""
    assert run_python("-c", script).code == 9
    with sqlite3.connect(store_path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert database.execute("SELECT name FROM sqlite_master WHERE name = 'versions'").fetchall() == []
    database.close()
    asyncio.run(_opens(store_path))
    assert check_ours(store_path) == VERSION


async def _opens(path: Path) -> None:
    async with Store.open(path):
        pass


@pytest.mark.every_store
async def test_the_next_version_is_reached_from_this_one_in_either_database(
    store_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = consciences()
    async with Store.open(store_address, make=True) as store:
        first = await played(store, scenario, name="before")
        expected, calls = await channels(store, first), journal(store, first)

    def widen(change: Any) -> None:
        change.add_column("runs", Column("tries", Integer, nullable=False, server_default="7"))

    monkeypatch.setitem(migration_steps._STEPS, VERSION + 1, widen)
    database = type(database_at(store_address)).__module__
    for module in (migrations.__name__, database):
        monkeypatch.setattr(f"{module}.VERSION", VERSION + 1)
    async with Store.open(store_address) as store:
        assert store._reader.read("SELECT tries FROM runs") == [(7,)]
        assert store._reader.read("SELECT max(version) FROM versions") == [(VERSION + 1,)]
        assert (await channels(store, first)).keys() == expected.keys()
        assert journal(store, first) == calls
