"""Reads conversations in plain text and in Markdown: a label or a heading begins each statement."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from converse_graph.imports.parsed_transcript import ParsedStatement, ParsedTranscript, merge_unparsed, speaker_name
from converse_graph.imports.period_labels import PERIOD, read_label

_NAME = r"[^\W_](?:[\w .'&-]{0,58}?[\w.])??"
"""As `scenarios.value.Name`, as short as can be: what follows may be a period."""
_WHEN = rf"(?P<when>{PERIOD})"
_BETWEEN = r"(?:[ ,·|–—-]+[\[(]?|[\[(])[ ]*"  # noqa: RUF001 - dashes as people write them
_LABEL = re.compile(
    rf"(?:>[ ]*)?[*_]{{0,3}}(?P<name>{_NAME})(?:{_BETWEEN}{_WHEN}[\])]?)?[*_]{{0,3}}[ ]*[:：][*_]{{0,3}}"  # noqa: RUF001 - dashes and colons as people write them
    r"(?=\s|$)\s*(?P<text>.*)",
    re.IGNORECASE,
)
_STAMPED = re.compile(rf"\[?{_WHEN}\]?[ ,·|–—-]+(?P<rest>.+)", re.IGNORECASE)  # noqa: RUF001 - dashes and colons as people write them
"""A line that begins with when it was said, such as "[2026] OpenAI: …"."""
_TIME_OF_DAY = re.compile(r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]?[ ,·|–—-]+")  # noqa: RUF001 - dashes and colons as people write them
_HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*")
_HEAD_NAME = re.compile(rf"[*_]{{0,3}}(?P<name>{_NAME})(?:{_BETWEEN}{_WHEN}[\])]?)?[*_:]{{0,4}}", re.IGNORECASE)
_SECTION = re.compile(rf"(?:#{{1,6}}[ ]*|[=*–—-]{{2,}}[ ]*)?[\[(]?{_WHEN}[\])]?[ ]*[:=*–—-]*", re.IGNORECASE)  # noqa: RUF001 - dashes and colons as people write them
"""A line that says nothing but when what follows was said."""
_RULE = re.compile(r"[ \t]*(?:[-=*_~][ \t]*){3,}")
_LONGEST_LABEL = 140
"""Characters in which a label must end; what is further in a line is no label, however long the line."""
_FEW, _OFTEN = 1, 3
"""How often a name that is no speaker's stands before a colon, and how often a speaker's does beside it."""

NOBODY = "before the first speaker"
NO_SPEAKER = "a heading that is no speaker's"
NO_TEXT = "a speaker with nothing said"


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """A line that begins a statement."""

    line: int
    name: str
    label: str
    text: str


@dataclass(kw_only=True)
class _Draft:
    mark: _Mark
    lines: list[str] = field(default_factory=list)
    last: int = 0


def parse_text(lines: Sequence[str], *, speakers: Collection[str] = ()) -> ParsedTranscript:
    """Read labelled text: a statement begins with `NAME:`, `NAME YEAR:`, `NAME (2026 H2):`, `[2026] NAME:`, or bold.

    A line with nothing but a period stands for all statements below it. What follows a label belongs to its statement
    up to the next. A name that stands before a colon once, inside a statement, is prose.

    Args:
        lines: Of the file.
        speakers: Who speaks, where the file has other words before colons; none for whoever looks like a speaker.
    """
    marks = _choose_speakers(
        [mark for mark in map(_read_mark, range(1, len(lines) + 1), lines) if mark], lines, speakers
    )
    return _assemble(lines, marks, headings=(), form="labelled text", title="")


def parse_markdown(lines: Sequence[str], *, speakers: Collection[str] = ()) -> ParsedTranscript:
    """Read Markdown in which each statement stands under a heading with its speaker's name, a year beside it or not.

    A heading that is a period stands for all below it. Of other headings the level that most speakers have counts;
    deeper ones are parts of statements, those above it with text of their own cannot be read.

    Args:
        lines: Of the file.
        speakers: Who speaks; none for whoever has a heading of the speakers' level.
    """
    headings = list(_read_headings(lines))
    level = _speakers_level(headings, lines, speakers)
    marks, others = [], []
    for line, depth, title in headings:
        head = _HEAD_NAME.fullmatch(title)
        name = speaker_name(head["name"]) if head else None
        if depth == level and name and _is_allowed(name, speakers):
            marks.append(_Mark(line=line, name=name, label=(head and head["when"]) or "", text=""))
        elif depth <= level:
            others.append(line)
    title = next((text for line, depth, text in headings if depth < level and line in others), "")
    return _assemble(lines, marks, headings=others, form="markdown", title=title)


def has_speaker_headings(lines: Sequence[str]) -> bool:
    """Tell whether a file has two headings or more that can be speakers', with text under them.

    Args:
        lines: Of the file.
    """
    headings = list(_read_headings(lines))
    level = _speakers_level(headings, lines, ())
    return sum(depth == level and _has_body(line, lines) for line, depth, _ in headings) > 1


def _read_mark(number: int, line: str) -> _Mark | None:
    if ":" not in line[:_LONGEST_LABEL] and "：" not in line[:_LONGEST_LABEL]:  # noqa: RUF001 - dashes and colons as people write them
        return None
    text = _TIME_OF_DAY.sub("", line.strip(), count=1) if line[:1] in "[(0123456789" else line.strip()
    stamped = _STAMPED.fullmatch(text)
    match = _LABEL.match(stamped["rest"] if stamped else text)
    name = speaker_name(match["name"]) if match else None
    if match is None or name is None or read_label(name):
        return None
    return _Mark(
        line=number, name=name, label=match["when"] or (stamped["when"] if stamped else ""), text=match["text"]
    )


def _is_allowed(name: str, speakers: Collection[str]) -> bool:
    return not speakers or name.casefold() in {speaker.casefold() for speaker in speakers}


def _choose_speakers(marks: Sequence[_Mark], lines: Sequence[str], speakers: Collection[str]) -> list[_Mark]:
    """The marks that begin a statement, and none that are words before a colon in prose."""
    if speakers:
        return [mark for mark in marks if _is_allowed(mark.name, speakers)]
    labelled = {mark.name.casefold() for mark in marks if mark.label}
    counts = Counter(mark.name.casefold() for mark in marks)
    if labelled:
        return [mark for mark in marks if mark.name.casefold() in labelled]
    often = max(counts.values(), default=0) >= _OFTEN
    starts = {mark.line for mark in marks if mark.line == 1 or not lines[mark.line - 2].strip()}
    return [
        mark
        for mark in marks
        if counts[mark.name.casefold()] > _FEW or not often or (mark.line in starts and mark.line != 1)
    ]


def _read_headings(lines: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Headings that are no period: line, depth, words."""
    for number, line in enumerate(lines, 1):
        heading = _HEADING.fullmatch(line.rstrip()) if line.startswith("#") and len(line) < _LONGEST_LABEL else None
        if heading and not _SECTION.fullmatch(heading[2].strip()):
            yield number, len(heading[1]), heading[2].strip()


