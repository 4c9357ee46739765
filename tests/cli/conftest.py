"""The command line as a call where many are made, and a run that nobody stopped."""

import os
import sys
from pathlib import Path

import pytest

from converse_graph.cli import main
from tests.support.command_line import BOARDS, SEED, Converse, Ended, environment, process


@pytest.fixture
def converse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Converse:
    """Call the command line in this process, in an empty folder: what it prints, and the code it would end with."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["converse", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A run of the boards that nobody stopped, with its folder."""
    folder = tmp_path_factory.mktemp("reference")
    ended = process(folder, "run", str(BOARDS), "--model", "null", "--seed", SEED, "--name", "whole")
    return folder, ended
