"""A motion before the table: what a party is asked about it beside its statement, and how ballots are counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from converse_graph.calls.model_call import MAX_REPAIRS, StructuredRequest, ask
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import RunContext
from converse_graph.calls.streaming import Emit
from converse_graph.models.base import Message, PromptProfile
from converse_graph.prompting.visibility import View
from converse_graph.record.paths import CallPath
from converse_graph.record.records import StanceRecord, StatementRecord, VoteRecord
from converse_graph.sanitize import escape_line
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.deliberation_rules import Motion
from converse_graph.scenarios.fields import Choice, Field, Text
from converse_graph.scenarios.scenario import Scenario
from converse_graph.turn.debate_positions import REASON_LENGTH, stance_record
from converse_graph.turn.guest import Guest, view_part


def motion_fields(scenario: Scenario, party: Organisation) -> tuple[Field, ...]:
    """What a statement reports on the motion, in public: the party's stance, and what moved it where that is asked."""
    motion = motion_for(scenario, party)
    if motion is None:
        return ()
    stance = Choice(name="stance", ask="where you stand on the motion", options=motion.options)
    asked = "the new fact that changed your stance, if it changed"
    moved = Text(name="new_fact", ask=asked, max_length=160, optional=True)
    return (stance, moved) if motion.justify_changes else (stance,)


def motion_for(scenario: Scenario, party: Organisation) -> Motion | None:
    """The motion, where there is one and the party takes a stand on it."""
    return scenario.motion if scenario.motion and scenario.motion.concerns(party.kind) else None


async def write_stance(
    context: RunContext,
    scenario: Scenario,
    party: Organisation,
    seen: View,
    place: CallPath,
    messages: tuple[Message, ...],
    emit: Emit,
) -> StanceRecord:
    """Ask a party for itself where it stands: before it hears anybody, or on its secret ballot.

    Args:
        context: The run's context.
        scenario: With the motion.
        party: Who is asked.
        seen: What it may know; says whether it votes.
        place: Its turn.
        messages: What it is told before the question: of a position that is written first, its brief alone.
        emit: Told of every call.

    Returns:
        `reason` and `position`, or `problem`; and `repairs`, where there were any.
    """
    motion = scenario.motion
    if motion is None:
        raise TypeError("a stance is taken on a motion")
    what: Literal["ballot", "position"] = "ballot" if seen.voting else "position"
    period = scenario.clock.period(seen.round).label
    options = "one of: " + "; ".join(motion.options)
    values = {"name": party.name, "period": period, "motion": motion.question, "positions": options}
    guest = Guest(party.graph, prose="reason") if party.graph is not None else None
    if guest is None:
        task = _told(context, party, what, context.models.get(party.model).profile, values)
        shown = (*messages, task)
    else:
        heard = [{"speaker": said["speaker"], "text": said["text"]} for said in seen.statements] if seen.voting else []
        view = {"party": party.name, "period": period, "asked": what, "motion": motion.question,
                "options": list(motion.options), "statements": heard}  # fmt: skip
        shown = (view_part(view, owner=party.name),)
    reason = Text(name="reason", ask="why, in one sentence", max_length=REASON_LENGTH)
    position = Choice(name="position", ask="where you stand on the motion", options=motion.options)
    question = StructuredRequest(
        place=place.call(what),
        messages=shown,
        form=build_reply_schema(what, [reason, position]),
        model=guest or party.model,
        repairs=0 if guest else MAX_REPAIRS,
    )
    return stance_record(await ask(context, question, emit))


def motion_reminders(
    context: RunContext,
    scenario: Scenario,
    party: Organisation,
    seen: View,
    written: StanceRecord | None,
    profile: PromptProfile,
) -> tuple[Message, ...]:
    """What a party is told beside its task: what it wrote down, that a change takes a fact, that it is to dissent."""
    motion = motion_for(scenario, party)
    if motion is None:
        return ()
    told = []
    if written and (position := written.get("position")):
        values = {"position": escape_line(position), "reason": escape_line(written["reason"])}
        told.append(_told(context, party, "written", profile, values))
    if motion.justify_changes:
        told.append(_told(context, party, "justify", profile, {}))
    agreed = last_stances(seen.statements)
    if seen.dissents and agreed:
        told.append(_told(context, party, "dissent", profile, {"position": next(iter(agreed.values()))}))
    return tuple(told)


def last_stances(statements: Sequence[StatementRecord]) -> dict[str, str]:
    """Each party's last stance on the motion; what it argued for when it was called on to dissent is none."""
    return {
        said["speaker"]: said["fields"]["stance"]
        for said in statements
        if said["fields"].get("stance") and not said.get("dissents")
    }


def dissent_is_due(scenario: Scenario, transcript: Sequence[StatementRecord], speaker: str) -> bool:
    """Whether the next statement is to be dissent: all hold one position, and nobody was called on before.

    Args:
        scenario: With its motion.
        transcript: All statements so far.
        speaker: Who speaks next.
    """
    voters = {party.name for party in scenario.voters}
    if scenario.motion is None or not scenario.motion.dissenter or speaker not in voters or len(voters) < 2:
        return False
    if any(said.get("dissents") for said in transcript):
        return False
    held = last_stances(transcript[-2 * len(scenario.organisations) :])
    return held.keys() == voters and len(set(held.values())) == 1


def count_ballots(motion: Motion, round: int, ballots: Sequence[Any]) -> VoteRecord:
    """Count secret ballots; a tie decides nothing.

    Args:
        motion: With the positions.
        round: After which round the vote is held.
        ballots: A position for each party; None of one that cast no valid ballot.

    Returns:
        A vote as `Vote` holds it, without who voted how.
    """
    given = Counter(ballot for ballot in ballots if ballot in motion.options)
    counts = {option: given[option] for option in motion.options if given[option]}
    most = [option for option, count in counts.items() if count == max(counts.values())]
    return {"kind": "vote", "round": round, "position": most[0] if len(most) == 1 else None, "counts": counts}


def _told(
    context: RunContext, party: Organisation, task: str, profile: PromptProfile, values: dict[str, str]
) -> Message:
    return context.prompts.message(f"organisation/{task}", profile, values, owner=party.name)
