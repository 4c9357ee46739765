"""The table of one run: what its persons are asked, and the answers that they gave and the graph has not taken yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from converse_graph.calls.answers import NamedAnswer
from converse_graph.errors import AnswerNeeded
from converse_graph.models.human import PASS_TO_MODEL

Typed = Mapping[str, Sequence[str]]
"""What a form was sent with, by the name of the control."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What one person is asked."""

    key: str
    """Of the question; no other of the run has it."""
    question: Mapping[str, Any]
    """As `models.human.question_for_person` writes it."""
    until: float | None
    """When the turn passes to the model, by the monotonic clock; None for never."""

    @property
    def place(self) -> str:
        """Where in the run it is asked, which stays the same when it is asked again."""
        return self.key.rpartition("#")[0]


class Table:
    """Where the persons of a run sit: in the middle lie the questions, on the other side is whoever plays the run."""

    def __init__(self, seats: Sequence[str], *, deadline: float | None = None) -> None:
        """Set the table.

        Args:
            seats: The paths that persons play.
            deadline: Seconds for each turn, after which it is passed to the model; None for ever.
        """
        self._seats, self._deadline = tuple(seats), deadline
        self._open: dict[str, Asked] = {}
        self._answers: dict[str, NamedAnswer] = {}
        self._taken_keys: set[str] = set()
        self._answered_places: dict[str, str] = {}
        self._typed: dict[str, tuple[str, Typed]] = {}
        self._change = asyncio.Event()
        self.is_playing = True
        """Whether the run goes on, or is about to; else it waits for persons, or stands still."""
        self.is_closed = False
        """Whether nobody plays it any more."""

    def open_question(self, seat: str) -> Asked | None:
        """What a person is asked and has not answered; None where it is not their turn."""
        question = self._open.get(seat)
        return None if question is None or question.key in self._taken_keys or seat in self._answers else question

    def typed(self, seat: str) -> Typed:
        """What a person sent at this turn before, and which did not fit; nothing where there is none."""
        question, (place, typed) = self.open_question(seat), self._typed.get(seat, ("", {}))
        return typed if question is not None and question.place == place else {}

    def keep_typed(self, seat: str, key: str, typed: Typed) -> None:
        """Keep what a person sent, for when it does not fit."""
        self._typed[seat] = (key.rpartition("#")[0], typed)

    def give(self, seat: str, key: str, value: Any) -> bool:
        """Lay down an answer.

        Returns:
            Whether it counts: it does not where something else is asked, or nothing, or it was answered before.
        """
        question = self.open_question(seat)
        if question is None or question.key != key:
            return False
        self._answers[seat] = NamedAnswer(speaker=seat, value=value, key=key)
        self._answered_places[seat] = question.place
        self.tell()
        return True

    def answered_place(self, seat: str) -> str:
        """Where in the run it was asked what a person answered last; empty where they have answered nothing here."""
        return self._answered_places.get(seat, "")

    def was_answered(self, seat: str, key: str) -> bool:
        """Whether this very question has an answer already."""
        answer = self._answers.get(seat)
        return key in self._taken_keys or (answer is not None and answer.key == key)

    def tell(self) -> None:
        """Wake whoever waits for something to change."""
        self._change.set()
        self._change = asyncio.Event()

    async def wait(self, seconds: float | None) -> None:
        """Wait until something changes, so many seconds at most; None for as long as it takes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._change.wait(), seconds)

    def show(self, reason: AnswerNeeded) -> None:
        """Lay out what is asked; what was given before and is asked no more is let go of."""
        now = time.monotonic()
        before = self._open
        self._open = {
            speaker: Asked(key=key, question=question, until=self._until(before.get(speaker), key, now))
            for speaker, question, key in zip(reason.speakers, reason.questions, reason.keys, strict=True)
            if speaker in self._seats
        }
        keys = {one.key for one in self._open.values()}
        self._answers = {seat: answer for seat, answer in self._answers.items() if answer.key in keys}
        self._taken_keys -= keys  # what is asked again was not taken after all
        self.is_playing = False
        self.tell()

    def _until(self, before: Asked | None, key: str, now: float) -> float | None:
        if self._deadline is None:
            return None
        if before is not None and before.place == key.rpartition("#")[0]:
            return before.until
        return now + self._deadline

    async def answers(self, reason: AnswerNeeded) -> tuple[NamedAnswer, ...] | None:
        """Wait until somebody has answered what lies there.

        Returns:
            Whatever answers there are by then; None where nobody who is asked has a seat.
        """
        if not self._open:
            return None
        while True:
            if (answers := self._take()) or not self._open:
                self.is_playing = True
                self.tell()
                return answers
            times = [question.until for question in self._open.values() if question.until is not None]
            await self.wait(max(0.0, min(times) - time.monotonic()) if times else None)

    def _take(self) -> tuple[NamedAnswer, ...]:
        """The answers that were given, and the passing of turns whose time is over."""
        answers, self._answers = list(self._answers.values()), {}
        seats_answered = {answer.speaker for answer in answers}
        answers += [
            NamedAnswer(speaker=seat, value=PASS_TO_MODEL, key=question.key)
            for seat, question in self._open.items()
            if seat not in seats_answered and question.until is not None and question.until <= time.monotonic()
        ]
        self._taken_keys |= {answer.key for answer in answers}
        return tuple(answers)

    def close(self) -> None:
        """Take the questions away: the run has ended, or stands still."""
        self._open, self._answers = {}, {}
        self.is_playing, self.is_closed = False, True
        self.tell()
