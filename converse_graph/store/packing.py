"""How the values of a checkpoint are stored, in whatever database: plain values in MessagePack, long ones packed.

LangGraph's serializer writes MessagePack and marks a snapshot of a ledger by an extension of its own. Here both are
read without LangGraph, and whatever else its serializer can write, such as an object of some class, is refused.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import ormsgpack

from converse_graph.errors import StoreFailure


@dataclass(frozen=True)
class Snapshot:
    """A ledger as a whole, as some checkpoints hold it."""

    entries: list[Any]


@dataclass(frozen=True)
class PackedSnapshot:
    """The same, not read yet."""

    plain: bytes
    """A list in MessagePack."""


def pack(kind: str, plain: bytes) -> tuple[str, bytes]:
    """Pack what is longer than a line; most of a checkpoint is names.

    Args:
        kind: How the value was serialized.
        plain: The serialized value.

    Returns:
        The kind, with a mark where it was packed, and the bytes to store.
    """
    if len(plain) < _PACK_FROM:
        return kind, plain
    packer = zlib.compressobj(_LEVEL, wbits=_WINDOW, memLevel=_MEMORY, zdict=_NAMES)
    return kind + _PACKED, packer.compress(plain) + packer.flush()


def unpack(kind: str, blob: bytes) -> tuple[str, bytes]:
    """Undo `pack`."""
    if not kind.endswith(_PACKED):
        return kind, blob
    unpacker = zlib.decompressobj(zdict=_NAMES)
    return kind.removesuffix(_PACKED), unpacker.decompress(blob) + unpacker.flush()


def load_plain(kind: str, blob: bytes) -> Any:
    """The value that was stored: plain values, and snapshots of ledgers.

    Raises:
        StoreFailure: It is anything else, which no channel of ours holds.
    """
    return _load(kind, blob, lambda entries: Snapshot(load_plain("msgpack", entries)))


def dump_plain(value: Any) -> bytes:
    """Serialize plain values, and snapshots of ledgers among them, as `load_plain` reads them.

    Args:
        value: Dicts, lists, texts, numbers, truth values and None; a `Snapshot` where a channel has one.
    """
    return ormsgpack.packb(
        value, default=_dump_snapshot, option=ormsgpack.OPT_NON_STR_KEYS | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    )


def load_outline(kind: str, blob: bytes) -> Any:
    """The same with each snapshot as `PackedSnapshot`: where a ledger is long, most of a checkpoint is that.

    Raises:
        StoreFailure: As `load_plain`.
    """
    return _load(kind, blob, PackedSnapshot)


def entries_in(plain: bytes) -> Iterator[bytes]:
    """Part a serialized list into its entries, each serialized still: `load_plain("msgpack", entry)` reads one.

    Raises:
        StoreFailure: It is no list in MessagePack.
    """
    try:
        at, count = _opening(plain, 0)
        if plain[0] not in _LISTS:
            _refuse("a value where a list is to be")
        for _ in range(count):
            start, open_values = at, 1
            while open_values:
                at, inner = _opening(plain, at)
                open_values += inner - 1
            if at > len(plain):
                raise IndexError(at)
            yield plain[start:at]
    except IndexError:
        _refuse("bytes that end too early")


def _opening(plain: bytes, at: int) -> tuple[int, int]:
    """What begins somewhere: where that which is within it, or comes after it, begins, and how many values it holds."""
    first = plain[at]
    if first <= 0x7F or first >= 0xE0:  # a small number
        return at + 1, 0
    if first <= 0x8F:
        return at + 1, 2 * (first & 0x0F)
    if first <= 0x9F:
        return at + 1, first & 0x0F
    if first <= 0xBF:
        return at + 1 + (first & 0x1F), 0
    counted, more, inner = _KINDS[first]
    end = at + 1 + counted
    if not counted:
        return end + more, 0
    count = int.from_bytes(plain[at + 1 : end])
    return (end, inner * count) if inner else (end + more + count, 0)


def _dump_snapshot(value: Any) -> ormsgpack.Ext:
    if not isinstance(value, Snapshot):
        raise TypeError(type(value).__name__)
    return ormsgpack.Ext(_SNAPSHOT, dump_plain(value.entries))


def _load(kind: str, blob: bytes, snapshot: Callable[[bytes], Any]) -> Any:
    def load_extension(code: int, packed: bytes) -> Any:
        if code != _SNAPSHOT:
            _refuse(f"an object of a class (MessagePack extension {code})")
        return snapshot(packed)

    kind, plain = unpack(kind, blob)
    if kind == "null":
        return None
    if kind != "msgpack":
        _refuse(f"a value of kind {kind!r}")
    try:
        return ormsgpack.unpackb(plain, ext_hook=load_extension, option=ormsgpack.OPT_NON_STR_KEYS)
    except ormsgpack.MsgpackDecodeError as error:
        _refuse(f"bytes that are no MessagePack ({error})")


def _refuse(what: str) -> NoReturn:
    raise StoreFailure(
        f"A checkpoint holds {what}, where only plain values are allowed; the release of converse-graph that wrote it "
        "can read it."
    )


_LISTS = frozenset((*range(0x90, 0xA0), 0xDC, 0xDD))
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
"""Of each first byte in MessagePack that stands alone: how many bytes give a length after it, how many more there are
beside that many, and how many values stand for one of a length that is a count. From the format's specification."""
_SNAPSHOT = 7
"""The extension by which LangGraph's serializer marks a snapshot of a ledger."""
_PACK_FROM = 200
"""Bytes; below that packing saves nothing."""
_PACKED = "+zlib"
"""How the kind of a packed value ends."""
_NAMES = (
    b"reasons\xa5votes\xa7dissent\x90\xa5lines\x91\xa4line\xa8decision\x83\xa8position\xa5place\xa4path\xa4memo"
    b"\xa6problem\x91\x85\xa5round\x01\xa4turn\x01\xa7speaker\xa0\xa4text\xda\xa6fields\x80"
    b"\x86\xa1v\x04\xa2ts\xd9 +00:00\xa2id\xd9$1f\xaechannel_values\x83\xa5floor\x85\xa5round\x01\xa4turn\x01"
    b"\xa8speakers\x91\xa5queue\x90\xa5taken\x80\xa7horizon\x03\xb0channel_versions\x8f\xa9__start__\x02\xa7horizon\x02"
    b"\xb4branch:to:supervisor\xcd\xa5floor\xcd\xaabranch:to:\xcd\xa5mind_\xcd\xa4out_\xcd\xaatranscript\xcd"
    b"\xa9summaries\xcd\xa6events\xcd\xa5votes\xcd\xa5ended\xcd\xadversions_seen\x85\xa9__input__\x80\xa9__start__\x81\xa9__start__\x01"
    b"\xaasupervisor\x81\xb4branch:to:supervisor\xcd\x81\xaabranch:to:\xcd\xb0updated_channels\x93\xaabranch:to:"
    b"\xa5floor\xaatranscript"
)
"""What nearly every checkpoint holds, as it is packed, the most frequent last. What is stored can be read with these
very bytes alone: other names take another mark above."""
_LEVEL = 3
"""A fifth faster than the usual 6, and a hundredth longer."""
_WINDOW, _MEMORY = 12, 4
"""As powers of two: four kilobytes to look back over. With the usual 32, a kilobyte takes five times as long to pack,
most of it to clear tables that it does not fill."""
