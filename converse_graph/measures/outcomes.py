"""What happened in a run, as one row of data: events with their dates, estimates, last values, rates and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pydantic import Field as Bound

from converse_graph.measures.disagreement import unanimous_debates
from converse_graph.measures.drift import drift
from converse_graph.measures.event_dates import EventDate, awaited_events, event_dates, event_meanings
from converse_graph.measures.expressions import Expression
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.value import FrozenModel

PERCENTILES = ("p10", "p50", "p90")


class Estimate(FrozenModel):
    """What a party said of an uncertain year, and when it said so."""

    party: str
    field: str
    stated_at: float
    """The year in which it was said, with a fraction for a part of a year."""
    p10: float
    p50: float
    p90: float


class Outcome(FrozenModel):
    """One run as a row: how it was set up, and what came of it."""

    run: str
    scenario: str
    model: str
    seed: int
    dials: dict[str, Any]
    status: str
    ended: str | None
    """Why it finished, such as "horizon" or "event agi_reached"."""
    start: int
    """First year of its clock."""
    step: str
    """Of its clock, such as "year" or "round"."""
    watched: float
    """Years that it played (rounds, on a clock of plain rounds)."""
    events: dict[str, float]
    """Years from the start to the end of the round in which each event happened that did."""
    dates: tuple[EventDate, ...] = ()
    """The same events with their periods and with who reported them."""
    awaited: tuple[str, ...]
    """The events of the scenario and of its world, whether they happened or not."""
    meanings: dict[str, str] = Bound(default_factory=dict)
    """When each of these has happened, in words."""
    last_values: dict[str, dict[str, Any]]
    """What each party reported last, by party and field, and where the world stood, under "world"."""
    estimates: tuple[Estimate, ...]
    statements: int
    empty: int
    """Turns without a statement."""
    drift_signs: int
    """Signs of drift in all statements together."""
    parent: str | None = None
    """The run that this one was forked from."""
    humans: tuple[str, ...] = ()
    """The paths of speakers that persons played."""
    agreement: float | None = None
    """Share of its debates in which nobody ever took a second position; None where there were none."""
    scores: dict[str, float] = Bound(default_factory=dict)
    """What judges gave it, 1 to 10, the mean over judgings and parties, by question."""

    @property
    def drift_rate(self) -> float:
        """Signs of drift a statement."""
        speeches = self.statements - self.empty
        return self.drift_signs / speeches if speeches else 0.0


def outcome(transcript: Transcript, *, conditions: Sequence[str] = ()) -> Outcome:
    """Reduce a run's record to one row.

    Args:
        transcript: Of a finished run, or of one that is still under way. The reader's edition tells of debates and of
            hidden variables too.
        conditions: Expressions that count as events beside the scenario's own, such as `agi_estimate.p50 <= 2030`.

    Raises:
        InvalidValue: A condition cannot be read.
    """
    header = transcript.header
    clock = Clock(**{name: header.clock[name] for name in ("start", "end", "step")})
    rounds = 1 + max((statement.round for statement in transcript.statements), default=-1)
    dates = event_dates(transcript, conditions=[Expression(text) for text in conditions])
    unanimous, debates = unanimous_debates(transcript)
    return Outcome(
        run=header.run,
        scenario=header.scenario,
        model=header.model,
        seed=header.seed,
        dials=header.dials,
        status=header.status,
        ended=header.ended,
        start=clock.start,
        step=clock.step,
        watched=clock.years_between(0, rounds),
        events={date.name: clock.years_between(0, date.round + 1) for date in dates},
        dates=dates,
        awaited=(*awaited_events(transcript), *conditions),
        meanings=event_meanings(header.awaited, header.world),
        last_values=_last_values(transcript),
        estimates=tuple(_estimates(transcript.statements, clock)),
        statements=len(transcript.statements),
        empty=sum(not statement.text for statement in transcript.statements),
        drift_signs=sum(
            one.other_year
            + one.other_label
            + one.other_person
            + one.past_estimate
            + one.repeated
            + one.refusals
            + one.out_of_turn
            + one.out_of_year
            for one in drift(transcript)
        ),
        parent=header.parent,
        humans=header.humans,
        agreement=unanimous / debates if debates else None,
        scores=mean_scores(transcript.verdicts),
    )


def mean_scores(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Average what judges gave, by question, over their judgings and the parties that it is asked of.

    Args:
        verdicts: On one run; those without a score count nowhere.
    """
    scores: dict[str, list[int]] = {}
    for verdict in verdicts:
        for score in verdict.scores:
            if score.score is not None:
                scores.setdefault(score.question, []).append(score.score)
    return {question: fmean(numbers) for question, numbers in scores.items()}


def _last_values(transcript: Transcript) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for statement in transcript.statements:
        if statement.text:
            values.setdefault(statement.speaker, {}).update(statement.fields)
    for owner, variables in (transcript.world[-1].state if transcript.world else {}).items():
        values.setdefault(owner, {}).update(variables)
    return values


def _estimates(statements: Sequence[Statement], clock: Clock) -> list[Estimate]:
    estimates = []
    for statement in statements:
        moment = clock.start + clock.years_between(0, statement.round)
        for field, value in statement.fields.items():
            if isinstance(value, Mapping) and set(PERCENTILES) <= value.keys():
                estimates.append(
                    Estimate(
                        party=statement.speaker,
                        field=field,
                        stated_at=moment,
                        **{name: value[name] for name in PERCENTILES},
                    )
                )
    return estimates
