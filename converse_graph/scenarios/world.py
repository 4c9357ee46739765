"""A world: variables that code owns, actions that parties choose, and the effects that resolve them, as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.value import FrozenModel, Identifier, Items

WORLD = "world"
"""Who owns a variable that no party has; and the node that resolves a round."""
WAIT = "wait"
"""The move of a party that takes no action."""
NO_PLEDGE = "none"
"""The answer of a field of pledges that announces no move."""
RANDOM = "random"
"""The move of a policy that takes any legal one by chance."""
MOVE = "move"
"""The field of a statement's form in which a party chooses its move. It stays sealed until the round is over."""
_TAKEN = {WAIT: "the move of a party that takes no action", RANDOM: "the move of a policy that goes by chance"}
"""What no action can be called, and why."""


class Uniform(FrozenModel):
    """A number that is drawn, evenly from `low` to `high`, from a stream of the run's seed."""

    low: float
    """The least that it may be."""
    high: float
    """The most that it may be."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low:g} must lie below high {self.high:g}; write a number for a fixed value")
        return self


class Variable(FrozenModel):
    """A number that code keeps: of the world, or of each party of a kind."""

    name: Identifier
    """What it is called, such as "stock"."""
    unit: Annotated[str, Bound(min_length=1)]
    """What it is counted in, such as "kt"; "share" or "index" for a number without dimension."""
    owner: Identifier = WORLD
    """Whose it is: "world", or a kind of parties, each of which then has one."""
    start: float | Uniform
    """Its value as the run begins, or what that is drawn from."""
    minimum: float = 0.0
    """The least that it may be; what would take it lower stops there."""
    maximum: float
    """The most that it may be; what would take it higher stops there."""
    visibility: Literal["public", "own", "hidden"] = "public"
    """Who is told its value: everybody; the party that owns it; or nobody before the run is over."""
    source: str = ""
    """Where the numbers come from."""

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(f"{self.name}: minimum {self.minimum:g} must lie below maximum {self.maximum:g}")
        bounds = (self.start.low, self.start.high) if isinstance(self.start, Uniform) else (self.start,)
        for value in bounds:
            if not self.holds(value):
                raise ValueError(
                    f"{self.name}: start {value:g} is outside {self.minimum:g} to {self.maximum:g}; widen the range"
                )
        if self.owner == WORLD and self.visibility == "own":
            raise ValueError(f"{self.name}: the world's variables are public or hidden; 'own' needs a kind as owner")
        return self

    def holds(self, value: float) -> bool:
        """Say whether a value is within the range.

        Args:
            value: In the variable's unit.
        """
        return self.minimum <= value <= self.maximum

    def clamp(self, value: float) -> float:
        """Return the nearest value within the range.

        Args:
            value: In the variable's unit.
        """
        return min(self.maximum, max(self.minimum, value))


class Effect(FrozenModel):
    """A change of one variable in a round.

    In a round a variable is first set, then multiplied, then added to, whatever the order of parties and rows; every
    amount is reckoned from the state after costs were paid and before any effect.
    """

    variable: Identifier
    """What changes."""
    operation: Literal["add", "multiply", "set"] = "add"
    """How."""
    amount: float | Uniform
    """By how much, in the variable's unit; or what that is drawn from, anew each round."""
    times: Items[Identifier] = ()
    """Variables whose values the amount is multiplied by, such as ["stock", "stock"]: the world's, or own ones of the
    party that acts; of drift, of the party whose variable changes."""
    on: Literal["own", "others", "all"] = "own"
    """Of a variable that parties own: whose. Drift is of all."""
    chance: Annotated[float, Bound(ge=0, le=1)] = 1.0
    """The probability that it happens in a round, such as an incident's."""


class Condition(FrozenModel):
    """A bound on a variable that a party is told: the world's public ones and its own."""

    variable: Identifier
    """Which one."""
    at_least: float | None = None
    """In the variable's unit."""
    at_most: float | None = None
    """In the variable's unit."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"condition on {self.variable!r} has no bound; give at_least or at_most")
        return self

    def is_met(self, value: float) -> bool:
        """Say whether a value is within the bounds.

        Args:
            value: Of the variable, in its unit.
        """
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


class Action(FrozenModel):
    """What a party may do in a round instead of waiting."""

    name: Identifier
    """What it is called, such as "fish_hard"."""
    text: str
    """What it means, as parties are told of it."""
    party_kind: Identifier | None = None
    """The kind of parties that may take it; None for all."""
    cost: dict[str, Annotated[float, Bound(gt=0)]] = Bound(default_factory=dict)
    """What it takes of own variables, each in its unit. A party that cannot pay is not offered it."""
    requires: Items[Condition] = ()
    """What must hold for it to be offered."""
    lag: Annotated[int, Bound(ge=0)] = 0
    """Rounds until its effects begin; 0 for the end of the same round."""
    lasts: Annotated[int, Bound(ge=1)] | None = 1
    """In how many rounds its effects apply; None for every round from then on."""
    detection: Annotated[float, Bound(ge=0, le=1)] = 1.0
    """The probability that everybody learns, at the end of the round, who took it."""
    effects: Items[Effect] = ()
    """What it does."""
    source: str = ""
    """Where the numbers come from."""


class WorldEvent(Condition):
    """Something that has happened once a variable is within bounds; it is public, also of a hidden variable."""

    name: Identifier
    """What it is called, such as "collapse"; rules to stop can name it."""


class PolicyRule(FrozenModel):
    """A line of a policy's table: what to do, and when."""

    move: Identifier
    """The name of an action, "wait", or "random" for any legal move by chance."""
    when: Items[Condition] = ()
    """What must hold, of variables that the party is told."""
    after: Identifier | None = None
    """An action that another party must have been seen taking in the round before."""


