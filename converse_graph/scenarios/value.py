"""The base of all specs: frozen, keyword-only, checked when made."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from converse_graph.errors import InvalidValue

_NAME = re.compile(r"[^\W_](?:[\w .'&-]{0,58}[\w.])?")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Value(BaseModel):
    """A frozen value that is checked when it is made and says in one line what it does not allow."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def __init__(self, *unnamed: Any, **given: Any) -> None:
        """Check every field.

        Raises:
            InvalidValue: Some field is unknown, missing or outside its bounds, or was given without its name.
        """
        if unnamed:
            fields = ", ".join(type(self).model_fields)
            kind = type(self).__name__
            raise InvalidValue(f"{kind} takes its fields by name; name {unnamed[0]!r:.60} one of: {fields}.")
        try:
            super().__init__(**given)
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


def explain(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """Say in one line what a validation error found and what was allowed."""
    return "; ".join(_explain_one(found, model) for found in error.errors())


def _explain_one(found: Any, model: type[BaseModel] | None) -> str:
    where = ".".join(str(part) for part in found["loc"])
    message: str = found["msg"].removeprefix("Value error, ")
    if found["type"] == "extra_forbidden" and model is not None and len(found["loc"]) == 1:
        return f"no field {where!r}; there is: {', '.join(model.model_fields)}"
    if found["type"] == "missing":
        return f"{where} is missing"
    if not where:
        return message
    if isinstance(found["input"], str | int | float | bool | None):
        return f"{where} is {found['input']!r}: {message[0].lower()}{message[1:]}"
    return f"{where}: {message[0].lower()}{message[1:]}"


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a name is 1 to 60 letters, digits, spaces or any of . ' & - and begins with a letter or digit"
        )
    return name


def _check_identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError("an identifier is a lower-case letter, then letters, digits or _ (40 at most)")
    return name


Name = Annotated[str, AfterValidator(_check_name)]
"""The name of a party or persona: safe in a node's name, a path and a heading."""

Identifier = Annotated[str, AfterValidator(_check_identifier)]
"""The name of a field or an event."""
