"""What a command prints: tables and pages, drawn on a terminal, as plain text where a script reads."""

import sys
from collections.abc import Container, Sequence
from pathlib import Path

import typer
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from converse_graph.cli.formatting import indented_line, plain, plain_line
from converse_graph.cli.terminal import draw, is_terminal, paragraph
from converse_graph.export.atomic_files import write_atomically


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


def print_page(markdown: str, *, plain_text: str | None = None) -> None:
    """Print a page in Markdown: drawn on a terminal, with its tables as tables; as it is where a script reads.

    Args:
        markdown: The page.
        plain_text: What a script gets in place of the Markdown.
    """
    if is_terminal():
        from converse_graph.cli.markdown_page import Page

        draw(Page(plain(markdown), hyperlinks=False))
    else:
        print_text(markdown if plain_text is None else plain(plain_text))


def print_paragraph(text: str) -> None:
    """Print a line; wrapped between words on a terminal alone, so that scripts get it whole."""
    if is_terminal():
        draw(paragraph(text))
    else:
        typer.echo(indented_line(text))


def print_text(text: str) -> None:
    """Print a text for programs as it is; on a terminal, a dumb one too, without what could command it."""
    typer.echo(plain(text) if sys.stdout.isatty() else text, nl=False)


def write_or_print(text: str, out: Path | None) -> None:
    """Write a text to a file, whole or not at all; print it where no file is named."""
    if out is not None:
        write_atomically(out, text)
    else:
        print_text(text)


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
