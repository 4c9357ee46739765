"""What a forecast says: of an event, of each arm, of what moves it, and what a reader must keep in mind."""

from __future__ import annotations

from typing import Any

from pydantic import Field as Bound

from converse_graph.ensembles.design import Role
from converse_graph.ensembles.direct_answers import DirectAnswer
from converse_graph.ensembles.survival import Difference, Interval, Survival
from converse_graph.scenarios.value import FrozenModel


class Probability(FrozenModel):
    """The probability that the event has happened by the end of a year."""

    year: float
    """The year, all of it included; the number of a round, on a clock of plain rounds."""
    probability: Interval | None
    """None for a year that no run of the arm has reached."""


class RunPoint(FrozenModel):
    """One run behind the figures."""

    run: str
    seed: int
    time: float
    """Years to the event, or for which it was watched without it."""
    happened: bool


class FanPoint(FrozenModel):
    """What parties stated of a year at one time: medians over their statements and over runs."""

    stated_at: float
    p10: float
    p50: float
    p90: float
    estimates: int


class ArmForecast(FrozenModel):
    """What the runs of one arm say about the event."""

    arm: str
    role: Role = "arm"
    dials: dict[str, Any]
    """Settings in which the arms differ."""
    survival: Survival
    by_year: tuple[Probability, ...]
    endings: dict[str, int]
    ended_without: dict[str, int]
    """By which other event runs ended in which this one had not come until then."""
    """How the runs ended, such as "horizon" or "event treaty", with how many did."""
    left_out: int
    """Runs that have not finished: they are counted nowhere."""
    drift_rate: float
    """Signs of drift a statement, over the arm."""
    empty_share: float
    """Turns without a statement, 0 to 1."""
    runs_wanted: int | None
    """Runs that would narrow the median's interval to one year to either side; None where it is open."""
    agreement: float | None = None
    """Share of debates in which nobody took a second position, the mean over runs that held some."""
    scores: dict[str, Interval] = Bound(default_factory=dict)
    """Judges' scores, 1 to 10, the mean over runs with its interval (Student)."""
    fields: dict[str, Interval] = Bound(default_factory=dict)
    """Last values of numbers and yes-or-no fields and of the world's variables, mean over parties and runs."""
    fan: tuple[FanPoint, ...] = ()
    """Stated percentiles of the event's year, as time went on."""
    points: tuple[RunPoint, ...] = ()
    """The runs themselves."""
    direct: DirectAnswer | None = None
    """What the model said when it was asked directly; None where it was not."""


class Comparison(FrozenModel):
    """Another arm beside the first."""

    arm: str
    reference: str
    difference: Difference
    adjusted_p: float | None
    """The log-rank p value, corrected for the number of comparisons (Benjamini and Hochberg)."""
    role: Role = "arm"
    """What the arm is for: "chance" holds an arm, as `reference`, against the same settings played by chance."""
    finding: str = ""
    """What it comes to, in words."""


class Covariate(FrozenModel):
    """Whether the event's time goes with something that makes a run less worth believing."""

    name: str
    correlation: float
    """Rank correlation (Spearman) over runs, -1 to 1."""
    p_value: float
    runs: int


class Screening(FrozenModel):
    """Morris's measures of one dial, over the paths of the design."""

    dial: str
    mean_effect: float
    """Mean absolute elementary effect (mu*) on the restricted mean, in years over the dial's whole range."""
    spread: float
    """Standard deviation of the effects (sigma): large where the dial acts with others, or not in a straight line."""


class Effect(FrozenModel):
    """How far one dial moves the restricted mean, averaged over the others."""

    dial: str
    by_value: dict[str, float]
    """Restricted mean time to the event at each setting, in years."""

    @property
    def size(self) -> float:
        """Years between the setting at which it comes first and the one at which it comes last."""
        return max(self.by_value.values()) - min(self.by_value.values())


class Calibration(FrozenModel):
    """Stated percentiles of the event's year, held against what then happened in the same run."""

    estimates: int
    """Stated before the event, in runs in which it happened."""
    coverage: float
    """Share of them in which the event's year lay between the stated p10 and p90; 0.8 would be calibrated."""
    crps: float
    """Mean continuous ranked probability score from the three percentiles, in years; 0 would be perfect."""
    receding_slope: float | None
    """Stated median year regressed on the year in which it was said: 0 is a fixed date, 1 is always as far away."""


class Forecast(FrozenModel):
    """A forecast of one event from an ensemble."""

    name: str
    scenario: str
    event: str
    meaning: str = ""
    """When the event has happened, in words; empty for an expression, which says so itself."""
    models: tuple[str, ...]
    start: int
    step: str
    arms: tuple[ArmForecast, ...]
    comparisons: tuple[Comparison, ...]
    effects: tuple[Effect, ...]
    calibration: Calibration | None
    covariates: tuple[Covariate, ...] = ()
    screening: tuple[Screening, ...] = ()
    """Of a design of Morris's alone."""
    nuisance: float | None = None
    """Years by which the first arm told in other words differs from itself; None where it was not played so."""
    versions: dict[str, str] = Bound(default_factory=dict)
    """Of the software, as the first run's header has it."""
    cautions: tuple[str, ...]
    """What a reader must know before he believes any of it, a sentence each."""
