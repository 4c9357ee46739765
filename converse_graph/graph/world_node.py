"""The node that resolves a round of a world: it reads sealed moves and hidden state, and nothing that is said."""

from collections.abc import Awaitable, Callable, Mapping
from itertools import takewhile
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.run_context import RunContext, current_context, tee
from converse_graph.graph.write_access import restrict_writes, world_writes
from converse_graph.record.records import HiddenWorldRecord, OwnWorldRecord, WorldRecord, without_kind
from converse_graph.record.state import WORLD_HIDDEN, WORLD_STATE, moves_channel, own_world_channel
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import speaker_settings
from converse_graph.scenarios.world import World
from converse_graph.turn.turn_order import last_whole_round
from converse_graph.world.descriptions import describe_round
from converse_graph.world.resolution import initial_record, known_values, pair_values, public_values, resolve_round

_Resolve = Callable[[Mapping[str, Any], Runtime[RunContext]], Awaitable[dict[str, Any]]]


def world_node(scenario: Scenario, world: World) -> _Resolve:
    """The node that brings a world up to the last round that is over.

    Args:
        scenario: What is played.
        world: Its own.
    """
    kinds = {party.name: party.kind for party in scenario.organisations}
    writes, settings = world_writes(list(kinds)), speaker_settings(scenario)

    async def resolve(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> dict[str, Any]:
        context = await current_context(runtime, settings)
        emit = tee(runtime.stream_writer, context.trace.on_event if context.trace else None)
        floor, past = state.get("floor"), state.get(WORLD_HIDDEN, ())
        new: list[HiddenWorldRecord] = [] if past else [initial_record(world, kinds, context.seed)]
        last = new[-1] if new else past[-1]
        turn = floor["turn"] if floor else 0
        while last["round"] < last_whole_round(scenario, floor):
            moves = _moves_in_round(state, kinds, last["round"] + 1)
            last = resolve_round(world, kinds, last, moves, turn=turn, seed=context.seed)
            new.append(last)
        public = [_public(world, record) for record in new]
        for record in public:
            if record["round"] >= 0:
                emit({"event": "world", **without_kind(record), "text": describe_round(world, record)})
        own = {own_world_channel(name): [_own(world, kinds, record, name) for record in new] for name in kinds}
        return restrict_writes(writes, {WORLD_HIDDEN: new, WORLD_STATE: public, **own})

    return resolve


def _moves_in_round(state: Mapping[str, Any], parties: Mapping[str, str], round: int) -> dict[str, str]:
    """The last move of each party in a round; at a moderated table a party may have had several turns."""
    moves = {}
    for name in parties:
        recent = takewhile(lambda entry: entry["round"] >= round, reversed(state.get(moves_channel(name), ())))
        last = next((entry["move"] for entry in recent if entry["round"] == round), None)
        if last is not None:
            moves[name] = last
    return moves


def _public(world: World, record: HiddenWorldRecord) -> WorldRecord:
    return {
        "kind": "world",
        "round": record["round"],
        "turn": record["turn"],
        "state": public_values(world, record["state"]),
        "moves": [move for move in record["moves"] if move["is_seen"]],
        "happened": record["happened"],
    }


def _own(world: World, kinds: Mapping[str, str], record: HiddenWorldRecord, party: str) -> OwnWorldRecord:
    values = known_values(world, record["state"], party)
    own: OwnWorldRecord = {
        "kind": "world_own",
        "round": record["round"],
        "turn": record["turn"],
        "state": {name: value for name, value in values.items() if name in record["state"][party]},
    }
    if pairs := pair_values(world, kinds, record["state"], party):
        own["pairs"] = pairs
    for move in record["moves"]:
        if move["party"] == party:
            own["move"] = move
    return own
