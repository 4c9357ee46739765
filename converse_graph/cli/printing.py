"""What a command prints beside tables: pages, paragraphs and texts, drawn on a terminal, plain where a script reads."""

import sys
from pathlib import Path

import typer

from converse_graph.cli.formatting import indented_line, plain
from converse_graph.cli.terminal import draw, is_terminal, paragraph
from converse_graph.export.atomic_files import write_atomically


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
