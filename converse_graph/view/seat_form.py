"""The form that a person fills in: made from the JSON Schema of what is asked, and read back as values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from converse_graph.view.table import Typed

_JSON_EMPTY = re.compile(r"; (?:\[\] for nothing|null for none)(?=\))")
LONG = 120
"""Characters from which on a text gets an area of several lines."""


class DoesNotFit(Exception):
    """What was typed is no value of its field; the message says why."""


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One field as the page has it."""

    name: str
    kind: str
    """"area", "line", "list", "choice", "yes" for a box to tick, "yes or no", "number" or "three"."""
    ask: str
    """What it asks for, in the words of the prompt, but for how JSON says nothing."""
    optional: bool
    typed: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """Names of numbers that belong together, such as percentiles."""
    rows: int = 3
    problem: str = ""
    """Why what was typed does not fit."""


def form_fields(question: Mapping[str, Any], typed: Typed, problems: Mapping[str, str]) -> list[FormField]:
    """Make the fields of a form.

    Args:
        question: What a person is asked, with the schema under `form`.
        typed: What was typed before.
        problems: What is wrong with it, by field.
    """
    asks = question.get("asks", {})
    fields = []
    for number, (name, schema) in enumerate(question["form"]["properties"].items()):
        inner, optional = _without_null(schema)
        kind = _kind(inner, is_prose=number == 0, optional=optional)
        parts = tuple(inner["properties"]) if kind == "three" else ()
        options = ("yes", "no") if kind == "yes or no" else tuple(map(str, inner.get("enum", ())))
        names = [f"{name}.{part}" for part in parts] or [name]
        fields.append(
            FormField(
                name=name,
                kind=kind,
                ask=_JSON_EMPTY.sub("", asks.get(name, "")),
                optional=optional or name == "memo" or kind == "list",
                typed=tuple((typed.get(one) or [""])[0] for one in names),
                options=options,
                parts=parts,
                rows=7 if number == 0 else min(5, inner.get("maxItems", 3)),
                problem=problems.get(name, ""),
            )
        )
    return fields


def read_form(question: Mapping[str, Any], typed: Typed) -> tuple[dict[str, Any], dict[str, str]]:
    """Read what was typed.

    Whether a value is long or short enough is for the graph to say, which asks again; here it is refused where it is
    no value at all, or where nothing is.

    Args:
        question: What a person is asked, with the schema under `form`.
        typed: What was typed, by the name of the control.

    Returns:
        Values by field, and what is wrong by field.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for number, (name, schema) in enumerate(question["form"]["properties"].items()):
        inner, optional = _without_null(schema)
        kind = _kind(inner, is_prose=number == 0, optional=optional)
        texts = [text.replace("\r\n", "\n").strip() for text in _typed_for(name, inner, typed)]
        if not any(texts) and (optional or name == "memo"):
            values[name] = None if optional else ""
            continue
        try:
            values[name] = _value(kind, inner, texts)
        except DoesNotFit as reason:
            problems[name] = str(reason)
    return values, problems


def _typed_for(name: str, schema: Mapping[str, Any], typed: Typed) -> list[str]:
    names = [f"{name}.{part}" for part in schema.get("properties", ())] or [name]
    return [(typed.get(one) or [""])[0] for one in names]


_KINDS = {"array": "list", "object": "three", "integer": "number", "number": "number"}


def _without_null(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The schema of a value, and whether there may be none."""
    options = schema.get("anyOf", ())
    inner = [option for option in options if option.get("type") != "null"]
    return (inner[0], True) if len(inner) == 1 and len(inner) < len(options) else (schema, False)


def _kind(schema: Mapping[str, Any], *, is_prose: bool, optional: bool) -> str:
    if "enum" in schema:
        return "choice"
    if schema["type"] == "boolean":
        return "yes or no" if optional else "yes"
    if (kind := _KINDS.get(schema["type"])) is not None:
        return kind
    return "area" if is_prose or schema.get("maxLength", 0) >= LONG else "line"


def _value(kind: str, schema: Mapping[str, Any], texts: Sequence[str]) -> Any:
    """The value of a field.

    Raises:
        DoesNotFit: There is none.
    """
    match kind:
        case "list":
            return [line.strip() for line in texts[0].splitlines() if line.strip()]
        case "yes" | "yes or no":
            return texts[0] == "yes"
        case "choice":
            return _read_choice(schema, texts[0])
        case "number":
            return _number(schema, texts[0])
        case "three":
            return _numbers(schema, texts)
    if not texts[0]:
        raise DoesNotFit("Nothing is written here.")
    return texts[0]


def _read_choice(schema: Mapping[str, Any], text: str) -> Any:
    option = next((option for option in schema["enum"] if str(option) == text), None)
    if option is None:
        raise DoesNotFit(f"{text[:60]!r} is none of these; choose one." if text else "Choose one.")
    return option


def _number(schema: Mapping[str, Any], text: str) -> float:
    low, high = schema["minimum"], schema["maximum"]
    is_whole = schema["type"] == "integer"
    bounds = f"{'a whole number' if is_whole else 'a number'} from {low:g} to {high:g}"
    try:
        value = int(text) if is_whole else float(text.replace(",", ".", 1))
    except ValueError:
        fault = f"{text[:40]!r} is no such number" if text else "Nothing is written here"
        raise DoesNotFit(f"{fault}; it takes {bounds}.") from None
    if not low <= value <= high:  # not even where it is no number, as "nan" is
        raise DoesNotFit(f"{text[:40]} is outside; it takes {bounds}.")
    return value


def _numbers(schema: Mapping[str, Any], texts: Sequence[str]) -> dict[str, float]:
    values = {}
    for text, (name, inner) in zip(texts, schema["properties"].items(), strict=True):
        try:
            values[name] = _number(inner, text)
        except DoesNotFit as reason:
            raise DoesNotFit(f"{name}: {reason}") from None
    return values
