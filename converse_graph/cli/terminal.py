"""Standard output: a terminal that can be drawn on, or a pipe that a script reads."""

import os
import sys

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from converse_graph.cli.formatting import plain_line


def is_terminal() -> bool:
    """Whether somebody looks at standard output on a terminal that can be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def terminal() -> Console:
    """Standard output as a terminal; without colours where NO_COLOR says so."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def draw(renderable: RenderableType) -> None:
    """Draw a table or a page on the terminal."""
    terminal().print(renderable)


def paragraph(text: str) -> RenderableType:
    """A line for a terminal: wrapped between words, each of its lines as far in as the first."""
    line = plain_line(text)
    return Padding(Text(line), (0, 0, 0, len(text) - len(text.lstrip(" "))), expand=False)
