"""Shows a run as it goes: takes its events, draws on a screen. It asks nothing of the run and changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from converse_graph.cli.formatting import count, duration, fields_line, money, rough
from converse_graph.cli.screen import Progress, Screen
from converse_graph.record.call_paths import parse_call_path
from converse_graph.scenarios.speaker_paths import party_of

AGAIN = "↻ that reply could not be used and is written again:"
MAX_REASON = 160
"""Characters that are shown of why a reply was sent back."""
_REPLIES = ("statement", "graph")
"""Tasks by which a turn's statement is asked for."""
_RECENT = 6
"""Rounds that are looked back on: prompts grow and a model warms up, so that the first rounds mislead."""


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
    usd: float | None = None
    """Spent already; None where nothing was, or nobody knows."""
    period: Callable[[int], str]
    """How a round is called."""
    simultaneous: bool = False
    """Whether the parties of a round write at once."""


@dataclass(kw_only=True)
class Draft:
    """A turn that has begun and is not on record yet."""

    speaker: str
    period: str
    text: str = ""
    """Its prose as far as it is written."""
    shown_length: int = 0
    """How many characters of that are on the screen."""
    headed: bool = False
    """Whether its heading is on the screen."""
    complete: bool = False
    """Whether the reply came to its end; a repair may still begin it again."""
    inner: list[tuple[int, int]] = field(default_factory=list)
    """Its private debates, the outermost first: the line being spoken, and of how many."""

    def begin_again(self) -> bool:
        """Forget the prose; returns whether any of it is on the screen."""
        on_screen = self.shown_length > 0
        self.text, self.shown_length, self.complete = "", 0, False
        return on_screen

    def debate(self, path: str, line: int, of: int) -> None:
        """Note a line of a private debate, at the depth that the speaker's path tells."""
        depth = path.count("/") - 1
        self.inner = [*self.inner[:depth], (line, of)]

    @property
    def progress(self) -> str:
        """How far its private debates are; empty when there is none."""
        if not self.inner:
            return ""
        outer, *inner_lines = [f"line {line} of {of}" for line, of in self.inner]
        return f"private debate · {outer}" + "".join(f", inside it {step}" for step in inner_lines)


class Pace:
    """Measures whole rounds, in seconds a turn."""

    def __init__(self, parties: int, *, in_mid_round: bool = False) -> None:
        """Measure rounds of `parties` turns each; one that was begun before this session does not count."""
        self._parties = parties
        self._partial = in_mid_round
        self._round: int | None = None
        self._since = 0.0
        self._measured: list[float] = []

    def turn(self, round: int, now: float) -> None:
        """Note that a turn of a round begins."""
        if round == self._round:
            return
        if self._round is not None:
            if not self._partial:
                self._measured.append((now - self._since) / self._parties)
            self._partial = False
        self._round, self._since = round, now

    @property
    def is_measured(self) -> bool:
        """Whether a round was measured yet."""
        return bool(self._measured)

    def left(self, turns: int) -> str:
        """How long `turns` may take: a range from the fastest to the slowest of the recent rounds."""
        if not self._measured:
            return "estimating what is left"
        recent = self._measured[-_RECENT:]
        low, high = (rough(turns * per_turn) for per_turn in (min(recent), max(recent)))
        if low == high:
            return f"about {low} left"
        number, _, unit = low.partition(" ")
        if high.partition(" ")[2] == unit:  # "2 min" and "6 min" are "2 to 6 min"
            low = number
        return f"about {low} to {high} left"


