"""A world: variables that code owns, actions that parties choose, and effects, checked to fit together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from math import ceil
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.formulas import Formula, parse_formula
from converse_graph.scenarios.validation_errors import nearest, nearest_or_all
from converse_graph.scenarios.value import FrozenModel, Items
from converse_graph.scenarios.world_tables import (
    _TAKEN,
    NO_PLEDGE,
    RANDOM,
    ROUND_YEARS,
    WAIT,
    WORLD,
    Action,
    Constant,
    Distribution,
    Effect,
    Pledge,
    Policy,
    Term,
    Variable,
    WorldEvent,
    bounds_of,
    pairs_of_parties,
)


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
            where = f"drift row {number}"
            target = self._check_row(where, row)
            if row.partner_moves:
                raise ValueError(f"{where} names partner_moves, and drift is nobody's move; give them to an action")
            self._check_times(where, row, target.owner if isinstance(target.owner, str) else WORLD)
        for event in self.events:
            for name in event.names:
                if name not in self.fixed_values and self._find_variable(f"event {event.name!r}", name).owner != WORLD:
                    owner = self.variable(name).owner_in_words
                    raise ValueError(f"event {event.name!r}: {name!r} is of {owner}; name one of the world's")
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
            _with_update(
                action,
                {
                    "lag": ceil(action.lag / years - _ROUNDING),
                    "lasts": None if action.lasts is None else max(1, round(action.lasts / years)),
                },
            )
            for action in self.actions
        ]
        return self._with(drift=drift, actions=actions, round_years=years)

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
        for what, names, existing in (
            ("constant", constants or {}, [constant.name for constant in self.constants]),
            ("variable", start or {}, [variable.name for variable in self.variables]),
            ("action", without_actions, [action.name for action in self.actions]),
        ):
            if unknown := [name for name in names if name not in existing]:
                raise ValueError(f"no {what} {unknown[0]!r} in the world; there is: {', '.join(existing)}")
        return self._with(
            constants=[_with(constant, constant.name, "value", constants) for constant in self.constants],
            variables=[_with(variable, variable.name, "start", start) for variable in self.variables],
            actions=_of_moves([action for action in self.actions if action.name not in without_actions]),
        )

    def with_start_of(self, values: Mapping[str, Mapping[str, float | Distribution]]) -> World:
        """The same world, in which some parties begin with other values.

        Args:
            values: By variable and party.

        Raises:
            ValueError: There is no such variable.
        """
        for name in values:
            self._find_variable("start_of", name)
        return self._with(variables=[_with(variable, variable.name, "start_of", values) for variable in self.variables])

    def for_kinds(self, kinds: Collection[str]) -> World:
        """The same world at a table where some of its kinds of parties are missing, with what they own and do.

        Args:
            kinds: Those that are at the table.
        """
        there = frozenset((WORLD, *kinds))
        own = {variable.name for variable in self.variables if (variable.pair or {variable.owner}) <= there}
        actions = [
            _with_update(action, {"effects": [row for row in action.effects if row.variable in own]})
            for action in self.actions
            if action.party_kind in (None, *kinds)
        ]
        actions = _of_moves(actions)
        names = {action.name for action in actions}
        return self._with(
            variables=[variable for variable in self.variables if variable.name in own],
            actions=actions,
            drift=[row for row in self.drift if row.variable in own],
            policies=[policy for policy in self.policies if _moves_of(policy) <= {*names, WAIT, RANDOM}],
        )

    def _with(self, **update: Any) -> World:
        return _with_update(self, update)

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

    def variables_of(self, *kinds: str) -> tuple[Variable, ...]:
        """The variables of the world, of each party of a kind, or of each pair of parties of two kinds.

        Args:
            kinds: "world"; or a kind of parties; or two kinds.
        """
        return tuple(variable for variable in self.variables if variable.is_owned_by(*kinds))

    def pairs(self, kind_of: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """The pairs of parties that own a variable, by name, in the order of the cast.

        Args:
            kind_of: The kind of each party, by name.
        """
        owning = {variable.pair for variable in self.variables if variable.pair is not None}
        if not owning:
            return {}
        return {
            name: (first, second)
            for name, (first, second) in pairs_of_parties(kind_of).items()
            if frozenset((kind_of[first], kind_of[second])) in owning
        }

    def owners(self, kind_of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Whoever may own variables, by name, each with the kinds that `variables_of` takes.

        Args:
            kind_of: The kind of each party, by name.
        """
        pairs = {name: (kind_of[first], kind_of[second]) for name, (first, second) in self.pairs(kind_of).items()}
        return {WORLD: (WORLD,), **{party: (kind,) for party, kind in kind_of.items()}, **pairs}

    def check_parties(self, kind_of: Mapping[str, str]) -> None:
        """Refuse a world in which somebody owns or does something who is not at the table.

        Args:
            kind_of: The kind of each of the scenario's parties, by name.

        Raises:
            ValueError: There is one.
        """
        kinds, owners = set(kind_of.values()), self.owners(kind_of)
        there = ", ".join(sorted(kinds))
        if clashing := self.pairs(kind_of).keys() & kind_of.keys():
            raise ValueError(f"party {min(clashing)!r} is called as a pair of others is; rename it")
        for variable in self.variables:
            if unknown := sorted((variable.pair or {str(variable.owner)}) - {WORLD, *kinds}):
                raise ValueError(f"variable {variable.name!r} is owned by {unknown[0]!r}; there is: world, {there}")
            _check_owners(variable, [name for name, of in owners.items() if variable.is_owned_by(*of)])
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
            if self._find_variable(where, name).visibility == "hidden":
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
        owned = [self.variable(name) for name in names if name not in self.fixed_values]
        return [variable.name for variable in owned if variable.owner != WORLD and variable.pair is None]

    def _find_variable(self, where: str, name: str) -> Variable:
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
        self._check_requirements(where, action)
        for number, row in enumerate(action.effects, 1):
            place = f"effect {number} of {where}"
            target = self._check_row(place, row)
            if target.owner != WORLD and row.on == "own" and own not in (None, *(target.pair or {target.owner})):
                raise ValueError(
                    f"{place} is on {row.variable!r}, which is of {target.owner_in_words}; write on: others or all"
                )
            self._check_partner_moves(place, row, target)
            self._check_times(place, row, own)

    def _check_requirements(self, where: str, action: Action) -> None:
        own = action.party_kind
        for name in (name for condition in action.requires for name in condition.names):
            if name in self.fixed_values:
                continue
            needed = self._find_variable(where, name)
            _refuse_pairs(f"{where} requires", needed)
            if needed.visibility == "hidden" or (needed.owner != WORLD and own not in (None, needed.owner)):
                raise ValueError(f"{where} requires {needed.name!r}, which who acts is not told; use what it knows")

    def _check_partner_moves(self, where: str, row: Effect, target: Variable) -> None:
        if row.partner_moves and (target.pair is None or row.on != "own"):
            raise ValueError(f"{where} names partner_moves, and is not on own pairs; name a variable that pairs own")
        moves = [WAIT, *(action.name for action in self.actions)]
        for name in row.partner_moves:
            if name not in moves:
                raise ValueError(f"{where} names the move {name!r}{nearest_or_all(name, moves)}")

    def _check_cost(self, action: Action) -> None:
        where, own = f"the cost of action {action.name!r}", action.party_kind
        for name in action.cost:
            spent = self._find_variable(where, name)
            if spent.owner == WORLD or spent.pair is not None or own not in (None, spent.owner):
                raise ValueError(f"{where} takes {name!r}, which is no own variable of who acts")
            if spent.visibility == "hidden":
                raise ValueError(f"{where} takes {name!r}, which who acts is not told; let its visibility be own")

    def _check_row(self, where: str, row: Effect) -> Variable:
        """Check the variable and the amount of an effect; return the variable."""
        target = self._find_variable(where, row.variable)
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
        return target

    def _check_times(self, where: str, row: Effect, kind: str | None) -> None:
        """Refuse factors that are neither the world's, nor own ones of the party that acts, nor of the pair changed."""
        pair = self.variable(row.variable).pair
        try:
            names = self._factors(row)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        for name in names:
            if name in self.fixed_values:
                continue
            used = self._find_variable(where, name)
            if used.pair is not None and used.pair == pair:
                continue
            _refuse_pairs(f"{where} uses", used)
            if used.owner != WORLD and kind not in (None, used.owner):
                raise ValueError(
                    f"{where} uses {name!r}, which {used.owner} parties own; use a variable of the world, such as an "
                    "aggregate of it"
                )

    def _check_aggregates(self) -> None:
        for variable in self.variables:
            if variable.aggregate is None:
                continue
            where = f"aggregate {variable.name!r}"
            source = self._find_variable(where, variable.aggregate.of)
            if source.owner == WORLD:
                raise ValueError(f"{where} is of {source.name!r}, which is the world's; name one that parties own")
            if variable.owner != WORLD and variable.owner not in (source.pair or ()):
                raise ValueError(
                    f"{where} is of {source.name!r}, of {source.owner_in_words}; name a variable of pairs of which "
                    f"{variable.owner} parties are one, or leave owner out"
                )
            if _VISIBLE.index(source.visibility) > _VISIBLE.index(variable.visibility) and not variable.is_revealing:
                raise ValueError(
                    f"{where} is {variable.visibility}, and {source.name!r} is {source.visibility}, which it gives "
                    "away; make it hidden, or say is_revealing: true"
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
            target = self.variable(row.variable)
            is_shared = target.owner == WORLD or target.pair is not None or row.on != "own"
            if where != "drift" and is_shared and (row.times or row.formula or isinstance(row.amount, Distribution)):
                raise ValueError(f"{where} sets {row.variable!r} for others too, so that its amount must be one number")

    def _rows(self) -> Iterator[tuple[str, Effect]]:
        yield from (("drift", row) for row in self.drift)
        for action in self.actions:
            yield from ((f"action {action.name!r}", row) for row in action.effects)


_VISIBLE = ("public", "own", "hidden")
"""From what most are told to what least are."""
_NAME = re.compile(r"\b[A-Za-z_]\w*\b")
_Spec = TypeVar("_Spec", bound=FrozenModel)
_ROUNDING = 1e-9
"""Of a number of rounds, by which a lag of whole years may be off."""


def _of_moves(actions: Sequence[Action]) -> list[Action]:
    """Actions without the effects that take moves of a partner which are no longer there."""
    moves = {WAIT, *(action.name for action in actions)}

    def left(row: Effect) -> Effect:
        return _with_update(row, {"partner_moves": [name for name in row.partner_moves if name in moves]})

    return [
        _with_update(
            action,
            {"effects": [left(row) for row in action.effects if not row.partner_moves or moves & {*row.partner_moves}]},
        )
        if any(not moves.issuperset(row.partner_moves) for row in action.effects)
        else action
        for action in actions
    ]


def _check_owners(variable: Variable, owning: Sequence[str]) -> None:
    if unknown := [name for name in variable.start_of if name not in owning]:
        raise ValueError(
            f"{variable.name}: start_of names {unknown[0]!r}; those that own it: "
            f"{', '.join(owning) or 'none'}{nearest(unknown[0], owning)}"
        )


def _refuse_pairs(where: str, variable: Variable) -> None:
    if variable.pair is not None:
        raise ValueError(f"{where} {variable.name!r}, which pairs own; use an aggregate of it that parties own")


def _written_out(formula: str, terms: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: terms.get(match[0], match[0]), formula)


def _with_update(spec: _Spec, update: Mapping[str, Any]) -> _Spec:
    """A spec with some fields set otherwise, checked like any other."""
    return type(spec)(**{**{name: getattr(spec, name) for name in type(spec).model_fields}, **update})


def _with(spec: FrozenModel, name: str, field: str, values: Mapping[str, Any] | None) -> FrozenModel:
    """A constant or variable, with a field set otherwise where its name is among these."""
    return _with_update(spec, {field: values[name]}) if values and name in values else spec


def _scaled_row(row: Effect, formula: Formula | None, years: float) -> Effect:
    """Drift of a year as drift of a round; a formula may reckon with the length of a round itself.

    Of what happens by chance the chance is scaled; else what is added is less in a shorter round, and what multiplies
    is its root.
    """
    if row.chance < 1 or row.chance_times:
        chance = row.chance * years if row.chance_times else 1 - (1 - row.chance) ** years
        return _with_update(row, {"chance": min(1.0, chance)})
    if row.operation == "set" or (formula is not None and ROUND_YEARS in formula.names):
        return row
    if not isinstance(row.amount, float | int):
        raise ValueError(
            f"drift of {row.variable!r} draws its amount, which cannot be scaled to {years:g} years a round"
        )
    amount = row.amount**years if row.operation == "multiply" else row.amount * years
    return _with_update(row, {"amount": amount})


def _moves_of(policy: Policy) -> set[str]:
    return {*policy.never, *(rule.move for rule in policy.rules), *(rule.after for rule in policy.rules if rule.after)}
