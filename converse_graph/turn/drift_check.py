"""Who looks for drift in what is said at the table: code, before a statement is laid before the supervisor."""

from collections.abc import Mapping, Sequence
from typing import Any

from converse_graph.calls.model_call import Drift
from converse_graph.measures.drift_patterns import (
    LOOKBACK,
    DriftFinding,
    SpeakerContext,
    claims_in,
    find_drift,
    past_estimates,
)
from converse_graph.record.records import StatementRecord
from converse_graph.scenarios.fields import Percentiles
from converse_graph.scenarios.ledger_folds import LedgerFold
from converse_graph.turn.speaker_turn import PartyTurn

_FIRST_YEAR = 1000
"""The least that percentiles of years may take; of what else they may be, nothing is past."""


def drift_of_statements(turn: PartyTurn, statements: Sequence[StatementRecord]) -> Drift | None:
    """Find signs of drift in a party's statement.

    Args:
        turn: Whose turn it is.
        statements: The public record so far.

    Returns:
        None where the scenario has drift counted alone.
    """
    scenario, party = turn.scenario, turn.party
    if scenario.on_drift == "count":
        return None
    others = tuple(other.name for other in scenario.organisations if other.name != party.name)
    year = None if scenario.clock.step == "round" else turn.period.year
    by = SpeakerContext(name=party.name, others=others, year=year)
    years = [field.name for field in party.fields if isinstance(field, Percentiles) and field.minimum >= _FIRST_YEAR]

    folds = turn.context.folds

    def look(values: Mapping[str, Any]) -> Sequence[DriftFinding]:
        claims = folds.of("claims", _Claims).bring_up(statements).things if years else frozenset[str]()
        past = past_estimates({name: values[name] for name in years}, year, {*claims, *claims_in(values)})
        earlier = [entry["text"] for entry in statements[-LOOKBACK:]]
        return find_drift(values["statement"], by, past=past, earlier=earlier)

    return look


class _Claims(LedgerFold):
    """What parties have claimed has come."""

    def __init__(self) -> None:
        super().__init__()
        self.things: set[str] = set()

    def take(self, record: Mapping[str, Any]) -> None:
        self.things.update(claims_in(record["fields"]))

    def clear(self) -> None:
        self.things = set()
