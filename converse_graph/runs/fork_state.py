"""A fork cuts a run's ledgers at a turn: what went before is shared, what comes after is its own.

Every ledger grows at one end and every entry carries its round and turn, so that no old checkpoint is needed: what a
run knew at a turn is what its ledgers hold up to it, its parties' minds included.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from converse_graph.errors import InvalidValue
from converse_graph.record.records import MindRecord, MoveRecord, StatementRecord, SummaryRecord
from converse_graph.record.state import TurnState, moves_channel, private_channel, world_ledgers
from converse_graph.record.transcript import Fork
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.world_tables import MOVE
from converse_graph.turn.turn_order import start_round


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A turn of a run: the first that is a fork's own."""

    round: int
    turn: int
    party: str | None
    """Whose turn it is; None for the beginning of a round."""


def parse_turn(scenario: Scenario, transcript: Sequence[StatementRecord], at: str) -> Turn:
    """The turn that a user means.

    Args:
        scenario: What the run plays.
        transcript: Its statements so far.
        at: A period's name, or a year for its first period; then, if a party's turn is meant, a colon and the party.

    Raises:
        InvalidValue: There is no such period, or the run has not come to that turn.
        NotFound: There is no such party.
    """
    when, colon, name = at.partition(":")
    round = scenario.clock.round_of(when.strip())
    party = scenario.party(name.strip()).name if colon else None
    next_round = transcript[-1]["round"] + 1 if transcript else 0
    label = scenario.clock.period(round).label
    if round > next_round:
        last = scenario.clock.period(next_round).label
        raise InvalidValue(f"The run has come to {last}; a fork at {label} would have no past. Name {last} or before.")
    if party is None or scenario.order == "simultaneous":
        return Turn(round=round, turn=0, party=party)
    for statement in transcript:
        if statement["round"] == round and statement["speaker"] == party:
            return Turn(round=round, turn=statement["turn"], party=party)
    raise InvalidValue(f"{party} has not spoken in {label} yet; name an earlier period, or {label!r} alone.")


def fork_state(scenario: Scenario, values: Mapping[str, Any], fork: Fork, *, seed: int) -> dict[str, Any]:
    """The channels that a fork begins with.

    Args:
        scenario: What the fork plays.
        values: The channels of the run that it is forked from.
        fork: Where it leaves that run, and what is put into a mouth there.
        seed: The fork's.

    Raises:
        InvalidValue: There is no such turn, or words were given and no mouth.
        NotFound: There is no such party.
    """
    turn = parse_turn(scenario, values.get("transcript", ()), fork.at)
    state = truncate(scenario, values, turn, seed=seed)
    if fork.say is None:
        return state
    return override_statement(scenario, values, state, turn, fork.say, fork.fields)


def truncate(scenario: Scenario, values: Mapping[str, Any], turn: Turn, *, seed: int) -> dict[str, Any]:
    """The channels of a run as they stood before a turn, ready to go on from there.

    Args:
        scenario: What the fork plays.
        values: The channels of the run that it is forked from.
        turn: The first turn that is the fork's own.
        seed: The fork's.
    """
    names = [party.name for party in scenario.organisations]
    said_before = _before(values.get("transcript", ()), turn)
    turns_taken = Counter(statement["speaker"] for statement in said_before) if scenario.order == "moderated" else {}
    return {
        "transcript": said_before,
        "events": [entry for entry in values.get("events", ()) if entry["round"] < turn.round],
        "summaries": _before(values.get("summaries", ()), turn),
        "votes": [entry for entry in values.get("votes", ()) if entry["round"] < turn.round],
        "floor": _floor(
            scenario,
            turn,
            dict(turns_taken),
            {statement["speaker"] for statement in said_before if statement["round"] == turn.round},
            seed,
        ),
        **{private_channel(name): _before(values.get(private_channel(name), ()), turn) for name in names},
        **({name: _before(values.get(name, ()), turn) for name in world_ledgers(names)} if scenario.world else {}),
    }


