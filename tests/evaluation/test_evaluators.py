"""Evaluators of runs: on every shape that a target may return, in `langsmith.evaluate` with nothing reachable."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from langsmith import Client, evaluate

from converse_graph import Organisation, Request, Response, ScriptedModel, Statement, Store, Transcript
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.evaluation import coherence, disagreement, examples_in, judged_by, outputs_of, privacy
from converse_graph.evaluation.examples import examples
from converse_graph.evaluation.jsonl import as_lines
from converse_graph.evaluation.langsmith_upload import upload_examples
from converse_graph.models.null import NullModel
from converse_graph.tracing.outcome import rates
from tests.support.langsmith_server import ingesting
from tests.support.planted_secrets import Marking, mark
from tests.support.sample_transcripts import HEADER
from tests.support.small_scenarios import consciences, debate, played, table

Results = Mapping[str, Any]


def by_key(results: list[dict[str, Any]]) -> Results:
    return {one["key"]: one["score"] for one in results}


def said(number: int, speaker: str, text: str, **more: Any) -> Statement:
    period = ("2026 H1", "2026 H2", "2027 H1")[number // 2]
    return Statement(round=number // 2, turn=number % 2, period=period, speaker=speaker, text=text, **more)


def flawed() -> Transcript:
    statements = (
        said(0, "Employer", "We offer two per cent to every one of our people from May."),
        said(1, "Union", "", problem="no usable reply", repairs=2),
        said(2, "Employer", "We offer two per cent to every one of our people from May."),
        said(3, "Union", "As an AI, I cannot help with that.", repairs=1),
        said(4, "Employer", "It is now 2031, and speaking for Union I accept.", fields={"laws": ["repeal of the tax"]}),
        said(5, "Union", "Five."),
    )
    return Transcript(header=HEADER, statements=statements)


async def test_every_flaw_counts_against_coherence_and_has_a_rate_of_its_own() -> None:
    found = by_key(coherence({}, flawed()))

    assert found["coherence"] == pytest.approx(2 / 6)
    assert {key: score * 6 for key, score in found.items() if score and key != "coherence"} == pytest.approx(
        {"rate.no_statement": 1, "rate.repairs": 3, "rate.repeated": 1, "rate.refusals": 1, "rate.other_year": 1,
         "rate.other_person": 1, "rate.contradictions": 1}
    )  # fmt: skip


async def test_a_rate_is_what_a_trace_of_the_run_says() -> None:
    found = by_key(coherence({}, flawed()))
    assert {one.key: found[one.key] for one in rates(flawed())} == pytest.approx(
        {one.key: one.score for one in rates(flawed())}
    )


async def test_every_shape_that_a_target_may_return_is_the_same_run(store: Store) -> None:
    scenario = consciences(rounds=2)
    transcript = await (await played(store, scenario)).transcript()
    (one,) = examples(transcript)
    graph: Any = scenario.graph(compiled=True)
    state = await graph.ainvoke({"horizon": 2}, {"configurable": {"model": "null"}})

    wanted = coherence({}, transcript)
    for outputs in (outputs_of(transcript), {"output": transcript}, one.outputs, state):
        assert coherence(one.inputs, outputs) == wanted
    assert len(coherence({}, state)) == len(wanted)


async def test_a_statement_is_compared_with_what_was_said_before_and_judged_alone() -> None:
    third = examples(flawed(), by="statement")[2]

    assert by_key(coherence(third.inputs, third.outputs))["rate.repeated"] == 1
    assert by_key(coherence({}, third.outputs))["rate.repeated"] == 0
    last = examples(flawed(), by="round")[2]
    assert by_key(coherence(last.inputs, last.outputs))["coherence"] == 0.5


async def test_disagreement_is_measured_in_debates_that_the_outputs_have(store: Store) -> None:
    transcript = await (await played(store, consciences(rounds=2))).transcript()

    found = by_key(disagreement({}, outputs_of(transcript, private=True)))
    assert found["disagreement.debates"] > 0
    assert found["disagreement.debates.entropy_first"] >= 0
    assert 0 <= found["disagreement.debates.unanimous"] <= 1
    public = disagreement({}, outputs_of(transcript))
    assert by_key(public) == {"disagreement.debates": 0, "disagreement.table": 0}
    assert public[0]["comment"] == "Nobody took a position: the outputs have no debate."


async def test_a_motion_before_the_table_is_measured_in_public(store: Store) -> None:
    motion = {"question": "Shall we?", "options": ("yes", "no")}
    transcript = await (await played(store, table("Alpha", "Beta", "Gamma", motion=motion))).transcript()

    found = by_key(disagreement({}, outputs_of(transcript)))
    assert found["disagreement.table"] == 1
    assert found["disagreement.table.changes"] >= 0


async def test_privacy_is_shown_from_the_journal_of_the_run_that_the_outputs_name(tmp_path: Path) -> None:
    path, scenario = tmp_path / "runs.sqlite", consciences(rounds=1)
    async with Store.open(path, make=True) as store:
        transcript = await (await played(store, scenario)).transcript()
    look = privacy(path, scenario=scenario)

    for outputs in (outputs_of(transcript), transcript, {"output": transcript}, {"run": transcript.header.run}):
        assert by_key(await look(outputs)) == {"privacy": 1, "privacy.leaks": 0}
    async with Store.open(path) as store:
        await store._writer.write(lambda session: session.run("UPDATE messages SET owner = 'public' "
                                                              "WHERE source LIKE 'line/%'"))  # fmt: skip
    broken = await look(outputs_of(transcript))
    assert broken[0]["score"] == 0
    assert broken[1]["score"] > 0
    assert broken[0]["comment"].startswith("chain at 0.0/Alpha/")
    with pytest.raises(NotFound, match="No run 'other'"):
        await look({"run": "other"})
    with pytest.raises(InvalidValue, match="do not say which run"):
        await look({"statements": []})


class Hearing(NullModel):
    """The null model that keeps what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = ""

    async def complete(self, request: Request) -> Response:
        self.heard += " ".join(part.text for part in request.messages)
        return await super().complete(request)


