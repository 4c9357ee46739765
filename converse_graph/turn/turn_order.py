"""Pure rules of the table: who has the floor, what has happened, whether the run is over."""

import random
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, assert_never

from converse_graph.errors import RunPaused
from converse_graph.record.records import EventRecord, StatementRecord, VoteRecord, WorldRecord, without_kind
from converse_graph.record.state import TurnState
from converse_graph.scenarios.rules import Event, StopOnEvent, StopOnSilence, StopWhen
from converse_graph.scenarios.scenario import Scenario


def start_round(scenario: Scenario, before: TurnState | None, *, seed: int) -> TurnState:
    """The floor as a round begins; a moderated table has nobody on it until somebody is picked.

    Args:
        scenario: What is played, with its order.
        before: The floor as the round before ended; None for the first round.
        seed: Of the run.
    """
    round, turns_taken = (before["round"] + 1, before["turns_taken"]) if before else (0, {})
    names = [party.name for party in scenario.organisations]
    match scenario.order:
        case "listed":
            speakers, queue = names[:1], names[1:]
        case "shuffled":
            random.Random(f"{seed}|{round}|order").shuffle(names)
            speakers, queue = names[:1], names[1:]
        case "simultaneous":
            speakers, queue = names, []
        case "moderated":
            speakers, queue = [], []
        case _:
            assert_never(scenario.order)
    return TurnState(round=round, turn=0, speakers=speakers, queue=queue, turns_taken=turns_taken)


def next_in_round(scenario: Scenario, floor: TurnState) -> TurnState | None:
    """The floor after those who have it were heard; None when the round is over.

    Whoever queues goes first, also at a moderated table: that is how a fork begins with the party it is about.
    """
    turn = floor["turn"] + len(floor["speakers"])
    after = TurnState(
        round=floor["round"], turn=turn, speakers=[], queue=floor["queue"], turns_taken=floor["turns_taken"]
    )
    if scenario.order == "moderated" and not floor["queue"]:
        over = turn >= len(scenario.organisations)
        return None if over else after
    if not floor["queue"]:
        return None
    at_once = len(floor["queue"]) if scenario.order == "simultaneous" else 1
    return TurnState(**{**after, "speakers": floor["queue"][:at_once], "queue": floor["queue"][at_once:]})


def end_of_run(floor: TurnState) -> TurnState:
    """The floor after the last round: nobody's."""
    turn = floor["turn"] + len(floor["speakers"])
    return TurnState(round=floor["round"], turn=turn, speakers=[], queue=[], turns_taken=floor["turns_taken"])


def ballot_floor(scenario: Scenario, floor: TurnState, ending: str | None) -> TurnState:
    """The floor as all who take a stand on the motion vote at once, after the last turn of a round.

    Args:
        scenario: With the motion.
        floor: As the round ended.
        ending: Why the run is over after the vote; None where it goes on.
    """
    voters = [party.name for party in scenario.voters]
    return TurnState(**{**end_of_run(floor), "speakers": voters, "stage": "ballot", "ending": ending})


def vote_is_due(
    scenario: Scenario,
    votes: Sequence[VoteRecord],
    floor: TurnState,
    ending: str | None,
    votes_after: frozenset[int] | None,
) -> bool:
    """Whether the parties vote now: as the run ends, once a round.

    Args:
        scenario: With its motion.
        votes: Those that were held.
        floor: As the round ended.
        ending: Why the run is over; None where it is not.
        votes_after: Of a replay: after which rounds to vote instead; the run that is replayed may have ended there,
            and have been extended.
    """
    if scenario.motion is None or scenario.motion.ballot == "open":
        return False
    due = bool(ending) if votes_after is None else floor["round"] in votes_after
    return due and all(vote["round"] != floor["round"] for vote in votes)


def last_whole_round(scenario: Scenario, floor: TurnState | None) -> int:
    """The last round in which everybody has been heard; -1 for none."""
    if floor is None:
        return -1
    is_over = floor.get("stage") == "ballot" or next_in_round(scenario, floor) is None
    return floor["round"] if is_over else floor["round"] - 1


