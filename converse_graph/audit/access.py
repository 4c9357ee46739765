"""Who was asked in a call, and whose records that speaker may read."""

import math
import re
from dataclasses import dataclass

from converse_graph.models.base import PUBLIC

Time = tuple[float, float]
"""Round and turn."""

SUPERVISOR, JUDGE = "supervisor", "judge"
_STEP = re.compile(r"(?:\d+|position|ballot)\.(?P<name>.+)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call by its place."""

    reader: str
    """Path of who was asked, such as "OpenAI/CEO"; "supervisor" and "judge" for those who read in public."""
    task: str
    """What for, such as "statement" or "line"."""
    time: Time
    """When; a judge reads after everything."""

    @property
    def is_public(self) -> bool:
        """Whether it was somebody who has nothing private."""
        return self.reader in (SUPERVISOR, JUDGE)


def asked_at(place: str) -> Asked:
    """Who was asked at a place, such as "12.0/OpenAI/3.CEO/line".

    A step inside a party is the number of a line or what is written down, then a dot and the persona; where a persona
    sums up for itself, the persona alone.
    """
    when, *steps = place.split("/")
    if when == JUDGE:
        return Asked(reader=JUDGE, task=JUDGE, time=(math.inf, math.inf))
    round, _, turn = when.partition(".")
    *speakers, task = steps
    return Asked(reader=path_of(speakers), task=task, time=(int(round), int(turn)))


def path_of(steps: list[str]) -> str:
    """The path of a speaker from the steps of its place: "OpenAI", "3.CEO" is "OpenAI/CEO"."""
    party, *inside = steps
    return "/".join([party, *(found["name"] if (found := _STEP.fullmatch(step)) else step for step in inside)])


def holder_of(place: str) -> str:
    """The path of the speaker whose turn a place is: "12.0/OpenAI/3.CEO" is the turn of "OpenAI/CEO"."""
    return path_of(place.split("/")[1:])


def may_read(reader: str, owner: str) -> bool:
    """Whether a speaker may read a record: what is public, its own, and that of whoever it speaks inside of.

    Nobody reads what goes on inside a fellow, and an organisation hears of its personas what was said in its debate,
    which is its own record.
    """
    return owner == PUBLIC or reader == owner or reader.startswith(f"{owner}/")
