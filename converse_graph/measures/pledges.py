"""Words against moves: what parties announced that they would do, and what they then did."""

from typing import Literal

from converse_graph.record.transcript import Transcript, WorldRound
from converse_graph.scenarios.value import FrozenModel
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import NO_PLEDGE, WAIT

Observation = Literal["kept", "broken", "unobservable", "open"]


class PledgeOutcome(FrozenModel):
    """A pledge, and what became of it."""

    round: int
    """In which it was made, from 0."""
    period: str
    party: str
    field: str
    """In which it was announced."""
    move: str
    """What was announced: the name of an action, or "wait"."""
    due_round: int
    """When it was to be kept."""
    observation: Observation
    """What the others could make of it: "unobservable" where nobody could tell; "open" where its round is not over."""
    is_kept: bool | None
    """Whether it was kept in truth; None while it is open, and in a public record where nobody could tell."""


def pledges(transcript: Transcript) -> tuple[PledgeOutcome, ...]:
    """Hold every pledge against the move of the round in which it was due.

    A pledge is observed by what everybody learned of moves. Who was seen doing nothing is taken to have broken a pledge
    only where what it pledged would have been seen for certain, and to have kept a pledge to wait only where nothing
    else could have stayed unseen.

    Args:
        transcript: The record; of a public one less is known in truth.

    Returns:
        In the order of the statements; none where the scenario names no field of pledges.
    """
    world = transcript.header.world
    if world is None:
        return ()
    kinds = {party.name: party.kind for party in transcript.header.cast}
    rounds = {after.round: after for after in transcript.world}
    outcomes = []
    for statement in transcript.statements:
        for pledge in world.pledges:
            move, due = statement.fields.get(pledge.field), statement.round + pledge.due
            if move is None or move == NO_PLEDGE:
                continue
            observation, is_kept = _verdict(world, kinds[statement.speaker], rounds.get(due), statement.speaker, move)
            outcomes.append(
                PledgeOutcome(
                    round=statement.round,
                    period=statement.period,
                    party=statement.speaker,
                    field=pledge.field,
                    move=move,
                    due_round=due,
                    observation=observation,
                    is_kept=is_kept,
                )
            )
    return tuple(outcomes)


def _verdict(
    world: World, kind: str, after: WorldRound | None, party: str, move: str
) -> tuple[Observation, bool | None]:
    """What the others could make of a pledge, and whether it was kept in truth."""
    if after is None:
        return "open", None
    public = next((one.move for one in after.moves if one.party == party), None)
    observation = _observation(world, kind, move, public)
    if after.hidden is not None:
        return observation, any(
            (one.party, one.move, one.is_legal) == (party, move, True) for one in after.hidden.moves
        )
    return observation, {"kept": True, "broken": False}.get(observation)


def _observation(world: World, kind: str, move: str, public: str | None) -> Observation:
    if public is not None:
        return "kept" if public == move else "broken"
    certain = {action.name for action in world.actions_of(kind) if action.detection == 1}
    if move == WAIT:
        return "kept" if len(certain) == len(world.actions_of(kind)) else "unobservable"
    return "broken" if move in certain else "unobservable"
