"""Which spans a call lies in, read from its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from converse_graph.tracing.spans import Kind

_STEP = re.compile(r"(?:\d+|position|ballot)\.(?P<name>.+)")
_TASKS = {"imagine": "imagined debate", "pick": "who speaks next", "graph": "own graph"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A span that a call lies in."""

    key: str
    """The same for the same span of a run, such as "12.0/OpenAI/3.CEO"."""
    kind: Kind
    names: tuple[str, ...]
    """How it is named within its period, outermost first: "OpenAI", "debate", "CEO"."""
    path: str
    """Whose it is: "OpenAI", or of a persona "OpenAI/CEO"."""
    depth: int
    """How many conversations it lies in: 1 at the table, 2 in a debate of a party."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A call by its place."""

    round: int
    turn: str
    """Key of its turn, such as "12.0/OpenAI"."""
    steps: tuple[Step, ...]
    """The spans that it lies in, outermost first: the turn, then debates and personas."""
    task: str
    """What it is for, such as "statement" or "line"."""


def placed(place: str) -> Placed:
    """Read a place, such as "12.0/OpenAI/3.CEO/line"."""
    when, party, *inner, task = place.split("/")
    names: tuple[str, ...] = (party,)
    key, path = f"{when}/{party}", party
    steps = [Step(key=key, kind="turn", names=names, path=path, depth=1)]
    for depth, step in enumerate(inner, 2):
        found = _STEP.fullmatch(step)
        name = found["name"] if found else step
        names = (*names, "debate")
        steps.append(Step(key=f"{key}/debate", kind="debate", names=names, path=path, depth=depth))
        key, names, path = f"{key}/{step}", (*names, name), f"{path}/{name}"
        steps.append(Step(key=key, kind="persona", names=names, path=path, depth=depth))
    round = int(when.partition(".")[0])
    return Placed(round=round, turn=f"{when}/{party}", steps=tuple(steps), task=_task(task))


def _task(task: str) -> str:
    return "summary" if task.startswith("summary.") else _TASKS.get(task, task)
