"""Sweeps and ensembles for callers that do not await: scripts and notebooks."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from converse_graph.calls.budget import Budget
from converse_graph.ensembles.design import Design, Kind, is_null
from converse_graph.ensembles.sweep import (
    DEFAULT_JOBS,
    Progress,
    SweepPlayer,
    can_be_asked,
    read_direct_answers,
    read_outcomes,
    save_design,
)
from converse_graph.errors import InvalidValue, UsageError
from converse_graph.event_loop import run_blocking
from converse_graph.measures.outcomes import Outcome
from converse_graph.measures.rows import Table, rows
from converse_graph.models.registry import ModelRegistry
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.catalogue import find_scenario, reference_to
from converse_graph.scenarios.references import absolute_reference
from converse_graph.scenarios.scenario_functions import ScenarioFunction
from converse_graph.store import Store
from converse_graph.store.store import DEFAULT_PATH

if TYPE_CHECKING:
    from converse_graph.ensembles.forecast_values import Forecast


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A design that is to be played; the same again plays what is missing."""

    scenario: str | Path | ScenarioFunction
    vary: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The values of each dial that is varied."""
    dials: Mapping[str, Any] = field(default_factory=dict)
    """Settings of other dials, the same in all arms."""
    seeds: int = 10
    """Replicates of each arm."""
    name: str | None = None
    """Of the ensemble; None for the scenario's name."""
    model: str | None = None
    """None for the environment's."""
    base_url: str | None = None
    design: Kind = "factorial"
    """How the settings are combined to arms."""
    samples: int | None = None
    """Arms of a Latin hypercube, or paths of Morris's design."""
    rounds: int | None = None
    baseline: bool = True
    """Whether each arm is played by chance too, and the model asked directly, once an arm, what comes of it."""
    judge: bool = False
    """Whether the model judges each run at its end."""
    store: Path | str | None = None
    """None for where the command line keeps runs."""

    def play(
        self,
        *,
        jobs: int = DEFAULT_JOBS,
        budget: Budget | None = None,
        retry_failed: bool = False,
        watch: Callable[[Progress], None] | None = None,
    ) -> Ensemble:
        """Play every run that has not finished, and return them all as an ensemble.

        Args:
            jobs: How many runs are on at once.
            budget: What all together may spend from now on.
            retry_failed: Whether runs that failed are taken up again.
            watch: Told of how far it is.

        Raises:
            InvalidValue: The name belongs to another design, or a dial does not take a value.
            NotFound: There is no such scenario or dial.
            RunPaused: The budget is spent; the same call goes on.
        """
        where, design = self.store or DEFAULT_PATH, self._design()
        set_name = self.name or find_scenario(design.scenario).name

        async def play() -> tuple[str, Progress]:
            async with Store.open(where, make=True) as store:
                name, _ = await save_design(store, set_name, design, created=datetime.now(UTC))
                player = SweepPlayer(store, name, jobs=jobs, budget=budget, retry_failed=retry_failed, watch=watch)
                return name, await player.play()

        name, progress = run_blocking(play())
        return Ensemble(name=name, store=where, failed=dict(progress.failed))

    def _design(self) -> Design:
        if isinstance(self.scenario, ScenarioFunction):
            function, reference = self.scenario, reference_to(self.scenario)
            if not reference:
                raise InvalidValue(
                    f"{function.name} was made here, where a sweep that goes on later cannot find it again; put it "
                    "into a file and name that."
                )
        else:
            function, reference = find_scenario(str(self.scenario)), absolute_reference(str(self.scenario))
        read = {dial.name: dial.read for dial in function.dials}
        function(**{name: values[0] for name, values in self.vary.items()}, **self.dials)  # refuses unknown dials
        model = ModelRegistry(self.model, self.base_url).default_name
        design = Design(
            scenario=reference,
            vary={name: tuple(read[name](value) for value in values) for name, values in self.vary.items()},
            dials={name: read[name](value) for name, value in self.dials.items()},
            seeds=self.seeds,
            rounds=self.rounds,
            model=model,
            base_url=self.base_url,
            baseline=self.baseline,
            judge=self.judge and not is_null(model),
            kind=self.design,
            samples=self.samples,
        )
        return design.model_copy(update={"direct": self.baseline and can_be_asked(design)})


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The runs of a design, as data."""

    name: str
    store: Path | str = DEFAULT_PATH
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why a run failed when it was last played, by its name."""

    def outcomes(self, *, conditions: Sequence[str] = ()) -> list[Outcome]:
        """Read what came of each run that has begun.

        Args:
            conditions: Expressions that count as events beside the scenario's own.

        Raises:
            NotFound: There is no such ensemble.
        """

        async def read() -> list[Outcome]:
            async with Store.open(self.store) as store:
                return await read_outcomes(store, self.name, conditions=conditions)

        return run_blocking(read())

    def transcripts(self) -> list[Transcript]:
        """Read the record of each run that has begun, as reader's editions."""

        async def read() -> list[Transcript]:
            async with Store.open(self.store) as store:
                return [store.transcript(row.run) for row in await read_outcomes(store, self.name)]

        return run_blocking(read())

    def frame(self, *, backend: str | None = None) -> Any:
        """Make a data frame of runs by what came of them: a row a run, a column for each dial, event and rate.

        Args:
            backend: "polars", "pandas" or "pyarrow"; None for the first of these that is installed. All three write
                Parquet and CSV.

        Raises:
            UsageError: None of them is installed, or that one is not.
        """
        return _frame([_flat(row) for row in self.outcomes()], backend)

    def statements(self, *, backend: str | None = None) -> Any:
        """Make a data frame of all statements, a row each.

        Args:
            backend: As `frame` takes it.
        """
        return self._long("statements", backend)

    def fields(self, *, backend: str | None = None) -> Any:
        """Make a data frame of what was reported in fields, a row each.

        Args:
            backend: As `frame` takes it.
        """
        return self._long("fields", backend)

    def world(self, *, backend: str | None = None) -> Any:
        """Make a data frame of the worlds' variables, a row for each after each round.

        Args:
            backend: As `frame` takes it.
        """
        return self._long("world", backend)

    def forecast(self, event: str, *, years: Sequence[int] = ()) -> Forecast:
        """Forecast when an event happens.

        Args:
            event: One of the scenario's events, or an expression.
            years: For which years probabilities are told; none for five years spread over the clock.

        Raises:
            NotFound: There is no such event.
            InvalidValue: No run has finished.
        """
        module: Any = importlib.import_module("converse_graph.ensembles.forecast")
        expressions: Any = importlib.import_module("converse_graph.measures.expressions")
        conditions = [event] if expressions.is_expression(event) else []
        result: Forecast = module.forecast(
            self.outcomes(conditions=conditions),
            event,
            name=self.name,
            years=years,
            design=self._design(),
            answers=self._answers(),
        )
        return result

    def report(self, event: str, *, years: Sequence[int] = (), kind: Literal["markdown", "html"] = "markdown") -> str:
        """Write the forecast of an event as a page to be sent.

        Args:
            event: One of the scenario's events, or an expression.
            years: For which years probabilities are told; none for five years spread over the clock.
            kind: "markdown", or "html" for one page with its figures inside, which loads nothing.

        Raises:
            NotFound: There is no such event.
            InvalidValue: No run has finished.
        """
        module: Any = importlib.import_module("converse_graph.ensembles.report")
        write = {"markdown": module.forecast_markdown, "html": module.forecast_html}[kind]
        return str(write(self.forecast(event, years=years)))

    def figures(self, event: str, *, years: Sequence[int] = ()) -> dict[str, str]:
        """Draw the figures of a forecast as SVG.

        Args:
            event: One of the scenario's events, or an expression.
            years: For which years probabilities are told; none for five years spread over the clock.

        Returns:
            Those that there is data for, by name: "survival", "arms", "dials", "estimates", "published".

        Raises:
            NotFound: There is no such event.
            InvalidValue: No run has finished.
        """
        module: Any = importlib.import_module("converse_graph.ensembles.figures")
        charts: Mapping[str, Any] = module.forecast_figures(self.forecast(event, years=years))
        return {name: str(module.as_svg(chart)) for name, chart in charts.items()}

    def _answers(self) -> list[Outcome]:
        async def read() -> list[Outcome]:
            async with Store.open(self.store) as store:
                return await read_direct_answers(store, self.name)

        return run_blocking(read())

    def _design(self) -> Design:
        async def read() -> str:
            async with Store.open(self.store) as store:
                return store.ensembles.design(self.name)

        return Design.model_validate_json(run_blocking(read()))

    def _long(self, table: Table, backend: str | None) -> Any:
        return _frame([row for record in self.transcripts() for row in rows(record, table)], backend)


