"""A person at the terminal in the place of a party: its view is shown, and the form of its turn is filled in."""

from __future__ import annotations

import asyncio
import json
import select
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from converse_graph.calls.answers import NamedAnswer
from converse_graph.cli.output import Output
from converse_graph.errors import AnswerNeeded
from converse_graph.models.human import PASS_TO_MODEL
from converse_graph.sanitize import strip_invisible


class Answerer(Protocol):
    """Where persons are asked, at the terminal or at their pages."""

    def show(self, reason: AnswerNeeded) -> None:
        """Show what those who wait are asked."""

    async def answers(self, reason: AnswerNeeded) -> tuple[NamedAnswer, ...] | None:
        """Return what was answered; None where nobody is there, and the run is to pause."""


class Seat:
    """Where a person sits."""

    def __init__(self, output: Output, *, deadline: float | None = None) -> None:
        """Sit down.

        Args:
            output: Where the view is shown.
            deadline: Seconds for each field, after which the turn is passed to the model; None for ever.
        """
        self._output, self._deadline = output, deadline
        self._shown_parts: set[tuple[str, str]] = set()

    def show(self, reason: AnswerNeeded) -> None:
        """Show what those who wait have before them, leaving out what was shown before."""
        for speaker, question in zip(reason.speakers, reason.questions, strict=True):
            for part in _prompt(question):
                if (speaker, part["text"]) not in self._shown_parts:
                    self._shown_parts.add((speaker, part["text"]))
                    for line in strip_invisible(part["text"]).splitlines():
                        self._output.say(f"{speaker} | {line}")

    async def answers(self, reason: AnswerNeeded) -> tuple[NamedAnswer, ...] | None:
        """Have the forms filled in; None where nobody is at the terminal, or whoever is there leaves."""
        if self._output.quiet or not sys.stdin or not sys.stdin.isatty():
            return None
        named_answers = []
        for speaker, question in zip(reason.speakers, reason.questions, strict=True):
            value = await self._answer(speaker, question)
            if value is None:
                return None
            named_answers.append(NamedAnswer(speaker=speaker, value=value))
        return tuple(named_answers)

    async def _answer(self, speaker: str, question: Any) -> Any:
        if not isinstance(question, Mapping) or "form" not in question:
            return await self._line(f"{speaker}> ")
        values: dict[str, Any] = {}
        for name, form in question["form"]["properties"].items():
            line = await self._line(f"{speaker}, {name}> ")
            if line is None or line == PASS_TO_MODEL:
                return line
            if line:
                values[name] = line if form.get("type") == "string" else _as_json(line)
        return values

    async def _line(self, prompt: str) -> Any:
        """A line that is typed; None at the end of input, the passing of the turn at the deadline."""
        self._output.say("")
        sys.stderr.write(prompt)
        sys.stderr.flush()
        line = await asyncio.to_thread(_read_line, self._deadline)
        return PASS_TO_MODEL if line is None else line.rstrip("\n") if line else None


def _read_line(deadline: float | None) -> str | None:
    """A line of standard input; None where none came in time."""
    is_ready, _, _ = select.select([sys.stdin], [], [], deadline)
    return sys.stdin.readline() if is_ready else None


def _prompt(question: Any) -> list[Mapping[str, Any]]:
    return list(question["prompt"]) if isinstance(question, Mapping) and "prompt" in question else []


def _as_json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return line
