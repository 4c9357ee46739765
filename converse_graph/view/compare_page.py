"""Two runs side by side, aligned by period and party, with what differs marked."""

from __future__ import annotations

import asyncio
from difflib import SequenceMatcher
from itertools import groupby

from markupsafe import Markup

from converse_graph.export.comparison import Difference, DifferenceRow, compare
from converse_graph.view.colours import colour_numbers
from converse_graph.view.formatting import plain
from converse_graph.view.records import Reader, StoredRun
from converse_graph.view.templating import render

PAGE = 40
"""Rows that are shown at once."""
_PLAIN, _MARKED = Markup("{} "), Markup("<mark>{}</mark> ")
"""Words that both texts have, and that one alone has; what is put in is escaped."""
_MOST_LETTERS = 6_000
"""Of a statement whose words are compared one by one; longer ones are shown whole."""


async def compare_page(reader: Reader, first: str, second: str, *, first_row: int, differences_only: bool) -> str:
    """Two runs side by side; the choice of two where they are not named.

    Args:
        reader: Reads the store.
        first: The one.
        second: The other.
        first_row: Of those that are shown, from 0.
        differences_only: Whether turns that are the same are left out.

    Raises:
        NotFound: There is no such run.
    """
    if not first or not second:
        runs = await reader.runs()
        names = [run.name for run in runs[:1000]]
        parents = {run.name: run.parent for run in runs[:1000] if run.parent}
        return render("compare_choice.html", page="compare", names=names, parents=parents, first=first)
    one, other = await reader.run(first), await reader.run(second)
    return await asyncio.to_thread(_page, one, other, first_row, differences_only)


def _page(one: StoredRun, other: StoredRun, first_row: int, differences_only: bool) -> str:
    difference = compare(one.public_transcript(), other.public_transcript())
    rows = [row for row in difference.rows if not (differences_only and row.same)]
    differing = [number for number, row in enumerate(rows) if not row.same]
    rows_here = rows[first_row : first_row + PAGE]
    return render(
        "compare.html",
        page="compare",
        difference=difference,
        rows=[_row_words(row) for row in rows_here],
        worlds={round: list(rows) for round, rows in groupby(difference.world, key=lambda row: row.round)},
        colours=colour_numbers([party.name for party in one.header.cast]),
        counted=_count_in_words(difference),
        first_row=first_row,
        following=first_row + PAGE if first_row + PAGE < len(rows) else None,
        before=max(0, first_row - PAGE) if first_row else None,
        first_difference=differing[0] if differing else None,
        page_size=PAGE,
        differences_only=differences_only,
        left=_where_it_left(one, other),
    )


def _where_it_left(one: StoredRun, other: StoredRun) -> str:
    """Where one left the other, in a sentence; empty where neither did."""
    for fork, parent in ((other, one), (one, other)):
        leave = fork.header.fork
        if fork.header.parent == parent.run.name and leave is not None:
            how = " with other words put into a mouth" if leave.say is not None else ""
            return f"{fork.run.name} leaves {parent.run.name} at {plain(leave.at)}{how}."
    return ""


def _count_in_words(difference: Difference) -> str:
    both = [row for row in difference.rows if row.first is not None and row.second is not None]
    differing = sum(not row.same for row in both)
    alone = [
        f"{count} in {name} alone"
        for name, count in (
            (difference.first, sum(row.second is None for row in difference.rows)),
            (difference.second, sum(row.first is None for row in difference.rows)),
        )
        if count
    ]
    worlds = []
    if difference.world:
        first = difference.world[0]
        worlds = [f"their worlds differ from {'the start' if first.round < 0 else first.period} on"]
    return ", ".join([f"{differing} of {len(both)} shared turns differ", *alone, *worlds])


def _row_words(row: DifferenceRow) -> dict[str, object]:
    first, second = _marked(row.first, row.second)
    return {"row": row, "first": first, "second": second}


def _marked(first: str | None, second: str | None) -> tuple[Markup | str | None, Markup | str | None]:
    """Both texts with the words that the other lacks marked."""
    if not first or not second or first == second or len(first) + len(second) > _MOST_LETTERS:
        return first, second
    one, other = first.split(" "), second.split(" ")
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < 0.3:  # next to nothing in common: marks would be all over
        return first, second
    halves = [Markup(), Markup()]
    for kind, at, to, other_at, other_to in matcher.get_opcodes():
        for half, words in ((0, one[at:to]), (1, other[other_at:other_to])):
            text = plain(" ".join(words))
            if text:
                halves[half] += _PLAIN.format(text) if kind == "equal" else _MARKED.format(text)
    return halves[0], halves[1]
