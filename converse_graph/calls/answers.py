"""What waits for a person's answer: a guest that interrupts itself, or a party that a person plays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.sanitize import whole_characters

MOST_SHOWN = 300
"""Characters of a question that a line shows."""


@dataclass(frozen=True, kw_only=True)
class OpenQuestion:
    """A question that the run waits at."""

    speaker: str
    """The path of who asks, such as "Bank" or "OpenAI/CEO"; of all that wait at once, each has another."""
    place: str
    """Of the call that waits."""
    question: Any
    """What is asked, as the graph that interrupted itself puts it."""

    @property
    def key(self) -> str:
        """What it is known by: no other question of a run has the same, but those that a guest asks at one place."""
        attempt = self.question.get("attempt", 0) if isinstance(self.question, Mapping) else 0
        return f"{self.place}#{attempt}"

    def as_value(self) -> dict[str, Any]:
        """Write it as the value of LangGraph's interrupt."""
        return {"speaker": self.speaker, "place": self.place, "question": self.question}

    @classmethod
    def from_value(cls, value: Any) -> OpenQuestion:
        """Read it from the value of an interrupt, whose caller may be any node.

        Args:
            value: Of the interrupt.
        """
        fields = value if isinstance(value, Mapping) and "speaker" in value else {"speaker": "?", "question": value}
        return cls(speaker=str(fields["speaker"]), place=str(fields.get("place", "")), question=fields.get("question"))

    def __str__(self) -> str:
        """Say in one line who asks what."""
        if isinstance(self.question, Mapping) and "form" in self.question:
            return self._form_in_words()
        text = self.question if isinstance(self.question, str) else json.dumps(self.question, default=_kind_of)
        line = " ".join(whole_characters(text).split())
        return f"{self.speaker} asks: {line[:MOST_SHOWN]}{'…' if len(line) > MOST_SHOWN else ''}"

    def _form_in_words(self) -> str:
        fields = ", ".join(self.question["form"]["properties"])
        if not self.question["attempt"]:
            return f"{self.speaker} has the floor and is played by a person, who fills in: {fields}"
        fault = " ".join(self.question["prompt"][-1]["text"].split())
        return f"{self.speaker}'s answer does not fit ({fault[:MOST_SHOWN]}); the form has: {fields}"


def assign_answers(answers: Iterable[Any], waiting: Iterable[OpenQuestion]) -> dict[str, Any]:
    """Say who gets which answer.

    Args:
        answers: A `NamedAnswer` or `TypedAnswer` for whom it names, anything else for the only one that waits.
        waiting: What is asked.

    Raises:
        InvalidValue: An answer is for nobody who waits, for another question than is asked, or for one of several
            without a name.
    """
    questions = {question.speaker: question for question in waiting}
    speakers = list(questions)
    assigned: dict[str, Any] = {}
    for answer in answers:
        speaker, value = answer.resolve(speakers) if isinstance(answer, NamedAnswer | TypedAnswer) else (None, answer)
        if speaker is None:
            if len(speakers) != 1:
                raise InvalidValue(
                    f"{len(speakers)} wait for an answer ({', '.join(speakers)}); say whose it is: {speakers[0]}=VALUE."
                )
            speaker = speakers[0]
        if isinstance(answer, NamedAnswer) and answer.key not in ("", questions[speaker].key):
            raise InvalidValue(f"The answer for {speaker} is to {answer.key}, and {questions[speaker].key} is asked.")
        if speaker in assigned:
            raise InvalidValue(f"There are two answers for {speaker}; it asks one thing at a time.")
        assigned[speaker] = value
    return assigned


@dataclass(frozen=True, kw_only=True)
class NamedAnswer:
    """An answer that says whose question it answers."""

    speaker: str
    value: Any
    key: str = ""
    """Of the question that it answers; empty for whichever is asked."""

    def resolve(self, speakers: Sequence[str]) -> tuple[str | None, Any]:
        """Return whose it is, and the value.

        Args:
            speakers: Who waits.

        Raises:
            InvalidValue: It names somebody who does not wait.
        """
        if self.speaker not in speakers:
            raise InvalidValue(f"{self.speaker} waits for no answer; {', '.join(speakers)} does.")
        return self.speaker, self.value


@dataclass(frozen=True, kw_only=True)
class TypedAnswer:
    """An answer as it was typed: VALUE, or SPEAKER=VALUE, as JSON where it is JSON."""

    text: str

    def resolve(self, speakers: Sequence[str]) -> tuple[str | None, Any]:
        """Return whose it is, None where it does not say, and the value.

        Args:
            speakers: Who waits.
        """
        for speaker in speakers:
            if self.text.startswith(f"{speaker}="):
                return speaker, parse_answer(self.text.removeprefix(f"{speaker}="))
        return None, parse_answer(self.text)


def parse_answer(text: str) -> Any:
    """Read an answer from a command line: as JSON where it is JSON, such as true, 3 or {"approve": true}; else as text.

    Args:
        text: As it was typed.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _kind_of(value: object) -> str:
    return f"<{type(value).__name__}>"
