"""A run as it goes on: what is new of it, told to every browser that looks, from where each has come.

What is told is read from the store, so that a run of another process is followed as well; words that are still being
written are known where this process plays the run. A listener names what it has by counts of ledgers that only grow,
so that nothing is told twice and nothing is left out, whatever connections are lost in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from sse_starlette import ServerSentEvent

from converse_graph.errors import ConverseError, InvalidValue
from converse_graph.models.reply_reader import read_reply
from converse_graph.record.call_paths import CallPath
from converse_graph.scenarios.speaker_paths import party_of
from converse_graph.store.journal import CallSummary
from converse_graph.view.colours import colour_numbers
from converse_graph.view.formatting import count, money
from converse_graph.view.records import Reader, StoredRun
from converse_graph.view.run_page import call_label, period_span, place_of, told_verdicts
from converse_graph.view.templating import render
from converse_graph.view.timeline import Mark, marks, party_colours, sections

POLL = 0.4
"""Seconds between two looks at a run that others may be playing."""
PAUSE = 0.06
"""Seconds between two messages to a listener, at least: words come in pieces of a letter."""
MOST_BEHIND = 200
"""Turns that a listener is told at once; one that is further behind loads the page again."""
_SPOKEN = ("line", "reason", "statement", "summary", "answer")
"""Fields of a reply that are prose."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """How much of a run a listener has: entries of ledgers that only grow."""

    statements: int = 0
    worlds: int = 0
    votes: int = 0

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read what `Last-Event-ID` says.

        Raises:
            InvalidValue: It is none of ours.
        """
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isdecimal() and len(part) < 10 for part in parts):
            raise InvalidValue(f"{text[:40]!r} is no place in a run, such as 12.3.0.")
        return cls(statements=int(parts[0]), worlds=int(parts[1]), votes=int(parts[2]))

    @classmethod
    def of(cls, view: StoredRun) -> Place:
        """All of a run as it stands."""
        return cls.parse(place_of(view))

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return f"{self.statements}.{self.worlds}.{self.votes}"


@dataclass(kw_only=True)
class Draft:
    """What a party is saying, as far as it is written."""

    text: str = ""
    generation: int = 0
    """Counts up when the words are begun again."""


@dataclass(kw_only=True)
class InnerDraft(Draft):
    """What the member of a private debate is saying, as far as it is written."""

    path: str = ""
    """Whose words they are, such as "OpenAI/CEO"."""
    line: str = ""
    """Which line of the debate, such as "line 2 of 5"."""


@dataclass(frozen=True, kw_only=True)
class PrivateLine:
    """Something that was said or written down inside a party, in the turn that is on."""

    call: int
    """Of the journal."""
    party: str
    who: str
    what: str
    text: str
    position: str


@dataclass(kw_only=True)
class _Listener:
    """What one listener has been told."""

    place: Place
    status: dict[str, str] = field(default_factory=dict)
    floor: tuple[Any, ...] = ()
    lines: int = 0
    marks: tuple[Mark, ...] = ()
    drafts: dict[str, tuple[int, int]] = field(default_factory=dict)
    inner: dict[str, tuple[int, int]] = field(default_factory=dict)
    verdicts: int = 0


