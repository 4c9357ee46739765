"""How texts, names, numbers and values are written on pages; what others wrote can be no markup."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from converse_graph.export.world_comparison import MOVE, WorldRow
from converse_graph.sanitize import strip_invisible
from converse_graph.scenarios.fields import format_value
from converse_graph.scenarios.world_tables import FLAG

_CAPITALS = {"agi": "AGI", "ai": "AI", "uk": "UK", "us": "US", "gdp": "GDP", "usd": "USD", "co2": "CO2"}
_RULES = (
    "emphasis", "strikethrough", "backticks", "escape", "newline", "list", "blockquote", "table", "fence", "hr",
    "heading",
)  # fmt: skip
"""Of Markdown, what models write that has no address: no links, no images, no tags."""
_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("zero", {"html": False, "breaks": True, "linkify": False}).enable(_RULES)
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("heading_close", _heading_close)
    return markdown


def _heading_open(*_: Any) -> str:
    return "<p><strong>"  # a heading of a speaker's own would be one of the page's


def _heading_close(*_: Any) -> str:
    return "</strong></p>\n"


_MARKDOWN = _renderer()


def prose(text: str) -> Markup:
    """A text as HTML: paragraphs, lists and emphasis as Markdown has them, all else as it was written."""
    return Markup(_MARKDOWN.render(strip_invisible(text)))  # noqa: S704 - rendered with tags, links and images off


def plain(text: Any) -> str:
    """A text on one line, without what nobody sees; a template escapes it."""
    return " ".join(strip_invisible(str(text)).split())


def words(name: str) -> str:
    """A field's name as people write it, such as "AGI estimate"."""
    if not _PLAIN.fullmatch(name):
        return plain(name)
    spaced = " ".join(_CAPITALS.get(word, word) for word in name.split("_"))
    return spaced[:1].upper() + spaced[1:]


def value(value: Any) -> str:
    """A value of a field in words."""
    if isinstance(value, Mapping):
        return plain(", ".join(f"{words(str(name)).lower()} {format_value(inner)}" for name, inner in value.items()))
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value.replace("_", " ")  # the name of a move
    return plain(format_value(value))


def money(usd: float | None) -> str:
    """A cost in US dollars, with the digits that matter; empty where nobody knows it."""
    if usd is None:
        return ""
    if 0 < usd < 0.0001:
        return "under $0.0001"
    return f"${usd:.2f}" if usd == 0 or usd >= 0.1 else f"${usd:.4f}"


def count(number: int, noun: str) -> str:
    """A number and its noun, such as "1 turn" or "1,200 turns"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short_number(number: float) -> str:
    """A number with three or four digits that matter, such as "12.3k"; a whole one, such as a year, is whole."""
    if abs(number) < 1e6 and float(number).is_integer():
        return f"{number:g}"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.5g}" if abs(number) >= 1e3 else f"{number:.4g}"


def measure(number: float, name: str, unit: str) -> str:
    """A number of a world with its unit, such as "12,400 kt"; a flag is "yes" or "no".

    Args:
        number: The value, in its unit.
        name: Of the variable; a unit that is called the same is left out, as in "trust 0.4".
        unit: As the world's table has it; empty where there is none.
    """
    if unit == FLAG:
        return format_value(number > 0)
    if unit in ("", name):
        return short_number(number)
    digits = f"{number:,.0f}" if 1e4 <= abs(number) < 1e9 else short_number(number)
    return f"{digits} {plain(unit)}"


def movement(by: float, name: str, unit: str) -> str:
    """How far something moved a number of a world, with its sign and unit; of a flag what it became.

    Args:
        by: How far, in its unit.
        name: Of the variable.
        unit: As the world's table has it.
    """
    if unit == FLAG:
        return f"to {format_value(by > 0)}"
    return f"{'+' if by >= 0 else '-'}{measure(abs(by), name, unit)}"


def world_value(value: float | str | None, row: WorldRow) -> str:
    """What one of two worlds has, where they differ.

    Args:
        value: The number of a variable, the name of a move, or what has happened; None where nothing is known of it.
        row: What it is a value of.
    """
    if value is None:
        return "not seen" if row.name == MOVE else "none"
    return words(value) if isinstance(value, str) else measure(value, row.name, row.unit)


def date(text: str | datetime) -> str:
    """A date with the time of day, in UTC."""
    return str(text)[:16].replace("T", " ")


def first_sentence(text: str, longest: int = 140) -> str:
    """The beginning of a text on one line."""
    line = plain(text[: 10 * longest])
    sentence = re.match(r"(.+?[.!?…])(?=\s)", line)
    line = sentence[1] if sentence else line
    return line if len(line) <= longest else line[:longest].rpartition(" ")[0].rstrip(" ,;:") + " …"


def is_estimate(value: Any) -> bool:
    """Whether a field's value is an uncertain number, by percentiles."""
    return isinstance(value, Mapping) and {"p10", "p50", "p90"} <= value.keys()


def is_items(value: Any) -> bool:
    """Whether a field's value is a list with something in it."""
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value)


def is_long(value: Any) -> bool:
    """Whether a field's value takes lines of its own."""
    return isinstance(value, str) and len(value) > 60
