"""Dials: the typed parameters of a scenario, and what a setting of one may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.speaker_paths import find_name
from converse_graph.scenarios.validation_errors import explain


@dataclass(frozen=True, kw_only=True)
class Dial:
    """One typed parameter of a scenario function."""

    name: str
    type: str
    """Its type as people read it, such as "whole number 1 to 6" or "none | debate"."""
    default: Any
    doc: str
    """What the scenario function's docstring says of it."""
    hint: Any = field(repr=False, compare=False)
    """Its annotation."""
    adapter: TypeAdapter[Any] = field(repr=False, compare=False)
    by_name: bool = False
    """Whether it can be set for each of several parties by name, as a table."""

    def read(self, value: Any) -> Any:
        """Check a setting, or read it from text.

        Raises:
            InvalidValue: The setting is not one that the dial takes.
        """
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            why = explain(error)
            more = "" if why == f"it takes a {self.type}" else f": {why}"
            end = "" if more.endswith("?") else "."
            raise InvalidValue(f"Dial {self.name} takes {self.type}, not {value!r}{more}{end}") from None


def make_dial(*, name: str, hint: Any, default: Any, doc: str) -> Dial:
    """Make a dial.

    Args:
        name: What it is called.
        hint: The type of its settings, with their bounds.
        default: How it is set unless somebody turns it.
        doc: What it sets.
    """
    return Dial(
        name=name,
        type=_describe(hint),
        default=default,
        doc=doc,
        hint=hint,
        adapter=TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)),
        by_name=any(get_origin(option) is dict for option in get_args(hint)),
    )


_PLAIN: Mapping[Any, str] = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def _describe(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Literal:
        return " | ".join(str(option) for option in get_args(hint))
    if origin is dict:
        return "a table of these by party"
    if origin in (Union, UnionType):
        return ", or ".join(_describe(option) for option in get_args(hint) if option is not type(None))
    if hasattr(hint, "__metadata__"):
        schema = TypeAdapter(hint).json_schema()
        low, high = schema.get("minimum"), schema.get("maximum")
        return f"{_describe(get_args(hint)[0])}{_bounds(low, high)}"
    if hint in _PLAIN:
        return _PLAIN[hint]
    return str(hint.__name__) if origin is None and hasattr(hint, "__name__") else str(hint)


def _bounds(low: float | None, high: float | None) -> str:
    match low, high:
        case None, None:
            return ""
        case None, _:
            return f" of at most {high:.15g}"
        case _, None:
            return f" of at least {low:.15g}"
    return f" {low:.15g} to {high:.15g}"


OTHERS = "others"
"""In a setting by party: whoever is not named."""


def by_party(setting: Any, parties: Sequence[str], *, otherwise: Any) -> dict[str, Any]:
    """A setting of a dial for each party.

    Args:
        setting: One for all, or a table by party in which "others" stands for whoever is not named.
        parties: Who is at the table.
        otherwise: For those whom a table passes over.

    Raises:
        NotFound: The table names somebody who is not at the table.
    """
    if not isinstance(setting, Mapping):
        return dict.fromkeys(parties, setting)
    by_name = {name if name == OTHERS else find_name(name, parties): value for name, value in setting.items()}
    if None in by_name:
        unknown = next(name for name in setting if name != OTHERS and find_name(name, parties) is None)
        raise NotFound.among("party", unknown, [*parties, OTHERS])
    return {name: by_name.get(name, by_name.get(OTHERS, otherwise)) for name in parties}
