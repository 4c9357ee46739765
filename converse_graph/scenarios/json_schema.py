"""The JSON Schema (draft 2020-12) of a scenario file, for editors that complete and check as one types."""

from typing import Any

from pydantic_core import PydanticOmit, core_schema

from converse_graph.scenarios.field_docs import DocumentedSchema
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.yaml_dials import Dials
from converse_graph.scenarios.yaml_files import VERSION

_MODEL = {"type": ["string", "array", "null"], "items": {"type": "string"}, "minItems": 1, "default": None}


class _OfFiles(DocumentedSchema):
    """What a file can hold: a value that is code has no schema."""

    def callable_schema(self, schema: core_schema.CallableSchema) -> dict[str, Any]:
        raise PydanticOmit


_DIAL = {
    "type": "string",
    "pattern": r"^\$([A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})$",
    "description": "A dial of this file, which stands for a value of its own type.",
}


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file; it changes only with its version, which is in its `$id`."""
    schema = Scenario.model_json_schema(schema_generator=_OfFiles)
    definitions: dict[str, Any] = schema["$defs"]
    del definitions["StopWhen"]
    schema["properties"]["stop"]["items"] = {
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("StopOnEvent", "StopOnSilence")]
    }
    for spec in (*definitions.values(), schema):
        _without_code(spec)
        spec["properties"] = {name: _or_dial(value) for name, value in spec["properties"].items()}
    dial_values = {**Scenario.model_json_schema()["properties"]["dials"], "title": "Dial Values"}
    dial_values["description"] = "The settings of dials that an exported file was made with, for the record."
    del schema["properties"]["dials"]
    dial_schema = Dials.model_json_schema(schema_generator=_OfFiles)
    version = {"const": VERSION, "description": "Of the shape of this file."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:scenario:{VERSION}",
        **schema,
        "$defs": {**definitions, **dial_schema["$defs"], "DialName": _DIAL},
        "properties": {
            "version": version,
            **schema["properties"],
            **dial_schema["properties"],
            "dial_values": dial_values,
        },
        "required": ["version", *schema["required"]],
    }


def _or_dial(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that also takes the name of a dial, where it does not take every text already; and so within it."""
    inner = dict(schema)
    about: dict[str, Any] = {name: inner.pop(name) for name in ("title", "description", "default") if name in inner}
    for name in ("items", "additionalProperties"):
        if isinstance(inner.get(name), dict):
            inner[name] = _or_dial(inner[name])
    if not inner or "const" in inner or (inner.get("type") == "string" and inner.keys() == {"type"}):
        return {**about, **inner}
    return {**about, "anyOf": [inner, {"$ref": "#/$defs/DialName"}]}


def _without_code(spec: dict[str, Any]) -> None:
    properties = spec["properties"]
    properties.pop("graph", None)
    for name in ("model", "moderator_model"):
        if name in properties:
            properties[name] |= _MODEL
    if "embedder" in properties:
        properties["embedder"]["type"] = "string"
