"""The commands and what each takes. What they do is loaded when one is called, so that help is there at once."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.exceptions import Exit, TyperException

from converse_graph.cli import options
from converse_graph.cli.calling import call, judging_of, output_gone, tell, usage
from converse_graph.cli.examples import add_examples
from converse_graph.cli.exits import Code

_HELP = "Simulate conversations between organisations that keep private minds."

app = typer.Typer(help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    command = typer.main.get_command(app)
    try:
        code = command.main(prog_name="converse", standalone_mode=False) or Code.DONE
        sys.stdout.flush()
    except Exit as leave:
        code = leave.exit_code
    except TyperException as error:
        code = tell(usage(error), Code.USAGE if error.exit_code == Code.USAGE else Code.FAILED)
    except OSError as error:
        code = output_gone(error)
    sys.exit(code)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"converse {version('converse-graph')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("list")
def list_scenarios(as_json: options.Json = False) -> None:
    """List the scenarios that can be run, with their dials."""
    call("list", as_json=as_json)


@app.command()
def run(
    scenario: options.ScenarioArgument,
    dials: options.Dials = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    seed: options.Seed = None,
    window: options.Window = None,
    until: options.Until = None,
    rounds: options.Rounds = None,
    name: options.RunName = None,
    store: options.StorePath = None,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Run a scenario to its horizon, and write its transcript.

    Ctrl-C pauses at the next step; `converse resume` goes on.
    """
    call(
        "run",
        debug=debug,
        reference=scenario,
        dials=dials or [],
        model=model,
        base_url=base_url,
        seed=seed,
        window=window,
        until=until,
        rounds=rounds,
        name=name,
        store=store,
        quiet=quiet,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging_of(no_judge, judge_models),
        trace_private=trace_private,
    )


