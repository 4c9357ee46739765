"""An advisory lock for each run of a store on a Postgres server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from converse_graph.errors import RunLocked, StoreUnreachable
from converse_graph.store.postgres_session import lock_key
from converse_graph.store.runs import check_run_name
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

_PATIENCE = 0.3
"""Seconds to wait for a run's lock: it may be let go just now."""

TRY_LOCK = "SELECT pg_try_advisory_lock(:key)"
UNLOCK = "SELECT pg_advisory_unlock(:key)"
_WHO_HOLDS = """SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = :key"""


class AdvisoryLocks:
    """An advisory lock for each run, on the connection that writes: whoever loses the one has lost the other."""

    def __init__(self, reader: Session, writer: Writer) -> None:
        """Lock on the writer's connection; look from the reader's."""
        self._reader, self._writer = reader, writer
        self._held_runs: set[int] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Be the one that writes to a run."""
        check_run_name(name)
        key = lock_key(f"run {name}")
        deadline = time.monotonic() + _PATIENCE
        while not self._take(key):
            if time.monotonic() > deadline:
                raise RunLocked.by_another(name)
            time.sleep(_PATIENCE / 10)
        self._held_runs.add(key)
        try:
            yield
        finally:
            self._held_runs.discard(key)
            with suppress(StoreUnreachable):  # the lock went with the connection
                self._writer.between(lambda session: session.run(UNLOCK, key=key))

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing to the run now."""
        check_run_name(name)
        return bool(self._reader.read(_WHO_HOLDS, key=lock_key(f"run {name}")))

    def _take(self, key: int) -> bool:
        # A connection may take a lock that it has once more, so the tasks of one process are told apart here.
        return key not in self._held_runs and bool(
            self._writer.between(lambda session: session.run(TRY_LOCK, key=key))[0][0]
        )
