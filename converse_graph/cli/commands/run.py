"""`converse run`: a scenario, from its first round to its horizon."""

from typing import TYPE_CHECKING

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import (
    Dials,
    HumanOption,
    ModelOptions,
    PlayOptions,
    Rounds,
    RunName,
    ScenarioArgument,
    Seed,
    Shared,
    StorePath,
    Until,
)

if TYPE_CHECKING:
    from converse_graph.cli.play import Session
    from converse_graph.runs.simulation import Simulation
    from converse_graph.scenarios.scenario import Scenario

EMBEDDED_NOTICE = (
    "No model was named and no key is set, so the embedded SmolLM2-135M-Instruct is used: with 135 million parameters "
    "it is fluent, shallow and repeats itself, good for trying things out, not for conclusions; choose another with "
    "--model or --base-url (see `converse models`)."
)


async def run(
    scenario: ScenarioArgument,
    *,
    dials: Dials = None,
    model: ModelOptions,
    seed: Seed = None,
    until: Until = None,
    rounds: Rounds = None,
    name: RunName = None,
    human: HumanOption = None,
    store: StorePath = None,
    shared: Shared = False,
    play: PlayOptions,
) -> Code:
    """Run a scenario to its horizon, and write its transcript.

    Ctrl-C pauses at the next step; `converse resume` goes on.

    Examples:
        converse run agi-race --until 2026 --seed 7 --name race
        converse run wage-talks --set inflation=0.08
        converse run boardrooms --model openai:gpt-4.1 --max-usd 2
        converse run boardrooms --model gemma --base-url http://localhost:11434/v1
        converse run boardrooms --model openai:gpt-4.1,embedded
        converse run wage-talks --human Union
        converse run wage-talks --option temperature=0.7 --option Union.top_p=0.9
    """
    import os

    from converse_graph.cli.option_values import read_model_options, read_settings
    from converse_graph.cli.play import Session
    from converse_graph.models.registry import ModelRegistry
    from converse_graph.runs.simulation import Origin, Simulation
    from converse_graph.scenarios.catalogue import find_scenario
    from converse_graph.scenarios.references import absolute_reference
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    session = Session(play)
    function = find_scenario(scenario)
    spec = function(**read_settings(function, dials or ()))
    _check(spec, session, model, until=until, name=name)
    async with Store.open(store or DEFAULT_PATH, make=True, shared=shared) as open_store:
        simulation = await Simulation.begin(
            open_store,
            spec,
            model=ModelRegistry(model.model, model.base_url, prices=session.prices),
            options=read_model_options(model.options or ()),
            seed=seed,
            name=name,
            until=until,
            rounds=rounds,
            origin=Origin(scenario=absolute_reference(scenario)),
            humans=human or (),
        )
        is_named = bool(model.model or model.base_url or os.environ.get("CONVERSE_MODEL"))
        _introduce(simulation, session, model_is_named=is_named)
        return await session.play(simulation)


def _check(
    scenario: "Scenario", session: "Session", model: ModelOptions, *, until: int | None, name: str | None
) -> None:
    """Raise now, before a store is made, what would be raised once the run is under way."""
    from converse_graph.cli.option_values import read_model_options
    from converse_graph.judge.rubric import load_rubric
    from converse_graph.models.registry import ModelRegistry
    from converse_graph.prompting.templates import load_prompts
    from converse_graph.runs.header import models_and_embedders
    from converse_graph.scenarios.speaker_settings import speaker_settings
    from converse_graph.store import check_run_name

    if name is not None:
        check_run_name(name)
    if until is not None:
        scenario.clock.rounds_until(until)
    load_prompts()
    scenario.graph()
    speaker_settings(scenario, read_model_options(model.options or ()))
    models = ModelRegistry(model.model, model.base_url, prices=session.prices)
    references = models_and_embedders(scenario, models)
    if session.judges is not None:
        load_rubric(scenario.rubric)
        references += [chat for judge in session.judges for chat in models.all_of(judge)]
    if session.budget is not None and session.budget.usd is not None:
        models.prices.require(references)


def _introduce(simulation: "Simulation", session: "Session", *, model_is_named: bool) -> None:
    from converse_graph.cli.formatting import count

    run, scenario, output = simulation.run, simulation.scenario, session.output
    parties = "party" if len(scenario.organisations) == 1 else "parties"
    first, last = (scenario.clock.period(round).label for round in (0, run.horizon - 1))
    output.say(f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name)
    output.say(
        f"Run {run.name} · seed {run.header.seed} · model {run.header.model_in_words} · {first} to {last} · "
        f"{count(run.horizon, 'round')} of {len(scenario.organisations)} {parties}"
    )
    if not model_is_named and run.header.model == "embedded":
        output.say(EMBEDDED_NOTICE)
    for event in scenario.events_too_late(run.horizon):
        output.warn(scenario.too_late_text(event))
