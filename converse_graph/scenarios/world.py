"""A world: variables that code owns, actions that parties choose, and the effects that resolve them, as data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from math import ceil, fsum
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.formulas import Formula, parse_formula
from converse_graph.scenarios.validation_errors import nearest, nearest_or_all
from converse_graph.scenarios.value import FrozenModel, Identifier, Items

WORLD = "world"
"""Who owns a variable that no party has; and the node that resolves a round."""
FLAG = "flag"
"""The unit of a variable that is 0 or 1, such as whether a law is in force; it is told as yes or no."""
ROUND_YEARS = "round_years"
"""In a formula, the length of a round in years."""
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


class Lognormal(FrozenModel):
    """A positive number that is drawn from a lognormal distribution, given by its 80 % interval.

    Published forecasts state their parameters so. What falls outside the range of a variable stops at its end.
    """

    p10: Annotated[float, Bound(gt=0)]
    """A tenth of the draws lie below it."""
    p90: float
    """A tenth of the draws lie above it."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p10 >= self.p90:
            raise ValueError(f"p10 {self.p10:g} must lie below p90 {self.p90:g}")
        return self


class Quantiles(FrozenModel):
    """A number that is drawn by a table of quantiles, evenly between neighbours."""

    quantiles: Annotated[Items[tuple[float, float]], Bound(min_length=2)]
    """Pairs of a probability, from 0 to 1, and the value below which that share of the draws lies, such as
    [[0, 12], [0.5, 40], [1, 300]]."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.quantiles[0][0] != 0 or self.quantiles[-1][0] != 1:
            raise ValueError("quantiles must begin at 0 and end at 1: the least and the most that is drawn")
        for (p, value), (next_p, next_value) in pairwise(self.quantiles):
            if p >= next_p or value > next_value:
                raise ValueError(
                    f"quantile {next_p:g} is {next_value:g}, after quantile {p:g}, {value:g}; both must rise"
                )
        return self


Distribution = Uniform | Lognormal | Quantiles


def bounds_of(amount: float | Distribution) -> tuple[float, float]:
    """Two values that a number lies between, as a range is checked against; a fixed one is both.

    Args:
        amount: Of a lognormal distribution they are its 10th and 90th percentile, for it has no end.
    """
    match amount:
        case Uniform():
            return amount.low, amount.high
        case Lognormal():
            return amount.p10, amount.p90
        case Quantiles():
            return amount.quantiles[0][1], amount.quantiles[-1][1]
    return amount, amount


class Aggregate(FrozenModel):
    """How a variable of the world follows from one that each party of a kind has."""

    function: Literal["maximum", "minimum", "sum", "mean"]
    """What is made of the parties' values."""
    of: Identifier
    """The parties' variable."""

    def reduce(self, values: Sequence[float]) -> float:
        """Make one value of the parties'.

        Args:
            values: One for each party, in the variable's unit.
        """
        match self.function:
            case "maximum":
                return max(values)
            case "minimum":
                return min(values)
            case "mean":
                return fsum(values) / len(values)
        return fsum(values)


class Variable(FrozenModel):
    """A number that code keeps: of the world, or of each party of a kind."""

    name: Identifier
    """What it is called, such as "stock"."""
    unit: Annotated[str, Bound(min_length=1)]
    """What it is counted in, such as "kt"; "share" or "index" for a number without dimension, "flag" for what is
    0 or 1, as whether a law is in force."""
    text: str = ""
    """What it means, in a few words, for parties that are told its value: "of cod in the bay, spawners alone"."""
    owner: Identifier = WORLD
    """Whose it is: "world", or a kind of parties, each of which then has one."""
    start: float | Distribution | None = None
    """Its value as the run begins, or what that is drawn from; None of an aggregate."""
    start_of: dict[str, float | Distribution] = Bound(default_factory=dict)
    """The same of parties that begin with another value, by name."""
    aggregate: Aggregate | None = None
    """How it follows from a variable of the parties, in every round anew; None where it is a number of its own."""
    minimum: float = 0.0
    """The least that it may be; what would take it lower stops there."""
    maximum: float
    """The most that it may be; what would take it higher stops there."""
    visibility: Literal["public", "own", "hidden"] = "public"
    """Who is told its value: everybody; the party that owns it; or nobody before the run is over."""
    is_revealing: bool = False
    """Whether a public aggregate may tell something of values that are not public, such as a total catch."""
    source: str = ""
    """Where the numbers come from."""

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(f"{self.name}: minimum {self.minimum:g} must lie below maximum {self.maximum:g}")
        if (self.start is None) == (self.aggregate is None):
            raise ValueError(f"{self.name}: give either start, or aggregate where it follows from the parties'")
        if self.aggregate is not None and self.owner != WORLD:
            raise ValueError(f"{self.name}: an aggregate is the world's, not of {self.owner} parties; leave owner out")
        if self.start_of and self.owner == WORLD:
            raise ValueError(f"{self.name}: start_of is by party, and it is the world's; give start alone")
        starts = () if self.start is None else (self.start, *self.start_of.values())
        for value in (bound for start in starts for bound in bounds_of(start)):
            if not self.holds(value):
                raise ValueError(
                    f"{self.name}: start {value:g} is outside {self.minimum:g} to {self.maximum:g}; widen the range"
                )
        if self.owner == WORLD and self.visibility == "own":
            raise ValueError(f"{self.name}: the world's variables are public or hidden; 'own' needs a kind as owner")
        return self

    def start_for(self, owner: str) -> float | Distribution | None:
        """What it begins as, or what that is drawn from; None of an aggregate.

        Args:
            owner: "world", or the party's name.
        """
        return self.start_of.get(owner, self.start)

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


