"""Tracing from the command line: switched on by the environment, said in a line, never in the run's way."""

import pytest
from conftest import BOARDS, Converse

from tests.tracing_server import ingesting

RUN = ("run", str(BOARDS), "--model", "null", "--seed", "7", "--name", "seen", "--no-judge")


def switch_on(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name, value in {"TRACING": "true", "API_KEY": "secret-key", "PROJECT": "talks", "ENDPOINT": url}.items():
        monkeypatch.setenv(f"LANGSMITH_{name}", value)


def test_a_run_is_traced_where_the_environment_says_so(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    with ingesting() as (url, kept):
        switch_on(monkeypatch, url)
        ended = converse(*RUN)
        finished, rounds = len(kept.runs), kept.of_kind("round")
        extended = converse("extend", "seen", "--rounds", str(len(rounds) + 1), "--no-judge")
        again = converse("resume", "seen", "--no-judge")

    assert (ended.code, ended.err) == (0, "")
    assert "Traced to LangSmith, project talks, thread seen 2" in ended.out
    assert "without what is private (--trace-private sends it)" in ended.out
    assert not any(call["inputs"] or call["outputs"] for call in kept.of_kind("call"))
    assert len(kept.of_kind("outcome")) == 2
    assert kept.keys == {"secret-key"}
    assert (extended.code, again.code) == (0, 0)
    assert len(kept.of_kind("round")) == len(rounds) + 1
    assert len(kept.runs) > finished
    assert len({run["extra"]["metadata"]["thread_id"] for run in kept.runs.values()}) == 1


def test_prompts_and_replies_are_sent_when_they_are_asked_for(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ingesting() as (url, kept):
        switch_on(monkeypatch, url)
        ended = converse(*RUN, "--trace-private")

    assert (ended.code, ended.err) == (0, "")
    assert "prompts and replies too" in ended.out
    assert all(call["inputs"]["messages"] and call["outputs"]["messages"] for call in kept.of_kind("call"))


def test_a_key_that_is_refused_costs_one_line_and_not_the_run(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ingesting(401) as (url, _):
        switch_on(monkeypatch, url)
        ended = converse(*RUN)

    assert ended.code == 0
    assert ended.err == (
        f"converse: LangSmith at {url} refuses the key in LANGSMITH_API_KEY; the run goes on and is not traced.\n"
    )
    assert "Finished" in ended.out


def test_private_words_asked_for_where_nothing_is_traced_are_said_to_go_nowhere(converse: Converse) -> None:
    ended = converse(*RUN, "--trace-private")

    assert ended.code == 0
    assert ended.err.startswith("converse: --trace-private shows nothing: tracing is off.")


def test_a_judge_asked_later_sends_its_scores(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
    converse(*RUN)
    with ingesting() as (url, kept):
        switch_on(monkeypatch, url)
        ended = converse("judge", "seen", "--quiet")

    assert (ended.code, ended.err) == (0, "")
    assert len(kept.of_kind("outcome")) == 1
    assert any(one["key"].startswith("judge.") for one in kept.feedback)
