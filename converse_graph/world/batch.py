"""The rules of a world for many seeds at once, in numpy: the same states as `resolution.py` has, to the last bit.

Formulas alone may differ in the last bit, as numpy rounds exp, log and powers otherwise.

A quantity of all worlds is one array. What happens in some of them alone, such as the effects of a move that a few
parties made, is reckoned for the indices of those. Whatever is summed or multiplied is sorted first, as there, so that
no order of parties, rows or indices can show in a result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import (
    WAIT,
    WORLD,
    Action,
    Aggregate,
    Condition,
    Distribution,
    Effect,
    Uniform,
)
from converse_graph.world.draws import INCREMENT, LAST_SHIFT, MASK, STEPS, UNIT, purpose_key, quantile

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]
Hashes = NDArray[np.uint64]
Key = tuple[str, str]
"""Who owns a variable, "world", a party or a pair, and its name."""

_Number = TypeVar("_Number", bound=np.generic)

NEVER = -2
"""The round of an event that has not happened."""
NO_MOVE = -1
"""The move of a party once its world has ended."""
_Part = tuple[Indices | None, Floats]
"""An amount, for some worlds or for all (None)."""


@dataclass(frozen=True, kw_only=True)
class WorldBatch:
    """What became of many worlds that differ in their seeds alone."""

    seeds: Hashes
    values: Mapping[Key, Floats]
    """Of each variable: a row as the worlds began and one after each round, a column a world. One that has ended keeps
    its last values."""
    move_names: Mapping[str, tuple[str, ...]]
    """The moves of each party that are numbered in `moves`; the first is to wait."""
    moves: Mapping[str, NDArray[np.int16]]
    """Of each party: a row a round, a column a world."""
    event_rounds: Mapping[str, NDArray[np.int64]]
    """In which round each event happened, a number a world: -1 as it began, -2 never."""
    last_rounds: NDArray[np.int64]
    """The last round that each world played."""

    @property
    def rounds(self) -> int:
        """How many rounds were played at most."""
        return len(next(iter(self.values.values()))) - 1


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a party has before it as it chooses its move, in all worlds."""

    round: int
    party: str
    move_names: tuple[str, ...]
    """Those that the party may ever make; the first is to wait."""
    legal: Flags
    """Which of them it may make now: a row a move, a column a world."""
    values: Mapping[str, Floats]
    """Its own variables that it is told, and the public ones of the world."""
    seen_moves: Mapping[str, tuple[tuple[str, ...], NDArray[np.int16]]]
    """Of each other party: the names of its moves, and by number the one it was seen making in the round before; 0 for
    none."""
    constants: Mapping[str, float]
    """Of the world."""
    hashes: Hashes = field(repr=False)
    """Of the seeds."""

    def draw(self, purpose: str) -> Floats:
        """Draw a share for each world, from a stream of this party and round.

        Args:
            purpose: What for.
        """
        return draw_shares(self.hashes, f"{self.round}|{purpose}|{self.party}")


Choose = Callable[[Situation], NDArray[np.int16]]
"""A party's way of choosing: the number of a move for each world, one that is legal there."""


def hash_seeds(seeds: Sequence[int] | Hashes) -> Hashes:
    """Hash seeds once for all their draws.

    Args:
        seeds: Of the worlds.
    """
    numbers = seeds if isinstance(seeds, np.ndarray) else np.array([seed & MASK for seed in seeds], dtype=np.uint64)
    return _mix(numbers + np.uint64(INCREMENT))


def draw_shares(hashes: Hashes, purpose: str) -> Floats:
    """Draw as `draws.draw_share` does, for many seeds.

    Args:
        hashes: Of the seeds.
        purpose: What for.
    """
    return (_mix(hashes ^ np.uint64(purpose_key(purpose))) >> np.uint64(11)).astype(np.float64) * UNIT


