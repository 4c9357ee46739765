"""What the command line says and keeps of halves of characters, and of faults that nobody expected."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Converse

TALKS = """
from converse_graph import Clock, Organisation, Scenario, scenario

@scenario
def talks(motion: str = "none") -> Scenario:
    \"\"\"Two firms talk.\"\"\"
    return Scenario(premise=motion, clock=Clock(end=1, step="round"),
        organisations=[Organisation(name="Port"), Organisation(name="Line", graph=speak)])

def speak(view):
    raise ZeroDivisionError("nobody expected this")
"""


@pytest.mark.slow
def test_bytes_that_are_no_text_are_made_text_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "talks.py").write_text(TALKS.replace("raise ZeroDivisionError", "return str"), encoding="utf-8")
    converse = os.fsencode(Path(sys.executable).parent / "converse")
    run = [converse, b"run", b"talks.py", b"--model", b"null", b"--no-judge", b"--name", b"r"]
    run += [b"--set", b"motion=caf\xe9"]
    fork = [converse, b"fork", b"r", b"--at", b"1:Line", b"--say", b"caf\xe9", b"--no-judge", b"--name", b"s"]
    for command in (run, fork):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    shown = subprocess.run([converse, b"show", b"s", b"--as", b"json"], cwd=tmp_path, capture_output=True, check=True)
    assert "caf\ufffd" in [said["text"] for said in json.loads(shown.stdout)["statements"]]


def test_what_nobody_expected_pauses_the_run_and_debug_shows_the_traceback(converse: Converse, tmp_path: Path) -> None:
    (tmp_path / "talks.py").write_text(TALKS, encoding="utf-8")
    ended = converse("run", "talks.py", "--model", "null", "--no-judge", "--name", "r")
    assert ended.code == 3
    why = "The graph of Line failed at 0.1/Line/graph: ZeroDivisionError at talks.py:"
    assert ended.err.strip().splitlines()[-1].startswith(f"converse: {why}")
    assert "--debug shows the traceback. Run r is paused." in ended.err
    assert "nobody expected this" not in ended.err, "what a guest says may be private"
    assert "Traceback" not in ended.err
    again = converse("resume", "r", "--debug")
    assert again.code == 3
    assert "Traceback" in again.err
    assert 'raise ZeroDivisionError("nobody expected this")' in again.err
