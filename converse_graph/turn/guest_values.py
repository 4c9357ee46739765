"""Whatever a guest returned, as the JSON value that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from langchain_core.messages import BaseMessage
from pydantic import BaseModel

MOST_VALUES = 10_000
"""Values, one inside another counted too, that are taken of one field; what comes after them is None."""

MOST_NESTED = 50
"""How deep a value may lie in others."""

MOST_BITS = 10_000
"""Of a whole number: some 3,000 digits, which is fewer than Python refuses to write."""


def plain_value(value: Any) -> Any:
    """Make a JSON value of anything.

    Args:
        value: What a guest returned for one field.

    Returns:
        The value, with None in the place of an object that stands for none, of what holds itself or lies too deep,
        and of a whole number that nobody could write down.
    """
    return _Reader().read(value, ())


class _Reader:
    def __init__(self) -> None:
        self._values_left = MOST_VALUES

    def read(self, value: Any, holders: tuple[int, ...]) -> Any:
        self._values_left -= 1
        if self._values_left < 0 or len(holders) > MOST_NESTED or id(value) in holders:
            return None
        inside = (*holders, id(value))
        if isinstance(value, Enum):
            return self.read(value.value, inside)
        if isinstance(value, Mapping):
            return {str(name): self.read(part, inside) for name, part in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.read(part, inside) for part in value]
        return _leaf(value) if (whole := _as_parts(value)) is None else self.read(whole, inside)


def _as_parts(value: Any) -> dict[str, Any] | None:
    """The parts of an object that has fields; None for any other."""
    if isinstance(value, BaseModel) and not isinstance(value, BaseMessage):
        return value.model_dump()
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else None


def _leaf(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        return str(value.text)
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value) if isinstance(value, date | time | Decimal | UUID) else None
