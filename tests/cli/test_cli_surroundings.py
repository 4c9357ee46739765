"""Where a command finds itself: a folder that was moved, streams closed, old variables, odd names of stores."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.child_process import environment
from tests.support.command_line import Converse

PLAN = "version: 1\npremise: Two talk.\nclock: {end: 2, step: round}\norganisations: [{name: A}, {name: B}]\n"
RUN = ("run", "it.yaml", "--model", "null", "--no-judge", "--name", "r")


@pytest.mark.parametrize(
    "goes_on",
    [
        ("resume", "r", "--no-judge"),
        ("fork", "r", "--at", "1", "--no-judge"),
        ("extend", "r", "--rounds", "3", "--no-judge"),
        ("interview", "r", "--party", "A", "--at", "1", "Why?"),
        ("audit", "r"),
    ],
    ids=lambda command: command[0],
)
def test_a_run_goes_on_in_a_project_that_was_moved(
    converse: Converse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, goes_on: tuple[str, ...]
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    (before / "plans").mkdir(parents=True)
    (before / "plans" / "it.yaml").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(before)
    assert converse("run", "plans/it.yaml", *RUN[2:], "--max-turns", "2").code == 3
    before.rename(after)
    monkeypatch.chdir(after)
    assert converse(*goes_on).code == 0


def test_a_run_whose_file_is_gone_says_which(
    converse: Converse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("it.yaml").write_text(PLAN, encoding="utf-8")
    assert converse(*RUN, "--max-turns", "2").code == 3
    Path("it.yaml").unlink()
    ended = converse("resume", "r")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "it.yaml" in ended.err


@pytest.mark.slow
def test_a_daemon_may_have_closed_the_streams(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text(PLAN, encoding="utf-8")
    command = " ".join([sys.executable, "-m", "converse_graph.cli", *RUN])
    done = subprocess.run(
        ["bash", "-c", f"{command} >&-"], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (("list",), 1, "converse: No space left on device; make room on the disk, or name another place."),
        (RUN, 3, "Run r is paused. Go on with: converse resume r"),
    ],
    ids=["list", "run"],
)
def test_output_that_finds_no_room_gets_one_line_and_pauses_a_run(
    command: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    (tmp_path / "it.yaml").write_text(PLAN, encoding="utf-8")
    with Path("/dev/full").open("w") as full:
        process = [sys.executable, "-m", "converse_graph.cli", *command]
        done = subprocess.run(
            process, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert says in done.stderr


@pytest.mark.slow
def test_an_old_variable_of_langchain_is_told_of_and_ignored(tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text(PLAN, encoding="utf-8")
    variables = {**environment(), "LANGCHAIN_TRACING": "true"}
    command = [sys.executable, "-m", "converse_graph.cli", *RUN]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("converse: LANGCHAIN_TRACING is an old variable")


def test_a_stores_name_is_a_path(converse: Converse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("it.yaml").write_text(PLAN, encoding="utf-8")
    assert converse(*RUN, "--store=~/x.sqlite").code == 0
    assert (tmp_path / "home" / "x.sqlite").is_file()
    for odd, reason in (("file:x.sqlite?mode=ro", "named by its path"), ("n" * 300, "is too long")):
        ended = converse(*RUN, "--store", odd)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert reason in ended.err
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(("file:", "~", "nn"))]
