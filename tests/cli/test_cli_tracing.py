"""Tracing from the command line: switched on by the environment, said in a line, never in the run's way."""

import pytest

from tests.support.command_line import BOARDS, Converse
from tests.support.langsmith_server import ingesting
from tests.support.otlp_server import collecting

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


def test_a_run_is_traced_by_opentelemetry_where_it_is_switched_on(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as (url, kept):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=secret-key")
        unasked = converse(*RUN[:-3], "--name", "unseen", "--no-judge")
        assert (unasked.code, unasked.err, kept.bodies) == (0, "", [])
        monkeypatch.setenv("CONVERSE_OTEL", "true")
        ended = converse(*RUN)

    assert (ended.code, ended.err) == (0, "")
    assert f"Traced to OpenTelemetry, {url}/v1/traces, thread seen 2" in ended.out
    assert {"chat null", "invoke_agent Maker", "Outcome · boards"} < kept.names()
    assert {header["x-api-key"] for header in kept.headers} == {"secret-key"}
    assert b"secret-key" not in b"".join(kept.bodies)


def test_a_run_is_traced_to_both_where_both_are_switched_on(
    converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as (otlp, spans), ingesting() as (url, kept):
        switch_on(monkeypatch, url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", otlp)
        monkeypatch.setenv("CONVERSE_OTEL", "true")
        ended = converse(*RUN)

    assert (ended.code, ended.err) == (0, "")
    assert f"Traced to LangSmith, project talks and OpenTelemetry, {otlp}/v1/traces, thread" in ended.out
    assert len(spans.spans) == len(kept.runs) > 10


@pytest.mark.parametrize("refusal", [None, 401])
def test_a_collector_that_is_gone_or_refuses_costs_one_line_and_not_the_run(
    converse: Converse, monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    with collecting(refusal) as (url, kept):
        where = url if refusal else "http://127.0.0.1:9"
        monkeypatch.setenv("CONVERSE_OTEL", "true")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", where)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
        ended = converse(*RUN)

    assert (ended.code, kept.bodies) == (0, [])
    assert ended.err == (
        f"converse: OpenTelemetry at {where}/v1/traces cannot be reached or takes no traces; the run goes on, and "
        "tracing is tried again with each round.\n"
    )
    assert "Finished" in ended.out
