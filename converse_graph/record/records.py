"""The records in a run's ledgers, of plain values; each says its kind, and by that they are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypeGuard

from typing_extensions import TypedDict  # before Python 3.12 pydantic makes a JSON Schema of no other


class SourceRecord(TypedDict):
    """Where a statement stands in the file that it was imported from."""

    line: int
    """From 1."""
    label: NotRequired[str]
    """When it was made, as the file says."""
    out_of_turn: NotRequired[bool]
    out_of_year: NotRequired[bool]


class StatementRecord(TypedDict):
    """What a turn made public."""

    kind: Literal["statement"]
    round: int
    turn: int
    speaker: str
    text: str
    """Empty where the party made no statement."""
    fields: dict[str, Any]
    """The party's report, by field."""
    problem: NotRequired[str | None]
    """Why there is no statement."""
    repairs: NotRequired[int]
    """How many times the reply was sent back."""
    sorted_fields: NotRequired[list[str]]
    """Fields whose percentiles were put in order by code."""
    mended: NotRequired[list[str]]
    """What code mended in the reply before it could be read."""
    dissents: NotRequired[bool]
    """Whether the party was called on to argue against what all had agreed on."""
    source: NotRequired[SourceRecord]
    """Of an imported statement alone."""


class EventRecord(TypedDict):
    """The first report of an event by a party."""

    kind: Literal["event"]
    name: str
    party: str
    round: int


class VoteRecord(TypedDict):
    """A secret ballot on the scenario's motion, counted."""

    kind: Literal["vote"]
    round: int
    position: str | None
    """The position with the most ballots; null in a tie."""
    counts: dict[str, int]
    """Ballots by position."""


class SummaryText(TypedDict):
    """What a summary says."""

    summary: str
    positions: NotRequired[list[str]]
    commitments: NotRequired[list[str]]
    incidents: NotRequired[list[str]]
    laws: NotRequired[list[str]]
    open_questions: NotRequired[list[str]]
    problem: NotRequired[str | None]
    """Why code wrote it, where no reply of a model was usable."""


class _Summary(SummaryText):
    round: int
    """With `turn`: when it was made."""
    turn: int
    level: int
    """1 for a summary of rounds, 2 for one of such summaries, and so on."""
    first: int
    """The first round that it stands for."""
    last: int
    """The last."""


class SummaryRecord(_Summary):
    """What stands for rounds in public."""

    kind: Literal["summary"]


class StanceRecord(TypedDict, total=False):
    """Where somebody stands, as written down for itself: `position` and `reason`, or `problem`."""

    position: str | None
    reason: str
    problem: str | None
    repairs: int
    mended: list[str]


class MemberStanceRecord(StanceRecord):
    """The same of a member of a debate."""

    speaker: str


class MinutesRecord(TypedDict):
    """What the chair of a debate wrote down at its end: what was decided and the rest, or `problem`."""

    speaker: str
    decided: NotRequired[str]
    actions: NotRequired[list[str]]
    """Who is to do what by when."""
    open_questions: NotRequired[list[str]]
    problem: NotRequired[str | None]
    repairs: NotRequired[int]
    mended: NotRequired[list[str]]


class LineRecord(TypedDict):
    """What one member said in a debate."""

    kind: Literal["line"]
    speaker: str
    text: str
    position: NotRequired[str | None]
    new_fact: NotRequired[str]
    dissents: NotRequired[bool]
    problem: NotRequired[str | None]
    repairs: NotRequired[int]
    mended: NotRequired[list[str]]
    follows_decision: NotRequired[bool]


class DecisionRecord(TypedDict):
    """How a debate ended."""

    position: str
    reasons: list[str]
    votes: dict[str, str]
    dissent: list[str]
    counts: NotRequired[dict[str, int]]
    """Ballots by position, in place of what tells who voted how: as those are told whom a secret ballot concerns."""
    minutes: NotRequired[MinutesRecord]
    """What the chair wrote down: with the decision as those are told of it whom it concerns."""


class DebateRecord(TypedDict):
    """A private conversation, as the record of a turn holds it."""

    mode: Literal["debate", "imagined"]
    motion: str
    options: NotRequired[list[str]]
    rules: NotRequired[list[str]]
    private_positions: NotRequired[list[MemberStanceRecord]]
    lines: list[LineRecord]
    ballots: NotRequired[list[MemberStanceRecord]]
    decision: DecisionRecord | None
    minutes: NotRequired[MinutesRecord]


class _Private(TypedDict):
    round: int
    turn: int
    place: str
    """The turn or the call that it was made in, as `record.call_paths.CallPath` writes it."""
    path: str
    """Whose it is: the party, or a persona in it, such as "OpenAI/CEO"."""


class NoteRecord(_Private):
    """What a party kept to itself of a turn: its note, and the debate that it held."""

    kind: Literal["note"]
    memo: NotRequired[str]
    initial_stance: NotRequired[StanceRecord]
    """Where it stood on the motion before it heard anybody."""
    position: NotRequired[str]
    """The position that its statement takes."""
    follows_decision: NotRequired[bool]
    debate: NotRequired[DebateRecord]
    recall_problem: NotRequired[str]
    """Why it was reminded by recency and importance alone."""


