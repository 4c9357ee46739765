"""Everything that writes to a store: one thread, and one transaction for all that waits."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from converse_graph.errors import StoreUnreachable
from converse_graph.store.session import Session

T = TypeVar("T")
Job = Callable[[Session], T]

_TRIES = 5
"""How often a transaction is begun that another process's got in the way of."""


class Writer:
    """Everything that writes to the store, one transaction for all that waits.

    A caller returns only when its rows are committed, so that many runs share the cost of a commit and none loses
    its guarantee.
    """

    def __init__(self, session: Session) -> None:
        """Write through a session of our own, which is closed with the writer."""
        self._session = session
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="converse-store")
        self._waiting: list[tuple[Job[Any], asyncio.Future[Any] | None]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._on_rollback: list[Callable[[], None]] = []

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Have `forget` called, on the writing thread, when a transaction is undone."""
        self._on_rollback.append(forget)

    async def write(self, job: Job[T]) -> T:
        """Run a job in the next transaction, and return what it returns once that is committed.

        Raises:
            StoreFailure: The database refused, for want of room or for good; nothing of the job was written.
        """
        return await self.submit(job)

    def submit(self, job: Job[T]) -> asyncio.Future[T]:
        """The same, for a caller that has something else to do until then."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return future

    def post(self, job: Job[Any]) -> None:
        """Have a job run in the same transaction as whatever is written next."""
        self._waiting.append((job, None))

    def between(self, job: Job[T]) -> T:
        """Run a job on the connection that writes, between two transactions; blocks until it is done.

        Raises:
            StoreFailure: The database refused, or cannot be reached.
        """
        try:
            return self._thread.submit(job, self._session).result()
        except self._session.driver_error as error:
            raise self._session.failure(error) from None

    async def settle(self) -> None:
        """Wait until all that was given to be written has been tried."""
        if self._waiting:
            with suppress(StoreUnreachable):  # whoever waited for anything has been told
                await self.write(lambda session: None)
        if self._flushing is not None:
            await self._flushing

    async def close(self) -> None:
        """Write what waits, and let go of the database."""
        await self.settle()
        self._thread.shutdown()
        self._session.close()

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await loop.run_in_executor(self._thread, self._commit, [job for job, _ in batch])
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if future is None or future.cancelled():
                    continue
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)
        self._flushing = None

    def _commit(self, jobs: list[Job[Any]]) -> list[Any]:
        for left in reversed(range(_TRIES)):
            try:
                return self._transact(jobs)
            except Exception as error:
                if left and self._session.may_try_again(error):
                    continue
                if len(jobs) == 1:
                    return [self._session.failure(error) if isinstance(error, self._session.driver_error) else error]
                break
        # A job's failure must not take down those it shares a transaction with.
        return [outcome for job in jobs for outcome in self._commit([job])]

    def _transact(self, jobs: list[Job[Any]]) -> list[Any]:
        try:
            self._session.begin()
            outcomes = [job(self._session) for job in jobs]
            self._session.commit()
        except BaseException:
            self._session.rollback()
            for forget in self._on_rollback:
                forget()
            raise
        return outcomes
