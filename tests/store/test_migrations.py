"""A store of an older version is brought up to the present one, whole or not at all."""

import asyncio
import sqlite3
from importlib.metadata import version
from pathlib import Path

import pytest

from converse_graph import Store
from converse_graph.store import migrations, sqlite_file
from converse_graph.store.backends import backend_for
from converse_graph.store.schema import VERSION
from converse_graph.store.sqlite_file import check_version, create
from tests.support.child_process import run_python
from tests.support.small_scenarios import channels, consciences, journal, played

STEP = """ALTER TABLE runs ADD COLUMN tries INTEGER NOT NULL DEFAULT 7;
CREATE TABLE later (id {id}, blob {bytes} NOT NULL){keyed}"""
"""What a later release might change, in the words of `schema`."""
MADE_BY = f"converse-graph {version('converse-graph')}"


@pytest.fixture
def next_release(store_address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Make the code one version newer; call on it once the store of this version is made."""
    monkeypatch.setitem(migrations.STEPS, VERSION + 1, STEP)
    for module in (migrations.__name__, type(backend_for(store_address)).__module__):
        monkeypatch.setattr(f"{module}.VERSION", VERSION + 1)
    return VERSION + 1


@pytest.mark.every_store
async def test_a_new_store_says_its_version_and_who_made_it(store: Store) -> None:
    assert store._reader.read("SELECT version, made_by FROM versions") == [(VERSION, MADE_BY)]


@pytest.mark.every_store
async def test_the_next_version_is_reached_from_this_one_in_either_database(
    store_address: str, request: pytest.FixtureRequest
) -> None:
    scenario = consciences()
    async with Store.open(store_address, make=True) as store:
        first = await played(store, scenario, name="before")
        expected, calls = await channels(store, first), journal(store, first)

    newer = request.getfixturevalue("next_release")
    async with Store.open(store_address) as store:
        assert store._reader.read("SELECT tries FROM runs") == [(7,)]
        assert store._reader.read("SELECT version FROM versions ORDER BY version") == [(VERSION,), (newer,)]
        assert await channels(store, first) == expected
        assert journal(store, first) == calls
        await played(store, scenario, name="after")


def test_a_file_that_many_bring_up_at_once_is_brought_up_once(store_path: Path, request: pytest.FixtureRequest) -> None:
    create(store_path)
    newer = request.getfixturevalue("next_release")

    async def open_it() -> int:
        async with Store.open(store_path) as store:
            return len(store._reader.read("SELECT version FROM versions"))

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*[asyncio.to_thread(asyncio.run, open_it()) for _ in range(6)])

    assert asyncio.run(all_at_once()) == [2] * 6
    assert check_version(store_path) == newer


def test_killed_while_it_is_brought_up_a_file_is_as_it_was(store_path: Path, request: pytest.FixtureRequest) -> None:
    create(store_path)
    script = f"""
import os
from pathlib import Path
from converse_graph.store import migrations, sqlite_file
migrations.STEPS[{VERSION + 1}] = {STEP!r}
migrations.VERSION = sqlite_file.VERSION = {VERSION + 1}
sqlite_file.SqliteSession.commit = lambda session: os._exit(9)
sqlite_file.SqliteFile(Path({str(store_path)!r})).prepare(make=False)
"""
    assert run_python("-c", script).code == 9
    with sqlite3.connect(store_path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert database.execute("SELECT version FROM versions").fetchall() == [(VERSION,)]
        assert database.execute("SELECT name FROM sqlite_master WHERE name = 'later'").fetchall() == []
    database.close()

    newer = request.getfixturevalue("next_release")
    sqlite_file.SqliteFile(store_path).prepare(make=False)
    assert check_version(store_path) == newer
