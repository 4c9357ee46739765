"""Scenes of a record that comes with the package, as passages that a terminal shows and the README's picture draws."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.text import Text

from converse_graph.cli.formatting import plain_line
from converse_graph.cli.screen import party_colours
from converse_graph.export.formats import from_json
from converse_graph.record.transcript import Deliberation, Line, Statement, Transcript

RECORD = Path(__file__).resolve().parent / "demo.json"
"""The record, as `converse show --raw --json` prints it."""

PRIVATE = "#c0504d"
"""The colour of what no other party hears: 4.5 to 1 and more on black and on white (WCAG 2.2)."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What is shown of a turn."""

    caption: str
    """What a reader has to know beforehand."""
    round: int
    """From 0."""
    speaker: str
    lines: tuple[int, ...] = ()
    """Which lines of its debate, from 1; none for no debate."""
    sentences: tuple[int, ...]
    """Which sentences of its statement, from 1."""
    open_question: int | None = None
    """Which question that the minutes leave open, from 1."""
    with_memo: bool = False


SCENES = (
    Scene(
        caption="Halcyon is about to publish a model. First its people argue in private; no other party hears it.",
        round=0,
        speaker="Halcyon",
        lines=(2, 4),
        sentences=(1, 4, 5),
        open_question=1,
        with_memo=True,
    ),
    Scene(
        caption="A year later. Northlight has heard what was said in public, and nothing else.",
        round=1,
        speaker="Northlight",
        sentences=(1, 2),
    ),
    Scene(
        caption="Another year later inspectors are in Halcyon's house. In private again:",
        round=2,
        speaker="Halcyon",
        lines=(1, 2),
        sentences=(1, 2, 3),
    ),
)
"""About a minute of the record at reading speed: what was kept back, who found it, and what came of it."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A piece of a scene that begins a line."""

    text: Text
    indent: int = 0
    is_title: bool = False
    """Whether it has an empty line before it."""
    at_once: bool = False
    """Whether it is taken in at a glance, and not word for word."""


@cache
def load_demo() -> Transcript:
    """Read the record that comes with the package."""
    return from_json(json.loads(RECORD.read_text(encoding="utf-8")))


def scene_passages(record: Transcript, scenes: Sequence[Scene], *, private: str = PRIVATE) -> list[list[Passage]]:
    """Cut scenes out of a record.

    Args:
        record: The reader's edition.
        scenes: What to show of it.
        private: The colour of what no other party hears.

    Returns:
        The passages of each scene, in the order in which they are read.
    """
    colours = party_colours([party.name for party in record.header.cast])
    turns = {(statement.round, statement.speaker): statement for statement in record.statements}
    return [list(_scene(scene, turns[scene.round, scene.speaker], colours[scene.speaker], private)) for scene in scenes]


def _scene(scene: Scene, statement: Statement, colour: str, private: str) -> Iterator[Passage]:
    name = Text.assemble(
        (plain_line(statement.speaker), f"bold {colour}"), (f" · {plain_line(statement.period)}", "dim")
    )
    yield Passage(text=Text(scene.caption, "dim"), is_title=True)
    yield Passage(text=name, is_title=True, at_once=True)
    notes = statement.private
    if scene.lines and notes is not None and notes.deliberation is not None:
        yield from _debate(scene, notes.deliberation, private)
    yield Passage(
        text=Text.assemble(("in public  ", "bold"), _pick_sentences(statement.text, scene.sentences)), indent=2
    )
    if scene.with_memo and notes is not None:
        yield _private_passage(("note to itself  ", plain_line(notes.memo)), private, indent=2)


def _debate(scene: Scene, talk: Deliberation, private: str) -> Iterator[Passage]:
    yield _private_passage(("private debate  ", plain_line(talk.motion)), private, indent=2, at_once=True)
    for number in scene.lines:
        yield _line(talk.lines[number - 1], private)
    if talk.decision is not None:
        votes = ", ".join(f"{name} {vote}" for name, vote in talk.decision.votes.items())
        yield _private_passage(("decided  ", f"{plain_line(talk.decision.position)}  ({plain_line(votes)})"), private)
    if talk.minutes is not None and scene.open_question is not None:
        question = plain_line(talk.minutes.open_questions[scene.open_question - 1])
        yield _private_passage(("left open  ", question), private)


def _line(line: Line, private: str) -> Passage:
    passage = _private_passage((f"{plain_line(line.speaker)}  ", plain_line(line.text)), private)
    if line.position:
        passage.text.append(f"  → {plain_line(line.position)}", f"italic {private}")
    return passage


def _private_passage(words: tuple[str, str], private: str, *, indent: int = 4, at_once: bool = False) -> Passage:
    """A passage that no other party hears: its label and what it says."""
    label, text = words
    return Passage(text=Text.assemble((label, f"bold {private}"), (text, private)), indent=indent, at_once=at_once)


def _pick_sentences(text: str, numbers: Sequence[int]) -> str:
    """Some sentences of a text, with an ellipsis where others are left out between them or after them."""
    sentences = _SENTENCE_END.split(plain_line(text))
    parts, last = list[str](), numbers[0] - 1
    for number in numbers:
        parts += ["…"] if number != last + 1 else []
        parts.append(sentences[number - 1])
        last = number
    return " ".join([*parts, *(["…"] if last < len(sentences) else [])])
