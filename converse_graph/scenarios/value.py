"""The base of all specs: frozen, keyword-only, checked when made."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from types import GenericAlias
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    GetCoreSchemaHandler,
    ValidationError,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from converse_graph.errors import InvalidValue
from converse_graph.sanitize import whole_characters
from converse_graph.scenarios.field_docs import Explained
from converse_graph.scenarios.validation_errors import explain

_IN_NAMES = " .'\u2019\u02bc&-\u2010\u2011\u2013(),+!@_\u200c\u200d"
"""What a name may hold beside letters, their marks, and digits: curly apostrophes and printers' hyphens among it, and
the joiners without which some Indian scripts cannot be written."""
_MOST_LETTERS = 60
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}")


class FrozenModel(BaseModel):
    """A frozen value that is checked when it is made and says in one line what it does not allow."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    def __init__(self, *positional: Any, **values: Any) -> None:
        """Check every field.

        Args:
            *positional: None; what is given without its name is refused.
            **values: The fields.

        Raises:
            InvalidValue: Some field is unknown, missing or outside its bounds, or was given without its name.
        """
        if positional:
            fields = ", ".join(type(self).model_fields)
            kind = type(self).__name__
            raise InvalidValue(f"{kind} takes its fields by name; name {positional[0]!r:.60} one of: {fields}.")
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidValue(f"{type(self).__name__}: {explain(error, type(self))}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to change a field.

        Raises:
            InvalidValue: Always; a changed copy is the way.
        """
        try:
            super().__setattr__(name, value)
        except (ValidationError, ValueError):
            kind = type(self).__name__
            raise InvalidValue(
                f"{kind} is frozen: {name} cannot be set; make another {kind}, or copy it with "
                f"model_copy(update={{{name!r}: ...}})."
            ) from None

    def __delattr__(self, name: str) -> None:
        """Refuse to take a field away.

        Raises:
            InvalidValue: Always.
        """
        raise InvalidValue(f"{type(self).__name__} is frozen: {name} cannot be deleted.")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the value; what was worked out of its fields, and kept, is worked out anew.

        Args:
            update: Fields that are others in the copy; they are not checked.
            deep: Whether what lies in the fields is copied too.
        """
        copy = super().model_copy(update=update, deep=deep)
        for name in copy.__dict__.keys() - type(self).model_fields.keys():
            del copy.__dict__[name]
        return copy

    @field_validator("*")
    @classmethod
    def _make_whole(cls, value: Any) -> Any:
        """Make characters whole: no digest, no store and no model's server takes halves."""
        return _with_whole_characters(value)


def _with_whole_characters(raw: Any) -> Any:
    if isinstance(raw, str):
        return whole_characters(raw)
    if type(raw) is dict:
        return {
            _with_whole_characters(name): value if type(value) is float else _with_whole_characters(value)
            for name, value in raw.items()
        }
    if type(raw) in (list, tuple):
        return type(raw)(map(_with_whole_characters, raw))
    return raw


FrozenModel.__class__ = Explained  # type: ignore[method-assign]  # type checkers that see a metaclass take it for no BaseModel


def is_name(text: str) -> bool:
    """Say whether a party or a persona can be called so.

    Args:
        text: Any text.
    """
    if not 0 < len(text) <= _MOST_LETTERS:
        return False
    kinds = [unicodedata.category(letter)[0] for letter in text]
    is_one = kinds[0] in "LN" and (kinds[-1] in "LMN" or text[-1] in ".)!+_")
    return is_one and all(kind in "LMN" or letter in _IN_NAMES for letter, kind in zip(text, kinds, strict=True))


def _check_name(name: str) -> str:
    if not is_name(name):
        raise ValueError(
            "a name is 1 to 60 letters, digits, spaces or any of . ' & - ( ) , + ! @ and begins with a letter or digit"
        )
    return name


def _check_identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        plain = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
        instead = f"; write {plain}" if plain != name and _IDENTIFIER.fullmatch(plain) else ""
        raise ValueError(f"an identifier is a lower-case letter, then letters, digits or _ (40 at most){instead}")
    return name


Name = Annotated[str, AfterValidator(_check_name)]
"""The name of a party or persona: safe in a node's name, a path and a heading."""

Identifier = Annotated[str, AfterValidator(_check_identifier)]
"""The name of a field or an event."""

T = TypeVar("T")


class _AsTuple:
    """Have pydantic read and keep a sequence as a tuple."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(GenericAlias(tuple, (*get_args(source), ...)))


Items = Annotated[Sequence[T], _AsTuple()]
"""Any sequence, such as a list, where a value is made; a tuple in the value, which stays as it is."""


class ByKind:
    """Have pydantic read a value of one of several classes by its `kind`."""

    def __init__(self, classes: Any = None, *, default: str | None = None) -> None:
        """Name the classes.

        Args:
            classes: A union of them; None for the union that this is an annotation of.
            default: The kind of a table that names none; None to refuse it.
        """
        self._classes = classes
        self._default = default

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        union = self._classes or source
        kinds = [one.model_fields["kind"].default for one in get_args(union)]

        def read(value: Any) -> Any:
            if not isinstance(value, dict) or "kind" in value:
                return value
            if self._default is None:
                raise ValueError(f"kind is missing; it is one of: {', '.join(kinds)}")
            return {"kind": self._default, **value}

        by_kind = handler.generate_schema(Annotated[union, Discriminator("kind")])
        return core_schema.no_info_before_validator_function(read, by_kind)