def override_statement(
    scenario: Scenario,
    values: Mapping[str, Any],
    state: dict[str, Any],
    turn: Turn,
    text: str,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """The channels of a fork with the named party's statement replaced by another.

    What the party reported in fields stays as it was, but for those given here. At a simultaneous table the others
    spoke without knowing of it, so that their statements of the round stay.

    Args:
        scenario: What the fork plays.
        values: The channels of the run that it is forked from.
        state: The same, cut at the turn.
        turn: The turn of the party.
        text: What it says now.
        fields: What it reports otherwise, by name.

    Raises:
        InvalidValue: No party is named, it has not spoken in that round, or there are no words.
    """
    if turn.party is None:
        raise InvalidValue("Words need a mouth: name the party too, as in --at 2027:PARTY.")
    if not text.strip():
        raise InvalidValue("No words were given; --say takes what the party says instead.")
    transcript: Sequence[StatementRecord] = values.get("transcript", ())
    of_round = [entry for entry in transcript if entry["round"] == turn.round]
    then = next((entry for entry in of_round if entry["speaker"] == turn.party), None)
    if then is None:
        label = scenario.clock.period(turn.round).label
        raise InvalidValue(
            f"{turn.party} has not spoken in {label} yet: name an earlier period for other words of its."
        )
    statement: StatementRecord = {
        "kind": "statement",
        "round": turn.round,
        "turn": then["turn"],
        "speaker": turn.party,
        "text": text,
        "fields": {**then["fields"], **{name: value for name, value in fields.items() if name != MOVE}},
    }
    minds: dict[str, Any] = _override_move(scenario, values, state, turn, fields.get(MOVE))
    if scenario.order == "simultaneous":
        for name in (party.name for party in scenario.organisations if party.name != turn.party):
            entries = [entry for entry in values.get(private_channel(name), ()) if entry["round"] == turn.round]
            minds[private_channel(name)] = [*state[private_channel(name)], *entries]
            if scenario.world is not None:
                minds |= _override_move(scenario, values, state, replace(turn, party=name), None)
        statements = [statement if entry["speaker"] == turn.party else entry for entry in of_round]
        left: list[str] = []
    else:
        statements, left = [statement], state["floor"]["queue"][1:] if state["floor"] else []
    turns_taken = state["floor"]["turns_taken"] if state["floor"] else {}
    floor = TurnState(round=turn.round, turn=then["turn"] + 1, speakers=[], queue=left, turns_taken=turns_taken)
    return {**state, **minds, "transcript": [*state["transcript"], *statements], "floor": floor}


def _override_move(
    scenario: Scenario, values: Mapping[str, Any], state: Mapping[str, Any], turn: Turn, move: str | None
) -> dict[str, Any]:
    """The sealed moves of a party with that of the round as it was, or replaced by another."""
    if scenario.world is None or turn.party is None:
        return {}
    channel = moves_channel(turn.party)
    moves: list[MoveRecord] = [entry for entry in values.get(channel, ()) if entry["round"] == turn.round]
    if move is not None:
        moves = [{**entry, "move": move} for entry in moves]
    return {channel: [*state[channel], *moves]}


R = TypeVar("R", StatementRecord, SummaryRecord, MindRecord)


def _before(entries: Sequence[R], turn: Turn) -> list[R]:
    return [entry for entry in entries if (entry["round"], entry["turn"]) < (turn.round, turn.turn)]


def _floor(
    scenario: Scenario, turn: Turn, turns_taken: dict[str, int], speakers: set[str], seed: int
) -> TurnState | None:
    """Nobody's yet: the supervisor gives it to those who queue. None for a run that begins from the start.

    The round is opened here, so that no rule to stop is asked again about rounds that are over.
    """
    if turn == Turn(round=0, turn=0, party=None) or (turn.round == 0 and scenario.order == "simultaneous"):
        return None
    before = TurnState(
        round=turn.round - 1, turn=len(scenario.organisations), speakers=[], queue=[], turns_taken=turns_taken
    )
    if scenario.order == "moderated":
        queue = [turn.party] if turn.party else []
        turns_taken = {**turns_taken, **{name: turns_taken.get(name, 0) + 1 for name in queue}}
    else:
        turn_state = start_round(scenario, before, seed=seed)
        waiting = [name for name in (*turn_state["speakers"], *turn_state["queue"]) if name not in speakers]
        queue = sorted(waiting, key=lambda name: name != turn.party)
    return TurnState(round=turn.round, turn=turn.turn, speakers=[], queue=queue, turns_taken=turns_taken)
