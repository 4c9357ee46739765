"""How a command ends: its exit code, a contract with scripts, and one line on standard error for each but 0."""

import errno
import os
import shlex
import sys
import traceback
from enum import IntEnum

from typer.exceptions import TyperException

from converse_graph.errors import ConverseError, RunLocked, RunPaused, UsageError


class Code(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    """An unknown name, or something asked for that cannot be; nothing was written."""
    PAUSED = 3
    """The run stopped where `converse resume` goes on."""
    HELD = 4
    """Another process is writing to the run."""
    STOPPED = 130
    """Ctrl-C ended it at once, as shells say it of any command."""


MAX_LINE = 2000
"""How long a line of an error is, in characters: what was given may be a whole file, and the way out stands last."""

_WAYS_OUT = {
    errno.ENOSPC: "make room on the disk, or name another place",
    errno.EDQUOT: "make room on the disk, or name another place",
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENOENT: "name what is there",
    errno.EACCES: "name what you may use",
    errno.EROFS: "name another place",
}
"""What to do about what the system refuses, by its number for it."""


def code_of(error: ConverseError) -> Code:
    """The exit code that an error ends a command with."""
    if isinstance(error, UsageError):
        return Code.USAGE
    if isinstance(error, RunPaused):
        return Code.PAUSED
    if isinstance(error, RunLocked):
        return Code.HELD
    return Code.FAILED


def one_line(message: str) -> str:
    """A message as one line that can be shown on any terminal; of one without end the middle is left out."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE // 2]} … {line[-MAX_LINE // 2 :]}"


def report(message: str, code: Code) -> Code:
    """Print one line on standard error; returns the exit code that goes with it."""
    print(f"converse: {one_line(message)}", file=sys.stderr)  # noqa: T201 - the command line's own voice
    return code


def report_error(error: Exception, *, debug: bool) -> Code:
    """Print an error as one line, with `debug` its traceback before it; returns its exit code."""
    if debug:
        lines = "".join(traceback.format_exception(error)).splitlines()
        print("\n".join(map(_printable, lines)), file=sys.stderr)  # noqa: T201 - the command line's own voice
    if isinstance(error, ConverseError):
        return report(str(error), code_of(error))
    if isinstance(error, OSError) and error.strerror:
        return report(_explain_refusal(error), Code.FAILED)
    return report(f"{type(error).__name__}: {error}", Code.FAILED)


def _explain_refusal(error: OSError) -> str:
    """Say what the system refused, and the way out where there is one."""
    place = f"{error.filename}: " if error.filename else ""
    way_out = _WAYS_OUT.get(error.errno or 0, "--debug shows where")
    return f"{place}{error.strerror}; {way_out}. What was committed is kept."


def usage_message(error: TyperException) -> str:
    """What is wrong with the words of a command, and what there is instead."""
    message = (_explain_value(error) or error.format_message()).rstrip(".") + _joined_setting(error)
    context = getattr(error, "ctx", None)
    commands = getattr(getattr(context, "command", None), "commands", None) if "No such command" in message else None
    if commands:
        message += f"{' There' if message.endswith('?') else '; there'} is: {', '.join(sorted(commands))}"
    path = context.command_path if context is not None else "converse"
    return f"{message}. See `{path} --help`."


_SETTINGS = ("--set", "--option", "--field", "--vary")
"""Options that take NAME=VALUE."""


def _joined_setting(error: TyperException) -> str:
    """How a name and its value are written that stand apart, so that the value is a word too many; else empty."""
    if "unexpected extra argument" not in error.format_message():
        return ""
    for option, name, value in zip(sys.argv, sys.argv[1:], sys.argv[2:], strict=False):
        if option in _SETTINGS and "=" not in name and not value.startswith("-"):
            return f"; join a name and its value: {option} {shlex.quote(f'{name}={value}')}"
    return ""


_TAKES = {
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}
"""What an option takes, by the type of the fault that was found in its value."""


def _explain_value(error: TyperException) -> str:
    """Say what an option takes and what it was given; empty for any other error, which Typer words well enough."""
    faults = getattr(error.__cause__, "errors", None)
    if faults is None:
        return ""
    fault = faults()[0]
    takes = _TAKES.get(fault["type"], "").format_map(fault.get("ctx", {}))
    start, _, rest = error.format_message().partition(": ")
    return (
        f"{start}: it takes {takes}, not {fault['input']!r}"
        if takes
        else f"{start}: {rest.removeprefix('Value error, ')}"
    )


def close_output(error: OSError) -> Code:
    """End quietly where the reader of our output has left, as `| head` does, even as the interpreter exits."""
    if error.errno != errno.EPIPE:
        return report(_explain_refusal(error) if error.strerror else str(error), Code.FAILED)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Code.FAILED


def _printable(line: str) -> str:
    return "".join(letter for letter in line if letter.isprintable())
