"""One checkpoint a turn: less is stored, and all of it is found again."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from converse_graph import Simulation, Store
from converse_graph.checkpoints import StoreSaver, TurnSaver
from converse_graph.errors import StoreFailure
from converse_graph.models.base import Request, Response
from converse_graph.models.null import NullModel
from converse_graph.record.state import append
from converse_graph.store.chain_check import chain_breaks
from converse_graph.store.packing import load_plain
from converse_graph.store.record_reader import read_ledgers
from tests.support.small_scenarios import Waited, begin, channels, journal, played, table


def saved(path: Path) -> tuple[int, int]:
    """How many checkpoints and writes there are."""
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT (SELECT COUNT(*) FROM checkpoints), (SELECT COUNT(*) FROM writes)").fetchone()
        return found[0], found[1]


_FULL = """CREATE TRIGGER full BEFORE INSERT ON checkpoints
WHEN (SELECT COUNT(*) FROM checkpoints WHERE thread_id = NEW.thread_id) > 2 AND NEW.thread_id = 'stopped'
BEGIN SELECT RAISE(ABORT, 'no room'); END"""
_ORPHANS = """SELECT COUNT(*) FROM writes WHERE NOT EXISTS (SELECT 1 FROM checkpoints
WHERE checkpoints.thread_id = writes.thread_id AND parent_id = writes.checkpoint_id)"""


@pytest.mark.parametrize(("model", "checkpoints"), [(Waited(), 3), ("null", 1)])
async def test_a_round_leaves_a_checkpoint_a_turn_or_one_where_it_can_be_played_again_for_nothing(
    store: Store, store_path: Path, model: Any, checkpoints: int
) -> None:
    rows = []
    for rounds in (2, 5):
        await played(store, table("A", "B", "C", rounds=rounds), model=model)
        rows.append(saved(store_path))

    first, both = rows
    assert (both[0] - first[0]) - first[0] == checkpoints * (5 - 2)
    assert (both[1] - first[1]) - first[1] == 2 * 3 * (5 - 2)  # of each turn its transcript and a mind


@pytest.mark.every_store
@pytest.mark.parametrize("turns", range(1, 10))
async def test_a_run_that_saves_by_rounds_is_the_same_wherever_it_stops_and_goes_on(store: Store, turns: int) -> None:
    scenario = table("A", "B", "C", rounds=3)
    whole = await played(store, scenario, name="whole")
    simulation = await begin(store, scenario, name="stopped")
    count = 0

    def pause(event: dict[str, Any]) -> None:
        nonlocal count
        count += event["event"] == "statement"
        if count == turns:
            simulation.pause()

    await simulation.play(pause)
    statements_so_far = (await simulation.transcript()).statements
    assert len(statements_so_far) >= turns
    reopened = await Simulation.reopen(store, "stopped", scenario=scenario)
    await reopened.play()
    assert (await reopened.transcript()).statements == (await whole.transcript()).statements
    assert statements_so_far == (await whole.transcript()).statements[: len(statements_so_far)]
    assert journal(store, reopened) == journal(store, whole)
    assert not list(chain_breaks(store, store.register.run("stopped")))


async def test_a_checkpoint_that_cannot_be_written_stops_the_run_and_takes_its_ledgers_with_it(
    store: Store, store_path: Path
) -> None:
    scenario = table("A", "B", rounds=3)
    whole = await channels(store, await played(store, scenario))
    simulation = await begin(store, scenario, name="stopped")
    with sqlite3.connect(store_path) as database:
        database.execute(_FULL)

    with pytest.raises(StoreFailure, match="no room"):
        await simulation.play()

    with sqlite3.connect(store_path) as database:
        assert database.execute(_ORPHANS).fetchone() == (0,)
        database.execute("DROP TRIGGER full")
    again = await Simulation.reopen(store, simulation.run.name, scenario=scenario)
    assert (await again.play()).status == "finished"
    assert await channels(store, again) == whole


@pytest.mark.every_store
@pytest.mark.parametrize("frequency", [1, 3, 1000])
async def test_ledgers_read_the_same_wherever_their_snapshots_fall(store: Store, frequency: int) -> None:
    class Table(TypedDict, total=False):
        public: Annotated[list[dict[str, int]], DeltaChannel(append, snapshot_frequency=frequency)]
        mind: Annotated[list[dict[str, int]], DeltaChannel(append, snapshot_frequency=frequency)]
        out_party: int
        turn: int

    async def supervisor(state: Any) -> Command[Any]:
        turn = state.get("turn", 0)
        said = [{"said": turn}] if turn else []
        return Command(goto=END if turn == 7 else "party", update={"turn": turn + 1, "public": said})

    async def party(state: Any) -> dict[str, Any]:
        return {"mind": [{"thought": state["turn"]}], "out_party": state["turn"]}

    graph = StateGraph(Table)
    graph.add_node("supervisor", supervisor, destinations=("party", END))
    graph.add_node("party", party)
    graph.add_edge(START, "supervisor")
    graph.add_edge("party", "supervisor")
    saver = TurnSaver(StoreSaver(store), passing="branch:to:supervisor")
    config: Any = {"configurable": {"thread_id": "t"}}
    await graph.compile(checkpointer=saver).ainvoke({"turn": 0}, config, durability="async")
    await saver.settled()

    found = (await graph.compile(checkpointer=StoreSaver(store)).aget_state(config)).values
    row = store.checkpoints.one("t")
    assert row is not None
    values = load_plain(row.kind, row.checkpoint)["channel_values"]
    read = read_ledgers(store.checkpoints, row, values, ["public", "mind"])
    assert read == {name: found[name] for name in ("public", "mind")}
    assert found["public"] == [{"said": turn} for turn in range(1, 8)]
    assert found["mind"] == [{"thought": turn} for turn in range(1, 8)]
    kept = [found async for found in StoreSaver(store).alist(config)]
    assert kept[0].checkpoint["channel_values"]["turn"] == 8
    if frequency == 1000:
        assert len(kept) == 9  # as it began, after each of seven turns, and at the end


async def test_a_run_that_waits_for_nothing_lets_others_have_their_go(store: Store) -> None:
    class Asked(NullModel):
        """The null model, which has a pause asked for as a signal does once it is first asked."""

        def __init__(self) -> None:
            super().__init__()
            self.repeatable, self.calls = True, 0

        async def complete(self, request: Request) -> Response:
            self.calls += 1
            if self.calls == 1:
                asyncio.get_running_loop().call_soon(simulation.pause)
            return await super().complete(request)

    chat = Asked()
    simulation = await begin(store, table("A", "B", rounds=50), model=chat)
    assert (await simulation.play()).status == "paused"
    assert 1 <= chat.calls < 10
