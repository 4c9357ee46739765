"""Why the variables of a world moved in a round as they did, effect by effect, from the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Literal

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.export.markdown_escaping import heading, inline
from converse_graph.export.markdown_tables import aligned_table
from converse_graph.record.transcript import Change, HiddenWorld, Transcript, WorldMove, WorldRound
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.value import FrozenModel
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import WAIT, WORLD, Action, Condition, Effect, Variable, bounds_of

EXPLAIN_VERSION = 1
"""Of the shape of `explain --json`."""
AGGREGATE, RANGE = "aggregate", "range"
"""The causes of a change that is not an effect's: of a variable that follows from those of parties, and of one that is
kept within its minimum and maximum."""


class Cause(FrozenModel):
    """What one effect did to a variable."""

    cause: str
    """Such as "drift 1", "cost of inspect", "Norland: fish_much"; "range" for what its minimum or maximum cut off,
    "aggregate" for what followed from the parties' variables."""
    text: str
    """What the world's table says of it."""
    action_periods: tuple[str, ...]
    """Of an action: the periods in which it was taken, whose effects last until now."""
    operation: Literal["add", "multiply", "set"]
    amount: float
    """As it came out in this round, factors included."""
    by: float
    """How far it moved the variable, in its unit."""


class Movement(FrozenModel):
    """One variable in one round."""

    owner: str
    """"world", or a party."""
    variable: str
    unit: str
    before: float
    after: float
    causes: tuple[Cause, ...]
    """In the order in which they count: costs, what sets, what multiplies, what adds; they sum up to the difference."""


class Explanation(FrozenModel):
    """A round of a world, and why it went so."""

    version: int = EXPLAIN_VERSION
    run: str
    round: int
    """From 0."""
    period: str
    moves: tuple[WorldMove, ...]
    """What every party did, seen or not."""
    new_events: tuple[str, ...]
    """Events of the world that happened in this round."""
    movements: tuple[Movement, ...]


def explain_round(transcript: Transcript, at: str, variables: Sequence[str] = ()) -> Explanation:
    """Explain what a round did to the variables of a world.

    Args:
        transcript: The reader's edition: what stayed hidden is told.
        at: A period as the clock labels it, or a year for its first.
        variables: Names, or OWNER.NAME for one owner's alone; none for all.

    Raises:
        InvalidValue: The run has no world, the record is the public one, or that round is not played yet.
        NotFound: There is no such variable.
    """
    header, world = transcript.header, transcript.header.world
    if world is None:
        raise InvalidValue(f"Run {header.run} has no world: its parties only talk.")
    clock = Clock(**{name: header.clock[name] for name in ("start", "end", "step")})
    round = clock.round_of(at)
    by_round = {after.round: after for after in transcript.world}
    if round not in by_round:
        last = max(by_round, default=-1)
        until = f"it has come to {clock.period(last).label}" if last >= 0 else "no round of it is over yet"
        raise InvalidValue(f"Run {header.run} has no world after {clock.period(round).label}: {until}.")
    before, after = _hidden(by_round[round - 1]), _hidden(by_round[round])
    past = [by_round[earlier] for earlier in sorted(by_round) if earlier <= round]
    keys = [(owner, name) for owner, values in after.state.items() for name in values]
    return Explanation(
        run=header.run,
        round=round,
        period=by_round[round].period,
        moves=after.moves,
        new_events=tuple(name for name in by_round[round].happened if name not in by_round[round - 1].happened),
        movements=tuple(_movement(world, before, after, past, key) for key in _select_keys(keys, variables)),
    )


def explanation_markdown(explanation: Explanation) -> str:
    """Write an explanation as a page.

    Args:
        explanation: What is told.
    """
    return "\n".join(_page(explanation)).rstrip("\n") + "\n"


def _hidden(after: WorldRound) -> HiddenWorld:
    if after.hidden is None:
        raise InvalidValue("This is a public record, which lacks what stayed hidden; take the reader's edition.")
    return after.hidden


def _select_keys(keys: Sequence[tuple[str, str]], variables: Sequence[str]) -> list[tuple[str, str]]:
    names = {name: [key for key in keys if key[1] == name] for _, name in keys}
    names |= {f"{owner}.{name}": [(owner, name)] for owner, name in keys}
    for name in variables:
        if name not in names:
            raise NotFound.among("variable", name, names)
    selection = {key for name in variables for key in names[name]}
    return [key for key in keys if not variables or key in selection]


def _movement(
    world: World, before: HiddenWorld, after: HiddenWorld, past: Sequence[WorldRound], key: tuple[str, str]
) -> Movement:
    owner, name = key
    start, end = before.state[owner][name], after.state[owner][name]
    changes = sorted((one for one in after.changes if (one.owner, one.variable) == key), key=_order)
    causes = [_cause(world, change, past) for change in changes]
    whole = start + sum(cause.by for cause in causes)
    variable = world.variable(name)
    if not isclose(whole, end, rel_tol=1e-9, abs_tol=1e-9):
        cause, text = _of_aggregate(variable) if variable.aggregate else _of_range(variable, end > whole)
        causes.append(Cause(cause=cause, text=text, action_periods=(), operation="set", amount=end, by=end - whole))
    return Movement(owner=owner, variable=name, unit=variable.unit, before=start, after=end, causes=tuple(causes))


