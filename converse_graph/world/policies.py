"""Plain ways of choosing moves, for the rules alone: by chance, by a table, by a few known patterns, by a function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.references import split_reference
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import RANDOM, WAIT, WORLD, Policy, PolicyRule
from converse_graph.world.batch import Choose, Flags, Situation, is_met

PATTERNS = ("always:MOVE", "never:MOVE", "tit_for_tat:MOVE/REPLY")
"""How the known patterns are written. Tit for tat makes its move, but its reply after others were seen making that."""
BUILT_IN = (RANDOM, WAIT, *PATTERNS)
"""Policies that every world has."""
_PATTERN = re.compile(r"(always|never|tit_for_tat):(\w+)(?:/(\w+))?")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a party has before it as it chooses its move, as a policy in Python is given it."""

    round: int
    """From 0."""
    party: str
    moves: tuple[str, ...]
    """The legal ones; "wait" is always among them."""
    values: Mapping[str, float]
    """Its own variables that it is told, and the public ones of the world, by name."""
    seen_moves: Mapping[str, str]
    """What each other party was seen doing in the round before; without those of whom nothing was seen."""
    chance: float
    """A number from 0 to 1, drawn from the seed, for policies that go by chance."""


PolicyFunction = Callable[[Turn], str]
"""Takes what a party has before it and returns one of its legal moves."""
AnyPolicy = Policy | PolicyFunction


def named_policy(name: str, world: World, load: Callable[[str], PolicyFunction]) -> AnyPolicy:
    """Return the policy of a name.

    Args:
        name: One of the world's own, of `BUILT_IN` with actions for the words in capitals, or "file.py:function".
        world: Whose actions it names.
        load: Finds a function by its file and name.

    Raises:
        NotFound: There is no such policy.
        InvalidValue: It names what the world does not have.
    """
    own = {policy.name: policy for policy in world.policies}
    if name in own:
        return own[name]
    if split_reference(name)[0]:
        return load(name)
    policy = _built_in(name)
    if policy is None:
        raise NotFound.among("policy", name, [*own, *BUILT_IN, "file.py:function"])
    try:
        world.check_policy(policy)
    except ValueError as error:
        raise InvalidValue(f"{name}: {error}.") from None
    return policy


def _built_in(name: str) -> Policy | None:
    if name in (RANDOM, WAIT):
        return Policy(name=name, rules=[PolicyRule(move=name)])
    match = _PATTERN.fullmatch(name)
    if match is None or (match[3] is not None) != (match[1] == "tit_for_tat"):
        return None
    match match[1]:
        case "always":
            return Policy(name="always", rules=[PolicyRule(move=match[2])])
        case "never":
            return Policy(name="never", rules=[PolicyRule(move=RANDOM)], never=[match[2]])
    rules = [PolicyRule(move=match[3], after=match[3]), PolicyRule(move=match[2])]
    return Policy(name="tit_for_tat", rules=rules)


def chooser(policy: AnyPolicy, world: World, kind: str) -> Choose:
    """Make a party's way of choosing of a policy.

    Args:
        policy: What it goes by.
        world: What is played.
        kind: The party's.

    Raises:
        InvalidValue: Parties of that kind can take none of its actions, or are not told of variables that it looks at.
    """
    if not isinstance(policy, Policy):
        return _by_function(policy)
    able = [WAIT, RANDOM, *(action.name for action in world.actions_of(kind))]
    if not any(rule.move in able for rule in policy.rules):
        moves = ", ".join(dict.fromkeys(rule.move for rule in policy.rules))
        raise InvalidValue(
            f"Policy {policy.name}: {kind} parties cannot take {moves}; give it to a party or kind that can, "
            "as in KIND=POLICY."
        )
    for name in (name for rule in policy.rules for condition in rule.when for name in condition.names):
        if name not in world.fixed_values and world.variable(name).owner not in (WORLD, kind):
            raise InvalidValue(
                f"Policy {policy.name} looks at {name}, which {kind} parties do not own; give it to parties that do."
            )
    return _by_table(policy)


def _by_table(policy: Policy) -> Choose:
    def choose(situation: Situation) -> NDArray[np.int16]:
        count = situation.legal.shape[1]
        moves, open_worlds = np.zeros(count, dtype=np.int16), np.ones(count, dtype=bool)
        for rule in policy.rules:
            holds = open_worlds & _holds(rule, situation)
            if rule.move == RANDOM:
                rule_moves, able = _draw_moves(situation, policy.never)
            elif rule.move in situation.move_names:
                number = situation.move_names.index(rule.move)
                rule_moves, able = np.full(count, number, dtype=np.int16), situation.legal[number]
            else:
                continue
            holds &= able
            moves[holds] = rule_moves[holds]
            open_worlds &= ~holds
        return moves

    return choose


def _holds(rule: PolicyRule, situation: Situation) -> Flags:
    holds = np.ones(situation.legal.shape[1], dtype=bool)
    for condition in rule.when:
        holds &= is_met(condition, {**situation.constants, **situation.values})
    if rule.after is not None:
        holds &= _was_seen(rule.after, situation)
    return holds


def _was_seen(move: str, situation: Situation) -> Flags:
    holds = np.zeros(situation.legal.shape[1], dtype=bool)
    for names, moves in situation.seen_moves.values():
        if move in names:
            holds |= moves == names.index(move)
    return holds


def _draw_moves(situation: Situation, never: Sequence[str]) -> tuple[NDArray[np.int16], Flags]:
    """Draw a legal move for each world, all alike; and say where there is one."""
    options = situation.legal & np.array([[name not in never] for name in situation.move_names])
    counts = options.sum(axis=0)
    nth = (situation.draw("choice") * counts).astype(np.int64)
    return np.argmax(np.cumsum(options, axis=0) > nth, axis=0).astype(np.int16), counts > 0


def _by_function(function: PolicyFunction) -> Choose:
    def choose(situation: Situation) -> NDArray[np.int16]:
        names, chances = situation.move_names, situation.draw("choice")
        numbers = np.zeros(situation.legal.shape[1], dtype=np.int16)
        for column in range(len(numbers)):
            turn = Turn(
                round=situation.round,
                party=situation.party,
                moves=tuple(name for name, legal in zip(names, situation.legal[:, column], strict=True) if legal),
                values={name: float(values[column]) for name, values in situation.values.items()},
                seen_moves={
                    party: of_party[moves[column]]
                    for party, (of_party, moves) in situation.seen_moves.items()
                    if moves[column] > 0
                },
                chance=float(chances[column]),
            )
            numbers[column] = names.index(_call(function, turn))
        return numbers

    return choose


def _call(function: PolicyFunction, turn: Turn) -> str:
    """Ask a function of somebody's own for a move."""
    where = f"for {turn.party} in round {turn.round}"
    try:
        move = function(turn)
    except Exception as error:  # it may raise anything
        raise InvalidValue(f"The policy failed {where} with {type(error).__name__}: {error}") from error
    if move not in turn.moves:
        raise InvalidValue(
            f"The policy chose {move!r:.60} {where}, which is not legal; let it return one of turn.moves: "
            f"{', '.join(turn.moves)}."
        )
    return move
