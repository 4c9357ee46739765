"""The command line, `converse`: a command parses, calls one function, prints."""

import gc
import os
import signal
import sys
from importlib import import_module

_COLLECT_AFTER = 10_000
"""Objects made since Python last looked for garbage in cycles: a turn makes tens of thousands that are soon gone and
hardly a cycle, and looking after Python's own 700 takes a seventh of its time."""
_SWITCH_AFTER = 0.0002
"""Seconds after which a thread that has the interpreter lets another in. The one that writes to a store holds its file
while it waits for that, and every other process waits for the file: at Python's own 5 ms two processes of a sweep
waited for a tenth of the time."""
_STOPPED = b"converse: Stopped at once. What was committed is kept; see `converse runs`.\n"


def main() -> None:
    """Run the command line, and end the process with its exit code.

    What a command needs takes a second to load, in which Ctrl-C would show where in it the interpreter was: until the
    command itself listens, it ends the process in one line.
    """
    gc.set_threshold(_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_AFTER)
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
