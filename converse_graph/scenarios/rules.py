"""Rules that code applies to the record: which events have happened, and when a run ends early."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator
from pydantic import Field as Bound

from converse_graph.scenarios.value import Identifier, Name, Value


class Event(Value):
    """Something that has happened once enough parties have reported it."""

    name: Identifier
    """What it is called, such as "agi_reached"."""
    field: Identifier
    """The field that reports it."""
    equals: bool | int | str = True
    """The answer that reports it."""
    parties: Annotated[int, Bound(ge=1)] = 1
    """How many different parties must have reported it, in any rounds."""


class Dated(Value):
    """Something that happens at a date, whatever the parties do: it reaches whom it is for as that round begins."""

    at: str | int
    """A period's name, such as "2027 H2", or a year, which means its first period."""
    text: str
    to: Name | None = None
    """The one party that learns of it; None for everybody."""


class OnEvent(Value):
    """Stop at the end of the round in which an event happens."""

    kind: Literal["event"] = "event"
    event: Identifier


class OnSilence(Value):
    """Stop after rounds in which nobody made a statement."""

    kind: Literal["silence"] = "silence"
    rounds: Annotated[int, Bound(ge=1)] = 1


class When(Value):
    """Stop at the end of the first round for which a Python predicate on the statements so far is true."""

    kind: Literal["when"] = "when"
    predicate: Callable[[Sequence[dict[str, Any]]], bool]
    """Takes the public statements so far, each as `show --as json` gives it."""
    reason: str = "the scenario's own rule"


StopRule = Annotated[OnEvent | OnSilence | When, Discriminator("kind")]
"""Any reason to end a run before its horizon."""


def events_so_far(events: Sequence[Event | Dated], reported: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The names of the events that enough parties have reported.

    Args:
        events: What may happen.
        reported: The first report of each event by each party: `name`, `party`, `round`.
    """
    counts = Counter(report["name"] for report in reported)
    awaited = [event for event in events if isinstance(event, Event)]
    return tuple(event.name for event in awaited if counts[event.name] >= event.parties)
