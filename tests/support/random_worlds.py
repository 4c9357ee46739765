"""Worlds made by chance: every kind of effect, cost, lag, condition and draw, within what a world allows."""

from typing import Any

from hypothesis import strategies as some

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.world import Action, Condition, Effect, Uniform, Variable, World, WorldEvent

KINDS = {"Norland": "state", "Sudmark": "state", "Ostrand": "guild"}
_WORLDS, _STATES, _GUILDS = ("stock", "trust"), ("money", "fleet"), ("gold",)
_AMOUNTS = some.floats(-3, 3, allow_nan=False).map(lambda number: round(number, 3))
_DRAWN = some.tuples(_AMOUNTS, some.floats(0.1, 2)).map(lambda pair: Uniform(low=pair[0], high=pair[0] + pair[1]))
_OWNS = {"state": _STATES, "guild": _GUILDS}


@some.composite
def _variables(draw: Any) -> list[Variable]:
    variables = []
    for owner, names in (("world", _WORLDS), *_OWNS.items()):
        for name in names:
            visibility = draw(
                some.sampled_from(["public", "hidden"] if owner == "world" else ["public", "own", "hidden"])
            )
            start = draw(some.floats(0, 9) | some.just(Uniform(low=1, high=8)))
            variables.append(
                Variable(name=name, unit="kt", owner=owner, start=start, maximum=12, visibility=visibility)
            )
    return variables


@some.composite
def _effects(draw: Any, kind: str | None) -> list[Effect]:
    own = _OWNS.get(kind or "", ())
    rows = []
    for _ in range(draw(some.integers(0, 3))):
        name = draw(some.sampled_from([*_WORLDS, *_STATES, *_GUILDS] if kind is None else [*_WORLDS, *own, *own]))
        rows.append(
            Effect(
                variable=name,
                operation=draw(some.sampled_from(["add", "add", "multiply"])),
                amount=draw(_AMOUNTS | _DRAWN),
                times=draw(some.lists(some.sampled_from(_WORLDS + (own if name in own or kind else ())), max_size=3)),
                on=draw(some.sampled_from(["own", "others", "all"])),
                chance=draw(some.sampled_from([1.0, 0.6, 0.0])),
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
    ]
    try:
        return World(variables=variables, actions=actions, drift=draw(_effects(None)), events=events)
    except InvalidValue as error:  # the strategy is to be mended, not to be narrowed without a word
        raise AssertionError(f"no world: {error}") from error
