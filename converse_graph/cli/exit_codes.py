"""Exit codes, a contract with scripts, and the one line on standard error that goes with each but 0."""

from enum import IntEnum

from converse_graph.errors import ConverseError, RunHeld, RunPaused, UsageError


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


def code_of(error: ConverseError) -> Code:
    """The exit code that an error ends a command with."""
    if isinstance(error, UsageError):
        return Code.USAGE
    if isinstance(error, RunPaused):
        return Code.PAUSED
    if isinstance(error, RunHeld):
        return Code.HELD
    return Code.FAILED


def one_line(message: str) -> str:
    """A message as one line that can be shown on any terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
