"""Puts the statements of a file into rounds, and tells who spoke out of turn or out of its year.

Their order stays. A label that does not fit the order, such as 2031 between 2026 and 2027, is out of its year: of all
labels the most that can stand in order are taken for right, and the others stand in the round of the one before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from converse_graph.imports.parsed_transcript import ParsedStatement
from converse_graph.imports.period_labels import PeriodLabel, infer_clock, read_label, round_in
from converse_graph.scenarios.clock import Clock

_MIN_ROUNDS = 3
"""Rounds that must show the same order before a speaker can be out of it."""


@dataclass(frozen=True, kw_only=True)
class PlacedStatement:
    """A statement with its place in a run."""

    statement: ParsedStatement
    round: int
    turn: int
    is_out_of_turn: bool
    """Whether its speaker had spoken in the round already, or speaks against an order that the others keep."""
    is_out_of_year: bool
    """Whether its label names another period than the statements around it have."""


def place_statements(
    statements: Sequence[ParsedStatement], *, start: int | None = None
) -> tuple[Clock, tuple[PlacedStatement, ...]]:
    """Put statements into the rounds of a clock.

    Args:
        statements: In the order of the file.
        start: The first year; None for the first that is labelled, and for plain rounds where none is.

    Raises:
        InvalidValue: Labels are years as well as rounds.
    """
    labels = [read_label(statement.label) for statement in statements]
    counts = _count_rounds([statement.speaker for statement in statements])
    clock = infer_clock(labels, counts[-1] + 1, start)
    rounds, strays = _labelled_rounds(labels, clock) if any(labels) else (counts, set[int]())
    placed = list(_with_turns(statements, rounds))
    out_of_turn = _repeated_speakers(placed) | _out_of_order(placed)
    return clock, tuple(
        PlacedStatement(
            statement=statement,
            round=round,
            turn=turn,
            is_out_of_turn=number in out_of_turn,
            is_out_of_year=number in strays,
        )
        for number, (statement, round, turn) in enumerate(placed)
    )


def _count_rounds(speakers: Sequence[str]) -> list[int]:
    """The rounds of statements without labels: one is over once somebody speaks again who is not just going on."""
    rounds: list[int] = []
    current, spoken = 0, set[str]()
    for number, speaker in enumerate(speakers):
        goes_on = number > 0 and speakers[number - 1] == speaker
        if speaker in spoken and not goes_on:
            current, spoken = current + 1, set[str]()
        spoken.add(speaker)
        rounds.append(current)
    return rounds


def _labelled_rounds(labels: Sequence[PeriodLabel | None], clock: Clock) -> tuple[list[int], set[int]]:
    """The round of each statement, and which have a label that does not fit the others."""
    first = min((label.at for label in labels if label and label.step == "round"), default=1)
    label_rounds = [None if label is None else round_in(clock, label, first) for label in _refined(labels)]
    located = [(number, round) for number, round in enumerate(label_rounds) if round is not None and round >= 0]
    fits = {located[place][0] for place in _longest_rise([round for _, round in located])}
    rounds: list[int] = []
    for number, round in enumerate(label_rounds):
        rounds.append(round if number in fits and round is not None else rounds[-1] if rounds else 0)
    return rounds, {number for number, round in enumerate(label_rounds) if round is not None and number not in fits}


def _refined(labels: Sequence[PeriodLabel | None]) -> Iterator[PeriodLabel | None]:
    """The labels; a plain year after one of its quarters or months means that one still."""
    last: PeriodLabel | None = None
    for label in labels:
        is_same = label and last and label.step == "year" and last.step != "round" and label.at // 12 == last.at // 12
        last = last if is_same or label is None else label
        yield last if is_same else label


def _longest_rise(values: Sequence[int]) -> list[int]:
    """The places of a longest subsequence that never falls (patience sorting)."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        pile = bisect_right(tails, value)
        before.append(ends[pile - 1] if pile else -1)
        tails[pile : pile + 1] = [value]
        ends[pile : pile + 1] = [place]
    rise = []
    place = ends[-1] if ends else -1
    while place >= 0:
        rise.append(place)
        place = before[place]
    return rise[::-1]


def _with_turns(
    statements: Sequence[ParsedStatement], rounds: Sequence[int]
) -> Iterator[tuple[ParsedStatement, int, int]]:
    for round, members in groupby(zip(statements, rounds, strict=True), key=lambda pair: pair[1]):
        for turn, (statement, _) in enumerate(members):
            yield statement, round, turn


def _repeated_speakers(placed: Sequence[tuple[ParsedStatement, int, int]]) -> set[int]:
    pairs = [(round, statement.speaker) for statement, round, _ in placed]
    pairs_before: set[tuple[int, str]] = set()
    repeated = set()
    for number, pair in enumerate(pairs):
        if pair in pairs_before:
            repeated.add(number)
        pairs_before.add(pair)
    return repeated


def _out_of_order(placed: Sequence[tuple[ParsedStatement, int, int]]) -> set[int]:
    """Who speaks against the order of most rounds, where most rounds have one and the same."""
    rounds = [
        [(number, statement.speaker) for number, (statement, _, _) in members]
        for _, members in groupby(enumerate(placed), key=lambda pair: pair[1][1])
    ]
    orders = Counter(tuple(dict.fromkeys(speaker for _, speaker in members)) for members in rounds)
    order, count = orders.most_common(1)[0]
    if count < _MIN_ROUNDS or 2 * count <= len(rounds) or len(order) < 2:
        return set()
    ranks = {speaker: rank for rank, speaker in enumerate(order)}
    strays: set[int] = set()
    for members in rounds:
        ranked = [(number, ranks[speaker]) for number, speaker in members if speaker in ranks]
        in_order = {ranked[place][0] for place in _longest_rise([rank for _, rank in ranked])}
        strays |= {number for number, _ in ranked if number not in in_order}
    return strays