async def test_a_judge_scores_each_question_and_reads_the_public_record_alone(store: Store) -> None:
    transcript = await (await played(store, consciences(rounds=2))).transcript()
    judge = Hearing()

    results = await judged_by(judge, rubric="general")({}, outputs_of(transcript, private=True))
    keys = [one["key"] for one in results]
    assert {f"judge.movement.{name}" for name in ("Alpha", "Beta", "Gamma")} < {*keys}
    assert len({*keys}) == len(keys)
    assert all(one["score"] is None or 1 <= one["score"] <= 10 for one in results)
    memos = [one.private.memo for one in transcript.statements if one.private]
    assert all(memos)
    assert transcript.statements[0].text[:60] in judge.heard
    assert not [memo for memo in memos if memo in judge.heard]


async def test_a_judge_without_a_usable_reply_leaves_no_score_and_says_why(store: Store) -> None:
    transcript = await (await played(store, table("Alpha", "Beta"))).transcript()
    judge = ScriptedModel(["what?"] * 3, profile="large")

    results = await judged_by(judge)({}, outputs_of(transcript))
    assert {one["score"] for one in results} == {None}
    assert all(one["comment"] for one in results)


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (7, "Outputs are int"),
        ({"answer": "yes"}, "Outputs have answer; they must be the record"),
        ({"statements": []}, "has no statement"),
        ({"header": {}, "version": 9}, "version is 9"),
    ],
)
def test_outputs_that_are_no_record_are_refused_in_a_line(outputs: Any, told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        coherence({}, outputs)


@pytest.mark.filterwarnings("ignore:'upload_[a-z]+' parameter is in beta")
def test_they_work_in_an_experiment_that_reaches_nobody(tmp_path: Path) -> None:
    scenario, path = consciences(rounds=1), tmp_path / "runs.sqlite"

    async def play() -> Transcript:
        async with Store.open(path, make=True) as store:
            return await (await played(store, scenario)).transcript()

    def target(inputs: dict[str, Any]) -> dict[str, Any]:
        assert inputs["scenario"] == scenario.name
        return outputs_of(asyncio.run(play()))

    (tmp_path / "runs.jsonl").write_text(as_lines(examples(asyncio.run(play()))), encoding="utf-8")
    with ingesting() as (url, kept):
        (row,) = evaluate(
            target,
            data=examples_in(tmp_path / "runs.jsonl"),
            evaluators=[coherence, disagreement, privacy(path, scenario=scenario), judged_by("null")],
            client=Client(api_key="none", api_url=url, auto_batch_tracing=False),
            upload_results=False,
        )
    found = {one.key: one.score for one in row["evaluation_results"]["results"]}
    assert row["run"].error is None
    assert (found["coherence"], found["privacy"], found["disagreement.table"]) == (1, 1, 0)
    assert [key for key in found if key.startswith("judge.")]
    assert (kept.bodies, kept.keys) == ([], set())


def test_an_experiment_that_is_uploaded_has_scores_and_no_private_word(tmp_path: Path) -> None:
    parties = [
        Organisation(name=name, brief=mark(name), deliberation=debate("Ada", "Bo", motion=mark(name)))
        for name in ("North", "South")
    ]
    scenario, path = table(*parties), tmp_path / "runs.sqlite"

    async def play() -> Transcript:
        async with Store.open(path, make=True) as store:
            return await (await played(store, scenario, model=Marking("large", faults=1))).transcript()

    def target(inputs: dict[str, Any]) -> dict[str, Any]:
        return outputs_of(asyncio.run(play()))

    assert "canary" in str(outputs_of(asyncio.run(play()), private=True))
    with ingesting() as (url, kept):
        settings = {"LANGSMITH_API_KEY": "key", "LANGSMITH_ENDPOINT": url}
        upload_examples(examples(asyncio.run(play()), dataset="talks"), "talks", environment=settings)
        client = Client(api_key="key", api_url=url)
        look = privacy(path, scenario=scenario)
        evaluate(target, data="talks", evaluators=[coherence, disagreement, look, judged_by("null")], client=client)
        client.flush()
        client.close()

    assert {"coherence", "privacy", "disagreement.debates"} < {one["key"] for one in kept.feedback}
    assert [one for one in kept.feedback if one["key"].startswith("judge.")]
    assert not [body for body in kept.bodies if b"canary" in body]
    assert "Target" in kept.names()
