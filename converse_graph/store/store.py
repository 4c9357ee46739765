"""The one door to a store file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from converse_graph.errors import RunHeld
from converse_graph.store.checkpoints import Checkpoints, open_checkpoints
from converse_graph.store.database import Writer, check_ours, connect, create, open_existing
from converse_graph.store.journal import PartIds, RunJournal
from converse_graph.store.register import Register, check_run_name
from converse_graph.store.verdicts import Verdicts

DEFAULT_PATH = Path(".converse/runs.sqlite")
"""Where runs are kept unless told otherwise, under the working directory."""

_PATIENCE = 0.3
"""Seconds to wait for a lock: another process may be looking, just now, whether it is free."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store that is open."""

    path: Path
    register: Register
    checkpoints: Checkpoints
    _reader: sqlite3.Connection
    _writer: Writer
    _part_ids: PartIds

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path | str = DEFAULT_PATH, *, make: bool = False) -> AsyncIterator[Store]:
        """Open a store.

        Args:
            path: The file.
            make: Whether to make it if there is none.

        Raises:
            UnknownName: There is no such file.
            ForeignStore: The file is no store of ours, or from a newer version; it was left untouched.
            StoreFailure: The file cannot be made.
        """
        path = Path(path)
        if make and not await asyncio.to_thread(check_ours, path):
            await asyncio.to_thread(create, path)
        open_existing(path)
        reader, writer, ids = connect(path), Writer(path), PartIds()
        writer.on_rollback(ids.forget)
        checkpoints = await open_checkpoints(str(path), writer)
        register = Register(reader, writer)
        try:
            yield cls(
                path=path, register=register, checkpoints=checkpoints, _reader=reader, _writer=writer, _part_ids=ids
            )
        finally:
            await writer.close()
            await checkpoints.conn.close()
            reader.close()

    def journal(self, run: int) -> RunJournal:
        """The journal of the run with that id."""
        return RunJournal(self._reader, self._writer, self._part_ids, run)

    def verdicts(self, run: int) -> Verdicts:
        """What judges made of the run with that id."""
        return Verdicts(self._reader, self._writer, run)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Be the one process that writes to a run; let go at the end, or with the process.

        Raises:
            RunHeld: Another process, or another task of this one, holds it.
        """
        lock = self._lock(name)
        Path(lock.lock_file).parent.mkdir(exist_ok=True)
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            raise RunHeld(f"Run {name!r} is held by another process; wait for it to end, or pause it there.") from None
        try:
            yield
        finally:
            lock.release()

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing to the run now."""
        lock = self._lock(name)
        if not Path(lock.lock_file).exists():
            return False
        try:
            with lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def _lock(self, name: str) -> FileLock:
        check_run_name(name)
        folder = self.path.with_name(self.path.name + ".locks")
        return FileLock(folder / f"{name}.lock")
