"""How much the members of private debates disagree, and whether they keep to it.

The measures follow the project's reading of the literature on simulated groups: personas in a prompt hardly move
outcomes (Lamparth et al., arXiv 2403.03407), and groups that begin opposed collapse into agreement in most cases
(arXiv 2509.23055). All are computed from recorded fields, never from the likeness of texts: opposite sentences lie
close together for an embedding.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log2
from statistics import fmean, pstdev

from converse_graph.measures.deliberations import (
    HeldDeliberation,
    changes,
    iter_deliberations,
    last_or_none,
    normalise,
    positions_by_pass,
    table_talk,
)
from converse_graph.record.transcript import Deliberation, Transcript
from converse_graph.scenarios.value import FrozenModel

ENOUGH_DEBATES = 3
"""Fewer debates than these say nothing about whether a run only agrees."""

AGREES = 0.8
"""The share of debates without a second position from which on a run is said to only agree."""


class DebateRound(FrozenModel):
    """All debates at the same point: after each member's first line, its second, and so on."""

    number: int
    """From 1."""
    debates: int
    """How many debates got this far."""
    entropy: float
    """Mean of the Shannon entropy of the positions, in bits: 0 where all hold the same, log2(n) where n differ."""
    spread: float | None
    """Mean standard deviation of the positions on a scale of -2 to +2, over debates whose motion has options; 0 to 2.
    None where there is none."""


class Disagreement(FrozenModel):
    """Disagreement in the private debates of a run."""

    debates: int
    """How many conversations took a position at all."""
    began_divided: int
    """In how many of them the members' first positions were two or more."""
    collapsed: int
    """How many of those ended with one position."""
    collapse_rate: float | None
    """`collapsed` over `began_divided`; None where no debate began divided."""
    unanimous: int
    """Debates in which nobody ever took a second position, dissent that was called in left aside."""
    changes: int
    """Times that a member left the position it had held."""
    unjustified: int | None
    """Changes that named no new fact; None where no debate asked for one."""
    justifiable: int
    """Changes in debates that ask for a new fact: what `unjustified` is a part of."""
    converged: int | None
    """Debates whose members wrote down two or more positions before they heard the others, and spoke for one in the
    end; None where none were written."""
    ballots: int
    """Secret ballots cast."""
    ballot_gap: float | None
    """Share of ballots that differ from the position that their caster last spoke for; None without ballots."""
    decisions_followed: float | None
    """Share of statements and lines after a decision that take the position it decided for; None where none did."""
    dissenters: int
    """Lines that were asked for as dissent."""
    passes: tuple[DebateRound, ...]

    @property
    def only_agrees(self) -> bool:
        """Whether the members did little else than agree: in 80 % of three debates or more."""
        return agrees_alone(self.unanimous, self.debates)


def disagreement(transcript: Transcript) -> Disagreement | None:
    """Measure the disagreement in a run's private debates; None where nobody took a position in one.

    Args:
        transcript: The reader's edition: the public record has no debates.
    """
    talks = [talk for talk in iter_deliberations(transcript) if positions_by_pass(talk.deliberation)]
    if not talks:
        return None
    return _measured([talk.deliberation for talk in talks], share_followed=_mean(_followed(transcript, talks)))


def unanimous_debates(transcript: Transcript) -> tuple[int, int]:
    """Count `unanimous` and `debates` of a run, and nothing else of its disagreement.

    Args:
        transcript: The reader's edition: the public record has no debates.

    Returns:
        Debates in which nobody ever took a second position, and all in which somebody took one.
    """
    unanimous = debates = 0
    for talk in iter_deliberations(transcript):
        if positions_by_pass(talk.deliberation):
            debates += 1
            unanimous += _is_unanimous(talk.deliberation)
    return unanimous, debates


def agrees_alone(unanimous: int, debates: int) -> bool:
    """Tell whether the members of a run did little else than agree: in 80 % of three debates or more.

    Args:
        unanimous: Debates in which nobody ever took a second position.
        debates: All of them.
    """
    return debates >= ENOUGH_DEBATES and unanimous >= AGREES * debates


def table_disagreement(transcript: Transcript) -> Disagreement | None:
    """Measure the disagreement on the motion before the table, as of one conversation; None where there is none.

    Args:
        transcript: The public record will do; without the private parts nothing is known of what was written down
            first, nor of ballots.
    """
    talk = table_talk(transcript)
    return _measured([talk], share_followed=None) if talk and positions_by_pass(talk) else None


