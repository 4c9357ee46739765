"""Stopped at random moments, or out of room, a run ends as one that never was; each time with one line and a way on."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.child_process import end, run_python
from tests.support.command_line import BOARDS, Converse, start, statements
from tests.support.markdown_reader import read_markdown

RUN = ("run", str(BOARDS), "--set", "order=simultaneous", "--seed", "7", "--no-judge", "--model")
PACE = "null:0.05"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


def journal(folder: Path, run: str) -> list[tuple[Any, ...]]:
    """Every call of a run with its reply, each once, whatever the order in which they came."""
    asked = (
        "SELECT place, attempt, accepted, reply FROM calls JOIN runs ON runs.id = calls.run WHERE name = ? "
        "ORDER BY place, attempt"
    )
    with closing(sqlite3.connect(folder / ".converse/runs.sqlite")) as database:
        return database.execute(asked, (run,)).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_stopped_at_random_moments_a_nested_run_ends_as_one_that_never_was(
    tmp_path: Path, converse: Converse, seed: int
) -> None:
    chance = random.Random(seed)
    assert converse(*RUN, PACE, "--name", "whole").code == 0
    command: tuple[str, ...] = (*RUN, PACE, "--name", "stopped")
    for _ in range(3):
        running = start(tmp_path, *command)
        time.sleep(chance.uniform(0.8, 2.2))  # the moment is what is tested
        number = chance.choice(SIGNALS)
        running.send_signal(number)
        ended = end(running)
        status = {run["run"]: run["status"] for run in json.loads(converse("runs", "--json").out)}.get("stopped")
        expected = {0, 3} if number != signal.SIGKILL else {0, -signal.SIGKILL}
        if status == "finished":  # and nothing was left to pause when the signal came
            expected.add(-number)
        was_loading = ended.code == 130 and ended.err.startswith("converse: Stopped at once.")
        if status is not None and not was_loading:
            assert ended.code in expected, (seed, number, ended)
            command = ("resume", "stopped", "--no-judge")
    assert converse(*command).code == 0
    assert statements(converse, tmp_path, "stopped") == statements(converse, tmp_path, "whole")
    assert journal(tmp_path, "stopped") == journal(tmp_path, "whole")


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [200, 240, 320])
def test_a_run_out_of_room_is_paused_with_one_line_and_goes_on_once_there_is_room(
    tmp_path: Path, converse: Converse, kilobytes: int
) -> None:
    options = (str(BOARDS), "--model", "null", "--seed", "7", "--rounds", "30", "--no-judge")
    script = (
        f"import resource, sys; limit = {kilobytes} * 1024; resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)); "
        "from converse_graph.cli import main; main()"
    )
    full = run_python("-c", script, "run", *options, "--name", "full", folder=tmp_path)
    assert full.code == 3, full.err
    [line] = full.err.splitlines()
    assert "The store refused to write: " in line
    assert line.endswith("Run full is paused. Go on with: converse resume full")
    [row] = json.loads(converse("runs", "--json").out)
    assert row["status"] == "paused"
    resumed = converse("resume", "full", "--no-judge", "--quiet")
    assert resumed.code == 0, resumed.err
    assert converse("run", *options, "--name", "roomy").code == 0
    assert statements(converse, tmp_path, "full") == statements(converse, tmp_path, "roomy")
    assert journal(tmp_path, "full") == journal(tmp_path, "roomy")


def test_a_transcript_that_cannot_be_written_hides_neither_the_pause_nor_the_way_on(
    tmp_path: Path, converse: Converse
) -> None:
    (tmp_path / ".converse").mkdir()
    (tmp_path / ".converse/transcripts").write_text("in the way", encoding="utf-8")
    ended = converse("run", str(BOARDS), "--model", "null", "--max-turns", "1", "--name", "r")
    assert ended.code == 3
    first, last = ended.err.splitlines()
    assert first.startswith("converse: The transcript was not written: ")
    assert first.endswith("The run is kept; read it with `converse show r`.")
    assert last.endswith("Run r is paused. Go on with: converse resume r")
    (tmp_path / ".converse/transcripts").unlink()
    assert converse("resume", "r", "--no-judge", "--quiet").code == 0
    assert len(read_markdown((tmp_path / ".converse/transcripts/r.md").read_text(encoding="utf-8")).statements) == 4


WHILE_THE_COMMAND_LINE_LOADS = """
import os, signal, converse_graph.cli as cli
cli.import_module = lambda name: os.kill(os.getpid(), signal.SIGINT)
cli.main()
"""
BEFORE_A_COMMAND_LISTENS = """
import os, signal, sys, time
from converse_graph.cli.commands_from_functions import _run
def load():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(_run(load, {}, debug=False))
"""


@pytest.mark.parametrize("code", [WHILE_THE_COMMAND_LINE_LOADS, BEFORE_A_COMMAND_LISTENS])
def test_ctrl_c_before_a_command_is_at_work_ends_it_with_one_line_and_its_code(code: str, tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    line = "converse: Stopped at once. What was committed is kept; see `converse runs`.\n"
    assert (ended.returncode, ended.stderr) == (130, line)
