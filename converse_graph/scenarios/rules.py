"""Rules that code applies to the record: which events have happened, and when a run ends early."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field as Bound

from converse_graph.scenarios.ledger_folds import LedgerFold
from converse_graph.scenarios.value import ByKind, FrozenModel, Identifier, Name


class Event(FrozenModel):
    """Something that has happened once enough parties have reported it."""

    name: Identifier
    """What it is called, such as "agi_reached"."""
    field: Identifier
    """The field that reports it."""
    equals: bool | int | str = True
    """The answer that reports it."""
    parties: Annotated[int, Bound(ge=1)] = 1
    """How many different parties must have reported it, in any rounds."""
    from_round: Annotated[int, Bound(ge=0)] = 0
    """From which round on a report counts, from 0: nobody can accept what nobody has offered yet."""


class ScheduledEvent(FrozenModel):
    """Something that happens at a date, whatever the parties do: it reaches whom it is for as that round begins."""

    at: str | int
    """A period's name, such as "2027 H2", or a year, which means its first period."""
    text: str
    """What happens, as those whom it reaches are told of it."""
    party: Name | None = None
    """The one party that learns of it; None for everybody."""


class RunningList(FrozenModel):
    """A list that stands until it is changed, such as laws: put together by code from what parties report."""

    title: str
    """What is put before those that it concerns, such as "Laws in force"."""
    add_field: Identifier
    """The field, a list of names, that puts an entry on it: "name", or "name: what it demands"."""
    remove_field: Identifier
    """The field, a list of names, that takes entries of the same party off again."""
    party_kind: Identifier | None = None
    """The kind of parties that it is put before; None for all."""


class StopOnEvent(FrozenModel):
    """Stop at the end of the round in which an event happens."""

    kind: Literal["event"] = "event"
    """Which kind of rule this is, as a file names it."""
    event: Identifier
    """The name of one of the scenario's events."""


class StopOnSilence(FrozenModel):
    """Stop after rounds in which nobody made a statement."""

    kind: Literal["silence"] = "silence"
    """Which kind of rule this is, as a file names it."""
    rounds: Annotated[int, Bound(ge=1)] = 1
    """How many such rounds, one after the other."""


class StopWhen(FrozenModel):
    """Stop at the end of the first round for which a Python predicate on the statements so far is true."""

    kind: Literal["when"] = "when"
    """Which kind of rule this is, as a file names it."""
    predicate: Callable[[Sequence[dict[str, Any]]], bool]
    """Takes the public statements so far, each as `show --as json` gives it."""
    reason: str = "the scenario's own rule"
    """Why the run ends, as the record says it."""


StopRule = Annotated[StopOnEvent | StopOnSilence | StopWhen, ByKind()]
"""Any reason to end a run before its horizon."""


def events_so_far(events: Sequence[Event | ScheduledEvent], reports: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The names of the events that enough parties have reported.

    Args:
        events: What may happen.
        reports: The first report of each event by each party: `name`, `party`, `round`.
    """
    if not reports:
        return ()
    counts = Counter(report["name"] for report in reports)
    events_to_report = [event for event in events if isinstance(event, Event)]
    return tuple(event.name for event in events_to_report if counts[event.name] >= event.parties)


def running_list_entries(rule: RunningList, statements: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What stands after these statements.

    An entry goes by the words before its colon, apart from case and spaces; who put it up alone can take it off, and
    who puts it up again words it anew.

    Args:
        rule: What is folded.
        statements: The public record in its order, each with `speaker` and `fields`.

    Returns:
        Entries as they were worded last, each after the party that put it up: "UK Government: Audits: no release
        without one".
    """
    return RunningListFold(rule).bring_up(statements).entries


class RunningListFold(LedgerFold):
    """What stands of a running list as the public record grows."""

    def __init__(self, rule: RunningList) -> None:
        """Begin before the first statement."""
        super().__init__()
        self._rule = rule
        self._standing: dict[tuple[str, str], str] = {}

    @property
    def entries(self) -> tuple[str, ...]:
        """What stands after the statements that were folded, as `running_list_entries` has it."""
        return tuple(self._standing.values())

    def take(self, record: Mapping[str, Any]) -> None:
        """Fold a statement, which has `speaker` and `fields`."""
        fields, speaker = record.get("fields") or {}, record["speaker"]
        for name in _texts_in(fields.get(self._rule.remove_field)):
            self._standing.pop((speaker, _short(name)), None)
        for name in _texts_in(fields.get(self._rule.add_field)):
            if _short(name):
                self._standing[speaker, _short(name)] = f"{speaker}: {' '.join(name.split())}"

    def clear(self) -> None:
        """Let nothing stand."""
        self._standing = {}


def _texts_in(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list | tuple) else []


def _short(entry: str) -> str:
    return " ".join(entry.partition(":")[0].casefold().split()).rstrip(".")
