"""JSON Schemas (draft 2020-12) of what is made from transcripts: measures, differences, interviews.

Each is made from the very values that are printed, so that it cannot fall behind them.
"""

from typing import Any, Literal

from pydantic import TypeAdapter

from converse_graph.export.comparison import DIFF_VERSION, Change, Row
from converse_graph.export.stats import STATS_VERSION
from converse_graph.measures.consistency import Contradiction
from converse_graph.measures.disagreement import Disagreement
from converse_graph.measures.drift import Drift
from converse_graph.measures.events import Reported
from converse_graph.runs.interview import Interview

_PRINTED: Literal["serialization"] = "serialization"
INTERVIEW_VERSION = 1
"""Of the shape of `interview --json`."""


def stats_schema() -> dict[str, Any]:
    """The schema of `show --stats --as json`."""
    shapes, definitions = _shapes(Disagreement, Drift, Reported, Contradiction)
    measured, drifted, reported, contradicted = shapes
    nothing = {"type": "null"}
    return _document(
        "stats",
        STATS_VERSION,
        "The measures of a run",
        {
            "version": {"const": STATS_VERSION},
            "run": {"type": "string"},
            "model": {"type": "string"},
            "disagreement": {"anyOf": [{"$ref": "#/$defs/InDebates"}, nothing]},
            "table": {"anyOf": [measured, nothing]},
            "drift": {"type": "array", "items": drifted},
            "events": {"type": "array", "items": reported},
            "warnings": {"type": "array", "items": {"type": "string"}},
            "consistency": {"type": "array", "items": contradicted},
        },
        {
            **definitions,
            "InDebates": {
                "allOf": [measured],
                "properties": {"only_agrees": {"type": "boolean"}},
                "required": ["only_agrees"],
            },
        },
    )


def diff_schema() -> dict[str, Any]:
    """The schema of `diff --as json`."""
    (change, row), definitions = _shapes(Change, Row)
    return _document(
        "diff",
        DIFF_VERSION,
        "Two runs side by side",
        {
            "version": {"const": DIFF_VERSION},
            "runs": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
            "settings": {"type": "array", "items": change},
            "rows": {
                "type": "array",
                "items": {"allOf": [row], "properties": {"same": {"type": "boolean"}}, "required": ["same"]},
            },
        },
        definitions,
    )


def interview_schema() -> dict[str, Any]:
    """The schema of `interview --json`."""
    made = TypeAdapter(Interview).json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:interview:{INTERVIEW_VERSION}",
        **made,
        "additionalProperties": False,
    }


def _shapes(*kinds: type[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A reference to the shape of each kind of value, and the shapes."""
    adapters = [(kind.__name__, _PRINTED, TypeAdapter(kind)) for kind in kinds]
    references, made = TypeAdapter.json_schemas(adapters, ref_template="#/$defs/{model}")
    return [references[kind.__name__, _PRINTED] for kind in kinds], made["$defs"]


def _document(
    of: str, version: int, title: str, properties: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:{of}:{version}",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": {name: _open(shape) for name, shape in definitions.items()},
    }


def _open(shape: dict[str, Any]) -> dict[str, Any]:
    """A shape that may be extended where it is used."""
    return {name: value for name, value in shape.items() if name != "additionalProperties"}
