"""Markdown that `render_markdown` wrote, back to the same transcript: one function for each part of the page."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from converse_graph.errors import InvalidValue
from converse_graph.export.front_matter import read_front_matter, read_whole_header
from converse_graph.export.markdown import (
    BALLOT,
    BEFORE,
    DISSENTS,
    FOLLOWS,
    HIDDEN,
    KINDS,
    MINUTES,
    NO_DECISION,
    NOTHING_NOTED,
    Mode,
)
from converse_graph.export.markdown_escaping import read_html, read_inline, read_prose
from converse_graph.export.markdown_fields import read_bullets, read_label
from converse_graph.export.markdown_verdicts import MARK
from converse_graph.record.transcript import (
    Change,
    Decision,
    Deliberation,
    HiddenWorld,
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
from converse_graph.scenarios.world_tables import WORLD
from tests.support.markdown_blocks import Block, cut
from tests.support.markdown_verdict_reader import read_verdict

MAX_DEPTH = 60
"""How deep private conversations may be nested in a file that is read."""

_STATEMENT = re.compile(r"### ([^·\n]*) · ([^·\n]*) · round (-?[0-9]{1,9}), turn (-?[0-9]{1,9})(?: · no statement)?")
_VERDICTS = ("### Verdict", "### Verdicts")
_LINE = re.compile(r"\*\*([0-9]{1,9}) · ((?:[^\\*\n]|\\.)*):\*\*(?: ([^\n].*))?", re.DOTALL)
_STANCE = r"\*\*((?:[^\\*\n]|\\.)*), {when}:\*\*(?: ([^\n].*))?"
_MINUTES = re.compile(_STANCE.format(when=re.escape(MINUTES)), re.DOTALL)
_SORTED = re.compile(r"\*Percentiles put in order by code: ((?:[^\\*\n]|\\.)*)\.\*")
_MENDED = re.compile(r"\*Read, though not quite as asked for: ((?:[^\\*\n]|\\.)*)\.\*")
_SOURCE = re.compile(r"\*Line ([0-9]{1,9}) of the file(?:, labelled ([^,]*))?(, out of turn)?(, out of its year)?\.\*")
_REPAIRS = re.compile(r"\*Sent back (-?[0-9]{1,9}) times?, as it did not fit its form\.\*")
_WORLD = re.compile(r"<b>World</b> · ([^<]*) · (?:after round ([0-9]{1,9})|before round 1)")
_NAME = r"\*\*((?:[^\\*\n]|\\.)+)\*\*"
_TEXT = r"((?:[^\\`\n]|\\.)*)"
_MOVE = re.compile(rf"- {_NAME} did {_TEXT} \((?:(seen)|(not seen)|illegal: {_TEXT})\)")
_CHANGE = re.compile(rf"- {_NAME} {_TEXT}: `([^`]*)` by {_TEXT} \((add|multiply|set) `([^`]*)`\)")
_HAPPENED = re.compile(r"\*Happened so far: ((?:[^\\*\n]|\\.)*)\.\*")
_MODES: tuple[tuple[str, Mode], ...] = tuple((f"🔒 {name} ", mode) for mode, name in KINDS.items())
_PRIVATE = "🔒 Private to "
_STRUCTURE = ("*", "#", ">", "|", "<", "`")

Read = TypeVar("Read")


def read_markdown(text: str) -> Transcript:
    """The transcript behind a page, from what the page shows.

    Headings, the introduction and the summary lines above the statements say nothing that is not said elsewhere, and
    are passed over.

    Args:
        text: What `render_markdown` gave, of either edition; line ends of any system.

    Raises:
        InvalidValue: The text is no transcript, is cut, or was changed so that it says nothing clear; the message
            names the line.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    promised, start = read_front_matter(lines)
    header, end = read_whole_header(lines)
    page = _Page(cut(lines[start:end], first=start + 1), [WORLD, *(party.name for party in header.cast)])
    verdicts = page.verdicts()
    statements = tuple(page.statements())
    verdicts += page.verdicts()
    page.end()
    if len(statements) != promised:
        raise page.now.complaint(
            f"{len(statements)} statements, where the front matter says {promised}; the file was cut or added to"
        )
    world = tuple(sorted(page.world, key=lambda after: after.round))
    return Transcript(header=header, statements=statements, verdicts=tuple(verdicts), world=world)


