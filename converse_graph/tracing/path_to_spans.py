"""Which spans a call lies in, read from its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from converse_graph.record.call_paths import CallPath
from converse_graph.tracing.spans import Kind

_TASKS: Mapping[str | None, str] = {"imagine": "imagined debate", "pick": "who speaks next", "graph": "own graph"}

Key = tuple[str, ...]
"""The same for the same span of a run, such as ("12.0/OpenAI", "debate", "3.CEO"); it begins with that of every span
that it lies in."""


@dataclass(frozen=True, kw_only=True)
class EnclosingSpan:
    """A span that a call lies in."""

    key: Key
    kind: Kind
    names: tuple[str, ...]
    """How it is named within its period, outermost first: "OpenAI", "debate", "CEO"."""
    path: str
    """Whose it is: "OpenAI", or of a persona "OpenAI/CEO"."""
    depth: int
    """How many conversations it lies in: 1 at the table, 2 in a debate of a party."""


def enclosing_spans(path: CallPath) -> tuple[EnclosingSpan, ...]:
    """List the spans that a call lies in, outermost first: the turn, then debates and personas."""
    return tuple(_enclosing_spans(path))


def _enclosing_spans(path: CallPath) -> Iterator[EnclosingSpan]:
    turn = CallPath.of_turn(path.round, path.turn, path.party)
    key: Key = (str(turn),)
    names: tuple[str, ...] = (path.party,)
    yield EnclosingSpan(key=key, kind="turn", names=names, path=turn.reader, depth=1)
    for depth, step in enumerate(path.steps, 2):
        key, names = (*key, "debate"), (*names, "debate")
        yield EnclosingSpan(key=key, kind="debate", names=names, path=turn.reader, depth=depth)
        turn, key, names = turn.inside(step.at, step.name), (*key, str(step)), (*names, step.name)
        yield EnclosingSpan(key=key, kind="persona", names=names, path=turn.reader, depth=depth)


def task_name(path: CallPath) -> str:
    """Say what a call is for, such as "statement" or "line"."""
    return _TASKS.get(path.task, str(path.task))


def lies_in(key: Key, outer: Key) -> bool:
    """Say whether a span is another or lies in it."""
    return key[: len(outer)] == outer
