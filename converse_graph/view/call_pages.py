"""Any call of a run: the prompt part by part with the owner of each, the reply, and what it took."""

from __future__ import annotations

import json
from dataclasses import dataclass

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.models.base import PUBLIC, Message
from converse_graph.models.reply_reader import read_reply
from converse_graph.record.call_paths import CallPath, parse_call_path
from converse_graph.scenarios.speaker_paths import party_of
from converse_graph.store import Call
from converse_graph.view.colours import colour_numbers
from converse_graph.view.records import Reader, StoredRun
from converse_graph.view.run_page import call_label, source_words
from converse_graph.view.templating import render

PAGE = 100
"""Calls that are listed on a page."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a prompt."""

    role: str
    source: str
    """What it was made from, in words."""
    owner: str
    """Whose it is; empty for everybody's."""
    colour: int | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One time of asking."""

    call: Call
    parts: tuple[Part, ...]
    reply: str
    """The reply, as JSON in lines where it is an object."""
    cached_share: float
    """How much of the prompt a cache of the provider's had."""
    schema: str


async def calls_page(reader: Reader, name: str, *, place: str = "", after: int = 0) -> str:
    """The calls of a run, a page at a time.

    Args:
        reader: Reads the store.
        name: The run.
        place: Of those alone whose place begins so.
        after: The id of the call before the first that is listed.

    Raises:
        NotFound: There is no such run.
    """

    def read() -> str:
        view = reader.read_run(name)
        summaries = reader.store.journal(view.run.id).summaries(place, after=after, most=PAGE + 1)
        rows = [
            {
                "call": call,
                "label": call_label(call.place),
                "when": _when(view, call.place),
                "party": _party(call.place),
                "colour": _colour(view, call.place),
            }
            for call in summaries[:PAGE]
        ]
        following = summaries[PAGE - 1].id if len(summaries) > PAGE else None
        return render(
            "calls.html", page="runs", run=name, rows=rows, place=place, following=following, is_first=after == 0
        )

    return await reader.call(read)


async def call_page(reader: Reader, name: str, place: str, attempt: str = "") -> str:
    """One call with all its attempts.

    Args:
        reader: Reads the store.
        name: The run.
        place: Where in the run it was made.
        attempt: Which is open as the page is; the last if none.

    Raises:
        NotFound: There is no such run, or no such call.
    """

    def read() -> str:
        view = reader.read_run(name)
        journal = reader.store.journal(view.run.id)
        calls = journal.calls_at(place, unusable=True)
        if not calls:
            raise NotFound(f"Run {name!r} asked nothing at {place[:80]!r}; its calls are listed at /runs/{name}/calls.")
        attempts = [_attempt(call, view) for call in calls]
        open_attempt = next((one for one in attempts if str(one.call.attempt) == attempt), attempts[-1])
        return render(
            "call.html",
            page="runs",
            run=name,
            place=place,
            label=call_label(place),
            when=_when(view, place),
            party=_party(place),
            colour=_colour(view, place),
            attempts=attempts,
            shown=open_attempt,
            turn=_turn_number(view, place),
        )

    return await reader.call(read)


def _attempt(call: Call, view: StoredRun) -> Attempt:
    reply = call.reply
    return Attempt(
        call=call,
        parts=tuple(_part(message, view) for message in call.messages),
        reply=_readable(reply.text),
        cached_share=reply.cached_tokens / reply.input_tokens if reply.input_tokens else 0.0,
        schema=json.dumps(call.schema, indent=2, ensure_ascii=False),
    )


def _part(message: Message, view: StoredRun) -> Part:
    owner = "" if message.owner == PUBLIC else message.owner
    return Part(
        role=message.role,
        source=source_words(message.source),
        owner=owner,
        colour=_party_colour(view, party_of(owner)) if owner else None,
        text=message.text,
    )


def _readable(text: str) -> str:
    """A reply as it was written; one that is an object and nothing else, in lines."""
    values = read_reply(text).values if text.lstrip().startswith("{") and text.rstrip().endswith("}") else None
    return json.dumps(values, indent=2, ensure_ascii=False) if values is not None else text


def _path(place: str) -> CallPath | None:
    try:
        path = parse_call_path(place)
    except InvalidValue:
        return None
    return path if isinstance(path, CallPath) else None


def _when(view: StoredRun, place: str) -> str:
    path = _path(place)
    return view.clock.period(path.round).label if path else ""


def _party(place: str) -> str:
    path = _path(place)
    return path.party if path else "judge"


def _colour(view: StoredRun, place: str) -> int | None:
    return _party_colour(view, _party(place))


def _party_colour(view: StoredRun, party: str) -> int | None:
    return colour_numbers([one.name for one in view.header.cast]).get(party)


def _turn_number(view: StoredRun, place: str) -> int | None:
    """The turn that a call belongs to, from 0."""
    path = _path(place)
    if path is None:
        return None
    round_and_turn = (path.round, path.turn)
    return next(
        (
            at
            for at, statement in enumerate(view.statements)
            if (statement["round"], statement["turn"]) == round_and_turn
        ),
        None,
    )