@app.command()
def estimate(
    scenario: options.ScenarioArgument,
    dials: options.Dials = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    window: options.Window = None,
    seed: options.Seed = None,
    until: options.Until = None,
    rounds: options.Rounds = None,
    no_judge: options.NoJudge = False,
    prices: options.PricesFile = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Say how many calls and tokens a run would take, and what it would cost, before anything is spent."""
    call(
        "estimate",
        debug=debug,
        reference=scenario,
        dials=dials or [],
        model=model,
        base_url=base_url,
        window=window,
        seed=seed,
        until=until,
        rounds=rounds,
        judged=not no_judge,
        prices=prices,
        as_json=as_json,
    )


@app.command()
def resume(
    run: options.RunArgument,
    store: options.StorePath = None,
    allow_changed: options.AllowChanged = False,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Go on with a run that was paused or killed; its model is remembered."""
    judging = judging_of(no_judge, judge_models)
    call(
        "resume",
        debug=debug,
        run=run,
        store=store,
        quiet=quiet,
        allow_changed=allow_changed,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging,
        trace_private=trace_private,
    )


@app.command()
def judge(
    run: options.RunArgument,
    rubric: options.Rubric = None,
    judge_models: options.JudgeModels = None,
    repeats: options.Repeats = 1,
    base_url: options.BaseUrl = None,
    store: options.StorePath = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    prices: options.PricesFile = None,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Have a model judge a run by a rubric; the verdict goes to the top of its transcript.

    Several judges, or repeats, give their agreement too.
    """
    call(
        "judge",
        debug=debug,
        run=run,
        rubric=rubric,
        models=judge_models or [],
        repeats=repeats,
        base_url=base_url,
        store=store,
        bounds=(max_usd, max_tokens, None, None, prices),
        quiet=quiet,
        as_json=as_json,
    )


@app.command()
def runs(as_json: options.Json = False, store: options.StorePath = None) -> None:
    """List the runs of a store, the latest first."""
    call("runs", as_json=as_json, store=store)


@app.command()
def show(
    run: options.RunArgument,
    raw: options.Raw = False,
    form: options.As = None,
    as_json: options.Json = False,
    stats: options.Stats = False,
    out: options.Out = None,
    store: options.StorePath = None,
) -> None:
    """Show a run's transcript: the public record, or with --raw the private conversations too."""
    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    if stats and form in ("jsonl", "csv"):
        raise typer.BadParameter(f"--stats is had as markdown or json, not as {form}")
    shown = "json" if as_json else form or "markdown"
    call("show", run=run, raw=raw, form=shown, stats=stats, out=out, store=store)


@app.command()
def extend(
    run: options.RunArgument,
    until: options.Until = None,
    rounds: options.Rounds = None,
    store: options.StorePath = None,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Go on with a run past its horizon, as one run."""
    judging = judging_of(no_judge, judge_models)
    call(
        "extend",
        debug=debug,
        run=run,
        until=until,
        rounds=rounds,
        store=store,
        quiet=quiet,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging,
        trace_private=trace_private,
    )


@app.command()
def fork(
    run: options.RunArgument,
    at: options.ForkAt,
    say: options.Say = None,
    fields: options.Fields = None,
    dials: options.Dials = None,
    events: options.Events = None,
    event_dates: options.EventDates = None,
    parties: options.EventParties = None,
    until: options.Until = None,
    rounds: options.Rounds = None,
    seed: options.Seed = None,
    name: options.RunName = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    store: options.StorePath = None,
    no_judge: options.NoJudge = False,
    judge_models: options.JudgeModels = None,
    max_usd: options.MaxUsd = None,
    max_tokens: options.MaxTokens = None,
    max_turns: options.MaxTurns = None,
    max_minutes: options.MaxMinutes = None,
    prices: options.PricesFile = None,
    trace_private: options.TracePrivate = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Make a run that shares another's past up to a turn, and go on with it.

    With a change (--say, --set, --event, --model) it keeps the seed, without one it draws another.
    """
    call(
        "fork",
        debug=debug,
        run=run,
        at=at,
        say=say,
        fields=fields or [],
        dials=dials or [],
        events=events or [],
        event_dates=event_dates or [],
        parties=parties or [],
        until=until,
        rounds=rounds,
        seed=seed,
        name=name,
        model=model,
        base_url=base_url,
        store=store,
        quiet=quiet,
        bounds=(max_usd, max_tokens, max_turns, max_minutes, prices),
        judging=judging_of(no_judge, judge_models),
        trace_private=trace_private,
    )


@app.command()
def replay(
    run: options.RunArgument,
    name: options.RunName = None,
    store: options.StorePath = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Play a run again from its journal, with no model."""
    call("replay", debug=debug, run=run, name=name, store=store, quiet=quiet)


@app.command()
def inject(
    run: options.RunArgument,
    at: options.At,
    event: options.Event,
    to: options.To = None,
    store: options.StorePath = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Let something happen at a date that a run has not come to."""
    call("inject", debug=debug, run=run, at=at, event=event, to=to, store=store, quiet=quiet)


@app.command()
def diff(
    first: options.RunArgument,
    second: options.RunArgument,
    form: options.DiffAs = None,
    as_json: options.Json = False,
    out: options.Out = None,
    store: options.StorePath = None,
) -> None:
    """Show where two runs differ: what each party said, and its fields."""
    if as_json and form not in (None, "json"):
        raise typer.BadParameter(f"--json and --as {form} cannot both be had")
    call("diff", first=first, second=second, form="json" if as_json else form or "text", out=out, store=store)


@app.command()
def interview(
    run: options.RunArgument,
    question: options.QuestionArgument,
    party: options.PartyName,
    at: options.At,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    as_json: options.Json = False,
    store: options.StorePath = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Ask a party, as it was at the end of a period; nothing is kept of it."""
    call(
        "interview",
        debug=debug,
        run=run,
        question=question,
        party=party,
        at=at,
        model=model,
        base_url=base_url,
        as_json=as_json,
        store=store,
        quiet=quiet,
    )


@app.command()
def audit(
    run: options.RunArgument,
    as_json: options.Json = False,
    store: options.StorePath = None,
    debug: options.Debug = False,
) -> None:
    """Show from a run's journal that nothing private reached another party or the public record.

    Ends with exit code 1 and the places if something did.
    """
    call("audit", debug=debug, run=run, as_json=as_json, store=store)


@app.command()
def new(name: options.NameArgument) -> None:
    """Write a commented scenario file that runs at once, to begin from."""
    call("new", name=name)


@app.command()
def schema(of: options.SchemaOf = "scenario") -> None:
    """Print the JSON Schema of a scenario file, or of what other commands print as JSON."""
    call("schema", of=of)


@app.command()
def export(scenario: options.ScenarioArgument, dials: options.Dials = None, out: options.Out = None) -> None:
    """Write a scenario, as its dials are set, as one YAML file that runs like any other scenario."""
    call("export", reference=scenario, dials=dials or [], out=out)


@app.command()
def graph(
    scenario: options.ScenarioArgument,
    dials: options.Dials = None,
    depth: options.Depth = None,
    form: options.GraphAs = "mermaid",
    out: options.Out = None,
) -> None:
    """Draw the graph of a scenario: nodes, debates inside them, and channels with who reads and writes them."""
    call("graph", reference=scenario, dials=dials or [], depth=depth, form=form, out=out)


@app.command()
def doctor(as_json: options.Json = False, store: options.StorePath = None, debug: options.Debug = False) -> None:
    """Look whether a run could begin here: versions, store, scenarios, prompts, models, tracing, terminal.

    Nothing is written or spent, and no key is ever shown. Ends with exit code 1 where something must be mended.
    """
    call("doctor", debug=debug, as_json=as_json, store=store)


@app.command()
def models(as_json: options.Json = False) -> None:
    """List the models that can be asked, and what each needs."""
    call("models", as_json=as_json)


add_examples(app)
