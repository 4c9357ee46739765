"""Prose written to a stream as it arrives, wrapped between words."""

from typing import TextIO

from rich.cells import cell_len, chop_cells

from converse_graph.cli.terminal_text import plain

INDENT = "  "
WIDEST = 96
"""Columns of prose at most: longer lines are hard to read."""


class Prose:
    """One text in the course of being written."""

    def __init__(self, stream: TextIO, width: int) -> None:
        """Wrap at `width` columns, the indent included."""
        self._stream = stream
        self._room = max(20, min(width - 1, WIDEST) - len(INDENT))
        self._column = 0
        self._word = ""

    @property
    def open(self) -> bool:
        """Whether the cursor stands within a line."""
        return self._column > 0

    def feed(self, text: str) -> None:
        """Take what is new; a word is shown once it is whole."""
        for letter in plain(text):
            if letter == "\n":
                self._flush()
                self.break_line()
            elif letter == " ":
                self._flush()
            else:
                self._word += letter

    def finish(self) -> None:
        """Show the last word, and end the line."""
        self._flush()
        self.break_line()

    def break_line(self) -> None:
        """End the line if one is begun."""
        if self._column:
            self._stream.write("\n")
            self._column = 0

    def _flush(self) -> None:
        word, self._word = self._word, ""
        for piece in chop_cells(word, self._room) if cell_len(word) > self._room else [word] if word else []:
            taken = cell_len(piece)
            if self._column and self._column + 1 + taken > self._room:
                self.break_line()
            self._stream.write(f" {piece}" if self._column else f"{INDENT}{piece}")
            self._column += taken + bool(self._column)
