"""The rules of a world: who may do what, and what state, moves and draws make of the next state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from converse_graph.record.records import ActiveAction, HiddenWorldRecord, MoveOutcome, WorldChange
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import WAIT, WORLD, Action, Effect
from converse_graph.world.draws import draw_amount, draw_share

Values = Mapping[str, float]
State = Mapping[str, Values]
"""Values of variables by owner: "world", or a party's or pair's name."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """An effect that happens in a round."""

    row: Effect
    cause: str
    """Such as "drift 1" or "Norland: fish_hard"."""
    stream: str
    """What its draws are for, apart from whom it changes."""
    by: str | None = None
    """The party that acts; None for drift."""


def initial_record(world: World, kinds: Mapping[str, str], seed: int) -> HiddenWorldRecord:
    """The world as a run begins, before its first round.

    Args:
        world: What is played.
        kinds: The kind of each party, by name.
        seed: Of the run.
    """
    state: dict[str, dict[str, float]] = {}
    for owner, of in world.owners(kinds).items():
        state[owner] = {
            variable.name: variable.clamp(float(draw_amount(start, seed, f"start|{variable.name}|{owner}")))
            for variable in world.variables_of(*of)
            if (start := variable.start_for(owner)) is not None
        }
    _aggregate(world, kinds, state)
    return {
        "kind": "world_hidden",
        "round": -1,
        "turn": 0,
        "state": state,
        "active": [],
        "moves": [],
        "changes": [],
        "happened": happened_events(world, state, ()),
    }


def legal_actions(world: World, kind: str, values: Values) -> tuple[Action, ...]:
    """The actions that a party may take now and can pay for.

    Args:
        world: What is played.
        kind: The party's.
        values: What the party is told: its own variables and the public ones of the world.
    """
    return tuple(action for action in world.actions_of(kind) if not _what_lacks(world, action, values))


def illegal_reason(world: World, move: str, kind: str, values: Values) -> str:
    """Say why a party may not make a move; empty where it may.

    Args:
        world: What is played.
        move: The name of an action, or "wait".
        kind: The party's.
        values: Its own variables and the public ones of the world.
    """
    if move == WAIT:
        return ""
    action = next((action for action in world.actions_of(kind) if action.name == move), None)
    return f"no action of {kind} parties" if action is None else _what_lacks(world, action, values)


def _what_lacks(world: World, action: Action, values: Values) -> str:
    """What a party lacks for an action of its kind; empty where it may take it."""
    for name, amount in action.cost.items():
        if values[name] - amount < world.variable(name).minimum:
            return f"costs {amount:g} {name}, of which there is {values[name]:g}"
    for condition in action.requires:
        if not condition.is_met({**world.fixed_values, **values}):
            return f"{condition.variable} is {values[condition.variable]:g}"
    return ""


def known_values(world: World, state: State, party: str) -> dict[str, float]:
    """What a party is told of the state: the public variables of the world, and its own that are not hidden."""
    return {
        name: value
        for owner in (WORLD, party)
        for name, value in state[owner].items()
        if world.variable(name).visibility != "hidden"
    }


def pair_values(world: World, kinds: Mapping[str, str], state: State, party: str) -> dict[str, dict[str, float]]:
    """What a party is told, beside the other of a pair, of the pairs that it is one of, by their names."""
    return {
        name: own
        for name, pair in world.pairs(kinds).items()
        if party in pair
        and (own := {one: value for one, value in state[name].items() if world.variable(one).visibility == "own"})
    }


def public_values(world: World, state: State) -> dict[str, dict[str, float]]:
    """What everybody is told of the state, by owner."""
    return {
        owner: {name: value for name, value in values.items() if world.variable(name).visibility == "public"}
        for owner, values in state.items()
    }


def resolve_round(
    world: World, kinds: Mapping[str, str], before: HiddenWorldRecord, moves: Mapping[str, str], *, turn: int, seed: int
) -> HiddenWorldRecord:
    """The world after the round that follows a record.

    Args:
        world: What is played.
        kinds: The kind of each party, by name.
        before: The world as the round began.
        moves: The move of each party, by name; one that made none waits. Their order changes nothing.
        turn: How many turns the round had, for the record.
        seed: Of the run.
    """
    round = before["round"] + 1
    outcomes = [
        _judge_move(world, kinds[party], before["state"], party, moves.get(party, WAIT), round, seed) for party in kinds
    ]
    moves_taken = [move for move in outcomes if move["is_legal"] and move["move"] != WAIT]
    actions = {action.name: action for action in world.actions}
    active = [entry for entry in before["active"] if entry["last"] is None or entry["last"] >= round]
    active += [_activate(actions[move["move"]], move["party"], round) for move in moves_taken]
    state = {owner: dict(values) for owner, values in before["state"].items()}
    changes = list(_pay(state, actions, moves_taken))
    due = list(_due_effects(world, actions, active, round))
    moves_now = {move["party"]: move["move"] if move["is_legal"] else WAIT for move in outcomes}
    changes += _apply(world, state, kinds, due, moves_now, round, seed)
    return {
        "kind": "world_hidden",
        "round": round,
        "turn": turn,
        "state": state,
        "active": active,
        "moves": outcomes,
        "changes": changes,
        "happened": happened_events(world, state, before["happened"]),
    }


def happened_events(world: World, state: State, before: Sequence[str]) -> list[str]:
    """The names of the world's events that have happened, the earlier first."""
    now = [event.name for event in world.events if event.is_met({**world.fixed_values, **state[WORLD]})]
    return [*before, *(name for name in now if name not in before)]


