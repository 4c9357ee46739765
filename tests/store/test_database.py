"""The store's file: whose it is, whole or absent, and written so that what was committed stays."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Store
from converse_graph.errors import IncompatibleStore, InvalidValue, NotFound, StoreFailure
from converse_graph.runs.simulation import Simulation
from converse_graph.store.runs import _ENTER
from converse_graph.store.schema import APPLICATION, VERSION
from converse_graph.store.session import Session
from converse_graph.store.sqlite_file import check_version, connect, create
from converse_graph.store.writer import Writer
from tests.support.child_process import run_python
from tests.support.small_scenarios import CREATED, Waited, begin, channels, consciences, journal, played, table


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE runs (id INTEGER)")
        database.execute("INSERT INTO runs VALUES (1)")
    database.close()


def _newer(path: Path) -> None:
    create(path)
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_foreign, "is no store of ours and was left untouched"),
        (_newer, f"has version {VERSION + 1}, this converse-graph reads up to {VERSION}; upgrade it"),
        (lambda path: path.write_text("my diary\n" * 100), "is no store of ours"),
        (lambda path: path.write_bytes(b""), "is no store of ours"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "is no store of ours"),
        (lambda path: path.mkdir(), "is no file"),
    ],
)
@pytest.mark.parametrize("making", [False, True])
async def test_a_file_that_is_not_ours_or_is_newer_is_refused_and_left_as_it_was(
    store_path: Path, make: Any, says: str, making: bool
) -> None:
    make(store_path)
    before = {path.name: path.read_bytes() for path in store_path.parent.iterdir() if path.is_file()}
    with pytest.raises(IncompatibleStore, match=says):
        async with Store.open(store_path, make=making):
            pass
    assert {path.name: path.read_bytes() for path in store_path.parent.iterdir() if path.is_file()} == before


async def test_a_store_that_is_not_there_is_refused_and_not_made(store_path: Path) -> None:
    with pytest.raises(NotFound, match="No store at"):
        async with Store.open(store_path):
            pass
    assert list(store_path.parent.iterdir()) == []


async def test_a_store_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreFailure, match="cannot be made"):
        async with Store.open(tmp_path / "file" / "runs.sqlite", make=True):
            pass


async def test_a_new_store_is_ours_and_leaves_no_other_file_behind(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "runs.sqlite"
    async with Store.open(path, make=True):
        assert check_version(path)
    assert [found.name for found in path.parent.iterdir()] == ["runs.sqlite"]
    head = path.read_bytes()[:72]
    assert int.from_bytes(head[68:72], "big") == APPLICATION


def test_a_store_that_many_make_at_once_is_made_once_and_refused_to_none(store_path: Path) -> None:
    async def enter(number: int) -> None:
        async with Store.open(store_path, make=True) as store:
            await begin(store, table("A"), name=f"run-{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: asyncio.run(enter(number)), range(8)))
    with sqlite3.connect(store_path) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (8,)
    database.close()


def test_a_store_that_was_killed_while_it_was_made_can_be_made(store_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from converse_graph.store.sqlite_file import SqliteSession, create
SqliteSession.commit = lambda session: os._exit(9)
create(Path({str(store_path)!r}))
"""
    assert run_python("-c", script).code == 9
    assert not check_version(store_path)

    async def open_it() -> int:
        async with Store.open(store_path, make=True) as store:
            return len(store.register.runs())

    assert asyncio.run(open_it()) == 0


