"""`converse sweep`: a scenario many times, over settings of its dials and over seeds."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import (
    Dials,
    MaxTokens,
    MaxUsd,
    ModelOptions,
    PricesFile,
    Quiet,
    Rounds,
    ScenarioArgument,
    Shared,
    StorePath,
    Until,
)

if TYPE_CHECKING:
    from converse_graph.calls.budget import Budget
    from converse_graph.ensembles.design import Design
    from converse_graph.ensembles.sweep import Progress
    from converse_graph.scenarios.dials import ScenarioFunction
    from converse_graph.store import Store

Vary = Annotated[
    list[str] | None,
    typer.Option("--vary", metavar="DIAL=A,B,…", help="Play each of these values; of several dials all combinations."),
]
Seeds = Annotated[int, typer.Option(min=1, metavar="N", help="Replicates of each arm; all arms have the same seeds.")]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Runs that are on at once in a process.")]
Processes = Annotated[
    int, typer.Option(min=1, metavar="N", help="Processes that share the runs out, for what the processor bounds.")
]
EnsembleName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Of the ensemble.  [default: the scenario's name]")
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Take runs up again that failed before.")]
NoBaseline = Annotated[bool, typer.Option("--no-baseline", help="Leave out the same arms played by chance.")]

ToQueue = Annotated[bool, typer.Option("--queue", help="Leave the runs to `converse worker`, in a store on a server.")]


async def sweep(
    scenario: ScenarioArgument,
    *,
    vary: Vary = None,
    seeds: Seeds = 10,
    dials: Dials = None,
    model: ModelOptions,
    until: Until = None,
    rounds: Rounds = None,
    name: EnsembleName = None,
    jobs: Jobs = 8,
    processes: Processes = 1,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    prices: PricesFile = None,
    retry_failed: RetryFailed = False,
    no_baseline: NoBaseline = False,
    queue: ToQueue = False,
    store: StorePath = None,
    shared: Shared = False,
    quiet: Quiet = False,
) -> Code:
    """Play a scenario many times, over dials and seeds.

    The same command again plays only what is missing; more seeds or more values add to the ensemble.

    Examples:
        converse sweep wage-talks --vary inflation=0.02,0.08 --seeds 3 --name raises
        converse sweep agi-race --vary regulation=none,strict --model openai:gpt-4.1
    """
    import asyncio
    from datetime import UTC, datetime

    from converse_graph.cli.output import Output
    from converse_graph.cli.play import read_budget, read_prices
    from converse_graph.cli.workers_extra import load_workers
    from converse_graph.ensembles.sweep import play_in_processes, play_sweep, save_design
    from converse_graph.scenarios.catalogue import find_scenario
    from converse_graph.scenarios.references import absolute_reference
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output = Output(quiet=quiet)
    budget, own_prices = read_budget(max_usd, max_tokens), read_prices(prices)
    if processes > 1 and (budget is not None or own_prices is not None):
        raise typer.BadParameter(
            "--processes goes with no bound and no prices: processes do not know what others spend"
        )
    function = find_scenario(scenario)
    design = _design(
        function, vary or (), dials or (), seeds, until, rounds, model, absolute_reference(scenario), not no_baseline
    )
    set_name = name or function.name
    where = store or DEFAULT_PATH
    if queue and (own_prices is not None or processes > 1):
        raise typer.BadParameter(
            "--queue goes with no --prices and no --processes: workers play in processes of their own"
        )
    if queue:
        load_workers("converse_graph.ensembles.queue").check_server(str(where))
    async with Store.open(where, make=True, shared=shared) as open_store:
        whole = await save_design(open_store, set_name, design, created=datetime.now(UTC))
        output.say(f"Ensemble {set_name}: {whole.size} runs, {len(whole.arms)} arms of {whole.seeds} seeds")
        if queue:
            return await _leave_to_workers(open_store, str(where), set_name, budget, output, retry_failed=retry_failed)
        if processes == 1:
            watch_progress = _shown(output)
            progress = await play_sweep(
                open_store,
                set_name,
                jobs=jobs,
                budget=budget,
                prices=own_prices,
                retry_failed=retry_failed,
                watch=watch_progress,
            )
    if processes > 1:
        progress = await asyncio.to_thread(
            play_in_processes,
            where,
            set_name,
            processes=processes,
            jobs=jobs,
            retry_failed=retry_failed,
            watch=lambda _: None,
        )
    for run, why in progress.failed.items():
        output.warn(f"{run}: {why}")
    output.say(
        f"{progress.done} of {progress.runs} runs have finished; `converse forecast {set_name}` tells what they say"
    )
    output.result(set_name)
    return Code.FAILED if progress.failed else Code.DONE


async def _leave_to_workers(
    store: "Store", address: str, name: str, budget: "Budget | None", output: Any, *, retry_failed: bool
) -> Code:
    """Queue what is missing of an ensemble, with the bounds on all of it."""
    from converse_graph.cli.workers_extra import load_workers

    async with load_workers("converse_graph.ensembles.queue").open_queue(address, make=True) as queue:
        await queue.set_budget(name, usd=budget and budget.usd, tokens=budget and budget.tokens)
        queued = await queue.queue_missing(store, name, retry_failed=retry_failed)
    output.say(f"{queued} runs queued; `converse worker --store …` plays them, on as many machines as wanted")
    output.result(name)
    return Code.DONE


def _design(
    function: "ScenarioFunction",
    vary: "list[str] | tuple[()]",
    dials: "list[str] | tuple[()]",
    seeds: int,
    until: int | None,
    rounds: int | None,
    model: ModelOptions,
    source: str,
    baseline: bool,
) -> "Design":
    """Read and check the design: every arm is made once, so that one which cannot be is refused before any run."""
    from converse_graph.cli.option_values import read_settings
    from converse_graph.ensembles.design import Design
    from converse_graph.errors import InvalidValue
    from converse_graph.models.registry import ModelRegistry

    dial_values: dict[str, tuple[Any, ...]] = {}
    for text in vary:
        dial, equals, values = text.partition("=")
        if not equals or not values:
            raise InvalidValue(f"--vary takes DIAL=A,B, not {text!r}.")
        read = [read_settings(function, [f"{dial}={value.strip()}"]) for value in values.split(",")]
        (key,) = read[0]
        if key in dial_values:
            raise InvalidValue(f"Dial {key} is varied twice; name all its values at once.")
        dial_values[key] = tuple(dict.fromkeys(one[key] for one in read))
    settings = read_settings(function, dials)
    if both := dial_values.keys() & settings.keys():
        raise InvalidValue(f"Dial {min(both)} is both set and varied; do one of them.")
    model_name = ModelRegistry(model.model, model.base_url).default_name
    design = Design(
        scenario=source,
        vary=dial_values,
        dials=settings,
        seeds=seeds,
        model=model_name,
        base_url=model.base_url,
        baseline=baseline,
    )
    scenarios = [function(**arm) for arm in design.arms]
    horizon = None if until is None and rounds is None else scenarios[0].clock.horizon(until, rounds)
    return design.model_copy(update={"rounds": horizon})


def _shown(output: Any) -> Any:
    """A line each time a tenth more of the runs has finished."""
    last_tenth = -1

    def watch(progress: "Progress") -> None:
        nonlocal last_tenth
        tenth = progress.done * 10 // max(1, progress.runs)
        if tenth > last_tenth and progress.done:
            last_tenth = tenth
            failures = f", {len(progress.failed)} failed" if progress.failed else ""
            output.say(f"{progress.done} of {progress.runs} runs{failures}, {progress.tokens:,} tokens")

    return watch
