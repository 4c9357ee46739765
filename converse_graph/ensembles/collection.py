"""Runs that were not played by a sweep, put into an ensemble by their names."""

from __future__ import annotations

from datetime import UTC, datetime

from converse_graph.ensembles.design import Design, check_ensemble_name
from converse_graph.store import Store


def check_addition(store: Store, ensemble: str) -> None:
    """Refuse an ensemble that no run can be put into.

    Args:
        store: Where it is, or will be.
        ensemble: Its name.

    Raises:
        InvalidValue: Its name is none.
    """
    check_ensemble_name(ensemble)
    _design_of(store, ensemble)


async def add_to_ensemble(store: Store, ensemble: str, run: str, *, created: datetime | None = None) -> Design:
    """Put a run into an ensemble, which is made where there is none; returns when that is durable.

    Args:
        store: Where both are.
        ensemble: Its name.
        run: The run.
        created: The date for the record; None for now.

    Raises:
        InvalidValue: The ensemble's name is none.
        NotFound: There is no such run.
    """
    check_ensemble_name(ensemble)
    store.register.run(run)
    design = _design_of(store, ensemble) or Design(scenario="", seeds=0)
    design = design.model_copy(update={"runs": tuple(dict.fromkeys([*design.runs, run]))})
    await store.ensembles.save(ensemble, design.model_dump_json(), created=created or datetime.now(UTC))
    return design


def _design_of(store: Store, ensemble: str) -> Design | None:
    earlier = store.ensembles.find(ensemble)
    return None if earlier is None else Design.model_validate_json(earlier)
