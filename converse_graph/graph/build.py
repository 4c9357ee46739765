"""From a scenario to the root graph: a supervisor, and a node for each organisation with a channel of its own."""

from collections import OrderedDict
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from converse_graph.calls.trace_privacy import NO_PAYLOAD
from converse_graph.graph.channels import (
    TableInput,
    TableOutput,
    party_schema,
    supervisor_schema,
    table_schema,
    world_schema,
)
from converse_graph.graph.debates import compile_debate
from converse_graph.graph.organisation import organisation_node
from converse_graph.graph.supervisor import supervisor_node
from converse_graph.graph.turn_node import TurnNode, leave_out_callbacks
from converse_graph.graph.world_node import world_node
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.runtime_config import GraphSettings
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.scenario_functions import check_scenario
from converse_graph.scenarios.world_tables import WORLD


def build_graph(
    scenario: Scenario, settings: type[Any] = GraphSettings, *, is_traced: bool = True, private: bool = False
) -> StateGraph[Any, Any, Any, Any]:
    """Build the root graph of a scenario, not compiled.

    Its context is a `RunContext`. The schema of it is that of the settings from which the graph makes one where it is
    given none: a LangGraph server takes them for the context, and shows them as a form.

    Args:
        scenario: What is played.
        settings: The schema of its context.
        is_traced: Whether a tracer may be told of its nodes, so that their payloads are to be left out for it.
            LangGraph then tells each node's beginning and end twice, to tracers and to others, even where there is
            neither: a tenth of what a turn costs. False for a graph that is run inside `untraced` alone.
        private: Whether callbacks that a caller passes in its configuration, and `stream_mode="messages"`, are told
            all that goes on, private prompts and replies too.

    Raises:
        InvalidValue: Conversations are nested deeper than the scenario allows, or the scenario is none.
    """
    check_scenario(scenario)
    names = [party.name for party in scenario.organisations]
    policy = NO_PAYLOAD if is_traced and not private else None
    has_world = scenario.world is not None
    schema = table_schema(names, has_world=has_world)
    graph = StateGraph(schema, context_schema=settings, input_schema=TableInput, output_schema=TableOutput)
    graph.add_node(
        SUPERVISOR,
        TurnNode(supervisor_node(scenario), name=SUPERVISOR, watched=private),
        input_schema=supervisor_schema(names, has_world=has_world),
        destinations=(*names, *([WORLD] if has_world else ()), END),
        trace_policy=policy,
    )
    graph.add_edge(START, SUPERVISOR)
    for party in scenario.organisations:
        debate = compile_debate(
            party.deliberation, scenario.clock, chain=(party.name,), max_depth=scenario.max_depth, policy=policy
        )
        graph.add_node(
            party.name,
            TurnNode(organisation_node(scenario, party, debate), name=party.name, debate=debate, watched=private),
            input_schema=party_schema(party.name, has_world=has_world),
            trace_policy=policy,
        )
        graph.add_edge(party.name, SUPERVISOR)
    if scenario.world is not None:
        graph.add_node(
            WORLD,
            TurnNode(world_node(scenario, scenario.world), name=WORLD, watched=private),
            input_schema=world_schema(names),
            trace_policy=policy,
        )
        graph.add_edge(WORLD, SUPERVISOR)
    return graph


_COMPILED: OrderedDict[tuple[str, bool], tuple[Scenario, CompiledStateGraph[Any, Any, Any, Any]]] = OrderedDict()
_KEPT = 256
"""Scenarios, which are arms of a sweep: seed by seed it comes back to each, and must not find it gone."""


def compile_graph(scenario: Scenario, *, is_traced: bool) -> CompiledStateGraph[Any, Any, Any, Any]:
    """The root graph of a scenario, compiled with no checkpointer; once for all the runs that play it.

    LangGraph reads the source of every node as it compiles, which takes as long as ten turns.

    Args:
        scenario: What is played.
        is_traced: Whether a tracer may be told of its nodes; False for a graph that is run inside `untraced` alone.

    Raises:
        InvalidValue: Conversations are nested deeper than the scenario allows.
    """
    # By its text, and then by its value: 1 and 1.0 are equal, and graphs or models that it holds have no text.
    key = (scenario.model_dump_json(fallback=_kind_of), is_traced)
    entry = _COMPILED.get(key)
    if entry is None or entry[0] != scenario:
        graph = build_graph(scenario, is_traced=is_traced).compile(name=scenario.name)
        if not is_traced:
            leave_out_callbacks(graph)
        entry = _COMPILED[key] = (scenario, graph)
        if len(_COMPILED) > _KEPT:
            _COMPILED.popitem(last=False)
    return entry[1]


def _kind_of(thing: Any) -> str:
    return type(thing).__qualname__
