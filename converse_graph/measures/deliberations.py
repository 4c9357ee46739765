"""The private conversations of a transcript, in the order in which they were held, and the talk of one read closely."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from converse_graph.record.transcript import Deliberation, Line, Statement, Transcript
from converse_graph.scenarios.deliberation_rules import normalise_position
from converse_graph.scenarios.speaker_paths import join_path

Position = TypeVar("Position")


@dataclass(frozen=True, kw_only=True)
class HeldDeliberation:
    """A private conversation and where it was held."""

    statement: Statement
    """The turn that it belongs to."""
    path: str
    """Inside whom, such as "OpenAI" or "OpenAI/CEO"."""
    deliberation: Deliberation


def iter_deliberations(transcript: Transcript) -> Iterator[HeldDeliberation]:
    """Every private conversation, each before those held inside its members."""
    for statement in transcript.statements:
        if statement.private is not None and statement.private.deliberation is not None:
            yield from _within(statement, statement.speaker, statement.private.deliberation)


def _within(statement: Statement, path: str, talk: Deliberation) -> Iterator[HeldDeliberation]:
    yield HeldDeliberation(statement=statement, path=path, deliberation=talk)
    for line in talk.lines:
        if line.deliberation is not None:
            yield from _within(statement, join_path(path, line.speaker), line.deliberation)


def table_talk(transcript: Transcript) -> Deliberation | None:
    """The root table as a conversation that settles its motion; None where there is none.

    Its lines are the statements of the parties that take a stand, with their public stances; what they wrote down
    first and their ballots are there in the reader's edition alone.
    """
    motion = transcript.header.motion
    if motion is None:
        return None
    voters = {party.name for party in transcript.header.cast if motion.concerns(party.kind)}
    statements = [statement for statement in transcript.statements if statement.speaker in voters]
    vote = last_or_none(transcript.header.votes)
    return Deliberation(
        motion=motion.question,
        options=motion.options,
        rules=motion.rules,
        private_positions=tuple(
            one.private.initial_stance for one in statements if one.private and one.private.initial_stance
        ),
        lines=tuple(
            Line(
                speaker=statement.speaker,
                text=statement.text,
                position=statement.fields.get("stance"),
                new_fact=statement.fields.get("new_fact"),
                dissents=statement.dissents,
            )
            for statement in statements
        ),
        ballots=vote.ballots if vote else (),
    )


def normalise(talk: Deliberation, position: str) -> str:
    """A position as it is counted: to the letter where the motion has options, else without case and punctuation."""
    return position if talk.options else normalise_position(position)


def positions_by_pass(talk: Deliberation) -> list[dict[str, str]]:
    """Where each member stood after its first line, its second, and so on; a pass for as long as anybody has one.

    A member without a further line stays where it was; dissent that was called in is nobody's own position.
    """
    own: dict[str, list[str]] = {}
    for line in talk.lines:
        if line.position and line.position.strip() and not line.dissents:
            own.setdefault(line.speaker, []).append(normalise(talk, line.position))
    longest = max(map(len, own.values()), default=0)
    return [
        {name: positions[min(number, len(positions) - 1)] for name, positions in own.items()}
        for number in range(longest)
    ]


def changes(talk: Deliberation) -> Iterator[tuple[Line, bool]]:
    """The lines in which a member leaves the position it held, and whether each names a new fact.

    A fact is new when nobody has named it in this conversation before, apart from case, spaces and punctuation.
    Where members wrote positions down before they heard the others, those are where they begin. A line that was
    asked for as dissent is no change of mind, and neither is the return from it.
    """
    current = {
        stance.speaker: normalise(talk, stance.position)
        for stance in talk.private_positions
        if stance.position and stance.position.strip()
    }
    names: set[str] = set()
    for line in talk.lines:
        fact = normalise_position(line.new_fact) if line.new_fact and re.search(r"\w", line.new_fact) else ""
        if line.position and line.position.strip() and not line.dissents:
            position = normalise(talk, line.position)
            if current.get(line.speaker, position) != position:
                yield line, bool(fact) and fact not in names and fact not in _NO_FACT
            current[line.speaker] = position
        names.add(fact)


_NO_FACT = frozenset({"none", "null", "no", "n a", "n/a", "nothing", "no new fact", "unknown"})


def last_or_none(items: Sequence[Position]) -> Position | None:
    """The last of them; None where there is none."""
    return items[-1] if items else None
