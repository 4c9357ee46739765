"""Files that are whole or absent."""

import os
import secrets
from pathlib import Path

from converse_graph.errors import ConverseError, UsageError


def write_atomically(path: Path, text: str | bytes, *, mode: int = 0o666) -> None:
    r"""Write a file so that at any moment, also after a kill or a power cut, it is the old one, the new one or none.

    The text goes to a file beside it, which then takes its name. A symbolic link is followed; what is no file, such as
    a pipe, is written to as it is.

    Args:
        path: Where to.
        text: What to write, as UTF-8; half characters, which UTF-8 cannot hold, are written as `\ud800` and the like.
            Bytes are written as they are.
        mode: The permissions of the file, before the umask.

    Raises:
        UsageError: The folder is missing, or no file can be made or replaced there.
        ConverseError: The system failed to write, for want of room say; nothing is left behind.
    """
    content = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
    try:
        target = path.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(content)
        else:
            _replace(target, content, mode)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, RuntimeError) as error:
        raise UsageError(f"Cannot write {str(path)!r}: {_reason(error)}; name a file in a folder of yours") from None
    except OSError as error:
        raise ConverseError(f"Cannot write {str(path)!r}: {_reason(error)}; nothing was written") from None


def _replace(target: Path, content: bytes, mode: int) -> None:
    beside = target.parent / f".{secrets.token_hex(8)}.part"
    # Opened by hand: the file shall have these permissions from its first byte on, and never follow a link.
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "the links go round in a circle").lower()