def load_ensemble(name: str, *, store: Path | str | None = None) -> Ensemble:
    """Find an ensemble that was played before.

    Args:
        name: Of the ensemble.
        store: Where it is kept; None for where the command line keeps runs.

    Raises:
        NotFound: There is none of that name, or no such store.
    """
    ensemble = Ensemble(name=name, store=store or DEFAULT_PATH)
    ensemble._design()
    return ensemble


def _flat(row: Outcome) -> dict[str, Any]:
    plain = ("run", "scenario", "model", "seed", "status", "ended", "parent", "watched", "statements", "empty")
    values = {name: getattr(row, name) for name in plain} | {"humans": "; ".join(row.humans)}
    values |= {name: value if isinstance(value, bool | int | float | str) else str(value) for name, value in
               row.dials.items()}  # fmt: skip
    values |= {f"event.{name}": row.events.get(name) for name in row.awaited}
    values |= {"drift_rate": row.drift_rate, "agreement": row.agreement}
    return values | {f"score.{name}": score for name, score in row.scores.items()}


def _frame(table: Sequence[Mapping[str, Any]], backend: str | None) -> Any:
    """A data frame in the library that the user has; this needs the extra."""
    try:
        frames: Any = importlib.import_module("converse_graph.ensembles.frames")
    except ImportError as error:
        raise UsageError(
            f"Data frames take an extra ({error.name} is missing): pip install 'converse-graph[forecast]'."
        ) from None
    return frames.data_frame(table, backend)
