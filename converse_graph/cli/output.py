"""What a command says while it works: lines, results, warnings, and the display of a run."""

import asyncio
import errno
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from converse_graph.cli.display import Display, Plan
from converse_graph.cli.formatting import indented_line, plain_line
from converse_graph.cli.screen import LiveScreen, PlainScreen, Screen
from converse_graph.cli.terminal import is_terminal, paragraph, terminal

Watch = Callable[[dict[str, Any]], None]
"""Takes each event of a run."""

_UNHEARD = frozenset({errno.EPIPE, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where output is read by nobody, or has no room."""

_TICK = 0.1
"""Seconds between two frames of the live line."""


class Output:
    """Standard output, with a display on it unless it is to be quiet."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        """Write to standard output; nothing but results if it is to be `quiet`, and these `as_json` if asked to."""
        self.quiet, self.as_json = quiet or as_json, as_json
        self._console = terminal() if is_terminal() else None
        self._screen: Screen | None = None
        self._reader_left = False
        self.audience: Watch | None = None
        """Whoever else is told of each event of a run, such as the pages that show it."""

    def say(self, line: str) -> None:
        """Print a line about the run; wrapped between words on a terminal alone, so that scripts get it whole."""
        if self.quiet:
            return
        if (console := self._console) is not None:
            self._write(lambda: console.print(paragraph(line)))
        else:
            self._write(lambda: print(indented_line(line), flush=True))  # noqa: T201 - the command line's own voice

    def result(self, line: str) -> None:
        """Print a line that scripts read."""
        self._write(lambda: print(line, flush=True))  # noqa: T201 - the command line's own voice

    def warn(self, line: str) -> None:
        """Print a line on standard error, below whatever is on the screen."""
        with suppress(OSError):
            if self._screen is not None and not self._reader_left:
                self._screen.suspend()
        print(f"converse: {plain_line(line)}", file=sys.stderr, flush=True)  # noqa: T201 - the command line's own voice

    @asynccontextmanager
    async def showing(self, plan: Plan, on_gone: Callable[[], None]) -> AsyncIterator[Watch | None]:
        """Show a run; gives what takes its events, or None if nothing is shown.

        Args:
            plan: What the run has before it.
            on_gone: Called once nobody reads any more, as after `| head`.
        """
        if self.quiet:
            yield self.audience
            return
        screen = self._screen = self._make_screen(plan)
        display = Display(screen, plan, now=time.monotonic)
        if self._reader_left:  # while the lines above the display were written
            on_gone()

        def guarded(show: Callable[[], None]) -> None:
            if not self._write(show):
                on_gone()

        ticking = asyncio.create_task(_tick(lambda: guarded(display.tick))) if self._console else None
        try:
            yield _both(lambda event: guarded(lambda: display(event)), self.audience)
        finally:
            if ticking is not None:
                ticking.cancel()
            guarded(screen.close)
            self._screen = None

    def _make_screen(self, plan: Plan) -> Screen:
        if self._console is not None:
            return LiveScreen(self._console, plan.parties)
        return PlainScreen(sys.stdout, shutil.get_terminal_size().columns)

    def _write(self, write: Callable[[], object]) -> bool:
        """Write something; returns False when it turns out that it goes nowhere: a run must not fail for that."""
        if self._reader_left:
            return True
        try:
            write()
        except OSError as error:
            if error.errno not in _UNHEARD:
                raise
            self._reader_left = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return False
        return True


def _both(first: Watch, second: Watch | None) -> Watch:
    """Tell two of each event."""
    if second is None:
        return first

    def tell(event: dict[str, Any]) -> None:
        first(event)
        second(event)

    return tell


async def _tick(show: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_TICK)
        show()
