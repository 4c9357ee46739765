"""The page of one seat: the view of who is played, the form of its turn, and otherwise whose turn it is."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from sse_starlette import ServerSentEvent

from converse_graph.errors import InvalidValue
from converse_graph.models.human import HUMAN, PASS_TO_MODEL
from converse_graph.record.call_paths import CallPath, Provenance
from converse_graph.scenarios.speaker_paths import party_of
from converse_graph.view.formatting import plain
from converse_graph.view.records import StoredRun
from converse_graph.view.seat_form import form_fields, read_form
from converse_graph.view.seats import Seats
from converse_graph.view.table import Asked, Table, Typed
from converse_graph.view.templating import render

POLL = 1.0
"""Seconds between two looks at a run that others play."""
ARRIVAL = 10.0
"""Seconds that a form waits for its question, as after the server was started again."""
NOTES = {
    "taken": "Your answer has been taken.",
    "twice": "Your answer had been taken already; sent twice, it counts once.",
    "passed": "Your turn is passed to the model.",
}
"""What is said above a page, by the word in its address."""
_TAGGED = re.compile(r'<(\w+)(?: (?:by|of)="([^"<>]*)")?(?: in="([^"<>]*)")?>\s*(.*?)\s*</\1>', re.DOTALL)
_FIELDS = re.compile(r"\s*<fields>(.*?)</fields>\s*$", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How things stand for one seat."""

    kind: str
    """"asked", "answered", "waiting", "over" or "still"."""
    question: Asked | None = None
    speakers: tuple[str, ...] = ()
    """Who has the floor."""
    period: str = ""

    @property
    def version(self) -> str:
        """What changes when the page does."""
        return "|".join([self.kind, self.question.key if self.question else "", self.period, *self.speakers])


def standing_of(view: StoredRun, seat: str, table: Table | None) -> Standing:
    """Say how things stand.

    Args:
        view: The run.
        seat: Who is played.
        table: Of the run; None where nobody plays it here.
    """
    question = table.open_question(seat) if table is not None else None
    floor = view.floor
    period = "" if floor is None else view.clock.period(floor["round"]).label
    speakers = () if floor is None else tuple(floor["speakers"])
    if question is not None:
        return Standing(kind="asked", question=question, period=period)
    if view.status == "finished":
        return Standing(kind="over")
    if table is None or table.is_closed:
        return Standing(kind="still")
    kind = "answered" if _has_answered(view, seat, table.answered_place(seat)) else "waiting"
    return Standing(kind=kind, period=period, speakers=speakers)


def _has_answered(view: StoredRun, seat: str, place: str) -> bool:
    """Whether the turn that a person answered at a place is still on."""
    if not place or view.floor is None:
        return False
    return CallPath.parse(place).round == view.floor["round"] and party_of(seat) in view.floor["speakers"]


@dataclass(frozen=True, kw_only=True)
class SeenPart:
    """A part of the prompt as the page has it."""

    heading: str
    when: str
    text: str
    fields: str = ""
    """What was reported with a statement."""
    is_own: bool = False


def seat_page(
    view: StoredRun,
    seat: str,
    table: Table | None,
    *,
    note: str = "",
    typed: Typed | None = None,
    problems: Mapping[str, str] | None = None,
    typed_before: Typed | None = None,
) -> str:
    """Write the page of a seat.

    Args:
        view: The run.
        seat: Who is played.
        table: Of the run; None where nobody plays it here.
        note: A word of `NOTES`.
        typed: What was typed now; None for what was before.
        problems: What is wrong with it, by field.
        typed_before: What was typed to a question that is asked no more.
    """
    standing = standing_of(view, seat, table)
    values: dict[str, Any] = {"fields": (), "brief": (), "parts": (), "task": "", "how": "", "fault": ""}
    if standing.question is not None and table is not None:
        question = standing.question.question
        typed = table.typed(seat) if typed is None else typed
        values |= _view_parts(seat, question)
        values["fields"] = form_fields(question, typed, problems or {})
    return render(
        "seat.html",
        seat=seat,
        standing=standing,
        note=NOTES.get(note, ""),
        problems=problems or {},
        lost={name: texts[0] for name, texts in (typed_before or {}).items() if texts and texts[0].strip()},
        has_model=view.header.model != HUMAN,
        minutes=_minutes_left(standing.question),
        **values,
    )


def _minutes_left(question: Asked | None) -> float | None:
    return None if question is None or question.until is None else max(0.0, question.until - time.monotonic()) / 60


def refused_page(words: str) -> str:
    """Write the page for whom no seat is opened.

    Args:
        words: Why.
    """
    return render("seat_refused.html", words=words)


