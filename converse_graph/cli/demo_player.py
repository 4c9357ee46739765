"""Shows passages on a terminal at reading speed, until a key is pressed."""

import os
import select
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.text import Text

from converse_graph.cli.demo import Passage
from converse_graph.cli.screen import WIDEST

WORDS_PER_SECOND = 5.5
"""Of words as they appear: a brisk reader's. Adults read English prose silently at 175 to 300 words a minute, and names
and labels, of which there are many here, at a glance (Brysbaert 2019)."""
BETWEEN_SCENES = 1.5
"""Seconds that a scene stands before the next begins."""
QUIT = ("q", "Q", "\x1b")
"""Keys that end a demo; any other shows the rest of its scene at once."""


class Keys(Protocol):
    """Where keys come from."""

    def wait(self, seconds: float) -> str | None:
        """Wait, and return the key that was pressed meanwhile; None for none."""


class _NoKeys:
    """Nobody at a keyboard: time goes by."""

    def wait(self, seconds: float) -> str | None:
        time.sleep(seconds)
        return None


class _TerminalKeys:
    def wait(self, seconds: float) -> str | None:
        if not select.select([sys.stdin], [], [], seconds)[0]:
            return None
        return os.read(sys.stdin.fileno(), 64).decode(errors="replace")[:1] or None


@contextmanager
def open_keys() -> Iterator[Keys]:
    """Read single keys while somebody sits at the terminal, which is left as it was; elsewhere there are none."""
    try:
        import termios
        import tty

        settings = termios.tcgetattr(sys.stdin.fileno())
    except (ImportError, OSError, ValueError, termios.error):  # Windows, a closed stream, a pipe
        yield _NoKeys()
        return
    try:
        tty.setcbreak(sys.stdin.fileno())
        yield _TerminalKeys()
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, settings)


class Player:
    """Shows scenes one after the other."""

    def __init__(self, console: Console, keys: Keys, *, speed: float) -> None:
        """Draw on a console.

        Args:
            console: The terminal.
            keys: Of the keyboard.
            speed: How many times as fast as `WORDS_PER_SECOND`, above 0.
        """
        self._console, self._keys = console, keys
        self._pause = 1 / (WORDS_PER_SECOND * speed)
        self._between = BETWEEN_SCENES / speed
        self._skips = False

    def play(self, scenes: Sequence[Sequence[Passage]]) -> None:
        """Show scenes to their end, or until a key ends them.

        Raises:
            KeyboardInterrupt: One of the keys that end was pressed, as Ctrl-C does by itself.
        """
        for scene in scenes:
            self._skips = False
            for passage in scene:
                self._show(passage)
            self._wait(self._between)

    def _show(self, passage: Passage) -> None:
        for line in wrap_passage(self._console, passage):
            for word in [line] if passage.at_once else line.split(" ", include_separator=True):
                self._console.print(word, end="", soft_wrap=True)
                if word.plain.strip():
                    self._wait(self._pause)
            self._console.print()

    def _wait(self, seconds: float) -> None:
        if self._skips:
            return
        key = self._keys.wait(seconds)
        if key in QUIT:
            raise KeyboardInterrupt
        self._skips = key is not None


def wrap_passage(console: Console, passage: Passage) -> Iterator[Text]:
    """The lines of a passage as a console of its width shows them, each with its indent.

    Args:
        console: The terminal.
        passage: What to show.
    """
    if passage.is_title:
        yield Text()
    room = max(20, min(console.width - 1, WIDEST) - passage.indent)
    for line in passage.text.wrap(console, room):
        line.rstrip()
        yield Text(" " * passage.indent) + line
