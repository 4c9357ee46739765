"""A transcript's Markdown cut into blocks: what stands between empty lines, or between tags."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from converse_graph.errors import InvalidValue
from converse_graph.export.markdown import CLOSE, INDENT, OPEN, OUTDENT
from converse_graph.export.markdown_verdicts import OPEN_SHOWN

Kind = Literal["open", "close", "bullets", "text", "end"]

_SUMMARY = re.compile(r"<summary>(.*)</summary>")


@dataclass(slots=True)
class Block:
    """A block, and where it stands."""

    kind: Kind
    """An opening or closing tag, a list, any other text, or the end of the file."""
    number: int
    """Of its first line, from 1."""
    lines: list[str] = field(default_factory=list)
    """Its lines; of an opening tag the summary."""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    def complaint(self, why: str) -> InvalidValue:
        """The error that says what is wrong with this block."""
        return InvalidValue(f"Line {self.number}: {why}")


def cut(lines: Iterable[str], *, first: int) -> list[Block]:
    """The blocks of a text, with one of kind "end" after the last.

    Args:
        lines: The text without its line ends.
        first: The number of the first line, for messages.

    Raises:
        InvalidValue: An opening tag has no summary.
    """
    blocks: list[Block] = []
    current: Block | None = None
    number = first - 1
    for number, line in enumerate(map(_trimmed, lines), first):
        if blocks and blocks[-1].kind == "open" and not blocks[-1].lines:
            _add_summary(blocks[-1], line)
            current = None
        elif line in (OPEN, OPEN_SHOWN, CLOSE):
            blocks.append(Block("close" if line == CLOSE else "open", number))
            current = None
        elif line in ("", INDENT, OUTDENT):
            current = None
        elif current is not None:
            current.lines.append(line)
        else:
            current = Block("bullets" if line.startswith("- ") else "text", number, [line])
            blocks.append(current)
    return [*blocks, Block("end", number + 1)]


def _trimmed(line: str) -> str:
    return line.rstrip(" \t")


def _add_summary(block: Block, line: str) -> None:
    found = _SUMMARY.fullmatch(line)
    if found is None:
        raise block.complaint("a <details> without a <summary> on the line after it")
    block.lines.append(found[1])
