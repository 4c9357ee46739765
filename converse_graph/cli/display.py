"""The live display of a run: takes its events, writes to a stream. It asks nothing of the run and changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from converse_graph.cli.drafts import Draft, same_prose
from converse_graph.cli.eta import Pace
from converse_graph.cli.field_line import fields_line
from converse_graph.cli.humanize import count, duration
from converse_graph.cli.status_line import StatusLine
from converse_graph.cli.terminal_text import plain_line
from converse_graph.cli.text_wrapping import Prose

AGAIN = "↻ that reply could not be used and is written again:"
_REPLIES = ("statement", "graph")
"""Last steps of the places at which a turn's statement is asked for."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run has before it as a session begins."""

    parties: Sequence[str]
    """In listed order."""
    rounds: int
    """The horizon."""
    statements: int
    """On record already."""
    tokens: int
    """Used already."""
    period: Callable[[int], str]
    """How a round is called."""
    simultaneous: bool = False
    """Whether the parties of a round write at once."""


class Display:
    """Shows each statement as it is written, one at a time; private debates as progress alone."""

    def __init__(
        self,
        stream: TextIO,
        plan: Plan,
        *,
        live: bool,
        colour: bool,
        width: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        """Show a run on a stream.

        Args:
            stream: Where to write.
            plan: What the run has before it.
            live: Whether the stream is a terminal, on which a status line can be painted and wiped.
            colour: Whether it takes bold and faint text.
            width: Of the stream, in columns.
            now: A clock, in seconds.
        """
        self._stream, self._plan, self._live, self._colour = stream, plan, live, colour
        self._width, self._now, self._began = width, now, now()
        self._status = StatusLine(stream, width, live=live)
        self._pace = Pace(len(plan.parties), in_mid_round=plan.statements % len(plan.parties) != 0)
        self._prose = Prose(stream, width())
        self._done, self._tokens = plan.statements, plan.tokens
        self._drafts: dict[str, Draft] = {}
        self._front: Draft | None = None
        self._headed: str | None = None
        """Whose header was written last."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Take the next event of the run."""
        take = getattr(self, f"_take_{event['event']}", None)
        if take is not None:
            self._status.wipe()
            take(event)
            if event["event"] != "turn" or not self._plan.simultaneous:
                self._advance()
                self.tick()
            self._stream.flush()

    def tick(self) -> None:
        """Keep the status line moving; to be called a few times a second."""
        if self._front is None and self._drafts:
            self._status.wipe()
            self._advance()
        if not self._prose.open:
            self._status.paint(self._waiting_for())

    def break_line(self) -> None:
        """Leave the cursor at the beginning of an empty line, for somebody else to write."""
        self._status.wipe()
        self._prose.break_line()
        self._stream.flush()

    def _take_turn(self, event: dict[str, Any]) -> None:
        self._pace.turn(event["round"], self._now())
        self._drafts[event["speaker"]] = Draft(speaker=event["speaker"], period=event["period"])

    def _take_line(self, event: dict[str, Any]) -> None:
        draft = self._drafts.get(event["path"].partition("/")[0])
        if draft is not None:
            draft.debate(event["path"], event["line"], event["of"])
            if draft is self._front and not self._live:
                self._write(draft.progress)

    def _take_text(self, event: dict[str, Any]) -> None:
        draft = self._drafts.get(event["speaker"])
        if draft is None:
            return
        if draft.complete:
            self._begin_again(draft)
        draft.text += event["text"]

    def _take_restart(self, event: dict[str, Any]) -> None:
        draft = self._drafts.get(event.get("speaker", ""), self._front)
        if draft is not None:
            self._begin_again(draft)

    def _take_warning(self, event: dict[str, Any]) -> None:
        self._write(f"⚠ {event['text']}")

    def _take_call(self, event: dict[str, Any]) -> None:
        self._tokens += event["tokens"]
        _, *inside = event["place"].split("/")
        draft = self._drafts.get(inside[0]) if len(inside) == 2 and inside[1] in _REPLIES else None
        if draft is not None:
            draft.complete = True

    def _take_statement(self, event: dict[str, Any]) -> None:
        draft = self._drafts.pop(event["speaker"], None) or Draft(
            speaker=event["speaker"], period=self._plan.period(event["round"])
        )
        self._prose.finish()
        if draft is self._front:
            self._front = None
        self._settle(draft, event)
        self._done += 1
        self._headed = None

    def _take_vote(self, event: dict[str, Any]) -> None:
        counts = ", ".join(f"{option}: {count}" for option, count in event["counts"].items())
        self._prose.finish()
        self._write(f"The table voted in secret. {counts or 'No ballot was valid'}.")

    def _settle(self, draft: Draft, event: dict[str, Any]) -> None:
        """Show what the record has of a turn beyond what was shown of it."""
        shown = draft.text[: draft.shown]
        remarks = [f"no statement: {event['problem']}"] if event.get("problem") else []
        remarks += [fields_line(event["fields"])] if event.get("fields") else []
        if not same_prose(shown, event["text"]) or not draft.headed:
            if self._headed != draft.speaker:
                self._head(draft)
            if shown and event["text"]:
                self._write(AGAIN)
            self._prose.feed(event["text"])
            self._prose.finish()
        elif self._headed != draft.speaker:
            remarks = [f"{draft.speaker}: {remark}" for remark in remarks]
        for remark in remarks:
            self._write(remark)

    def _advance(self) -> None:
        """Show what may be shown: the first in listed order until it is complete, then the next."""
        while True:
            if self._front is None:
                waiting = [self._drafts[name] for name in self._plan.parties if name in self._drafts]
                self._front = next((draft for draft in waiting if not draft.headed), None)
            draft = self._front
            if draft is None:
                return
            if not draft.headed:
                self._head(draft)
            self._prose.feed(draft.text[draft.shown :])
            draft.shown = len(draft.text)
            if not draft.complete:
                return
            self._prose.finish()
            if len(self._drafts) == 1:
                return
            self._front = None

    def _begin_again(self, draft: Draft) -> None:
        if draft.begin_again() and draft is self._front:
            self._prose.finish()
            self._write(AGAIN)

    def _head(self, draft: Draft) -> None:
        draft.headed, self._headed = True, draft.speaker
        self._prose = Prose(self._stream, self._width())
        total = self._plan.rounds * len(self._plan.parties)
        number = min(total, self._done + 1 + sum(other.headed for other in self._drafts.values() if other is not draft))
        facts = (
            f"turn {number} of {total}",
            count(self._tokens, "token"),
            f"{duration(self._now() - self._began)} so far",
            self._pace.left(max(1, total - self._done)),
        )
        speaker = f"{draft.speaker} · {draft.period}"
        if self._colour:
            self._stream.write(f"\n\x1b[1m{speaker}\x1b[0m\x1b[2m · {' · '.join(facts)}\x1b[0m\n")
        else:
            self._stream.write(f"\n{speaker} · {' · '.join(facts)}\n")

    def _write(self, line: str) -> None:
        """A remark, in one or more lines of its own."""
        self._prose.finish()
        remark = Prose(self._stream, self._width())
        start, end = ("\x1b[2m", "\x1b[0m") if self._colour else ("", "")
        self._stream.write(start)
        remark.feed(plain_line(line))
        remark.finish()
        self._stream.write(end)

    def _waiting_for(self) -> str:
        facts = f"{duration(self._now() - self._began)} · {count(self._tokens, 'token')}"
        draft = self._front
        if draft is None or draft.complete:
            others = len([other for other in self._drafts.values() if not other.complete])
            return f"{facts} · {f'{others} more are thinking' if others else 'next'}"
        doing = draft.progress or "thinking"
        return f"{draft.speaker} · {facts} · {doing}"
