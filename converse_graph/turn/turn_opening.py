"""How a turn begins: a party sums up and concludes where that is due, hears, and is reminded of its past."""

from dataclasses import dataclass, replace

from langgraph.config import get_config

from converse_graph.models.base import Message
from converse_graph.prompting.history import build_history
from converse_graph.record.records import PrivateSummaryRecord, ReflectionRecord
from converse_graph.turn.compaction import summarise_mind
from converse_graph.turn.recall import recall_for
from converse_graph.turn.reflection import reflect
from converse_graph.turn.speaker_turn import PartyTurn
from converse_graph.turn.statement import override_questions


@dataclass(frozen=True, kw_only=True)
class TurnOpening:
    """What a party has before it deliberates and speaks."""

    turn: PartyTurn
    """Its turn; of what it may know, what it has summed up and concluded just now is a part."""
    messages: tuple[Message, ...]
    """Its brief, what it heard, what it remembers and what it is reminded of."""
    new_summaries: tuple[PrivateSummaryRecord, ...] = ()
    """For its mind."""
    new_conclusions: tuple[ReflectionRecord, ...] = ()
    """For its mind."""
    problem: str | None = None
    """Why it was reminded by recency and importance alone."""


async def open_turn(turn: PartyTurn) -> TurnOpening:
    """Put together what a party is told before it is asked anything.

    A small model copies whatever it reads, so that it sums up, concludes and recalls nothing.

    Args:
        turn: Whose turn it is, and what it may know.
    """
    view_now, clock = turn.view, turn.scenario.clock
    if turn.profile == "small":
        return TurnOpening(turn=turn, messages=build_history(turn.brief, view_now, clock, turn.profile))
    summaries, conclusions = list[PrivateSummaryRecord](), list[ReflectionRecord]()
    if not view_now.voting:
        conclusions = await reflect(turn)
        summaries = await summarise_mind(turn)
        if conclusions or summaries:
            view_now = replace(
                view_now,
                mind=(*view_now.mind, *conclusions),
                own_summaries=(*view_now.own_summaries, *summaries),
                own_written_summaries=(*view_now.own_written_summaries, *summaries),
                past=() if summaries else view_now.past,
            )
            turn = replace(turn, view=view_now)
    messages = build_history(turn.brief, view_now, clock)
    run = str(get_config().get("configurable", {}).get("thread_id", ""))
    reminders = await recall_for(turn, messages, run=run, question=_question_of_turn(turn))
    return TurnOpening(
        turn=turn,
        messages=(*messages, *reminders.messages),
        new_summaries=tuple(summaries),
        new_conclusions=tuple(conclusions),
        problem=reminders.problem,
    )


def _question_of_turn(turn: PartyTurn) -> str:
    """What the party is asked just this time; what it is asked in every round would bring up the same every time."""
    if turn.view.voting and turn.scenario.motion:
        return turn.scenario.motion.question
    return override_questions(turn.party, turn.view, turn.period.label)