def _mix(numbers: Hashes) -> Hashes:
    for shift, factor in STEPS:
        numbers = (numbers ^ (numbers >> np.uint64(shift))) * np.uint64(factor)
    return numbers ^ (numbers >> np.uint64(LAST_SHIFT))


def play_batch(
    world: World,
    kinds: Mapping[str, str],
    seeds: Sequence[int] | Hashes,
    *,
    rounds: int,
    choose: Mapping[str, Choose],
    last_events: frozenset[str] = frozenset(),
) -> WorldBatch:
    """Play many worlds by their rules alone.

    Args:
        world: What is played.
        kinds: The kind of each party, by name.
        seeds: One for each world.
        rounds: How many rounds are played at most.
        choose: How each party chooses its moves.
        last_events: Events of the world at which it ends, after the round in which they happened.
    """
    return _Play(world, kinds, hash_seeds(seeds), last_events).play(rounds, choose, np.asarray(seeds, dtype=np.uint64))


@dataclass(frozen=True, kw_only=True)
class _Active:
    """Worlds in which a party took an action in the same round."""

    party: str
    action: Action
    since: int
    indices: Indices

    def is_due(self, round: int) -> bool:
        first = self.since + self.action.lag
        return first <= round and (self.action.lasts is None or round < first + self.action.lasts)

    def is_over(self, round: int) -> bool:
        lasts = self.action.lasts
        return lasts is not None and round >= self.since + self.action.lag + lasts


def _product(factors: Sequence[Floats]) -> Floats:
    """Multiply factors in ascending order in each world, one after the other: `reduce` may choose its own order."""
    ascending = np.sort(np.array(factors), axis=0)
    product: Floats = ascending[0]
    for factor in ascending[1:]:
        product = product * factor
    return product


def is_met(condition: Condition, values: Mapping[str, Any]) -> Flags:
    """Say in which worlds a condition holds.

    Args:
        condition: On variables among the values.
        values: Arrays, or numbers that are the same in all worlds, by variable.
    """
    value = np.asarray(values[condition.variable])
    low, high = condition.at_least, condition.at_most
    holds = np.ones(value.shape, dtype=bool)
    if low is not None:
        holds = holds & (value >= (values[low] if isinstance(low, str) else low))
    if high is not None:
        holds = holds & (value <= (values[high] if isinstance(high, str) else high))
    return holds


def _reduce(rule: Aggregate, values: Sequence[Floats]) -> Any:
    """As `Aggregate.reduce` does: sums are exact there, so that they are added up exactly here as well."""
    match rule.function:
        case "maximum":
            return np.max(values, axis=0)
        case "minimum":
            return np.min(values, axis=0)
    sums = np.array([fsum(column) for column in zip(*(own.tolist() for own in values), strict=True)])
    return sums / len(values) if rule.function == "mean" else sums


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": lambda *values: np.minimum.reduce(np.broadcast_arrays(*values)),
    "max": lambda *values: np.maximum.reduce(np.broadcast_arrays(*values)),
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
}
"""What a formula's functions are for arrays."""


class _Values(Mapping[str, Any]):
    """What an effect looks at, by name, in some worlds: constants, variables of the world, of a party, of a pair."""

    def __init__(
        self, fixed: Mapping[str, float], state: Mapping[Key, Floats], *owners: str, indices: Indices | None = None
    ) -> None:
        self._fixed, self._state, self._owners, self._indices = fixed, state, (*owners, WORLD), indices

    def at(self, indices: Indices | None) -> _Values:
        """The same in the worlds of these indices alone."""
        return _Values(self._fixed, self._state, *self._owners[:-1], indices=indices)

    def all_of(self, names: Sequence[str], width: int) -> list[Floats]:
        """The values of these names, each as an array."""
        return [np.broadcast_to(np.asarray(self[name], dtype=np.float64), (width,)) for name in names]

    def __getitem__(self, name: str) -> Any:
        if name in self._fixed:
            return self._fixed[name]
        values = next(self._state[owner, name] for owner in self._owners if (owner, name) in self._state)
        return values if self._indices is None else values[self._indices]

    def __iter__(self) -> Iterator[str]:
        yield from self._fixed
        yield from dict.fromkeys(name for owner, name in self._state if owner in self._owners)

    def __len__(self) -> int:
        return len(list(iter(self)))


