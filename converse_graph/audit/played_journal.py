"""A journal as a run that is played again meets it: it answers, and notes what was asked otherwise than it says."""

from __future__ import annotations

from converse_graph.audit.findings import Leak
from converse_graph.errors import ContextLengthExceeded
from converse_graph.models.base import Request, Response
from converse_graph.record.call_paths import parse_call_path
from converse_graph.store.journal import JournalledReply, RunJournal


class PlayedJournal:
    """Answers the calls of a run that is played again, and compares each with what is journalled.

    It stands in two places: behind the models, which look their replies up in it, and before the graph, which has
    every call recorded in it as in a run's own.
    """

    def __init__(self, journal: RunJournal, *, is_alone: bool) -> None:
        """Answer from a journal.

        Args:
            journal: Of the run.
            is_alone: Whether every speaker has one model: of several, those that stand in are asked other prompts.
        """
        self._journal, self._is_alone = journal, is_alone
        self._asked_calls: set[int] = set()
        """The ids of all calls at a place and attempt that was asked at."""
        self._latest: tuple[tuple[str, int], list[JournalledReply]] = (("", 0), [])
        """The replies that were looked up last: each call is looked up, compared and recorded in a row."""
        self._digested: tuple[Request | None, bytes] = (None, b"")
        """The request that was compared last, and its digest: likewise."""
        self.findings: list[Leak] = []
        self.ends_at: str | None = None
        """The first place for which it has no answer."""
        self.rounds = 0
        """How many were done, as the run that is played again says."""
        self.statements = 0

    def lookup(self, request: Request) -> Response | None:
        """The reply of a request, or what was answered at its place to another prompt, which is noted.

        Raises:
            ContextLengthExceeded: What was asked there was shorter: the prompt is to be cut, as it was then.
        """
        replies = self._replies(request)
        same = self._same(request, replies)
        if same is not None:
            return same.reply
        if not replies or not self._is_alone:
            self.ends_at = self.ends_at or request.place
            return None
        if replies[0].messages < len(request.messages):
            self.ends_at = request.place  # where it cannot be cut to what was asked, the playing ends here
            raise ContextLengthExceeded(f"The prompt at {request.place} was a shorter one.")
        self._note(request.place, "the prompt or the schema that the record makes is not the one that is journalled")
        return replies[0].reply

    def recall(self, request: Request) -> Response | None:
        """Nothing: so that the call is made, read and recorded as it was the first time."""
        return None

    def has_answered(self, request: Request) -> bool:
        """Whether the run made this very call: of a prompt that was made shorter, which form it had then."""
        return self._same(request, self._replies(request)) is not None

    async def record(self, request: Request, reply: Response, *, accepted: bool) -> None:
        """Compare a call with what is journalled of it."""
        self.note(request, reply, accepted=accepted)

    def note(self, request: Request, reply: Response, *, accepted: bool) -> None:
        """Compare a call with what is journalled of it."""
        if self.ends_at == request.place:
            self.ends_at = None
        replies = self._replies(request)
        self._asked_calls.update(reply.id for reply in replies)
        known_reply = self._same(request, replies) or (replies[0] if replies else None)
        if known_reply is None:
            self._note(request.place, "the journal lacks a call that the record makes")
        elif known_reply.accepted != accepted:
            self._note(
                request.place, f"accepted is {known_reply.accepted} in the journal, and {accepted} when read again"
            )

    def note_unusable(self, request: Request, reply: Response) -> None:
        """Leave out what was no use: it has no part in what came of the run."""

    def progress(self, *, rounds: int, statements: int) -> None:
        """Remember how far the run has come."""
        self.rounds, self.statements = rounds, statements

    def learn_window(self, model: str, *, reported: int | None, safe: int | None) -> None:
        """Leave out what a model turned out to take: the header has it already."""

    def warn(self, sentence: str) -> None:
        """Leave warnings out: they tell of servers, which are not asked again."""

    def find_unasked(self) -> None:
        """Note every call of the run that playing it again did not make."""
        for number, place in self._journal.counted_calls():
            if number not in self._asked_calls and parse_call_path(place).task not in ("embed", "judge"):
                self._note(place, "a call that playing the run again does not make")

    def _replies(self, request: Request) -> list[JournalledReply]:
        key = (request.place, request.attempt)
        if self._latest[0] != key:
            self._latest = (key, self._journal.replies_at(*key))
        return self._latest[1]

    def _same(self, request: Request, replies: list[JournalledReply]) -> JournalledReply | None:
        digest = self._digest(request)
        return next((reply for reply in replies if reply.digest == digest), None)

    def _digest(self, request: Request) -> bytes:
        last = self._digested[0]
        if last is None or last.messages is not request.messages or last.schema is not request.schema:
            self._digested = (request, self._journal.digest(request))
        return self._digested[1]

    def _note(self, place: str, why: str) -> None:
        reader = parse_call_path(place).reader
        self.findings.append(Leak(kind="replay", place=place, source="journal", owner=reader, why=why))


class Lookup:
    """The journal from the side of the models."""

    def __init__(self, journal: PlayedJournal) -> None:
        """Answer from this journal."""
        self._journal = journal

    def recall(self, request: Request) -> Response | None:
        """The reply of a request."""
        return self._journal.lookup(request)

    def has_answered(self, request: Request) -> bool:
        """Whether the run made this very call."""
        return self._journal.has_answered(request)
