"""Rows as a data frame of the library that the user has: polars, pandas or pyarrow."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals

from converse_graph.errors import NotFound, UsageError

BACKENDS = ("polars", "pandas", "pyarrow")
"""In the order in which they are looked for."""


def data_frame(table: Sequence[Mapping[str, Any]], backend: str | None = None) -> Any:
    """Make a data frame of rows.

    Args:
        table: Values by the name of their column.
        backend: "polars", "pandas" or "pyarrow"; None for the first of these that is installed.

    Raises:
        NotFound: There is no such library.
        UsageError: None is installed, or that one is not.
    """
    if backend is not None and backend not in BACKENDS:
        raise NotFound.among("library of data frames", backend, BACKENDS)
    names = [backend] if backend else list(BACKENDS)
    library = next((name for name in names if importlib.util.find_spec(name) is not None), None)
    if library is None:
        raise UsageError(
            f"A data frame takes {' or '.join(names)}, none of which is installed: pip install {names[0]}."
        )
    columns = list(dict.fromkeys(name for row in table for name in row))
    values = {name: _one_type([row.get(name) for row in table]) for name in columns}
    kind: Any = library
    return narwhals.from_dict(values, backend=kind).to_native()


def _one_type(column: list[Any]) -> list[Any]:
    """A column as it is where its values are of one kind; else as texts, which every library takes."""
    kinds = {type(value) for value in column if value is not None}
    if kinds <= {int, float} or (len(kinds) <= 1 and not kinds & {list, dict, tuple}):
        return column
    return [None if value is None else str(value) for value in column]
