"""What a run has on record, and each record as the speakers were told of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from converse_graph.audit.access import asked_at, holder_of
from converse_graph.calls.model_call import repeated
from converse_graph.judge.record_parts import told as told_to_judge
from converse_graph.models.base import PROFILES, PUBLIC, Part
from converse_graph.models.reply_reader import read_reply
from converse_graph.prompting.history import heard, lines_heard, lines_recalled, persona_mind, public_record
from converse_graph.prompting.recall_index import PREFIX, sentences_of
from converse_graph.prompting.recall_records import as_recalled
from converse_graph.prompting.summaries import summary_part
from converse_graph.prompting.visibility import View
from converse_graph.record.state import Entry, mind_of
from converse_graph.record.transcript import Header, Statement
from converse_graph.scenarios.clock import Clock
from converse_graph.store.journal import Call

SAID = ("statement", "graph")
"""Tasks by which a party comes to its statement: asked of its model, or of its own graph."""


class Records:
    """The ledgers of a run and its replies, to be looked up by what a part of a prompt says it comes from."""

    def __init__(self, header: Header, channels: Mapping[str, Any], calls: Sequence[Call]) -> None:
        """Take a run's header, the channels of its root graph, and its calls.

        Args:
            header: Of the run.
            channels: Public and private.
            calls: Its own, and after them those of the runs that it was forked from.
        """
        self.header = header
        self.clock = Clock(**{name: header.clock[name] for name in ("start", "end", "step")})
        self.statements: Sequence[Entry] = channels.get("transcript", ())
        self.summaries: Sequence[Entry] = channels.get("summaries", ())
        self.minds: dict[str, Sequence[Entry]] = {
            party.name: channels.get(mind_of(party.name), ()) for party in header.cast
        }
        self._private: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
        for party, mind in self.minds.items():
            for entry in mind:
                self._private[entry["place"]].append((party, entry))
        self._said = {f"{said['round']}.{said['turn']}/{said['speaker']}": said for said in self.statements}
        self._replies: dict[str, list[Call]] = defaultdict(list)
        for call in calls:
            self._replies[call.place].append(call)

    def told(self, part: Part) -> set[Part] | None:
        """The ways in which the record that a part names is told; None for a part that is made from no one record."""
        kind, _, name = part.source.partition("/")
        match kind:
            case "statement":
                return {*self._statement(name)}
            case "event":
                return {*self._event(name)}
            case "summary":
                return {*self._summary(name)}
            case "mind":
                return {*self._recollection(name)}
            case "line":
                return {*self._line(name)}
            case "reply":
                return {*self._reply(name)}
            case "recalled" | "sentence":
                return self._part_of(part, name)
        return None

    def _part_of(self, part: Part, source: str) -> set[Part] | None:
        """The ways in which a record that is told again is told, or the sentences of it that an embedder is sent."""
        told = self.told(replace(part, source=source))
        if told is None or not part.source.startswith(PREFIX):
            return told and {as_recalled(whole) for whole in told}
        return {piece for whole in told for piece in sentences_of(whole)}

    def answers(self, place: str) -> list[dict[str, Any]]:
        """What was answered at a place and taken, each as its values by field; a fork may have asked again."""
        given = [values_of(call) for call in self._replies.get(place, ()) if self.was_taken(call)]
        return [values for values in given if values is not None]

    def was_taken(self, call: Call) -> bool:
        """Whether what a reply says is on record: it was accepted, or sent back for drift and kept after all."""
        if call.accepted:
            return True
        where, _, task = call.place.rpartition("/")
        said = self._said.get(where) if task == "statement" else None
        return said is not None and bool(said["text"]) and (values_of(call) or {}).get("statement") == said["text"]

    def asked(self, place: str) -> bool:
        """Whether anybody was asked at a place."""
        return place in self._replies

    def _statement(self, name: str) -> Iterator[Part]:
        said = self._said.get(name)
        if said is None:
            return
        for profile in PROFILES:
            yield from public_record([said], self.clock, profile)
            yield told_to_judge(Statement(period=self.clock.period(said["round"]).label, **said), profile)

    def _event(self, name: str) -> Iterator[Part]:
        number = int(name) if name.isdecimal() else len(self.header.events)
        for event in self.header.events[number : number + 1]:
            round = self.clock.round_of(event.at)
            entry = {"round": round, "number": number, "text": event.text, "to": event.to}
            yield from self._heard(View(party="", round=round, turn=0, statements=(), mind=(), events=(),
                                        dated=(entry,)))  # fmt: skip

    def _summary(self, name: str) -> Iterator[Part]:
        for kept in self.summaries:
            if name == f"{kept['level']}.{kept['first']}-{kept['last']}":
                yield summary_part(kept, self.clock, PUBLIC)

    def _recollection(self, place: str) -> Iterator[Part]:
        for party, entry in self._private.get(place, ()):
            path = entry["path"]
            if path.partition("/")[0] != party:
                continue  # somebody else's record in this mind: nothing can have been made from it rightly
            if "gist" in entry:
                yield summary_part(entry, self.clock, path)
                continue
            yield from self._heard(View(party=path, round=entry["round"], turn=0, statements=(), mind=(entry,),
                                        events=()))  # fmt: skip
            for name in {line["speaker"] for line in entry.get("lines", ())}:
                member = f"{path}/{name}"
                yield from lines_recalled([entry], member, self.clock)
                yield from persona_mind([entry], member, self.clock, entry["round"], "small")

    def _heard(self, view: View) -> Iterator[Part]:
        for profile in PROFILES:
            yield from heard(view, self.clock, profile)

    def _line(self, name: str) -> Iterator[Part]:
        place, _, step = name.rpartition("/")
        number, _, speaker = step.partition(".")
        lines = next((entry["lines"] for _, entry in self._private.get(place, ()) if "lines" in entry), None)
        if lines is None:  # the debate was broken off, or goes on: its lines are in the journal alone
            spoken = self.answers(f"{place}/{step}/line") or [{"line": ""}]
            said = [{"speaker": speaker, "text": values["line"]} for values in spoken if "line" in values]
        else:
            said = [line for line in lines[int(number) : int(number) + 1] if line["speaker"] == speaker]
        for line in said:
            for profile in PROFILES:
                before = [line] * (int(number) + 1)  # only the last is told; it bears its own number
                yield lines_heard(before, place=place, path=holder_of(place), profile=profile)[-1]

    def _reply(self, place: str) -> Iterator[Part]:
        for call in self._replies.get(place, ()):
            if not call.accepted:
                text = repeated(call.reply.text)
                yield Part(role="assistant", text=text, source=f"reply/{place}", owner=asked_at(place).reader)


def values_of(call: Call) -> dict[str, Any] | None:
    """A reply as values by field; None where it is no object."""
    return read_reply(call.reply.text, call.schema.get("properties", {})).values
