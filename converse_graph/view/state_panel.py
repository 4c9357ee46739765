"""The state of a run beside its turns: charts over all of it, and what stands at the reader's place."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from converse_graph.record.records import StatementRecord
from converse_graph.record.transcript import WorldRound
from converse_graph.scenarios.rules import running_list_entries
from converse_graph.view.charts import chart_specs, charts_of, draw, still_values
from converse_graph.view.formatting import is_estimate
from converse_graph.view.records import Reader, StoredRun
from converse_graph.view.series import Happening, Series, at_turns, disagreement_series, happenings, public_series
from converse_graph.view.templating import render
from converse_graph.view.timeline import party_colours, units_of
from converse_graph.view.workshop import Workshop

MOST_KEPT = 20
"""Panels that are kept."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands at a place in a run."""

    period: str
    lists: dict[str, tuple[str, ...]]
    """What is in force, by the title of its list."""
    estimates: dict[str, dict[str, Any]]
    """What each party last reported of what is uncertain, by field and party."""
    world: WorldRound | None
    units: dict[str, str]
    """Of the world's variables, by name."""


class StatePanels:
    """Draws panels, each once for each length of a run."""

    def __init__(self, reader: Reader, workshop: Workshop) -> None:
        """Draw runs of a store."""
        self._reader, self._workshop = reader, workshop
        self._charts: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._drawing = asyncio.Lock()

    async def charts(self, name: str) -> str:
        """The charts of a run, to be put into its page.

        Raises:
            NotFound: There is none of that name.
        """
        view = await self._reader.run(name)
        key = (view.run.id, len(view.statements))
        async with self._drawing:
            if key not in self._charts:
                self._charts[key] = await self._draw(view)
            while len(self._charts) > MOST_KEPT:
                self._charts.popitem(last=False)
            return self._charts.get(key, "")

    async def _draw(self, view: StoredRun) -> str:
        inner = await self._reader.call(self._disagreement, view)
        all_series, happened = await asyncio.to_thread(_series_and_events, view, inner)
        series = [one for one in all_series if not one.is_still and not one.is_clock]
        colours = party_colours(view)
        link = f"/runs/{view.run.name}?at={{turn}}#turn-{{turn}}"
        specs = chart_specs(series, happened, colours, link=link)
        drawings = await self._workshop.do(draw, specs) if specs else []
        return render(
            "charts.html",
            charts=charts_of(series, drawings),
            still=still_values(all_series),
            colours=colours,
            happened=happened,
            run=view.run.name,
        )

    def _disagreement(self, view: StoredRun) -> Series | None:
        debating = [party.name for party in view.header.cast if party.deliberation != "none"]
        minds = {name: self._reader.mind(view.run, name) for name in debating}
        series = disagreement_series(minds, view.clock)
        return series and at_turns(series, [view.round_at(number) for number in range(len(view.statements))])


def _series_and_events(view: StoredRun, inner: Series | None) -> tuple[list[Series], tuple[Happening, ...]]:
    """What is drawn of a run, and what is marked on it."""
    transcript = view.public_transcript()
    whole = transcript.model_copy(update={"world": view.world})
    series = [*public_series(whole, view.clock), *([inner] if inner else [])]
    return series, happenings(transcript, view.clock)


def standing_at(view: StoredRun, number: int) -> str:
    """What stands at a turn, to be put beside it: lists in force, last estimates, the world before it.

    Args:
        view: The run.
        number: Of the turn, from 0.
    """
    if not view.statements:
        return ""
    number = min(number, len(view.statements) - 1)
    before: list[StatementRecord] = list(view.statements[: number + 1])
    round = view.round_at(number)
    worlds = [after for after in view.world if after.round < round]
    standing = Standing(
        period=view.clock.period(round).label,
        lists={rule.title: running_list_entries(rule, before) for rule in view.header.standing},
        estimates=_estimates(before),
        world=worlds[-1] if worlds else None,
        units=units_of(view),
    )
    return render("standing.html", standing=standing, colours=party_colours(view))


def _estimates(before: list[StatementRecord]) -> dict[str, dict[str, Any]]:
    estimates: dict[str, dict[str, Any]] = {}
    for statement in before:
        for name, value in statement["fields"].items():
            if is_estimate(value):
                estimates.setdefault(name, {})[statement["speaker"]] = value
    return estimates
