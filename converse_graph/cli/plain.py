"""Text that others wrote, made safe for a terminal."""

import re
import unicodedata

_ESCAPES = re.compile(
    r"""
    \x1b\[ [0-?]* [ -/]* [@-~]            # control sequences: colours, cursor, screen
    | \x1b[\]PX^_] [^\x07\x1b]* (?:\x07|\x1b\\)?  # strings for the terminal: titles, links, clipboard
    | \x1b [ -/]* [0-~]                   # two- and three-letter escapes
    """,
    re.VERBOSE,
)
_JOINERS = "\u200c\u200d"
"""Zero-width characters that some scripts cannot be written without."""
_UNSHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories: controls, format marks (bidi overrides among them), surrogates, line separators."""


def plain(text: str) -> str:
    """A text without terminal control sequences, control characters and invisible marks; newlines stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_keep, _ESCAPES.sub("", text)))


def plain_line(text: str) -> str:
    """The same on one line."""
    return " ".join(plain(text).split())


def _keep(letter: str) -> str:
    if letter == "\n" or letter in _JOINERS:
        return letter
    if letter in "\t\r\u2028\u2029":
        return " " if letter in "\t\r" else "\n"
    return "" if unicodedata.category(letter) in _UNSHOWN else letter
