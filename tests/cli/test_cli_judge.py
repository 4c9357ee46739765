import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from support.markdown_reader import read_markdown

from tests.support.command_line import BOARDS, Converse

RUN = ("run", str(BOARDS), "--seed", "7", "--name", "r")


def verdicts(folder: Path) -> int:
    return len(read_markdown((folder / ".converse/transcripts/r.md").read_text(encoding="utf-8")).verdicts)


def test_a_run_is_judged_at_its_end_once(converse: Converse, tmp_path: Path) -> None:
    ended = converse(*RUN, "--model", "null")
    assert ended.code == 0, ended.err
    assert "Judging by rubric general with null" in ended.out
    assert verdicts(tmp_path) == 1
    tokens = json.loads(converse("runs", "--json").out)[0]["tokens"]
    assert "Judging" not in converse("resume", "r").out
    assert json.loads(converse("runs", "--json").out)[0]["tokens"] == tokens


def test_no_judge_leaves_the_verdict_out_and_judge_adds_it(converse: Converse, tmp_path: Path) -> None:
    assert converse(*RUN, "--model", "null", "--no-judge").code == 0
    assert verdicts(tmp_path) == 0
    judged = converse("judge", "r", "--repeats", "2", "--json")
    assert judged.code == 0, judged.err
    shown = json.loads(judged.out)
    assert len(shown["verdicts"]) == 2
    assert set(shown["agreement"]) == {"general"}
    assert verdicts(tmp_path) == 2


def test_a_judge_that_refuses_leaves_the_run_finished_and_says_the_way_out(
    converse: Converse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_json({"error": {"message": "no such key"}}, 401)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    ended = converse(*RUN, "--model", "null", "--judge-model", "openai:someone")
    assert httpserver.log
    assert ended.code == 0
    assert "The verdict is missing. Get it with: converse judge r" in ended.err
    assert json.loads(converse("runs", "--json").out)[0]["status"] == "finished"
    assert verdicts(tmp_path) == 0


def test_what_cannot_be_judged_is_refused_in_a_line_with_exit_code_two(converse: Converse, tmp_path: Path) -> None:
    assert converse(*RUN, "--model", "null", "--no-judge").code == 0
    (tmp_path / "odd.yaml").write_text("scale: 1-5\nquestions: []\n")
    for arguments in (
        ["nobody"],
        ["r", "--rubric", "nope"],
        ["r", "--rubric", "odd.yaml"],
        ["r", "--model", "x"],
    ):
        refused = converse("judge", *arguments)
        assert refused.code == 2, arguments
        assert len(refused.err.splitlines()) == 1
    refused = converse("run", str(BOARDS), "--model", "null", "--no-judge", "--judge-model", "null")
    assert refused.code == 2
