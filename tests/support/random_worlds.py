"""Worlds made by chance: every kind of effect, cost, lag, condition and draw, within what a world allows."""

from typing import Any

from hypothesis import strategies as some

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import (
    Action,
    Aggregate,
    Condition,
    Constant,
    Effect,
    Lognormal,
    Quantiles,
    Uniform,
    Variable,
    WorldEvent,
)

KINDS = {"Norland": "state", "Sudmark": "state", "Ostrand": "guild"}
_WORLDS, _STATES, _GUILDS = ("stock", "trust"), ("money", "fleet"), ("gold",)
_PAIRS = {"bond": ("state", "state"), "trade": ("guild", "state")}
_AMOUNTS = some.floats(-3, 3, allow_nan=False).map(lambda number: round(number, 3))
_DRAWN = some.tuples(_AMOUNTS, some.floats(0.1, 2)).map(lambda pair: Uniform(low=pair[0], high=pair[0] + pair[1]))
_OWNS = {"state": _STATES, "guild": _GUILDS}
_STARTS = [Uniform(low=1, high=8), Lognormal(p10=1, p90=6), Quantiles(quantiles=[(0, 1), (0.4, 2), (1, 8)])]
_FORMULAS = (
    "",
    "",
    "stock * (1 - stock / limit)",
    "(trust > 2) - max(stock, riches, 1) / 3",
    "round_years + abs(-trust)",
)


@some.composite
def _variables(draw: Any) -> list[Variable]:
    variables = []
    for owner, names in (("world", _WORLDS), *_OWNS.items()):
        for name in names:
            visibility = draw(
                some.sampled_from(["public", "hidden"] if owner == "world" else ["public", "own", "hidden"])
            )
            start = draw(some.floats(0, 9) | some.sampled_from(_STARTS))
            variables.append(
                Variable(name=name, unit="kt", owner=owner, start=start, maximum=12, visibility=visibility)
            )
    for name, kinds in _PAIRS.items():
        visibility = draw(some.sampled_from(["public", "own", "hidden"]))
        start = draw(some.floats(0, 9) | some.sampled_from(_STARTS))
        start_of = {"Norland and Ostrand": 2.0} if name == "trade" else {}
        variables.append(Variable(name=name, unit="index", owner=kinds, start=start, start_of=start_of, maximum=12,
                                  visibility=visibility))  # fmt: skip
    return [*variables, *draw(_aggregates())]


@some.composite
def _aggregates(draw: Any) -> list[Variable]:
    return [
        Variable(
            name=name,
            unit="kt",
            owner=owner,
            aggregate=Aggregate(function=draw(some.sampled_from(["maximum", "minimum", "sum", "mean"])), of=of),
            maximum=20,
            visibility="hidden",
        )
        for name, owner, of in (
            ("riches", "world", "money"),
            ("bonds", "world", "bond"),
            ("standing", "state", "bond"),
            ("renown", "guild", "trade"),
            ("envy", "world", "standing"),
        )
    ]


@some.composite
def _effects(draw: Any, kind: str | None) -> list[Effect]:
    own = _OWNS.get(kind or "", ())
    rows = []
    for _ in range(draw(some.integers(0, 3))):
        pairs = [pair for pair, kinds in _PAIRS.items() if kind in (None, *kinds)]
        name = draw(some.sampled_from([*_WORLDS, *pairs, *([*_STATES, *_GUILDS] if kind is None else [*own, *own])]))
        on = draw(some.sampled_from(["own", "others", "all"]))
        factors = (*_WORLDS, *(own if name in own or kind else ()), *((name,) if name in _PAIRS else ()))
        rows.append(
            Effect(
                variable=name,
                operation=draw(some.sampled_from(["add", "add", "multiply"])),
                amount=draw(_AMOUNTS | _DRAWN),
                times=draw(some.lists(some.sampled_from(factors), max_size=3)),
                on=on,
                partner_moves=draw(some.lists(some.sampled_from(["wait", "do_0"]), max_size=2, unique=True))
                if kind and on == "own" and name in _PAIRS
                else [],
                chance=draw(some.sampled_from([1.0, 0.6, 0.0])),
                chance_times=draw(
                    some.lists(some.sampled_from(["trust", "limit", *(own if kind else ())]), max_size=1)
                ),
                when=[
                    Condition(
                        variable=name if name in _PAIRS else "stock",
                        at_least=draw(some.sampled_from([1.0, "trust", "limit"])),
                    )
                ]
                if draw(some.booleans())
                else [],
                formula=draw(some.sampled_from(_FORMULAS)),
            )
        )
    return rows


def _some_of(draw: Any, names_told: list[str], of_kind: tuple[str, ...]) -> list[str]:
    names = [name for name in names_told if name in of_kind]
    return draw(some.lists(some.sampled_from(names), max_size=2, unique=True)) if names else []


@some.composite
def worlds(draw: Any) -> World:
    """A world for the parties of `KINDS`; one that is refused, as with a condition on what nobody is told, is none."""
    variables, actions = draw(_variables()), []
    for number in range(draw(some.integers(1, 4))):
        kind = draw(some.sampled_from(["state", "guild"]))
        names_told = [one.name for one in variables if one.owner in ("world", kind) and one.visibility != "hidden"]
        setter = Effect(variable="trust", operation="set", amount=number + 1.0)
        actions.append(
            Action(
                name=f"do_{number}",
                text="do it",
                party_kind=kind,
                cost={name: draw(some.floats(0.1, 4)) for name in _some_of(draw, names_told, _OWNS[kind])},
                requires=[
                    Condition(variable=name, at_least=draw(some.floats(0, 3)))
                    for name in _some_of(draw, names_told, (*_WORLDS, *_OWNS[kind]))
                ],
                lag=draw(some.integers(0, 2)),
                lasts=draw(some.sampled_from([1, 2, None])),
                detection=draw(some.sampled_from([1.0, 0.5, 0.0])),
                effects=draw(_effects(kind)) + ([setter] if number == 0 and draw(some.booleans()) else []),
            )
        )
    events = [
        WorldEvent(name="scarce", variable="stock", at_most=2),
        WorldEvent(name="calm", variable="trust", at_least=7),
        WorldEvent(name="rich", variable="riches", at_least="stock"),
    ]
    try:
        limit = Constant(name="limit", value=4, unit="kt")
        return World(constants=[limit], variables=variables, actions=actions, drift=draw(_effects(None)), events=events)
    except InvalidValue as error:  # the strategy is to be mended, not to be narrowed without a word
        raise AssertionError(f"no world: {error}") from error