class Condition(FrozenModel):
    """A bound on a variable."""

    variable: Identifier
    """Which one. For an action to be offered, one that the party is told: the world's public ones and its own."""
    at_least: float | Identifier | None = None
    """In the variable's unit; or the variable that it must reach."""
    at_most: float | Identifier | None = None
    """In the variable's unit; or the variable that it must not exceed."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"condition on {self.variable!r} has no bound; give at_least or at_most")
        return self

    @property
    def names(self) -> list[str]:
        """The variables that it looks at."""
        return [self.variable, *(bound for bound in (self.at_least, self.at_most) if isinstance(bound, str))]

    def is_met(self, values: Mapping[str, float]) -> bool:
        """Say whether the variable is within the bounds.

        Args:
            values: By variable, each in its unit.
        """
        value = values[self.variable]
        least, most = (values[bound] if isinstance(bound, str) else bound for bound in (self.at_least, self.at_most))
        return (least is None or value >= least) and (most is None or value <= most)


class Effect(FrozenModel):
    """A change of one variable in a round.

    In a round a variable is first set, then multiplied, then added to, whatever the order of parties and rows; every
    amount is reckoned from the state after costs were paid and before any effect.
    """

    variable: Identifier
    """What changes."""
    operation: Literal["add", "multiply", "set"] = "add"
    """How."""
    amount: float | Distribution = 1.0
    """By how much, in the variable's unit; or what that is drawn from, anew each round."""
    times: Items[Identifier] = ()
    """Variables whose values the amount is multiplied by, such as ["stock", "stock"]: the world's, or own ones of the
    party that acts; of drift, of the party whose variable changes."""
    formula: str = ""
    """A formula whose value the amount is multiplied by too, where a product is not enough, such as
    "stock * (1 - stock / capacity)": arithmetic, comparisons that count 1 or 0, and min, max, abs, exp, log, log10 and
    sqrt of variables, as of `times`, and of constants. `round_years` in it is how long a round lasts."""
    when: Items[Condition] = ()
    """What must hold of these values for it to happen, such as a law in force."""
    on: Literal["own", "others", "all"] = "own"
    """Of a variable that parties own: whose. Drift is of all."""
    chance: Annotated[float, Bound(ge=0, le=1)] = 1.0
    """The probability that it happens in a round, such as an incident's."""
    chance_times: Items[Identifier] = ()
    """Variables, as of `times`, whose values the probability is multiplied by; what is beyond 1 is certain."""


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


class Constant(FrozenModel):
    """A number that stays as it is while a run is played; whoever sets up the world may turn it."""

    name: Identifier
    """What it is called, such as "capacity"; effects and conditions use it as they use variables."""
    value: float
    """In its unit."""
    unit: Annotated[str, Bound(min_length=1)]
    """What it is counted in."""
    source: str = ""
    """Where the number comes from."""


