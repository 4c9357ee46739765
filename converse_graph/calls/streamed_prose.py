"""Reads the prose out of a structured reply while it is being written."""

import json
import re
from collections.abc import Callable

from converse_graph.models.thoughts import find_thought_marks
from converse_graph.sanitize import whole_characters


class ProseReader:
    """Reads the first field of a JSON object as it arrives, and passes on what is new of it.

    Thoughts before the object are not shown. Where anything else stands before it, nothing is: what comes first may be
    thoughts that nothing marks as such, so that the reply is shown when it is whole and was read.
    """

    def __init__(self, pass_on: Callable[[str], None], *, name: str | None = None) -> None:
        """Pass each new piece of the prose to `pass_on`.

        Args:
            pass_on: Is given the pieces.
            name: Of the field, which alone is shown; None for whichever comes first.
        """
        self._pass_on, self._name = pass_on, name
        self.restart()

    def restart(self) -> None:
        """Forget what came: the reply begins again."""
        self._received, self._half, self._thinking = "", "", ""
        self._next_step: Callable[[], bool] | None = self._before

    def __call__(self, piece: str) -> None:
        """Take the next piece of the reply."""
        if self._next_step is None:
            return
        self._received += piece
        while self._next_step is not None and self._next_step():
            pass

    def _before(self) -> bool:
        """Come to the object, past blanks, a fence and thoughts; True where there is more to read."""
        self._received = text = self._received.lstrip("\ufeff \t\r\n")
        if text.startswith("{"):
            self._next_step = self._field
            return True
        mark = next((mark for mark in find_thought_marks(text[:_LONGEST_MARK]) if mark.start == 0), None)
        if mark is not None:
            self._received = text[mark.end :]
            if mark.opens:
                self._next_step, self._thinking = self._thoughts, mark.kind
            return True
        fence = _FENCE.match(text)
        if fence is not None:
            self._received = text[fence.end() :]
            return True
        if text and (text[0] not in _BEGINNINGS or len(text) > _LONGEST_MARK):
            self._next_step = None
        return False

    def _thoughts(self) -> bool:
        for mark in find_thought_marks(self._received):
            if mark.kind == self._thinking and not mark.opens:
                self._received, self._next_step = self._received[mark.end :], self._before
                return True
        self._received = self._received[-_LONGEST_MARK:]
        return False

    def _field(self) -> bool:
        match = _FIELD.match(self._received)
        if match is None:
            if len(self._received) > _LONGEST_MARK:
                self._next_step = None
            return False
        self._received = self._received[match.end() :]
        self._next_step = self._prose if self._name in (None, match[1]) else None
        return self._next_step is not None

    def _prose(self) -> bool:
        string = _STRING.match(self._received)
        spelt = string[0] if string else ""
        try:
            new = self._half + json.loads(f'"{spelt}"', strict=False)
        except ValueError:
            self._next_step = None
            return False
        self._received = self._received[len(spelt) :]
        # The second half of a character may come with the next piece.
        self._half = new[-1:] if "\ud800" <= new[-1:] <= "\udbff" else ""
        if self._received.startswith('"'):
            self._next_step = None
        if text := whole_characters(new[: len(new) - len(self._half)]):
            self._pass_on(text)
        return False


_LONGEST_MARK = 200
"""Characters of what begins or ends thoughts, at most, and of an object before its first value."""
_BEGINNINGS = "<[◁`"
"""Letters with which a mark or a fence begins."""
_FENCE = re.compile(r"`{3,}[a-zA-Z0-9]{0,10}[ \t]*\n")
_FIELD = re.compile(r"\{\s*\"([^\"\\]{1,100})\"\s*:\s*\"")
_STRING = re.compile(r"(?:[^\"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*", re.DOTALL)
