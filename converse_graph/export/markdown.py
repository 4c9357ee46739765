"""A transcript as Markdown: a section a year, what was said open and what is private folded, the header at the end.

The layout is a grammar as well as a page, and nothing is lost in it: the tests read it back. Blocks are parted by empty
lines. A block that begins with a tag, a dash, `**` or `*` is structure; whatever a party wrote has these escaped, so
that nobody can take it for structure. Rounds and turns are counted from 1 here, as people do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Literal

from converse_graph.export.front_matter import front_matter, whole_header
from converse_graph.export.markdown_escaping import heading, html, inline, prose
from converse_graph.export.markdown_fields import bullets, label
from converse_graph.export.markdown_verdicts import verdict_blocks
from converse_graph.export.overview import count_in_words, introduction, section, years
from converse_graph.record.transcript import (
    Change,
    Decision,
    Deliberation,
    Line,
    Minutes,
    PrivateNotes,
    Stance,
    Statement,
    StatementSource,
    Transcript,
    WorldMove,
    WorldRound,
)
from converse_graph.record.verdict import Verdict

OPEN, CLOSE = "<details>", "</details>"
INDENT, OUTDENT = "<blockquote>", "</blockquote>"
"""Around what is private, so that the eye sees how deep it is nested."""
FOLLOWS = {
    True: "*This is what the private conversation decided.*",
    False: "*This is not what the private conversation decided.*",
}
"""How the record says whether a position follows the decision."""
DISSENTS = "*Called on to argue against what all had agreed on.*"
"""How the record says that a line was asked for as dissent."""
BEFORE = "before the others were heard"
BALLOT = "on the secret ballot"
"""When a stance was written down."""
MINUTES = "in the minutes"
"""How what the chair wrote down is told from a line."""
HIDDEN = "🔒 Hidden until the end"
"""The summary of what a world kept from parties."""
NO_DECISION = "**No decision:** nobody took a position."
NOTHING_NOTED = "*Nothing noted.*"
Mode = Literal["debate", "imagined"]
KINDS: dict[Mode, str] = {"debate": "Debate", "imagined": "Imagined debate"}
"""How a deliberation is called, by its mode."""


def render_markdown(transcript: Transcript) -> str:
    """The transcript as Markdown: the reader's edition where its statements have a private part, else the public one.

    The same transcript always gives the same text, and the reader of the tests gives the same transcript back.

    Args:
        transcript: The public record, or the reader's edition.

    Raises:
        InvalidValue: A field or a dial holds something that JSON has not, such as a set or a date.
    """
    return "\n".join(markdown_lines(transcript))


def markdown_lines(transcript: Transcript) -> Iterator[str]:
    """The same line by line, as they are made; what a party wrote may have more lines in one of them.

    Args:
        transcript: The public record, or the reader's edition.
    """
    header, statements = transcript.header, transcript.statements
    world = _WorldByRound(transcript.world)
    edition = "reader" if any(statement.private for statement in statements) else "public"
    yield from front_matter(header, edition=edition, statements=len(statements))
    yield from ("", f"# {heading((header.title or header.scenario).rstrip('.') + years(statements))}", "")
    yield from (*introduction(transcript, edition=edition), "")
    by_readers, by_chance = _parted(transcript.verdicts)
    yield from verdict_blocks(by_readers, statements=len(statements))
    yield from world.lines(-1)
    for name, group in groupby(statements, key=lambda statement: section(statement.period)):
        yield from (f"## {heading(name)}", "")
        for round, statements_made in groupby(group, key=lambda statement: statement.round):
            for statement in statements_made:
                yield from _statement(statement)
            yield from world.lines(round)
    yield from world.rest()
    yield from verdict_blocks(by_chance, statements=len(statements))
    yield from whole_header(header)


def _parted(verdicts: Sequence[Verdict]) -> tuple[Sequence[Verdict], Sequence[Verdict]]:
    """Verdicts for the top of a page, and those from the null model's first on, which is chance, for its end."""
    first = next((at for at, one in enumerate(verdicts) if one.model.partition(":")[0] == "null"), len(verdicts))
    return verdicts[:first], verdicts[first:]


