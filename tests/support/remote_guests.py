"""What tests of guests on other servers share: runs begun now, for a server keeps what was asked by a run's date."""

from datetime import UTC, datetime
from typing import Any

from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk.client import LangGraphClient

from converse_graph import Organisation, Scenario, Store
from converse_graph.runs.simulation import Simulation

KEY = "a-key-of-ours"


def seat(client: LangGraphClient, graph: str) -> Organisation:
    return Organisation(name="Far", brief="mine", graph=RemoteGraph(graph, client=client, name="far"))


async def begin(store: Store, scenario: Scenario, **more: Any) -> Simulation:
    return await Simulation.begin(store, scenario, model="null", seed=3, created=datetime.now(UTC), **more)


async def again(store: Store, simulation: Simulation) -> Simulation:
    return await Simulation.reopen(store, simulation.run.name, scenario=simulation.scenario)


async def said(simulation: Simulation) -> list[tuple[str, str, str | None]]:
    return [(entry.speaker, entry.text, entry.problem) for entry in (await simulation.transcript()).statements]
