"""A scenario's graph in anybody's hands: compiled, streamed, checkpointed, and as a node of another graph."""

import dataclasses
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from converse_graph import InvalidValue, ModelSettings, Organisation, Store
from converse_graph.graph import build_graph
from converse_graph.models.base import Request, Response
from converse_graph.models.null import NullModel
from converse_graph.record.state import outbox_channel, private_channel
from tests.support.small_scenarios import channels, consciences, debate, nested, played, table

NULL: dict[str, Any] = {"model": "null", "seed": 3}


async def test_a_bare_graph_plays_the_same_as_a_simulation_with_the_same_seed(store: Store) -> None:
    for order in ("listed", "shuffled", "simultaneous", "moderated"):
        scenario = consciences(order)
        simulation = await played(store, scenario, seed=3)
        graph = scenario.graph().compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {**NULL, "thread_id": "bare"}}
        result = await graph.ainvoke({"horizon": None}, config, durability="sync")
        expected = await channels(store, simulation)
        assert result["transcript"] == expected["transcript"]
        bare = (await graph.aget_state(config)).values
        assert {name: bare[name] for name in bare if name.startswith("mind_")} == {
            name: expected[name] for name in expected if name.startswith("mind_")
        }


async def test_what_a_bare_graph_returns_and_streams_as_values_of_its_output_is_public() -> None:
    graph = consciences().graph(compiled=True)
    result = await graph.ainvoke({"horizon": None}, {"configurable": NULL})
    public = {"transcript", "events", "summaries", "votes", "floor", "horizon", "ended"}
    assert set(result) <= public
    seen = [
        set(chunk)
        async for chunk in graph.astream(
            {"horizon": None}, {"configurable": NULL}, stream_mode="values", output_keys=sorted(public)
        )
    ]
    assert len(seen) > 6
    assert all(keys <= public for keys in seen)


async def test_a_bare_graph_needs_no_setting_but_a_model_and_takes_it_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONVERSE_MODEL", "null")
    graph = table("A", rounds=1).graph(compiled=True)
    by_environment = await graph.ainvoke({"horizon": None})
    by_setting = await graph.ainvoke({"horizon": None}, {"configurable": {"model": "null", "seed": "0"}})
    assert by_environment["transcript"] == by_setting["transcript"]
    other = await graph.ainvoke({"horizon": None}, {"configurable": {"model": "null", "seed": 1}})
    assert other["transcript"] != by_setting["transcript"]


async def test_a_long_table_and_a_long_debate_play_without_raising_langgraphs_guard_against_loops() -> None:
    long = debate("One", "Two", turns=100)
    graph = table(Organisation(name="A", deliberation=long), rounds=40).graph(compiled=True)
    result = await graph.ainvoke({"horizon": 2}, {"configurable": NULL})
    assert len(result["transcript"]) == 2
    result = await table("A", "B", rounds=40).graph(compiled=True).ainvoke({"horizon": None}, {"configurable": NULL})
    assert len(result["transcript"]) == 80


class Outer(TypedDict, total=False):
    horizon: int | None
    transcript: Annotated[list[Any], operator.add]
    summary: str


@dataclasses.dataclass
class OuterContext:
    theirs: str = "outer"


@pytest.mark.parametrize("context", [None, OuterContext()])
async def test_a_scenario_is_a_node_of_a_graph_that_has_a_context_of_its_own(context: OuterContext | None) -> None:
    scenario = consciences()
    graph = StateGraph(Outer, context_schema=OuterContext)
    graph.add_node("talks", scenario.graph(compiled=True))
    graph.add_node("sum", lambda state: {"summary": f"{len(state['transcript'])} statements"})
    graph.add_edge(START, "talks")
    graph.add_edge("talks", "sum")
    graph.add_edge("sum", END)
    compiled = graph.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {**NULL, "thread_id": "outer"}}
    result = await compiled.ainvoke({"horizon": 2}, config, context=context, durability="sync")
    alone = await scenario.graph(compiled=True).ainvoke({"horizon": 2}, {"configurable": NULL})
    assert result["transcript"] == alone["transcript"]
    assert result["summary"] == "6 statements"
    assert not any(name.startswith(("mind_", "out_")) for name in (await compiled.aget_state(config)).values)


def test_no_node_reads_a_channel_that_is_not_its_own_at_the_table_or_in_any_debate() -> None:
    scenario = table(*[Organisation(name=name, deliberation=nested(4)) for name in ("A", "B", "C")])
    built = build_graph(scenario)
    names = [party.name for party in scenario.organisations]
    private = {private_channel(name) for name in names} | {outbox_channel(name) for name in names}
    for name in names:
        assert set(built.nodes[name].input_schema.__annotations__) & private == {private_channel(name)}
    reads = set(built.nodes["supervisor"].input_schema.__annotations__)
    assert reads & private == {outbox_channel(name) for name in names}
    debates = list(built.compile().get_subgraphs(recurse=True))
    assert len(debates) == 9, "every debate can be seen from outside"
    for _, inner in debates:
        assert isinstance(inner, CompiledStateGraph)
        for member in set(inner.builder.nodes) - {"supervisor"}:
            read = set(inner.builder.nodes[member].input_schema.__annotations__)
            assert not any(channel.startswith(("out_", "mind_", "inner")) for channel in read)


def test_the_schemas_of_a_compiled_graph_say_nothing_of_private_channels() -> None:
    compiled = consciences().graph(compiled=True)
    assert isinstance(compiled, CompiledStateGraph)
    for schema in (compiled.get_output_jsonschema(), compiled.get_input_jsonschema()):
        assert not [
            name for name in schema["properties"] if name.startswith(("mind_", "out_", "inner", "own_", "moves_"))
        ]
        assert "mind_" not in str(schema)


class Noting(NullModel):
    """Notes by which temperature each of its calls is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.temperatures: dict[str, float | None] = {}

    async def complete(self, request: Request) -> Response:
        self.temperatures[request.place.split("/")[1]] = request.settings.temperature
        return await super().complete(request)


async def test_a_bare_graph_takes_settings_of_its_model_from_the_configuration() -> None:
    own = Organisation(name="B", settings=ModelSettings(temperature=0.1))
    graph, model = table("A", own, rounds=1, settings=ModelSettings(top_p=0.5)).graph(compiled=True), Noting()
    await graph.ainvoke({"horizon": 1}, {"configurable": {"model": model}})
    assert model.temperatures == {"A": None, "B": 0.1}
    await graph.ainvoke({"horizon": 1}, {"configurable": {"model": model, "model_temperature": 0.7}})
    assert model.temperatures == {"A": 0.7, "B": 0.7}
    with pytest.raises(InvalidValue, match="temperature is -1"):
        await graph.ainvoke({"horizon": 1}, {"configurable": {"model": model, "model_temperature": -1}})
