"""Python as a process of its own: how it is started, waited for, and how it ended."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 240.0
"""Seconds that anything may take on a busy machine before a test gives up."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """This process's environment without anything that names a model or shapes a terminal."""
    unwanted = ("OPENAI_", "CONVERSE_", "COLUMNS", "NO_COLOR", "LANGSMITH_", "LANGCHAIN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def start_python(
    *arguments: str | Path,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start Python with arguments, in this process's environment without settings unless another is given."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=dict(environ) if environ is not None else environment(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str], *, patience: float = PATIENCE) -> Ended:
    """Wait for a process to end."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ended(process.returncode, out, err)


def run_python(*arguments: str | Path, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Ended:
    """Run Python with arguments to its end."""
    return end(start_python(*arguments, folder=folder, environ=environ))


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold; fail the test if it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)
