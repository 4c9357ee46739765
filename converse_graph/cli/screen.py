"""Where a run is drawn: a terminal with one live line at its bottom, or a stream of plain lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TextIO
from zlib import crc32

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from converse_graph.cli.formatting import plain, plain_line

INDENT = "  "
WIDEST = 96
"""Columns of prose at most: longer lines are hard to read."""

COLOURS = ("#8b67d6", "#0f7fd0", "#008a70", "#3f8a1f", "#a07400", "#c75a14", "#d9436b", "#b750b0")
"""Of parties: each has a contrast of at least 4 to 1 on black and on white (WCAG 2.2 asks 3 of large text)."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is, for the live line."""

    turns: int
    """On record."""
    total: int
    facts: Sequence[str]
    """What else there is to say, the most important first: the end of the line is cut where it is too narrow."""


class Screen(Protocol):
    """What a display draws on."""

    def heading(self, party: str, period: str, facts: str) -> None:
        """Begin a statement; `facts` say how far the run is."""

    def prose(self, text: str) -> None:
        """Add to the statement."""

    def end_prose(self) -> None:
        """End the statement's last line."""

    def fields(self, party: str, line: str) -> None:
        """Write the fields of a statement."""

    def remark(self, line: str) -> None:
        """Write a line about the run."""

    def debate(self, line: str) -> None:
        """Note how far a private debate is."""

    def progress(self, progress: Progress) -> None:
        """Show how far the run is."""

    def suspend(self) -> None:
        """Make room for somebody else's line."""

    def close(self) -> None:
        """Leave the cursor at the beginning of an empty line."""


class Prose:
    """Text that arrives in pieces, as lines that fit a width."""

    def __init__(self, console: Console, width: int) -> None:
        """Wrap at `width` columns, the indent included."""
        self._console = console
        self._room = max(20, min(width - 1, WIDEST) - len(INDENT))
        self.rest = ""
        """The line in the course of being written."""

    def feed(self, text: str) -> list[str]:
        """Take what is new; returns the lines that are complete with it."""
        *paragraphs, rest = (self.rest + plain(text)).split("\n")
        lines = [line for paragraph in paragraphs for line in self._wrap(paragraph)]
        *whole, self.rest = self._wrap(rest) or [""]
        if self.rest and rest[-1].isspace():
            self.rest += " "
        return lines + whole

    def finish(self) -> list[str]:
        """End the last line; returns it, if there is one."""
        return self.feed("\n")

    def _wrap(self, text: str) -> list[str]:
        words = " ".join(text.split())
        return [line.plain.strip() for line in Text(words).wrap(self._console, self._room)] if words else []


class PlainScreen:
    """Lines without colours and control codes, for pipes and files."""

    def __init__(self, stream: TextIO, width: int) -> None:
        """Write on a stream, in lines of `width` columns."""
        self._stream, self._width = stream, width
        self._console = Console(file=stream, width=width)
        self._prose = Prose(self._console, width)

    def heading(self, party: str, period: str, facts: str) -> None:
        """Write who speaks, when, and how far the run is."""
        self.end_prose()
        self._write(["", plain_line(f"{party} · {period} · {facts}")])

    def prose(self, text: str) -> None:
        """Write the lines that are complete."""
        self._write(INDENT + line for line in self._prose.feed(text))

    def end_prose(self) -> None:
        """Write the last line."""
        self._write(INDENT + line for line in self._prose.finish())

    def fields(self, party: str, line: str) -> None:
        """Write them as a line of their own."""
        self.remark(line)

    def remark(self, line: str) -> None:
        """Write it in lines of its own."""
        self.end_prose()
        self.prose(plain_line(line))
        self.end_prose()

    def debate(self, line: str) -> None:
        """Write it as a remark."""
        self.remark(line)

    def progress(self, progress: Progress) -> None:
        """Write nothing: the headings say it."""

    def suspend(self) -> None:
        """Write what there is."""
        self._stream.flush()

    def close(self) -> None:
        """Write the last line."""
        self.end_prose()
        self._stream.flush()

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._stream.write(f"{line}\n")
        self._stream.flush()


