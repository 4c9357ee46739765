"""The list of runs: searched, filtered, forks under the runs that they leave, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from converse_graph.measures.drift import drift
from converse_graph.store import RunSummary, Store
from converse_graph.view.records import Reader
from converse_graph.view.templating import render

PAGE = 50
"""Runs on a page."""
MOST_TURNS = 3_000
"""Of a run whose drift is counted for the list; beyond, it is counted on demand: `converse show RUN --stats`."""
STATUSES = ("running", "paused", "finished", "failed")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A run in the list."""

    run: RunSummary
    status: str
    """One that was killed is paused."""
    depth: int
    """How many forks lie between it and a run that left none."""

    @property
    def share(self) -> float:
        """How much of it is played."""
        return min(1.0, self.run.rounds / self.run.horizon) if self.run.horizon else 0.0


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which runs are wanted."""

    query: str = ""
    status: str = ""
    scenario: str = ""

    def take(self, run: RunSummary) -> bool:
        """Whether a run is one of them; whether one that is running is held is looked at later."""
        text = f"{run.name} {run.scenario_name} {run.ended or ''} {run.parent or ''}".casefold()
        wanted_words = all(word in text for word in self.query.casefold().split())
        statuses = ("running", "paused") if self.status in ("running", "paused") else (self.status,)
        return (
            wanted_words
            and (not self.status or run.status in statuses)
            and (not self.scenario or run.scenario_name == self.scenario)
        )


async def list_page(reader: Reader, filters: Filters, *, number: int) -> str:
    """The list of runs.

    Args:
        reader: Reads the store.
        filters: Which runs.
        number: Of the page, from 1.
    """

    def read() -> str:
        runs = reader.store.register.runs()
        all_rows = list(_rows(reader.store, runs, filters))
        pages = max(1, -(-len(all_rows) // PAGE))
        at = min(max(1, number), pages)
        return render(
            "runs.html",
            page="runs",
            rows=all_rows[(at - 1) * PAGE : at * PAGE],
            total=len(all_rows),
            all=len(runs),
            filters=filters,
            statuses=STATUSES,
            scenarios=sorted({run.scenario_name for run in runs}),
            number=at,
            pages=pages,
            store=reader.store.address,
        )

    return await reader.call(read)


def _rows(store: Store, runs: Iterable[RunSummary], filters: Filters) -> Iterator[Listed]:
    for run, depth in tree([run for run in runs if filters.take(run)]):
        status = status_of(store, run)
        if not filters.status or status == filters.status:
            yield Listed(run=run, status=status, depth=depth)


def status_of(store: Store, run: RunSummary) -> str:
    """How a run stands; one that was killed is paused."""
    return "paused" if run.status == "running" and not store.is_held(run.name) else run.status


def tree(runs: Sequence[RunSummary]) -> Iterator[tuple[RunSummary, int]]:
    """Runs with their forks after them, and how deep each is; those side by side as they came."""
    names = {run.name for run in runs}
    forks: dict[str | None, list[RunSummary]] = {}
    for run in runs:
        forks.setdefault(run.parent if run.parent in names else None, []).append(run)
    waiting = [(run, 0) for run in reversed(forks.get(None, ()))]
    while waiting:
        run, depth = waiting.pop()
        yield run, depth
        waiting += [(fork, depth + 1) for fork in reversed(forks.get(run.name, ()))]


class DriftCounts:
    """Signs of drift in runs, counted once for each length that a run has had."""

    def __init__(self, reader: Reader) -> None:
        """Count in a store."""
        self._reader = reader
        self._counts: dict[tuple[int, int], int | None] = {}

    async def of(self, names: Sequence[str]) -> Mapping[str, int | None]:
        """Signs of drift by run; None where a run is too long to be counted for a list."""
        return {name: await self._reader.call(self._count, name) for name in names}

    def _count(self, name: str) -> int | None:
        run = self._reader.store.register.run(name)
        key = (run.id, run.statements)
        if key not in self._counts:
            if len(self._counts) > 20_000:
                self._counts.clear()
            self._counts[key] = self._signs(name) if run.statements <= MOST_TURNS else None
        return self._counts[key]

    def _signs(self, name: str) -> int:
        return sum(
            row.other_year + row.other_label + row.other_person + row.past_estimate + row.repeated + row.refusals
            for row in drift(self._reader.read_run(name).public_transcript())
        )
