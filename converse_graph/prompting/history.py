"""From what a speaker heard and remembers to the messages of a prompt, in an order whose beginning stays the same.

Rules and brief come first, then what was said and thought, oldest first, then the task with the clock. A part is
made from one record and carries its owner, so that the journal can show that no private record went astray.

What somebody said can neither end the part it stands in nor pass for another's: a large model reads it between tags,
and `<` is escaped in it; a small model, which copies tags into its own prose, reads one line in quotation marks, and
line breaks and quotation marks are taken out of it. It is not told when: all that it hears is of the last round, and
with a date to copy it reports the year instead of its subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from converse_graph.models.base import PUBLIC, Message, PromptProfile
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.decisions import format_decision, quoted, redacted_decision
from converse_graph.prompting.summaries import current_summaries, summarised_until, summary_part
from converse_graph.prompting.visibility import View, summaries_of
from converse_graph.record.call_paths import CallPath, Provenance
from converse_graph.record.records import (
    AnySummaryRecord,
    LineRecord,
    MindRecord,
    OwnRecord,
    PrivateSummaryRecord,
    StatementRecord,
    debate_of,
    memo_of,
)
from converse_graph.sanitize import escape_text, quote, strip_invisible
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import format_value
from converse_graph.scenarios.speaker_paths import join_path, name_of, owner_of

PRIVATE_TOKENS = 800
"""Of what a party, or one of its personas, kept to itself before the public record that is heard word for word: beyond,
it is summed up. A memo is about a hundred."""

SMALL_ROUNDS = 1
"""How many earlier rounds a small model hears. It repeats what it reads, the more so the more of it there is; the
beginning of its prompts that a cache can keep is the brief with its examples."""

SMALL_STATEMENTS = 1
"""How many statements a small model hears, the last ones: with more before it, it takes another's part."""

SMALL_LINES = 1
"""How many lines of a debate a small model hears before its own."""

SMALL_HEARD = 120
"""Characters of a text that a small model hears, to the end of the last sentence that fits: it copies the rest."""

_IN_TIME = itemgetter(0, 1, 2)
"""Round, turn, and what comes first of one turn."""

_SENTENCE_END = re.compile(r"[.!?](?= )")


def recent_messages(view: View, clock: Clock, profile: PromptProfile = "large") -> tuple[Message, ...]:
    """What a party heard and what it kept to itself, in the order in which it happened.

    Args:
        view: What the party may know.
        clock: The scenario's clock.
        profile: Which sort of model it is told to; a small one is told of the last round alone, without fields,
            and of no more than `SMALL_STATEMENTS`.
    """
    first = view.round - SMALL_ROUNDS if profile == "small" else 0
    statements = view.statements[-SMALL_STATEMENTS:] if profile == "small" else view.statements
    mind = (*view.past, *view.mind) if profile == "large" else view.mind
    messages = [
        (
            event.round,
            -1,
            event.number,
            _happened(event.text, clock.period(event.round).label, event.number, event.to or PUBLIC, profile),
        )
        for event in view.dated
    ]
    messages += [
        (statement["round"], statement["turn"], 0, _public(statement, clock.period(statement["round"]).label, profile))
        for statement in statements
        if statement["round"] >= first
    ]
    messages += [
        (
            record["round"],
            record["turn"],
            1,
            _recollection(view.party, clock.period(record["round"]).label, record["place"], words, profile),
        )
        for record in mind
        if record["path"] == view.party and record["round"] >= first and (words := _remembered(record, profile))
    ]
    return tuple(message for *_, message in sorted(messages, key=_IN_TIME) if message.text)


def build_history(
    brief: tuple[Message, ...], view: View, clock: Clock, profile: PromptProfile = "large"
) -> tuple[Message, ...]:
    """What a party is told before its task: who it is, the past summed up, then what was said of late.

    This is the order of every prompt. What changes least comes first, so that a provider's cache keeps the most: the
    brief never changes, a summary is written once, the recent record moves in blocks. What a party must never lose,
    what stands and the clock are in the task, which comes last.

    Args:
        brief: Who it is and how it reports.
        view: What it may know.
        clock: The scenario's clock.
        profile: Which sort of model is told; a small one is told of no past.
    """
    past = summary_messages(view, clock) if profile == "large" else ()
    return (*brief, *past, *recent_messages(view, clock, profile))


