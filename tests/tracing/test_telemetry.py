"""What a traced run sends by OpenTelemetry, seen in an exporter that keeps it in memory."""

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_tracer_provider

from converse_graph import Organisation, Scenario, Store
from converse_graph.errors import ProviderUnreachable
from converse_graph.judge.runs import judge_run
from converse_graph.runs.simulation import Simulation
from converse_graph.tracing.conventions import name_of
from converse_graph.tracing.langsmith import LangSmithExporter
from converse_graph.tracing.multi_exporter import MultiExporter
from converse_graph.tracing.opentelemetry import OpenTelemetryExporter, over_http
from converse_graph.tracing.outcome import trace_outcome
from converse_graph.tracing.settings import Tracing
from converse_graph.tracing.spans import Exporter, Span
from tests.support.langsmith_server import ingesting
from tests.support.otlp_server import collecting
from tests.support.planted_secrets import Marking, mark
from tests.support.small_scenarios import CREATED, CountingChat, begin, consciences, debate, table

Kept = list[ReadableSpan]


@asynccontextmanager
async def recording(*others: Exporter, private: bool = False) -> AsyncIterator[tuple[Tracing, Kept]]:
    """Tracing into memory, and to others; what was kept is there once it is closed."""
    warned: list[str] = []
    memory, kept = InMemorySpanExporter(), Kept()
    telemetry = OpenTelemetryExporter(memory, where="memory", warn=warned.append)
    exporter = MultiExporter([telemetry, *others]) if others else telemetry
    try:
        yield Tracing(exporter=exporter, now=lambda: datetime.now(UTC), where="memory", private=private), kept
    finally:
        await exporter.close()
        kept.extend(memory.get_finished_spans())
    assert warned == []


async def traced(
    store: Store, scenario: Scenario, *, model: Any = "null", plays: int = 1, private: bool = False
) -> Kept:
    """Play a run as often as it takes; what it sent."""
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=model)
    async with recording(private=private) as (opened, kept):
        for _ in range(plays - 1):
            with pytest.raises(ProviderUnreachable):
                await run.play(tracing=opened)
        assert (await run.play(tracing=opened)).status == "finished"
    return kept


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def of_kind(kept: Kept, kind: str) -> Kept:
    found = [span for span in kept if told(span)["converse_graph.kind"] == kind]
    return sorted(found, key=lambda span: span.start_time or 0)


def above(kept: Kept, span: ReadableSpan) -> list[str]:
    """The names of the spans that a span lies in, outermost first."""
    by_id = {one.context.span_id: one for one in kept}
    parent = by_id[span.parent.span_id] if span.parent else None
    return [*above(kept, parent), parent.name] if parent else []


async def test_spans_have_the_names_and_attributes_of_the_conventions(store: Store) -> None:
    kept = await traced(store, consciences(rounds=2))

    (line,) = [one for one in kept if told(one)["converse_graph.name"]
               == "round 1 · Alpha · debate · First1 · debate · Second2 · line"]  # fmt: skip
    assert line.name == "chat null"
    assert line.kind is SpanKind.CLIENT
    assert above(kept, line) == [
        "invoke_workflow scenario",
        "invoke_agent Alpha",
        "invoke_workflow debate of Alpha",
        "invoke_agent Alpha/First1",
        "invoke_workflow debate of Alpha/First1",
        "invoke_agent Alpha/First1/Second2",
    ]
    given = told(line)
    assert given["gen_ai.operation.name"] == "chat"
    assert given["gen_ai.provider.name"] == "null"
    assert (given["gen_ai.request.model"], given["gen_ai.response.model"]) == ("null", "null")
    assert given["gen_ai.usage.input_tokens"] > 0
    assert given["gen_ai.usage.output_tokens"] > 0
    assert given["converse_graph.usd"] == 0
    assert {told(one)["gen_ai.conversation.id"] for one in kept} == {"scenario-1 2026-01-02 03:04:05"}
    rounds = of_kind(kept, "round")
    assert [told(one)["converse_graph.period"] for one in rounds] == ["round 1", "round 2"]
    assert len({one.context.trace_id for one in kept}) == len(rounds) == 2
    assert {told(one)["gen_ai.agent.name"] for one in of_kind(kept, "turn")} == {"Alpha", "Beta", "Gamma"}


