"""A motion before the table: what a party is asked about it beside its statement, and how ballots are counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from converse_graph.models.base import Message
from converse_graph.prompting.personas import with_article
from converse_graph.record.records import StanceRecord, StatementRecord, VoteRecord
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.deliberation_rules import Motion
from converse_graph.scenarios.fields import Choice, Field, Text
from converse_graph.scenarios.ledger_folds import Folds, LedgerFold
from converse_graph.scenarios.scenario import Scenario
from converse_graph.turn.guest import view_part
from converse_graph.turn.speaker_turn import PartyTurn, Stance


def motion_fields(scenario: Scenario, party: Organisation) -> tuple[Field, ...]:
    """What a statement reports on the motion, in public: the party's stance, and what moved it where that is asked."""
    motion = motion_for(scenario, party)
    if motion is None:
        return ()
    stance = Choice(name="stance", ask="where you stand on the motion", options=motion.options)
    instruction = "the new fact that changed your stance, if it changed"
    new_fact = Text(name="new_fact", ask=instruction, max_length=160, optional=True)
    return (stance, new_fact) if motion.justify_changes else (stance,)


def motion_for(scenario: Scenario, party: Organisation) -> Motion | None:
    """The motion, where there is one and the party takes a stand on it."""
    return scenario.motion if scenario.motion and scenario.motion.concerns(party.kind) else None


async def write_stance(turn: PartyTurn, messages: tuple[Message, ...]) -> StanceRecord:
    """Ask a party for itself where it stands: before it hears anybody, or on its secret ballot.

    Args:
        turn: Whose turn it is; says whether it votes.
        messages: What it is told before the question: of a position that is written first, its brief alone.

    Returns:
        `reason` and `position`, or `problem`; and `repairs`, where there were any.
    """
    motion, party, view_now, period = turn.scenario.motion, turn.party, turn.view, turn.period.label
    if motion is None:
        raise TypeError("a stance is taken on a motion")
    what: Stance = "ballot" if view_now.voting else "position"
    if turn.guest is None:
        options = "one of: " + "; ".join(motion.options)
        values = {"name": with_article(party.name), "period": period, "motion": motion.question, "positions": options}
        prompt = (*messages, turn.message(what, values))
    else:
        earlier = (
            [{"speaker": statement["speaker"], "text": statement["text"]} for statement in view_now.statements]
            if view_now.voting
            else []
        )
        view = {"party": party.name, "period": period, "asked": what, "motion": motion.question,
                "options": list(motion.options), "statements": earlier}  # fmt: skip
        prompt = (view_part(view, owner=party.name),)
    position = Choice(name="position", ask="where you stand on the motion", options=motion.options)
    return await turn.ask_stance(what, prompt, position)


def motion_reminders(turn: PartyTurn, stance: StanceRecord | None) -> tuple[Message, ...]:
    """Render what a party is told of the motion beside its task; nothing where it takes no stand on one.

    Args:
        turn: Whose turn it is.
        stance: Where it stood before it heard anybody.
    """
    motion = motion_for(turn.scenario, turn.party)
    if motion is None:
        return ()
    stances = last_stances(turn.view.statements).values() if turn.view.dissents else ()
    return turn.reminders(stance=stance, justify=motion.justify_changes, common_position=next(iter(stances), None))


def last_stances(statements: Sequence[StatementRecord]) -> dict[str, str]:
    """Each party's last stance on the motion; what it argued for when it was called on to dissent is none."""
    return {
        statement["speaker"]: statement["fields"]["stance"]
        for statement in statements
        if statement["fields"].get("stance") and not statement.get("dissents")
    }


def dissent_is_due(scenario: Scenario, transcript: Sequence[StatementRecord], speaker: str, *, folds: Folds) -> bool:
    """Whether the next statement is to be dissent: all hold one position, and nobody was called on before.

    Args:
        scenario: With its motion.
        transcript: All statements so far.
        speaker: Who speaks next.
        folds: What was folded from the channels in earlier turns of the run.
    """
    voters = {party.name for party in scenario.voters}
    if scenario.motion is None or not scenario.motion.dissenter or speaker not in voters or len(voters) < 2:
        return False
    if folds.of("dissent", _Dissent).bring_up(transcript).was_made:
        return False
    stances = last_stances(transcript[-2 * len(scenario.organisations) :])
    return stances.keys() == voters and len(set(stances.values())) == 1


class _Dissent(LedgerFold):
    """Whether somebody was called on to dissent."""

    def __init__(self) -> None:
        super().__init__()
        self.was_made = False

    def take(self, record: Mapping[str, Any]) -> None:
        self.was_made |= bool(record.get("dissents"))

    def clear(self) -> None:
        self.was_made = False


def count_ballots(motion: Motion, round: int, ballots: Sequence[Any]) -> VoteRecord:
    """Count secret ballots; a tie decides nothing.

    Args:
        motion: With the positions.
        round: After which round the vote is held.
        ballots: A position for each party; None of one that cast no valid ballot.

    Returns:
        A vote as `Vote` holds it, without who voted how.
    """
    tally = Counter(ballot for ballot in ballots if ballot in motion.options)
    counts = {option: tally[option] for option in motion.options if tally[option]}
    most = [option for option, count in counts.items() if count == max(counts.values())]
    return {"kind": "vote", "round": round, "position": most[0] if len(most) == 1 else None, "counts": counts}
