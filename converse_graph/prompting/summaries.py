"""What was said long ago, frozen: which rounds are summed up when, and which summaries stand for the past.

Rounds are summed up in blocks, and three summaries in one of a level higher, so that what stands for the past grows
with the logarithm of a run's length. A summary is a record like any other: written once, never changed. One that a
higher level covers is no longer told, and is still on record.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from converse_graph.models.base import Part
from converse_graph.prompting.visibility import window_start
from converse_graph.record.paths import CallPath, Provenance, Span
from converse_graph.record.state import Entry
from converse_graph.sanitize import as_data
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Field, Names, Text

FAN = 3
"""How many summaries of one level become one of the next."""

_LISTS = (
    ("positions", "who holds which position, one each", 3),
    ("commitments", "what who has promised, and by when", 3),
    ("incidents", "what went wrong, and with whom", 2),
    ("laws", "which rules were made or repealed, and by whom", 2),
    ("open_questions", "what was left open", 1),
)
"""Lists of a summary, what each is for, and how many entries it has at most."""

FIELDS: tuple[Field, ...] = (
    Text(name="gist", ask="what happened, in two sentences, with names and dates", max_length=240),
    *(Names(name=name, ask=ask, max_items=most, max_length=70) for name, ask, most in _LISTS),
)
"""The form of a summary. Its bounds are the cap of the fold: 1,010 characters at most, whatever it stands for."""

_LONGEST = 160
"""Characters of a statement that stand for it where no model could sum it up."""


def due_blocks(frozen: int, following: int, window: int, sizes: Sequence[int], limit: int) -> Iterator[Span]:
    """Which rounds to sum up before a round begins: those that leave the window, and more where they are too long.

    Args:
        frozen: The first round that no summary stands for.
        following: The round that begins; all before it are over.
        window: How many rounds are heard word for word at most.
        sizes: Tokens of each round from `frozen` to the last, in order.
        limit: Tokens that rounds heard word for word may have together; the last round is heard in any case.
    """
    start, left = frozen, sum(sizes)
    leaves = window_start(following, window)
    while start < following - 1 and (start < leaves or left > limit):
        last = (
            min(start + window, leaves) - 1 if start < leaves else min(start + max(1, window // 2), following - 1) - 1
        )
        left -= sum(sizes[start - frozen : last + 1 - frozen])
        yield Span(level=1, first=start, last=last)
        start = last + 1


def standing_summaries(summaries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those that stand for the past, oldest first: each round by the highest level there is."""
    told: list[Entry] = []
    for kept in sorted(summaries, key=lambda kept: (-kept["level"], kept["first"])):
        if all(kept["last"] < other["first"] or kept["first"] > other["last"] for other in told):
            told.append(kept)
    return tuple(sorted(told, key=lambda kept: int(kept["first"])))


def due_roll_up(summaries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The summaries that become one of the next level; none where no level has enough."""
    standing = standing_summaries(summaries)
    for level in sorted({kept["level"] for kept in standing}):
        alike = [kept for kept in standing if kept["level"] == level]
        if len(alike) >= FAN:
            return tuple(alike[:FAN])
    return ()


def summary_part(kept: Entry, clock: Clock, owner: str) -> Part:
    """A summary as its readers are told of it."""
    first, last = clock.period(kept["first"]).label, clock.period(kept["last"]).label
    when = first if first == last else f"{first} to {last}"
    of = f' of="{owner}"' if kept.get("path") else ""
    told = as_data(describe_summary(kept))
    text = f'<summary{of} in="{when}">{told}</summary>'
    return Part(role="user", text=text, source=str(_provenance_of(kept)), owner=owner)


def _provenance_of(kept: Entry) -> Provenance:
    if kept.get("path"):
        return Provenance.of_mind(CallPath.parse(kept["place"]))
    return Provenance.of_summary(Span(level=kept["level"], first=kept["first"], last=kept["last"]))


def describe_summary(kept: Entry) -> str:
    """A summary in words: its gist, then each list that has something in it."""
    lists = [
        f"{name.replace('_', ' ').capitalize()}: {'; '.join(kept[name])}." for name, *_ in _LISTS if kept.get(name)
    ]
    return "\n".join([kept["gist"], *lists])


def without_a_model(told: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What stands for rounds that no model could sum up: the beginning of what each speaker said last.

    Args:
        told: Speaker and words, in their order.
    """
    last = {speaker: " ".join(words.split()) for speaker, words in told if words}
    gist = " ".join(f"{speaker}: {words[:_LONGEST]}" for speaker, words in last.items())
    return {"gist": gist or "Nobody said anything.", **{name: [] for name, *_ in _LISTS}}