class LiveScreen:
    """A terminal: what was said scrolls away above one live line, which leaves nothing behind."""

    def __init__(self, console: Console, parties: Sequence[str]) -> None:
        """Draw on a console, each party in a colour of its own."""
        self._console = console
        self._colours = party_colours(parties)
        self._prose = Prose(console, console.width)
        self._party = ""
        self._progress = Progress(turns=0, total=1, facts=())
        self._spinner = Spinner("dots")
        self._live = Live(
            console=console,
            get_renderable=self._bottom,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def heading(self, party: str, period: str, facts: str) -> None:
        """Write party and period alone; how far the run is stands at the bottom."""
        self.end_prose()
        self._prose, self._party = Prose(self._console, self._console.width), party
        name = (plain_line(party), f"bold {self._colour(party)}")
        self._print(Text())
        self._print(Text.assemble(name, (f" · {plain_line(period)}", "dim")))

    def prose(self, text: str) -> None:
        """Write the lines that are complete; the last one stands above the live line until it is."""
        for line in self._prose.feed(text):
            self._print(Text(INDENT + line))

    def end_prose(self) -> None:
        """Write the last line."""
        for line in self._prose.finish():
            self._print(Text(INDENT + line))

    def fields(self, party: str, line: str) -> None:
        """Write them beside a bar in the party's colour."""
        self.end_prose()
        mark = (f"{INDENT}│ ", self._colour(party))
        prose = Prose(self._console, self._console.width - 2)
        for part in [*prose.feed(plain_line(line)), *prose.finish()]:
            self._print(Text.assemble(mark, part))

    def remark(self, line: str) -> None:
        """Write it faintly."""
        self.end_prose()
        prose = Prose(self._console, self._console.width)
        for part in [*prose.feed(plain_line(line)), *prose.finish()]:
            self._print(Text(INDENT + part, "dim"))

    def debate(self, line: str) -> None:
        """Write nothing: the live line says it."""

    def progress(self, progress: Progress) -> None:
        """Draw the live line anew."""
        self._progress = progress
        self._live.start()
        self._live.refresh()

    def suspend(self) -> None:
        """Wipe the live line until there is something new."""
        self._live.stop()

    def close(self) -> None:
        """Write the last line, and wipe the live one."""
        self.end_prose()
        self._live.stop()

    def _print(self, line: Text) -> None:
        self._console.print(line, no_wrap=True, crop=False, overflow="ignore")

    def _colour(self, party: str) -> str:
        return self._colours.get(party, "default")

    def _bottom(self) -> RenderableType:
        turns_done, total, width = self._progress.turns, max(1, self._progress.total), self._console.width
        bar = ProgressBar(
            total=total,
            completed=turns_done,
            width=max(4, min(24, width // 10)),
            style="bright_black",
            complete_style="default",
            finished_style="default",
        )
        facts = Text(" · ".join([f"{turns_done}/{total} turns", *filter(None, self._progress.facts)]))
        facts.truncate(max(1, width - 5 - (bar.width or 0)), overflow="ellipsis")
        line = Table.grid(padding=(0, 1))
        line.add_row(self._spinner, bar, facts)
        open_line = [Text(INDENT + self._prose.rest, no_wrap=True, overflow="crop")] if self._prose.rest else []
        return Group(*open_line, line)


def party_colours(parties: Sequence[str]) -> dict[str, str]:
    """A colour for each party: by its name, so that it keeps it from run to run, and no two alike while there are any.

    Args:
        parties: In listed order.
    """
    colours: dict[str, str] = {}
    for party in parties:
        first = crc32(party.encode(errors="replace")) % len(COLOURS)
        order = [*COLOURS[first:], *COLOURS[:first]]
        colours[party] = next((colour for colour in order if colour not in colours.values()), COLOURS[first])
    return colours
