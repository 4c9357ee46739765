"""How far parties drift from the task, and how often code had to put them right, by counting.

The patterns are those that a statement is sent back for (`converse_graph.measures.drift_patterns`), counted in what was
kept: they are rates to compare runs by, not verdicts on a sentence.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from converse_graph.measures.drift_patterns import LOOKBACK, Sign, SpeakerContext, claims_in, find_drift, past_estimates
from converse_graph.record.transcript import Deliberation, Statement, Transcript, Vote
from converse_graph.scenarios.value import FrozenModel

_YEAR = re.compile(r"\d{4}")


class Drift(FrozenModel):
    """Drift of one party: every count is of its turns or statements."""

    party: str
    turns: int
    no_statement: int
    repairs: int
    """Replies sent back because they did not fit, or drifted."""
    sorted_percentiles: int
    """Statements whose percentiles code had to put in order."""
    mended: int
    """Statements whose reply code had to mend before it could be read."""
    mended_in_private: int
    """Lines, positions and ballots of its deliberations, and its own ballots and positions on the motion, whose reply
    code had to mend; 0 where the record is the public one."""
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

    @property
    def statements(self) -> int:
        """How many of the turns led to a statement."""
        return self.turns - self.no_statement


def drift(transcript: Transcript) -> tuple[Drift, ...]:
    """Count drift and repairs by party, in the order of the cast.

    Args:
        transcript: The record; what is public of it is enough.
    """
    shown = list(zip(transcript.statements, signs(transcript), strict=True))
    return tuple(_drift_of(party.name, shown, transcript.header.votes) for party in transcript.header.cast)


def year_of(statement: Statement) -> int | None:
    """The calendar year of a statement; None on a clock of plain rounds."""
    found = _YEAR.match(statement.period)
    return int(found[0]) if found else None


def signs(transcript: Transcript) -> tuple[frozenset[Sign], ...]:
    """The signs of drift in each statement, in order."""
    names = [party.name for party in transcript.header.cast]
    texts = [said.text for said in transcript.statements]
    claimed: set[str] = set()
    found = []
    for number, said in enumerate(transcript.statements):
        year = year_of(said)
        by = SpeakerContext(name=said.speaker, others=tuple(name for name in names if name != said.speaker), year=year)
        past = past_estimates(said.fields, year, claimed)
        claimed.update(claims_in(said.fields))
        earlier = texts[max(0, number - LOOKBACK) : number]
        found.append(frozenset(shown.sign for shown in find_drift(said.text, by, past=past, earlier=earlier)))
    return tuple(found)


def _mended_in_private(own: Sequence[Statement]) -> Iterator[tuple[str, ...]]:
    """What was mended in each reply that a party kept to itself."""
    for notes in (said.private for said in own if said.private is not None):
        if notes.written is not None:
            yield notes.written.mended
        if notes.deliberation is not None:
            yield from _mended_within(notes.deliberation)


def _mended_within(talk: Deliberation) -> Iterator[tuple[str, ...]]:
    yield from (stance.mended for stance in (*talk.private_positions, *talk.ballots))
    yield from (line.mended for line in talk.lines)
    for line in talk.lines:
        if line.deliberation is not None:
            yield from _mended_within(line.deliberation)


def _drift_of(name: str, shown: Sequence[tuple[Statement, frozenset[Sign]]], votes: Sequence[Vote]) -> Drift:
    own = [said for said, _ in shown if said.speaker == name]
    ballots = [ballot.mended for vote in votes for ballot in vote.ballots if ballot.speaker == name]
    spoken = [said for said in own if said.text]
    found = Counter(sign for said, signs in shown if said.speaker == name for sign in signs)
    return Drift(
        party=name,
        turns=len(own),
        no_statement=len(own) - len(spoken),
        repairs=sum(said.repairs for said in own),
        sorted_percentiles=sum(bool(said.sorted_fields) for said in spoken),
        mended=sum(bool(said.mended) for said in spoken),
        mended_in_private=sum(map(bool, _mended_in_private(own))) + sum(map(bool, ballots)),
        **{sign: found[sign] for sign in get_args(Sign)},
    )
