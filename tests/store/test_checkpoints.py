"""Checkpoints: plain values alone, of the root graph alone, and read back whole."""

import dataclasses
import pickle
import sqlite3
from pathlib import Path
from typing import Annotated, Any, TypedDict

import ormsgpack
import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.serde.types import _DeltaSnapshot as DeltaSnapshot
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel

from converse_graph import Store
from converse_graph.checkpoints import StoreSaver
from converse_graph.checkpoints.saver import PackedSerializer
from converse_graph.errors import StoreFailure
from converse_graph.record.state import append
from converse_graph.store.packing import Snapshot, load_plain
from tests.support.small_scenarios import consciences, played, table


class Foreign(BaseModel):
    name: str = "foreign"


@dataclasses.dataclass
class AlsoForeign:
    name: str = "foreign"


@pytest.mark.parametrize(
    "value", [{"a": [1, 2.5, None, True, "\u4e2d"]}, [], {}, "x" * 10_000, [{"n": n} for n in range(99)]]
)
def test_plain_values_come_back_as_they_went_in_packed_or_not(value: Any) -> None:
    serializer = PackedSerializer()
    kind, stored = serializer.dumps_typed(value)
    assert serializer.loads_typed((kind, stored)) == value
    assert len(stored) < 300 or not isinstance(value, str)


@pytest.mark.parametrize("value", [{"text": "word " * 99, "n": [1, 2.5, None]}, [], None, {1: "one"}])
def test_what_langgraph_stored_is_read_without_it(value: Any) -> None:
    assert load_plain(*PackedSerializer().dumps_typed(value)) == value


def test_a_snapshot_of_a_ledger_is_read_without_langgraph() -> None:
    assert load_plain(*PackedSerializer().dumps_typed(DeltaSnapshot([{"n": 1}]))) == Snapshot([{"n": 1}])


@pytest.mark.parametrize("value", [Foreign(), {"inside": [AlsoForeign()]}, {1, 2}, b"bytes"])
def test_what_no_channel_holds_is_refused_in_one_line(value: Any) -> None:
    with pytest.raises(StoreFailure, match=r"^A checkpoint holds .*, where only plain values are allowed; .*$"):
        load_plain(*PackedSerializer().dumps_typed(value))


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize("value", [Foreign(), AlsoForeign(), {"inside": [Foreign()]}])
def test_a_foreign_type_in_a_checkpoint_is_never_made_again(value: Any) -> None:
    serializer = PackedSerializer()
    loaded = serializer.loads_typed(serializer.dumps_typed(value))
    inner = loaded["inside"][0] if isinstance(loaded, dict) and "inside" in loaded else loaded
    assert not isinstance(inner, Foreign | AlsoForeign)


def test_a_pickle_in_a_checkpoint_is_not_opened() -> None:
    opened: list[int] = []

    class Trap:
        def __reduce__(self) -> Any:
            return (opened.append, (1,))

    with pytest.raises((NotImplementedError, ValueError, TypeError)):
        PackedSerializer().loads_typed(("pickle", pickle.dumps(Trap())))
    assert opened == []


def test_code_named_in_a_checkpoint_is_not_called() -> None:
    call = ormsgpack.packb(ormsgpack.Ext(0, ormsgpack.packb(("builtins", "eval", "1 + 1"))))
    assert PackedSerializer().loads_typed(("msgpack", call)) != 2


async def test_only_the_root_graph_is_checkpointed(store: Store, store_path: Path) -> None:
    await played(store, consciences())
    with sqlite3.connect(store_path) as database:
        for table_of in ("checkpoints", "writes"):
            found = database.execute(f"SELECT DISTINCT checkpoint_ns FROM {table_of}").fetchall()  # noqa: S608
            assert found == [("",)]
    database.close()


async def test_what_a_turn_stores_does_not_grow_with_the_run(store: Store, store_path: Path) -> None:
    sizes = {}
    for rounds in (10, 20, 40):
        simulation = await played(store, table("A", "B", rounds=rounds))
        with sqlite3.connect(store_path) as database:
            (sizes[rounds],) = database.execute(
                "SELECT (SELECT sum(length(checkpoint) + length(metadata)) FROM checkpoints WHERE thread_id = ?1) + "
                "(SELECT sum(length(value)) FROM writes WHERE thread_id = ?1)",
                (simulation.run.name,),
            ).fetchone()
        database.close()
    assert sizes[40] - sizes[20] < 2.2 * (sizes[20] - sizes[10])


@pytest.mark.every_store
async def test_a_ledger_of_which_snapshots_are_kept_reads_back_whole_from_our_store(store: Store) -> None:
    class Talk(TypedDict, total=False):
        said: Annotated[list[Any], DeltaChannel(append, snapshot_frequency=3)]
        turn: int

    async def say(state: Talk) -> dict[str, Any]:
        turn = state.get("turn", 0)
        return {"said": [{"turn": turn}], "turn": turn + 1}

    graph = StateGraph(Talk)
    graph.add_node("say", say, input_schema=Talk)
    graph.add_edge(START, "say")
    graph.add_conditional_edges("say", lambda state: END if state["turn"] == 11 else "say", ["say", END])
    config: Any = {"configurable": {"thread_id": "t"}}
    compiled = graph.compile(checkpointer=StoreSaver(store))
    await compiled.ainvoke({"turn": 0}, config, durability="sync")
    said = [{"turn": turn} for turn in range(11)]
    assert (await compiled.aget_state(config)).values["said"] == said
    past = [state.values.get("said", []) async for state in compiled.aget_state_history(config)]
    assert all(earlier == said[: len(earlier)] for earlier in past)
    assert len(past) > 11
