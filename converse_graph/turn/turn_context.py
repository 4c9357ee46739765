"""How a turn begins: a party sums up and concludes where that is due, hears, and is reminded of its past."""

from dataclasses import dataclass, replace

from langgraph.config import get_config

from converse_graph.calls.run_context import RunContext
from converse_graph.calls.streaming import Emit
from converse_graph.models.base import Message, PromptProfile
from converse_graph.prompting.history import build_history
from converse_graph.prompting.visibility import View
from converse_graph.record.paths import CallPath
from converse_graph.record.records import PrivateSummaryRecord, ReflectionRecord
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.scenario import Scenario
from converse_graph.turn.compaction import summarise_mind
from converse_graph.turn.recall import RecallQuery, recall_for
from converse_graph.turn.reflection import reflect
from converse_graph.turn.statement import override_questions


@dataclass(frozen=True, kw_only=True)
class TurnContext:
    """What a party has before it deliberates and speaks."""

    seen: View
    """What it may know, with what it has summed up and concluded just now."""
    messages: tuple[Message, ...]
    """Its brief, what it heard, what it remembers and what it is reminded of."""
    new_summaries: tuple[PrivateSummaryRecord, ...] = ()
    """New summaries for its mind."""
    concluded: tuple[ReflectionRecord, ...] = ()
    """New conclusions for its mind."""
    problem: str | None = None
    """Why it was reminded by recency and importance alone."""


async def build_turn_context(
    scenario: Scenario,
    context: RunContext,
    party: Organisation,
    seen: View,
    place: CallPath,
    brief: tuple[Message, ...],
    profile: PromptProfile,
    emit: Emit,
) -> TurnContext:
    """Put together what a party is told before it is asked anything.

    A small model is told what it is told: it copies what it reads, so that it sums up, concludes and recalls nothing.

    Args:
        scenario: What is played.
        context: The run's.
        party: Whose turn it is.
        seen: What it may know.
        place: Its turn.
        brief: Who it is.
        profile: Which sort of model is told.
        emit: Told of every call.
    """
    if profile == "small":
        return TurnContext(seen=seen, messages=build_history(brief, seen, scenario.clock, profile))
    new_summaries, concluded = list[PrivateSummaryRecord](), list[ReflectionRecord]()
    if not seen.voting:
        concluded = await reflect(scenario, context, party, seen, place, brief, emit)
        new_summaries = await summarise_mind(scenario, context, party, seen, place, emit)
        if concluded or new_summaries:
            seen = replace(
                seen,
                mind=(*seen.mind, *concluded),
                own_summaries=(*seen.own_summaries, *new_summaries),
                past=() if new_summaries else seen.past,
            )
    messages = build_history(brief, seen, scenario.clock)
    run = str(get_config().get("configurable", {}).get("thread_id", ""))
    occasion = RecallQuery(run=run, place=place, asked=_asked(scenario, party, seen))
    reminded = await recall_for(context, scenario, party, seen, occasion, messages)
    return TurnContext(
        seen=seen,
        messages=(*messages, *reminded.messages),
        new_summaries=tuple(new_summaries),
        concluded=tuple(concluded),
        problem=reminded.problem,
    )


def _asked(scenario: Scenario, party: Organisation, seen: View) -> str:
    """What the party is asked just this time; what it is asked in every round would bring up the same every time."""
    if seen.voting and scenario.motion:
        return scenario.motion.question
    return override_questions(party, seen, scenario.clock.period(seen.round).label)
