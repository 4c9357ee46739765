"""Which dial moves an outcome of a world most: screening by elementary effects, by the rules alone.

The method is Morris's (Technometrics 33, 1991), with the mean of absolute effects of Campolongo, Cariboni and Saltelli
(2007), as SALib has it: trajectories through the space of settings on which one dial changes at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from SALib.analyze import morris as morris_analysis
from SALib.sample import morris as morris_sample

from converse_graph.ensembles.policy_table import unit_of
from converse_graph.ensembles.rules_alone import assign_policies, outcome_values, play_rules
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.export.markdown_escaping import inline
from converse_graph.export.markdown_tables import aligned_table
from converse_graph.scenarios.dials import Dial
from converse_graph.scenarios.fields import format_value
from converse_graph.scenarios.scenario_functions import ScenarioFunction
from converse_graph.scenarios.value import FrozenModel

SCREENING_VERSION = 1
"""Of the shape of `converse world --screen --json`."""
_LEVELS = 4
"""Settings at which a number is tried: its ends and two between."""


class DialEffect(FrozenModel):
    """How far one dial moves the outcome."""

    dial: str
    settings: str
    """What it was varied over, in words."""
    effect: float
    """Mean absolute change of the outcome as the dial goes over its whole range (Morris's mu*)."""
    half_width: float
    """Of the 95 % interval of that, by bootstrap."""
    mean: float
    """The same with its sign (mu): near the effect where the dial always moves the outcome one way."""
    spread: float
    """Standard deviation of the changes (sigma): large where it depends on the dial's setting, or on other dials."""


class Screening(FrozenModel):
    """The dials of a scenario by how far they move an outcome."""

    version: int = SCREENING_VERSION
    scenario: str
    outcome: str
    unit: str
    trajectories: int
    settings: int
    """How many different settings were played."""
    worlds: int
    """For each setting, with the same seeds in all."""
    effects: tuple[DialEffect, ...]
    """The largest first."""
    left_out: dict[str, str]
    """Dials that were not varied, each with why."""


@dataclass(frozen=True, kw_only=True)
class _Range:
    """What a dial is varied over: `setting` takes a number from 0 to 1."""

    words: str
    setting: Callable[[float], Any]


def screen(
    function: ScenarioFunction,
    fixed_settings: Mapping[str, Any],
    *,
    outcome: str,
    ranges: Mapping[str, tuple[float, float]],
    policies: Sequence[str] = (),
    trajectories: int,
    seeds: int,
    first_seed: int = 0,
    rounds: Callable[[Any], int],
) -> Screening:
    """Screen the dials of a scenario.

    Args:
        function: Whose dials they are.
        fixed_settings: Settings of dials that are not varied.
        outcome: An event of the world, or a variable, whose last value counts; of all parties the mean.
        ranges: For numbers, from where to where they are varied; needed where a dial has no bounds of its own.
        policies: As `assign_policies` takes them.
        trajectories: How many paths through the settings; each takes a setting more than there are dials.
        seeds: How many worlds each setting is played with.
        first_seed: Of the first world, and of the paths.
        rounds: How many rounds a scenario plays.

    Raises:
        InvalidValue: There is no dial to vary, a range is no range of its dial, or settings fit no scenario.
        NotFound: There is no such dial, policy or outcome.
    """
    plain = function(**fixed_settings)
    unit = unit_of(plain, outcome)
    ranges_by_dial, left_out = _ranges(function, fixed_settings, ranges)
    if not ranges_by_dial:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "it has none"
        raise InvalidValue(f"No dial of {function.name} can be varied ({why}).")
    names = list(ranges_by_dial)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    points = morris_sample.sample(problem, N=trajectories, num_levels=_LEVELS, seed=first_seed)
    means: dict[str, float] = {}

    def value_at(point: Any) -> float:
        settings = {name: one.setting(float(x)) for (name, one), x in zip(ranges_by_dial.items(), point, strict=True)}
        key = repr(settings)
        if key not in means:
            scenario = function(**fixed_settings, **settings)
            table = assign_policies(scenario, policies)
            batch = play_rules(scenario, table, seeds=seeds, first_seed=first_seed, rounds=rounds(scenario))
            means[key] = float(outcome_values(scenario, batch, outcome).mean())
        return means[key]

    values = np.array([value_at(point) for point in points])
    analysis = morris_analysis.analyze(problem, points, values, num_levels=_LEVELS, seed=first_seed)
    effects = [
        DialEffect(
            dial=name,
            settings=ranges_by_dial[name].words,
            effect=float(analysis["mu_star"][number]),
            half_width=float(analysis["mu_star_conf"][number]),
            mean=float(analysis["mu"][number]),
            spread=float(analysis["sigma"][number]),
        )
        for number, name in enumerate(names)
    ]
    return Screening(
        scenario=function.name,
        outcome=outcome,
        unit=unit,
        trajectories=trajectories,
        settings=len(means),
        worlds=seeds,
        effects=tuple(sorted(effects, key=lambda effect: -effect.effect)),
        left_out=left_out,
    )


def screening_markdown(screening: Screening) -> str:
    """Write the dials as a page.

    Args:
        screening: What is written.
    """
    return "\n".join(_page(screening)) + "\n"


def _page(screening: Screening) -> Iterator[str]:
    yield f"# Which dial moves {inline(screening.outcome)} of {inline(screening.scenario)} most"
    count = f"{screening.settings} settings on {screening.trajectories} trajectories (Morris)"
    yield from ("", inline(f"{count}, {screening.worlds:,} worlds each. In {screening.unit}."), "")
    yield from aligned_table(
        ("dial", "varied over", "moves it by", "95 % interval", "with its sign", "spread"),
        [
            (
                one.dial,
                one.settings,
                f"{one.effect:.4g}",
                f"{max(0.0, one.effect - one.half_width):.4g} to {one.effect + one.half_width:.4g}",
                f"{one.mean:.4g}",
                f"{one.spread:.4g}",
            )
            for one in screening.effects
        ],
    )
    if screening.left_out:
        yield ""
        yield from (inline(f"Not varied: {name}, as {why}.") for name, why in screening.left_out.items())


def _ranges(
    function: ScenarioFunction, fixed_settings: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]
) -> tuple[dict[str, _Range], dict[str, str]]:
    """What each dial is varied over, and why others are not."""
    names = [dial.name for dial in function.dials]
    for name in ranges:
        if name not in names:
            raise NotFound.among(f"dial of {function.name}", name, names)
    ranges_by_dial, left_out = dict[str, _Range](), dict[str, str]()
    for dial in function.dials:
        if dial.name in fixed_settings:
            left_out[dial.name] = "it is set"
            continue
        range_or_reason = _range(dial, ranges.get(dial.name))
        if isinstance(range_or_reason, str):
            left_out[dial.name] = range_or_reason
        else:
            ranges_by_dial[dial.name] = range_or_reason
    return ranges_by_dial, left_out


