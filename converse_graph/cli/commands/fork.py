"""`converse fork`: a new run that shares a run's past up to a turn."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

from converse_graph.cli.budget_options import Bounds, read_bounds
from converse_graph.cli.dial_options import read_settings
from converse_graph.cli.event_options import read_events
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.judge_options import Judging
from converse_graph.cli.output import Output
from converse_graph.cli.play import play
from converse_graph.cli.trace_options import open_tracing
from converse_graph.errors import InvalidValue
from converse_graph.runs.derived import fork
from converse_graph.runs.simulation import SEEDS, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Run, Store
from converse_graph.store.store import DEFAULT_PATH


def command(
    *,
    run: str,
    at: str,
    say: str | None,
    fields: list[str],
    dials: list[str],
    events: list[str],
    event_dates: list[str],
    parties: list[str],
    until: int | None,
    rounds: int | None,
    seed: int | None,
    name: str | None,
    model: str | None,
    base_url: str | None,
    store: str | None,
    quiet: bool,
    bounds: tuple[Any, ...],
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    """Fork a run and go on with it at once; all that can be refused is refused before anything is written.

    What is changed is the only difference: a fork with a change keeps its parent's seed, one without draws another.
    """
    changed = bool(say is not None or dials or events or model or base_url)
    asked: dict[str, Any] = {
        "at": at,
        "seed": secrets.randbelow(SEEDS) if seed is None and not changed else seed,
        "say": say,
        "fields": _read_fields(fields),
        "events": read_events(events, event_dates, parties, at=at.partition(":")[0].strip()),
        "until": until,
        "rounds": rounds,
        "new_name": name,
        "model": model,
        "base_url": base_url,
    }
    return asyncio.run(
        _fork(
            run, asked, dials, store or DEFAULT_PATH, Output(quiet=quiet), read_bounds(*bounds), judging, trace_private
        )
    )


async def _fork(
    name: str,
    asked: dict[str, Any],
    dials: list[str],
    path: Path | str,
    output: Output,
    bounds: Bounds,
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    async with Store.open(path) as store:
        set_otherwise = _read_dials(store.register.run(name), dials)
        simulation = await fork(store, name, dials=set_otherwise, prices=bounds.prices, **asked)
        try:
            _introduce(simulation, name, store.register.run(name).header.seed, output)
            tracing = open_tracing(output, private=trace_private)
            return await play(simulation, output, judging, budget=bounds.budget, tracing=tracing)
        finally:
            await simulation.close()


def _read_dials(parent: Run, given: list[str]) -> dict[str, Any]:
    """The dials that are set otherwise, on top of the parent's."""
    if not given:
        return {}
    if not parent.scenario:
        raise InvalidValue(
            f"Run {parent.name!r} was begun in Python and has no dials; fork it there, or without --set."
        )
    function = find_scenario(parent.scenario)
    return read_settings(function.preset(function.name, function.doc, **parent.header.dials), given)


def _read_fields(given: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise InvalidValue(f"--field takes NAME=VALUE, not {text!r}.")
        if name.strip() in fields:
            raise InvalidValue(f"Field {name.strip()} is given twice; give it once.")
        fields[name.strip()] = value
    return fields


def _introduce(simulation: Simulation, parent: str, seed: int, output: Output) -> None:
    run = simulation.run
    at = run.header.fork.at if run.header.fork else ""
    last = simulation.scenario.clock.period(run.horizon - 1).label
    whose = ", its parent's" if run.header.seed == seed else ""
    output.say(
        f"Run {run.name} · fork of {parent} at {at} · seed {run.header.seed}{whose} · model {run.header.model} · "
        f"to {last}"
    )
