"""The command line, `converse`: a command parses, calls one function, prints."""

import gc
import os
import signal
from importlib import import_module

_COLLECT_AFTER = 10_000
"""Objects made since Python last looked for garbage in cycles: a turn makes tens of thousands that are soon gone and
hardly a cycle, and looking after Python's own 700 takes a seventh of its time."""
_STOPPED = b"converse: Stopped at once. What was committed is kept; see `converse runs`.\n"


def main() -> None:
    """Run the command line, and end the process with its exit code.

    What a command needs takes a second to load, in which Ctrl-C would show where in it the interpreter was: until the
    command itself listens, it ends the process in one line.
    """
    gc.set_threshold(_COLLECT_AFTER)
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    try:
        import_module("converse_graph.cli.app").main()
    finally:
        signal.signal(signal.SIGINT, before)


def _leave(*_: object) -> None:
    os.write(2, _STOPPED)
    os._exit(130)


__all__ = ["main"]