async def test_the_same_spans_go_to_langsmith_and_by_opentelemetry(store: Store) -> None:
    run = await begin(store, consciences(rounds=2))
    with ingesting() as (url, sent):
        uploads = LangSmithExporter(url=url, key="key", project="p", warn=lambda line: pytest.fail(line))
        async with recording(uploads) as (opened, kept):
            await run.play(tracing=opened)
            await trace_outcome(opened, store, run.run.name)

    def pairs_there() -> list[tuple[str, str]]:
        return [(one["name"], sent.runs[one["parent_run_id"]]["name"] if one.get("parent_run_id") else "")
                for one in sent.runs.values()]  # fmt: skip

    by_id = {one.context.span_id: told(one)["converse_graph.name"] for one in kept}
    here = [(told(one)["converse_graph.name"], by_id[one.parent.span_id] if one.parent else "") for one in kept]
    assert sorted(here) == sorted(pairs_there())
    assert {told(one)["gen_ai.conversation.id"] for one in kept} == {
        one["extra"]["metadata"]["thread_id"] for one in sent.runs.values()
    }


async def test_what_was_said_in_public_is_on_its_turn(store: Store) -> None:
    run = await begin(store, table("Alpha", "Beta"))
    async with recording() as (opened, kept):
        await run.play(tracing=opened)

    said = [json.loads(told(one)["gen_ai.output.messages"]) for one in of_kind(kept, "turn")]
    assert said == [
        [{"role": "assistant", "parts": [{"type": "text", "content": one.text}], "finish_reason": "stop"}]
        for one in (await run.transcript()).statements
    ]


@pytest.mark.parametrize("order", ["listed", "simultaneous", "moderated"])
async def test_no_private_word_is_sent_unless_asked_for(store: Store, order: str) -> None:
    parties = [
        Organisation(name=name, brief=mark(name), deliberation=debate("Ada", "Bo", motion=mark(name)))
        for name in ("North", "South")
    ]
    scenario = table(*parties, order=order)

    kept = await traced(store, scenario, model=Marking("large", faults=1, gone_at=9), plays=2)
    assert len(kept) > 10
    assert "canary" not in "".join(one.to_json() for one in kept)
    assert {"gen_ai.input.messages", "gen_ai.output.messages"}.isdisjoint(
        name for call in of_kind(kept, "call") for name in told(call)
    )

    kept = await traced(store, scenario, model=Marking("large", faults=1), private=True)
    calls = [told(call) for call in of_kind(kept, "call")]
    assert "canary[North]" in "".join(call["gen_ai.input.messages"] for call in calls)
    assert "canary[North]" in "".join(call["gen_ai.output.messages"] for call in calls)


@pytest.mark.parametrize("private", [False, True])
async def test_the_words_of_an_error_are_sent_only_with_private_words(store: Store, private: bool) -> None:
    def gone() -> ProviderUnreachable:
        return ProviderUnreachable(f"Nobody answers {mark('Beta')}.")

    model = CountingChat(stop_at=4, error=gone)
    kept = await traced(store, consciences(rounds=1), model=model, plays=2, private=private)

    broken = [one for one in of_kind(kept, "round") if one.status.status_code is StatusCode.ERROR]
    assert [told(one)["error.type"] for one in broken] == ["ProviderUnreachable"]
    assert "paused" in told(broken[0])["converse_graph.tags"]
    assert ("canary[Beta]" in "".join(one.to_json() for one in kept)) is private


async def test_a_reply_that_was_sent_back_is_an_error_of_its_call_and_not_of_its_turn(store: Store) -> None:
    kept = await traced(store, table("North", "South"), model=Marking("large", faults=3))

    broken = [one for one in kept if one.status.status_code is StatusCode.ERROR]
    assert broken
    assert {told(one)["error.type"] for one in broken} == {"InvalidReply"}
    assert {told(one)["converse_graph.kind"] for one in broken} == {"call"}


