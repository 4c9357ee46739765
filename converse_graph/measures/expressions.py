"""Events that a reader defines: expressions over what parties reported and over the variables of a world.

Such as `agi_estimate.p50 <= 2030`, `offer_accepted = yes`, `stock < 100 and trust < 0.3`,
`mean(agi_estimate.p50) < 2030` or `Norland.pledge = fish_little`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.record.transcript import Transcript

_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")
_WORDS = {"yes": True, "true": True, "no": False, "false": False, "none": None}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_OVER_PARTIES: Mapping[str, Callable[[list[float]], float]] = {
    "mean": fmean,
    "min": min,
    "max": max,
    "sum": sum,
    "count": lambda values: float(sum(value is not False for value in values)),
}
_NOTHING = object()
"""The value of a name that nobody has reported yet: no comparison with it holds."""

State = Mapping[str, Mapping[str, Any]]
"""Values by owner: "world", and each party with what it reported last and its own variables."""


class Expression:
    """An expression that is true of a state or not."""

    def __init__(self, text: str) -> None:
        """Read an expression.

        Args:
            text: As a user wrote it. A plain name of a party's field or variable is true of a state where it is true
                of some party; `mean`, `min`, `max`, `sum` and `count` take it over all parties.

        Raises:
            InvalidValue: It cannot be read, or it does what no expression may, such as call a function.
        """
        self.text = text
        try:
            self._tree = ast.parse(_EQUALS.sub("==", text).strip(), mode="eval").body
            self._check(self._tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise InvalidValue(
                f"{text!r} is no expression; write one such as 'agi_estimate.p50 <= 2030' or 'stock < 9 and trust < 1'."
            ) from None

    def holds(self, state: State) -> bool:
        """Tell whether it is true of a state, for some party at least.

        Args:
            state: Values by owner.
        """
        owners = [owner for owner in state if owner != "world"] or ["world"]
        return any(_is_true(self._value(self._tree, state, owner)) for owner in owners)

    def names(self) -> set[str]:
        """The names that must be fields, variables, owners or percentiles; a word that is compared with is none."""
        words = {
            id(side)
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Compare)
            for side in node.comparators
            if isinstance(side, ast.Name)
        }
        functions = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        return {
            node.id
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Name) and id(node) not in words | functions and node.id.casefold() not in _WORDS
        }

    def _check(self, node: ast.expr) -> None:
        """Refuse what is no part of an expression, before any of it is reckoned."""
        match node:
            case ast.BoolOp() | ast.Compare() | ast.BinOp() | ast.UnaryOp():
                self._check_operators(node)
            case ast.Call(func=ast.Name(id=name), args=[_], keywords=[]) if name in _OVER_PARTIES:
                self._check(node.args[0])
                return
            case ast.Attribute():
                self._check(node.value)
                return
            case ast.Name() | ast.Constant(value=bool() | int() | float() | str() | None):
                return
            case _:
                raise ValueError(type(node).__name__)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._check(child)

    def _check_operators(self, node: ast.BoolOp | ast.Compare | ast.BinOp | ast.UnaryOp) -> None:
        match node:
            case ast.Compare(ops=ops) if not all(type(one) in _COMPARE for one in ops):
                raise ValueError("comparison")
            case ast.BinOp(op=op) if type(op) not in _ARITHMETIC:
                raise ValueError("arithmetic")
            case ast.UnaryOp(op=op) if not isinstance(op, ast.Not | ast.USub):
                raise ValueError("sign")

    def _value(self, node: ast.expr, state: State, owner: str) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.BoolOp(op=ast.And()):
                return all(_is_true(self._value(part, state, owner)) for part in node.values)
            case ast.BoolOp():
                return any(_is_true(self._value(part, state, owner)) for part in node.values)
            case ast.UnaryOp(op=ast.Not()):
                return not _is_true(self._value(node.operand, state, owner))
            case ast.Compare():
                return self._compared(node, state, owner)
            case ast.Call(func=ast.Name(id=name)):
                return self._over_parties(name, node.args[0], state)
            case ast.Name() | ast.Attribute():
                return _look_up(_dotted(node), state, owner)
            case _:
                return self._reckoned(node, state, owner)

    def _reckoned(self, node: ast.expr, state: State, owner: str) -> Any:
        if isinstance(node, ast.UnaryOp):
            value = self._value(node.operand, state, owner)
            return -value if _is_number(value) else _NOTHING
        if not isinstance(node, ast.BinOp):
            return _NOTHING
        left, right = (self._value(side, state, owner) for side in (node.left, node.right))
        if not (_is_number(left) and _is_number(right)) or (isinstance(node.op, ast.Div) and right == 0):
            return _NOTHING
        return _ARITHMETIC[type(node.op)](left, right)

    def _compared(self, node: ast.Compare, state: State, owner: str) -> bool:
        left = self._value(node.left, state, owner)
        for one, side in zip(node.ops, node.comparators, strict=True):
            right = self._value(side, state, owner)
            if right is _NOTHING and isinstance(side, ast.Name):
                right = _WORDS.get(side.id.casefold(), side.id)
            if not _compare(type(one), left, right):
                return False
            left = right
        return True

    def _over_parties(self, name: str, inner: ast.expr, state: State) -> Any:
        values = [self._value(inner, state, owner) for owner in state if owner != "world"]
        numbers = [float(value) for value in values if isinstance(value, bool) or _is_number(value)]
        if name == "count":
            return float(sum(_is_true(value) for value in values))
        return _OVER_PARTIES[name](numbers) if numbers else _NOTHING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_true(value: Any) -> bool:
    return value is not _NOTHING and bool(value)


def _compare(kind: type[ast.cmpop], left: Any, right: Any) -> bool:
    """Compare two values of one type; of a list some entry is enough, of percentiles the median counts."""
    if isinstance(left, Mapping):
        left = left.get("p50")
    if isinstance(left, list | tuple):
        return any(_compare(kind, entry, right) for entry in left)
    if left is _NOTHING or right is _NOTHING or isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, str) and isinstance(right, str):
        return _COMPARE[kind](left.casefold(), right.casefold())
    if _is_number(left) is not _is_number(right) or left is None:
        return False
    return not isinstance(left, str) and not isinstance(right, str) and _COMPARE[kind](left, right)


def _dotted(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else [""]


def _look_up(names: Sequence[str], state: State, owner: str) -> Any:
    """The value of a name: an owner's where one is named, else the party's own, else the world's."""
    if len(names) > 1 and names[0] in state:
        return _inside(state[names[0]], names[1:])
    for one in (owner, "world"):
        if names[0] in state.get(one, {}):
            return _inside(state[one], names)
    return _NOTHING


