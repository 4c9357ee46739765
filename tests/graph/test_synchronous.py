"""A scenario's graph for callers that do not await: `invoke` and `stream` play what `ainvoke` and `astream` play."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from converse_graph import Organisation, Persona, Scenario
from converse_graph.errors import UsageError
from converse_graph.event_loop import run_blocking
from tests.support.small_scenarios import CountingChat, Stop, consciences, debate, nested, table

NULL: dict[str, Any] = {"model": "null", "seed": 3}
ORDERS = ("listed", "shuffled", "simultaneous", "moderated")


@pytest.fixture(params=["none", "memory", "sqlite"])
def saver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseCheckpointSaver[Any] | None]:
    """Checkpointers; that of SQLite serves no caller who awaits."""
    with ExitStack() as stack:
        sqlite = SqliteSaver.from_conn_string(str(tmp_path / "theirs.sqlite"))
        yield {"none": lambda: None, "memory": InMemorySaver, "sqlite": lambda: stack.enter_context(sqlite)}[
            request.param
        ]()


def configured(thread: str = "bare", **settings: Any) -> Any:
    return {"configurable": {**NULL, "thread_id": thread, **settings}}


def awaited(scenario: Scenario) -> list[dict[str, Any]]:
    """What those get who await it."""
    result = asyncio.run(scenario.graph(compiled=True).ainvoke({"horizon": None}, configured()))
    transcript: list[dict[str, Any]] = result["transcript"]
    return transcript


@pytest.mark.parametrize("order", ORDERS)
def test_invoke_plays_what_ainvoke_plays_with_debates_inside_debates(
    order: str, saver: BaseCheckpointSaver[Any] | None
) -> None:
    scenario = consciences(order)
    graph = scenario.graph().compile(checkpointer=saver)
    assert graph.invoke({"horizon": None}, configured())["transcript"] == awaited(scenario)
    if saver is not None:
        mind = graph.get_state(configured()).values["mind_Alpha"]
        assert [record["path"] for record in mind if "path" in record][:2] == ["Alpha", "Alpha/First1"]


def test_stream_tells_of_every_line_of_every_debate_and_shows_what_is_public_alone() -> None:
    scenario = consciences()
    graph = scenario.graph(compiled=True)
    told = [
        chunk[-1] for chunk in graph.stream({"horizon": None}, configured(), stream_mode=["custom"], subgraphs=True)
    ]
    lines = {event["path"] for event in told if event["event"] == "line"}
    assert {"Alpha/First1", "Alpha/First1/First2", "Beta/Left"} <= lines
    for chunk in graph.stream({"horizon": None}, configured(), stream_mode="values"):
        assert not any(name.startswith(("mind_", "out_")) for name in chunk)


def test_debates_as_deep_and_as_many_as_a_scenario_allows_do_not_wait_for_one_another() -> None:
    parties = [Organisation(name=f"P{number}", deliberation=nested(5)) for number in range(12)]
    scenario = table(*parties, rounds=1, order="simultaneous", max_depth=5)
    result = scenario.graph(compiled=True).invoke({"horizon": 1}, configured())
    assert [said["speaker"] for said in result["transcript"]] == [party.name for party in parties]


@pytest.mark.parametrize("saver", ["memory", "sqlite"], indirect=True)
def test_a_run_that_broke_off_goes_on_where_it_stood(saver: BaseCheckpointSaver[Any]) -> None:
    scenario = consciences()
    whole = CountingChat()
    expected = scenario.graph(compiled=True).invoke({"horizon": None}, configured(model=whole))
    graph = scenario.graph().compile(checkpointer=saver)
    with pytest.raises(Stop):
        graph.invoke({"horizon": None}, configured(model=CountingChat(stop_at=9, error=Stop)), durability="sync")
    result = graph.invoke(None, configured(model=CountingChat()))
    assert result["transcript"] == expected["transcript"]


def test_guests_of_every_kind_speak_in_it(saver: BaseCheckpointSaver[Any] | None) -> None:
    async def only_awaited(view: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"text": f"{view['party']} came."}

    inner = StateGraph(dict)
    inner.add_node("answer", lambda view: {"text": f"{view['party']} answers."})
    inner.add_edge(START, "answer")
    inner.add_edge("answer", END)
    scenario = table(
        Organisation(name="Called", graph=lambda view: {"text": f"{view['party']} is called."}),
        Organisation(name="Awaited", graph=only_awaited),
        Organisation(name="Compiled", graph=inner.compile()),
        Organisation(name="Talks", graph=consciences(rounds=1).graph(compiled=True)),
        Organisation(
            name="Counselled",
            deliberation=debate("One", "Two").model_copy(
                update={"members": (Persona(name="One", graph=lambda view: "I am heard."), Persona(name="Two"))}
            ),
        ),
        rounds=1,
    )
    graph = scenario.graph().compile(checkpointer=saver)
    said = graph.invoke({"horizon": None}, configured())["transcript"]
    assert [entry["text"] for entry in said[:3]] == ["Called is called.", "Awaited came.", "Compiled answers."]
    assert all(entry["text"] for entry in said)
    assert said == awaited(scenario)


def test_it_is_a_node_of_a_graph_that_is_invoked() -> None:
    talks = consciences().graph(compiled=True)
    outer = StateGraph(dict)
    outer.add_node("talks", lambda state: {"said": len(talks.invoke({"horizon": 2}, configured())["transcript"])})
    outer.add_edge(START, "talks")
    outer.add_edge("talks", END)
    assert outer.compile().invoke({})["said"] == 6


async def test_it_answers_invoke_where_an_event_loop_is_running() -> None:
    graph = consciences(rounds=1).graph(compiled=True)
    result = graph.invoke({"horizon": None}, configured())
    assert result == await graph.ainvoke({"horizon": None}, configured())


def test_a_guest_that_would_wait_for_itself_is_told_so_and_nothing_hangs() -> None:
    inside = consciences(rounds=1).graph(compiled=True)

    async def waits(view: dict[str, Any]) -> Any:
        return inside.invoke({"horizon": 1}, configured())

    graph = table(Organisation(name="Guest", graph=waits), "Other", rounds=1).graph(compiled=True)
    with pytest.raises(UsageError, match="await its `ainvoke`"):
        graph.invoke({"horizon": None}, configured())


def test_a_coroutine_that_ends_the_interpreter_ends_its_caller_and_not_the_loop() -> None:
    async def leaves() -> None:
        raise SystemExit(4)

    async def stays() -> int:
        await asyncio.sleep(0)
        return 1

    with pytest.raises(SystemExit):
        run_blocking(leaves())
    assert run_blocking(stays()) == 1


@pytest.mark.slow
def test_a_process_ends_at_once_and_says_nothing_though_a_graph_was_invoked_in_it(tmp_path: Path) -> None:
    program = """
from converse_graph import find_scenario
graph = find_scenario("wage-talks")().graph(compiled=True)
print(len(graph.invoke({"horizon": 1}, {"configurable": {"model": "null"}})["transcript"]))
"""
    command = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", program]
    environ = {**os.environ, "PYTHONASYNCIODEBUG": "0"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "2"
    assert "Task was destroyed" not in done.stderr
    assert "unclosed" not in done.stderr