class Term(FrozenModel):
    """A part of formulas that has a name, so that each can be read on its own."""

    name: Identifier
    """What formulas call it."""
    formula: str
    """What it stands for; it may use terms that stand before it."""
    text: str = ""
    """What it means."""


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

    constants: Items[Constant] = ()
    """Numbers that the rules use and nothing changes."""
    terms: Items[Term] = ()
    """Parts of formulas."""

    variables: Annotated[Items[Variable], Bound(min_length=1)]
    """What there is to change."""
    actions: Items[Action] = ()
    """What parties may do, one action a party and round."""
    drift: Items[Effect] = ()
    """What changes in every round, whatever is done."""
    events: Items[WorldEvent] = ()
    """What may happen."""
    round_years: Annotated[float, Bound(gt=0)] = 1.0
    """How long a round lasts, in years, as formulas are told."""
    policies: Items[Policy] = ()
    """Ways of choosing moves by which `converse world` can play a party."""
    pledges: Items[Pledge] = ()
    """Fields in which parties announce moves."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._check_names()
        for action in self.actions:
            self._check_action(action)
        for number, row in enumerate(self.drift, 1):
            owner = self._check_row(f"drift row {number}", row)
            self._check_times(f"drift row {number}", row, owner)
        for event in self.events:
            for name in event.names:
                if name not in self.fixed_values and self._named(f"event {event.name!r}", name).owner != WORLD:
                    raise ValueError(f"event {event.name!r}: {name!r} is a party's; name one of the world's")
        self._check_aggregates()
        self._check_one_setter()
        for policy in self.policies:
            self.check_policy(policy)
        return self

    def formula_of(self, row: Effect) -> Formula | None:
        """The formula of an effect, in which terms are written out; None where it has none.

        Args:
            row: Of this world.

        Raises:
            ValueError: It is no formula.
        """
        if not row.formula:
            return None
        formula = self._formulas.get(row.formula)
        if formula is None:
            formula = self._formulas[row.formula] = parse_formula(_written_out(row.formula, self._terms_by_name))
        return formula

    @cached_property
    def _formulas(self) -> dict[str, Formula]:
        """Formulas that were read, by their text."""
        return {}

    @cached_property
    def _terms_by_name(self) -> dict[str, str]:
        terms: dict[str, str] = {}
        for term in self.terms:
            formula = _written_out(term.formula, terms)
            parse_formula(formula)
            terms[term.name] = f"({formula})"
        return terms

    def _factors(self, row: Effect) -> list[str]:
        """The names that an effect looks at: of whoever acts, or of the party whose variable changes."""
        conditions = [name for condition in row.when for name in condition.names]
        formula = self.formula_of(row)
        return [*row.times, *row.chance_times, *conditions, *(sorted(formula.names) if formula else ())]

    def _check_names(self) -> None:
        for what, names in (
            ("variable", [*self._names, *(term.name for term in self.terms)]),
            ("action", [action.name for action in self.actions]),
            ("event of the world", [event.name for event in self.events]),
            ("policy", [policy.name for policy in self.policies]),
            ("pledge", [pledge.field for pledge in self.pledges]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two of {what} are called {twice[0]!r}; rename one")

    @property
    def _names(self) -> list[str]:
        """Of variables and constants, which effects use alike."""
        return [*(variable.name for variable in self.variables), *(constant.name for constant in self.constants)]

    def scaled(self, years: float) -> World:
        """The same world for rounds of another length, of one that was written for rounds of a year.

        Drift is scaled, by the year, and so are lags and durations; what an action does at once and what it costs
        stay as they are.

        Args:
            years: That a round lasts, such as 0.5.

        Raises:
            ValueError: A round lasts no time.
        """
        if years <= 0:
            raise ValueError(f"a round must last some time, not {years:g} years")
        drift = [_scaled_row(row, self.formula_of(row), years) for row in self.drift]
        actions = [
            _changed(
                action,
                {
                    "lag": ceil(action.lag / years - _ROUNDING),
                    "lasts": None if action.lasts is None else max(1, round(action.lasts / years)),
                },
            )
            for action in self.actions
        ]
        return self._changed(drift=drift, actions=actions, round_years=years)

    def adjusted(
        self,
        *,
        constants: Mapping[str, float] | None = None,
        start: Mapping[str, float | Distribution] | None = None,
        without_actions: Sequence[str] = (),
    ) -> World:
        """The same world with other numbers, such as a dial sets.

        Args:
            constants: Values by constant.
            start: What variables begin as, by name.
            without_actions: Actions that nobody may take in it.

        Raises:
            ValueError: There is no such constant, variable or action.
        """
        for what, names, known in (
            ("constant", constants or {}, [constant.name for constant in self.constants]),
            ("variable", start or {}, [variable.name for variable in self.variables]),
            ("action", without_actions, [action.name for action in self.actions]),
        ):
            if unknown := [name for name in names if name not in known]:
                raise ValueError(f"no {what} {unknown[0]!r} in the world; there is: {', '.join(known)}")
        return self._changed(
            constants=[_with(constant, constant.name, "value", constants) for constant in self.constants],
            variables=[_with(variable, variable.name, "start", start) for variable in self.variables],
            actions=[action for action in self.actions if action.name not in without_actions],
        )

    def with_start_of(self, values: Mapping[str, Mapping[str, float | Distribution]]) -> World:
        """The same world, in which some parties begin with other values.

        Args:
            values: By variable and party.

        Raises:
            ValueError: There is no such variable.
        """
        for name in values:
            self._named("start_of", name)
        return self._changed(
            variables=[_with(variable, variable.name, "start_of", values) for variable in self.variables]
        )

    def for_kinds(self, kinds: Collection[str]) -> World:
        """The same world at a table where some of its kinds of parties are missing, with what they own and do.

        Args:
            kinds: Those that are at the table.
        """
        there = (WORLD, *kinds)
        own = {variable.name for variable in self.variables if variable.owner in there}
        actions = [
            _changed(action, {"effects": [row for row in action.effects if row.variable in own]})
            for action in self.actions
            if action.party_kind in (None, *kinds)
        ]
        names = {action.name for action in actions}
        return self._changed(
            variables=[variable for variable in self.variables if variable.name in own],
            actions=actions,
            drift=[row for row in self.drift if row.variable in own],
            policies=[policy for policy in self.policies if _moves_of(policy) <= {*names, WAIT, RANDOM}],
        )

    def _changed(self, **update: Any) -> World:
        return _changed(self, update)

    @cached_property
    def fixed_values(self) -> Mapping[str, float]:
        """The constants by name, and the length of a round in years."""
        return {ROUND_YEARS: self.round_years, **{constant.name: constant.value for constant in self.constants}}

    def variable(self, name: str) -> Variable:
        """The variable of that name.

        Args:
            name: As the table has it.

        Raises:
            KeyError: There is none; none is asked for that was not checked.
        """
        return self._variables_by_name[name]

    @cached_property
    def _variables_by_name(self) -> dict[str, Variable]:
        return {variable.name: variable for variable in self.variables}

    def actions_of(self, kind: str) -> tuple[Action, ...]:
        """The actions that parties of a kind may ever take.

        Args:
            kind: Of parties.
        """
        if kind not in self._actions_by_kind:
            actions = tuple(action for action in self.actions if action.party_kind in (None, kind))
            self._actions_by_kind[kind] = actions
        return self._actions_by_kind[kind]

    @cached_property
    def _actions_by_kind(self) -> dict[str, tuple[Action, ...]]:
        """The actions of kinds that were asked for."""
        return {}

    def variables_of(self, owner: str) -> tuple[Variable, ...]:
        """The variables of the world, or of each party of a kind.

        Args:
            owner: "world", or a kind of parties.
        """
        return tuple(variable for variable in self.variables if variable.owner == owner)

    def check_parties(self, kind_of: Mapping[str, str]) -> None:
        """Refuse a world in which somebody owns or does something who is not at the table.

        Args:
            kind_of: The kind of each of the scenario's parties, by name.

        Raises:
            ValueError: There is one.
        """
        kinds = set(kind_of.values())
        there = ", ".join(sorted(kinds))
        for variable in self.variables:
            if unknown := [name for name in variable.start_of if kind_of.get(name) != variable.owner]:
                owners = ", ".join(name for name, kind in kind_of.items() if kind == variable.owner) or "none"
                raise ValueError(
                    f"{variable.name}: start_of names {unknown[0]!r}; parties that own it: "
                    f"{owners}{nearest(unknown[0], kind_of)}"
                )
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
                raise ValueError(f"{where} names action {name!r}{nearest_or_all(name, actions)}")
        names = [name for rule in policy.rules for condition in rule.when for name in condition.names]
        for name in (name for name in names if name not in self.fixed_values):
            if self._named(where, name).visibility == "hidden":
                raise ValueError(f"{where} looks at {name!r}, which nobody is told; use what is known")

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
        names = [*action.cost, *(name for condition in action.requires for name in condition.names)]
        names += [name for row in action.effects for name in self._factors(row)]
        names += [row.variable for row in action.effects if row.on == "own"]
        return [name for name in names if name not in self.fixed_values and self.variable(name).owner != WORLD]

    def _named(self, where: str, name: str) -> Variable:
        try:
            return self.variable(name)
        except KeyError:
            raise ValueError(f"{where} names variable {name!r}{nearest_or_all(name, self._names)}") from None

    def _check_action(self, action: Action) -> None:
        where = f"action {action.name!r}"
        if action.name in _TAKEN:
            raise ValueError(f"{where}: {action.name!r} is {_TAKEN[action.name]}; call it otherwise")
        own = action.party_kind
        self._check_cost(action)
        for name in (name for condition in action.requires for name in condition.names):
            if name in self.fixed_values:
                continue
            needed = self._named(where, name)
            if needed.visibility == "hidden" or (needed.owner != WORLD and own not in (None, needed.owner)):
                raise ValueError(f"{where} requires {needed.name!r}, which who acts is not told; use what it knows")
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
        if target.aggregate is not None:
            raise ValueError(
                f"{where} changes {row.variable!r}, which follows from {target.aggregate.of!r}; change that"
            )
        if row.operation == "set" and not row.times and not row.formula:
            for amount in bounds_of(row.amount):
                if not target.holds(amount):
                    raise ValueError(
                        f"{where} sets {row.variable!r} to {amount:g}, outside {target.minimum:g} to {target.maximum:g}"
                    )
        return target.owner

    def _check_times(self, where: str, row: Effect, kind: str | None) -> None:
        """Refuse factors that are neither the world's nor own ones of the party that acts."""
        try:
            names = self._factors(row)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        for name in names:
            if name in self.fixed_values:
                continue
            owner = self._named(where, name).owner
            if owner != WORLD and kind not in (None, owner):
                raise ValueError(
                    f"{where} uses {name!r}, which {owner} parties own; use a variable of the world, such as an "
                    "aggregate of it"
                )

    def _check_aggregates(self) -> None:
        for variable in self.variables:
            if variable.aggregate is None:
                continue
            where = f"aggregate {variable.name!r}"
            source = self._named(where, variable.aggregate.of)
            if source.owner == WORLD:
                raise ValueError(f"{where} is of {source.name!r}, which is the world's; name one that parties own")
            if source.visibility != "public" and variable.visibility == "public" and not variable.is_revealing:
                raise ValueError(
                    f"{where} is public, and {source.name!r} is not, which it gives away; make it hidden, or say "
                    "is_revealing: true"
                )

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
            if where != "drift" and is_shared and (row.times or row.formula or isinstance(row.amount, Distribution)):
                raise ValueError(f"{where} sets {row.variable!r} for others too, so that its amount must be one number")

    def _rows(self) -> Iterator[tuple[str, Effect]]:
        yield from (("drift", row) for row in self.drift)
        for action in self.actions:
            yield from ((f"action {action.name!r}", row) for row in action.effects)