def _inside(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    value: Any = values
    for name in names:
        if not isinstance(value, Mapping) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def is_expression(text: str) -> bool:
    """Tell an expression from the plain name of an event.

    Args:
        text: As a user wrote it.
    """
    return re.search(r"[=<>()]|\b(and|or|not)\b", text) is not None


def states_by_round(transcript: Transcript) -> Iterator[tuple[int, dict[str, dict[str, Any]]]]:
    """Yield the number of each round that was played and what had been reported and come about by its end.

    Args:
        transcript: A record; in a reader's edition the hidden variables of its world count too.
    """
    values: dict[str, dict[str, Any]] = {party.name: {} for party in transcript.header.cast}
    worlds = {after.round: (after.hidden or after).state for after in transcript.world}
    by_round: dict[int, list[Any]] = {}
    for statement in transcript.statements:
        by_round.setdefault(statement.round, []).append(statement)
    for number in sorted(by_round):
        for statement in by_round[number]:
            values.setdefault(statement.speaker, {}).update(statement.fields)
        for owner, variables in worlds.get(number, {}).items():
            values.setdefault(owner, {}).update(variables)
        yield number, values


def first_round(expression: Expression, transcript: Transcript) -> int | None:
    """Find the first round at whose end an expression is true; None where it never is.

    Args:
        expression: What is looked for.
        transcript: A record.
    """
    return next((number for number, state in states_by_round(transcript) if expression.holds(state)), None)


def known_names(transcript: Transcript) -> set[str]:
    """The names that an expression may use of a run: its parties, what they reported, variables of its world.

    Args:
        transcript: A record.
    """
    names = {"world", *(party.name for party in transcript.header.cast)}
    for _, state in states_by_round(transcript):
        names |= {name for values in state.values() for name in values}
    return names
