"""The rows of a world's tables: variables, actions with their effects, events, policies, pledges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from math import fsum
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.value import FrozenModel, Identifier, Items

WORLD = "world"
"""Who owns a variable that no party has; and the node that resolves a round."""
FLAG = "flag"
"""The unit of a variable that is 0 or 1, such as whether a law is in force; it is told as yes or no."""
COUNT = "count"
"""A unit that need not be said behind a number."""
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
    """How a variable of the world follows from one that parties or pairs of them have, or a party's from its pairs'."""

    function: Literal["maximum", "minimum", "sum", "mean"]
    """What is made of their values."""
    of: Identifier
    """The variable of parties or of pairs. Of a variable that a party owns, its own pairs' alone are taken."""

    def reduce(self, values: Sequence[float]) -> float:
        """Make one value of several.

        Args:
            values: One for each party or pair, in the variable's unit.
        """
        match self.function:
            case "maximum":
                return max(values)
            case "minimum":
                return min(values)
            case "mean":
                return fsum(values) / len(values)
        return fsum(values)


Pair = tuple[Identifier, Identifier]
"""The kinds of the two parties of a pair, in any order."""


def pair_name(first: str, second: str) -> str:
    """What a pair of parties is called as the owner of variables, such as "Norland and Sudmark".

    Args:
        first: The party that the cast names first.
        second: The other.
    """
    return f"{first} and {second}"


def pairs_of_parties(kind_of: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Every two parties, by the name of their pair.

    Args:
        kind_of: The parties, in the order of the cast.
    """
    return {pair_name(first, second): (first, second) for first, second in combinations(kind_of, 2)}


class Variable(FrozenModel):
    """A number that code keeps: of the world, of each party of a kind, or of each pair of parties."""

    name: Identifier
    """What it is called, such as "stock"."""
    unit: Annotated[str, Bound(min_length=1)]
    """What it is counted in, such as "kt"; "share" or "index" for a number without dimension, "flag" for what is
    0 or 1, as whether a law is in force."""
    text: str = ""
    """What it means, in a few words, for parties that are told its value: "of cod in the bay, spawners alone"."""
    owner: Identifier | Pair = WORLD
    """Whose it is: "world"; a kind of parties, each of which then has one; or two kinds, such as [state, state]: then
    each pair of such parties has one, which is the same from both sides."""
    start: float | Distribution | None = None
    """Its value as the run begins, or what that is drawn from; None of an aggregate."""
    start_of: dict[str, float | Distribution] = Bound(default_factory=dict)
    """The same of parties that begin with another value, by name; of pairs by both, as "Norland and Sudmark"."""
    aggregate: Aggregate | None = None
    """How it follows from a variable of parties or pairs, in every round anew; None where it is a number of its own."""
    minimum: float = 0.0
    """The least that it may be; what would take it lower stops there."""
    maximum: float
    """The most that it may be; what would take it higher stops there."""
    visibility: Literal["public", "own", "hidden"] = "public"
    """Who is told its value: everybody; the party, or the two of the pair, that own it; or nobody before the run is
    over."""
    is_revealing: bool = False
    """Whether a public aggregate may tell something of values that are not public, such as a total catch."""
    source: str = ""
    """Where the numbers come from."""

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(f"{self.name}: minimum {self.minimum:g} must lie below maximum {self.maximum:g}")
        if (self.start is None) == (self.aggregate is None):
            raise ValueError(f"{self.name}: give either start, or aggregate where it follows from others")
        if self.aggregate is not None and self.pair is not None:
            raise ValueError(f"{self.name}: an aggregate is the world's, or a party's of its pairs; no pair has one")
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

    @property
    def pair(self) -> frozenset[str] | None:
        """The kinds of the two parties that own it, which may be one; None where no pair does."""
        return None if isinstance(self.owner, str) else frozenset(self.owner)

    @property
    def owner_in_words(self) -> str:
        """Whose it is, such as "the world", "each state" or "each pair of state and guild"."""
        if isinstance(self.owner, str):
            return "the world" if self.owner == WORLD else f"each {self.owner.replace('_', ' ')}"
        return f"each pair of {' and '.join(kind.replace('_', ' ') for kind in self.owner)}"

    def is_owned_by(self, *kinds: str) -> bool:
        """Say whether a party of this kind has it, or the two parties of these kinds.

        Args:
            kinds: One, which may be "world"; or two, for a pair.
        """
        return self.owner == kinds[0] if len(kinds) == 1 else self.pair == frozenset(kinds)

    def start_for(self, owner: str) -> float | Distribution | None:
        """What it begins as, or what that is drawn from; None of an aggregate.

        Args:
            owner: "world", or the party's or pair's name.
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
    party that acts; of drift, of the party whose variable changes; and of a pair's variable, those of the pair."""
    formula: str = ""
    """A formula whose value the amount is multiplied by too, where a product is not enough, such as
    "stock * (1 - stock / capacity)": arithmetic, comparisons that count 1 or 0, and min, max, abs, exp, log, log10 and
    sqrt of variables, as of `times`, and of constants. `round_years` in it is how long a round lasts."""
    when: Items[Condition] = ()
    """What must hold of these values for it to happen, such as a law in force."""
    on: Literal["own", "others", "all"] = "own"
    """Of a variable that parties own: whose; of one that pairs own: those that the acting party is one of, those that
    it is not, or all. Drift is of all."""
    partner_moves: Items[Identifier] = ()
    """Of an action's effect on own pairs: the moves of which the other party must make one in the same round, as for a
    trade that takes two; empty for any."""
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
