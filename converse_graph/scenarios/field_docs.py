"""What stands under the fields of a class in its source: for `help()` and for JSON Schemas, read when asked for.

Pydantic can read it as it makes a class (`use_attribute_docstrings`), which makes the specs take twice as long to load.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType

from pydantic import BaseModel
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
        return _documented(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Return the schema of a dataclass."""
        return _documented(super().dataclass_schema(schema), schema["cls"])


def _documented(made: JsonSchemaValue, kind: type) -> JsonSchemaValue:
    words = own_doc(kind)
    if words:
        made["description"] = words
    for name, doc in field_docs(kind).items():
        if name in made.get("properties", {}):
            made["properties"][name].setdefault("description", doc)
    return made
