"""Reads the head of a run's chains as somebody kept it, and compares it with the one that the store has now."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from converse_graph.errors import InvalidValue
from converse_graph.export.front_matter import read_front_matter, read_whole_header
from converse_graph.store import Run

_HEAD = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class KeptHead:
    """A head that was kept elsewhere."""

    head: str
    run: str | None = None
    """The run that it was of; None where the head alone was kept."""
    statements: int | None = None
    """How many there were then; None where the head alone was kept."""


def read_kept_head(text: str) -> KeptHead:
    """Read a head: 64 hexadecimal digits, or the file of a transcript as Markdown, JSON or JSON lines.

    Args:
        text: The digits, or the path of the file.

    Raises:
        InvalidValue: It is neither, or the transcript has no head.
    """
    if _HEAD.fullmatch(text.strip().lower()):
        return KeptHead(head=text.strip().lower())
    try:
        content = Path(text).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise InvalidValue(
            f"{text!r} is no head and no transcript; give 64 of 0-9 and a-f, or a file that `converse show` wrote."
        ) from None
    kept_head = _from_json(content, text) if content.lstrip().startswith("{") else _from_markdown(content)
    if not _HEAD.fullmatch(kept_head.head):
        raise InvalidValue(f"The transcript {text!r} has no head; `converse show` writes one in its header.")
    return kept_head


def compare_heads(head: str, run: Run, kept_head: KeptHead) -> Iterator[str]:
    """Say how a head that was kept differs from the one of a run; nothing where it is the same.

    Args:
        head: Of the run now.
        run: The run.
        kept_head: The other.
    """
    if head == kept_head.head:
        return
    if kept_head.run is not None and kept_head.run != run.name:
        yield f"the transcript is of run {kept_head.run!r}"
    elif kept_head.statements is not None and kept_head.statements < run.statements:
        yield (
            f"the head is not the one that was kept: the run has gone on since, from {kept_head.statements} to "
            f"{run.statements} statements, or was changed"
        )
    else:
        yield "the head is not the one that was kept: the record, the calls or the header are others now"


def _from_markdown(content: str) -> KeptHead:
    lines = content.splitlines()
    (statements, _), (header, _) = read_front_matter(lines), read_whole_header(lines)
    return KeptHead(head=header.chain_head, run=header.run, statements=statements)


def _from_json(content: str, name: str) -> KeptHead:
    try:
        values, *rest = [json.loads(content)] if not _has_lines(content) else map(json.loads, content.splitlines())
        header = values["header"]
        statements = values.get("statements", rest)
        return KeptHead(head=str(header.get("chain_head", "")), run=str(header["run"]), statements=len(statements))
    except (ValueError, LookupError, TypeError, AttributeError):
        raise InvalidValue(f"{name!r} is JSON and no transcript; give one that `converse show --json` wrote.") from None


def _has_lines(content: str) -> bool:
    """Whether a text is JSON lines: its first line is a value of its own."""
    return content.lstrip().partition("\n")[0].rstrip().endswith("}")