def _speakers_level(headings: Sequence[tuple[int, int, str]], lines: Sequence[str], speakers: Collection[str]) -> int:
    levels = Counter(
        depth
        for line, depth, title in headings
        if (head := _HEAD_NAME.fullmatch(title)) and _is_allowed(head["name"].strip(), speakers)
        and _has_body(line, lines)
    )  # fmt: skip
    return max(levels, key=lambda depth: (levels[depth], depth), default=0)


def _has_body(line: int, lines: Sequence[str]) -> bool:
    following = next((text for text in lines[line:] if text.strip()), "#")
    return not following.startswith("#")


def _assemble(
    lines: Sequence[str], marks: Sequence[_Mark], *, headings: Collection[int], form: str, title: str
) -> ParsedTranscript:
    """Give each line to the statement above it; what belongs to none is noted."""
    by_line = {mark.line: mark for mark in marks}
    other_headings = set(headings)
    spelling = _spellings(marks)
    drafts: list[_Draft] = []
    notes: list[tuple[int, str]] = []
    section, current = "", None
    for number, line in enumerate(lines, 1):
        if mark := by_line.get(number):
            current = _Draft(mark=_Mark(line=number, name=spelling[mark.name.casefold()], label=mark.label or section,
                                        text=mark.text), lines=[mark.text], last=number)  # fmt: skip
            drafts.append(current)
        elif period := _section_of(line, is_open=current is not None and bool(current.lines[-1].strip())):
            section, current = period, None
        elif number in other_headings:
            current = None
            notes += [] if line.lstrip("# ").strip() == title else [(number, NO_SPEAKER)]
        elif current is not None:
            is_rule = _RULE.fullmatch(line) is not None
            current.lines.append("" if is_rule else line)
            current.last = number if line.strip() and not is_rule else current.last
        elif line.strip() and not _RULE.fullmatch(line):
            notes.append((number, NOBODY if not drafts else NO_SPEAKER))
    notes += [(draft.mark.line, NO_TEXT) for draft in drafts if not _joined(draft)]
    return ParsedTranscript(
        form="markdown" if form == "markdown" else "labelled text",
        title=title,
        statements=tuple(
            ParsedStatement(
                line=draft.mark.line,
                last_line=draft.last,
                speaker=draft.mark.name,
                text=_joined(draft),
                label=draft.mark.label,
            )
            for draft in drafts
            if _joined(draft)
        ),
        unparsed=merge_unparsed(notes),
    )


def _section_of(line: str, *, is_open: bool) -> str:
    """The period that a line names and nothing else; empty for any other line, and for one in mid-paragraph."""
    if is_open and not line.startswith(("#", "=", "-", "*")):
        return ""
    match = _SECTION.fullmatch(line.strip()) if len(line) < _LONGEST_LABEL else None
    return match["when"] if match and read_label(match["when"]) else ""


def _spellings(marks: Sequence[_Mark]) -> dict[str, str]:
    """The way in which each name is written most, by the name in small letters."""
    counts = Counter(mark.name for mark in marks)
    spelling: dict[str, str] = {}
    for name, _ in counts.most_common():
        spelling.setdefault(name.casefold(), name)
    return spelling


def _joined(draft: _Draft) -> str:
    return "\n".join(draft.lines).strip()