def world_is_due(scenario: Scenario, floor: TurnState | None, world_rounds: Sequence[WorldRecord]) -> bool:
    """Whether a round is over that the world has not resolved yet; before the first, whether it has not begun.

    Args:
        scenario: What is played.
        floor: As it stands; None before the first round.
        world_rounds: What is public of the world, a record a round.
    """
    if scenario.world is None:
        return False
    return not world_rounds or world_rounds[-1]["round"] < last_whole_round(scenario, floor)


def new_world_events(world_rounds: Sequence[WorldRecord]) -> list[str]:
    """The names of events of the world that happened in the round that was resolved last."""
    if not world_rounds:
        return []
    before = world_rounds[-2]["happened"] if len(world_rounds) > 1 else []
    return [name for name in world_rounds[-1]["happened"] if name not in before]


def statements_in_round(transcript: Sequence[StatementRecord], round: int) -> Sequence[StatementRecord]:
    """The statements of the last round, found from the end."""
    start = len(transcript)
    while start and transcript[start - 1]["round"] == round:
        start -= 1
    return transcript[start:]


def eligible_speakers(scenario: Scenario, turns_taken: dict[str, int]) -> list[str]:
    """Whom a moderator may give the floor: whoever would then be at most `fairness` turns ahead of the last."""
    counts = {party.name: turns_taken.get(party.name, 0) for party in scenario.organisations}
    least = min(counts.values())
    return [name for name, count in counts.items() if count + 1 - least <= scenario.fairness]


def first_reports(
    scenario: Scenario, reports: Sequence[EventRecord], statements: Sequence[StatementRecord]
) -> Iterator[EventRecord]:
    """Which of these statements are the first in which a party reports an event."""
    keys = {(report["name"], report["party"]) for report in reports}
    events_to_report = [event for event in scenario.events if isinstance(event, Event)]
    for statement in statements:
        for event in events_to_report:
            key = (event.name, statement["speaker"])
            if key not in keys and _is_reported(event, statement):
                keys.add(key)
                yield {"kind": "event", "name": event.name, "party": statement["speaker"], "round": statement["round"]}


def _is_reported(event: Event, statement: StatementRecord) -> bool:
    value = statement["fields"].get(event.field)
    return statement["round"] >= event.from_round and type(value) is type(event.equals) and value == event.equals


def stop_reason(scenario: Scenario, transcript: Sequence[StatementRecord], new_events: Sequence[str]) -> str | None:
    """Why the run ends before its horizon, looked at after a round; None when it goes on.

    Args:
        scenario: What is played, with its rules.
        transcript: All statements so far.
        new_events: What has happened in the round that is over: a run that is extended past an event that ended it
            does not end by it again.

    Raises:
        RunPaused: A rule of somebody's own fails.
    """
    for rule in scenario.stop:
        match rule:
            case StopOnEvent():
                if rule.event in new_events:
                    return f"event {rule.event}"
            case StopOnSilence():
                count = rule.rounds * len(scenario.organisations)
                recent = transcript[-count:]
                if len(recent) == count and not any(statement["text"] for statement in recent):
                    return "silence"
            case StopWhen():
                if _applies(rule, [_public_part(scenario, statement) for statement in transcript]):
                    return rule.reason
            case _:
                assert_never(rule)
    return None


def _applies(rule: StopWhen, statements: list[dict[str, Any]]) -> bool:
    try:
        return bool(rule.predicate(statements))
    except Exception as error:  # it is somebody's own, and may raise what it likes
        at = traceback.extract_tb(error.__traceback__)[-1]
        raise RunPaused(
            f"The stop rule {rule.reason!r} failed with {type(error).__name__}: {error} "
            f"({Path(at.filename).name}, line {at.lineno}); mend it, then resume with --allow-changed."
        ) from error


def _public_part(scenario: Scenario, statement: StatementRecord) -> dict[str, Any]:
    """A statement as readers get it, and as a copy: what a rule of somebody's own does to it is no part of the run."""
    return {
        **without_kind(statement),
        "period": scenario.clock.period(statement["round"]).label,
        "fields": dict(statement["fields"]),
    }