def summary_messages(view: View, clock: Clock) -> tuple[Message, ...]:
    """The summaries that stand for the past: the public ones and the party's own, in the order of time."""
    public = current_summaries(view.summaries)
    own = current_summaries(summaries_of(view.own_summaries, view.party))
    summaries: list[AnySummaryRecord] = [*public, *own]
    in_time = sorted(summaries, key=lambda summary: (summary["last"], summary["kind"] == "private_summary"))
    return tuple(summary_part(summary, clock) for summary in in_time)


def public_record(
    statements: Sequence[StatementRecord], clock: Clock, profile: PromptProfile = "large"
) -> tuple[Message, ...]:
    """Statements as everybody hears them."""
    return tuple(_public(statement, clock.period(statement["round"]).label, profile) for statement in statements)


def heard_line_messages(
    lines: Sequence[LineRecord], *, place: CallPath, profile: PromptProfile = "large"
) -> tuple[Message, ...]:
    """The lines of a debate so far, as its members hear them; a small model hears the last alone, lest it copies."""
    first = max(0, len(lines) - SMALL_LINES) if profile == "small" else 0
    return tuple(
        _line(line["speaker"], number, place, line["text"], profile) for number, line in enumerate(lines[first:], first)
    )


def persona_memory(
    mind: Sequence[MindRecord],
    path: str,
    clock: Clock,
    round: int,
    profile: PromptProfile = "large",
    summaries: Sequence[PrivateSummaryRecord] = (),
) -> tuple[Message, ...]:
    """What a persona remembers of earlier rounds that its organisation does not: its words and its own debates.

    Args:
        mind: The records in its organisation's private channel.
        path: The persona, such as "OpenAI/CEO".
        clock: The scenario's clock.
        round: The round that is being played.
        profile: Which sort of model it is told to.
        summaries: In its organisation's private channel; it is told of its own.
    """
    own_past = summaries_of(summaries, path) if profile == "large" else []
    past = tuple(summary_part(summary, clock) for summary in current_summaries(own_past))
    owner, name = owner_of(path), name_of(path)
    first = summarised_until(own_past) if profile == "large" else round - SMALL_ROUNDS
    messages = []
    for record in mind:
        debate = debate_of(record)
        if record["round"] < first or debate is None:
            continue
        label = clock.period(record["round"]).label
        if record["path"] == owner:
            own = [line["text"] for line in debate["lines"] if line["speaker"] == name and line["text"]]
            if own:
                words = " ".join(map(quoted, own)) if profile == "large" else own[-1]
                messages.append(_recollection(path, label, record["place"], f"You said: {words}", profile))
        elif record["path"] == path:
            messages.append(_recollection(path, label, record["place"], _remembered(record, profile), profile))
    return (*past, *messages)


def private_record(mind: Sequence[OwnRecord], party: str, clock: Clock) -> tuple[Message, ...]:
    """What a party kept to itself, as a large model hears it: memos and decisions; nothing of records without any."""
    return tuple(
        _recollection(party, clock.period(record["round"]).label, record["place"], words, "large")
        for record in mind
        if record["path"] == party and (words := _remembered(record, "large"))
    )


def notes_need_summary(past: Sequence[OwnRecord], party: str, clock: Clock) -> bool:
    """Whether what a party, or one of its personas, kept to itself long ago is more than it is told word for word."""
    own = sum(estimate_tokens(message.text) for message in private_record(past, party, clock))
    debates = [debate for record in past if record["path"] == party and (debate := debate_of(record))]
    speakers = {line["speaker"] for debate in debates for line in debate["lines"]}
    lines = (
        sum(estimate_tokens(words) for _, words in own_line_messages(past, join_path(party, name))) for name in speakers
    )
    return max(own, *lines, 0) > PRIVATE_TOKENS


def own_line_messages(mind: Sequence[OwnRecord], path: str) -> tuple[tuple[OwnRecord, str], ...]:
    """What a persona said in debates on record: each record with the persona's words in it."""
    owner, name = owner_of(path), name_of(path)
    own = []
    for record in mind:
        if record["path"] == owner and (debate := debate_of(record)):
            own_lines = [line["text"] for line in debate["lines"] if line["speaker"] == name and line["text"]]
            words = " ".join(map(quoted, own_lines))
            if words:
                own.append((record, words))
    return tuple(own)


