"""Makes a command of a function: its signature gives the options, its docstring the help and the examples.

The first line of the docstring is what the list of commands says; what stands under `Examples:` ends the help. A
parameter whose type is a dataclass stands for an option for each of its fields.
"""

import errno
import inspect
import signal
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from inspect import Parameter, Signature
from typing import Any, NamedTuple, get_type_hints

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from converse_graph.cli.exit_codes import Code, report, report_error
from converse_graph.cli.options import Debug


class Help(NamedTuple):
    """What a docstring says of a command."""

    text: str
    short: str
    """Its first line, for the list of commands."""
    examples: tuple[str, ...]


def read_help(function: Callable[..., Any]) -> Help:
    """Read the docstring of a command."""
    text, _, rest = (inspect.getdoc(function) or "").partition("\n\nExamples:\n")
    examples = tuple(line.strip() for line in rest.splitlines() if line.strip())
    return Help(text=text, short=text.partition("\n")[0], examples=examples)


def command_name(function: Callable[..., Any]) -> str:
    """The name of a command: that of the file which holds its function, where that may not be a word of Python's."""
    return function.__module__.rpartition(".")[2].removesuffix("_")


def add_command(app: typer.Typer, function: Callable[..., Any], *, group: str) -> None:
    """Add a command to the command line.

    Args:
        app: The command line.
        function: What the command does. It may be a coroutine function, and return an exit code.
        group: The heading of the help under which it stands.
    """
    text, short, examples = read_help(function)
    # After \b the lines are shown as they are, not filled into a paragraph.
    epilog = "\n".join(["\b", "Example:" if len(examples) == 1 else "Examples:", *(f"  {line}" for line in examples)])
    register = app.command(
        command_name(function), help=text, short_help=short, epilog=epilog if examples else None, rich_help_panel=group
    )
    register(_as_callback(function))


class GroupedCommands(TyperGroup):
    """Lists its commands under the headings of their groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group, in the order in which the groups were added."""
        sections: dict[str, list[tuple[str, str]]] = {}
        width = max(map(len, self.commands))
        for name, command in self.commands.items():
            row = (name.ljust(width), command.get_short_help_str(limit=formatter.width - width - 4))
            sections.setdefault(getattr(command, "rich_help_panel", None) or "Commands", []).append(row)
        for heading, rows in sections.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def _as_callback(function: Callable[..., Any]) -> Callable[..., None]:
    """A function with an option for each field of a dataclass, which ends with an exit code whatever happens."""
    signature = inspect.signature(function, eval_str=True)
    groups: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if is_dataclass(parameter.annotation)
    }

    def callback(*, debug: bool, **options: Any) -> None:
        arguments = {name: options[name] for name in signature.parameters.keys() - groups.keys()}
        for name, group in groups.items():
            arguments[name] = group(**{field.name: options[field.name] for field in fields(group)})
        raise typer.Exit(_run(function, arguments, debug=debug))

    parameters: list[Parameter] = []
    for name, parameter in signature.parameters.items():
        parameters += _options_of(groups[name]) if name in groups else [parameter.replace(kind=Parameter.KEYWORD_ONLY)]
    parameters.append(Parameter("debug", Parameter.KEYWORD_ONLY, default=False, annotation=Debug))
    # Typer reads the options here; Python allows the field, which its type stubs do not list.
    callback.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return callback


def _options_of(group: Any) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]


def _run(function: Callable[..., Any], arguments: Mapping[str, Any], *, debug: bool) -> Code:
    """Call a command; what it returns, or what it raises, decides the exit code."""
    try:
        result = function(**arguments)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # which asyncio makes a cancellation of
        if inspect.iscoroutine(result):
            import asyncio

            result = asyncio.run(result)
        return result or Code.DONE
    except KeyboardInterrupt:
        return report("Stopped at once. What was committed is kept; see `converse runs`.", Code.STOPPED)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        return report_error(error, debug=debug)
    except TyperException:
        raise
    except Exception as error:  # a fault of ours or of a scenario's own code: one line for users, more on request
        return report_error(error, debug=debug)
