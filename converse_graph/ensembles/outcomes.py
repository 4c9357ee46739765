"""What happened in a run, as one row of data: events with their dates, estimates, last values, rates and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converse_graph.ensembles.survival import Observation
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.measures.drift import drift
from converse_graph.measures.event_dates import condition_dates, event_dates, parse_condition
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.value import FrozenModel

PERCENTILES = ("p10", "p50", "p90")


class Estimate(FrozenModel):
    """What a party said of an uncertain year, and when it said so."""

    party: str
    field: str
    said: float
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
    """Years from the start to the end of the round in which each of the scenario's events happened."""
    awaited: tuple[str, ...]
    """The scenario's events, whether they happened or not."""
    last_values: dict[str, dict[str, Any]]
    """What each party reported last, by party and field."""
    estimates: tuple[Estimate, ...]
    statements: int
    empty: int
    """Turns without a statement."""
    drift_signs: int
    """Signs of drift in all statements together."""

    @property
    def drift_rate(self) -> float:
        """Signs of drift a statement."""
        speeches = self.statements - self.empty
        return self.drift_signs / speeches if speeches else 0.0


def outcome(transcript: Transcript, *, conditions: Sequence[str] = ()) -> Outcome:
    """Reduce a run's public record to one row.

    Args:
        transcript: Of a finished run, or of one that is still under way.
        conditions: Comparisons that count as events beside the scenario's own, such as `agi_estimate.p50 <= 2030`.

    Raises:
        InvalidValue: A condition cannot be read.
    """
    header = transcript.header
    clock = Clock(**{name: header.clock[name] for name in ("start", "end", "step")})
    rounds = 1 + max((statement.round for statement in transcript.statements), default=-1)
    dates = {date.name: clock.years_between(0, date.round + 1) for date in event_dates(transcript)}
    for text in conditions:
        first = _first_date(text, transcript)
        if first is not None:
            dates[text] = clock.years_between(0, first + 1)
    counts = drift(transcript)
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
        events=dates,
        awaited=(*(event.name for event in header.awaited), *conditions),
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
            for one in counts
        ),
    )


def _first_date(text: str, transcript: Transcript) -> int | None:
    condition = parse_condition(text)
    if condition is None:
        raise InvalidValue(f"{text!r} names no event of {transcript.header.scenario} and is no comparison.")
    return next((date.round for date in condition_dates(condition, transcript)), None)


def _last_values(transcript: Transcript) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for statement in transcript.statements:
        if statement.text:
            values.setdefault(statement.speaker, {}).update(statement.fields)
    return values


def _estimates(statements: Sequence[Statement], clock: Clock) -> list[Estimate]:
    estimates = []
    for statement in statements:
        moment = clock.start + clock.years_between(0, statement.round)
        for field, value in statement.fields.items():
            if isinstance(value, Mapping) and set(PERCENTILES) <= value.keys():
                estimates.append(
                    Estimate(
                        party=statement.speaker, field=field, said=moment, **{name: value[name] for name in PERCENTILES}
                    )
                )
    return estimates


def observation(row: Outcome, event: str) -> Observation:
    """Tell when an event happened in a run, or how long it was watched without it.

    Args:
        row: The run.
        event: One of the scenario's events, or a condition that the row was made with.

    Raises:
        NotFound: The scenario has no such event.
    """
    if event not in row.awaited:
        hint = "A comparison such as 'agi_estimate.p50 <= 2030' is an event too."
        raise NotFound.among(f"event of {row.scenario}", event, row.awaited, hint=hint)
    date = row.events.get(event)
    return Observation(time=row.watched if date is None else date, happened=date is not None)
