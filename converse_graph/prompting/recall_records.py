"""What a party could recall: each record of its past as a message of a prompt, with its date and its weight.

It is a fold of what `views.view` gives the party, which holds its own mind and what it heard, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from converse_graph.models.base import Message
from converse_graph.prompting.history import recent_messages
from converse_graph.prompting.summaries import current_summaries, summary_part
from converse_graph.prompting.visibility import View, summaries_of
from converse_graph.record.call_paths import CallPath, Provenance
from converse_graph.record.records import (
    AnySummaryRecord,
    MindRecord,
    PrivateSummaryRecord,
    StatementRecord,
    SummaryRecord,
    debate_of,
)
from converse_graph.scenarios.rules import Event
from converse_graph.scenarios.scenario import Scenario

REPORTED, CONCLUDED, HAPPENED, DECIDED, NAMED, NOTED, SUMMED_UP, SAID = 0.8, 0.8, 0.9, 0.6, 0.5, 0.4, 0.4, 0.3
"""The importance of a statement that reports something the scenario keeps, waits for or lets stand; of a party's own
conclusions; of an event at a date; of its own decision; of a statement that names it; of its note to itself; of a
summary that another has replaced; of any other statement. Told from fields, so that no model is asked."""


@dataclass(frozen=True, kw_only=True)
class PastRecord:
    """Something that a party could recall."""

    message: Message
    """As it was told when it was in the window."""
    round: int
    importance: float
    """0 to 1."""


def past_records(scenario: Scenario, view: View) -> tuple[PastRecord, ...]:
    """Everything that a party heard or kept before its window begins, in the order of time.

    Args:
        scenario: What is played.
        view: What the party may know.
    """
    return tuple(_told_records(scenario, replace(view, **_EMPTY, statements=view.earlier, mind=view.own_earlier,
                                         dated=view.dated_earlier))) + tuple(_summaries(scenario, view))  # fmt: skip


def records_since(scenario: Scenario, view: View, first: int) -> tuple[PastRecord, ...]:
    """Everything that a party heard or kept from a round on and before the present one, in the order of time.

    Args:
        scenario: What is played.
        view: What the party may know.
        first: The round.
    """
    whole = replace(
        view,
        **_EMPTY,
        statements=_within([*view.earlier, *view.statements], first, view.round),
        mind=_within([*view.own_earlier, *view.mind], first, view.round),
        dated=tuple(event for event in (*view.dated_earlier, *view.dated) if first <= event.round < view.round),
    )
    return tuple(_told_records(scenario, whole))


def recalled_message_text(message: Message) -> Message:
    """A message as it is told again: marked as something that its reader recalls, and named after the same record."""
    source = str(Provenance.parse(message.source).recalled())
    return replace(message, text=f"<recalled>\n{message.text}\n</recalled>", source=source)


_EMPTY: Mapping[str, Any] = {"past": (), "summaries": (), "own_summaries": ()}


R = TypeVar("R", StatementRecord, MindRecord)


def _within(records: Sequence[R], first: int, until: int) -> tuple[R, ...]:
    return tuple(record for record in records if first <= record["round"] < until)


def _told_records(scenario: Scenario, view: View) -> Iterator[PastRecord]:
    weights = dict(_weights(scenario, view))
    for message in recent_messages(view, scenario.clock):
        round, importance = weights[message.source]
        if importance:
            yield PastRecord(message=message, round=round, importance=importance)


def _weights(scenario: Scenario, view: View) -> Iterator[tuple[str, tuple[int, float]]]:
    """Round and importance of each record, by what its message is called."""
    telling = _telling_fields(scenario)
    for statement in view.statements:
        source = Provenance.of_statement(statement["round"], statement["turn"], statement["speaker"])
        yield str(source), (statement["round"], _weight_of_statement(statement, telling, view.party))
    for record in view.mind:
        yield str(Provenance.of_mind(CallPath.parse(record["place"]))), (record["round"], _weight_of_own(record))
    for event in view.dated:
        yield str(Provenance.of_event(event.number)), (event.round, HAPPENED)


def _telling_fields(scenario: Scenario) -> frozenset[str]:
    """Fields whose answers matter later: announcements, incidents, laws, and reports of awaited events."""
    pinned_fields = {rule.field for rule in scenario.pinned}
    standing = {field for rule in scenario.running_lists for field in (rule.add_field, rule.remove_field)}
    return frozenset(pinned_fields | standing | {event.field for event in scenario.events if isinstance(event, Event)})


def _weight_of_statement(statement: StatementRecord, telling: frozenset[str], party: str) -> float:
    if not statement["text"]:
        return 0.0
    if any(statement["fields"].get(field) for field in telling):
        return REPORTED
    return NAMED if statement["speaker"] != party and party in statement["text"] else SAID


def _weight_of_own(record: MindRecord) -> float:
    if record["kind"] == "reflection" and record["insights"]:
        return CONCLUDED
    debate = debate_of(record)
    return DECIDED if debate and debate["decision"] else NOTED


def _summaries(scenario: Scenario, view: View) -> Iterator[PastRecord]:
    """Summaries that one of a higher level has replaced: they say more of less."""
    own = summaries_of(view.own_written_summaries, view.party)
    old_summaries: list[AnySummaryRecord] = [*_replaced(view.written_summaries), *_replaced(own)]
    for summary in old_summaries:
        message = summary_part(summary, scenario.clock)
        yield PastRecord(message=message, round=summary["last"], importance=SUMMED_UP)


S = TypeVar("S", SummaryRecord, PrivateSummaryRecord)


def _replaced(summaries: Sequence[S]) -> list[S]:
    standing = current_summaries(summaries)
    return [summary for summary in summaries if summary not in standing]
