"""The command line as a process of its own, and how a command ended."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOARDS = Path(__file__).with_name("scenario_files") / "boards.py"
SEED = "7"
PATIENCE = 240.0
"""Seconds that anything may take on a busy machine before a test gives up."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Converse = Callable[..., Ended]


def environment() -> dict[str, str]:
    """This process's environment without anything that names a model or shapes a terminal."""
    unwanted = ("OPENAI_", "CONVERSE_", "COLUMNS", "NO_COLOR", "LANGSMITH_", "LANGCHAIN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def start(folder: Path, *arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a command in a folder, as a process of its own."""
    command = [sys.executable, "-m", "converse_graph.cli", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment(), stdout=stdout, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> Ended:
    """Wait for a command to end."""
    out, err = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, out, err)


def process(folder: Path, *arguments: str) -> Ended:
    """Run a command as a process of its own."""
    return end(start(folder, *arguments))


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold; fail the test if it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


def statements(converse: Converse, folder: Path, run: str) -> list[dict[str, Any]]:
    """Read a run's record with all that is private, through the command line."""
    shown = converse("show", run, "--raw", "--json", "--store", str(folder / ".converse" / "runs.sqlite"))
    assert shown.code == 0, shown.err
    read: list[dict[str, Any]] = json.loads(shown.out)["statements"]
    return read
