"""Fields as bullets, and back: every JSON value has one look.

| value | shown as |
|---|---|
| number, empty list or object | its JSON in a code span |
| true, false, null | `yes`, `no`, `none` |
| string | its text |
| object of plain numbers, such as percentiles | "p10 `2030` · p50 `2034` · p90 `2041`" |
| list, other object | bullets below |
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.export.markdown_escaping import inline, read_inline

MAX_DEPTH = 60
"""How deep bullets may be nested."""

_WORDS = {"yes": True, "no": False, "none": None}
_GROUP = "*together:*"
"""Stands for a list or an object that is an item of a list."""

_PLAIN_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SPACED_NAME = re.compile(r"[a-z][a-z0-9]*(?: [a-z0-9]+)*")
_MEASURE = re.compile(r"[a-z][a-z0-9]*")
_MEASURED = re.compile(r"([a-z][a-z0-9]*) `([^`]*)`")
_BULLET = re.compile(r"( *)-(?: (?P<label>\*\*(?:[^\\*\n]|\\.)+\*\*:))?(?: (?P<content>.*))?")

Row = tuple[int, str | None, str]
"""A bullet: its depth from 0, its label or None, and what follows on its line."""


def label(name: str) -> str:
    """A field's name as people write it: spaces for the underscores of an identifier; `*` never bare."""
    if _PLAIN_NAME.fullmatch(name):
        return name.replace("_", " ")
    safe = inline(name).replace("\\*", "&#42;")
    return safe.replace(" ", "&#32;") if _SPACED_NAME.fullmatch(name) else safe


def read_label(markup: str) -> str:
    """The name behind a label.

    Raises:
        InvalidValue: It is no label.
    """
    return markup.replace(" ", "_") if _SPACED_NAME.fullmatch(markup) else read_inline(markup)


def bullets(values: Mapping[str, Any]) -> list[str]:
    """The lines of a list of named values; none for an empty mapping.

    Raises:
        InvalidValue: A value is none that JSON has, or is nested too deep.
    """
    return [line for name, value in values.items() for line in _named_value(name, value, 0)]


def read_bullets(lines: Sequence[str]) -> dict[str, Any]:
    """The values behind `bullets`.

    Raises:
        InvalidValue: The lines are no such list.
    """
    rows = [_row(line) for line in lines]
    values, end = _read_group(rows, 0, 0)
    if end < len(rows) or not isinstance(values, dict):
        raise InvalidValue("these bullets are not a list of named values, each below the one that it belongs to")
    return values


def _named_value(name: str, value: Any, depth: int) -> Iterator[str]:
    yield from _item(f"- **{label(name)}**:", value, depth)


def _item(head: str, value: Any, depth: int) -> Iterator[str]:
    if depth >= MAX_DEPTH:
        raise InvalidValue(f"A value is nested {depth} deep; a transcript shows {MAX_DEPTH - 1} levels")
    indent = "  " * depth
    if isinstance(value, Mapping) and value and not _is_measured(value):
        yield indent + (f"- {_GROUP}" if head == "-" else head)
        for name, inner in value.items():
            yield from _named_value(name, inner, depth + 1)
    elif isinstance(value, list | tuple) and value:
        yield indent + (f"- {_GROUP}" if head == "-" else head)
        for inner in value:
            yield from _item("-", inner, depth + 1)
    else:
        yield f"{indent}{head} {_on_one_line(value)}"


def _is_measured(value: Mapping[str, Any]) -> bool:
    return all(_MEASURE.fullmatch(name) and type(number) in (int, float) for name, number in value.items())


def _on_one_line(value: Any) -> str:
    match value:
        case str():
            return inline(value)
        case None | bool():
            return {True: "`yes`", False: "`no`", None: "`none`"}[value]
        case int() | float():
            return f"`{json.dumps(value)}`"
        case Mapping() if value:
            return " · ".join(f"{name} `{json.dumps(number)}`" for name, number in value.items())
        case Mapping():
            return "`{}`"
        case list() | tuple():
            return "`[]`"
    raise InvalidValue(f"{type(value).__name__} {value!r} cannot be shown; a field holds what JSON has")


def _row(line: str) -> Row:
    match = _BULLET.fullmatch(line)
    if match is None or len(match[1]) % 2:
        raise InvalidValue(f"{line.strip()[:60]!r} is no bullet; it begins with a dash, two spaces deeper a level")
    depth = len(match[1]) // 2
    if depth >= MAX_DEPTH:
        raise InvalidValue(f"bullets are nested {depth} deep; a transcript has {MAX_DEPTH - 1} levels")
    markup = match["label"]
    return depth, None if markup is None else read_label(markup[2:-3]), match["content"] or ""


def _read_group(rows: Sequence[Row], at: int, depth: int) -> tuple[dict[str, Any] | list[Any], int]:
    """What the bullets of one depth hold, from row `at` on, and the row after them."""
    fields: dict[str, Any] = {}
    items: list[Any] = []
    while at < len(rows) and rows[at][0] == depth:
        _, name, content = rows[at]
        at += 1
        if content in ("", _GROUP):
            value, at = _read_below(rows, at, depth)
        else:
            value = _read_content(content)
        if name is None:
            items.append(value)
        elif name in fields:
            raise InvalidValue(f"{name!r} is given twice in one list; give it once")
        else:
            fields[name] = value
    if fields and items:
        raise InvalidValue("some bullets of one list have a name and some have none")
    return fields or items, at


def _read_below(rows: Sequence[Row], at: int, depth: int) -> tuple[dict[str, Any] | list[Any], int]:
    if at >= len(rows) or rows[at][0] != depth + 1:
        raise InvalidValue('a bullet holds nothing; the empty string is written "", an empty list `[]`')
    return _read_group(rows, at, depth + 1)


def _read_content(content: str) -> Any:
    if content.startswith("`"):
        return _read_json(content.removeprefix("`").removesuffix("`"))
    if not _MEASURED.match(content):
        return read_inline(content)
    numbers = {}
    for part in content.split(" · "):
        match = _MEASURED.fullmatch(part)
        if match is None:
            raise InvalidValue(f"{part!r} is no measure, such as p50 `2034`")
        numbers[match[1]] = _read_json(match[2])
    return numbers


def _read_json(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidValue(f"`{text[:60]}` is no number, yes, no, none, [] or {{}}") from None
    if value and isinstance(value, str | list | dict):
        raise InvalidValue(f"`{text[:60]}` stands in a code span; there belong numbers, yes, no, none, [] and {{}}")
    return value
