"""The command line as a whole: its commands in the order of its help, and how it ends.

What a command does is loaded when it is called, so that help is there at once.
"""

import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit, TyperException

from converse_graph.cli import playing_commands, reading_commands
from converse_graph.cli.dispatch import output_gone, tell, usage
from converse_graph.cli.examples import add_examples
from converse_graph.cli.exit_codes import Code
from converse_graph.sanitize import whole_characters

_HELP = "Simulate conversations between organisations that keep private minds."

app = typer.Typer(help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False)


def _names_a_place(argument: str) -> bool:
    """Whether an argument is a path on this machine, which may have bytes in its name that are no text."""
    value = argument.partition("=")[2] if argument.startswith("-") else argument
    try:
        return bool(value) and (Path(value).exists() or (os.sep in value and Path(value).parent.is_dir()))
    except (OSError, ValueError):  # too long for a path, or with a null in it
        return False


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.argv[1:] = [argument if _names_a_place(argument) else whole_characters(argument) for argument in sys.argv[1:]]
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


COMMANDS: Mapping[str, tuple[Callable[..., None], str]] = {
    "list": (reading_commands.list_scenarios, "List the scenarios that can be run, with their dials."),
    "run": (playing_commands.run, "Run a scenario to its horizon, and write its transcript."),
    "estimate": (playing_commands.estimate, "Say what a run would take, before anything is spent."),
    "resume": (playing_commands.resume, "Go on with a run that was paused or killed."),
    "judge": (playing_commands.judge, "Have a model judge a run by a rubric."),
    "runs": (reading_commands.runs, "List the runs of a store, the latest first."),
    "show": (reading_commands.show, "Show a run's transcript, or its figures."),
    "extend": (playing_commands.extend, "Go on with a run past its horizon, as one run."),
    "fork": (playing_commands.fork, "Make a run that shares another's past up to a turn."),
    "replay": (playing_commands.replay, "Play a run again from its journal, with no model."),
    "inject": (playing_commands.inject, "Let something happen at a date that a run has not come to."),
    "diff": (reading_commands.diff, "Show where two runs differ."),
    "interview": (playing_commands.interview, "Ask a party, as it was at the end of a period."),
    "audit": (reading_commands.audit, "Show that nothing private reached another party."),
    "dataset": (reading_commands.dataset, "Turn runs into a dataset, at LangSmith or in a file."),
    "new": (reading_commands.new, "Write a commented scenario file, to begin from."),
    "schema": (reading_commands.schema, "Print the JSON Schema of a file, or of what is printed as JSON."),
    "export": (reading_commands.export, "Write a scenario as one YAML file."),
    "graph": (reading_commands.graph, "Draw the graph of a scenario, with who reads what."),
    "doctor": (reading_commands.doctor, "Look whether a run could begin here."),
    "models": (reading_commands.models, "List the models that can be asked, and what each needs."),
}
"""By name, in the order in which help lists them: what each takes, and what it does in one line of 80 columns."""

for _name, (_command, _told) in COMMANDS.items():
    app.command(_name, short_help=_told)(_command)
add_examples(app)
