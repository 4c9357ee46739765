"""Bounds and changed scenarios, as a user meets them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.command_line import BOARDS, Converse


def test_a_run_pauses_at_its_bound_with_one_line_and_resumes(converse: Converse) -> None:
    ended = converse("run", str(BOARDS), "--model", "null", "--max-tokens", "300", "--name", "r", "--seed", "3")
    assert ended.code == 3
    assert ended.err.startswith("converse: The budget of 300 tokens is spent: ")
    assert "Go on with: converse resume r" in ended.err
    again = converse("resume", "r", "--max-turns", "1")
    assert again.code == 3
    assert "The 1 turns of this session are over" in again.err
    assert converse("resume", "r").code == 0


def test_a_bound_in_dollars_wants_a_price(converse: Converse, tmp_path: Path) -> None:
    options = ("--model", "mine", "--base-url", "http://models.example/v1", "--max-usd", "1")
    ended = converse("run", str(BOARDS), *options)
    assert ended.code == 2
    assert "What mine costs is not known" in ended.err
    assert not (tmp_path / ".converse").exists()
    wrong = converse("run", str(BOARDS), "--model", "null", "--max-usd", "0")
    assert wrong.code == 2
    assert "usd is 0" in wrong.err


def test_a_run_can_go_on_with_a_changed_scenario_when_told_to_and_says_so(converse: Converse, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert converse("new", "mine.yaml", "--from", str(BOARDS)).code == 0
    assert converse("run", "mine.yaml", "--model", "null", "--max-turns", "1", "--name", "r").code == 3
    path.write_text(path.read_text(encoding="utf-8").replace("A maker and a buyer", "Two firms"), encoding="utf-8")
    refused = converse("resume", "r")
    assert refused.code == 2
    assert "scenario: premise" in refused.err
    assert "--allow-changed" in refused.err
    assert "converse fork" in refused.err
    assert converse("resume", "r", "--allow-changed").code == 0
    header = json.loads(converse("show", "r", "--json").out)["header"]
    assert header["overrides"] == [{"statements": 1, "parts": ["scenario: premise"]}]
    assert "After 1 statement it went on with something changed: scenario: premise." in converse("show", "r").out
    assert "finished already" in converse("resume", "r").out


def test_a_cost_that_is_not_known_is_shown_as_none_though_some_calls_cost_nothing(
    converse: Converse, tmp_path: Path
) -> None:
    assert converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--name", "r", "--no-judge").code == 0
    assert "$0.00" in converse("runs").out
    with closing(sqlite3.connect(tmp_path / ".converse/runs.sqlite")) as database, database:
        database.execute("UPDATE runs SET unpriced = 1")
    assert "$" not in converse("runs").out
    assert "$" not in converse("resume", "r", "--no-judge").out
    assert json.loads(converse("runs", "--json").out)[0]["usd"] is None