class LiveRun:
    """One run, with all who listen to it."""

    def __init__(self, reader: Reader, name: str) -> None:
        """Follow a run."""
        self._reader, self._name = reader, name
        self._drafts: dict[str, Draft] = {}
        self._inner: dict[str, InnerDraft] = {}
        self._generation = 0
        self._change = asyncio.Event()
        self._view: StoredRun | None = None
        self._lines: list[PrivateLine] = []
        self._last_call = 0
        self._following: asyncio.Task[None] | None = None
        self.listeners = 0
        self.is_played_here = False
        """Whether this process plays it: then words are known as they are written."""

    @property
    def is_idle(self) -> bool:
        """Whether nobody needs it."""
        return self.listeners == 0 and not self.is_played_here

    def watch(self, event: Mapping[str, Any]) -> None:
        """Take an event of a run that this process plays."""
        match event["event"]:
            case "turn":
                self._begin(event["speaker"])
            case "restart":
                for name in [event["speaker"]] if event.get("speaker") else list(self._drafts):
                    self._begin(name)
            case "text":
                self._drafts.setdefault(event["speaker"], Draft()).text += event["text"]
            case "line" | "line_text":
                self._add_to_line(event)
            case "statement":
                self._drafts.pop(event["speaker"], None)
                self._inner.pop(event["speaker"], None)
        self._wake()

    def _begin(self, speaker: str) -> None:
        self._generation += 1
        self._drafts[speaker] = Draft(generation=self._generation)

    def _add_to_line(self, event: Mapping[str, Any]) -> None:
        """Begin a line, or take its next piece; they come by two ways, and in any order."""
        path, line = event["path"], f"line {event['line']} of {event['of']}"
        before = self._inner.get(party_of(path))
        is_begun = before is not None and (before.path, before.line) == (path, line)
        is_restart = event["event"] == "line_text" and event["text"] is None
        if not is_begun or is_restart:  # a debate inside its speaker may have come before it
            self._generation += 1
            self._inner[party_of(path)] = InnerDraft(generation=self._generation, path=path, line=line)
        self._inner[party_of(path)].text += event.get("text") or ""

    def _wake(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def listen(self, place: Place) -> AsyncGenerator[ServerSentEvent, None]:
        """Tell what is new, from a place on, until the listener leaves.

        Args:
            place: What the listener has already.
        """
        listener = _Listener(place=place)
        self.listeners += 1
        if self._following is None:
            self._following = asyncio.create_task(self._follow())
        try:
            while True:
                change = self._change
                if self._view is not None:
                    for event in self._news(self._view, listener):
                        yield event
                await change.wait()
                await asyncio.sleep(PAUSE)
        finally:
            self.listeners -= 1
            if self.listeners == 0 and self._following is not None:
                self._following.cancel()
                self._following = None

    async def _follow(self) -> None:
        """Look at the store again and again while anybody listens."""
        while True:
            try:
                view, lines, last = await self._reader.call(self._look)
            except ConverseError:  # a store that is gone for a while: whoever listens waits, and asks again
                await asyncio.sleep(5 * POLL)
                continue
            if self._view is None or view != self._view or lines:
                begins_anew = self._view is None or _floor(view) != _floor(self._view)
                self._lines = lines if begins_anew else [*self._lines, *lines]
                self._view, self._last_call = view, last
                self._wake()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), POLL)
            await asyncio.sleep(POLL / 4)

    def _look(self) -> tuple[StoredRun, list[PrivateLine], int]:
        """How the run stands, and what was said inside parties since the last look, in the turn that is on."""
        view = self._reader.read_run(self._name)
        begins_anew = self._view is None or _floor(view) != _floor(self._view)
        after = 0 if begins_anew else self._last_call
        if view.status != "running" or view.floor is None:
            return view, [], after
        round, turn, speakers = _floor(view)
        lines, last = [], after
        journal = self._reader.store.journal(view.run.id)
        for call in journal.summaries(f"{round}.", after=after):
            path = _path(call)
            last = max(last, call.id)
            if path is None or path.turn < turn or path.party not in speakers or not call.accepted:
                continue
            if _is_private_talk(path):
                line = _line(call, path, journal.reply(call.id))
                lines += [line] if line is not None else []
        return view, lines, last

    def _news(self, view: StoredRun, listener: _Listener) -> list[ServerSentEvent]:
        """What a listener has not been told."""
        events = [*self._new_turns(view, listener), *_new_status(view, listener), *_new_verdicts(view, listener)]
        events += self._new_floor(view, listener)
        if listener.floor:
            events += self._new_lines(view, listener)
            events += self._new_inner_words(listener)
            events += self._new_words(listener)
        return events

    def _new_turns(self, view: StoredRun, listener: _Listener) -> list[ServerSentEvent]:
        now, had = Place.of(view), listener.place
        if now == had:
            return []
        listener.place = now
        if now.statements - had.statements > MOST_BEHIND or now.statements < had.statements:
            return [ServerSentEvent(data=str(now), event="reload", id=str(now))]
        html = "".join(
            render("section.html", one=one, run=view.run.name, motion=view.header.motion)
            for one in new_sections(view, had)
        )
        news: dict[str, Any] = {"html": html, "total": now.statements}
        if (marks_now := marks(view)) != listener.marks:
            listener.marks, news["marks"] = marks_now, render("marks.html", marks=marks_now, run=view.run.name)
        return [ServerSentEvent(data=json.dumps(news), event="turns", id=str(now))]

    def _new_floor(self, view: StoredRun, listener: _Listener) -> list[ServerSentEvent]:
        floor = _floor(view) if view.status == "running" and view.floor is not None else ()
        if floor == listener.floor:
            return []
        listener.floor, listener.lines, listener.drafts, listener.inner = floor, 0, {}, {}
        if not floor:
            return [ServerSentEvent(data="", event="floor")]
        round, _, speakers = floor
        html = render(
            "floor.html",
            speakers=speakers,
            period=view.clock.period(round).label,
            colours=party_colours(view),
            is_ballot=view.floor is not None and view.floor.get("stage") == "ballot",
        )
        return [ServerSentEvent(data=html, event="floor")]

    def _new_lines(self, view: StoredRun, listener: _Listener) -> list[ServerSentEvent]:
        new = [line for line in self._lines if line.call > listener.lines]
        if not new:
            return []
        listener.lines = new[-1].call
        lines = [{"party": line.party, "html": render("live_line.html", line=line)} for line in new]
        return [ServerSentEvent(data=json.dumps(lines), event="lines")]

    def _new_words(self, listener: _Listener) -> list[ServerSentEvent]:
        events = []
        for speaker, draft in self._drafts.items():
            generation, length = listener.drafts.get(speaker, (-1, 0))
            start = length if generation == draft.generation else 0
            if generation == draft.generation and len(draft.text) == length:
                continue
            listener.drafts[speaker] = (draft.generation, len(draft.text))
            piece = {"speaker": speaker, "from": start, "text": draft.text[start:]}
            events.append(ServerSentEvent(data=json.dumps(piece), event="words"))
        return events

    def _new_inner_words(self, listener: _Listener) -> list[ServerSentEvent]:
        events = []
        for speaker, draft in self._inner.items():
            generation, length = listener.inner.get(speaker, (-1, 0))
            is_new = generation != draft.generation
            if not is_new and len(draft.text) == length:
                continue
            listener.inner[speaker] = (draft.generation, len(draft.text))
            start = 0 if is_new else length
            who = draft.path.partition("/")[2]
            piece = {"speaker": speaker, "from": start, "text": draft.text[start:]}
            if is_new:
                colour = colour_numbers([who])[who]
                piece |= {"who": who.replace("/", " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "), "colour": colour}
                piece["line"] = draft.line
            events.append(ServerSentEvent(data=json.dumps(piece), event="inside"))
        return events


