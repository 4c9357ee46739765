"""Rows in columns, for people."""

from collections.abc import Sequence

from rich.cells import cell_len

from converse_graph.cli.terminal_text import plain_line


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading and rows, each column as wide as its widest entry."""
    lines = [list(columns), *([plain_line(entry) for entry in row] for row in rows)]
    widths = [max(cell_len(line[number]) for line in lines) for number in range(len(columns))]
    padded = (
        "  ".join(entry + " " * (width - cell_len(entry)) for entry, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)