def _judge_move(world: World, kind: str, state: State, party: str, move: str, round: int, seed: int) -> MoveOutcome:
    reason = illegal_reason(world, move, kind, known_values(world, state, party))
    outcome: MoveOutcome = {"party": party, "move": move, "is_legal": not reason, "is_seen": False}
    if reason:
        outcome["reason"] = reason
    elif move != WAIT:
        chance = next(action.detection for action in world.actions if action.name == move)
        outcome["is_seen"] = draw_share(seed, f"{round}|detection|{party}|{move}") < chance
    return outcome


def _activate(action: Action, party: str, round: int) -> ActiveAction:
    first = round + action.lag
    last = None if action.lasts is None else first + action.lasts - 1
    return {"party": party, "action": action.name, "first": first, "last": last, "since": round}


def _pay(
    state: Mapping[str, dict[str, float]], actions: Mapping[str, Action], moves_taken: Sequence[MoveOutcome]
) -> Iterator[WorldChange]:
    """Take what the moves cost out of the state."""
    for move in moves_taken:
        party = move["party"]
        for name, amount in actions[move["move"]].cost.items():
            state[party][name] -= amount
            yield {
                "owner": party,
                "variable": name,
                "cause": f"cost of {move['move']}",
                "operation": "add",
                "amount": -amount,
                "by": -amount,
            }


def _due_effects(
    world: World, actions: Mapping[str, Action], active: Sequence[ActiveAction], round: int
) -> Iterator[Due]:
    for number, row in enumerate(world.drift, 1):
        yield Due(row=row, cause=f"drift {number}", stream=f"drift|{number}")
    for entry in active:
        if entry["first"] > round:
            continue
        party, name = entry["party"], entry["action"]
        for number, row in enumerate(actions[name].effects, 1):
            stream = f"{name}|{number}|{party}|{entry['since']}"
            yield Due(row=row, cause=f"{party}: {name}", stream=stream, by=party)


