"""What the commands take that read, list, draw and write, and ask no model."""

import typer

from converse_graph.cli import options
from converse_graph.cli.dispatch import call


def list_scenarios(as_json: options.Json = False) -> None:
    """List the scenarios that can be run, with their dials."""
    call("list", as_json=as_json)


def runs(as_json: options.Json = False, store: options.StorePath = None) -> None:
    """List the runs of a store, the latest first."""
    call("runs", as_json=as_json, store=store)


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


def dataset(
    runs: options.RunArguments,
    by: options.By = "run",
    private: options.Private = False,
    name: options.DatasetName = None,
    out: options.Out = None,
    store: options.StorePath = None,
    debug: options.Debug = False,
) -> None:
    """Turn runs into examples: lines of JSON, or with --name a dataset at LangSmith.

    An example has the same id each time, so that a run which is sent again makes no doubles.
    """
    if name is not None and out is not None:
        raise typer.BadParameter("--name and --out cannot both be had")
    call("dataset", debug=debug, runs=runs, by=by, private=private, name=name, out=out, store=store)


def new(name: options.NameArgument) -> None:
    """Write a commented scenario file that runs at once, to begin from."""
    call("new", name=name)


def schema(of: options.SchemaOf = "scenario") -> None:
    """Print the JSON Schema of a scenario file, or of what other commands print as JSON."""
    call("schema", of=of)


def export(scenario: options.ScenarioArgument, dials: options.Dials = None, out: options.Out = None) -> None:
    """Write a scenario, as its dials are set, as one YAML file that runs like any other scenario."""
    call("export", reference=scenario, dials=dials or [], out=out)


def graph(
    scenario: options.ScenarioArgument,
    dials: options.Dials = None,
    depth: options.Depth = None,
    form: options.GraphAs = "mermaid",
    out: options.Out = None,
) -> None:
    """Draw the graph of a scenario: nodes, debates inside them, and channels with who reads and writes them."""
    call("graph", reference=scenario, dials=dials or [], depth=depth, form=form, out=out)


def doctor(as_json: options.Json = False, store: options.StorePath = None, debug: options.Debug = False) -> None:
    """Look whether a run could begin here: versions, store, scenarios, prompts, models, tracing, terminal.

    Nothing is written or spent, and no key is ever shown. Ends with exit code 1 where something must be mended.
    """
    call("doctor", debug=debug, as_json=as_json, store=store)


def models(as_json: options.Json = False) -> None:
    """List the models that can be asked, and what each needs."""
    call("models", as_json=as_json)