def _of_aggregate(variable: Variable) -> tuple[str, str]:
    aggregate = variable.aggregate
    whose = "all that have it" if variable.owner == WORLD else "its own pairs"
    return AGGREGATE, f"{aggregate.function} of {aggregate.of} over {whose}" if aggregate else ""


def _of_range(variable: Variable, is_low: bool) -> tuple[str, str]:
    bound, side = (variable.minimum, "minimum") if is_low else (variable.maximum, "maximum")
    return RANGE, f"stops at its {side}, {bound:.6g}"


def _order(change: Change) -> int:
    """Costs are paid before anything happens; then a variable is set, multiplied, added to."""
    return -1 if _is_cost(change) else ("set", "multiply", "add").index(change.operation)


def _cause(world: World, change: Change, past: Sequence[WorldRound]) -> Cause:
    text, periods = "", tuple[str, ...]()
    party, _, name = change.cause.partition(": ")
    action = next((action for action in world.actions if action.name == name), None)
    if action is not None:
        rows = [row for row in action.effects if (row.variable, row.operation) == (change.variable, change.operation)]
        text = " or ".join(map(_row_text, rows))
        now = past[-1].round
        periods = tuple(
            after.period for after in past if _took(after, party, name) and _lasts(action, after.round, now)
        )
    elif change.cause.startswith("drift "):
        text = _row_text(world.drift[int(change.cause.removeprefix("drift ")) - 1])
    elif _is_cost(change):
        text = "paid for the move"
    return Cause(
        cause=change.cause,
        text=text,
        action_periods=periods,
        operation=change.operation,
        amount=change.amount,
        by=change.by,
    )


def _is_cost(change: Change) -> bool:
    return change.cause.startswith("cost of ")


def _lasts(action: Action, since: int, now: int) -> bool:
    """Whether an action that was taken in a round has effects in another."""
    first = since + action.lag
    return first <= now and (action.lasts is None or now < first + action.lasts)


def _took(after: WorldRound, party: str, action: str) -> bool:
    moves = after.hidden.moves if after.hidden else ()
    return any((move.party, move.move, move.is_legal) == (party, action, True) for move in moves)


def _row_text(row: Effect) -> str:
    low, high = bounds_of(row.amount)
    amount = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    factors = [*row.times, *([row.formula] if row.formula else ())]
    product = "".join(f" × {factor}" for factor in factors)  # noqa: RUF001 - the sign of a product
    chances = "".join(f" × {name}" for name in row.chance_times)  # noqa: RUF001 - the sign of a product
    chance = f", with chance {row.chance:g}{chances}" if row.chance < 1 or chances else ""
    conditions = f", while {' and '.join(map(_condition_text, row.when))}" if row.when else ""
    return f"{row.operation} {amount}{product}{chance}{conditions}"


def _condition_text(condition: Condition) -> str:
    bounds = (("at least", condition.at_least), ("at most", condition.at_most))
    words = (
        f"{word} {bound if isinstance(bound, str) else f'{bound:g}'}" for word, bound in bounds if bound is not None
    )
    return f"{condition.variable} is {' and '.join(words)}"


def _page(explanation: Explanation) -> Iterator[str]:
    yield from (f"# {heading(explanation.run)} in {heading(explanation.period)}: why the world moved", "")
    yield from (f"- {inline(_move_text(move))}" for move in explanation.moves)
    yield from (f"- {inline(name.replace('_', ' '))} happened" for name in explanation.new_events)
    yield ""
    for movement in explanation.movements:
        yield from _movement_lines(movement)


def _move_text(move: WorldMove) -> str:
    if not move.is_legal:
        return f"{move.party} tried {move.move}: {move.reason}"
    return f"{move.party}: {move.move}{'' if move.is_seen or move.move == WAIT else ' (nobody learned of it)'}"


def _movement_lines(movement: Movement) -> Iterator[str]:
    name = f"{heading(movement.owner)} · {heading(movement.variable)}"
    if not movement.causes:
        yield from (f"## {name}: {movement.after:.6g} {heading(movement.unit)}, unmoved", "")
        return
    values = f"{movement.before:.6g} to {movement.after:.6g} {heading(movement.unit)}"
    yield from (f"## {name}: {values} ({movement.after - movement.before:+.6g})", "")
    yield from aligned_table(
        ("cause", "what it does", "came out as", "moved it by"),
        [(_cause_text(one), one.text, _amount_text(one), f"{one.by:+.6g}") for one in movement.causes],
    )
    yield ""


def _cause_text(cause: Cause) -> str:
    periods = ", ".join(cause.action_periods)
    return f"{cause.cause} (taken in {periods})" if periods else cause.cause


def _amount_text(cause: Cause) -> str:
    signs: Mapping[str, str] = {"add": "", "multiply": "× ", "set": "= "}  # noqa: RUF001 - the sign of a product
    return f"{signs[cause.operation]}{cause.amount:.6g}"