def _apply(
    world: World,
    state: dict[str, dict[str, float]],
    kinds: Mapping[str, str],
    due: Sequence[Due],
    moves: Mapping[str, str],
    round: int,
    seed: int,
) -> list[WorldChange]:
    """Change the state by effects, all reckoned from the state as it is given; say what each did."""
    before = {owner: dict(values) for owner, values in state.items()}
    pairs = world.pairs(kinds)
    actors = {owner: {**world.fixed_values, **before[WORLD], **values} for owner, values in before.items()}
    writes: dict[tuple[str, str], list[WorldChange]] = {}
    for effect in due:
        row = effect.row
        for owner in _targets(world, kinds, pairs, effect, moves):
            stream = f"{round}|{effect.stream}|{owner}"
            actor = actors[effect.by or owner]
            if owner in pairs:
                actor = {**actor, **before[owner]}
            if not all(condition.is_met(actor) for condition in row.when):
                continue
            chance = row.chance * prod(sorted(actor[name] for name in row.chance_times))
            if chance < 1 and draw_share(seed, f"{stream}|chance") >= chance:
                continue
            amount = draw_amount(row.amount, seed, stream) * prod(sorted(actor[name] for name in row.times))
            if (formula := world.formula_of(row)) is not None:
                amount *= formula.value(actor)
            writes.setdefault((owner, row.variable), []).append(
                {
                    "owner": owner,
                    "variable": row.variable,
                    "cause": effect.cause,
                    "operation": row.operation,
                    "amount": amount,
                    "by": 0.0,
                }
            )
    for (owner, name), changes in writes.items():
        state[owner][name] = _combine(world, name, before[owner][name], changes)
    _aggregate(world, kinds, state)
    return [change for changes in writes.values() for change in changes]


def _aggregate(world: World, kinds: Mapping[str, str], state: dict[str, dict[str, float]]) -> None:
    """Bring what follows from others up to its value: first what parties have of their pairs, then the world's."""
    pairs = world.pairs(kinds)
    for owner in (*kinds, WORLD) if pairs else (WORLD,):
        for variable in world.variables_of(kinds.get(owner, WORLD)):
            if (rule := variable.aggregate) is not None:
                values = [
                    own[rule.of]
                    for name, own in state.items()
                    if rule.of in own and (owner == WORLD or owner in pairs.get(name, ()))
                ]
                state[owner][variable.name] = variable.clamp(rule.reduce(values)) if values else variable.minimum


def _combine(world: World, name: str, value: float, changes: list[WorldChange]) -> float:
    """The value after its changes, in an order that is theirs alone; each change is told what it did."""
    for change in (change for change in changes if change["operation"] == "set"):
        change["by"] = change["amount"] - value
        value = change["amount"]
    for change in sorted((change for change in changes if change["operation"] == "multiply"), key=_by_amount):
        change["by"] = value * (change["amount"] - 1)
        value *= change["amount"]
    for change in sorted((change for change in changes if change["operation"] == "add"), key=_by_amount):
        change["by"] = change["amount"]
        value += change["amount"]
    return world.variable(name).clamp(value)


def _by_amount(change: WorldChange) -> float:
    return change["amount"]


def _targets(
    world: World,
    kinds: Mapping[str, str],
    pairs: Mapping[str, tuple[str, str]],
    effect: Due,
    moves: Mapping[str, str],
) -> list[str]:
    variable = world.variable(effect.row.variable)
    if variable.owner == WORLD:
        return [WORLD]
    if variable.pair is not None:
        having = [name for name, (one, other) in pairs.items() if variable.is_owned_by(kinds[one], kinds[other])]
        return [name for name in having if is_on_pair(effect.row, pairs[name], effect.by, moves)]
    having = [party for party, kind in kinds.items() if kind == variable.owner]
    match effect.row.on:
        case "own" if effect.by is not None:
            return [effect.by]
        case "others":
            return [party for party in having if party != effect.by]
    return having


def is_on_pair(row: Effect, pair: tuple[str, str], by: str | None, moves: Mapping[str, str]) -> bool:
    """Say whether an effect on a variable of pairs is on this one.

    Args:
        row: The effect.
        pair: The two parties.
        by: Who acts; None for drift.
        moves: The legal move of each party in this round.
    """
    match row.on:
        case "own" if by is not None:
            other = pair[pair[0] == by]
            return by in pair and (not row.partner_moves or moves[other] in row.partner_moves)
        case "others":
            return by not in pair
    return True
