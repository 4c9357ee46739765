"""What stands under the fields of a class in its source: for `help()` and for JSON Schemas, read when asked for.

Pydantic can read it as it makes a class (`use_attribute_docstrings`), which makes the specs take twice as long to load.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

_WIDTH = 100


class Explained(type(BaseModel)):  # type: ignore[misc]  # pydantic has no public name for it
    """The class of classes whose docstring goes on with their fields."""

    @property
    def __doc__(cls) -> str | None:  # type: ignore[override]  # read at need
        """What the class says of itself, and what stands under each of its fields."""
        docs = field_docs(cls)
        entries = (
            textwrap.fill(
                f"{name}: {words}", _WIDTH, initial_indent="    ", subsequent_indent="        ",
                break_long_words=False, break_on_hyphens=False,
            )
            for name, words in docs.items()
        )  # fmt: skip
        return "\n".join((own_doc(cls), "", "Attributes:", *entries)) if docs else own_doc(cls)


def own_doc(kind: type) -> str:
    """Return what a class says of itself; empty where it says nothing."""
    return inspect.cleandoc(vars(kind).get("__doc__") or "")


def field_docs(kind: type) -> Mapping[str, str]:
    """Return the words under each field of a class and of its bases; none where there is no source to read."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        module = inspect.getmodule(base)
        if module is not None and not base.__module__.startswith(("pydantic.", "builtins", "abc", "typing")):
            docs.update(_docs_in(module).get(base.__qualname__, {}))
    return docs


@lru_cache(maxsize=64)
def _docs_in(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """The words under the fields of each class of a module."""
    try:
        source = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return {}
    return {node.name: _docs_of(node) for node in source.body if isinstance(node, ast.ClassDef)}


def _docs_of(spec: ast.ClassDef) -> Mapping[str, str]:
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in zip(spec.body, spec.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


class DocumentedSchema(GenerateJsonSchema):
    """Generate JSON Schemas that describe each property in the words under its field."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model."""
        return self.describe(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Return the schema of a dataclass."""
        return self.describe(super().dataclass_schema(schema), schema["cls"])

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Return the schema of a table with certain keys."""
        return self.describe(super().typed_dict_schema(schema), schema["cls"])

    def describe(self, schema: JsonSchemaValue, kind: type) -> JsonSchemaValue:
        """Return the schema of a class with the words that its source has for it and for its fields."""
        if words := own_doc(kind):
            schema["description"] = words
        for name, doc in field_docs(kind).items():
            if name in schema.get("properties", {}):
                schema["properties"][name].setdefault("description", doc)
        return schema


class _Printed(DocumentedSchema):
    """Of values as they are printed: nothing is left out, and there is nothing else."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True

    def describe(self, schema: JsonSchemaValue, kind: type) -> JsonSchemaValue:
        return {**super().describe(schema, kind), "additionalProperties": False}


def printed_schema(name: str, version: int, shape: Any, *, title: str = "") -> dict[str, Any]:
    """Make the schema of what is printed.

    Args:
        name: What it is the schema of, for its `$id`.
        version: Of the shape; where the shape has a `version` itself, that is always this one.
        shape: The type of what is printed.
        title: For readers; empty for the name of the type.
    """
    schema = TypeAdapter(shape).json_schema(mode="serialization", schema_generator=_Printed)
    document: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:converse-graph:{name}:{version}",
        **schema,
        "title": title or schema["title"],
    }
    if "version" in document.get("properties", {}):
        document["properties"]["version"] = {"const": version}
    return document


def add_property(shape: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    """Add to the schema of an object a property that is printed beside its fields."""
    shape["properties"][name] = schema
    shape["required"].append(name)
