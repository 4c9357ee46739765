"""One writer a run, and no lock file that outlives it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from converse_graph import Store
from converse_graph.errors import RunLocked, StoreFailure
from converse_graph.store import sqlite_file
from converse_graph.store.sqlite_file import FileLocks, connect
from tests.support.small_scenarios import played, table

_COUNT = """
import sys, time
from pathlib import Path
from converse_graph.errors import RunLocked
from converse_graph.store.sqlite_file import FileLocks
store, counter = Path(sys.argv[1]), Path(sys.argv[2])
locks, done = FileLocks(store), 0
while done < 40:
    try:
        with locks.hold("run"):
            number = int(counter.read_text())
            time.sleep(0.0005)
            counter.write_text(str(number + 1))
            done += 1
    except RunLocked:
        pass
    locks.is_held("run")
"""


async def test_finished_runs_leave_no_lock_file(store: Store, store_path: Path) -> None:
    for _ in range(3):
        await played(store, table("A"))

    assert not any(store.is_held(run.name) for run in store.register.runs())
    assert list(store_path.parent.rglob("*.lock")) == []


def test_a_lock_is_one_writers_however_often_its_file_is_removed(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [
        subprocess.Popen([sys.executable, "-c", _COUNT, str(tmp_path / "runs.sqlite"), str(counter)]) for _ in range(3)
    ]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert counter.read_text() == "120"


async def test_a_held_run_is_held_from_another_task_and_free_afterwards(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path / "runs.sqlite")

    with locks.hold("run"):
        assert await asyncio.to_thread(locks.is_held, "run")
        with pytest.raises(RunLocked, match="Run 'run' is held by another process"), locks.hold("run"):
            pass
        assert locks.is_held("run")
    assert not locks.is_held("run")


async def test_a_write_waits_for_another_connections_transaction_and_is_refused_only_after_its_time(
    store: Store, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await played(store, table("A"))
    other = connect(store_path)
    other.begin()
    waiting = asyncio.create_task(played(store, table("A")))
    done, _ = await asyncio.wait([waiting], timeout=0.3)
    assert not done
    other.rollback()
    assert (await waiting).run.status == "finished"

    monkeypatch.setattr(sqlite_file, "_LOCK_TIMEOUT", 0.05)
    other.begin()
    with pytest.raises(StoreFailure, match="database is locked"):
        await played(store, table("A"))
    other.close()
