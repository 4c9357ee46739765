"""From what a speaker heard and remembers to the parts of a prompt, in an order whose beginning stays the same.

Rules and brief come first, then what was said and thought, oldest first, then the task with the clock. A part is
made from one record and carries its owner, so that the journal can show that no private record went astray.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from converse_graph.chat.port import PUBLIC, Part
from converse_graph.scenarios.clock import Clock
from converse_graph.state import Entry, View

PERSONA_ROUNDS = 2
"""How many earlier rounds' debates a persona remembers its own words from."""


def heard(view: View, clock: Clock) -> tuple[Part, ...]:
    """What a party heard and what it kept to itself, in the order in which it happened."""
    entries = sorted(
        [*((entry["round"], entry["turn"], 0, entry) for entry in view.statements),
         *((entry["round"], entry["turn"], 1, entry) for entry in view.mind)],
        key=lambda item: item[:3],
    )  # fmt: skip
    parts = []
    for round, _, private, entry in entries:
        label = clock.period(round).label
        if not private:
            parts.append(_statement(entry["speaker"], label, entry["round"], entry["turn"], _said(entry)))
        elif entry["path"] == view.party:
            parts.append(_recollection(view.party, label, entry["place"], _remembered(entry)))
    return tuple(parts)


def public_record(statements: Sequence[Entry], clock: Clock) -> tuple[Part, ...]:
    """Statements as everybody hears them."""
    return tuple(
        _statement(said["speaker"], clock.period(said["round"]).label, said["round"], said["turn"], _said(said))
        for said in statements
    )


def lines_heard(lines: Sequence[Entry], *, place: str, path: str) -> tuple[Part, ...]:
    """The lines of a debate so far, as its members hear them."""
    return tuple(_line(line["speaker"], number, place, path, line["text"]) for number, line in enumerate(lines))


def persona_mind(mind: Sequence[Entry], path: str, clock: Clock, round: int) -> tuple[Part, ...]:
    """What a persona remembers of earlier rounds that its organisation does not: its words and its own debates.

    Args:
        mind: The records in its organisation's private channel.
        path: The persona, such as "OpenAI/CEO".
        clock: The scenario's clock.
        round: The round that is being played.
    """
    owner, _, name = path.rpartition("/")
    parts = []
    for entry in mind:
        if entry["round"] < round - PERSONA_ROUNDS or "lines" not in entry:
            continue
        label = clock.period(entry["round"]).label
        if entry["path"] == owner:
            own = [line["text"] for line in entry["lines"] if line["speaker"] == name and line["text"]]
            if own:
                parts.append(_recollection(path, label, entry["place"], "You said: " + " ".join(own)))
        elif entry["path"] == path:
            parts.append(_recollection(path, label, entry["place"], _remembered(entry)))
    return tuple(parts)


def describe_decision(decision: dict[str, Any] | None) -> str:
    """A decision in words, as its owner is told of it."""
    if decision is None:
        return ""
    votes = ", ".join(f"{name}: {position}" for name, position in decision["votes"].items())
    reasons = " ".join(decision["reasons"])
    return f"Decided: {decision['position']}. Votes: {votes}." + (f" Reasons: {reasons}" if reasons else "")


@lru_cache(maxsize=4096)
def _statement(speaker: str, label: str, round: int, turn: int, text: str) -> Part:
    return Part(
        role="user",
        text=f'<statement by="{speaker}" in="{label}">\n{html.escape(text, quote=False)}\n</statement>',
        source=f"statement/{round}.{turn}/{speaker}",
        owner=PUBLIC,
    )


@lru_cache(maxsize=4096)
def _recollection(owner: str, label: str, place: str, text: str) -> Part:
    return Part(
        role="user",
        text=f'<private of="{owner}" in="{label}">\n{html.escape(text, quote=False)}\n</private>',
        source=f"mind/{place}",
        owner=owner,
    )


@lru_cache(maxsize=4096)
def _line(speaker: str, number: int, place: str, path: str, text: str) -> Part:
    return Part(
        role="user",
        text=f'<line by="{speaker}">\n{html.escape(text or "(says nothing)", quote=False)}\n</line>',
        source=f"line/{place}/{number}.{speaker}",
        owner=path,
    )


def _said(entry: Entry) -> str:
    if not entry["text"]:
        return "(no statement)"
    reported = "; ".join(_report(name, value) for name, value in entry["fields"].items())
    return f"{entry['text']}\n[{reported}]" if reported else entry["text"]


def _report(name: str, value: Any) -> str:
    match value:
        case None | []:
            shown = "none"
        case True | False:
            shown = "yes" if value else "no"
        case list():
            shown = ", ".join(value)
        case dict():
            shown = ", ".join(f"{key} {inner}" for key, inner in value.items())
        case _:
            shown = str(value)
    return f"{name.replace('_', ' ')}: {shown}"


def _remembered(entry: Entry) -> str:
    return " ".join(_recalled(entry))


def _recalled(entry: Entry) -> Iterator[str]:
    if "lines" in entry:
        yield f"We debated: {entry['motion']}"
        yield describe_decision(entry["decision"])
    if entry.get("memo"):
        yield entry["memo"]
