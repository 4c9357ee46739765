"""For models that cannot be held to a schema: the schema in words, and bounds as words."""

import json
from collections.abc import Mapping
from typing import Any

_BOUNDS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def schema_instructions(schema: Mapping[str, Any]) -> str:
    """What to tell a model whose server does not hold it to a schema."""
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return f"Reply with one JSON object and nothing else. It must fit this JSON Schema:\n{text}"


def bounds_to_descriptions(schema: Any) -> Any:
    """A copy of a schema whose bounds are words in the descriptions: some servers refuse them as keywords."""
    if isinstance(schema, list):
        return [bounds_to_descriptions(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    bounds = [words.format(schema[name]) for name, words in _BOUNDS.items() if name in schema]
    plain: dict[str, Any] = {
        name: _with_names(inner) if name in ("properties", "$defs") else bounds_to_descriptions(inner)
        for name, inner in schema.items()
        if name not in _BOUNDS
    }
    if bounds:
        plain["description"] = "; ".join(filter(None, [plain.get("description", ""), *bounds]))
    return plain


def _with_names(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Schemas by name: a property may be called `maximum` and is no bound."""
    return {name: bounds_to_descriptions(inner) for name, inner in schemas.items()}