async def test_a_job_that_fails_takes_none_down_that_share_its_transaction(store_path: Path) -> None:
    create(store_path)
    writer = Writer(connect(store_path))
    forgotten: list[int] = []
    writer.on_rollback(lambda: forgotten.append(1))

    def insert(name: str, *, fail: bool = False) -> Any:
        def job(session: Session) -> str:
            rest = ("scenario_name", "scenario", "status", "parent", "replays", "created")
            session.run(_ENTER, name=name, horizon=1, **dict.fromkeys(rest, ""))
            if fail:
                raise ValueError(name)
            return name

        return job

    results = await asyncio.gather(
        writer.write(insert("a")),
        writer.write(insert("b", fail=True)),
        writer.write(insert("c")),
        writer.write(insert("a")),
        return_exceptions=True,
    )
    await writer.close()
    assert [results[0], results[2]] == ["a", "c"]
    assert isinstance(results[1], ValueError)
    assert isinstance(results[3], StoreFailure)
    assert forgotten
    with sqlite3.connect(store_path) as database:
        assert database.execute("SELECT name FROM runs ORDER BY name").fetchall() == [("a",), ("c",)]
    database.close()


async def test_a_write_that_nobody_waits_for_any_more_is_written_all_the_same(store_path: Path) -> None:
    create(store_path)
    writer = Writer(connect(store_path))
    row = "INSERT INTO messages (digest, role, source, owner, text) VALUES (?, '', '', '', '')"
    task = asyncio.create_task(writer.write(lambda session: session.connection.execute(row, (b"1",)) and None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    writer.post(lambda session: session.connection.execute(row, (b"2",)) and None)
    await writer.close()
    with sqlite3.connect(store_path) as database:
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (2,)
    database.close()


async def test_a_full_disk_loses_nothing_committed_and_the_run_goes_on_once_there_is_room(store_path: Path) -> None:
    scenario, model = consciences(rounds=4), Waited()
    async with Store.open(store_path, make=True) as store:
        whole = await played(store, scenario, name="whole", model=model)
        expected = await channels(store, whole)
        calls = journal(store, whole)
    path = store_path.with_name("small.sqlite")
    async with Store.open(path, make=True) as store:
        simulation = await begin(store, scenario, name="whole", model=model)
        database = store._writer._session.connection
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreFailure, match="The store refused to write"):
            await simulation.play()
    async with Store.open(path) as store:
        kept = journal(store, simulation)
        assert kept
        assert set(kept) < set(calls)
        reopened = await Simulation.reopen(store, "whole", scenario=scenario, model=model)
        assert (await reopened.play()).status == "finished"
        assert await channels(store, reopened) == expected
        assert journal(store, reopened) == calls


@pytest.mark.every_store
async def test_a_store_from_yesterday_opens_and_reads_and_goes_on(store_address: str) -> None:
    scenario = consciences()
    async with Store.open(store_address, make=True) as store:
        first = await played(store, scenario, name="done")
        record = await first.transcript()
        await begin(store, scenario, name="waiting")
    async with Store.open(store_address) as store:
        assert [run.name for run in store.register.runs()] == ["waiting", "done"]
        again = await Simulation.reopen(store, "done", scenario=scenario)
        assert await again.transcript() == record
        assert (await again.play()).status == "finished"
        waiting = await Simulation.reopen(store, "waiting", scenario=scenario)
        await waiting.play()
        assert (await waiting.transcript()).statements == record.statements


@pytest.mark.every_store
async def test_names_of_runs_are_safe_free_and_counted(store: Store) -> None:
    for name in ("../evil", "A", "-a", "", "a" * 65, "a b", "a\n"):
        with pytest.raises(InvalidValue, match="A run cannot be called"):
            await begin(store, table("A"), name=name)
    await begin(store, table("A"), name="taken")
    with pytest.raises(InvalidValue, match="There is a run 'taken' already"):
        await begin(store, table("A"), name="taken")
    made = await asyncio.gather(*[begin(store, table("A", name="Wage talks!")) for _ in range(3)])
    assert sorted(simulation.run.name for simulation in made) == ["wage-talks-1", "wage-talks-2", "wage-talks-3"]
    with pytest.raises(NotFound, match="No run 'nobody'; there is: wage-talks-"):
        store.register.run("nobody")
    assert all(run.created == CREATED.isoformat() for run in store.register.runs())
