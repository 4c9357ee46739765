"""The channels of a run with its ledgers on disk: read record by record, so that a long run takes no more memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from converse_graph.audit.scratch import Scratch
from converse_graph.record.call_paths import CallPath, Span
from converse_graph.record.state import PUBLIC_VALUES
from converse_graph.store import Run, Store
from converse_graph.store.packed_values import saved_values
from converse_graph.store.packing import load_plain
from converse_graph.store.record_reader import packed_records

_TABLES = (
    "CREATE TABLE records (ledger TEXT, number INTEGER, place TEXT, record BLOB, PRIMARY KEY (ledger, number)) "
    "WITHOUT ROWID",
    "CREATE INDEX by_place ON records (place)",
)
_ADD = "INSERT INTO records VALUES (?, ?, ?, ?)"
_ONE = "SELECT record FROM records WHERE ledger = ? AND number = ?"
_SOME = "SELECT record FROM records WHERE ledger = ? AND number >= ? AND number < ? ORDER BY number"
_AT = "SELECT ledger, record FROM records WHERE place = ? ORDER BY ledger, number"
_AT_ONCE = 200
"""Records that are read at once of a whole ledger."""


class ChannelsOnDisk(Mapping[str, Any]):
    """The channels of a run's root graph by name: each ledger a `Ledger`, each other channel its value."""

    def __init__(self, records: Iterable[tuple[str, bytes]], values: Mapping[str, Any]) -> None:
        """Take all records at once.

        Args:
            records: Of ledgers: the name of the ledger, and the record in MessagePack; those of one in their order.
            values: Of the other channels, by name.
        """
        self._scratch, self._values = Scratch(), values
        for statement in _TABLES:
            self._scratch.run(statement)
        self._lengths: dict[str, int] = {}
        self._scratch.run_many(_ADD, map(self._row, records))

    def _row(self, record: tuple[str, bytes]) -> tuple[str, int, str | None, bytes]:
        ledger, packed = record
        number = self._lengths.get(ledger, 0)
        self._lengths[ledger] = number + 1
        return ledger, number, _place_of(ledger, load_plain("msgpack", packed)), packed

    def __getitem__(self, name: str) -> Any:
        """The value of a channel."""
        return Ledger(self._scratch, name, self._lengths[name]) if name in self._lengths else self._values[name]

    def __iter__(self) -> Iterator[str]:
        """The names of all channels that hold something."""
        return iter((*self._values, *self._lengths))

    def __len__(self) -> int:
        """How many channels hold something."""
        return len(self._values) + len(self._lengths)

    def records_at(self, place: str) -> list[tuple[str, Any]]:
        """The records of a place: of each its ledger, and the record itself.

        Args:
            place: The turn or the call that a record was made in; of a public summary, its span.
        """
        return [(str(ledger), load_plain("msgpack", packed)) for ledger, packed in self._scratch.run(_AT, place)]


class Ledger(Sequence[Any]):
    """A ledger on disk."""

    def __init__(self, scratch: Scratch, name: str, length: int) -> None:
        """Read the first records of the ledger of that name."""
        self._scratch, self._name, self._length = scratch, name, length

    def __len__(self) -> int:
        """How many records there are."""
        return self._length

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: int | slice) -> Any:
        """The record of that number, or a list of those of a slice."""
        if isinstance(at, slice):
            start, stop, step = at.indices(self._length)
            if step != 1:
                return [self[number] for number in range(start, stop, step)]
            return [load_plain("msgpack", packed) for (packed,) in self._scratch.run(_SOME, self._name, start, stop)]
        return load_plain("msgpack", self.packed(range(self._length)[at]))

    def __iter__(self) -> Iterator[Any]:
        """All records in their order, no more of them held than are read at once."""
        for start in range(0, self._length, _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    def packed(self, number: int) -> bytes:
        """The record of that number, from 0, in MessagePack."""
        ((packed,),) = self._scratch.run(_ONE, self._name, number)
        return bytes(packed)


def stored_channels(store: Store, run: Run) -> ChannelsOnDisk:
    """Read what `Store.channels` reads; empty before the first checkpoint.

    Args:
        store: Where the run is kept.
        run: The run.

    Raises:
        StoreFailure: A checkpoint holds what no channel of a run can hold.
    """
    last = store.checkpoints.one(run.name)
    values = saved_values(last.kind, last.checkpoint, PUBLIC_VALUES) if last else {}
    return ChannelsOnDisk(packed_records(store.checkpoints, run), values)


def _place_of(ledger: str, record: Any) -> str | None:
    """The place that a record is looked up by; None where it has none that a message could name."""
    if not isinstance(record, Mapping):
        return None
    # Texts are compared, in which the number 0 and the text "0" are the same.
    if ledger == "transcript" and all(type(record.get(name)) is int for name in ("round", "turn")):
        return str(CallPath.of_turn(record["round"], record["turn"], str(record.get("speaker"))))
    if ledger == "summaries" and all(type(record.get(name)) is int for name in ("level", "first", "last")):
        return str(Span(level=record["level"], first=record["first"], last=record["last"]))
    place = record.get("place")
    return place if isinstance(place, str) and ledger not in ("transcript", "summaries") else None
