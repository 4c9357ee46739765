"""Who may read a store in a file: its owner alone, unless it was made to be shared."""

from __future__ import annotations

import logging
import os
from pathlib import Path

_FILE, _FOLDER = 0o600, 0o700
_OTHERS = 0o077
_MARK = ".shared"
_warned: set[Path] = set()
"""Stores that were warned of in this process."""


def is_shared(path: Path) -> bool:
    """Whether a store was made to be shared: then whatever belongs to it keeps the umask."""
    return path.with_name(path.name + _MARK).exists()


def share(path: Path) -> None:
    """Put on record that a store is shared, in an empty file beside it."""
    path.with_name(path.name + _MARK).touch()


def make_folder(folder: Path, *, shared: bool) -> None:
    """Make a folder and those above it that are missing, for their owner alone unless they are shared.

    Args:
        folder: One that is there already is left as it is.
        shared: Whether it keeps the umask.

    Raises:
        OSError: It cannot be made.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=0o777 if shared else _FOLDER, exist_ok=True)


def file_mode(*, shared: bool) -> int:
    """The mode that a file of a store is made with, before the umask."""
    return 0o666 if shared else _FILE


def close_to_others(path: Path) -> None:
    """Let nobody but its owner read or write a file.

    Raises:
        OSError: The system does not allow it.
    """
    path.chmod(_FILE)


def warn_if_open_to_others(path: Path) -> None:
    """Say once in a process that others can read a store which is not shared on purpose."""
    if os.name != "posix" or path in _warned or is_shared(path) or not path.stat().st_mode & _OTHERS:
        return
    _warned.add(path)
    logging.getLogger("converse_graph").warning(
        "%s can be read by others on this machine, every mind in it too: `chmod 600` it and what lies beside it, or "
        "run with --shared once, where that is meant.",
        path,
    )
