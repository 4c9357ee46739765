"""The command line as a process of its own, and what its tests share."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.child_process import Ended, end, start_python

BOARDS = Path(__file__).with_name("scenario_files") / "boards.py"
SEED = "7"

Converse = Callable[..., Ended]
"""Calls the command line with arguments: the fixture `converse` in this process, `process` in one of its own."""


def start(folder: Path, *arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a command in a folder, as a process of its own."""
    return start_python("-m", "converse_graph.cli", *arguments, folder=folder, stdout=stdout)


def process(folder: Path, *arguments: str) -> Ended:
    """Run a command as a process of its own: where signals, start-up, streams or the environment matter."""
    return end(start(folder, *arguments))


def statements(converse: Converse, folder: Path, run: str) -> list[dict[str, Any]]:
    """Read a run's record with all that is private, through the command line."""
    shown = converse("show", run, "--raw", "--json", "--store", str(folder / ".converse" / "runs.sqlite"))
    assert shown.code == 0, shown.err
    read: list[dict[str, Any]] = json.loads(shown.out)["statements"]
    return read
