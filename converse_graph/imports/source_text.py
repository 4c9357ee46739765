"""Reads a file that somebody else wrote as text, whatever its encoding, and says which that was."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

from converse_graph.errors import InvalidValue
from converse_graph.sanitize import strip_invisible, whole_characters

MAX_BYTES = 256 * 2**20
"""Of a file that is imported: it is held in memory several times over."""
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
"""Byte order marks and what they tell, the longer first where one begins another."""
_SAMPLE = 2**20
"""Bytes from which the encoding of a file without a mark that is no UTF-8 is told."""


@dataclass(frozen=True, kw_only=True)
class SourceText:
    """A file as text."""

    name: str
    """Of the file, without its folder."""
    lines: tuple[str, ...]
    """Without their ends; characters that nobody sees are left out."""
    encoding: str
    """As it was read, such as "utf-8" or "cp1252"."""
    digest: str
    """Of its bytes, in hexadecimal digits."""

    @property
    def text(self) -> str:
        """All of it, its lines parted by line feeds."""
        return "\n".join(self.lines)


def read_source(path: Path) -> SourceText:
    """Read a file as text.

    Args:
        path: The file. A mark at its beginning tells its encoding; without one it is UTF-8, or what its bytes look
            like. Lines may end with LF, CR LF or CR.

    Raises:
        InvalidValue: It cannot be read, is empty, is larger than 256 MB, or is no text.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InvalidValue(
                f"{path} has {size / 2**20:,.0f} MB; a file of {MAX_BYTES // 2**20} MB at most is read: split it."
            )
        data = path.read_bytes()
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}; name a file with a conversation in it.") from None
    text, encoding = _decode(data, path)
    lines = tuple(_clean(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    if not any(line.strip() for line in lines):
        raise InvalidValue(f"{path} is empty; name a file with a conversation in it.")
    return SourceText(
        name=path.name, lines=lines, encoding=encoding, digest=hashlib.blake2b(data, digest_size=16).hexdigest()
    )


def _decode(data: bytes, path: Path) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        best = from_bytes(data[:_SAMPLE]).best()
    if best is None or b"\x00" in data[:_SAMPLE]:
        raise InvalidValue(f"{path} is no text; save it as UTF-8 text, Markdown or JSON.") from None
    return data.decode(best.encoding, "replace"), best.encoding


def _clean(line: str) -> str:
    """A line without controls, marks of direction and zero-width characters; a tab stays as a space."""
    return line if line.isascii() and line.isprintable() else strip_invisible(whole_characters(line)).replace("\n", " ")
