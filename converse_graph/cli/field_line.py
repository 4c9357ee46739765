"""The fields of a statement on one line, for people."""

import json
from collections.abc import Mapping
from typing import Any


def fields_line(fields: Mapping[str, Any]) -> str:
    """Names and values, such as "agi p10 2028, p50 2031, p90 2040 · claimed agi no"."""
    return " · ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in fields.items())


def _shown(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case str():
            return value or "-"
        case dict():
            return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items())
        case list() | tuple():
            return ", ".join(_shown(inner) for inner in value) or "none"
        case _:
            return json.dumps(value)
