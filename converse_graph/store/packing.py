"""How the values of a checkpoint are stored, in whatever database: plain values in MessagePack, long ones packed.

LangGraph's serializer writes MessagePack and marks a snapshot of a ledger by an extension of its own. Here both are
read without LangGraph, and whatever else its serializer can write, such as an object of some class, is refused.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import ormsgpack

from converse_graph.errors import StoreFailure


@dataclass(frozen=True)
class Snapshot:
    """A ledger as a whole, as some checkpoints hold it."""

    entries: list[Any]


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
    kind, blocks = unpack_in_blocks(kind, blob)
    return kind, b"".join(blocks)


def unpack_in_blocks(kind: str, blob: bytes) -> tuple[str, Iterator[bytes]]:
    """The same with the bytes in blocks, each unpacked as it is asked for."""
    if not kind.endswith(_PACKED):
        return kind, iter([blob])

    def blocks() -> Iterator[bytes]:
        unpacker, packed = zlib.decompressobj(zdict=_NAMES), memoryview(blob)
        try:
            for start in range(0, len(packed), _BLOCK):
                if block := unpacker.decompress(packed[start : start + _BLOCK]):
                    yield block
            yield unpacker.flush()
        except zlib.error as error:
            refuse(f"bytes that cannot be unpacked ({error})")

    return kind.removesuffix(_PACKED), blocks()


def load_plain(kind: str, blob: bytes) -> Any:
    """The value that was stored: plain values, and snapshots of ledgers.

    Raises:
        StoreFailure: It is anything else, which no channel of ours holds.
    """
    kind, plain = unpack(kind, blob)
    if kind == "null":
        return None
    if kind != "msgpack":
        refuse(f"a value of kind {kind!r}")
    try:
        return ormsgpack.unpackb(plain, ext_hook=_load_extension, option=ormsgpack.OPT_NON_STR_KEYS)
    except ormsgpack.MsgpackDecodeError as error:
        refuse(f"bytes that are no MessagePack ({error})")


def dump_plain(value: Any) -> bytes:
    """Serialize plain values, and snapshots of ledgers among them, as `load_plain` reads them.

    Args:
        value: Dicts, lists, texts, numbers, truth values and None; a `Snapshot` where a channel has one.
    """
    return ormsgpack.packb(
        value, default=_dump_snapshot, option=ormsgpack.OPT_NON_STR_KEYS | ormsgpack.OPT_PASSTHROUGH_DATACLASS
    )


def _dump_snapshot(value: Any) -> ormsgpack.Ext:
    if not isinstance(value, Snapshot):
        raise TypeError(type(value).__name__)
    return ormsgpack.Ext(SNAPSHOT, dump_plain(value.entries))


def _load_extension(code: int, blob: bytes) -> Snapshot:
    if code != SNAPSHOT:
        refuse(f"an object of a class (MessagePack extension {code})")
    return Snapshot(load_plain("msgpack", blob))


def refuse(what: str) -> NoReturn:
    """Tell of something that no checkpoint of ours holds.

    Args:
        what: Such as "a value of kind 'pickle'".

    Raises:
        StoreFailure: Always.
    """
    raise StoreFailure(
        f"A checkpoint holds {what}, where only plain values are allowed; the release of converse-graph that wrote it "
        "can read it."
    )


SNAPSHOT = 7
"""The extension by which LangGraph's serializer marks a snapshot of a ledger."""
_BLOCK = 16_384
"""Packed bytes that are unpacked at once of what is read in blocks."""
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
