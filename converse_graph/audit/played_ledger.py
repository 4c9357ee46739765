"""A ledger as it grows while a run is played again: for as long as it is the one on record, that one is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self, overload

from converse_graph.audit.channels_on_disk import Ledger
from converse_graph.record.state import LedgerElsewhere
from converse_graph.store.packing import dump_plain, load_plain

_RECENT = 256
"""Records that are kept in memory: a turn looks at the last few rounds."""


class PlayedLedger(LedgerElsewhere):
    """What a ledger of a run that is played again has come to.

    Its records are compared with those on record as they come. The ones that are the same are not kept: they are read
    from there. From the first that is another on, all are.
    """

    def __init__(self, stored: StoredLedger, same: int = 0, others: Sequence[Any] = ()) -> None:
        """Begin with as many records as are the stored ones, and with others after them."""
        self._stored, self.same, self._others = stored, same, others

    def grown(self, records: Sequence[Any]) -> Self:
        """The ledger that has these records more at its end."""
        same, others = self.same, [*self._others]
        for record in records:
            if not others and self._stored.has(same, record):
                same += 1
            else:
                others.append(load_plain("msgpack", dump_plain(record)))
        return type(self)(self._stored, same, others)

    def __len__(self) -> int:
        """How many records there are."""
        return self.same + len(self._others)

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: int | slice) -> Any:
        """The record of that number, or a list of those of a slice."""
        numbers = range(len(self))[at]
        return [*map(self._record, numbers)] if isinstance(numbers, range) else self._record(numbers)

    def __iter__(self) -> Iterator[Any]:
        """All records in their order."""
        return map(self._record, range(len(self)))

    def __copy__(self) -> Self:
        """The same: it never changes."""
        return self

    def _record(self, number: int) -> Any:
        return self._stored[number] if number < self.same else self._others[number - self.same]


class StoredLedger:
    """A ledger on record, with what was looked at last in memory."""

    def __init__(self, ledger: Ledger | Sequence[Any], *, holds_all: bool = False) -> None:
        """Read from this one; from an empty sequence where there is none.

        Args:
            ledger: As it is on record.
            holds_all: Whether what was looked at once stays in memory.
        """
        self._ledger, self._holds_all = ledger, holds_all
        self._recent: dict[int, Any] = {}

    def has(self, number: int, record: Any) -> bool:
        """Whether a record is the one of that number; it is kept for a while where it is."""
        if self._recent.get(number) is record:
            return True
        if number >= len(self._ledger) or not isinstance(self._ledger, Ledger):
            return False
        packed, on_record = dump_plain(record), self._ledger.packed(number)
        if packed != on_record and packed != dump_plain(load_plain("msgpack", on_record)):
            return False
        self._keep(number, record)
        return True

    def __getitem__(self, number: int) -> Any:
        """The record of that number."""
        if number not in self._recent:
            self._keep(number, self._ledger[number])
        return self._recent[number]

    def _keep(self, number: int, record: Any) -> None:
        self._recent[number] = record
        if len(self._recent) > 2 * _RECENT and not self._holds_all:
            for oldest in list(self._recent)[:-_RECENT]:
                del self._recent[oldest]
