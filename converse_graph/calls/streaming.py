"""Events for whoever watches a run, and the prose of a structured reply while it is being written."""

from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

Emit = Callable[[dict[str, Any]], None]
"""Passes an event to whoever watches the run: a plain dict whose `event` says which it is."""


def telling(emit: Emit, trace: Emit | None) -> Emit:
    """Pass events on to a trace too, where there is one."""
    if trace is None:
        return emit

    def both(event: dict[str, Any]) -> None:
        trace(event)
        emit(event)

    return both


class ProseReader:
    """Reads the first field of a JSON object as it arrives, and passes on what is new of it."""

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        """Pass each new piece of the prose to `pass_on`."""
        self._pass_on = pass_on
        self._received = ""
        self._shown = 0

    def restart(self) -> None:
        """Forget what came: the reply begins again."""
        self._received, self._shown = "", 0

    def __call__(self, piece: str) -> None:
        """Take the next piece of the reply."""
        self._received += piece
        start = self._received.find("{")
        if start < 0:
            return
        try:
            begun = from_json(self._received[start:], allow_partial="trailing-strings")
        except ValueError:
            return
        prose = next(iter(begun.values()), None) if isinstance(begun, dict) else None
        if isinstance(prose, str) and len(prose) > self._shown:
            self._pass_on(prose[self._shown :])
            self._shown = len(prose)
