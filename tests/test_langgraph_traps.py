"""What LangGraph does that touches us: when one of these fails, an upgrade has changed it, and code may be simpler."""

import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import InvalidUpdateError
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from converse_graph.graph.channels import Statements
from converse_graph.record.state import append

THREAD: Any = {"configurable": {"thread_id": "t"}}


class Plain(TypedDict, total=False):
    words: Annotated[list[str], operator.add]
    last: str


class Talk(TypedDict, total=False):
    said: Annotated[list[dict[str, Any]], DeltaChannel(append, snapshot_frequency=3)]
    turn: int


async def test_a_nested_graph_without_a_saver_cannot_run_under_sync_durability() -> None:
    inner = StateGraph(Plain)
    inner.add_node("say", lambda state: {"words": ["x"]})
    inner.add_edge(START, "say")
    inside = inner.compile(checkpointer=False)
    outer = StateGraph(Plain)

    async def hold(state: Plain) -> dict[str, Any]:
        return dict(await inside.ainvoke({"words": []}))

    outer.add_node("hold", hold, input_schema=Plain)
    outer.add_edge(START, "hold")
    graph = outer.compile(checkpointer=InMemorySaver())

    with pytest.raises(AttributeError, match="_put_checkpoint_fut"):
        await graph.ainvoke({"words": []}, THREAD, durability="sync")


async def test_a_plain_channel_takes_one_write_a_step() -> None:
    graph = StateGraph(Plain)
    for name in ("a", "b"):
        graph.add_node(name, lambda state: {"last": "x"}, input_schema=Plain)
        graph.add_edge(START, name)

    with pytest.raises(InvalidUpdateError):
        await graph.compile().ainvoke({"words": []})


async def test_a_nested_graph_added_as_a_node_echoes_appended_lists() -> None:
    inner = StateGraph(Plain)
    inner.add_node("say", lambda state: {"words": ["new"]}, input_schema=Plain)
    inner.add_edge(START, "say")
    outer = StateGraph(Plain)
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "inner")

    result = await outer.compile().ainvoke({"words": ["old"]})

    assert result["words"] == ["old", "old", "new"]


async def test_unknown_keys_of_an_update_are_dropped_in_silence() -> None:
    graph = StateGraph(Plain)
    graph.add_node("say", lambda state: {"lost": 1, "last": "kept"}, input_schema=Plain)
    graph.add_edge(START, "say")

    assert await graph.compile().ainvoke({"words": []}) == {"words": [], "last": "kept"}


async def test_the_state_of_a_thread_shows_private_channels_that_the_output_does_not() -> None:
    everything = TypedDict("everything", {**Plain.__annotations__, "mind": str}, total=False)  # type: ignore[misc]
    graph = StateGraph(everything, output_schema=Plain)
    graph.add_node("say", lambda state: {"mind": "secret", "last": "public"}, input_schema=Plain)
    graph.add_edge(START, "say")
    compiled = graph.compile(checkpointer=InMemorySaver())

    result = await compiled.ainvoke({"words": []}, THREAD)

    assert "mind" not in result
    assert (await compiled.aget_state(THREAD)).values["mind"] == "secret"


async def test_a_renamed_node_ends_a_paused_run_in_silence() -> None:
    def build(name: str) -> StateGraph[Any]:
        graph = StateGraph(Plain)
        graph.add_node("first", lambda state: Command(goto=name), input_schema=Plain, destinations=(name,))
        graph.add_node(name, lambda state: {"last": "said"}, input_schema=Plain)
        graph.add_edge(START, "first")
        graph.add_edge(name, END)
        return graph

    saver = InMemorySaver()
    await build("old").compile(checkpointer=saver, interrupt_before=["old"]).ainvoke({"words": []}, THREAD)

    result = await build("new").compile(checkpointer=saver).ainvoke(None, THREAD)

    assert result is None or "last" not in result


async def test_pending_writes_count_as_state_before_their_step_is_saved(tmp_path: Path) -> None:
    class Dying(AsyncSqliteSaver):
        async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
            if metadata["step"] == 1:
                raise ConnectionError
            return await super().aput(config, checkpoint, metadata, new_versions)

    graph = StateGraph(Plain)
    graph.add_node("say", lambda state: {"last": "written"}, input_schema=Plain)
    graph.add_edge(START, "say")
    async with Dying.from_conn_string(str(tmp_path / "x.sqlite")) as saver:
        compiled = graph.compile(checkpointer=saver)
        with pytest.raises(ConnectionError):
            await compiled.ainvoke({"words": []}, THREAD, durability="sync")
        saved = await saver.aget_tuple(THREAD)

        assert saved is not None
        assert "last" not in saved.checkpoint["channel_values"]
        assert (await compiled.aget_state(THREAD)).values["last"] == "written"


async def test_a_ledger_is_read_back_whole_across_snapshots(tmp_path: Path) -> None:
    graph = StateGraph(Talk)

    async def say(given: dict[str, Any]) -> Command[Any]:
        turn = given.get("turn", 0)
        return Command(goto=END if turn == 9 else "say", update={"said": [{"turn": turn}], "turn": turn + 1})

    graph.add_node("say", say, input_schema=Talk, destinations=("say", END))
    graph.add_edge(START, "say")
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "x.sqlite")) as saver:
        compiled = graph.compile(checkpointer=saver)
        await compiled.ainvoke({"turn": 0}, THREAD, durability="sync")
        read = (await compiled.aget_state(THREAD)).values["said"]

    assert read == [{"turn": turn} for turn in range(10)]


def test_a_ledger_does_not_care_how_its_writes_are_batched() -> None:
    writes: Sequence[list[dict[str, Any]]] = [[{"n": 1}], [], [{"n": 2}, {"n": 3}]]

    assert append(append(None, writes[:1]), writes[1:]) == append([], writes)
    assert any(isinstance(mark, DeltaChannel) for mark in Statements.__metadata__)  # type: ignore[attr-defined]
