"""One line at the bottom of a terminal that says what is being waited for, and is wiped before anything is written."""

from collections.abc import Callable
from typing import TextIO

from rich.cells import cell_len, set_cell_size

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_WIPE = "\r\x1b[2K"


class StatusLine:
    """A spinner and a few words; nothing at all where the stream is no terminal."""

    def __init__(self, stream: TextIO, width: Callable[[], int], *, live: bool) -> None:
        """Paint on a stream that is `width()` columns wide, if `live`."""
        self._stream, self._width, self._live = stream, width, live
        self._frame = 0
        self._painted = False

    def paint(self, words: str) -> None:
        """Show these words, cut to one line."""
        if not self._live:
            return
        self._frame = (self._frame + 1) % len(_FRAMES)
        line, room = f"{_FRAMES[self._frame]} {words}", max(1, self._width() - 1)
        if cell_len(line) > room:
            line = set_cell_size(line, room - 1).rstrip() + "…"
        self._stream.write(f"{_WIPE}{line}")
        self._stream.flush()
        self._painted = True

    def wipe(self) -> None:
        """Make room for something else."""
        if self._painted:
            self._stream.write(_WIPE)
            self._painted = False
