"""`converse run`: a scenario, from its first round to its horizon."""

import asyncio
import os
from pathlib import Path
from typing import Any

from converse_graph.cli.budget_options import Bounds, read_bounds
from converse_graph.cli.dial_options import read_settings
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.humanize import count
from converse_graph.cli.judge_options import Judging
from converse_graph.cli.output import Output
from converse_graph.cli.play import play
from converse_graph.cli.trace_options import open_tracing
from converse_graph.judge.rubric import load_rubric
from converse_graph.models.registry import Chats
from converse_graph.prompting.templates import load_prompts
from converse_graph.runs.header import models_of
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario, lasting_reference
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Store, check_run_name
from converse_graph.store.store import DEFAULT_PATH

EMBEDDED_NOTICE = (
    "No model was named and no key is set, so the embedded SmolLM2-135M-Instruct is used: with 135 million parameters "
    "it is fluent, shallow and repeats itself, good for trying things out, not for conclusions; choose another with "
    "--model or --base-url (see `converse models`)."
)


def command(
    *,
    reference: str,
    dials: list[str],
    model: str | None,
    base_url: str | None,
    seed: int | None,
    until: int | None,
    rounds: int | None,
    name: str | None,
    store: str | None,
    quiet: bool,
    window: int | None,
    bounds: tuple[Any, ...],
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    """Run a scenario; all that can be refused is refused before a store is made."""
    given = read_bounds(*bounds)
    function = find_scenario(reference)
    scenario = function(**read_settings(function, dials))
    _check(scenario, model=model, base_url=base_url, until=until, name=name, bounds=given)
    _check_judges(scenario, judging, model=model, base_url=base_url)
    return asyncio.run(
        _run(
            scenario,
            source=lasting_reference(reference),
            seed=seed,
            model=model,
            base_url=base_url,
            until=until,
            rounds=rounds,
            name=name,
            path=store or DEFAULT_PATH,
            output=Output(quiet=quiet),
            window=window,
            bounds=given,
            judging=judging,
            trace_private=trace_private,
        )
    )


async def _run(
    scenario: Scenario,
    *,
    source: str,
    seed: int | None,
    model: str | None,
    base_url: str | None,
    until: int | None,
    rounds: int | None,
    name: str | None,
    path: Path | str,
    output: Output,
    window: int | None,
    bounds: Bounds,
    judging: Judging | None,
    trace_private: bool,
) -> Code:
    async with Store.open(path, make=True) as store:
        simulation = await Simulation.begin(
            store,
            scenario,
            model=Chats(model, base_url, prices=bounds.prices, window=window),
            seed=seed,
            name=name,
            until=until,
            rounds=rounds,
            origin=Origin(scenario=source),
        )
        try:
            chosen = model or base_url or os.environ.get("CONVERSE_MODEL")
            _introduce(simulation, output, chosen=bool(chosen))
            tracing = open_tracing(output, private=trace_private)
            return await play(simulation, output, judging, budget=bounds.budget, tracing=tracing)
        finally:
            await simulation.close()


def _check(
    scenario: Scenario,
    *,
    model: str | None,
    base_url: str | None,
    until: int | None,
    name: str | None,
    bounds: Bounds,
) -> None:
    """Raise now what would be raised once the run is under way."""
    if name is not None:
        check_run_name(name)
    if until is not None:
        scenario.clock.rounds_until(until)
    load_prompts()
    scenario.graph()
    chats = Chats(model, base_url, prices=bounds.prices)
    references = models_of(scenario)
    for reference in references:
        chats.get(reference)
    if bounds.budget is not None and bounds.budget.usd is not None:
        chats.prices.require([chats.get(reference) for reference in references])


def _check_judges(scenario: Scenario, judging: Judging | None, *, model: str | None, base_url: str | None) -> None:
    """Refuse a rubric or a judge that there is not before a run is paid for."""
    if judging is not None:
        load_rubric(scenario.rubric)
        for judge in judging.models:
            Chats(model, base_url).get(judge)


def _introduce(simulation: Simulation, output: Output, *, chosen: bool) -> None:
    run, scenario = simulation.run, simulation.scenario
    parties = "party" if len(scenario.organisations) == 1 else "parties"
    first, last = (scenario.clock.period(round).label for round in (0, run.horizon - 1))
    output.say(f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name)
    output.say(
        f"Run {run.name} · seed {run.header.seed} · model {run.header.model} · {first} to {last} · "
        f"{count(run.horizon, 'round')} of {len(scenario.organisations)} {parties}"
    )
    if not chosen and run.header.model == "embedded":
        output.say(EMBEDDED_NOTICE)
