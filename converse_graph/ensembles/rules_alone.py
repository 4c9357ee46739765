"""A scenario's world by its rules alone, over many seeds: the course of its variables, and which events came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.export.markdown_escaping import inline
from converse_graph.export.markdown_tables import aligned_table
from converse_graph.scenarios.catalogue import find_function
from converse_graph.scenarios.dials import OTHERS
from converse_graph.scenarios.rules import StopOnEvent
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.value import FrozenModel
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import RANDOM
from converse_graph.world.batch import NEVER, Floats, WorldBatch, play_batch
from converse_graph.world.policies import chooser, named_policy

RULES_VERSION = 1
"""Of the shape of `converse world --json`."""
NONE = "none"
"""The outcome of a world in which no event happened."""
START = "start"
"""The period before the first round."""
_SURE = NormalDist().inv_cdf(0.975)
"""Standard errors to either side that hold 95 % of a normal distribution."""
_COLUMNS = 4
"""Variables beside each other in a table of the course."""


class Band(FrozenModel):
    """Where a variable lay after a round, over all worlds."""

    round: int
    """From 0; -1 as the worlds began."""
    period: str
    """The round as people call it; "start" as the worlds began."""
    owner: str
    """"world", or a party."""
    variable: str
    unit: str
    p10: float
    """A tenth of the worlds had less."""
    p50: float
    p90: float


class EventShare(FrozenModel):
    """In how many worlds an event happened."""

    event: str
    """Of the world; "none" for worlds in which none happened."""
    worlds: int
    share: float
    low: float
    """Of the share, the lower end of its 95 % interval (Wilson's)."""
    high: float
    median_period: str | None
    """By when it had happened in half of the worlds in which it did."""


class RulesCourse(FrozenModel):
    """What many worlds came to by the rules alone."""

    version: int = RULES_VERSION
    scenario: str
    dials: dict[str, Any]
    policies: dict[str, str]
    """How each party chose its moves."""
    worlds: int
    first_seed: int
    rounds: int
    outcomes: tuple[EventShare, ...]
    """Events are not exclusive: in one world several may happen."""
    bands: tuple[Band, ...]
    """By owner, variable and round."""


def world_of(scenario: Scenario) -> World:
    """Return the world of a scenario.

    Args:
        scenario: What is played.

    Raises:
        InvalidValue: It has none.
    """
    if scenario.world is None:
        raise InvalidValue(f"{scenario.name} has no world; give it one under `world:`, or name a scenario that has.")
    return scenario.world


def assign_policies(scenario: Scenario, texts: Sequence[str]) -> dict[str, str]:
    """Say by which policy each party chooses its moves: by chance, where nothing else is said.

    Args:
        scenario: Whose parties they are.
        texts: Of policies, of the form PARTY=POLICY, KIND=POLICY or others=POLICY; or POLICY alone, for everybody.

    Raises:
        NotFound: There is no such party or kind.
        InvalidValue: A party is given two policies by name.
    """
    kinds = {party.name: party.kind for party in scenario.organisations}
    by_who: dict[str, str] = {}
    for text in texts:
        who, equals, policy = text.partition("=")
        who, policy = (who.strip(), policy.strip()) if equals else (OTHERS, text.strip())
        if who not in (*kinds, *kinds.values(), OTHERS):
            raise NotFound.among("party or kind", who, [*kinds, *dict.fromkeys(kinds.values()), OTHERS])
        if who in by_who:
            raise InvalidValue(f"Two policies are given for {who}: {by_who[who]} and {policy}; give one.")
        by_who[who] = policy
    rest = by_who.get(OTHERS, RANDOM)
    return {name: by_who.get(name, by_who.get(kind, rest)) for name, kind in kinds.items()}


def play_rules(
    scenario: Scenario, policies: Mapping[str, str], *, seeds: int, first_seed: int = 0, rounds: int | None = None
) -> WorldBatch:
    """Play a scenario's world many times without its graph; an event at which the scenario stops ends it here too.

    Args:
        scenario: What is played; rules to stop that look at what is said count for nothing here.
        policies: The name of each party's policy.
        seeds: How many worlds.
        first_seed: Of the first world; the others have the seeds after it.
        rounds: How many rounds at most; None for as many as the clock has.

    Raises:
        InvalidValue: The scenario has no world, or a policy does not fit it.
        NotFound: There is no such policy.
    """
    world = world_of(scenario)
    kinds = {party.name: party.kind for party in scenario.organisations}
    by_name = {name: named_policy(name, world, find_function) for name in dict.fromkeys(policies.values())}
    return play_batch(
        world,
        kinds,
        range(first_seed, first_seed + seeds),
        rounds=rounds or scenario.clock.rounds,
        choose={party: chooser(by_name[name], world, kinds[party]) for party, name in policies.items()},
        last_events=frozenset(rule.event for rule in scenario.stop if isinstance(rule, StopOnEvent)),
    )


def course(scenario: Scenario, batch: WorldBatch, policies: Mapping[str, str]) -> RulesCourse:
    """Sum up what many worlds came to.

    Args:
        scenario: What was played.
        batch: What became of it.
        policies: By which each party chose.
    """
    return RulesCourse(
        scenario=scenario.name,
        dials=scenario.dials,
        policies=dict(policies),
        worlds=len(batch.seeds),
        first_seed=int(batch.seeds[0]),
        rounds=batch.rounds,
        outcomes=tuple(_outcomes(scenario, batch)),
        bands=tuple(_bands(scenario, batch)),
    )


def outcome_values(scenario: Scenario, batch: WorldBatch, outcome: str, party: str | None = None) -> Floats:
    """Say what each world came to: 1 or 0 for an event, or the last value of a variable.

    Args:
        scenario: What was played.
        batch: What became of it.
        outcome: The name of an event of the world, or of a variable.
        party: Whose variable, where parties own it; None for their mean.

    Raises:
        NotFound: There is no such event or variable.
    """
    world = world_of(scenario)
    if outcome in batch.event_rounds:
        return np.asarray(batch.event_rounds[outcome] != NEVER, dtype=np.float64)
    names = [variable.name for variable in world.variables]
    if outcome not in names:
        raise NotFound.among("outcome", outcome, [*batch.event_rounds, *names])
    owners = [owner for owner, name in batch.values if name == outcome and party in (None, owner)]
    owners = owners or [owner for owner, name in batch.values if name == outcome]
    return np.asarray(np.mean([batch.values[owner, outcome][-1] for owner in owners], axis=0))


def course_markdown(summary: RulesCourse) -> str:
    """Write a page of tables, which read in a terminal too.

    Args:
        summary: What is written.
    """
    return "\n".join(_page(summary)).rstrip("\n") + "\n"


def _outcomes(scenario: Scenario, batch: WorldBatch) -> Iterator[EventShare]:
    worlds_by_event = {name: dates != NEVER for name, dates in batch.event_rounds.items()}
    for name, where in worlds_by_event.items():
        dates = batch.event_rounds[name][where]
        half = None if not len(dates) else int(np.quantile(dates, 0.5, method="inverted_cdf"))
        yield _share(name, int(where.sum()), len(where), None if half is None else _period(scenario, half))
    count = len(batch.seeds)
    yield _share(
        NONE, count - int(np.any([*worlds_by_event.values(), np.zeros(count, dtype=bool)], axis=0).sum()), count
    )


def _share(event: str, count: int, worlds: int, median: str | None = None) -> EventShare:
    low, high = wilson_interval(count, worlds)
    return EventShare(event=event, worlds=count, share=count / worlds, low=low, high=high, median_period=median)


def wilson_interval(count: float, of: float) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); scipy has the same, and takes seconds to load.

    Args:
        count: In how many cases it was so.
        of: How many cases there were, 1 or more; an effective number need not be whole.
    """
    share, square = count / of, _SURE**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _SURE * sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def _bands(scenario: Scenario, batch: WorldBatch) -> Iterator[Band]:
    world = world_of(scenario)
    for (owner, name), values in batch.values.items():
        tenths = np.quantile(values, [0.1, 0.5, 0.9], axis=1)
        for round, (p10, p50, p90) in enumerate(tenths.T.tolist(), -1):
            yield Band(
                round=round,
                period=_period(scenario, round),
                owner=owner,
                variable=name,
                unit=world.variable(name).unit,
                p10=p10,
                p50=p50,
                p90=p90,
            )


def _period(scenario: Scenario, round: int) -> str:
    return START if round < 0 else scenario.clock.period(round).label


def _page(summary: RulesCourse) -> Iterator[str]:
    by = ", ".join(f"{party} {policy}" for party, policy in summary.policies.items())
    choice = "by chance" if set(summary.policies.values()) == {RANDOM} else f"by policy: {by}"
    yield f"# {inline(summary.scenario)} by its rules alone"
    last = summary.first_seed + summary.worlds - 1
    worlds = f"{summary.worlds:,} worlds of {summary.rounds} rounds, seeds {summary.first_seed} to {last}"
    yield from ("", inline(f"{worlds}. Moves are chosen {choice}."), "")
    yield from ("## Outcomes", "")
    yield from aligned_table(
        ("event", "share of worlds", "95 % interval", "half of them by"),
        [
            (row.event, f"{row.share:.1%}", f"{row.low:.1%} to {row.high:.1%}", row.median_period or "")
            for row in summary.outcomes
        ],
    )
    yield ""
    for owner, bands in groupby(summary.bands, key=lambda band: band.owner):
        by_variable = [list(rows) for _, rows in groupby(bands, key=lambda band: band.variable)]
        moving = [rows for rows in by_variable if not _stays(rows)]
        yield from (f"## {inline(owner)}: median (10 % to 90 % of worlds)", "")
        for first in range(0, len(moving), _COLUMNS):
            yield from _course_table(moving[first : first + _COLUMNS])
            yield ""
        unmoved = [rows[0] for rows in by_variable if _stays(rows)]
        still = [inline(f"{band.variable} {_band_text(band)} {band.unit}") for band in unmoved]
        if still:
            yield from (f"Stays as it began: {'; '.join(still)}.", "")


def _course_table(columns: Sequence[Sequence[Band]]) -> Iterator[str]:
    heads = ("after", *(f"{column[0].variable}, {column[0].unit}" for column in columns))
    rows = [
        (first.period, *(_band_text(column[number]) for column in columns)) for number, first in enumerate(columns[0])
    ]
    yield from aligned_table(heads, rows)


def _stays(rows: Sequence[Band]) -> bool:
    return all((row.p10, row.p50, row.p90) == (rows[0].p10, rows[0].p50, rows[0].p90) for row in rows)


def _band_text(band: Band) -> str:
    return f"{band.p50:.4g} ({band.p10:.4g} to {band.p90:.4g})" if band.p10 < band.p90 else f"{band.p50:.4g}"