async def answer(seats: Seats, name: str, key: str, typed: Typed) -> tuple[str, str]:
    """Take a form.

    Args:
        seats: Of the store.
        name: The run.
        key: Of the seat.
        typed: What the form was sent with.

    Returns:
        A word of `NOTES` where it counts, or counted before; else the page that says what is wrong.

    Raises:
        NotFound: The link opens no seat.
        InvalidValue: The form is none of this server's.
    """
    view, seat, table = await seats.sit(name, key)
    question_key = (typed.get("question") or [""])[0]
    if not question_key:
        raise InvalidValue("The form is not from a page here; open your link and fill in what is asked there.")
    question = await _arrived(table, seat, question_key)
    if table is None or question is None:
        if table is not None and table.was_answered(seat, question_key):
            return "twice", ""
        fields = {name: texts for name, texts in typed.items() if name not in ("question", "pass")}
        return "", seat_page(view, seat, table, typed_before=fields)
    if "pass" in typed:
        return ("passed" if table.give(seat, question_key, PASS_TO_MODEL) else "twice"), ""
    table.keep_typed(seat, question_key, typed)
    values, problems = read_form(question.question, typed)
    if problems:
        return "", seat_page(view, seat, table, typed=typed, problems=problems)
    return ("taken" if table.give(seat, question_key, values) else "twice"), ""


async def _arrived(table: Table | None, seat: str, key: str) -> Asked | None:
    """The question that a form answers; waited for while its run is being taken up again."""
    until = time.monotonic() + ARRIVAL
    while table is not None and not table.was_answered(seat, key):
        question = table.open_question(seat)
        if question is not None:
            return question if question.key == key else None
        if not table.is_playing or time.monotonic() > until:
            return None
        await table.wait(POLL)
    return None


async def follow(seats: Seats, name: str, key: str, version: str) -> AsyncGenerator[ServerSentEvent, None]:
    """Tell the page of a seat when it is out of date.

    Args:
        seats: Of the store.
        name: The run.
        key: Of the seat.
        version: Of the page that asks.

    Raises:
        NotFound: The link opens no seat.
    """
    while True:
        view, seat, table = await seats.sit(name, key)
        now = standing_of(view, seat, table).version
        if now != version:
            version = now
            yield ServerSentEvent(data=now, event="changed")
        await (table.wait(POLL) if table is not None else asyncio.sleep(POLL))


def _view_parts(seat: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt, as brief, record and task, and what was wrong with an answer before."""
    parts = list(question["prompt"])
    fault = ""
    if question["attempt"]:
        fault = plain(parts.pop()["text"])
    last = max((at for at, part in enumerate(parts) if part["role"] == "user"), default=-1)
    brief = [part for part in parts if part["role"] == "system"]
    task, how = _without_fields(parts[last]["text"], question) if parts else ("", "")
    rest = [part for at, part in enumerate(parts) if part["role"] != "system" and at != last]
    seen_parts = [one for part in rest for one in _parts_seen(seat, part)]
    return {
        "brief": [part["text"] for part in brief],
        "is_new": not any(one.is_own for one in seen_parts),
        "parts": seen_parts,
        "task": task,
        "how": how,
        "fault": fault,
    }


def _without_fields(text: str, question: Mapping[str, Any]) -> tuple[str, str]:
    """A task, and its last paragraph where that lists the fields of the form, which stand beside it."""
    task, _, last = text.rpartition("\n\n")
    first = next(iter(question["form"]["properties"]))
    return (task, last) if task and f"- {first}: " in last else (text, "")


def _parts_seen(seat: str, part: Mapping[str, Any]) -> Sequence[SeenPart]:
    """A part for a reader: what stands between tags under the names that they give, all else as it is."""
    pieces, rest = [], 0
    text = part["text"]
    for match in _TAGGED.finditer(text):
        pieces += _plain_piece(part, text[rest : match.start()])
        rest = match.end()
        body, fields = match[4], _FIELDS.search(match[4])
        pieces.append(
            SeenPart(
                heading=_KINDS.get(match[1]) or match[2] or match[1],
                when=match[3] or "",
                text=unescape(body[: fields.start()] if fields else body),
                fields=unescape(fields[1]) if fields else "",
                is_own=match[2] in (seat, seat.rpartition("/")[2]),
            )
        )
    return [*pieces, *_plain_piece(part, text[rest:])]


def _plain_piece(part: Mapping[str, Any], text: str) -> list[SeenPart]:
    if not text.strip():
        return []
    is_own = part["role"] == "assistant"
    heading = "You" if is_own else _source_words(part["source"])
    return [SeenPart(heading=heading, when="", text=text.strip(), is_own=is_own)]


_KINDS = {"event": "Happens", "summary": "Summary", "private": "Your own notes"}
_RECORDS = {"statement": "Said", "mind": "Your own notes", "event": "Happens", "summary": "Summary"}


def _source_words(source: str) -> str:
    """What a part was made from, in a word."""
    try:
        return _RECORDS.get(Provenance.parse(source).record, "What you are told")
    except InvalidValue:
        return "What you are told"
