"""How numbers, values and the words of others are written for people at a terminal."""

import re
from collections.abc import Mapping
from typing import Any

from converse_graph.sanitize import strip_invisible
from converse_graph.scenarios.fields import format_value

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
    return strip_invisible(_ESCAPES.sub("", text))


def plain_line(text: str) -> str:
    """The same on one line."""
    return " ".join(plain(text).split())


def indented_line(text: str) -> str:
    """The same on one line, which begins with as many spaces as the text does."""
    return text[: len(text) - len(text.lstrip(" "))] + plain_line(text)


def count(number: int, one: str) -> str:
    """A number of things, such as "1 statement" or "1,200 statements"."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def money(usd: float | None) -> str:
    """A cost in US dollars, with the digits that matter; "unknown" where nobody knows it."""
    if usd is None:
        return "unknown"
    if 0 < usd < 0.0001:
        return "under $0.0001"
    return f"${usd:.2f}" if usd == 0 or usd >= 0.1 else f"${usd:.4f}"


def duration(seconds: float) -> str:
    """A time that has passed, such as "7 s", "3 min 20 s" or "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def rough(seconds: float) -> str:
    """A time that is guessed at, with no more digits than a guess has."""
    if seconds < 60:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 600:
        return duration(30 * round(seconds / 30))
    return duration(60 * round(seconds / 60) if seconds < 7200 else 600 * round(seconds / 600))


def fields_line(fields: Mapping[str, Any]) -> str:
    """The fields of a statement on one line, such as "agi p10 2028, p50 2031, p90 2040 · claimed agi no"."""
    return " · ".join(f"{name.replace('_', ' ')} {format_value(value) or '-'}" for name, value in fields.items())
