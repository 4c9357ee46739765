"""The scripted model: says lines given in advance. For testing scenarios; silence and surplus fail the test."""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from converse_graph.models.base import PromptProfile, Request, Response

Scripted = Mapping[str, Any] | str | Exception
"""A line: the object to reply, raw text, or an exception to raise."""


class ScriptedModel:
    """Says its lines in order, and notes what it was asked.

    `ScriptedModel([{"text": "We agree."}, "no JSON at all", TimeoutError()])` speaks in the order in which it is
    asked. Where parties think at the same time, name the places instead:
    `ScriptedModel({"*/Union/*": [...], "*": [...]})`; the first pattern that fits a request's place supplies its line.
    """

    model = "scripted"
    window: int | None = None
    free = True

    def __init__(
        self, lines: Sequence[Scripted] | Mapping[str, Sequence[Scripted]], *, profile: PromptProfile = "small"
    ) -> None:
        """Give the lines.

        Args:
            lines: In order; or for each pattern of places (as the shell's: * ? [abc]) in order.
            profile: Which set of prompts it is given.
        """
        script = lines if isinstance(lines, Mapping) else {"*": lines}
        self._script = {pattern: deque(replies) for pattern, replies in script.items()}
        self.profile: PromptProfile = profile
        self.requests: list[Request] = []
        """All that was asked, in order."""

    async def complete(self, request: Request) -> Response:
        """Say the next line.

        Args:
            request: Whose place decides which line is next.

        Raises:
            AssertionError: There is no line left for this place.
        """
        self.requests.append(request)
        lines = self._next(request.place)
        if isinstance(lines, Exception):
            raise lines
        text = lines if isinstance(lines, str) else json.dumps(dict(lines), ensure_ascii=False)
        if request.on_delta:
            request.on_delta(text)
        letters = sum(len(part.text) for part in request.messages)
        return Response(text=text, model=self.model, input_tokens=letters // 4, output_tokens=len(text) // 4, usd=0.0)

    def assert_exhausted(self) -> None:
        """Fail when lines were left unspoken.

        Raises:
            AssertionError: Some were; it names them.
        """
        left = [f"{pattern}: {line!r}" for pattern, lines in self._script.items() for line in lines]
        if left:
            raise AssertionError(f"{len(left)} lines left unspoken: {'; '.join(left)}")

    async def close(self) -> None:
        """Nothing to let go of."""

    def _next(self, place: str) -> Scripted:
        for pattern, lines in self._script.items():
            if fnmatchcase(place, pattern):
                if not lines:
                    raise AssertionError(f"asked beyond the script at {place!r}: no line left under {pattern!r}")
                return lines.popleft()
        raise AssertionError(f"asked beyond the script at {place!r}; there are lines for: {', '.join(self._script)}")
