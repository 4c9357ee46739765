"""The fields of a statement on one line, for people."""

from collections.abc import Mapping
from typing import Any

from converse_graph.scenarios.fields import format_value


def fields_line(fields: Mapping[str, Any]) -> str:
    """Names and values, such as "agi p10 2028, p50 2031, p90 2040 · claimed agi no"."""
    return " · ".join(f"{name.replace('_', ' ')} {format_value(value) or '-'}" for name, value in fields.items())