class Policy(FrozenModel):
    """A plain way of choosing moves, for the rules alone: the first rule that holds and whose move is legal decides."""

    name: Identifier
    """What it is called, such as "careful"."""
    text: str = ""
    """What it does, in a line."""
    rules: Annotated[Items[PolicyRule], Bound(min_length=1)]
    """Where none holds, the party waits."""
    never: Items[Identifier] = ()
    """Actions that "random" leaves out."""


class Pledge(FrozenModel):
    """A field in which parties announce a move: `show --stats` holds it against what they then do."""

    field: Identifier
    """A choice whose options are actions, "wait", or "none" for no pledge."""
    due: Annotated[int, Bound(ge=0)] = 0
    """In how many rounds it is to be kept; 0 for the round in which it is made."""


class World(FrozenModel):
    """State that code owns, moves that parties choose, rules that resolve them."""

    variables: Annotated[Items[Variable], Bound(min_length=1)]
    """What there is to change."""
    actions: Items[Action] = ()
    """What parties may do, one action a party and round."""
    drift: Items[Effect] = ()
    """What changes in every round, whatever is done."""
    events: Items[WorldEvent] = ()
    """What may happen."""
    policies: Items[Policy] = ()
    """Ways of choosing moves by which `converse world` can play a party."""
    pledges: Items[Pledge] = ()
    """Fields in which parties announce moves."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for what, names in (
            ("variable", [variable.name for variable in self.variables]),
            ("action", [action.name for action in self.actions]),
            ("event of the world", [event.name for event in self.events]),
            ("policy", [policy.name for policy in self.policies]),
            ("pledge", [pledge.field for pledge in self.pledges]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two of {what} are called {twice[0]!r}; rename one")
        for action in self.actions:
            self._check_action(action)
        for number, row in enumerate(self.drift, 1):
            owner = self._check_row(f"drift row {number}", row)
            self._check_times(f"drift row {number}", row, owner)
        for event in self.events:
            if self._named(f"event {event.name!r}", event.variable).owner != WORLD:
                raise ValueError(f"event {event.name!r}: {event.variable!r} is a party's; name one of the world's")
        self._check_one_setter()
        for policy in self.policies:
            self.check_policy(policy)
        return self

    def variable(self, name: str) -> Variable:
        """The variable of that name.

        Args:
            name: As the table has it.

        Raises:
            KeyError: There is none; none is asked for that was not checked.
        """
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)

    def actions_of(self, kind: str) -> tuple[Action, ...]:
        """The actions that parties of a kind may ever take.

        Args:
            kind: Of parties.
        """
        return tuple(action for action in self.actions if action.party_kind in (None, kind))

    def variables_of(self, owner: str) -> tuple[Variable, ...]:
        """The variables of the world, or of each party of a kind.

        Args:
            owner: "world", or a kind of parties.
        """
        return tuple(variable for variable in self.variables if variable.owner == owner)

    def check_kinds(self, kinds: frozenset[str]) -> None:
        """Refuse a world in which somebody owns or does something who is not at the table.

        Args:
            kinds: Those of the scenario's parties.

        Raises:
            ValueError: There is one.
        """
        there = ", ".join(sorted(kinds))
        for variable in self.variables:
            if variable.owner not in (WORLD, *kinds):
                raise ValueError(f"variable {variable.name!r} is owned by {variable.owner!r}; there is: world, {there}")
        for action in self.actions:
            if action.party_kind not in (None, *kinds):
                raise ValueError(f"action {action.name!r} is for kind {action.party_kind!r}; there is: {there}")
            if action.party_kind is None and len(kinds) > 1 and (own := self._own_names(action)):
                raise ValueError(
                    f"action {action.name!r} is for all kinds, but {own[0]!r} is owned by one; name its party_kind"
                )

    def check_policy(self, policy: Policy) -> None:
        """Refuse a policy that names what is not there.

        Args:
            policy: The world's own, or another.

        Raises:
            ValueError: It does.
        """
        where, actions = f"policy {policy.name!r}", [action.name for action in self.actions]
        moves = [*policy.never, *(rule.after for rule in policy.rules if rule.after is not None)]
        moves += [rule.move for rule in policy.rules if rule.move not in (WAIT, RANDOM)]
        for name in moves:
            if name not in actions:
                raise ValueError(f"{where} names action {name!r}; there is: {', '.join(actions) or 'none'}")
        for condition in (condition for rule in policy.rules for condition in rule.when):
            if self._named(where, condition.variable).visibility == "hidden":
                raise ValueError(f"{where} looks at {condition.variable!r}, which nobody is told; use what is known")

    def check_pledge(self, party: str, kind: str, field: str, options: Sequence[str]) -> None:
        """Refuse options of a field of pledges that are no moves.

        Args:
            party: Who reports it.
            kind: The party's.
            field: Its name.
            options: The answers to choose from.

        Raises:
            ValueError: One is no action that the party may take.
        """
        moves = [*(action.name for action in self.actions_of(kind)), WAIT, NO_PLEDGE]
        for option in options:
            if option not in moves:
                raise ValueError(
                    f"{party} can pledge {option!r} in {field!r}, which is no move; there is: {', '.join(moves)}"
                )

    def _own_names(self, action: Action) -> list[str]:
        """The names in an action that must be the acting party's own variables."""
        names = [*action.cost, *(condition.variable for condition in action.requires)]
        names += [name for row in action.effects for name in row.times]
        names += [row.variable for row in action.effects if row.on == "own"]
        return [name for name in names if self.variable(name).owner != WORLD]

    def _named(self, where: str, name: str) -> Variable:
        try:
            return self.variable(name)
        except KeyError:
            names = ", ".join(variable.name for variable in self.variables)
            raise ValueError(f"{where} names variable {name!r}; there is: {names}") from None

    def _check_action(self, action: Action) -> None:
        where = f"action {action.name!r}"
        if action.name in _TAKEN:
            raise ValueError(f"{where}: {action.name!r} is {_TAKEN[action.name]}; call it otherwise")
        own = action.party_kind
        self._check_cost(action)
        for condition in action.requires:
            variable = self._named(where, condition.variable)
            if variable.visibility == "hidden" or (variable.owner != WORLD and own not in (None, variable.owner)):
                raise ValueError(f"{where} requires {variable.name!r}, which who acts is not told; use what it knows")
        for number, row in enumerate(action.effects, 1):
            place = f"effect {number} of {where}"
            target = self._check_row(place, row)
            if target != WORLD and row.on == "own" and own not in (None, target):
                raise ValueError(f"{place} is on {row.variable!r}, which {target} parties own; write on: others or all")
            self._check_times(place, row, own)

    def _check_cost(self, action: Action) -> None:
        where, own = f"the cost of action {action.name!r}", action.party_kind
        for name in action.cost:
            spent = self._named(where, name)
            if spent.owner == WORLD or own not in (None, spent.owner):
                raise ValueError(f"{where} takes {name!r}, which is no own variable of who acts")
            if spent.visibility == "hidden":
                raise ValueError(f"{where} takes {name!r}, which who acts is not told; let its visibility be own")

    def _check_row(self, where: str, row: Effect) -> str:
        """Check the variable and the amount of an effect; return who owns the variable."""
        target = self._named(where, row.variable)
        amounts = (row.amount.low, row.amount.high) if isinstance(row.amount, Uniform) else (row.amount,)
        if row.operation == "set" and not row.times:
            for amount in amounts:
                if not target.holds(amount):
                    raise ValueError(
                        f"{where} sets {row.variable!r} to {amount:g}, outside {target.minimum:g} to {target.maximum:g}"
                    )
        return target.owner

    def _check_times(self, where: str, row: Effect, kind: str | None) -> None:
        """Refuse factors that are neither the world's nor own ones of the party that acts."""
        for name in row.times:
            owner = self._named(where, name).owner
            if owner != WORLD and kind not in (None, owner):
                raise ValueError(f"{where} is times {name!r}, which {owner} parties own; use the world's or own ones")

    def _check_one_setter(self) -> None:
        """Refuse two writers of one variable: which came last would depend on an order."""
        setters: dict[str, str] = {}
        for where, row in self._rows():
            if row.operation != "set":
                continue
            if row.variable in setters:
                raise ValueError(f"{setters[row.variable]} and {where} both set {row.variable!r}; let one add instead")
            setters[row.variable] = where
            is_shared = self.variable(row.variable).owner == WORLD or row.on != "own"
            if where != "drift" and is_shared and (row.times or isinstance(row.amount, Uniform)):
                raise ValueError(f"{where} sets {row.variable!r} for others too, so that its amount must be one number")

    def _rows(self) -> Iterator[tuple[str, Effect]]:
        yield from (("drift", row) for row in self.drift)
        for action in self.actions:
            yield from ((f"action {action.name!r}", row) for row in action.effects)
