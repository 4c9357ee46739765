"""Calls a command that was declared, and turns whatever it raises into one line and an exit code."""

import errno
import importlib
import os
import sys
import traceback
from typing import Any

import typer
from typer.exceptions import TyperException

from converse_graph.cli.exit_codes import Code, code_of, one_line
from converse_graph.errors import ConverseError


def judging_of(no_judge: bool, models: list[str] | None) -> Any:
    """How a run is judged at its end; loaded late, as all that needs the package."""
    if no_judge and models:
        raise typer.BadParameter("--no-judge and --judge-model cannot both be had")
    if no_judge:
        return None
    return importlib.import_module("converse_graph.cli.judge_options").Judging(models=tuple(models or ()))


def call(command: str, *, debug: bool = False, **arguments: Any) -> None:
    """Load a command and call it; what it returns, or what it raises, decides the exit code."""
    try:
        code = importlib.import_module(f"converse_graph.cli.commands.{command}").command(**arguments)
    except ConverseError as error:
        code = _fail(error, code_of(error), debug)
    except KeyboardInterrupt:
        code = tell("Stopped at once. What was committed is kept; see `converse runs`.", Code.FAILED)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        code = _fail(error, Code.FAILED, debug)
    except Exception as error:  # a fault of ours or of a scenario's own code: one line for users, more on request
        code = _fail(error, Code.FAILED, debug)
    raise typer.Exit(code or Code.DONE)


def _fail(error: Exception, code: Code, debug: bool) -> Code:
    if debug:
        shown = importlib.import_module("converse_graph.cli.terminal_text").plain(
            "".join(traceback.format_exception(error))
        )
        print(shown, file=sys.stderr)  # noqa: T201 - the command line's own voice
    message = str(error) if isinstance(error, ConverseError) else f"{type(error).__name__}: {error}"
    return tell(message, code)


def tell(message: str, code: Code) -> Code:
    """Say one line on standard error; returns the exit code that goes with it."""
    print(f"converse: {one_line(message)}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    return code


def usage(error: TyperException) -> str:
    """What was wrong with the words of a command, and what there is instead."""
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    known = getattr(getattr(context, "command", None), "commands", None) if "No such command" in message else None
    if known:
        message += f"{' There' if message.endswith('?') else '; there'} is: {', '.join(sorted(known))}"
    path = context.command_path if context is not None else "converse"
    return f"{message}. See `{path} --help`."


def output_gone(error: OSError) -> Code:
    """Whoever read our output has left, as `| head` does: say nothing more, not even as the interpreter ends."""
    if error.errno != errno.EPIPE:
        return tell(str(error), Code.FAILED)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Code.FAILED
