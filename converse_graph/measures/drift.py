"""How far parties drift from the task, and how often code had to put them right, by counting.

The patterns are those that a statement is sent back for (`converse_graph.measures.drift_patterns`), counted in what was
kept: they are rates to compare runs by, not verdicts on a sentence.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator

from converse_graph.measures.drift_patterns import LOOKBACK, Sign, SpeakerContext, claims_in, find_drift, past_estimates
from converse_graph.record.transcript import Deliberation, Line, Minutes, PrivateNotes, Stance, Statement, Transcript
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
    counts = {party.name: Counter[str]() for party in transcript.header.cast}
    for statement, its_signs in zip(transcript.statements, signs(transcript), strict=True):
        if statement.speaker in counts:
            counts[statement.speaker].update(_counts_of(statement))
            counts[statement.speaker].update(its_signs)
    for ballot in (ballot for vote in transcript.header.votes for ballot in vote.ballots):
        if ballot.speaker in counts:
            counts[ballot.speaker].update(_counts_in_private([ballot]))
    names = [name for name in Drift.model_fields if name != "party"]
    return tuple(
        Drift(party=party.name, **{name: counts[party.name][name] for name in names})
        for party in transcript.header.cast
    )


def year_of(statement: Statement) -> int | None:
    """The calendar year of a statement; None on a clock of plain rounds."""
    match = _YEAR.match(statement.period)
    return int(match[0]) if match else None


def signs(transcript: Transcript) -> Iterator[frozenset[Sign]]:
    """The signs of drift in each statement, in order; no more of them is held than what repetition is told by."""
    names = [party.name for party in transcript.header.cast]
    earlier: deque[str] = deque(maxlen=LOOKBACK)
    claims: set[str] = set()
    for statement in transcript.statements:
        year = year_of(statement)
        by = SpeakerContext(
            name=statement.speaker, others=tuple(name for name in names if name != statement.speaker), year=year
        )
        past = past_estimates(statement.fields, year, claims)
        claims.update(claims_in(statement.fields))
        yield frozenset(finding.sign for finding in find_drift(statement.text, by, past=past, earlier=[*earlier]))
        earlier.append(statement.text)


def _private_replies(notes: PrivateNotes) -> Iterator[Stance | Line | Minutes]:
    """What came of each reply that a party kept to itself in a turn."""
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


def _counts_of(statement: Statement) -> dict[str, int]:
    """What a turn adds to the counts of its speaker, signs left aside."""
    is_made, source = bool(statement.text), statement.source
    return {
        "turns": 1,
        "no_statement": int(not is_made),
        "repairs": statement.repairs,
        "sorted_percentiles": int(is_made and bool(statement.sorted_fields)),
        "mended": int(is_made and bool(statement.mended)),
        "out_of_turn": int(source is not None and source.out_of_turn),
        "out_of_year": int(source is not None and source.out_of_year),
        **(_counts_in_private(_private_replies(statement.private)) if statement.private is not None else {}),
    }


def _counts_in_private(replies: Iterable[Stance | Line | Minutes]) -> dict[str, int]:
    all_replies = list(replies)
    return {
        "repairs_in_private": sum(reply.repairs for reply in all_replies),
        "mended_in_private": sum(bool(reply.mended) for reply in all_replies),
    }
