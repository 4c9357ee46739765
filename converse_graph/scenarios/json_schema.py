"""The JSON Schema (draft 2020-12) of a scenario file, for editors that complete and check as one types."""

import ast
import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticOmit, core_schema

from converse_graph.scenarios import (
    cast,
    clock,
    deliberation_rules,
    fields,
    memory_settings,
    model_settings,
    rules,
)
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.yaml_files import VERSION

_MODEL = {"type": ["string", "array", "null"], "items": {"type": "string"}, "minItems": 1, "default": None}


class _OfFiles(GenerateJsonSchema):
    """What a file can hold: a value that is code has no schema."""

    def callable_schema(self, schema: core_schema.CallableSchema) -> dict[str, Any]:
        raise PydanticOmit


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file; it changes only with its version, which is in its `$id`."""
    made = Scenario.model_json_schema(schema_generator=_OfFiles)
    definitions: dict[str, Any] = made["$defs"]
    del definitions["When"]
    made["properties"]["stop"]["items"] = {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("OnEvent", "OnSilence")]}
    for name, spec in {**definitions, "Scenario": made}.items():
        _without_code(spec)
        _described(spec, _classes()[name])
    version = {"const": VERSION, "description": "Of the shape of this file."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:scenario:{VERSION}",
        **made,
        "properties": {"version": version, **made["properties"]},
        "required": ["version", *made["required"]],
    }


def _classes() -> dict[str, type[BaseModel]]:
    found = {
        name: value
        for room in (deliberation_rules, cast, clock, fields, memory_settings, model_settings, rules)
        for name, value in vars(room).items()
        if inspect.isclass(value) and issubclass(value, BaseModel)
    }
    return {**found, "Scenario": Scenario}


def _without_code(spec: dict[str, Any]) -> None:
    named = spec["properties"]
    named.pop("graph", None)
    for name in ("model", "moderator_model"):
        if name in named:
            named[name] = dict(_MODEL)
    if "embedder" in named:
        named["embedder"] = {"type": "string", "default": named["embedder"]["default"]}


def _described(spec: dict[str, Any], model: type[BaseModel]) -> None:
    """Say of each property what stands under the field in the source."""
    for base in reversed(model.__mro__):
        if not (issubclass(base, BaseModel) and base.__module__.startswith("converse_graph.")):
            continue
        body = ast.parse(inspect.getsource(base)).body[0]
        for name, told in _told(body):
            if name in spec["properties"]:
                spec["properties"][name]["description"] = told


def _told(body: Any) -> list[tuple[str, str]]:
    pairs = zip(body.body, body.body[1:], strict=False)
    return [
        (field.target.id, " ".join(str(text.value.value).split()))
        for field, text in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    ]
