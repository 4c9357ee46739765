"""How the values of a checkpoint are stored, in whatever database."""

import zlib
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer


class PackedSerializer(JsonPlusSerializer):
    """LangGraph's own serializer for plain values alone, with what is long packed: most of a checkpoint is names."""

    def __init__(self) -> None:
        """Let nothing in or out that could run code."""
        super().__init__(allowed_msgpack_modules=None, pickle_fallback=False)

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """Serialize, and pack what is longer than a line."""
        kind, plain = super().dumps_typed(obj)
        if len(plain) < _PACK_FROM:
            return kind, plain
        packer = zlib.compressobj(wbits=_WINDOW, memLevel=_MEMORY, zdict=_NAMES)
        return kind + _PACKED, packer.compress(plain) + packer.flush()

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Unpack what was packed, and deserialize."""
        kind, stored = data
        if kind.endswith(_PACKED):
            unpacker = zlib.decompressobj(zdict=_NAMES)
            return super().loads_typed((kind.removesuffix(_PACKED), unpacker.decompress(stored) + unpacker.flush()))
        if kind.endswith(_PACKED_AT_FIRST):
            return super().loads_typed((kind.removesuffix(_PACKED_AT_FIRST), zlib.decompress(stored)))
        return super().loads_typed(data)


_PACK_FROM = 200
"""Bytes; below that packing saves nothing."""
_PACKED, _PACKED_AT_FIRST = "+zlib1", "+zlib"
"""How the kind of a packed value ends; without a number it was packed without names that are known beforehand."""
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
very bytes alone: other names take another number above."""
_WINDOW, _MEMORY = 12, 4
"""As powers of two: four kilobytes to look back over. With the usual 32, a kilobyte takes five times as long to pack,
most of it to clear tables that it does not fill."""
