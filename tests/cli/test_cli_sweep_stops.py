"""A sweep that is stopped at any moment, in one process or several, goes on with the same command to the same end."""

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.child_process import end, wait_until
from tests.support.command_line import Converse, start

SWEEP = (
    "sweep", "wage-talks", "--vary", "inflation=0.02,0.08", "--set", "boardroom=false", "--seeds", "4", "--rounds", "4",
    "--name", "raises", "--no-baseline", "--model",
)  # fmt: skip
RUNS = 8


def told(converse: Converse) -> dict[str, Any]:
    """The forecast of the sweep, as JSON; the models' pace is no part of what they said."""
    done = converse("forecast", "raises", "--event", "raise_percent >= 5", "--by", "2", "--by", "4", "--json")
    assert done.code == 0, done.err
    read: dict[str, Any] = json.loads(done.out)
    return read


def calls(folder: Path) -> int:
    """How many calls are on record so far."""
    store = folder / ".converse" / "runs.sqlite"
    if not store.exists():
        return 0
    with closing(sqlite3.connect(store)) as database:
        is_there = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'calls'").fetchone()
        return int(database.execute("SELECT count(*) FROM calls").fetchone()[0]) if is_there else 0


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_killed_at_any_moment_and_started_again_it_ends_the_same(
    tmp_path: Path, converse: Converse, processes: str
) -> None:
    chance = random.Random(int(processes))
    command = (*SWEEP, "null:0.05", "--jobs", "2", "--processes", processes)
    assert converse(*command, "--store", "whole.sqlite").code == 0
    whole = converse("forecast", "raises", "--event", "raise_percent >= 5", "--by", "2", "--by", "4", "--json",
                     "--store", "whole.sqlite")  # fmt: skip
    for number in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGTERM):
        running, before = start(tmp_path, *command), calls(tmp_path)
        more = chance.randrange(1, 12)
        wait_until(partial(has_come, tmp_path, before + more, running))
        running.send_signal(number)
        ended = end(running)
        assert ended.code in ({0, -signal.SIGKILL} if number == signal.SIGKILL else {0, 3}), ended
    last = end(start(tmp_path, *command))
    assert last.code == 0, last.err
    assert f"{RUNS} of {RUNS} runs have finished" in last.out
    assert told(converse) == json.loads(whole.out)


@pytest.mark.slow
def test_a_signal_pauses_every_process_and_leaves_none_behind(tmp_path: Path, converse: Converse) -> None:
    command = (*SWEEP, "null:0.2", "--jobs", "2", "--processes", "2")
    running = start(tmp_path, *command)
    wait_until(lambda: calls(tmp_path) > 2)
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    ended = end(running)

    assert (ended.code, time.monotonic() - began < 30) == (3, True), ended
    assert "Paused; the same command goes on." in ended.err
    rows = json.loads(converse("runs", "--json").out)
    assert {row["status"] for row in rows} <= {"paused", "finished"}
    assert any(row["status"] == "paused" for row in rows)
    made = calls(tmp_path)
    time.sleep(1)
    assert calls(tmp_path) == made
    assert not [one for one in children(running.pid) if one]
    assert end(start(tmp_path, *command)).code == 0


def has_come(folder: Path, many: int, running: subprocess.Popen[str]) -> bool:
    """Whether so many calls are on record, or the sweep has ended before."""
    return calls(folder) >= many or running.poll() is not None


def children(parent: int) -> list[int]:
    """Processes that a process began and that are still there."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent or int(fields[2]) == parent:
            found.append(int(status.parent.name))
    return [one for one in found if one != os.getpid()]


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_budget_holds_over_all_runs_that_are_on_at_once(tmp_path: Path, converse: Converse, processes: str) -> None:
    bound = 6_000
    command = (*SWEEP, "null:0.1", "--jobs", "4", "--processes", processes)
    stopped = converse(*command, "--max-tokens", str(bound))
    spent = sum(row["tokens"] for row in json.loads(converse("runs", "--json").out))

    assert stopped.code == 3, stopped
    assert re.search(r"The budget of 6,000 tokens is spent", stopped.err)
    assert bound <= spent < 4 * bound  # half a second of eight runs beyond it, not as much again for each of them
    assert converse(*command).code == 0
