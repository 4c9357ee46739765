"""Examples as lines of JSON: written, read back, and the schema of a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

from langsmith.schemas import Example as LangSmithExample

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.evaluation.examples import EXAMPLE_VERSION, SETUP, By, Example
from converse_graph.export.formats import json_text
from converse_graph.export.schemas import show_schema

_PARTS = ("inputs", "outputs", "metadata")


def as_lines(examples: Iterable[Example]) -> str:
    """A line of JSON for each example, in the shape of `dataset_schema`."""
    return "".join(json_text(_as_row(example)) + "\n" for example in examples)


def read_lines(path: Path | str) -> tuple[Example, ...]:
    """The examples of a file that `converse dataset --out` wrote.

    Args:
        path: Of the file.

    Raises:
        NotFound: There is no such file.
        InvalidValue: It cannot be read, or a line is no example.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"No file {str(path)!r}; write one with: converse dataset RUN --out {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InvalidValue(f"{path} cannot be read: {reason}; name a file that `converse dataset` wrote.") from None
    return tuple(_read(line, f"{path}, line {number}") for number, line in enumerate(text.splitlines(), 1))


def dataset_schema() -> dict[str, Any]:
    """The schema of a line of `converse dataset`."""
    schema = show_schema()
    statements = {"type": "array", "items": {"$ref": "#/$defs/Statement"}}
    header = schema["$defs"]["Header"]["properties"]
    when = {"round": {"type": "integer", "minimum": 0}, "period": {"type": "string"}}
    inputs = {
        "type": "object",
        "properties": {
            **{name: header.get(name, {}) for name in SETUP},
            **when,
            "turn": {"type": "integer", "minimum": 0},
            "speaker": {"type": "string"},
            "before": {"type": "array", "description": "What was public before, of the last rounds."},
        },
        "required": list(SETUP),
        "additionalProperties": False,
    }
    whole = {
        "type": "object",
        "properties": {
            **{name: header[name] for name in ("status", "ended", "votes")},
            "statements": statements,
            "stands": schema["properties"]["standing"],
        },
        "required": ["status", "ended", "statements", "votes", "stands"],
        "additionalProperties": False,
    }
    of_round = {
        "type": "object",
        "properties": {"statements": statements},
        "required": ["statements"],
        "additionalProperties": False,
    }
    return {
        "$schema": schema["$schema"],
        "$id": f"urn:converse-graph:dataset:{EXAMPLE_VERSION}",
        "title": "An example of a dataset, a line of JSON",
        "type": "object",
        "properties": {
            "version": {"const": EXAMPLE_VERSION},
            "id": {"type": "string", "format": "uuid"},
            "inputs": inputs,
            "outputs": {"anyOf": [whole, of_round, {"$ref": "#/$defs/Statement"}]},
            "metadata": {
                "type": "object",
                "properties": {"by": {"enum": list(get_args(By))}, "private": {"type": "boolean"}},
                "description": "Where it comes from; it may gain names without a new version.",
            },
        },
        "required": ["version", "id", *_PARTS],
        "additionalProperties": False,
        "$defs": schema["$defs"],
    }


def _as_row(example: Example) -> dict[str, Any]:
    return {"version": EXAMPLE_VERSION, "id": str(example.id), **{part: getattr(example, part) for part in _PARTS}}


def _read(line: str, where: str) -> Example:
    try:
        record = json.loads(line)
    except ValueError:
        raise InvalidValue(f"{where}: no JSON; each line is an example that `converse dataset` wrote.") from None
    if not isinstance(record, Mapping) or not all(isinstance(record.get(part), dict) for part in _PARTS):
        raise InvalidValue(f"{where}: an example is an object with inputs, outputs and metadata.")
    if record.get("version") != EXAMPLE_VERSION:
        raise InvalidValue(f"{where}: version is {record.get('version')!r}; this release reads {EXAMPLE_VERSION}.")
    try:
        return Example(id=UUID(str(record.get("id"))), **{part: record[part] for part in _PARTS})
    except ValueError:
        raise InvalidValue(f"{where}: id is {record.get('id')!r}; it must be a UUID.") from None


def examples_in(path: Path | str) -> list[LangSmithExample]:
    """The examples of a file, as `langsmith.evaluate` takes them for its `data`.

    Args:
        path: Of a file that `converse dataset --out` wrote.

    Raises:
        NotFound: There is no such file.
        InvalidValue: A line is no example.
    """
    return [
        LangSmithExample(id=one.id, inputs=one.inputs, outputs=one.outputs, metadata=one.metadata)
        for one in read_lines(path)
    ]
