"""What pydantic finds wrong, as a person would say it: where, what stands there, what may, and the nearest name."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ValidationError

_MAX_SHOWN = 60
"""Characters of a value that are quoted."""

_QUOTED = re.compile(r"'([^']*)'")

IN_QUOTES = " in quotes"
"""What is said of a text where a number stands, which quotes make a text of."""

_TAKES = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "string": "a text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table of named values",
    "mapping": "a table of named values",
    "model": "a table of its fields",
    "dataclass": "a table of its fields",
    "callable": "a function",
    "none": "null alone",
}
"""By the first word of the type of an error, such as "int" of `int_parsing` and `int_from_float`."""

_TABLES = ("model", "dict", "dataclass")
"""How the types of errors begin that are of a table of named values."""

_BRANCHES = frozenset({"bool", "dict", "float", "int", "list", "none", "str", "tuple"})
"""What pydantic calls the branches of a union of plain types."""

_BOUNDS = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "too_long": "at most {max_length} entries, not {actual_length}",
    "too_short": "at least {min_length} entries, not {actual_length}",
}
"""By the type of an error: what a value may be, made from what pydantic tells of it."""


def explain(
    error: ValidationError, model: type[BaseModel] | None = None, *, limits: Mapping[str, str] | None = None
) -> str:
    """Say in one line what a validation error found and what was allowed.

    Args:
        error: What pydantic raised.
        model: What was to be made; its fields are named where there is no such field.
        limits: What fields take, in the words in which that was asked for: said of one that is too long, or that
            should be a table.
    """
    return "; ".join(_explain_one(fault, model, limits or {}) for fault in _without_branches(error.errors()))


def _without_branches(faults: Iterable[Any]) -> Iterator[Any]:
    """The faults, with those of all branches of a union of plain types, such as "text or number", as one."""
    for at, alike in groupby(faults, key=_branch):
        together = list(alike)
        if at is None:
            yield from together
        else:
            takes = " or ".join(_takes(fault["type"], fault.get("ctx", {}), fault["input"]) for fault in together)
            yield {**together[0], "loc": at, "type": "union", "ctx": {"takes": takes}}


def _branch(fault: Any) -> tuple[Any, ...] | None:
    """Where the union stands that a fault is in a branch of; None for no such branch."""
    *at, last = fault["loc"] or ("",)
    choices = _takes(fault["type"], fault.get("ctx", {}), fault["input"])
    return tuple(at) if choices and str(last).partition("[")[0] in _BRANCHES else None


def nearest(name: object, names: Iterable[str]) -> str:
    """Return "; did you mean 'number'?" for a name that is nearly one of those known, else nothing."""
    close = get_close_matches(str(name), list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def nearest_or_all(name: object, names: Iterable[str]) -> str:
    """Return what `nearest` does, or "; there is: number, text" where no name is near."""
    candidates = list(names)
    return nearest(name, candidates) or f"; there is: {', '.join(candidates) or 'none'}"


def _explain_one(fault: Any, model: type[BaseModel] | None, limits: Mapping[str, str]) -> str:
    path, kind = list(fault["loc"]), fault["type"]
    value, context = fault["input"], fault.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return _refusal(path, value, context.get("error"))
    where = ".".join(map(str, path))
    if kind in ("string_too_long", "too_long") and path and path[0] in limits:
        return f"{where} is far too long; it takes {limits[path[0]]}"
    if kind.startswith(_TABLES) and len(path) == 1 and path[0] in limits:
        return f"{where} is {_value_in_words(value)}; it takes {limits[path[0]]}"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "extra_forbidden":
        field_names = list(model.model_fields) if model is not None and len(path) == 1 else []
        return f"no field {where!r}{nearest_or_all(where, field_names) if field_names else ''}"
    if kind.startswith("union_tag"):
        return _tag_fault(path, context)
    takes = _takes(kind, context, value)
    words = f"it takes {takes}" if takes else f"{fault['msg'][0].lower()}{fault['msg'][1:]}"
    return f"{where} is {_value_in_words(value)}; {words}" if where else words


def _refusal(path: list[Any], value: Any, error: Any) -> str:
    """What a check of our own says; a value inside names itself, so that the branch of a union need not."""
    message = str(error)
    if path and message.lower().startswith(f"{path[-1]}: "):
        path = path[:-1]
    where = ".".join(map(str, path))
    if not where:
        return message
    plain = isinstance(value, str | int | float | None)
    return f"{where} is {_value_in_words(value)}: {message}" if plain else f"{where}: {message}"


def _tag_fault(path: list[Any], context: Mapping[str, Any]) -> str:
    """A value of one of several kinds that says none, or says another."""
    mark = str(context["discriminator"]).strip("'")
    where = ".".join(map(str, [*path, mark]))
    if "tag" not in context:
        return f"{where} is missing"
    tags = _QUOTED.findall(str(context["expected_tags"]))
    return (
        f"{where} is {_value_in_words(context['tag'])}; it is one of: {', '.join(tags)}{nearest(context['tag'], tags)}"
    )


def _takes(kind: str, context: Mapping[str, Any], value: Any) -> str:
    """What a value may be; empty where pydantic's own message has to do."""
    if kind == "union":
        return str(context["takes"])
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map(context)
    if kind == "literal_error":
        choices = str(context["expected"])
        values = _QUOTED.findall(choices) if not re.search(r"""["\\]""", choices) else []
        return f"one of: {'; '.join(values)}{nearest(value, values)}" if values else choices
    if kind == "string_type" and isinstance(value, int | float):
        return f"a text{IN_QUOTES}"
    return _TAKES.get(kind.partition("_")[0], "") if kind not in ("string_pattern_mismatch", "string_unicode") else ""


def _value_in_words(value: Any) -> str:
    """What stands there, as a file or a reply has it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**_MAX_SHOWN:
            return "a number of many digits"  # Python refuses to write out those of over 4,300
        case str() | int() | float():
            whole = repr(value)
            return whole if len(whole) <= _MAX_SHOWN else f"{whole[:_MAX_SHOWN]}…"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a table"
    return f"a {type(value).__name__}"