class _Page:
    """A place in the blocks of a page, which moves on with what is read."""

    def __init__(self, blocks: list[Block], owners: list[str]) -> None:
        self._blocks = blocks
        self._owners = owners
        self.world: list[WorldRound] = []
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Block:
        return self._blocks[self._at]

    def take(self) -> Block:
        block = self.now
        self._at += 1
        return block

    def verdicts(self) -> list[Verdict]:
        found = []
        while self.now.kind not in ("end", "close") and not self.now.text.startswith("## "):
            if self.now.kind != "open":
                self.take()
            elif self.now.text.startswith(MARK):
                found.append(read_verdict(self))
            elif _WORLD.fullmatch(self.now.text):
                self.world.append(self.world_round())
            else:
                break
        return found

    def statements(self) -> list[Statement]:
        found = []
        in_section = False
        while self.now.kind != "end":
            if self.now.text in _VERDICTS:
                break
            if self.now.kind == "open" and _WORLD.fullmatch(self.now.text):
                self.world.append(self.world_round())
                continue
            if self.now.kind == "text" and self.now.text.startswith("### "):
                found.append(self.statement())
                continue
            block = self.take()
            if block.kind == "open":
                raise block.complaint(f"{block.text[:60]!r} is nothing that a transcript has in this place")
            is_section = block.text.startswith("## ")
            in_section = in_section or is_section
            if block.kind == "close" or (in_section and block.kind == "text" and not is_section):
                raise block.complaint("text or a tag that belongs to no statement; a transcript has none here")
        return found

    def statement(self) -> Statement:
        opening = self.take()
        found = _STATEMENT.fullmatch(opening.text)
        if found is None:
            raise opening.complaint("no heading of a statement, such as ### Union · 2026 · round 1, turn 1")
        statement = Statement(
            speaker=_decoded(opening, read_inline, found[1]),
            period=_decoded(opening, read_inline, found[2]),
            round=int(found[3]) - 1,
            turn=int(found[4]) - 1,
            text=self.prose([]),
            problem=self.labelled("No statement", "Problem"),
            fields=self.bullets(),
            sorted_fields=self.listed(_SORTED, read_label),
            mended=self.listed(_MENDED, read_inline),
            dissents=self.dissents(),
            repairs=self.repairs(),
            source=self.source(),
            private=self.private(),
        )
        is_world = self.now.kind == "open" and _WORLD.fullmatch(self.now.text)
        if self.now.kind != "end" and not self.now.text.startswith("##") and not is_world:
            shown = self.now.text.split("\n")[0][:60]
            raise self.now.complaint(f"{shown!r} is nothing that a transcript has in this place")
        return statement

    def end(self) -> None:
        """The end of the page."""
        if self.now.kind != "end":
            raise self.now.complaint("text or a tag that belongs to no statement; a transcript has none here")

    def world_round(self) -> WorldRound:
        opening = self.take()
        found = _WORLD.fullmatch(opening.text)
        assert found is not None
        after = WorldRound(
            round=int(found[2] or 0) - 1,
            period=_decoded(opening, read_html, found[1]),
            state=self.state(),
            moves=self.moves(),
            happened=self.listed(_HAPPENED, read_inline),
            hidden=self.hidden(),
        )
        self.close(opening)
        return after

    def hidden(self) -> HiddenWorld | None:
        if self.now.kind != "open" or self.now.text != HIDDEN:
            return None
        opening = self.take()
        hidden = HiddenWorld(state=self.state(), moves=self.moves(), changes=self.changes())
        self.close(opening)
        return hidden

    def state(self) -> dict[str, dict[str, float]]:
        """The variables by owner; the page leaves out owners that have none."""
        block = self.now
        if block.kind == "bullets" and any(pattern.fullmatch(block.lines[0]) for pattern in (_MOVE, _CHANGE)):
            return {owner: {} for owner in self._owners}
        return {owner: {} for owner in self._owners} | self.bullets()

    def moves(self) -> tuple[WorldMove, ...]:
        block, moves = self.now, []
        while self.now.kind == "bullets" and _MOVE.fullmatch(self.now.lines[0]):
            for line in self.take().lines:
                found = _MOVE.fullmatch(line)
                if found is None:
                    raise block.complaint(f"{line!r} is no move, such as - **Norland** did fish (seen)")
                party, move = _decoded(block, read_label, found[1]), _decoded(block, read_inline, found[2])
                reason = "" if found[5] is None else _decoded(block, read_inline, found[5])
                is_legal = found[5] is None
                moves.append(
                    WorldMove(party=party, move=move, is_legal=is_legal, is_seen=bool(found[3]), reason=reason)
                )
        return tuple(moves)

    def changes(self) -> tuple[Change, ...]:
        if self.now.kind != "bullets":
            return ()
        block, changes = self.take(), []
        for line in block.lines:
            found = _CHANGE.fullmatch(line)
            if found is None:
                raise block.complaint(
                    f"{line!r} is no change, such as - **world** stock: `-1.0` by drift 1 (add `-1.0`)"
                )
            changes.append(
                Change(
                    owner=_decoded(block, read_label, found[1]),
                    variable=_decoded(block, read_inline, found[2]),
                    by=float(found[3]),
                    cause=_decoded(block, read_inline, found[4]),
                    operation=found[5],
                    amount=float(found[6]),
                )
            )
        return tuple(changes)

    def private(self) -> PrivateNotes | None:
        if self.now.kind != "open" or not self.now.text.startswith(_PRIVATE):
            return None
        opening = self.take()
        if self.now.text == NOTHING_NOTED:
            self.take()
        private = PrivateNotes(
            memo=self.labelled("Memo") or "",
            **self.bullets(),
            position=self.labelled("Position"),
            follows_decision=self.follows(),
            initial_stance=self.written(),
            deliberation=self.deliberation(),
        )
        self.close(opening)
        return private

    def deliberation(self) -> Deliberation | None:
        mode = next((mode for start, mode in _MODES if self.now.text.startswith(start)), None)
        if self.now.kind != "open" or mode is None:
            return None
        opening = self.take()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise opening.complaint(f"conversations nested over {MAX_DEPTH} deep; a transcript has fewer")
        motion = self.labelled("Motion")
        if motion is None:
            raise self.now.complaint("a private conversation begins with its motion: **Motion:** and the question")
        told = self.now
        try:
            talk = Deliberation(
                mode=mode,
                motion=motion,
                **self.bullets(),
                private_positions=tuple(self.stances(BEFORE)),
                lines=tuple(self.lines()),
                ballots=tuple(self.stances(BALLOT)),
                decision=self.decision(),
                minutes=self.minutes(),
            )
        except TypeError as error:
            raise told.complaint(f"a private conversation has options and rules: {error}") from None
        self._depth -= 1
        self.close(opening)
        return talk

    def lines(self) -> list[Line]:
        said: list[Line] = []
        while self.now.kind == "text" and (found := _LINE.fullmatch(self.now.text)):
            block = self.take()
            if int(found[1]) != len(said) + 1:
                raise block.complaint(f"line {found[1]} of a conversation, where line {len(said) + 1} is due")
            said.append(
                Line(
                    speaker=_decoded(block, read_label, found[2]),
                    text=self.prose([_decoded(block, read_prose, found[3] or "")]),
                    problem=self.labelled("No usable reply", "Problem"),
                    position=self.labelled("Position"),
                    follows_decision=self.follows(),
                    new_fact=self.labelled("New fact"),
                    dissents=self.dissents(),
                    mended=self.listed(_MENDED, read_inline),
                    repairs=self.repairs(),
                    deliberation=self.deliberation(),
                )
            )
        return said

    def stances(self, when: str) -> list[Stance]:
        written: list[Stance] = []
        pattern = re.compile(_STANCE.format(when=re.escape(when)), re.DOTALL)
        while self.now.kind == "text" and (found := pattern.fullmatch(self.now.text)):
            block = self.take()
            written.append(
                Stance(
                    speaker=_decoded(block, read_label, found[1]),
                    reason=self.prose([_decoded(block, read_prose, found[2] or "")]),
                    problem=self.labelled("Problem"),
                    position=self.labelled("Position"),
                    mended=self.listed(_MENDED, read_inline),
                    repairs=self.repairs(),
                )
            )
        return written

    def written(self) -> Stance | None:
        block, stances = self.now, self.stances(BEFORE)
        if len(stances) > 1:
            raise block.complaint("two positions that one party wrote down before it heard the others; there is one")
        return stances[0] if stances else None

    def dissents(self) -> bool:
        if self.now.kind != "text" or self.now.text != DISSENTS:
            return False
        self.take()
        return True

    def source(self) -> StatementSource | None:
        found = _SOURCE.fullmatch(self.now.text) if self.now.kind == "text" else None
        if found is None:
            return None
        block = self.take()
        label = _decoded(block, read_inline, found[2] or "")
        return StatementSource(line=int(found[1]), label=label, out_of_turn=bool(found[3]), out_of_year=bool(found[4]))

    def decision(self) -> Decision | None:
        if self.now.text == NO_DECISION:
            self.take()
            return None
        block = self.now
        position = self.labelled("Decision")
        if position is None:
            raise block.complaint("a private conversation ends with **Decision:** or **No decision:**, after its lines")
        counts = self.bullets()
        try:
            return Decision(position=position, **counts)
        except (InvalidValue, TypeError) as error:
            raise block.complaint(f"a decision has votes, reasons and dissent: {error}") from None

    def minutes(self) -> Minutes | None:
        found = _MINUTES.fullmatch(self.now.text) if self.now.kind == "text" else None
        if found is None:
            return None
        block = self.take()
        decided = self.prose([_decoded(block, read_prose, found[2] or "")])
        try:
            return Minutes(
                speaker=_decoded(block, read_label, found[1]),
                decided=decided,
                **self.bullets(),
                problem=self.labelled("Problem"),
                mended=self.listed(_MENDED, read_inline),
                repairs=self.repairs(),
            )
        except (InvalidValue, TypeError) as error:
            raise block.complaint(f"minutes have actions and open questions: {error}") from None

    def prose(self, begun: list[str]) -> str:
        """The paragraphs from here on, after those that are read already."""
        paragraphs = begun
        while self.now.kind == "text" and not self.now.text.startswith(_STRUCTURE):
            block = self.take()
            paragraphs.append(_decoded(block, read_prose, block.text))
        return "\n\n".join(paragraphs)

    def labelled(self, *names: str) -> str | None:
        """What follows a label, where one of these labels is next."""
        for name in names:
            start = f"**{name}:** "
            if self.now.kind == "text" and self.now.text.startswith(start):
                block = self.take()
                return _decoded(block, read_inline, block.text.removeprefix(start))
        return None

    def bullets(self) -> dict[str, Any]:
        if self.now.kind != "bullets":
            return {}
        block = self.take()
        try:
            return read_bullets(block.lines)
        except InvalidValue as error:
            raise block.complaint(str(error)) from None

    def listed(self, sentence: re.Pattern[str], read: Callable[[str], str]) -> tuple[str, ...]:
        found = sentence.fullmatch(self.now.text)
        if found is None:
            return ()
        block = self.take()
        return tuple(_decoded(block, read, name) for name in found[1].split(", "))

    def repairs(self) -> int:
        found = _REPAIRS.fullmatch(self.now.text)
        if found is None:
            return 0
        self.take()
        return int(found[1])

    def follows(self) -> bool | None:
        for follows, sentence in FOLLOWS.items():
            if self.now.kind == "text" and self.now.text == sentence:
                self.take()
                return follows
        return None

    def close(self, opening: Block) -> None:
        if self.now.kind == "end":
            raise opening.complaint("a <details> without its </details>; the file was cut")
        if self.now.kind != "close":
            shown = self.now.text.split("\n")[0][:60]
            raise self.now.complaint(f"{shown!r} is nothing that a transcript has in this place")
        self.take()


def _decoded(block: Block, read: Callable[[str], Read], markdown: str) -> Read:
    try:
        return read(markdown)
    except InvalidValue as error:
        raise block.complaint(str(error)) from None
