"""Reads parts of a stored value, unpacked no further than they are: a long ledger that a checkpoint holds is not held.

MessagePack says of each value where it ends, so that what is not wanted can be passed over. The format is that of its
specification. What comes out is what reading the whole gives: where that could differ, as with a name that stands there
twice or bytes that are left over, the value is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from converse_graph.store.packing import SNAPSHOT, load_plain, refuse, unpack_in_blocks

_CHANNELS = "channel_values"
_LISTS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
_MAPS = frozenset((*range(0x80, 0x90), 0xDE, 0xDF))
_EXTENSIONS: Mapping[int, int] = {0xC7: 1, 0xC8: 2, 0xC9: 4, **dict.fromkeys(range(0xD4, 0xD9), 0)}
"""Of each first byte of an extension, how many bytes give its length; 0 where the first byte says it."""
_KINDS: Mapping[int, tuple[int, int, int]] = {
    **dict.fromkeys((0xC0, 0xC1, 0xC2, 0xC3), (0, 0, 0)),
    **{0xC4 + power: (2**power, 0, 0) for power in range(3)},
    **{0xC7 + power: (2**power, 1, 0) for power in range(3)},
    0xCA: (0, 4, 0),
    0xCB: (0, 8, 0),
    **{0xCC + power: (0, 2**power, 0) for power in range(4)},
    **{0xD0 + power: (0, 2**power, 0) for power in range(4)},
    **{0xD4 + power: (0, 1 + 2**power, 0) for power in range(5)},
    **{0xD9 + power: (2**power, 0, 0) for power in range(3)},
    0xDC: (2, 0, 1),
    0xDD: (4, 0, 1),
    0xDE: (2, 0, 2),
    0xDF: (4, 0, 2),
}
"""Of each first byte that stands alone: how many bytes after it give a length, how many more there are beside as many,
and, where the length counts values, how many values one of it stands for."""
_LONGEST_OPENING = 6
"""Bytes."""


def packed_entries(kind: str, blob: bytes) -> Iterator[bytes]:
    """The entries of a stored list, each in MessagePack still: `load_plain("msgpack", entry)` reads one.

    Args:
        kind: How it was stored.
        blob: As it was stored.

    Raises:
        StoreFailure: It is no list.
    """
    reading = _Reading(kind, blob)
    yield from reading.entries()
    reading.require_end()


def saved_channels(kind: str, blob: bytes, *, unread: Collection[str] = ()) -> Iterator[str]:
    """Name the channels that a stored checkpoint holds; all else that it holds is read too, lest it cannot be.

    Args:
        kind: How it was stored.
        blob: As it was stored.
        unread: Ledgers whose records the caller reads, so that they are passed over here.

    Raises:
        StoreFailure: It is no checkpoint.
    """
    reading = _Reading(kind, blob)
    for name in reading.channels():
        reading.pass_over(unread=name in unread)
        yield name


def saved_values(kind: str, blob: bytes, names: Collection[str]) -> dict[str, Any]:
    """The values of some channels that a stored checkpoint holds, by name.

    Args:
        kind: How it was stored.
        blob: As it was stored.
        names: The channels; one that it does not hold is left out.

    Raises:
        StoreFailure: It is no checkpoint.
    """
    reading, values = _Reading(kind, blob), dict[str, Any]()
    for name in reading.channels():
        if name in names:
            values[name] = reading.read()
        else:
            reading.pass_over()
    return values


def saved_entries(kind: str, blob: bytes, ledger: str) -> Iterator[bytes]:
    """The entries of a ledger that a stored checkpoint holds whole, as `packed_entries` gives them.

    Args:
        kind: How it was stored.
        blob: As it was stored.
        ledger: Its name.

    Raises:
        StoreFailure: It is no checkpoint, or holds something else under that name.
    """
    reading = _Reading(kind, blob)
    for name in reading.channels():
        if name == ledger:
            end = reading.enter_snapshot()
            yield from reading.entries()
            reading.require_end(end)
        else:
            reading.pass_over()


class _Reading:
    """Goes through a stored value from its beginning, value by value."""

    def __init__(self, kind: str, blob: bytes) -> None:
        kind, self._blocks = unpack_in_blocks(kind, blob)
        if kind != "msgpack":
            refuse(f"a value of kind {kind!r}")
        self._plain, self._at, self._passed = b"", 0, 0
        """What is in memory, where in it the next value begins, and how many bytes came before it."""

    def channels(self) -> Iterator[str]:
        """Stop before the value of each channel, with its name; it is to be read or passed over then."""
        is_checkpoint = False
        for part in self._names():
            if part == _CHANNELS:
                is_checkpoint = True
                yield from self._names()
            else:
                self.read()
        if not is_checkpoint:
            refuse("a table without channels")
        self.require_end()

    def require_end(self, at: int | None = None) -> None:
        """Refuse whatever comes after what was read, up to the end of an extension, or of all."""
        if at is None:
            self._look_ahead(or_end=True)
            at = self._passed + len(self._plain)
        if self._passed + self._at != at:
            refuse("bytes that belong to nothing")

    def _names(self) -> Iterator[str]:
        """Stop before each value of the table that is next, with its name."""
        names: set[str] = set()
        for _ in range(self._enter(_MAPS) // 2):
            name = self.read()
            if not isinstance(name, str) or name in names:
                refuse("a name twice, or one that is no text")
            names.add(name)
            yield name

    def entries(self) -> Iterator[bytes]:
        """The entries of the list that is next."""
        for _ in range(self._enter(_LISTS)):
            yield self.value()

    def enter_snapshot(self) -> int:
        """Go to what is inside the snapshot that is next; returns where that ends, for `require_end`."""
        self._look_ahead()
        first = self._plain[self._at]
        if first not in _EXTENSIONS:
            refuse("a value where a snapshot of a ledger is to be")
        code = self._at + 1 + _EXTENSIONS[first]
        if self._plain[code : code + 1] != bytes([SNAPSHOT]):
            refuse("an object of a class, or the beginning of one")
        end, _ = _opening(self._plain, self._at)
        self._at = code + 1
        return self._passed + end

    def value(self) -> bytes:
        """The value that is next, in MessagePack still."""
        while (end := self._end_of_value()) is None:
            if not self._fill():
                refuse("bytes that end too early")
        value, self._at = self._plain[self._at : end], end
        return value

    def read(self) -> Any:
        """The value that is next."""
        return load_plain("msgpack", self.value())

    def pass_over(self, *, unread: bool = False) -> None:
        """Go behind the value that is next: all of it is read, of a snapshot no more than an entry at once or none."""
        self._look_ahead()
        if self._plain[self._at] not in _EXTENSIONS:
            self.read()
            return
        if unread:
            self._open()
            return
        end = self.enter_snapshot()
        for entry in self.entries():
            load_plain("msgpack", entry)
        self.require_end(end)

    def _enter(self, kinds: Collection[int]) -> int:
        """Go to what is inside the value that is next, which must be of these; returns how many values it holds."""
        self._look_ahead()
        if self._plain[self._at] not in kinds:
            refuse("a value where a list or a table is to be")
        return self._open()

    def _open(self) -> int:
        """Go behind the opening of the value that is next, or behind all of it where it holds none; returns as many."""
        self._look_ahead()
        end, inner = _opening(self._plain, self._at)
        while end > len(self._plain):
            end -= len(self._plain)
            self._passed += len(self._plain)
            self._plain = next(self._blocks, b"")
            if not self._plain:
                refuse("bytes that end too early")
        self._at = end
        return inner

    def _look_ahead(self, *, or_end: bool = False) -> None:
        """Have the whole opening of the next value in memory, which must be there, unless all may have been read."""
        while len(self._plain) - self._at < _LONGEST_OPENING and self._fill():
            pass
        if self._at >= len(self._plain) and not or_end:
            refuse("bytes that end too early")

    def _fill(self) -> bool:
        block = next(self._blocks, b"")
        self._passed += self._at
        self._plain, self._at = self._plain[self._at :] + block, 0
        return bool(block)

    def _end_of_value(self) -> int | None:
        """Where the next value ends; None where it is not in memory whole."""
        at, open_values = self._at, 1
        while open_values:
            if at >= len(self._plain):
                return None
            at, inner = _opening(self._plain, at)
            open_values += inner - 1
        return at if at <= len(self._plain) else None


def _opening(plain: bytes, at: int) -> tuple[int, int]:
    """What begins somewhere: where that which is inside it, or comes after it, begins, and how many values it holds."""
    first = plain[at]
    if first <= 0x7F or first >= 0xE0:  # a small number
        return at + 1, 0
    if first <= 0x8F:
        return at + 1, 2 * (first & 0x0F)
    if first <= 0x9F:
        return at + 1, first & 0x0F
    if first <= 0xBF:
        return at + 1 + (first & 0x1F), 0
    sizes, more, inner = _KINDS[first]
    end = at + 1 + sizes
    if not sizes:
        return end + more, 0
    count = int.from_bytes(plain[at + 1 : end])
    return (end, inner * count) if inner else (end + more + count, 0)