def new_sections(view: StoredRun, had: Place) -> list[Any]:
    """What has come since a place: turns, and what came of rounds whose turns the listener had already."""
    late = []
    worlds = {after.round: after for after in view.world[had.worlds :]}
    votes = {vote.round: vote for vote in view.votes[had.votes :]}
    whole = [
        one if one.world is None or one.round in worlds else replace(one, world=None)
        for one in sections(view, had.statements, len(view.statements))
    ]
    whole = [one for one in whole if one.round >= 0 or one.world is not None]
    rounds = {one.round for one in whole}
    for round in sorted({*worlds, *votes} - rounds):
        before = sections(view, 0, 0) if round < 0 else _section_of(view, round, had.statements)
        late += [replace(one, begins=False, happenings=(), turns=(), world=worlds.get(round), vote=votes.get(round))
                 for one in before]  # fmt: skip
    return [*late, *whole]


def _section_of(view: StoredRun, round: int, before: int) -> Sequence[Any]:
    """The last turn of a round that a listener has, as a section."""
    number = next((at for at in reversed(range(before)) if view.round_at(at) == round), None)
    return sections(view, number, number + 1) if number is not None else ()


def _new_status(view: StoredRun, listener: _Listener) -> list[ServerSentEvent]:
    status = {
        "status": view.status,
        "ended": view.run.ended or "",
        "period": period_span(view),
        "turns": count(len(view.statements), "turn"),
        "tokens": count(view.run.tokens, "token"),
        "usd": money(view.run.usd),
        "rounds": str(view.run.rounds),
    }
    if status == listener.status:
        return []
    listener.status = status
    return [ServerSentEvent(data=json.dumps(status), event="status")]


def _new_verdicts(view: StoredRun, listener: _Listener) -> list[ServerSentEvent]:
    verdicts = told_verdicts(view.verdicts)
    if len(verdicts) == listener.verdicts:
        return []
    listener.verdicts = len(verdicts)
    html = render("verdicts.html", verdicts=verdicts)
    return [ServerSentEvent(data=json.dumps({"html": html, "count": len(verdicts)}), event="verdicts")]


def _floor(view: StoredRun) -> tuple[Any, ...]:
    """Whose turn it is: round, turn, speakers."""
    floor = view.floor
    return (0, 0, ()) if floor is None else (floor["round"], floor["turn"], tuple(floor["speakers"]))


def _path(call: CallSummary) -> CallPath | None:
    try:
        return CallPath.parse(call.place)
    except InvalidValue:
        return None


def _is_private_talk(path: CallPath) -> bool:
    """Whether a call is a piece of what goes on inside a party."""
    return path.task in ("line", "position", "ballot", "reflection")


def _line(call: CallSummary, path: CallPath, reply: str) -> PrivateLine | None:
    """What was said in a call; None where it was nothing."""
    values = read_reply(reply).values or {}
    text = next((str(values[name]) for name in _SPOKEN if values.get(name)), "")
    if not text and not values.get("position"):
        return None
    who = path.reader.partition("/")[2] or path.party
    position = values.get("position")
    return PrivateLine(
        call=call.id, party=path.party, who=who, what=call_label(call.place), text=text, position=str(position or "")
    )


class LiveRuns:
    """The runs that somebody follows, or that this process plays."""

    def __init__(self, reader: Reader) -> None:
        """Follow runs of a store."""
        self._reader = reader
        self._runs: dict[str, LiveRun] = {}

    def of(self, name: str) -> LiveRun:
        """One run; those whom nobody listens to any more are let go of."""
        for other in [key for key, run in self._runs.items() if key != name and run.is_idle]:
            del self._runs[other]
        return self._runs.setdefault(name, LiveRun(self._reader, name))
