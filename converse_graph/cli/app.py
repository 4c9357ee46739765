"""The command line as a whole: its commands, in the groups and the order of its help, and how it ends.

What a command needs is loaded when it is called, so that help is there at once.
"""

import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import Exit, TyperException

from converse_graph.cli.commands import (
    audit,
    dataset,
    demo,
    diff,
    doctor,
    estimate,
    explain,
    extend,
    forecast,
    fork,
    graph,
    import_,
    inject,
    interview,
    judge,
    models,
    new,
    pack,
    replay,
    resume,
    run,
    runs,
    schema,
    show,
    sweep,
    view,
    worker,
    workers,
    world,
)
from converse_graph.cli.commands.list import list_scenarios
from converse_graph.cli.commands_from_functions import GroupedCommands, add_command
from converse_graph.cli.exit_codes import Code, close_output, report, usage_message
from converse_graph.sanitize import whole_characters

_HELP = "Simulate conversations between organisations that keep private minds."

app = typer.Typer(cls=GroupedCommands, help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False)

GROUPS = {
    "Run": (run.run, estimate.estimate, resume.resume, extend.extend, fork.fork, replay.replay, inject.inject),
    "Many runs": (sweep.sweep, forecast.forecast, world.world, worker.worker, workers.workers),
    "Read": (
        demo.demo,
        runs.runs,
        show.show,
        explain.explain,
        view.view,
        import_.import_transcript,
        pack.pack,
        interview.interview,
        dataset.dataset,
    ),
    "Compare and judge": (diff.diff, judge.judge, audit.audit),
    "Set up": (list_scenarios, new.new, graph.graph, schema.schema, models.models, doctor.doctor),
}
"""What each command does stands in a file of its own in `commands/`, called as the command is."""

for _heading, _functions in GROUPS.items():
    for _function in _functions:
        add_command(app, _function, group=_heading)


def _names_a_place(argument: str) -> bool:
    """Whether an argument is a path on this machine, which may have bytes in its name that are no text."""
    value = argument.partition("=")[2] if argument.startswith("-") else argument
    try:
        return bool(value) and (Path(value).exists() or (os.sep in value and Path(value).parent.is_dir()))
    except (OSError, ValueError):  # too long for a path, or with a null in it
        return False


def _open_streams() -> None:
    """Have standard output and error, which a daemon may have closed, and letters that they have not."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
        getattr(sys, name).reconfigure(errors="replace")


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    _open_streams()
    if os.environ.pop("LANGCHAIN_TRACING", None):  # LangChain refuses to run anything while it is set
        report("LANGCHAIN_TRACING is an old variable and is ignored; LANGSMITH_TRACING=true traces runs.", Code.DONE)
    sys.argv[1:] = [argument if _names_a_place(argument) else whole_characters(argument) for argument in sys.argv[1:]]
    try:
        code = _command().main(prog_name="converse", standalone_mode=False) or Code.DONE
        sys.stdout.flush()
    except Exit as leave:
        code = leave.exit_code
    except TyperException as error:
        code = report(usage_message(error), Code.USAGE if error.exit_code == Code.USAGE else Code.FAILED)
    except OSError as error:
        code = close_output(error)
    sys.exit(code)


def _show_version(is_asked: bool) -> None:
    if is_asked:
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
