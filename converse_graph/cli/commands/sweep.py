"""`converse sweep`: a scenario many times, over settings of its dials and over seeds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from converse_graph.cli.completion import complete_runs, complete_scenarios
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.options import (
    Dials,
    MaxTokens,
    MaxUsd,
    ModelOptions,
    NoJudge,
    PricesFile,
    Quiet,
    Rounds,
    Shared,
    StorePath,
    Until,
)

if TYPE_CHECKING:
    from converse_graph.calls.budget import Budget
    from converse_graph.cli.output import Output
    from converse_graph.ensembles.sweep import Progress
    from converse_graph.store import Store

Vary = Annotated[
    list[str] | None,
    typer.Option("--vary", metavar="DIAL=A,B,…", help="Play each of these values; of several dials all combinations."),
]
Seeds = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Replicates of each arm; all arms have the same seeds.  [default: 10]"),
]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Runs that are on at once in a process.")]
Processes = Annotated[
    int, typer.Option(min=1, metavar="N", help="Processes that share the runs out, for what the processor bounds.")
]
EnsembleName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Of the ensemble.  [default: the scenario's name]")
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Take runs up again that failed before.")]
DesignKind = Annotated[
    Literal["factorial", "one-at-a-time", "fractional", "morris", "latin"],
    typer.Option("--design", help="How the settings of several dials are combined to arms."),
]
Samples = Annotated[
    int | None,
    typer.Option(min=1, max=10_000, metavar="N", help="Arms of a Latin hypercube, or paths of Morris's design."),
]
Paraphrase = Annotated[
    bool,
    typer.Option("--paraphrase", help="Play the first arm once more in other words: the scenario's dial `wording`."),
]
FromRun = Annotated[
    str | None, typer.Option("--from", metavar="RUN", help="Fork all runs from this one.", autocompletion=complete_runs)
]
ForkAt = Annotated[
    str | None, typer.Option("--at", metavar="WHEN[:PARTY]", help="With --from: the first turn that is their own.")
]
PlanFile = Annotated[
    Path | None, typer.Option("--plan", metavar="FILE", help="Read the design from a YAML file; options go before it.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Begin without asking, whatever it costs.")]
OptionalScenario = Annotated[
    str | None,
    typer.Argument(metavar="[SCENARIO]", help="As `converse run` takes it.", autocompletion=complete_scenarios),
]
NoBaseline = Annotated[bool, typer.Option("--no-baseline", help="Leave out arms by chance and direct questions.")]

ToQueue = Annotated[bool, typer.Option("--queue", help="Leave the runs to `converse worker`, in a store on a server.")]


async def sweep(
    scenario: OptionalScenario = None,
    *,
    vary: Vary = None,
    seeds: Seeds = None,
    design: DesignKind = "factorial",
    samples: Samples = None,
    dials: Dials = None,
    model: ModelOptions,
    until: Until = None,
    rounds: Rounds = None,
    name: EnsembleName = None,
    from_run: FromRun = None,
    at: ForkAt = None,
    plan: PlanFile = None,
    paraphrase: Paraphrase = False,
    jobs: Jobs = 8,
    processes: Processes = 1,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    prices: PricesFile = None,
    retry_failed: RetryFailed = False,
    no_baseline: NoBaseline = False,
    no_judge: NoJudge = False,
    yes: Yes = False,
    queue: ToQueue = False,
    store: StorePath = None,
    shared: Shared = False,
    quiet: Quiet = False,
) -> Code:
    """Play a scenario many times, over dials and seeds.

    The same command again plays only what is missing; more seeds or more values add to the ensemble. Ctrl-C pauses
    all runs.

    Examples:
        converse sweep wage-talks --vary inflation=0.02,0.08 --seeds 3 --name raises
        converse sweep agi-race --vary regulation=none,strict --model openai:gpt-4.1
        converse sweep --from race --at 2027 --vary regulation=none,strict
        converse sweep backtest --vary facts=yes,no --seeds 2 --rounds 3 --name past
    """
    from datetime import UTC, datetime

    _prepare(processes)

    from converse_graph.cli.output import Output
    from converse_graph.cli.play import read_budget, read_prices
    from converse_graph.cli.sweeping import (
        Player,
        SweepRequest,
        confirm,
        play_until_paused,
        read_design,
        shown_progress,
    )
    from converse_graph.cli.workers_extra import load_workers
    from converse_graph.ensembles.process_player import ProcessPlayer
    from converse_graph.ensembles.sweep import SweepPlayer, save_design
    from converse_graph.store import Store
    from converse_graph.store.store import DEFAULT_PATH

    output = Output(quiet=quiet)
    budget, own_prices = read_budget(max_usd, max_tokens), read_prices(prices)
    _check_options(processes, has_prices=own_prices is not None, queue=queue)
    request = SweepRequest(
        scenario=scenario,
        vary=tuple(vary or ()),
        dials=tuple(dials or ()),
        seeds=seeds,
        kind=design,
        samples=samples,
        until=until,
        rounds=rounds,
        model=model.model,
        base_url=model.base_url,
        baseline=not no_baseline,
        judge=not no_judge,
        paraphrase=paraphrase,
        parent=from_run,
        at=at,
        name=name,
        plan=plan,
    )
    where = store or DEFAULT_PATH
    if queue:
        load_workers("converse_graph.ensembles.queue").check_server(str(where))
    new_design, set_name = await read_design(request, where)
    await confirm(new_design, output, is_agreed=yes or budget is not None, prices=own_prices)
    async with Store.open(where, make=True, shared=shared) as open_store:
        saved_name, whole = await save_design(open_store, set_name, new_design, created=datetime.now(UTC))
        if saved_name != set_name:
            output.warn(f"The scenario or its prompts have changed since {set_name}; this is a new set, {saved_name}.")
        output.say(f"Ensemble {saved_name}: {whole.size} runs, {len(whole.arms)} arms of {whole.seeds} seeds")
        if queue:
            return await _leave_to_workers(
                open_store, str(where), saved_name, budget, output, retry_failed=retry_failed
            )
        options: Any = {"jobs": jobs, "budget": budget, "prices": own_prices, "retry_failed": retry_failed}
        options |= {"watch": shown_progress(output)}
        player: Player = SweepPlayer(open_store, saved_name, **options)
        if processes > 1:
            player = ProcessPlayer(where, saved_name, processes=processes, **options)
        progress, is_paused = await play_until_paused(player, output)
    _say_end(output, progress, saved_name)
    output.result(saved_name)
    if is_paused:
        output.warn("Paused; the same command goes on.")
        return Code.PAUSED
    return Code.FAILED if progress.failed else Code.DONE


def _prepare(processes: int) -> None:
    """Have what several processes need loaded while this one loads it too."""
    from converse_graph.ensembles.fork_server import start_fork_server

    if processes > 1:
        start_fork_server()


def _check_options(processes: int, *, has_prices: bool, queue: bool) -> None:
    if queue and (has_prices or processes > 1):
        raise typer.BadParameter(
            "--queue goes with no --prices and no --processes: workers play in processes of their own"
        )


async def _leave_to_workers(
    store: "Store", address: str, name: str, budget: "Budget | None", output: "Output", *, retry_failed: bool
) -> Code:
    """Queue what is missing of an ensemble, with the bounds on all of it."""
    from converse_graph.cli.workers_extra import load_workers

    async with load_workers("converse_graph.ensembles.queue").open_queue(address, make=True) as queue:
        await queue.set_budget(name, usd=budget and budget.usd, tokens=budget and budget.tokens)
        queued = await queue.queue_missing(store, name, retry_failed=retry_failed)
    output.say(f"{queued} runs queued; `converse worker --store …` plays them, on as many machines as wanted")
    output.result(name)
    return Code.DONE


def _say_end(output: "Output", progress: "Progress", name: str) -> None:
    from converse_graph.cli.formatting import money

    for run, why in progress.failed.items():
        output.warn(f"{run}: {why}")
    cost = f", {money(progress.usd)}" if progress.usd else ""
    output.say(
        f"{progress.done} of {progress.runs} runs have finished ({progress.tokens:,} tokens{cost}); "
        f"`converse forecast {name}` tells what they say"
    )