def _range(dial: Dial, bounds: tuple[float, float] | None) -> _Range | str:
    """What a dial is varied over, or why it is not."""
    schema = dial.adapter.json_schema()
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") not in ("object", "null")), schema)
    kind = schema.get("type")
    if bounds is not None and kind not in ("integer", "number"):
        raise InvalidValue(f"Dial {dial.name} takes {dial.type}, so that no range goes with it.")
    if kind == "boolean" or "enum" in schema:
        return _choice(schema.get("enum", [False, True]))
    if kind not in ("integer", "number"):
        return f"it takes {dial.type}"
    low, high = bounds or (schema.get("minimum"), schema.get("maximum"))
    if low is None or high is None:
        return f"it has no bounds; give them as --range {dial.name}=LOW:HIGH"
    ends = [dial.read(int(end) if kind == "integer" else float(end)) for end in (low, high)]
    words = f"{format_value(ends[0])} to {format_value(ends[1])}"
    if kind == "integer":
        return _Range(words=words, setting=lambda x: round(low + x * (high - low)))
    return _Range(words=words, setting=lambda x: low + x * (high - low))


def _choice(options: Sequence[Any]) -> _Range:
    words = ", ".join(map(format_value, options))
    return _Range(words=words, setting=lambda x: options[round(x * (len(options) - 1))])
