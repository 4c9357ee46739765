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
        packer = zlib.compressobj(wbits=_WINDOW, memLevel=_MEMORY)
        return kind + _PACKED, packer.compress(plain) + packer.flush()

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Unpack what was packed, and deserialize."""
        kind, stored = data
        if not kind.endswith(_PACKED):
            return super().loads_typed(data)
        return super().loads_typed((kind.removesuffix(_PACKED), zlib.decompress(stored)))


_PACK_FROM = 200
"""Bytes; below that packing saves nothing."""
_PACKED = "+zlib"
_WINDOW, _MEMORY = 12, 4
"""As powers of two: four kilobytes to look back over. With the usual 32, a kilobyte takes five times as long to pack,
most of it to clear tables that it does not fill."""
