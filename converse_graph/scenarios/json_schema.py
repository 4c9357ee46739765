"""The JSON Schema (draft 2020-12) of a scenario file, for editors that complete and check as one types."""

from typing import Any

from pydantic_core import PydanticOmit, core_schema

from converse_graph.scenarios.field_docs import DocumentedSchema
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.yaml_files import VERSION

_MODEL = {"type": ["string", "array", "null"], "items": {"type": "string"}, "minItems": 1, "default": None}


class _OfFiles(DocumentedSchema):
    """What a file can hold: a value that is code has no schema."""

    def callable_schema(self, schema: core_schema.CallableSchema) -> dict[str, Any]:
        raise PydanticOmit


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file; it changes only with its version, which is in its `$id`."""
    made = Scenario.model_json_schema(schema_generator=_OfFiles)
    definitions: dict[str, Any] = made["$defs"]
    del definitions["StopWhen"]
    made["properties"]["stop"]["items"] = {
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("StopOnEvent", "StopOnSilence")]
    }
    for spec in (*definitions.values(), made):
        _without_code(spec)
    version = {"const": VERSION, "description": "Of the shape of this file."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:scenario:{VERSION}",
        **made,
        "properties": {"version": version, **made["properties"]},
        "required": ["version", *made["required"]],
    }


def _without_code(spec: dict[str, Any]) -> None:
    named = spec["properties"]
    named.pop("graph", None)
    for name in ("model", "moderator_model"):
        if name in named:
            named[name] |= _MODEL
    if "embedder" in named:
        named["embedder"]["type"] = "string"
