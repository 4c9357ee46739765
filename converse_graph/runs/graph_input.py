"""Where a graph is entered: anew, where it stood, at a fork; and what a replay must know of the run that it replays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from converse_graph.checkpoints import SaverOfTurns, StoreSaver
from converse_graph.prompting.recall_index import RecallIndex
from converse_graph.record.call_paths import calls_for
from converse_graph.runs.fork_state import fork_state
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Run, Store


async def initial_input(
    graph: CompiledStateGraph[Any, Any, Any, Any],
    config: Any,
    store: Store,
    run: Run,
    scenario: Scenario,
    *,
    saver: SaverOfTurns | None = None,
) -> dict[str, Any] | None:
    """What to start the graph with: None goes on where it stood.

    Args:
        graph: That is played.
        config: With the run's thread.
        store: Where the run is kept, and the one that it was forked from.
        run: The run.
        scenario: What it plays.
        saver: Where its checkpoints go, instead of the same store; None for that.
    """
    checkpoints = saver or StoreSaver(store)
    checkpoint = await checkpoints.aget_tuple(config)
    start = {"horizon": run.horizon}
    if checkpoint is not None:
        # Not from the graph's state, which counts in what a step wrote before it was killed: to start anew then
        # would play the last turn twice.
        return start if checkpoint.checkpoint["channel_values"].get("ended") else None
    if run.header.fork is None or run.parent is None:
        return start
    parent_values = store.channels(run.parent)
    past = fork_state(scenario, parent_values, run.header.fork, seed=run.header.seed)
    if past["floor"] is None:
        return start
    if saver is None:
        await store.chain(run.id).begin_ledgers(past)
    whole = graph.copy(update={"checkpointer": checkpoints})
    await whole.aupdate_state(config, past, as_node=scenario.organisations[0].name)
    return None


def recall_index(store: Store, run: Run, scenario: Scenario) -> RecallIndex:
    """The index of what parties recall, with all that was embedded before: by the run, and by those it comes from."""
    if not any(scenario.recall_of(party) for party in scenario.organisations):
        return RecallIndex()
    lineage = [run]
    while comes_from := lineage[-1].replays or lineage[-1].parent:
        lineage.append(store.register.run(comes_from))
    calls = [[*store.journal(other.id).calls(calls_for("embed"))] for other in lineage]
    own = calls[:2] if run.replays else calls[:1]
    return RecallIndex(
        calls=[call for call_list in calls for call in call_list if call.accepted],
        failures=[call for call_list in own for call in call_list if not call.accepted],
    )


async def replayed_vote_rounds(store: Store, run: Run, scenario: Scenario) -> frozenset[int] | None:
    """The rounds after which the run that a replay replays voted; it may have ended there, and been extended."""
    if not run.replays or scenario.motion is None:
        return None
    parent_values = store.channels(run.replays)
    return vote_rounds(parent_values)


def vote_rounds(channels: Mapping[str, Any]) -> frozenset[int]:
    """The rounds after which a run voted, by the channels of its root graph."""
    return frozenset(vote["round"] for vote in channels.get("votes", ()))


def replay_has_more(store: Store, run: Run, statements: int) -> bool:
    """Whether the run that a replay replays was extended past what has just ended it."""
    return bool(run.replays) and statements < store.register.run(str(run.replays)).statements
