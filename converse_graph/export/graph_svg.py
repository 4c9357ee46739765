"""A scenario's graph as SVG, drawn here: conversations as frames, one inside the speaker that holds it.

Every conversation is a star: a supervisor gives the floor, each speaker answers it. So the supervisor is a bar above
its speakers, and no lines cross. Below a speaker stand its channels with those who read them, and the debate inside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from converse_graph.graph.wiring import Conversation, Node

GAP, PAD, LINE = 14, 12, 18
"""Pixels between boxes, inside a frame, and a line of text."""
_LETTER = 5.7
"""Pixels of a letter, on average, in the widest of the fonts that may be used."""
_COLUMNS = 30
"""Letters of a line about a channel."""
_ARROW = 26
"""Pixels between a supervisor and its speakers."""
_STYLE = """
text { font: 11px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #20262e; }
.title { font-weight: 600; } .faint { fill: #5b6675; }
.frame { fill: #ffffff; stroke: #9aa4b1; } .odd { fill: #f6f7f9; }
.supervisor { fill: #e3e8ef; stroke: #5b6675; } .speaker { fill: #ffffff; stroke: #5b6675; }
.private { fill: #fbe9e7; stroke: #b3402f; } .shared { fill: #e8f2ea; stroke: #3c7a4b; }
.floor { stroke: #5b6675; fill: none; marker-end: url(#to); marker-start: url(#from); }
"""
_MARKS = (
    '<defs><marker id="to" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto">'
    '<path d="M0,1 L7,4 L0,7 z" fill="#5b6675"/></marker>'
    '<marker id="from" markerWidth="8" markerHeight="8" refX="1" refY="4" orient="auto">'
    '<path d="M7,1 L0,4 L7,7 z" fill="#5b6675"/></marker></defs>'
)


def as_svg(table: Conversation) -> str:
    """The graph as a whole SVG document, which loads nothing from elsewhere."""
    frame = _Frame.of(table, 0)
    width, height = frame.width + 2 * GAP, frame.height + 2 * GAP
    body = "\n".join(frame.at(GAP, GAP))
    title = escape(f"Graph of {table.name}: nodes, and channels with those who read them")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n{_MARKS}\n{body}\n</svg>\n"
    )


@dataclass(frozen=True, kw_only=True)
class _Seat:
    """A speaker with what is below it."""

    node: Node
    channels: tuple[str, ...]
    """What is said of each of its channels, in words that may be wrapped."""
    inside: _Frame | None

    @property
    def width(self) -> float:
        texts = [_width(line) for channel in self.channels for line in _wrapped(channel)]
        return max([_width(_title(self.node)), *texts, self.inside.width if self.inside else 0]) + PAD

    @property
    def height(self) -> float:
        inside = self.inside.height + GAP if self.inside else 0
        return LINE + sum(_pill_height(channel) + 6 for channel in self.channels) + inside + 2 * PAD

    def at(self, left: float, top: float, width: float, height: float) -> Iterator[str]:
        yield _box("speaker", left, top, width, height)
        yield _text("title", left + PAD, top + PAD + 12, _title(self.node))
        below = top + PAD + LINE + 2
        for channel in self.channels:
            yield _box("private", left + PAD / 2, below, width - PAD, _pill_height(channel))
            for number, line in enumerate(_wrapped(channel)):
                yield _text("", left + PAD, below + 13 + 14 * number, line)
            below += _pill_height(channel) + 6
        if self.inside is not None:
            yield from self.inside.at(left + (width - self.inside.width) / 2, below + GAP / 2)


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """A conversation: its supervisor, and its speakers side by side."""

    name: str
    head: tuple[str, ...]
    """Lines on the supervisor, and on the channels that no one speaker owns."""
    shared: str
    seats: tuple[_Seat, ...]
    level: int

    @classmethod
    def of(cls, table: Conversation, level: int) -> _Frame:
        supervisor, *speakers = table.nodes
        owner_of = {channel: node.name for node in speakers for channel in node.writes if channel != "inner"}
        owner_of |= {channel: node.name for node in speakers for channel in node.reads if channel in table.private}
        seats = tuple(
            _Seat(
                node=node,
                channels=tuple(
                    _readers_in_words(table, channel) for channel in table.private if owner_of.get(channel) == node.name
                ),
                inside=cls.of(node.inside, level + 1) if node.inside else None,
            )
            for node in speakers
        )
        loose = [_readers_in_words(table, channel) for channel in table.private if channel not in owner_of]
        shared_label = f"{', '.join(table.shared)}: read by all"
        title = f"debate inside {table.name}" if level else table.name
        return cls(name=title, head=(supervisor.name, *loose), shared=shared_label, seats=seats, level=level)

    @property
    def _seats_width(self) -> float:
        return sum(seat.width for seat in self.seats) + GAP * (len(self.seats) - 1)

    @property
    def width(self) -> float:
        return max(self._seats_width, *map(_width, (self.name, self.shared, *self.head))) + 2 * PAD

    @property
    def _head_height(self) -> float:
        return LINE * len(self.head) + LINE + 16

    @property
    def height(self) -> float:
        return 2 * PAD + LINE + self._head_height + _ARROW + max(seat.height for seat in self.seats)

    def at(self, left: float, top: float) -> Iterator[str]:
        yield _box("frame odd" if self.level % 2 else "frame", left, top, self.width, self.height)
        yield _text("faint", left + PAD, top + PAD + 10, self.name)
        bar = top + PAD + LINE
        inner = self.width - 2 * PAD
        yield _box("supervisor", left + PAD, bar, inner, self._head_height)
        yield _text("title", left + 2 * PAD, bar + 15, self.head[0])
        for number, line in enumerate(self.head[1:], 1):
            yield _text("faint", left + 2 * PAD, bar + 15 + LINE * number, line)
        below = bar + 8 + LINE * len(self.head)
        yield _box("shared", left + 1.5 * PAD, below, inner - PAD, LINE + 2)
        yield _text("", left + 2 * PAD, below + 14, self.shared)
        yield from self._seated(left + PAD, bar + self._head_height)

    def _seated(self, left: float, top: float) -> Iterator[str]:
        spare = (self.width - 2 * PAD - self._seats_width) / len(self.seats)
        height = max(seat.height for seat in self.seats)
        for seat in self.seats:
            width = seat.width + spare
            middle = left + width / 2
            yield f'<path class="floor" d="M{middle:.1f},{top + 3:.1f} V{top + _ARROW - 3:.1f}"/>'
            yield from seat.at(left, top + _ARROW, width, height)
            left += width + GAP


def _readers_in_words(table: Conversation, channel: str) -> str:
    """A channel, and who reads it: what nobody in a debate reads is for its owner."""
    if readers := table.readers(channel):
        return f"{channel}: read by {', '.join(readers)} alone"
    return f"{channel}: read by {table.name.rpartition(' > ')[2]} alone, when it is over"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, break_long_words=False)


def _pill_height(text: str) -> float:
    return 14 * len(_wrapped(text)) + 6


def _title(node: Node) -> str:
    marks = [word for word, holds in (("imagines its debate", node.imagines), ("a guest", node.is_guest)) if holds]
    return f"{node.name} ({', '.join(marks)})" if marks else node.name


def _width(text: str) -> float:
    return len(text) * _LETTER + 2 * PAD


def _box(kind: str, left: float, top: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5"/>'


def _text(kind: str, left: float, top: float, text: str) -> str:
    return f'<text class="{kind}" x="{left:.1f}" y="{top:.1f}">{escape(text)}</text>'
