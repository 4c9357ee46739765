"""What a run has on record, and each record as the speakers were told of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from converse_graph.audit.channels_on_disk import ChannelsOnDisk
from converse_graph.calls.model_call import repeated
from converse_graph.calls.reply_schema import read_values
from converse_graph.judge.record_parts import format_statement as told_to_judge
from converse_graph.models.base import Message, PromptProfile
from converse_graph.models.reply_reader import read_reply
from converse_graph.prompting.history import (
    heard_line_messages,
    persona_memory,
    public_record,
    recalled_line_messages,
    recent_messages,
)
from converse_graph.prompting.recall_index import sentences_of
from converse_graph.prompting.recall_records import recalled_message_text
from converse_graph.prompting.summaries import summary_part
from converse_graph.prompting.visibility import KnownEvent, View
from converse_graph.record.call_paths import CallPath, JudgePath, Provenance, Span, Task, parse_call_path
from converse_graph.record.records import (
    LineRecord,
    MindRecord,
    MoveRecord,
    OwnWorldRecord,
    StatementRecord,
    SummaryRecord,
    WorldRecord,
    debate_of,
    without_kind,
)
from converse_graph.record.state import WORLD_STATE, moves_channel, own_world_channel, private_channel
from converse_graph.record.transcript import Header, Statement
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.speaker_paths import join_path, party_of
from converse_graph.store.journal import Call

SAID: tuple[Task, ...] = ("statement", "graph")
"""Tasks by which a party comes to its statement: asked of its model, or of its own graph."""

CallsAt = Callable[[str], Sequence[Call]]
"""Finds the calls at a place that count, in the order in which they were completed."""

_REPAIR_OF_FIELDS = str(Provenance.of_template("any/repair-fields"))


class Records:
    """The ledgers of a run and its replies, to be looked up by what a message of a prompt says it comes from."""

    def __init__(self, header: Header, channels: ChannelsOnDisk, calls_at: CallsAt) -> None:
        """Take a run's header, the channels of its root graph, and what finds its calls.

        Args:
            header: Of the run.
            channels: Public and private.
            calls_at: Finds its calls at a place, and after them those of the runs that it was forked from.
        """
        self.header = header
        self.clock = Clock(**{name: header.clock[name] for name in ("start", "end", "step")})
        self.statements: Sequence[StatementRecord] = channels.get("transcript", ())
        self.summaries: Sequence[SummaryRecord] = channels.get("summaries", ())
        self.minds: dict[str, Sequence[MindRecord]] = {
            party.name: channels.get(private_channel(party.name), ()) for party in header.cast
        }
        self.moves: dict[str, Sequence[MoveRecord]] = {
            party.name: channels.get(moves_channel(party.name), ()) for party in header.cast
        }
        self.own_worlds: dict[str, Sequence[OwnWorldRecord]] = {
            party.name: channels.get(own_world_channel(party.name), ()) for party in header.cast
        }
        self.public_worlds: Sequence[WorldRecord] = channels.get(WORLD_STATE, ())
        self._channels, self._calls_at = channels, calls_at

    def _statement_in(self, turn: CallPath) -> StatementRecord | None:
        """What was said in a turn."""
        statements = [record for ledger, record in self._channels.records_at(str(turn)) if ledger == "transcript"]
        return statements[-1] if statements else None

    def _private_in(self, place: CallPath) -> Iterator[tuple[str, MindRecord]]:
        """What was kept to oneself in a turn, or of a call: of each record whose mind it is in, and the record."""
        ledgers = {private_channel(party): party for party in self.minds}
        for ledger, record in self._channels.records_at(str(place)):
            if ledger in ledgers:
                yield ledgers[ledger], record

    def renderings(self, message: Message, origin: Provenance) -> Iterator[Message] | None:
        """How the record that a message names is told; None for a message that is made from no one record.

        Args:
            message: The part.
            origin: Where it says that it comes from.
        """
        # A large model is told of a record between tags. What is likely comes first: of what is told, none is kept.
        is_marked = message.text.startswith("<")
        whole = self._whole(origin, ("large", "small") if is_marked else ("small", "large"))
        if whole is None:
            return None
        texts = map(recalled_message_text, whole) if origin.is_recalled else whole
        return (piece for rendering in texts for piece in sentences_of(rendering)) if origin.is_sentence else texts

    def _whole(self, origin: Provenance, profiles: Sequence[PromptProfile]) -> Iterator[Message] | None:
        """The same of the whole record, as it is told first: to a model of each of these sorts."""
        match origin:
            case Provenance(record="statement", of=CallPath() as path):
                return self._statement(path, profiles)
            case Provenance(record="event", of=int(number)):
                return self._event(number, profiles)
            case Provenance(record="summary", of=Span() as span):
                return self._summary(span)
            case Provenance(record="mind", of=CallPath() as path):
                return self._recollection(path, profiles)
            case Provenance(record="line", of=CallPath() as path):
                return self._line(path, profiles)
            case Provenance(record="reply", of=CallPath() | JudgePath() as path):
                return self._reply(path)
        return None

    def answers(self, path: CallPath) -> list[dict[str, Any]]:
        """What was answered in a call and taken, each as its values by field; a fork may have asked again."""
        return [
            values
            for call in self._calls_at(str(path))
            for values in self._with_earlier(call)
            if call.accepted or (self._was_kept(call, values) and not self._was_corrected(call))
        ]

    def was_taken(self, call: Call) -> bool:
        """Whether what a reply says is on record.

        It was accepted, or sent back for drift and kept after all, or sent back for some fields alone.
        """
        if call.accepted or self._was_corrected(call):
            return True
        return any(self._was_kept(call, values) for values in self._with_earlier(call))

    def _was_corrected(self, call: Call) -> bool:
        """Whether the rest of a reply was kept, and the fields at fault were asked for alone."""
        return not call.accepted and any(
            later.accepted and later.attempt > call.attempt and _is_of_fields_at_fault(later)
            for later in self._calls_at(call.place)
        )

    def _was_kept(self, call: Call, values: Mapping[str, Any]) -> bool:
        """Whether a statement that drifts is on record for want of a better one."""
        path = parse_call_path(call.place)
        statement = self._statement_in(path.holder) if isinstance(path, CallPath) and path.task == "statement" else None
        return statement is not None and bool(statement["text"]) and values.get("statement") == statement["text"]

    def _with_earlier(self, call: Call) -> Iterator[dict[str, Any]]:
        """A reply's values; of one that was asked for some fields alone, with those that it was given before.

        A fork may have asked again, so that there are several replies that it may have gone on from.
        """
        values = values_of(call)
        if not _is_of_fields_at_fault(call):
            yield from [values] if values is not None else ()
            as_written = read_reply(call.reply.text, call.schema.get("properties", {})).values
            if as_written not in (None, values):  # a run that is older than some reading took it so
                yield as_written
            return
        properties = call.schema["properties"]
        own = {name: value for name, value in (values or {}).items() if name in properties}
        for earlier in self._calls_at(call.place):
            if earlier.attempt == call.attempt - 1 and properties.keys() <= earlier.schema["properties"].keys():
                yield from ({**before, **own} for before in self._with_earlier(earlier))

    def _statement(self, path: CallPath, profiles: Sequence[PromptProfile]) -> Iterator[Message]:
        statement = self._statement_in(path)
        if statement is None:
            return
        for profile in profiles:
            yield from public_record([statement], self.clock, profile)
        read = Statement(period=self.clock.period(statement["round"]).label, **without_kind(statement))
        yield from (told_to_judge(read, profile) for profile in profiles)

    def _event(self, number: int, profiles: Sequence[PromptProfile]) -> Iterator[Message]:
        for event in self.header.events[number : number + 1]:
            round = self.clock.round_of(event.at)
            event_record = KnownEvent(round=round, number=number, text=event.text, to=event.party)
            yield from self._messages_of(View(party="", round=round, turn=0, statements=(), mind=(), events=(),
                                        dated=(event_record,)), profiles)  # fmt: skip

    def _summary(self, span: Span) -> Iterator[Message]:
        for ledger, summary in self._channels.records_at(str(span)):
            if ledger == "summaries":
                yield summary_part(summary, self.clock)

    def _recollection(self, made_in: CallPath, profiles: Sequence[PromptProfile]) -> Iterator[Message]:
        for party, record in self._private_in(made_in):
            path = record["path"]
            if party_of(path) != party:
                continue  # somebody else's record in this mind: nothing can have been made from it rightly
            if record["kind"] == "private_summary":
                yield summary_part(record, self.clock)
                continue
            yield from self._messages_of(View(party=path, round=record["round"], turn=0, statements=(), mind=(record,),
                                        events=()), profiles)  # fmt: skip
            debate = debate_of(record)
            for name in {line["speaker"] for line in debate["lines"]} if debate else ():
                member = join_path(path, name)
                yield from recalled_line_messages([record], member, self.clock)
                yield from persona_memory([record], member, self.clock, record["round"], "small")

    def _messages_of(self, view: View, profiles: Sequence[PromptProfile]) -> Iterator[Message]:
        for profile in profiles:
            yield from recent_messages(view, self.clock, profile)

    def _line(self, path: CallPath, profiles: Sequence[PromptProfile]) -> Iterator[Message]:
        if not path.steps or not isinstance(number := path.steps[-1].at, int):
            return
        turn, speaker = replace(path, steps=path.steps[:-1]), path.steps[-1].name
        debates = (debate_of(record) for _, record in self._private_in(turn))
        lines = next((debate["lines"] for debate in debates if debate), None)
        line_records: list[LineRecord]
        if lines is None:  # the debate was broken off, or goes on: its lines are in the journal alone
            answers = self.answers(path.call("line")) or [{"line": ""}]
            line_records = [
                {"kind": "line", "speaker": speaker, "text": values["line"]} for values in answers if "line" in values
            ]
        else:
            line_records = [line for line in lines[number : number + 1] if line["speaker"] == speaker]
        for line in line_records:
            for profile in profiles:
                before = [line] * (number + 1)  # only the last is told; it bears its own number
                yield heard_line_messages(before, place=turn, profile=profile)[-1]

    def _reply(self, path: CallPath | JudgePath) -> Iterator[Message]:
        for call in self._calls_at(str(path)):
            if not call.accepted:
                text, source = repeated(call.reply.text), str(Provenance.of_reply(path))
                yield Message(role="assistant", text=text, source=source, owner=path.reader)


def _is_of_fields_at_fault(call: Call) -> bool:
    """Whether a call asks again for some fields alone, as the last message of its prompt says."""
    return bool(call.messages) and call.messages[-1].source == _REPAIR_OF_FIELDS


def values_of(call: Call) -> dict[str, Any] | None:
    """A reply as values by field, as its form took them; None where there are none."""
    properties = call.schema.get("properties", {})
    return read_values(read_reply(call.reply.text, properties), properties)
