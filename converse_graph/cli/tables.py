"""Tables as a command prints them: drawn on a terminal, in plain columns where a script reads."""

from collections.abc import Container, Sequence

import typer
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from converse_graph.cli.formatting import plain_line
from converse_graph.cli.terminal import draw, is_terminal


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Container[str] = ()) -> None:
    """Print rows under a heading.

    Args:
        heads: The names of the columns.
        rows: An entry for each column.
        numbers: The columns that are set to the right on a terminal.
    """
    if not is_terminal():
        typer.echo(columns(heads, rows))
        return
    cells = [[Text(plain_line(entry)) for entry in row] for row in rows]
    draw(make_table([Text(head) for head in heads], cells, numbers=numbers))


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading and rows in columns, each as wide as its widest entry."""
    lines = [list(heads), *([plain_line(entry) for entry in row] for row in rows)]
    widths = [max(cell_len(line[number]) for line in lines) for number in range(len(heads))]
    lines_of_cells = (
        "  ".join(entry + " " * (width - cell_len(entry)) for entry, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in lines_of_cells)


def make_table(heads: Sequence[Text], rows: Sequence[Sequence[Text]], *, numbers: Container[str] = ()) -> Table:
    """A table as all are drawn on a terminal.

    Args:
        heads: The names of the columns.
        rows: An entry for each column.
        numbers: The columns that are set to the right.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold")
    for head in heads:
        table.add_column(head, justify="right" if head.plain in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
