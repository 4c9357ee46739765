"""The command line as a call where many are made, and a run that nobody stopped."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from converse_graph.cli import main
from tests.support.child_process import Ended, environment
from tests.support.command_line import BOARDS, SEED, Converse, process


@pytest.fixture
def converse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Converse:
    """Call the command line in this process, in an empty folder: what it prints, and the code it would end with.

    A command leaves nothing of its own in the process; if it does, the test fails.
    """
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["converse", *arguments])
        before = process_state()
        with pytest.raises(SystemExit) as ended:
            main()
        assert process_state() == before, f"converse {arguments[0]} leaves its own behind"
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return call


def process_state() -> dict[str, Any]:
    """What a command could leave behind in a process and another would stumble over."""
    root = logging.getLogger()
    return {
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        "logging": (root.level, list(root.handlers), logging.root.manager.disable),
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr, sys.excepthook),
        "folder": Path.cwd(),
    }


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A run of the boards that nobody stopped, with its folder."""
    folder = tmp_path_factory.mktemp("reference")
    ended = process(folder, "run", str(BOARDS), "--model", "null", "--seed", SEED, "--name", "whole")
    return folder, ended
