"""Which runs a command is meant for: named one by one or as those of an ensemble, and filtered by their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converse_graph.ensembles.design import Design
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.store import Store


def expand_names(store: Store, names: Sequence[str], *, with_direct: bool = False) -> list[str]:
    """Replace each ensemble by those of its runs that have begun; each run comes once.

    Args:
        store: Where they are.
        names: Runs and ensembles; of one name for both the run is meant.
        with_direct: Whether an ensemble stands for the direct questions too, in which the scenario is not played.

    Raises:
        NotFound: One is neither.
    """
    existing = {run.name for run in store.register.runs()}
    runs: dict[str, None] = {}
    for name in names:
        if name in existing:
            runs[name] = None
        elif (design := store.ensembles.find(name)) is not None:
            whole = Design.model_validate_json(design)
            members = whole.members(name) if with_direct else whole.replicates(name)
            runs |= dict.fromkeys(run for run in members if run in existing)
        else:
            hint = "An ensemble stands for its runs." if store.ensembles.names() else ""
            raise NotFound.among("run", name, [*sorted(existing), *store.ensembles.names()], hint=hint)
    if not runs:
        raise InvalidValue(f"No run of {', '.join(names)} has begun; `converse sweep` plays them.")
    return list(runs)


def read_filter(text: str | None) -> dict[str, tuple[str, ...]]:
    """Read `--where`: values that are wanted, by column; several of one column are alternatives.

    Args:
        text: Such as "scenario=agi-race,status=finished,status=paused".

    Raises:
        InvalidValue: A part has no "=".
    """
    row_filter: dict[str, tuple[str, ...]] = {}
    for part in (text or "").split(",") if text else ():
        column, equals, value = part.partition("=")
        if not equals or not column.strip():
            raise InvalidValue(
                f"--where takes COLUMN=VALUE,…, not {part!r}; such as scenario=agi-race,status=finished."
            )
        row_filter[column.strip()] = (*row_filter.get(column.strip(), ()), value.strip())
    return row_filter


def fits(row: Mapping[str, Any], row_filter: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether a row has the values that are wanted; a dial is a column by its own name.

    Args:
        row: Of a run.
        row_filter: As `read_filter` gives it.

    Raises:
        NotFound: There is no such column.
    """
    dials = row.get("dials") or {}
    for column, values in row_filter.items():
        if column not in row and column not in dials:
            raise NotFound.among("column", column, [*row, *dials])
        value = row[column] if column in row else dials[column]
        if _plain(value) not in values:
            return False
    return True


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)
