"""Who reads and writes what, taken from a built graph: the conversations inside one another, nodes and channels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from converse_graph.graph.build import build_graph
from converse_graph.graph.channels import HEARD_IN_DEBATE, PUBLIC_CHANNELS
from converse_graph.graph.write_access import (
    TABLE_SUPERVISOR,
    debate_supervisor_writes,
    member_writes,
    party_writes,
    world_writes,
)
from converse_graph.record.state import WORLD_STATE
from converse_graph.scenarios.cast import SUPERVISOR, ImaginedDebate
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.world_tables import WORLD

WIRING_VERSION = 1
"""Of the shape of `graph --as json`."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node of a graph."""

    name: str
    reads: tuple[str, ...]
    """Channels that it is given."""
    writes: tuple[str, ...]
    """Channels that it may change; to others it is refused."""
    imagines: bool = False
    """Whether one call writes its inner talk, which is no graph."""
    is_guest: bool = False
    """Whether somebody's own graph speaks in its place."""
    inside: Conversation | None = None
    """The debate that it holds before it speaks."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A table: the root's, or a debate inside a speaker."""

    name: str
    """Of the scenario, or of whom it is inside, such as "OpenAI > CEO"."""
    nodes: tuple[Node, ...]
    """The supervisor first."""
    shared: tuple[str, ...]
    """Channels that everybody at it may hear of."""

    def readers(self, channel: str) -> tuple[str, ...]:
        """The names of the nodes that are given a channel."""
        return tuple(node.name for node in self.nodes if channel in node.reads)

    @property
    def private(self) -> tuple[str, ...]:
        """Channels that are not shared, in the order of those who write them."""
        channels = dict.fromkeys(channel for node in self.nodes for channel in (*node.writes, *node.reads))
        return tuple(channel for channel in channels if channel not in self.shared)


def wiring(scenario: Scenario, depth: int | None = None) -> Conversation:
    """What the graph of a scenario is made of.

    Args:
        scenario: What is played.
        depth: How many conversations deep to look, the root table included; None for all.
    """
    seats = {party.name: party for party in scenario.organisations}
    has_world = scenario.world is not None
    writes = {SUPERVISOR: TABLE_SUPERVISOR, **{name: party_writes(name, has_world=has_world) for name in seats}}
    shared_channels, nodes = set(PUBLIC_CHANNELS), dict[str, Any](seats)
    if has_world:
        nodes[WORLD], writes[WORLD] = None, world_writes(list(seats))
        shared_channels.add(WORLD_STATE)
    graph = build_graph(scenario).compile()
    return _conversation(scenario.name, graph, nodes, writes, sorted(shared_channels), depth)


def wiring_json(table: Conversation) -> dict[str, Any]:
    """Return a graph as JSON values, in the shape of `graph_schema`."""
    return {"version": WIRING_VERSION, "graph": asdict(table)}


def _conversation(
    name: str,
    graph: CompiledStateGraph[Any, Any, Any, Any],
    seats: dict[str, Any],
    writes: dict[str, frozenset[str]],
    shared_channels: list[str],
    depth: int | None,
) -> Conversation:
    debates = dict(graph.get_subgraphs()) if depth is None or depth > 1 else {}
    nodes = []
    for seat in (SUPERVISOR, *seats):
        reads_of_seat = graph.nodes[seat].channels
        spec = seats.get(seat)
        talk = spec.deliberation if spec is not None else None
        nodes.append(
            Node(
                name=seat,
                reads=tuple(sorted(reads_of_seat)),
                writes=tuple(sorted(writes[seat])),
                imagines=isinstance(talk, ImaginedDebate),
                is_guest=getattr(spec, "graph", None) is not None,
                inside=_debate(talk, debates[seat], depth) if seat in debates else None,
            )
        )
    return Conversation(name=name, nodes=tuple(nodes), shared=tuple(shared_channels))


def _debate(talk: Any, graph: Any, depth: int | None) -> Conversation:
    seats = {member.name: member for member in talk.members}
    writes = {SUPERVISOR: debate_supervisor_writes(list(seats)), **{name: member_writes(name) for name in seats}}
    deeper = None if depth is None else depth - 1
    return _conversation(graph.get_name(), graph, seats, writes, sorted(HEARD_IN_DEBATE), deeper)
