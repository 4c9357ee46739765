"""What the shell completes: the runs of a store, scenarios by name, and dials with the settings that they take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

MAX_RUNS = 200
"""Runs that are offered, the latest first."""


def complete_runs(context: typer.Context, incomplete: str) -> list[str]:
    """The runs of the store that the words before name, the latest first."""
    return [name for name in _run_names(context) if name.startswith(incomplete)][:MAX_RUNS]


def complete_scenarios(incomplete: str) -> list[tuple[str, str]]:
    """Scenarios by name with what each shows, and the scenario files of the working directory."""
    from converse_graph.errors import ConverseError
    from converse_graph.scenarios.catalogue import catalogue
    from converse_graph.scenarios.references import SUFFIXES

    try:
        entries = [(name, function.doc) for name, function in catalogue().items()]
    except ConverseError:  # a file of somebody's own that does not load
        entries = []
    files = sorted(path.name for path in Path().iterdir() if path.suffix in (".py", *SUFFIXES))
    offers = [*entries, *((name, "a file") for name in files)]
    return [(name, about) for name, about in offers if name.startswith(incomplete)]


def complete_dials(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The dials of the scenario that the words before name; after "=" the settings of one that has a few."""
    from converse_graph.errors import ConverseError

    try:
        return [(text, about) for text, about in _settings(context, incomplete) if text.startswith(incomplete)]
    except ConverseError:  # no such scenario, or a file that does not load
        return []


def _settings(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from converse_graph.scenarios.catalogue import find_scenario

    scenario = _argument(context, "scenario") if "scenario" in context.params else _scenario_of_run(context)
    if not scenario:
        return
    name, equals, _ = incomplete.partition("=")
    for dial in find_scenario(scenario).dials:
        if not equals:
            yield f"{dial.name}=", f"{dial.type}: {dial.doc}"
        elif dial.name == name.replace("-", "_"):
            yield from ((f"{name}={choice}", "") for choice in _choices(dial.hint))


def _choices(hint: Any) -> list[str]:
    """What a dial takes, where that is one of a few words."""
    if hint is bool:
        return ["true", "false"]
    if get_origin(hint) is Literal:
        return [str(choice) for choice in get_args(hint)]
    return [choice for option in get_args(hint) for choice in _choices(option)]


def _run_names(context: typer.Context) -> list[str]:
    return [run.name for run in _runs(context)]


def _scenario_of_run(context: typer.Context) -> str:
    name = _argument(context, "run")
    return next((run.scenario for run in _runs(context) if run.name == name), "")


def _argument(context: typer.Context, name: str) -> str | None:
    """The first argument, which stands by itself while the option after it has no value yet."""
    value = context.params.get(name) or next(iter(context.args), None)
    return None if value is None else str(value)


def _runs(context: typer.Context) -> list[Any]:
    """The runs of the store that `--store` names; none where it cannot be read."""
    import asyncio

    from converse_graph.errors import ConverseError
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    async def read() -> list[Any]:
        async with Store.open(context.params.get("store") or DEFAULT_PATH) as store:
            return list(store.register.runs())

    try:
        return asyncio.run(read())
    except ConverseError:
        return []