class _WorldByRound:
    """The boxes of a world, each to be put after its round; what is of a round that nobody spoke in comes last."""

    def __init__(self, world: Iterable[WorldRound]) -> None:
        """Take the world after each round, in order."""
        self._coming = iter(world)
        self._next = next(self._coming, None)
        self._left: list[WorldRound] = []

    def lines(self, round: int) -> Iterator[str]:
        """The box of a round, where there is one."""
        while self._next is not None and self._next.round <= round:
            after, self._next = self._next, next(self._coming, None)
            if after.round == round:
                yield from _world(after)
            else:
                self._left.append(after)

    def rest(self) -> Iterator[str]:
        """The boxes that are left."""
        for after in (*self._left, *([self._next] if self._next else ())):
            yield from _world(after)
        for after in self._coming:
            yield from _world(after)


def _world(after: WorldRound) -> Iterator[str]:
    """The box of a round: the state, who was seen doing what, and in the reader's edition what stayed hidden."""
    when = f"after round {after.round + 1}" if after.round >= 0 else "before round 1"
    yield from _opening(f"<b>World</b> · {html(after.period)} · {when}")
    yield from _world_state(after.state, after.moves)
    if after.happened:
        yield from _block(f"*Happened so far: {_joined_names(after.happened)}.*")
    if after.hidden is not None:
        yield from _opening(HIDDEN, INDENT)
        yield from _world_state(after.hidden.state, after.hidden.moves)
        yield from _block(*(f"- {_change(change)}" for change in after.hidden.changes))
        yield from _block(OUTDENT, CLOSE)
    yield from _block(CLOSE)


def _world_state(state: Mapping[str, Mapping[str, float]], moves: Sequence[WorldMove]) -> Iterator[str]:
    """The variables, without owners that have none here, and the moves."""
    yield from _block(*(bullets({owner: dict(values) for owner, values in state.items() if values})))
    yield from _block(*(f"- {_move(move)}" for move in moves))


def _move(move: WorldMove) -> str:
    became = f"illegal: {inline(move.reason)}" if not move.is_legal else "seen" if move.is_seen else "not seen"
    return f"**{label(move.party)}** did {inline(move.move)} ({became})"


def _change(change: Change) -> str:
    amount = f"{change.operation} `{change.amount!r}`"
    return f"**{label(change.owner)}** {inline(change.variable)}: `{change.by!r}` by {inline(change.cause)} ({amount})"


def _statement(statement: Statement) -> Iterator[str]:
    silent = "" if statement.text else " · no statement"
    place = f"round {statement.round + 1}, turn {statement.turn + 1}{silent}"
    yield from _block(f"### {_in_heading(statement.speaker)} · {_in_heading(statement.period)} · {place}")
    if statement.text:
        yield from _block(prose(statement.text))
    yield from _problem("No statement" if not statement.text else "Problem", statement.problem)
    if statement.fields:
        yield from _block(*bullets(statement.fields))
    if statement.sorted_fields:
        names = ", ".join(label(name).replace(",", "&#44;") for name in statement.sorted_fields)
        yield from _block(f"*Percentiles put in order by code: {names}.*")
    yield from _mended(statement.mended)
    if statement.dissents:
        yield from _block(DISSENTS)
    yield from _repairs(statement.repairs)
    if statement.source is not None:
        yield from _block(_source(statement.source))
    if statement.private is not None:
        yield from _private(statement.private, statement.speaker)


def _in_heading(text: str) -> str:
    """A text in a heading that is read back: the dot between its parts is never the text's own."""
    return inline(text).replace("·", "&#183;")


def _source(source: StatementSource) -> str:
    """Where a statement stands in the file that it was imported from, and whether it is out of place there."""
    label_words = f", labelled {inline(source.label)}" if source.label else ""
    strays = (", out of turn" if source.out_of_turn else "") + (", out of its year" if source.out_of_year else "")
    return f"*Line {source.line} of the file{label_words}{strays}.*"