_NAME = re.compile(r"\b[A-Za-z_]\w*\b")
_Spec = TypeVar("_Spec", bound=FrozenModel)
_ROUNDING = 1e-9
"""Of a number of rounds, by which a lag of whole years may be off."""


def _written_out(formula: str, terms: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: terms.get(match[0], match[0]), formula)


def _changed(spec: _Spec, update: Mapping[str, Any]) -> _Spec:
    """A spec with some fields set otherwise, checked like any other."""
    return type(spec)(**{**{name: getattr(spec, name) for name in type(spec).model_fields}, **update})


def _with(spec: FrozenModel, name: str, field: str, values: Mapping[str, Any] | None) -> FrozenModel:
    """A constant or variable, with a field set otherwise where its name is among these."""
    return _changed(spec, {field: values[name]}) if values and name in values else spec


def _scaled_row(row: Effect, formula: Formula | None, years: float) -> Effect:
    """Drift of a year as drift of a round; a formula may reckon with the length of a round itself.

    Of what happens by chance the chance is scaled; else what is added is less in a shorter round, and what multiplies
    is its root.
    """
    if row.chance < 1 or row.chance_times:
        chance = row.chance * years if row.chance_times else 1 - (1 - row.chance) ** years
        return _changed(row, {"chance": min(1.0, chance)})
    if row.operation == "set" or (formula is not None and ROUND_YEARS in formula.names):
        return row
    if not isinstance(row.amount, float | int):
        raise ValueError(
            f"drift of {row.variable!r} draws its amount, which cannot be scaled to {years:g} years a round"
        )
    amount = row.amount**years if row.operation == "multiply" else row.amount * years
    return _changed(row, {"amount": amount})


def _moves_of(policy: Policy) -> set[str]:
    return {*policy.never, *(rule.move for rule in policy.rules), *(rule.after for rule in policy.rules if rule.after)}