class DeliberationRecord(_Private):
    """A debate that a persona held inside itself."""

    kind: Literal["deliberation"]
    debate: DebateRecord


class ReflectionRecord(_Private):
    """What a party concluded from its past."""

    kind: Literal["reflection"]
    insights: list[str]
    """None where no reply was usable."""
    problem: NotRequired[str | None]


class BallotRecord(_Private):
    """A party's secret ballot on the scenario's motion."""

    kind: Literal["ballot"]
    ballot: StanceRecord
    recall_problem: NotRequired[str]


class PrivateSummaryRecord(_Summary):
    """What stands for a party's own earlier records, or for what one of its personas said."""

    kind: Literal["private_summary"]
    place: str
    path: str


OwnRecord = NoteRecord | DeliberationRecord | ReflectionRecord | BallotRecord
"""What a mind holds beside summaries."""
MindRecord = OwnRecord | PrivateSummaryRecord
"""What a party's private channel holds."""
AnySummaryRecord = SummaryRecord | PrivateSummaryRecord


class StatementProposal(TypedDict):
    """What a party lays before the supervisor as its statement."""

    kind: Literal["statement_proposal"]
    speaker: Any
    """As it claims."""
    round: Any
    """The same."""
    text: NotRequired[str]
    fields: NotRequired[dict[str, Any]]
    problem: NotRequired[str | None]
    repairs: NotRequired[int]
    sorted_fields: NotRequired[list[str]]
    mended: NotRequired[list[str]]


class BallotProposal(TypedDict):
    """What a party lays before the supervisor as its ballot."""

    kind: Literal["ballot_proposal"]
    speaker: str
    round: int
    position: str | None


class MoveRecord(TypedDict):
    """A party's sealed move, until the world resolves the round."""

    kind: Literal["move"]
    round: int
    turn: int
    place: str
    """The turn that it was chosen in."""
    party: str
    move: str
    """The name of an action, or "wait"."""


class MoveOutcome(TypedDict):
    """What became of a party's move."""

    party: str
    move: str
    is_legal: bool
    is_seen: bool
    """Whether everybody learned of it."""
    reason: NotRequired[str]
    """Why it was illegal; it then had no effect."""


class ActiveAction(TypedDict):
    """An action that was taken and whose effects are not over."""

    party: str
    action: str
    since: int
    """The round in which it was taken."""
    first: int
    """The first round of its effects."""
    last: int | None
    """The last; null for none."""


class WorldChange(TypedDict):
    """What one effect did to one variable in a round."""

    owner: str
    variable: str
    cause: str
    """Such as "drift 1" or "Norland: fish_hard"."""
    operation: Literal["add", "multiply", "set"]
    amount: float
    """As the effect has it, factors included."""
    by: float
    """How far it moved the variable, in its unit, before the range was applied."""


class HiddenWorldRecord(TypedDict):
    """All of a world after a round; only the node that resolves rounds reads it."""

    kind: Literal["world_hidden"]
    round: int
    """-1 before the first."""
    turn: int
    state: dict[str, dict[str, float]]
    """Values by owner, "world", a party or a pair, and variable."""
    active: list[ActiveAction]
    moves: list[MoveOutcome]
    changes: list[WorldChange]
    happened: list[str]
    """Names of events of the world, so far."""


class WorldRecord(TypedDict):
    """What everybody is told of the world after a round."""

    kind: Literal["world"]
    round: int
    turn: int
    state: dict[str, dict[str, float]]
    """Public variables by owner."""
    moves: list[MoveOutcome]
    """Those that were seen."""
    happened: list[str]


class OwnWorldRecord(TypedDict):
    """What one party alone is told of the world after a round."""

    kind: Literal["world_own"]
    round: int
    turn: int
    state: dict[str, float]
    """Its own variables that are not hidden."""
    pairs: NotRequired[dict[str, dict[str, float]]]
    """By pair that it is one of: what the two alone are told. Absent where that is nothing."""
    move: NotRequired[MoveOutcome]
    """What became of its move; absent before the first round."""


def debate_of(record: MindRecord) -> DebateRecord | None:
    """Return the debate that a record in a mind holds; None where it holds none."""
    if record["kind"] == "note":
        return record.get("debate")
    return record["debate"] if record["kind"] == "deliberation" else None


def without_kind(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as it is told where all are of one kind."""
    return {name: value for name, value in record.items() if name != "kind"}


def memo_of(record: MindRecord) -> str:
    """Return the note to itself that a party kept in a record; empty where it kept none."""
    return record.get("memo", "") if record["kind"] == "note" else ""


def is_own(record: MindRecord) -> TypeGuard[OwnRecord]:
    """Say whether a record in a mind was made in its turn, and is no summary of others."""
    return record["kind"] != "private_summary"