class Display:
    """Shows each statement as it is written, one at a time; private debates as progress alone."""

    def __init__(self, screen: Screen, plan: Plan, *, now: Callable[[], float]) -> None:
        """Show a run on a screen.

        Args:
            screen: Where to draw.
            plan: What the run has before it.
            now: A clock, in seconds.
        """
        self._screen, self._plan, self._now, self._began = screen, plan, now, now()
        self._total = plan.rounds * len(plan.parties)
        self._pace = Pace(len(plan.parties), in_mid_round=plan.statements % len(plan.parties) != 0)
        self._done, self._tokens = plan.statements, plan.tokens
        self._usd = 0.0 if plan.usd is None and not plan.tokens else plan.usd
        self._drafts: dict[str, Draft] = {}
        self._front: Draft | None = None
        self._headed: str | None = None
        """Whose heading was written last."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Take the next event of the run."""
        take = getattr(self, f"_take_{event['event']}", None)
        if take is not None:
            take(event)
            if event["event"] != "turn" or not self._plan.simultaneous:
                self._advance()

    def tick(self) -> None:
        """Keep the screen moving; to be called a few times a second."""
        if self._front is None and self._drafts:
            self._advance()
        self._screen.progress(Progress(turns=self._done, total=self._total, facts=self._facts()))

    def _take_turn(self, event: dict[str, Any]) -> None:
        self._pace.turn(event["round"], self._now())
        self._drafts[event["speaker"]] = Draft(speaker=event["speaker"], period=event["period"])

    def _take_line(self, event: dict[str, Any]) -> None:
        draft = self._drafts.get(party_of(event["path"]))
        if draft is not None:
            draft.debate(event["path"], event["line"], event["of"])
            if draft is self._front:
                self._screen.debate(draft.progress)

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
            self._begin_again(draft, event.get("reason", ""))

    def _take_warning(self, event: dict[str, Any]) -> None:
        self._screen.remark(f"⚠ {event['text']}")

    def _take_call(self, event: dict[str, Any]) -> None:
        self._tokens += event["tokens"]
        self._usd = None if self._usd is None or event["usd"] is None else self._usd + event["usd"]
        path = parse_call_path(event["place"])
        draft = self._drafts.get(path.reader) if path.task in _REPLIES else None
        if draft is not None:
            draft.complete = True

    def _take_statement(self, event: dict[str, Any]) -> None:
        draft = self._drafts.pop(event["speaker"], None) or Draft(
            speaker=event["speaker"], period=self._plan.period(event["round"])
        )
        self._screen.end_prose()
        if draft is self._front:
            self._front = None
        self._settle(draft, event)
        self._done += 1
        self._headed = None

    def _take_world(self, event: dict[str, Any]) -> None:
        self._screen.remark(event["text"])

    def _take_vote(self, event: dict[str, Any]) -> None:
        counts = ", ".join(f"{option}: {count}" for option, count in event["counts"].items())
        self._screen.remark(f"The table voted in secret. {counts or 'No ballot was valid'}.")

    def _settle(self, draft: Draft, event: dict[str, Any]) -> None:
        """Show what the record has of a turn beyond what is on the screen of it."""
        prose = draft.text[: draft.shown_length]
        whose = ""
        if prose.split() != event["text"].split() or not draft.headed:  # they may differ in white space
            if self._headed != draft.speaker:
                self._head(draft)
            if prose and event["text"]:
                self._screen.remark(AGAIN)
            self._screen.prose(event["text"])
            self._screen.end_prose()
        elif self._headed != draft.speaker:
            whose = f"{draft.speaker}: "
        if event.get("problem"):
            self._screen.remark(f"{whose}no statement: {event['problem']}")
        if event.get("fields"):
            self._screen.fields(draft.speaker, f"{whose}{fields_line(event['fields'])}")

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
            self._screen.prose(draft.text[draft.shown_length :])
            draft.shown_length = len(draft.text)
            if not draft.complete:
                return
            self._screen.end_prose()
            if len(self._drafts) == 1:
                return
            self._front = None

    def _begin_again(self, draft: Draft, reason: str = "") -> None:
        on_screen = draft.begin_again()
        if draft is self._front and (on_screen or reason):
            why = f"used ({shorten(reason, MAX_REASON, placeholder=' …')})" if reason else "used"
            self._screen.remark(AGAIN.replace("used", why))

    def _head(self, draft: Draft) -> None:
        draft.headed, self._headed = True, draft.speaker
        others = sum(other.headed for other in self._drafts.values() if other is not draft)
        facts = (
            f"turn {min(self._total, self._done + 1 + others)} of {self._total}",
            count(self._tokens, "token"),
            f"{duration(self._now() - self._began)} so far",
            self._time_left(),
        )
        self._screen.heading(draft.speaker, draft.period, " · ".join(facts))

    def _facts(self) -> list[str]:
        """What the live line says beside the turns."""
        cost = "cost unknown" if self._usd is None else money(self._usd)
        left = self._time_left() if self._pace.is_measured else ""
        return [count(self._tokens, "token"), cost, left, self._doing()]

    def _time_left(self) -> str:
        return self._pace.left(max(1, self._total - self._done))

    def _doing(self) -> str:
        """What is being waited for; who speaks stands in the heading above."""
        draft = self._front
        if draft is None or draft.complete:
            others = len([other for other in self._drafts.values() if not other.complete])
            return f"{others} more thinking" if others else ""
        if draft.text:
            return "speaking"
        return f"debate {' in it '.join(f'{line}/{of}' for line, of in draft.inner)}" if draft.inner else "thinking"