def _private(private: PrivateNotes, speaker: str) -> Iterator[str]:
    yield from _opening(f"🔒 Private to {html(speaker)}", INDENT)
    if private == PrivateNotes():
        yield from _block(NOTHING_NOTED)
    if private.memo:
        yield from _block(f"**Memo:** {inline(private.memo)}")
    if private.conclusions:
        yield from _block(*bullets({"conclusions": private.conclusions}))
    yield from _position(private.position, private.follows_decision)
    if private.initial_stance is not None:
        yield from _stance(private.initial_stance, BEFORE)
    if private.deliberation is not None:
        yield from _deliberation(private.deliberation, f"before {speaker} spoke")
    yield from _block(OUTDENT, CLOSE)


def _deliberation(talk: Deliberation, where: str) -> Iterator[str]:
    yield from _opening(f"🔒 {KINDS[talk.mode]} {html(where)}: {count_in_words(len(talk.lines), 'line')}", INDENT)
    yield from _block(f"**Motion:** {inline(talk.motion)}")
    settings = {"options": talk.options, "rules": talk.rules}
    yield from _block(*bullets({name: value for name, value in settings.items() if value}))
    for stance in talk.private_positions:
        yield from _stance(stance, BEFORE)
    for number, line in enumerate(talk.lines, 1):
        yield from _line(number, line)
    for stance in talk.ballots:
        yield from _stance(stance, BALLOT)
    yield from _decision(talk.decision)
    if talk.minutes is not None:
        yield from _minutes(talk.minutes)
    yield from _block(OUTDENT, CLOSE)


def _line(number: int, line: Line) -> Iterator[str]:
    yield from _block(f"**{number} · {label(line.speaker)}:** {prose(line.text)}".rstrip(" "))
    yield from _problem("No usable reply" if not line.text else "Problem", line.problem)
    yield from _position(line.position, line.follows_decision)
    if line.new_fact is not None:
        yield from _block(f"**New fact:** {inline(line.new_fact)}")
    if line.dissents:
        yield from _block(DISSENTS)
    yield from _mended(line.mended)
    yield from _repairs(line.repairs)
    if line.deliberation is not None:
        yield from _deliberation(line.deliberation, f"inside {line.speaker}, before line {number}")


def _stance(stance: Stance, when: str) -> Iterator[str]:
    yield from _block(f"**{label(stance.speaker)}, {when}:** {prose(stance.reason)}".rstrip(" "))
    yield from _problem("Problem", stance.problem)
    yield from _position(stance.position, None)
    yield from _mended(stance.mended)
    yield from _repairs(stance.repairs)


def _decision(decision: Decision | None) -> Iterator[str]:
    if decision is None:
        yield from _block(NO_DECISION)
        return
    yield from _block(f"**Decision:** {inline(decision.position)}")
    counts = {"votes": decision.votes, "reasons": decision.reasons, "dissent": decision.dissent}
    yield from _block(*bullets({name: value for name, value in counts.items() if value}))


def _minutes(minutes: Minutes) -> Iterator[str]:
    yield from _block(f"**{label(minutes.speaker)}, {MINUTES}:** {prose(minutes.decided)}".rstrip(" "))
    parts = {"actions": minutes.actions, "open_questions": minutes.open_questions}
    yield from _block(*bullets({name: value for name, value in parts.items() if value}))
    yield from _problem("Problem", minutes.problem)
    yield from _mended(minutes.mended)
    yield from _repairs(minutes.repairs)


def _problem(name: str, problem: str | None) -> Iterator[str]:
    if problem is not None:
        yield from _block(f"**{name}:** {inline(problem)}")


def _position(position: str | None, follows: bool | None) -> Iterator[str]:
    if position is not None:
        yield from _block(f"**Position:** {inline(position)}")
    if follows is not None:
        yield from _block(FOLLOWS[follows])


def _joined_names(names: Iterable[str]) -> str:
    return ", ".join(inline(name).replace(",", "&#44;") for name in names)


def _mended(repairs: Iterable[str]) -> Iterator[str]:
    names = _joined_names(repairs)
    if names:
        yield from _block(f"*Read, though not quite as asked for: {names}.*")


def _repairs(repairs: int) -> Iterator[str]:
    if repairs:
        yield from _block(f"*Sent back {count_in_words(repairs, 'time')}, as it did not fit its form.*")


def _opening(summary: str, *more: str) -> Iterable[str]:
    return _block(OPEN, f"<summary>{summary}</summary>", *more)


def _block(*lines: str) -> Iterable[str]:
    return (*lines, "") if lines else ()
