"""Where the members of a debate stood, line by line, as a small chart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from converse_graph.record.transcript import Deliberation
from converse_graph.view.colours import colour_numbers
from converse_graph.view.formatting import plain

_STEP, _ROW, _LABEL = 18, 20, 190
"""Pixels of a line, of a position, and of a position's name."""
_LETTERS = 30
"""Of a position's name, at most."""


@dataclass(frozen=True, kw_only=True)
class ChartRow:
    """A position."""

    y: int
    label: str


@dataclass(frozen=True, kw_only=True)
class ChartDot:
    """A position that was taken."""

    x: int
    y: int
    speaker: str
    title: str


@dataclass(frozen=True, kw_only=True)
class PositionChart:
    """Positions as rows, lines of the debate as columns."""

    left: int
    width: int
    height: int
    rows: tuple[ChartRow, ...]
    dots: tuple[ChartDot, ...]
    summary: str
    """The same in words."""


def position_chart(talk: Deliberation) -> PositionChart | None:
    """Draw where members stood; None where nobody took a position, or all the same one from the first line on."""
    positions = [(number, line.speaker, line.position) for number, line in enumerate(talk.lines) if line.position]
    options = list(dict.fromkeys([*talk.options, *(position for _, _, position in positions)]))
    if len({position for _, _, position in positions}) < 2:
        return None
    heights = {option: _ROW * place + _ROW // 2 for place, option in enumerate(options)}
    dots = tuple(
        ChartDot(
            x=_LABEL + _STEP * number + _STEP // 2,
            y=heights[position],
            speaker=speaker,
            title=f"Line {number + 1}, {plain(speaker)}: {plain(position)}",
        )
        for number, speaker, position in positions
    )
    return PositionChart(
        left=_LABEL,
        width=_LABEL + _STEP * len(talk.lines),
        height=_ROW * len(options),
        rows=tuple(ChartRow(y=heights[option], label=_short(option)) for option in options),
        dots=dots,
        summary="; ".join(dot.title for dot in dots),
    )


def member_colours(talk: Deliberation) -> dict[str, int]:
    """The number of each member's colour, in the order in which they speak."""
    stances = [one.speaker for one in (*talk.private_positions, *talk.ballots)]
    return colour_numbers(list(dict.fromkeys([*stances, *(line.speaker for line in talk.lines)])))


def vote_counts(votes: dict[str, str]) -> dict[str, int]:
    """Ballots by position, the most first."""
    return dict(Counter(votes.values()).most_common())


def _short(text: str) -> str:
    text = plain(text)
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
