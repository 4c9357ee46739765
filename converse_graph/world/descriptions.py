"""A world in words, as parties are told of it."""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

from converse_graph.record.records import MoveOutcome, OwnWorldRecord, WorldRecord
from converse_graph.scenarios.world import World
from converse_graph.scenarios.world_tables import COUNT, FLAG, WAIT, WORLD, Action

Told = tuple[tuple[str, tuple[str, ...]], ...]
"""Lists, each a title and its entries."""


def describe_world(
    world: World, party: str, public: Sequence[WorldRecord], own: Sequence[OwnWorldRecord], actions: Sequence[Action]
) -> Told:
    """Say what a party may know of the world now.

    Args:
        world: What is played.
        party: Who is told.
        public: What everybody was told after each round, the latest last.
        own: The same of what it alone was told.
        actions: Those that are open to it.
    """
    now, own_now = public[-1], own[-1]
    others = {owner: values for owner, values in now["state"].items() if owner not in (WORLD, party)}
    lists = (
        ("The world is now", (*_in_one(_values(world, now["state"][WORLD])), *_others(world, others))),
        ("Events of the world", tuple(name.replace("_", " ") for name in now["happened"])),
        ("Seen in the round before", tuple(describe_move(move) for move in now["moves"] if move["party"] != party)),
        ("Decided, and not in effect yet", tuple(_pending(world, party, public, own))),
        (
            "Yours is now",
            (
                *_others(world, own_now.get("pairs", {})),
                *_in_one(_values(world, own_now["state"])),
                *_own_move(own_now),
            ),
        ),
        (f"Moves that are open to you (or {WAIT}, and make none)", tuple(_action(world, action) for action in actions)),
    )
    return tuple((title, entries) for title, entries in lists if entries)


def describe_variables(world: World, kind: str) -> str:
    """Say what the numbers mean that a party is told, as far as the world's author says so; the same in every round.

    Args:
        world: What is played.
        kind: What sort of party is told.
    """
    lines = [
        f"- {_plain(variable.name)} ({'yes or no' if variable.unit == FLAG else variable.unit}): {variable.text}"
        for variable in world.variables
        if variable.text
        and (
            variable.visibility == "public"
            or (variable.visibility == "own" and kind in (variable.pair or {variable.owner}))
        )
    ]
    if not lines:
        return ""
    beginning = "Beside its words each party makes one move a round. Moves alone change these numbers, kept by code:"
    return "\n".join([beginning, *lines])


def describe_move(move: MoveOutcome) -> str:
    """Say who did what."""
    return f"{move['party']}: {move['move']}"


def describe_round(world: World, record: WorldRecord) -> str:
    """Say in one line what everybody is told of a round: the state, who was seen doing what, what has happened."""
    moves_seen = ", ".join(map(describe_move, record["moves"]))
    event_names = ", ".join(name.replace("_", " ") for name in record["happened"])
    parts = (
        f"World: {describe_values(world, record['state'])}.",
        moves_seen and f"Seen: {moves_seen}.",
        event_names and f"Happened: {event_names}.",
    )
    return " ".join(part for part in parts if part)


def describe_values(world: World, state: Mapping[str, Mapping[str, float]]) -> str:
    """Say a state in one line: the world's variables, then each party's and each pair's."""
    own = (
        f"{owner} {', '.join(_values(world, values))}" for owner, values in state.items() if owner != WORLD and values
    )
    return "; ".join(part for part in (", ".join(_values(world, state[WORLD])), *own) if part)


def _values(world: World, values: Mapping[str, float]) -> Iterator[str]:
    """Say each number with its unit, and of flags which are set and which are not."""
    flags: dict[bool, list[str]] = {True: [], False: []}
    for name, value in values.items():
        unit, plain = world.variable(name).unit, _plain(name)
        if unit == FLAG:
            flags[value > 0].append(plain)
        else:
            yield f"{plain} {_digits(value)}{_after(unit, name)}"
    for is_set, names in flags.items():
        if names:
            yield f"{'yes' if is_set else 'no'}: {', '.join(names)}"


def _others(world: World, others: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    for owner, values in others.items():
        if values:
            yield f"{owner}: {'; '.join(_values(world, values))}"


def _own_move(own: OwnWorldRecord) -> Iterator[str]:
    move = own.get("move")
    if move is None:
        return
    if move["move"] == WAIT:
        yield f"your last move: {WAIT}"
        return
    who_learned = "everybody learned of it" if move["is_seen"] else "nobody learned of it"
    yield f"your last move: {move['move']}, " + (
        f"illegal, as it {move['reason']}" if "reason" in move else who_learned
    )


def _pending(world: World, party: str, public: Sequence[WorldRecord], own: Sequence[OwnWorldRecord]) -> Iterator[str]:
    """Say of each move with a lag, of which a party knows, when it will have changed the numbers."""
    lags = {action.name: action.lag for action in world.actions}
    longest, last = max(lags.values(), default=0), public[-1]["round"]
    if not longest:
        return
    moves = [(record["round"], move) for record in public[-longest:] for move in record["moves"]]
    moves = [(round, move) for round, move in moves if move["party"] != party]
    moves += [(record["round"], move) for record in own[-longest:] if (move := record.get("move"))]
    for round, move in sorted(moves, key=itemgetter(0)):
        rounds = round + lags.get(move["move"], 0) - last
        if "reason" not in move and rounds > 0:
            when = "once this round is over" if rounds == 1 else f"once {rounds} more rounds are over"
            yield f"{describe_move(move)}, {when}"


def _in_one(values: Iterator[str]) -> tuple[str, ...]:
    line = "; ".join(values)
    return (line,) if line else ()


def _action(world: World, action: Action) -> str:
    cost = ", ".join(
        f"{amount:g} {_unit_of(amount, world.variable(name).unit)} of {_plain(name)}"
        for name, amount in action.cost.items()
    )
    return f"{action.name}: {action.text}" + (f" (costs {cost})" if cost else "")


def _unit_of(amount: float, unit: str) -> str:
    """A unit as it follows an amount: "1 point", for a unit that is one word in the plural."""
    return unit.removesuffix("s") if amount == 1 and " " not in unit else unit


def _after(unit: str, name: str) -> str:
    """A unit as it follows a value; nothing of one that is a bare scale, which is told once what it means."""
    if unit in (name, COUNT, "share", "index"):
        return ""
    return f" {unit.removeprefix('share ')}" if unit.startswith("share of ") else f" {unit}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _digits(value: float) -> str:
    """Three digits of a number, and all that stand before its point."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.7g}"
