"""Has a party draw conclusions, once enough has happened: at the end of a round, as its first turn after it begins."""

from collections.abc import Mapping
from typing import Any

from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.models.base import Message
from converse_graph.prompting.history import build_history
from converse_graph.prompting.personas import with_article
from converse_graph.prompting.recall_ranking import select
from converse_graph.prompting.recall_records import recalled_message_text, records_since
from converse_graph.record.call_paths import Provenance
from converse_graph.record.records import ReflectionRecord
from converse_graph.scenarios.fields import Text, TextList
from converse_graph.turn.recall import to_candidate
from converse_graph.turn.speaker_turn import PartyTurn

_FORM = build_reply_schema(
    "reflection",
    [
        Text(name="insight", ask="the most important thing that you conclude", max_length=160),
        TextList(name="further", ask="what else you conclude, a sentence each", max_items=2, max_length=160),
    ],
)


async def reflect(turn: PartyTurn) -> list[ReflectionRecord]:
    """Draw conclusions, if enough has happened since the party last did: a record for its mind, else none.

    It hears what it would hear anyway, and of what has left the window since then what weighs most.

    Args:
        turn: Whose turn it is, and what it may know.
    """
    scenario, view_now = turn.scenario, turn.view
    recall = scenario.recall_of(turn.party)
    if recall is None or recall.reflect_after is None:
        return []
    own = (*view_now.own_earlier, *view_now.mind)
    first = max((record["round"] for record in own if record["kind"] == "reflection"), default=0)
    recent = [record for record in records_since(scenario, view_now, first)
              if not _is_conclusion(record.message)]  # fmt: skip
    if sum(record.importance for record in recent) < recall.reflect_after:
        return []
    history = build_history(turn.brief, view_now, scenario.clock)
    sources = {message.source for message in history}
    left = [record for record in recent if record.message.source not in sources]
    names = select([to_candidate(scenario, view_now, record) for record in left], {}, recall)
    reminders = tuple(recalled_message_text(record.message) for record in left if record.message.source in names)
    since, until = (scenario.clock.period(round).label for round in (first, view_now.round - 1))
    task = turn.message("reflection", {"name": with_article(turn.party.name), "first": since, "last": until})
    answer = await turn.ask("reflection", (*history, *reminders, task), _FORM, prose="insight")
    record: ReflectionRecord = {
        "kind": "reflection",
        "round": view_now.round,
        "turn": view_now.turn,
        "place": str(turn.place.call("reflection")),
        "path": turn.party.name,
        "insights": insights_in(answer.values) if answer.values else [],
    }
    if answer.values is None:
        record["problem"] = answer.problem
    return [record]


def _is_conclusion(message: Message) -> bool:
    path = Provenance.parse(message.source).path
    return path is not None and path.task == "reflection"


def insights_in(values: Mapping[str, Any]) -> list[str]:
    """What was concluded, in one list."""
    return [values["insight"], *values["further"]]
