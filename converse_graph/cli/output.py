"""Where a run is shown, and what is said about it besides."""

import asyncio
import errno
import os
import shutil
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from converse_graph.cli.display import Display, Plan
from converse_graph.cli.terminal_text import plain_line

Watch = Callable[[dict[str, Any]], None]
"""Is told of each event of a run."""

_TICK = 0.12
"""Seconds between two frames of the spinner."""


class Output:
    """Standard output, with a display on it unless it is to be quiet."""

    def __init__(self, *, quiet: bool) -> None:
        """Write to standard output, nothing but what `result` is given if it is to be quiet."""
        self.quiet = quiet
        self._live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._display: Display | None = None
        self._gone = False

    def say(self, line: str) -> None:
        """A line about the run; wrapped between words on a terminal alone, so that scripts find it whole."""
        if self.quiet:
            return
        line = plain_line(line)
        if self._live:
            line = textwrap.fill(line, max(20, shutil.get_terminal_size().columns - 1), break_on_hyphens=False)
        self._print(line)

    def result(self, line: str) -> None:
        """A line that scripts read."""
        self._print(line)

    def warn(self, line: str) -> None:
        """A line on standard error, below whatever is being shown."""
        with suppress(OSError):
            if self._display is not None and not self._gone:
                self._display.break_line()
        print(f"converse: {plain_line(line)}", file=sys.stderr, flush=True)  # noqa: T201 - the command line's own voice

    @asynccontextmanager
    async def showing(self, plan: Plan, on_gone: Callable[[], None]) -> AsyncIterator[Watch | None]:
        """Show a run; gives what is to be told of its events, or None if nothing is shown.

        Args:
            plan: What the run has before it.
            on_gone: Called once nobody reads any more, as after `| head`.
        """
        if self.quiet:
            yield None
            return
        display = Display(
            sys.stdout,
            plan,
            live=self._live,
            colour=self._live and not os.environ.get("NO_COLOR"),
            width=lambda: shutil.get_terminal_size().columns,
            now=time.monotonic,
        )
        self._display = display
        if self._gone:  # while the lines above the display were written
            on_gone()

        def guarded(show: Callable[[], None]) -> None:
            try:
                if not self._gone:
                    show()
            except OSError as error:
                self._lose(error)
                on_gone()

        ticking = asyncio.create_task(_tick(lambda: guarded(display.tick))) if self._live else None
        try:
            yield lambda event: guarded(lambda: display(event))
        finally:
            if ticking is not None:
                ticking.cancel()
            guarded(display.break_line)
            self._display = None

    def _print(self, line: str) -> None:
        try:
            if not self._gone:
                print(line, flush=True)  # noqa: T201 - the command line's own voice
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        """Go on without a reader: the run must not fail because nobody looks."""
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise error
        self._gone = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _tick(show: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_TICK)
        show()
