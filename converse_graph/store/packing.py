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
        return (kind, plain) if len(plain) < _PACK_FROM else (kind + _PACKED, zlib.compress(plain, 1))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Unpack what was packed, and deserialize."""
        kind, stored = data
        if not kind.endswith(_PACKED):
            return super().loads_typed(data)
        return super().loads_typed((kind.removesuffix(_PACKED), zlib.decompress(stored)))


_PACK_FROM = 200
"""Bytes; below that packing saves nothing."""
_PACKED = "+zlib"
