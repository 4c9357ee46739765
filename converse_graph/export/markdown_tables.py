"""Tables in Markdown whose columns are aligned, so that they read in a terminal and in a mail too."""

import re
from collections.abc import Iterator, Sequence

from converse_graph.export.markdown_escaping import inline

_PLAIN = re.compile(r"(?:[^\W_]|(?<=[^\W_])_(?=[^\W_])|:(?!/)|[ .,/%()+±–-])+")  # noqa: RUF001 - the sign for no figure
"""What needs no escaping in a cell: within a word Markdown takes no underscore for its own."""


def aligned_table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    """Write a table, line by line.

    Args:
        heads: The names of the columns.
        rows: A text for each column; what Markdown would take for its own is escaped.
    """
    lines = [tuple(heads), *(tuple(_cell(cell) for cell in row) for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(heads))]
    for number, line in enumerate(lines):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def _cell(text: str) -> str:
    return text if not text or _PLAIN.fullmatch(text) else inline(text)
