"""Text that others wrote, made safe for a terminal."""

import re

from converse_graph.sanitize import visible

_ESCAPES = re.compile(
    r"""
    \x1b\[ [0-?]* [ -/]* [@-~]            # control sequences: colours, cursor, screen
    | \x1b[\]PX^_] [^\x07\x1b]* (?:\x07|\x1b\\)?  # strings for the terminal: titles, links, clipboard
    | \x1b [ -/]* [0-~]                   # two- and three-letter escapes
    """,
    re.VERBOSE,
)


def plain(text: str) -> str:
    """A text without terminal control sequences, control characters and invisible marks; newlines stay."""
    if text.isascii() and text.isprintable():
        return text
    return visible(_ESCAPES.sub("", text))


def plain_line(text: str) -> str:
    """The same on one line."""
    return " ".join(plain(text).split())
