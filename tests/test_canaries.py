"""No private word reaches another party: random scenarios, orders, depths, faults, resumes and forks, all of whose
private texts bear the mark of whose they are, and everything that leaves a mind searched for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import BaseTracer, Run
from langsmith import Client, tracing_context

from converse_graph import Organisation, Scenario, Store
from converse_graph.audit.audit import audit_run
from converse_graph.audit.prompt_check import may_read
from converse_graph.errors import RunPaused
from converse_graph.evaluation.examples import By, examples
from converse_graph.evaluation.jsonl import as_lines
from converse_graph.export.formats import as_csv, as_json
from converse_graph.export.markdown import render_markdown
from converse_graph.record.call_paths import parse_call_path
from converse_graph.runs.derived import fork
from converse_graph.runs.simulation import Simulation
from tests.support.planted_secrets import Marking, mark, marks_in, scenarios
from tests.support.property_search import example_count
from tests.support.small_scenarios import CREATED, debate, table

GENERATED = (Phase.explicit, Phase.reuse, Phase.generate)
"""Not made smaller: a run is slow to play again, and the place that leaked is named."""


class Uploads:
    """Stands in for the connection to LangSmith, and keeps what would have been sent."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.headers: dict[str, str] = {}

    def request(self, method: str, url: str, **sent: Any) -> Any:
        body = sent.get("data") or b""
        self.bodies.append(body.decode() if isinstance(body, bytes) else str(body))
        return Accepted()

    def mount(self, prefix: str, adapter: Any) -> None:
        return

    def close(self) -> None:
        return


class Accepted:
    """What the server answers."""

    status_code = 200
    text = "{}"

    def raise_for_status(self) -> None:
        return

    def json(self) -> dict[str, Any]:
        return {}


@contextmanager
def traced() -> Iterator[Uploads]:
    """Tracing as LangSmith's settings in the environment switch it on, but for the connection."""
    uploads = Uploads()
    client = Client(api_key="none", session=uploads, info={}, auto_batch_tracing=False)
    with tracing_context(enabled=True, client=client):
        yield uploads
    client.flush()


async def played(run: Simulation) -> tuple[list[dict[str, Any]], list[str]]:
    """Play a run to its end, with as many resumes as that takes; what was streamed and traced meanwhile."""
    events: list[dict[str, Any]] = []
    with traced() as uploads:
        for _ in range(3):
            try:
                if (await run.play(events.append)).status == "finished":
                    break
            except RunPaused:
                pass
    return events, uploads.bodies


async def check(store: Store, run: Simulation, events: list[dict[str, Any]], uploads: list[str]) -> None:
    """Search everything that leaves a mind."""
    planted: set[str] = set()
    for call in store.journal(run.run.id).calls():
        planted |= {path for part in call.messages for path in marks_in(part.text)}
        reader = parse_call_path(call.place).reader
        for part in call.messages:
            astray = {path for path in marks_in(part.text) if not may_read(reader, path)}
            assert not astray, f"{call.place} was told in {part.source} what is private to {astray}"
    # A fork asks those alone whose turn comes after it.
    asked = {parse_call_path(call.place).reader.split("/")[0] for call in store.journal(run.run.id).calls()}
    assert planted >= asked & {party.name for party in run.scenario.organisations} != set()
    record = await run.transcript()
    public = record.public()
    sent = [as_lines(examples(record, by=by)) for by in get_args(By)]
    shown_to_all = (json.dumps(as_json(public)), render_markdown(public), as_csv(public), *sent)
    for shown in (*shown_to_all, *map(json.dumps, events)):
        assert "canary" not in shown
    assert uploads
    assert not [body for body in uploads if "canary" in body]
    found = await audit_run(store, run.run.name, scenario=run.scenario)
    assert found.leaks == ()
    assert found.calls == len(store.journal(run.run.id).places())


@settings(max_examples=example_count(20), deadline=None, phases=GENERATED, suppress_health_check=[HealthCheck.too_slow])
@given(
    scenario=scenarios(),
    profile=st.sampled_from(["small", "large"]),
    faults=st.integers(0, 3),
    gone_at=st.integers(0, 12),
    cut=st.sampled_from(["1", "1:North", "2", "2:South"]),
)
async def test_no_private_word_leaves_a_mind(
    tmp_path_factory: Any, scenario: Scenario, profile: str, faults: int, gone_at: int, cut: str
) -> None:
    async with Store.open(tmp_path_factory.mktemp("canaries") / "runs.sqlite", make=True) as store:
        model = Marking(profile, faults=faults, gone_at=gone_at)
        run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=model)
        await check(store, run, *await played(run))

        model = Marking(profile, faults=faults + 1)
        branch = await fork(store, run.run.name, at=f"round {cut}", created=CREATED, scenario=scenario, model=model,
                            seed=2)  # fmt: skip
        await check(store, branch, *await played(branch))


async def test_a_trace_of_a_bare_graph_has_no_private_word() -> None:
    graph = table("Alpha", Organisation(name="Beta", brief=mark("Beta"), deliberation=debate("Left", "Right"))).graph(
        compiled=True
    )
    settings_of_graph: Any = {"configurable": {"model": Marking("large")}}

    with traced() as uploads:
        streamed = [step async for step in graph.astream({"horizon": 1}, settings_of_graph, stream_mode="values")]
        await graph.ainvoke({"horizon": 1}, settings_of_graph)

    assert len(uploads.bodies) > 10, "every turn is a run of its own"
    assert not [body for body in uploads.bodies if "canary" in body]
    assert "canary" not in str(streamed)


async def test_what_a_tracer_would_be_told_without_our_care_has_private_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converse_graph.graph.build.NO_PAYLOAD", None)
    graph = table(Organisation(name="Alpha", brief=mark("Alpha"))).graph(compiled=True)

    with traced() as uploads:
        await graph.ainvoke({"horizon": 1}, {"configurable": {"model": Marking("large")}})

    assert [body for body in uploads.bodies if "canary[Alpha]" in body]


class Told(BaseTracer):
    """A tracer as somebody passes it to a runnable of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.runs.append(run)


async def test_a_tracer_of_a_runnable_around_a_play_is_told_of_turns_without_a_private_word(tmp_path: Path) -> None:
    scenario = table("Alpha", Organisation(name="Beta", brief=mark("Beta"), deliberation=debate("Left", "Right")))
    told = Told()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=Marking("large"))

        async def play(_: object) -> str:
            return (await run.play()).status

        assert await RunnableLambda(play).ainvoke(None, {"callbacks": [told]}) == "finished"

    seen = list(_with_all_inside(*told.runs))
    assert {turn.name for turn in seen} >= {"supervisor", "Alpha", "Beta"}
    assert "canary" not in repr([(turn.inputs, turn.outputs, turn.extra, turn.serialized) for turn in seen])


def _with_all_inside(*runs: Run) -> Iterator[Run]:
    for run in runs:
        yield run
        yield from _with_all_inside(*run.child_runs)