class _Play:
    """Worlds under way: their state, the actions that have effects yet, and which worlds have not ended."""

    def __init__(self, world: World, kinds: Mapping[str, str], hashes: Hashes, last_events: frozenset[str]) -> None:
        self._world, self._kinds, self._hashes, self._last_events = world, dict(kinds), hashes, last_events
        self._count = len(hashes)
        self._variables = {variable.name: variable for variable in world.variables}
        self._pairs = world.pairs(kinds)
        self._actions = {party: (None, *world.actions_of(kind)) for party, kind in kinds.items()}
        self._names = {
            party: tuple(action.name if action else WAIT for action in actions)
            for party, actions in self._actions.items()
        }
        self._state: dict[Key, Floats] = {
            (owner, variable.name): np.clip(
                self._amount(start, None, f"start|{variable.name}|{owner}"), variable.minimum, variable.maximum
            )
            for owner, of in world.owners(kinds).items()
            for variable in world.variables_of(*of)
            if (start := variable.start_for(owner)) is not None
        }
        self._aggregate()
        self._active: list[_Active] = []
        self._seen_moves = {party: np.zeros(self._count, dtype=np.int16) for party in kinds}
        self._events = {event.name: np.full(self._count, NEVER) for event in world.events}
        self._going = np.ones(self._count, dtype=bool)
        self._last = np.full(self._count, -1)
        self._note_events(-1)

    def play(self, rounds: int, choose: Mapping[str, Choose], seeds: Hashes) -> WorldBatch:
        """Play to the end."""
        course = {key: np.empty((rounds + 1, self._count)) for key in self._state}
        moves = {party: np.full((rounds, self._count), NO_MOVE, dtype=np.int16) for party in self._kinds}
        for key, values in self._state.items():
            course[key][0] = values
        for round in range(rounds):
            if self._going.any():
                for party, moves_of_party in self._step(round, choose).items():
                    moves[party][round] = moves_of_party
            for key, values in self._state.items():
                course[key][round + 1] = values
        return WorldBatch(
            seeds=seeds,
            values=course,
            move_names=self._names,
            moves=moves,
            event_rounds=self._events,
            last_rounds=self._last,
        )

    def _step(self, round: int, choose: Mapping[str, Choose]) -> dict[str, NDArray[np.int16]]:
        """Play a round; return the moves."""
        before = dict(self._state)
        going = self._going
        numbers_by_party = {
            party: np.where(going, choose[party](self._situation(round, party)), NO_MOVE) for party in choose
        }
        moves_now = {party: numbers.astype(np.int16) for party, numbers in numbers_by_party.items()}
        self._active = [entry for entry in self._active if not entry.is_over(round)]
        for party in self._kinds:
            self._take(round, party, moves_now[party])
        self._apply(round, moves_now)
        self._last = np.where(going, round, self._last)
        if not going.all():
            self._state = {key: np.where(going, values, before[key]) for key, values in self._state.items()}
        self._note_events(round)
        return moves_now

    def _situation(self, round: int, party: str) -> Situation:
        values_told = {
            name: values
            for (owner, name), values in self._state.items()
            if owner in (WORLD, party) and self._variables[name].visibility != "hidden"
        }
        return Situation(
            round=round,
            party=party,
            move_names=self._names[party],
            legal=np.array([self._is_legal(action, values_told) for action in self._actions[party]]),
            values=values_told,
            seen_moves={
                other: (self._names[other], self._seen_moves[other]) for other in self._kinds if other != party
            },
            constants=self._world.fixed_values,
            hashes=self._hashes,
        )

    def _is_legal(self, action: Action | None, values: Mapping[str, Floats]) -> Flags:
        legal = np.ones(self._count, dtype=bool)
        if action is None:
            return legal
        for name, amount in action.cost.items():
            legal &= values[name] - amount >= self._variables[name].minimum
        for condition in action.requires:
            legal &= is_met(condition, {**self._world.fixed_values, **values})
        return legal

    def _take(self, round: int, party: str, moves: NDArray[np.int16]) -> None:
        """Have a party pay for its moves and be seen or not, and note what takes effect."""
        numbers = np.zeros(self._count, dtype=np.int16)
        for number, action in enumerate(self._actions[party]):
            if action is None:
                continue
            indices = np.flatnonzero(moves == number)
            shares = draw_shares(self._hashes[indices], f"{round}|detection|{party}|{action.name}")
            numbers[indices] = np.where(shares < action.detection, number, 0)
            for name, amount in action.cost.items():
                values = self._state[party, name].copy()
                values[indices] -= amount
                self._state[party, name] = values
            if len(indices):
                self._active.append(_Active(party=party, action=action, since=round, indices=indices))
        self._seen_moves[party] = numbers

    def _apply(self, round: int, moves: Mapping[str, NDArray[np.int16]]) -> None:
        """Change the state by all effects that are due, each reckoned from the state as it is now."""
        before = dict(self._state)
        parts: dict[Key, dict[str, list[_Part]]] = {}
        for row, stream, by, indices in self._due_effects(round):
            for owner in self._owners(row, by):
                actors = (by or owner, *((owner,) if owner in self._pairs else ()))
                here = self._with_partner(row, owner, by, indices, moves)
                part = self._part(before, row, f"{round}|{stream}|{owner}", actors, here)
                by_operation = parts.setdefault((owner, row.variable), {"set": [], "multiply": [], "add": []})
                by_operation[row.operation].append(part)
        for key, by_operation in parts.items():
            self._state[key] = self._combine(key[1], before[key], by_operation)
        self._aggregate()

    def _due_effects(self, round: int) -> Iterator[tuple[Effect, str, str | None, Indices | None]]:
        for number, row in enumerate(self._world.drift, 1):
            yield row, f"drift|{number}", None, None
        for entry in self._active:
            if entry.is_due(round):
                for number, row in enumerate(entry.action.effects, 1):
                    yield row, f"{entry.action.name}|{number}|{entry.party}|{entry.since}", entry.party, entry.indices

    def _owners(self, row: Effect, by: str | None) -> list[str]:
        variable = self._variables[row.variable]
        owner = variable.owner
        if owner == WORLD:
            return [WORLD]
        if variable.pair is not None:
            of_kinds = {
                name: pair
                for name, pair in self._pairs.items()
                if variable.is_owned_by(*(self._kinds[party] for party in pair))
            }
            if by is None or row.on == "all":
                return list(of_kinds)
            return [name for name, pair in of_kinds.items() if (by in pair) == (row.on == "own")]
        if row.on == "own" and by is not None:
            return [by]
        others = row.on == "others"
        return [party for party, kind in self._kinds.items() if kind == owner and not (others and party == by)]

    def _with_partner(
        self,
        row: Effect,
        owner: str,
        by: str | None,
        indices: Indices | None,
        moves: Mapping[str, NDArray[np.int16]],
    ) -> Indices | None:
        """Of these worlds, those in which the other of a pair makes a move that the effect takes."""
        if not row.partner_moves or by is None:
            return indices
        pair = self._pairs[owner]
        other = pair[pair[0] == by]
        numbers = [number for number, name in enumerate(self._names[other]) if name in row.partner_moves]
        return self._inside(indices, np.isin(self._at(moves[other], indices), numbers))

    def _part(
        self,
        before: Mapping[Key, Floats],
        row: Effect,
        stream: str,
        actors: Sequence[str],
        indices: Indices | None,
    ) -> _Part:
        """Say where an effect happens, and by how much."""
        values = _Values(self._world.fixed_values, before, *actors)
        if row.when:
            indices = self._inside(
                indices, np.logical_and.reduce([is_met(one, values.at(indices)) for one in row.when])
            )
        if row.chance < 1 or row.chance_times:
            chance: float | Floats = row.chance
            if row.chance_times:
                chance = chance * _product(values.at(indices).all_of(row.chance_times, self._width(indices)))
            indices = self._inside(indices, draw_shares(self._at(self._hashes, indices), f"{stream}|chance") < chance)
        amount = self._amount(row.amount, indices, stream)
        if row.times:
            amount = amount * _product(values.at(indices).all_of(row.times, self._width(indices)))
        if (formula := self._world.formula_of(row)) is not None:
            amount = amount * formula.compute(values.at(indices), _FUNCTIONS)
        return indices, amount

    @staticmethod
    def _inside(indices: Indices | None, flags: Flags) -> Indices:
        return np.flatnonzero(flags) if indices is None else indices[flags]

    def _width(self, indices: Indices | None) -> int:
        return self._count if indices is None else len(indices)

    def _aggregate(self) -> None:
        """Bring what follows from others up to its value: first what parties have of their pairs, then the world's."""
        for owner in (*self._kinds, WORLD) if self._pairs else (WORLD,):
            for variable in self._world.variables_of(self._kinds.get(owner, WORLD)):
                if (rule := variable.aggregate) is not None:
                    values = [
                        own
                        for (name, one), own in self._state.items()
                        if one == rule.of and (owner == WORLD or owner in self._pairs.get(name, ()))
                    ]
                    reduced = _reduce(rule, values) if values else np.full(self._count, variable.minimum)
                    self._state[owner, variable.name] = np.clip(reduced, variable.minimum, variable.maximum)

    def _amount(self, amount: float | Distribution, indices: Indices | None, stream: str) -> Floats:
        if isinstance(amount, float | int):
            return np.full(self._width(indices), float(amount))
        shares = draw_shares(self._at(self._hashes, indices), stream)
        if isinstance(amount, Uniform):
            return np.asarray(amount.low + (amount.high - amount.low) * shares)
        return np.array([quantile(amount, float(share)) for share in shares])

    @staticmethod
    def _at(values: NDArray[_Number], indices: Indices | None) -> NDArray[_Number]:
        return values if indices is None else values[indices]

    def _combine(self, name: str, value: Floats, parts: Mapping[str, list[_Part]]) -> Floats:
        """Return the values after all changes; whatever has no order is sorted."""
        value = value.copy()
        for indices, amount in parts["set"]:
            value[slice(None) if indices is None else indices] = amount
        for factors in self._sorted(parts["multiply"], neutral=1.0):
            value *= factors
        for amounts in self._sorted(parts["add"], neutral=0.0):
            value += amounts
        variable = self._variables[name]
        return np.minimum(variable.maximum, np.maximum(variable.minimum, value))

    def _sorted(self, parts: Sequence[_Part], *, neutral: float) -> Floats:
        """Return the amounts of each world in ascending order, filled up with what changes nothing."""
        slots = np.zeros(self._count, dtype=np.intp)
        for indices, _ in parts:
            slots[slice(None) if indices is None else indices] += 1
        amounts = np.full((int(slots.max(initial=0)), self._count), neutral)
        slots[:] = 0
        everywhere = np.arange(self._count)
        for indices, amount in parts:
            at = everywhere if indices is None else indices
            amounts[slots[at], at] = amount
            slots[at] += 1
        if len(amounts) > 1:
            amounts.sort(axis=0)
        return amounts

    def _note_events(self, round: int) -> None:
        for event in self._world.events:
            dates = self._events[event.name]
            met = self._going & (dates == NEVER)
            dates[met & is_met(event, _Values(self._world.fixed_values, self._state, WORLD))] = round
        # What has happened as a run begins ends it no more than it does at the table: there is no round yet to close.
        for name in self._last_events:
            self._going &= (self._events[name] != round) | (round < 0)