def _measured(debates: Sequence[Deliberation], *, share_followed: float | None) -> Disagreement:
    ends = [(positions[0], positions[-1]) for positions in map(positions_by_pass, debates)]
    divisions = [end for begin, end in ends if len(set(begin.values())) > 1]
    collapses = sum(len(set(end.values())) == 1 for end in divisions)
    moves = [(debate, has_reason) for debate in debates for _, has_reason in changes(debate)]
    reasons_asked = [has_reason for debate, has_reason in moves if "justify_changes" in debate.rules]
    any_asked = any("justify_changes" in debate.rules for debate in debates)
    gaps = [gap for debate in debates for gap in _ballot_gaps(debate)]
    return Disagreement(
        debates=len(debates),
        began_divided=len(divisions),
        collapsed=collapses,
        collapse_rate=collapses / len(divisions) if divisions else None,
        unanimous=sum(_is_unanimous(debate) for debate in debates),
        changes=len(moves),
        unjustified=reasons_asked.count(False) if any_asked else None,
        justifiable=len(reasons_asked),
        converged=_converged(debates),
        ballots=len(gaps),
        ballot_gap=fmean(gaps) if gaps else None,
        decisions_followed=share_followed,
        dissenters=sum(line.dissents for debate in debates for line in debate.lines),
        passes=_passes(debates),
    )


def entropy(positions: Sequence[str]) -> float:
    """Shannon entropy of how positions are shared out, in bits: -sum of p log2 p (Shannon 1948)."""
    shares = [count / len(positions) for count in Counter(positions).values()]
    return max(0.0, -sum(share * log2(share) for share in shares))


def spread(positions: Sequence[str], options: Sequence[str]) -> float:
    """Standard deviation of positions, of the population, with the options evenly from -2 (first) to +2 (last)."""
    step = 4 / (len(options) - 1)
    return pstdev(-2 + step * options.index(position) for position in positions)


def _passes(debates: Sequence[Deliberation]) -> tuple[DebateRound, ...]:
    by_debate = [(debate, positions_by_pass(debate)) for debate in debates]
    rows = []
    for number in range(max(len(passes) for _, passes in by_debate)):
        here = [(debate, list(passes[number].values())) for debate, passes in by_debate if len(passes) > number]
        spreads = [
            spread(positions, debate.options) for debate, positions in here if _on_scale(positions, debate.options)
        ]
        rows.append(
            DebateRound(
                number=number + 1,
                debates=len(here),
                entropy=fmean(entropy(positions) for _, positions in here),
                spread=fmean(spreads) if spreads else None,
            )
        )
    return tuple(rows)


def _on_scale(positions: Sequence[str], options: Sequence[str]) -> bool:
    return len(options) > 1 and all(position in options for position in positions)


def _is_unanimous(debate: Deliberation) -> bool:
    positions = [stance.position for stance in (*debate.private_positions, *debate.ballots)]
    final = [line.position for line in debate.lines if not line.dissents]
    return len({normalise(debate, position) for position in (*positions, *final) if position}) == 1


def _converged(debates: Sequence[Deliberation]) -> int | None:
    debates_asked = [debate for debate in debates if debate.private_positions]
    positions = [
        (debate, {normalise(debate, s.position) for s in debate.private_positions if s.position})
        for debate in debates_asked
    ]
    final_sets = [set(positions_by_pass(debate)[-1].values()) for debate in debates_asked]
    pairs = zip(positions, final_sets, strict=True)
    return sum(len(before) > 1 and len(after) == 1 for (_, before), after in pairs) if debates_asked else None


def _ballot_gaps(debate: Deliberation) -> Iterable[bool]:
    last_positions = last_or_none(positions_by_pass(debate)) or {}
    for ballot in debate.ballots:
        if ballot.position and ballot.speaker in last_positions:
            yield normalise(debate, ballot.position) != last_positions[ballot.speaker]


def _followed(transcript: Transcript, talks: Sequence[HeldDeliberation]) -> Iterable[bool]:
    notes = [statement.private.follows_decision for statement in transcript.statements if statement.private]
    notes += [line.follows_decision for talk in talks for line in talk.deliberation.lines]
    return [follows for follows in notes if follows is not None]


def _mean(flags: Iterable[bool]) -> float | None:
    values = list(flags)
    return fmean(values) if values else None