async def test_scores_and_rates_are_results_of_an_evaluation_on_the_outcome(store: Store) -> None:
    run = await begin(store, consciences(rounds=1))
    await run.play()
    (verdict,) = await judge_run(store, run.run.name, chats=run.chats)
    async with recording() as (opened, kept):
        await trace_outcome(opened, store, run.run.name)

    (outcome,) = kept
    assert outcome.name == "Outcome · scenario"
    results = {event.attributes["gen_ai.evaluation.name"]: event.attributes for event in outcome.events
               if event.attributes}  # fmt: skip
    assert {event.name for event in outcome.events} == {"gen_ai.evaluation.result"}
    assert results["rate.repairs"]["gen_ai.evaluation.score.value"] == 0
    scored = [score for score in verdict.scores if score.score is not None]
    assert scored
    for score in scored:
        key = f"judge.{score.question}" + (f".{score.party}" if score.party else "")
        assert results[key]["gen_ai.evaluation.score.value"] == score.score
        assert results[key]["converse_graph.rubric"] == verdict.rubric


@dataclasses.dataclass(frozen=True)
class Odd:
    """Something that is no JSON value."""

    name: str = "odd"


async def test_what_no_message_can_hold_is_told_in_another_way(store: Store) -> None:
    scenario = table("Alpha", "Beta").model_copy(update={"dials": {"odd": Odd()}})
    trace_of = Tracing(exporter=MultiExporter([]), now=lambda: CREATED, where="").trace
    run = await begin(store, table("Alpha", "Beta"))
    header = run.run.header.model_copy(update={"dials": scenario.dials, "run": "half \ud800"})
    with collecting() as (url, kept):
        telemetry = OpenTelemetryExporter(over_http(f"{url}/v1/traces"), where=url, warn=pytest.fail)
        trace = dataclasses.replace(trace_of(header, scenario), exporter=telemetry)
        trace.on_event({"event": "statement", "round": 0, "turn": 0, "speaker": "Alpha", "text": "half \udfff"})
        trace.close()
        await telemetry.close()

    text = b"".join(kept.bodies).decode(errors="replace")
    assert len(kept.spans) == 2
    assert "half \\ud800" in text
    assert '"content": "half \\udfff"' in text
    assert "Odd(name='odd')" in text


class Failing(SpanExporter):
    """Sends nothing, for as long as it is to fail."""

    def __init__(self) -> None:
        self.tried = 0
        self.fails = True
        self.sent: list[ReadableSpan] = []

    def export(self, spans: Any) -> SpanExportResult:
        self.tried += 1
        if self.fails:
            return SpanExportResult.FAILURE
        self.sent.extend(spans)
        return SpanExportResult.SUCCESS


async def test_where_nothing_can_be_sent_one_warning_says_so_and_the_next_play_is_tried_anew(store: Store) -> None:
    warned: list[str] = []
    failing = Failing()
    telemetry = OpenTelemetryExporter(failing, where="nowhere", warn=warned.append)
    opened = Tracing(exporter=telemetry, now=lambda: datetime.now(UTC), where="nowhere")
    run = await begin(store, table("Alpha", "Beta", rounds=3))

    assert (await run.play(tracing=opened)).status == "finished"
    await trace_outcome(opened, store, run.run.name)
    assert warned == ["OpenTelemetry at nowhere cannot be reached or takes no traces; the run goes on, and tracing "
                      "is tried again with each round."]  # fmt: skip
    failing.fails = False
    again = await begin(store, table("Alpha", "Beta"))
    await again.play(tracing=opened)
    await telemetry.close()
    assert len(warned) == 1
    assert {told(one)["converse_graph.run"] for one in failing.sent} == {again.run.name}
    assert len(of_kind(failing.sent, "round")) == 2


async def test_what_a_program_traces_itself_is_left_alone(store: Store) -> None:
    before = get_tracer_provider()
    kept = await traced(store, table("Alpha", "Beta"))

    assert get_tracer_provider() is before
    assert all(one.parent is None for one in of_kind(kept, "round"))
    assert {one.resource.attributes["service.name"] for one in kept} == {"converse-graph"}


async def test_a_service_has_the_name_that_the_environment_gives_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "talks")
    kept = await traced(store, table("Alpha", "Beta"))

    assert {one.resource.attributes["service.name"] for one in kept} == {"talks"}


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [("google_genai", "gemini", "chat gemini"), ("openai", "gpt-4.1", "chat gpt-4.1"),
     ("graph", "graph", "invoke_agent A")],
)  # fmt: skip
def test_a_call_is_named_by_its_model_and_a_graph_at_the_table_as_an_agent(
    provider: str, model: str, name: str
) -> None:
    metadata = {"ls_provider": provider, "ls_model_name": model, "speaker": "A"}
    assert name_of(Span(name="x", kind="call", parent=None, began=CREATED, metadata=metadata)) == name
