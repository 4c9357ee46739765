"""Policies against policies: what one party comes to by each of several, against others of its kind by each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt

import numpy as np

from converse_graph.ensembles.rules_alone import outcome_values, play_rules, world_of
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.export.markdown_escaping import inline
from converse_graph.export.markdown_tables import aligned_table
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.value import FrozenModel
from converse_graph.world.batch import Floats

POLICY_TABLE_VERSION = 1
"""Of the shape of `converse world --policies … --json`."""
_SURE = 1.96
"""Standard errors beyond which a difference is none of chance, at 95 %."""


class PolicyCell(FrozenModel):
    """What a party comes to by its policy against one of the others."""

    policy: str
    against: str
    mean: float
    """Of the outcome, over all worlds."""
    standard_error: float
    """Of the mean."""
    is_best: bool
    """Whether no policy of the party's comes to more against the same, chance apart (95 %, paired over seeds)."""


class PolicyTable(FrozenModel):
    """Policies of one party against policies of the others of its kind."""

    version: int = POLICY_TABLE_VERSION
    scenario: str
    outcome: str
    unit: str
    is_own: bool
    """Whether the outcome is the party's own variable, of which more is better for it."""
    party: str
    """Whose policies are the rows; whose outcome is counted, where it is its own."""
    others: tuple[str, ...]
    """Whose policies are the columns."""
    worlds: int
    """For each cell, with the same seeds in all."""
    policies: tuple[str, ...]
    cells: tuple[PolicyCell, ...]
    """Row by row."""
    dominant: str | None
    """The policy that alone is best against each of the others' policies; None where there is none."""
    best_for_all: str
    """The policy by which the party comes to most where the others have the same."""


def policy_table(
    scenario: Scenario,
    policies: Sequence[str],
    *,
    outcome: str,
    seeds: int,
    party: str | None = None,
    policy_of: Mapping[str, str],
    first_seed: int = 0,
    rounds: int | None = None,
) -> PolicyTable:
    """Play each policy of a party against each of the others of its kind.

    Args:
        scenario: What is played.
        policies: Their names; two or more.
        outcome: An event of the world, or a variable, whose last value counts.
        seeds: How many worlds for each pair.
        party: Whose outcome counts; None for the first.
        policy_of: By which policy parties of other kinds choose.
        first_seed: Of the first world.
        rounds: How many rounds at most; None for as many as the clock has.

    Raises:
        InvalidValue: There are fewer than two policies, or the party is alone of its kind.
        NotFound: There is no such party, policy or outcome.
    """
    names = tuple(dict.fromkeys(policies))
    if len(names) < 2:
        raise InvalidValue(f"--policies takes two or more that differ, such as random,wait; not {', '.join(names)!r}.")
    organisation = scenario.party(party) if party else scenario.organisations[0]
    others = tuple(
        one.name for one in scenario.organisations if one.kind == organisation.kind and one is not organisation
    )
    if not others:
        raise InvalidValue(f"{organisation.name} is alone of its kind, {organisation.kind}; name another with --party.")
    unit, variables = unit_of(scenario, outcome), world_of(scenario).variables

    def play(own: str, theirs: str) -> Floats:
        table = {**policy_of, organisation.name: own, **dict.fromkeys(others, theirs)}
        batch = play_rules(scenario, table, seeds=seeds, first_seed=first_seed, rounds=rounds)
        return outcome_values(scenario, batch, outcome, organisation.name)

    columns = {theirs: {own: play(own, theirs) for own in names} for theirs in names}
    best = {theirs: _best(column) for theirs, column in columns.items()}
    return PolicyTable(
        scenario=scenario.name,
        outcome=outcome,
        unit=unit,
        is_own=any(variable.name == outcome and variable.owner == organisation.kind for variable in variables),
        party=organisation.name,
        others=others,
        worlds=seeds,
        policies=names,
        cells=tuple(_cell(own, theirs, columns[theirs][own], best[theirs]) for own in names for theirs in names),
        best_for_all=max(names, key=lambda name: float(columns[name][name].mean())),
        dominant=next((name for name in names if all(best[theirs] == {name} for theirs in names)), None),
    )


def unit_of(scenario: Scenario, outcome: str) -> str:
    """Say what an outcome is counted in.

    Args:
        scenario: Of what.
        outcome: An event of its world, or a variable.

    Raises:
        NotFound: There is no such event or variable.
    """
    world = world_of(scenario)
    if outcome in (events := [event.name for event in world.events]):
        return "share of worlds"
    units = {variable.name: variable.unit for variable in world.variables}
    if outcome not in units:
        raise NotFound.among("outcome", outcome, [*events, *units])
    return units[outcome]


def policy_table_markdown(table: PolicyTable) -> str:
    """Write the table as a page.

    Args:
        table: What is written.
    """
    return "\n".join(_page(table)) + "\n"


def _page(table: PolicyTable) -> Iterator[str]:
    yield f"# {inline(table.outcome)} of {inline(table.scenario)}, policy against policy"
    whose = f" of {table.party}" if table.is_own else ""
    mean = f"Mean {table.outcome}{whose} ({table.unit}) at the end of {table.worlds:,} worlds"
    rows_and_columns = f"by the policy of {table.party} (rows) and that of {', '.join(table.others)} (columns)"
    yield from ("", inline(f"{mean}, {rows_and_columns}; ± 1.96 standard errors."), "")
    width = len(table.policies)
    rows = [table.cells[first : first + width] for first in range(0, len(table.cells), width)]
    yield from aligned_table((table.party, *table.policies), [(row[0].policy, *map(_cell_text, row)) for row in rows])
    yield from ("", inline(_conclusion(table)))


def _conclusion(table: PolicyTable) -> str:
    """Say whether one policy is best against all, and whether all would still do better by another."""
    if table.dominant is None:
        return "No policy comes to most whatever the others do."
    common, own = (_same(table, name) for name in (table.best_for_all, table.dominant))
    text = f"{table.dominant} comes to most whatever the others do"
    if not table.is_own:
        return f"{text}."
    if table.dominant == table.best_for_all:
        return f"{text}, and where all do the same: these policies are no dilemma."
    return (
        f"{text}; yet where all do the same, {table.best_for_all} comes to more, {common:.4g} rather than {own:.4g}: "
        "a dilemma."
    )


def _same(table: PolicyTable, policy: str) -> float:
    return next(cell.mean for cell in table.cells if cell.policy == cell.against == policy)


def _cell_text(cell: PolicyCell) -> str:
    return f"{cell.mean:.4g} ± {_SURE * cell.standard_error:.2g}{' (best)' if cell.is_best else ''}"


def _best(column: Mapping[str, Floats]) -> set[str]:
    """The policies that none beats, chance apart."""
    highest = max(column, key=lambda name: float(column[name].mean()))
    return {name for name, values in column.items() if not _is_less(values, column[highest])}


def _is_less(values: Floats, most: Floats) -> bool:
    gap = most - values
    return float(gap.mean()) > _SURE * float(gap.std()) / sqrt(len(gap))


def _cell(own: str, theirs: str, values: Floats, best: set[str]) -> PolicyCell:
    error = float(np.std(values)) / sqrt(len(values))
    return PolicyCell(policy=own, against=theirs, mean=float(values.mean()), standard_error=error, is_best=own in best)
