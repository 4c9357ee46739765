"""What is folded from a ledger as it grows: each record once, for a run of thousands of turns cannot look back at all.

Turn by turn the whole record would be gone through, which takes longer than the turn once there are thousands.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Self, TypeVar, cast

F = TypeVar("F", bound="LedgerFold")


class LedgerFold(ABC):
    """Something that is made from the records of a ledger one after the other."""

    def __init__(self) -> None:
        """Begin before the first record."""
        self._count = 0
        self._last: Any = None

    def bring_up(self, ledger: Sequence[Any]) -> Self:
        """Fold what a ledger has more than before; all of it where it does not go on from there.

        Args:
            ledger: All records so far, in their order.
        """
        if not self._goes_on(ledger):
            self.clear()
            self._count = 0
        for record in ledger[self._count :]:
            self.take(record)
        self._count, self._last = len(ledger), ledger[-1] if ledger else None
        return self

    def _goes_on(self, ledger: Sequence[Any]) -> bool:
        if not self._count:
            return True
        if len(ledger) < self._count:
            return False
        last = ledger[self._count - 1]  # of a ledger on disk, it may have been read again since
        return last is self._last or bool(last == self._last)

    @abstractmethod
    def take(self, record: Any) -> None:
        """Fold one record more.

        Args:
            record: The next of the ledger.
        """

    @abstractmethod
    def clear(self) -> None:
        """Forget all that was folded."""


class Folds:
    """What was folded in a run so far, to be gone on with in its later turns."""

    def __init__(self) -> None:
        """Begin with nothing folded."""
        self._folds: dict[Hashable, LedgerFold] = {}

    def of(self, key: Hashable, make: Callable[[], F]) -> F:
        """Give the fold of that name.

        Args:
            key: What it is of, and of whom.
            make: Makes it where there is none.
        """
        if key not in self._folds:
            self._folds[key] = make()
        return cast("F", self._folds[key])


class RecordsOfKind(LedgerFold):
    """The records of one kind, of a ledger that has others too."""

    def __init__(self, kind: str) -> None:
        """Keep those of this kind."""
        super().__init__()
        self._kind = kind
        self.records: list[Any] = []

    def take(self, record: Mapping[str, Any]) -> None:
        """Keep a record, or pass it over."""
        if record["kind"] == self._kind:
            self.records.append(record)

    def clear(self) -> None:
        """Keep none."""
        self.records = []
