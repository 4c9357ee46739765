"""Sets of runs, which `converse sweep` plays: their arms, how far each is, and the forecast that they support."""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from converse_graph.ensembles.design import Cell, Design
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.store import RunSummary, Store
from converse_graph.view.formatting import value as value_in_words
from converse_graph.view.records import Reader
from converse_graph.view.run_list import status_of
from converse_graph.view.templating import render

PAGE = 25
"""Arms on a page."""
MOST_SQUARES = 1_200
"""Runs that a page shows as squares, all its arms together."""
MOST_VALUES = 6
"""Of a dial, that the list of sets names."""


@dataclass(frozen=True, kw_only=True)
class Square:
    """A run of an arm."""

    run: str
    seed: int
    status: str
    """"waiting" before it has begun."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One setting of the dials, with its runs."""

    label: str
    squares: tuple[Square, ...]
    """The first of them; a page cannot show all of a large set."""
    counts: Mapping[str, int]
    """How many of all its runs stand so, by status."""
    size: int
    tokens: int
    usd: float | None


async def sets_page(reader: Reader) -> str:
    """The list of sets."""

    def read() -> str:
        store = reader.store
        runs = {run.name: run for run in store.register.runs()}
        rows = []
        for name in store.ensembles.names():
            design = _design(store, name)
            runs_there = [runs[cell.run] for cell in design.cells(name) if cell.run in runs]
            rows.append(
                {
                    "name": name,
                    "scenario": design.scenario,
                    "vary": {dial: _named_values(values) for dial, values in design.vary.items()},
                    "arms": len(design.arms),
                    "seeds": design.seeds,
                    "size": design.size,
                    "finished": sum(run.status == "finished" for run in runs_there),
                    "begun": len(runs_there),
                    "tokens": sum(run.tokens for run in runs_there),
                }
            )
        return render("sets.html", page="sets", rows=rows)

    return await reader.call(read)


def _named_values(values: Sequence[Any]) -> str:
    """The values of a dial on a line; of many, the first and the last."""
    texts = [value_in_words(one) for one in values]
    if len(texts) <= MOST_VALUES:
        return ", ".join(texts)
    return f"{', '.join(texts[: MOST_VALUES - 1])} … {texts[-1]} ({len(texts):,} values)"


async def set_page(
    reader: Reader, name: str, *, number: int = 1, forecast: Markup | None = None, problem: str = ""
) -> str:
    """One set.

    Args:
        reader: Reads the store.
        name: Of the set.
        number: Of the page of its arms, from 1.
        forecast: What its runs say about an event.
        problem: Why there is no forecast.
    """

    def read() -> str:
        design = _design(reader.store, name)
        runs = {run.name: run for run in reader.store.register.runs()}
        arms: dict[str, list[Cell]] = {}
        for cell in design.cells(name):
            arms.setdefault(design.label(cell), []).append(cell)
        pages = max(1, -(-len(arms) // PAGE))
        at = min(max(1, number), pages)
        on_page = list(arms.items())[(at - 1) * PAGE : at * PAGE]
        most = MOST_SQUARES // max(1, len(on_page))
        arm_rows = [_arm(reader.store, label, cells, runs, most) for label, cells in on_page]
        names_there = [cell.run for cells in arms.values() for cell in cells if cell.run in runs and not cell.is_direct]
        awaited = _awaited(reader.store, names_there)
        return render(
            "set.html",
            page="sets",
            name=name,
            design=design,
            arms=arm_rows,
            first_arm=(at - 1) * PAGE + 1,
            total=len(arms),
            number=at,
            pages=pages,
            awaited=awaited,
            forecast=forecast,
            problem=problem,
        )

    return await reader.call(read)


def _design(store: Store, name: str) -> Design:
    return Design.model_validate_json(store.ensembles.design(name))


def _arm(store: Store, label: str, cells: list[Cell], runs: Mapping[str, RunSummary], most: int) -> Arm:
    runs_there = [runs[cell.run] for cell in cells if cell.run in runs]
    squares = [_square(store, cell, runs.get(cell.run)) for cell in cells]
    priced = [run.usd for run in runs_there if run.usd is not None]
    return Arm(
        label=label,
        squares=tuple(squares[:most]),
        counts=Counter(square.status for square in squares),
        size=len(cells),
        tokens=sum(run.tokens for run in runs_there),
        usd=sum(priced) if priced else None,
    )


def _square(store: Store, cell: Cell, run: RunSummary | None) -> Square:
    return Square(run=cell.run, seed=cell.seed, status="waiting" if run is None else status_of(store, run))


def _awaited(store: Store, names: list[str]) -> list[str]:
    """The events that a forecast may be of, as the header of a run names them."""
    return [event.name for event in store.register.run(names[0]).header.awaited] if names else []


def forecast_part(where: Path | str, name: str, event: str) -> str:
    """What the runs of a set say about when an event comes, with its figure, as HTML; it may take seconds.

    Args:
        where: The store.
        name: Of the set.
        event: One of the scenario's, or a comparison of a field.

    Raises:
        InvalidValue: What statistics take is not installed, or it is no event of theirs.
        NotFound: There is no such set, or none of its runs has begun.
    """
    try:
        # Loaded late: statistics are in an extra of their own, and take longer to load than all the pages.
        modules: list[Any] = [
            importlib.import_module(f"converse_graph.ensembles.{module}") for module in ("sweep", "forecast", "report")
        ]
    except ModuleNotFoundError as error:
        raise InvalidValue(
            f"A forecast takes an extra ({error.name} is missing): pip install 'converse-graph[forecast]'."
        ) from None
    sweep, forecast, report = modules

    async def read() -> Any:
        async with Store.open(where, read_only=True) as store:
            conditions = [event] if set(event) & set("<>=") else []
            rows = await sweep.read_outcomes(store, name, conditions=conditions)
            return rows, await sweep.read_direct_answers(store, name)

    rows, answers = asyncio.run(read())
    if not rows:
        raise NotFound(f"No run of {name!r} has begun; `converse sweep` plays them.")
    body: str = report.forecast_body(forecast.forecast(rows, event, name=name, answers=answers))
    return body