def recalled_line_messages(mind: Sequence[OwnRecord], path: str, clock: Clock) -> tuple[Message, ...]:
    """The same as messages of a prompt for that persona alone."""
    return tuple(
        _recollection(path, clock.period(record["round"]).label, record["place"], f"You said: {words}", "large")
        for record, words in own_line_messages(mind, path)
    )


def _public(statement: StatementRecord, label: str, profile: PromptProfile) -> Message:
    report = _report(statement) if profile == "large" else ""
    return _statement(
        statement["speaker"], label, statement["round"], statement["turn"], statement["text"], report, profile
    )


@lru_cache(maxsize=1024)
def _statement(
    speaker: str, label: str, round: int, turn: int, text: str, report: str, profile: PromptProfile
) -> Message:
    if profile == "small":
        words = f"{speaker} said: {_quoted(text)}" if text else f"{speaker} said nothing."
    else:
        # What code put on record stands in a tag of its own: prose can be worded like it, and holds no tag.
        fields = f"\n<fields>{escape_text(report)}</fields>" if report else ""
        words = f'<statement by="{speaker}" in="{label}">{escape_text(text or "(no statement)")}{fields}</statement>'
    return Message(role="user", text=words, source=str(Provenance.of_statement(round, turn, speaker)), owner=PUBLIC)


@lru_cache(maxsize=1024)
def _happened(text: str, label: str, number: int, owner: str, profile: PromptProfile) -> Message:
    words = f"It happens: {_quoted(text)}" if profile == "small" else f'<event in="{label}">{escape_text(text)}</event>'
    return Message(role="user", text=words, source=str(Provenance.of_event(number)), owner=owner)


@lru_cache(maxsize=1024)
def _recollection(owner: str, label: str, place: str, text: str, profile: PromptProfile) -> Message:
    if profile == "small":
        words = f"{name_of(owner)} noted in private: {_quoted(text)}" if text else ""
    else:
        words = f'<private{_of(owner)} in="{label}">{escape_text(text)}</private>'
    return Message(role="user", text=words, source=str(Provenance.of_mind(CallPath.parse(place))), owner=owner)


def _of(owner: str) -> str:
    """Whose a note is, where it is not the organisation's: all who read an organisation's notes are of it."""
    return f' of="{owner}"' if owner_of(owner) else ""


@lru_cache(maxsize=1024)
def _line(speaker: str, number: int, place: CallPath, text: str, profile: PromptProfile) -> Message:
    if profile == "small":
        words = f"{speaker}: {_quoted(text)}" if text else f"{speaker} says nothing."
    else:
        words = f'<line by="{speaker}">{escape_text(text or "(says nothing)")}</line>'
    return Message(role="user", text=words, source=str(Provenance.of_line(place, number, speaker)), owner=place.reader)


def _quoted(text: str) -> str:
    """The beginning of a text on one line between quotation marks, none of which stands inside it."""
    return quote(_beginning(" ".join(strip_invisible(text).split())))


def _beginning(text: str) -> str:
    if len(text) <= SMALL_HEARD:
        return text
    beginning = text[:SMALL_HEARD]
    ends = [match.end() for match in _SENTENCE_END.finditer(beginning)]
    return beginning[: ends[-1]] if ends else f"{beginning.rpartition(' ')[0] or beginning}…"


def _report(statement: StatementRecord) -> str:
    """The fields of a statement in words, each on a line; nothing where there is no statement."""
    fields = statement["fields"].items() if statement["text"] else ()
    return "\n".join(f"{name.replace('_', ' ')}: {_reported(value)}" for name, value in fields)


def _reported(value: Any) -> str:
    words = "; ".join(map(format_value, value)) if isinstance(value, list) and value else format_value(value)
    return " ".join(words.split())


def _remembered(record: MindRecord, profile: PromptProfile) -> str:
    return " ".join(_thoughts(record, profile))


def _thoughts(record: MindRecord, profile: PromptProfile) -> Iterator[str]:
    debate = debate_of(record)
    if debate is not None:
        if profile == "large":
            yield f"We debated: {debate['motion']}"
        yield format_decision(redacted_decision(debate), profile)
    if memo := memo_of(record):
        # Beside a decision it says whose words it is, which were of several before it.
        yield f"Our note: {memo}" if debate is not None and profile == "large" else memo
    if record["kind"] == "reflection" and record["insights"]:
        yield f"We concluded: {' '.join(record['insights'])}"
