"""How far parties drift from the task, and how often code had to put them right, by counting.

The patterns are those that a statement is sent back for (`converse_graph.measures.drift_patterns`), counted in what was
kept: they are rates to compare runs by, not verdicts on a sentence.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from converse_graph.measures.drift_patterns import LOOKBACK, Sign, SpeakerContext, claims_in, find_drift, past_estimates
from converse_graph.record.transcript import Deliberation, Line, Minutes, Stance, Statement, Transcript, Vote
from converse_graph.scenarios.value import FrozenModel

_YEAR = re.compile(r"\d{4}")


class Drift(FrozenModel):
    """Drift of one party: every count is of its turns or statements."""

    party: str
    turns: int
    no_statement: int
    repairs: int
    """Replies sent back because they did not fit, or drifted, as the party made its statements."""
    repairs_in_private: int
    """Replies sent back as it deliberated, and as it wrote its own ballots and positions on the motion; 0 where the
    record is the public one."""
    sorted_percentiles: int
    """Statements whose percentiles code had to put in order."""
    mended: int
    """Statements whose reply code had to mend before it could be read."""
    mended_in_private: int
    """Lines, positions, ballots and minutes of its deliberations, and its own ballots and positions on the motion,
    whose reply code had to mend; 0 where the record is the public one."""
    other_year: int
    """Statements that speak of another year as now."""
    other_label: int
    """Statements in which a line begins with another party's name and a colon."""
    other_person: int
    """Statements that speak in the first person as another party: "we at X", "as X, we", "I am X"."""
    past_estimate: int
    """Statements whose estimate of a year (its p50) lies before the year in which it is made, where nobody has
    claimed that what it estimates has come."""
    repeated: int
    """Statements that share 60 % of their word trigrams with one of the 60 statements before them, of whomever."""
    refusals: int
    """Statements that refuse, or speak as an AI."""
    out_of_turn: int = 0
    """Statements of an imported run whose speaker had spoken in the round already, or spoke against the order."""
    out_of_year: int = 0
    """Statements of an imported run whose label names another period than those around it."""

    @property
    def statements(self) -> int:
        """How many of the turns led to a statement."""
        return self.turns - self.no_statement


def drift(transcript: Transcript) -> tuple[Drift, ...]:
    """Count drift and repairs by party, in the order of the cast.

    Args:
        transcript: The record; what is public of it is enough.
    """
    with_signs = list(zip(transcript.statements, signs(transcript), strict=True))
    return tuple(_drift_of(party.name, with_signs, transcript.header.votes) for party in transcript.header.cast)


def year_of(statement: Statement) -> int | None:
    """The calendar year of a statement; None on a clock of plain rounds."""
    match = _YEAR.match(statement.period)
    return int(match[0]) if match else None


def signs(transcript: Transcript) -> tuple[frozenset[Sign], ...]:
    """The signs of drift in each statement, in order."""
    names = [party.name for party in transcript.header.cast]
    texts = [statement.text for statement in transcript.statements]
    claims: set[str] = set()
    rows = []
    for number, statement in enumerate(transcript.statements):
        year = year_of(statement)
        by = SpeakerContext(
            name=statement.speaker, others=tuple(name for name in names if name != statement.speaker), year=year
        )
        past = past_estimates(statement.fields, year, claims)
        claims.update(claims_in(statement.fields))
        earlier = texts[max(0, number - LOOKBACK) : number]
        rows.append(frozenset(finding.sign for finding in find_drift(statement.text, by, past=past, earlier=earlier)))
    return tuple(rows)


def _private_replies(own: Sequence[Statement]) -> Iterator[Stance | Line | Minutes]:
    """What came of each reply that a party kept to itself."""
    for notes in (statement.private for statement in own if statement.private is not None):
        if notes.initial_stance is not None:
            yield notes.initial_stance
        if notes.deliberation is not None:
            yield from _replies_within(notes.deliberation)


def _replies_within(talk: Deliberation) -> Iterator[Stance | Line | Minutes]:
    yield from talk.private_positions
    yield from talk.ballots
    yield from talk.lines
    if talk.minutes is not None:
        yield talk.minutes
    for line in talk.lines:
        if line.deliberation is not None:
            yield from _replies_within(line.deliberation)


def _drift_of(name: str, with_signs: Sequence[tuple[Statement, frozenset[Sign]]], votes: Sequence[Vote]) -> Drift:
    own = [statement for statement, _ in with_signs if statement.speaker == name]
    ballots = [ballot for vote in votes for ballot in vote.ballots if ballot.speaker == name]
    private = [*_private_replies(own), *ballots]
    speeches = [statement for statement in own if statement.text]
    counts = Counter(sign for statement, signs in with_signs if statement.speaker == name for sign in signs)
    return Drift(
        party=name,
        turns=len(own),
        no_statement=len(own) - len(speeches),
        repairs=sum(statement.repairs for statement in own),
        repairs_in_private=sum(reply.repairs for reply in private),
        sorted_percentiles=sum(bool(statement.sorted_fields) for statement in speeches),
        mended=sum(bool(statement.mended) for statement in speeches),
        out_of_turn=sum(statement.source is not None and statement.source.out_of_turn for statement in own),
        out_of_year=sum(statement.source is not None and statement.source.out_of_year for statement in own),
        mended_in_private=sum(bool(reply.mended) for reply in private),
        **{sign: counts[sign] for sign in get_args(Sign)},
    )
