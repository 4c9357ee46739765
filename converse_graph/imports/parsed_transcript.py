"""What was read of a file: statements with their lines, and the lines that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from converse_graph.record.transcript import SourceForm, UnparsedLines
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.speaker_paths import JUDGE, PUBLIC
from converse_graph.scenarios.value import is_name
from converse_graph.scenarios.world_tables import WORLD

MAX_STATEMENTS = 200_000
"""Of one file; each is a row of the journal and a turn of the record."""


@dataclass(frozen=True, kw_only=True)
class ParsedStatement:
    """A statement as it stands in a file."""

    line: int
    """Where it begins, from 1."""
    last_line: int
    speaker: str
    text: str
    label: str = ""
    """When it was made, as the file says, such as "2026 H2"; empty where it does not."""
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ParsedTranscript:
    """A file as statements in their order."""

    form: SourceForm
    title: str = ""
    statements: tuple[ParsedStatement, ...]
    unparsed: tuple[UnparsedLines, ...] = ()


_TAKEN = frozenset({JUDGE, PUBLIC, SUPERVISOR, WORLD})
"""Names under which a record holds something else; a speaker who is called so is written with a capital."""


def speaker_name(text: str) -> str | None:
    """Give the name under which a speaker of a file is on record; None where it can be no name.

    Args:
        text: As the file has it.
    """
    name = " ".join(text.split())
    if not is_name(name):
        return None
    return name.title() if name in _TAKEN else name


def merge_unparsed(notes: Iterable[tuple[int, str]]) -> tuple[UnparsedLines, ...]:
    """Put neighbouring lines that could not be read for the same reason together, in the order of the file.

    Args:
        notes: Lines, from 1, each with the reason.
    """
    merged: list[UnparsedLines] = []
    for line, why in sorted(notes):
        last = merged[-1] if merged else None
        if last is not None and last.why == why and line <= last.last + 1:
            merged[-1] = UnparsedLines(first=last.first, last=max(last.last, line), why=why)
        else:
            merged.append(UnparsedLines(first=line, last=line, why=why))
    return tuple(merged)
