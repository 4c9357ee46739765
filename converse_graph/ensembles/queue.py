"""The queue of runs in a store's own Postgres database: Procrastinate's jobs, and rows for what all workers share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from procrastinate.schema import SchemaManager

from converse_graph.ensembles.design import Design, awaits_judge
from converse_graph.errors import InvalidValue, NotFound, ProviderUnreachable, RunLocked, StoreFailure, StoreUnreachable
from converse_graph.store import Store
from converse_graph.store.postgres_session import driver_message, lock_key, without_password

SCHEMA = "converse_queue"
"""Where the queue's tables lie, beside the store's own in the same database."""
QUEUE, TASK = "runs", "converse:play"
HEARTBEAT = 5.0
"""Seconds between two signs of life of a worker."""
STALLED_AFTER = 20.0
"""Seconds without one after which its runs are handed to others."""
_MAX_TRIES = 20
_OPTIONS = f"-c search_path={SCHEMA}"
_TABLES = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA}.budgets (ensemble text PRIMARY KEY, usd double precision, tokens bigint);
CREATE TABLE IF NOT EXISTS {SCHEMA}.rate_limits (provider text PRIMARY KEY, next_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS {SCHEMA}.machines (worker_id bigint PRIMARY KEY, name text NOT NULL);
"""
_SET_BUDGET = """INSERT INTO budgets VALUES (%(ensemble)s, %(usd)s, %(tokens)s)
ON CONFLICT (ensemble) DO UPDATE SET usd = excluded.usd, tokens = excluded.tokens"""
_SPENT = """SELECT budgets.usd AS usd_bound, budgets.tokens AS tokens_bound, sum(runs.usd) AS usd,
coalesce(sum(runs.tokens), 0) AS tokens
FROM budgets LEFT JOIN converse_graph.runs
ON runs.name LIKE %(prefix)s AND runs.name ~ %(pattern)s
WHERE ensemble = %(ensemble)s GROUP BY 1, 2"""
_TAKE_SLOT = """INSERT INTO rate_limits VALUES (%(provider)s, now() + make_interval(secs => %(gap)s))
ON CONFLICT (provider) DO UPDATE
SET next_at = greatest(rate_limits.next_at, now()) + make_interval(secs => %(gap)s)
RETURNING extract(epoch FROM next_at - now())::float8 - %(gap)s AS wait"""
_QUEUED = "SELECT args->>'run' AS run FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
_NAME = """INSERT INTO machines VALUES (%(worker)s, %(name)s)
ON CONFLICT (worker_id) DO UPDATE SET name = excluded.name"""
_WORKERS = """SELECT workers.id AS worker, coalesce(machines.name, '') AS name,
extract(epoch FROM now() - last_heartbeat)::float8 AS silent,
coalesce(array_agg(jobs.args->>'run' ORDER BY jobs.id) FILTER (WHERE jobs.id IS NOT NULL), '{}') AS runs
FROM procrastinate_workers AS workers
LEFT JOIN machines ON machines.worker_id = workers.id
LEFT JOIN procrastinate_jobs AS jobs ON jobs.worker_id = workers.id AND jobs.status = 'doing'
GROUP BY 1, 2, 3 ORDER BY 1"""
_COUNTS = "SELECT status::text AS status, count(*) AS jobs FROM procrastinate_jobs GROUP BY 1"


class HandedOver(Exception):
    """A run that a worker lets go of, for another to take up."""


@dataclass(frozen=True, kw_only=True)
class WorkerRow:
    """A worker, as the database has it."""

    worker: int
    name: str
    """Machine and process."""
    silent: float
    """Seconds since its last sign of life."""
    runs: tuple[str, ...]
    """What it plays now."""


class _Retries(BaseRetryStrategy):
    """Which runs are taken up again, and when."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Hand a run over at once; wait for a lock or a server that is away; let all else fail."""
        if isinstance(exception, HandedOver):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, RunLocked):
            return RetryDecision(retry_in={"seconds": 5})
        if isinstance(exception, ProviderUnreachable | StoreUnreachable) and job.attempts < _MAX_TRIES:
            return RetryDecision(retry_in={"seconds": min(60, 5 * (job.attempts + 1))})
        return None


class RunQueue:
    """An open queue."""

    def __init__(self, app: App) -> None:
        """Use an app of Procrastinate's that is open."""
        self.app = app

    async def set_budget(self, ensemble: str, *, usd: float | None, tokens: int | None) -> None:
        """Bound what an ensemble may spend in all, over all workers.

        Args:
            ensemble: Its name.
            usd: Dollars; None for no bound.
            tokens: Prompts and replies; None for no bound.
        """
        await self._run(_SET_BUDGET, ensemble=ensemble, usd=usd, tokens=tokens)

    async def overspent(self, ensemble: str) -> str:
        """Say which bound of an ensemble is reached; empty where none is.

        Args:
            ensemble: Its name.
        """
        rows = await self._read(_SPENT, ensemble=ensemble, prefix=f"{ensemble}-%", pattern=run_pattern(ensemble))
        for row in rows:
            if row["usd_bound"] is not None and (row["usd"] or 0.0) >= row["usd_bound"]:
                return f"the budget of ${row['usd_bound']:g} of {ensemble} is spent: ${row['usd'] or 0.0:.4f} so far"
            if row["tokens_bound"] is not None and row["tokens"] >= row["tokens_bound"]:
                return f"the budget of {row['tokens_bound']:,} tokens of {ensemble} is spent: {row['tokens']:,} so far"
        return ""

    async def take_slot(self, provider: str, *, a_minute: float) -> float:
        """Take the next moment at which a provider may be asked, over all workers.

        Args:
            provider: Whom.
            a_minute: How many requests it takes a minute.

        Returns:
            Seconds to wait until then.
        """
        rows = await self._read(_TAKE_SLOT, provider=provider, gap=60.0 / a_minute)
        return max(0.0, float(rows[0]["wait"]))

    async def name_worker(self, worker: int, name: str) -> None:
        """Note where a worker runs.

        Args:
            worker: Its number in the queue.
            name: Machine and process.
        """
        await self._run(_NAME, worker=worker, name=name)

    async def rescue(self) -> list[str]:
        """Hand the runs of workers that give no sign of life to others.

        Returns:
            The names of these runs.
        """
        jobs = await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER)
        for job in jobs:
            await self.app.job_manager.retry_job(job)
        return [str(job.task_kwargs.get("run")) for job in jobs]

    async def queue_missing(self, store: Store, ensemble: str, *, retry_failed: bool, priority: int = 0) -> int:
        """Queue every run of an ensemble that has not finished, or awaits its judge, and is not queued.

        Args:
            store: Where the ensemble is.
            ensemble: Its name.
            retry_failed: Whether runs that failed are taken up again.
            priority: Higher ones are played first.

        Returns:
            How many were queued.
        """
        design = Design.model_validate_json(store.ensembles.design(ensemble))
        over = {"finished"} if retry_failed else {"finished", "failed"}
        names_over = {run.name for run in store.register.runs() if run.status in over}
        queued = {row["run"] for row in await self._read(_QUEUED)}
        missing = [
            cell.run
            for cell in design.cells(ensemble)
            if cell.run not in queued and (cell.run not in names_over or awaits_judge(store, design, cell))
        ]
        for first in range(0, len(missing), 1000):
            chunk = missing[first : first + 1000]
            jobs = [
                Job(
                    queue=QUEUE,
                    task_name=TASK,
                    lock=run,
                    queueing_lock=run,
                    priority=priority,
                    task_kwargs={"ensemble": ensemble, "run": run},
                )
                for run in chunk
            ]
            await self.app.job_manager.batch_defer_jobs_async(jobs=jobs)
        return len(missing)

    async def workers(self) -> list[WorkerRow]:
        """List the workers that have given a sign of life, and what each plays."""
        return [WorkerRow(**{**row, "runs": tuple(row["runs"])}) for row in await self._read(_WORKERS)]

    async def counts(self) -> dict[str, int]:
        """Count the jobs by how they stand, such as "todo" and "doing"."""
        return {row["status"]: row["jobs"] for row in await self._read(_COUNTS)}

    async def _read(self, statement: str, **values: Any) -> Sequence[dict[str, Any]]:
        return list(await self.app.connector.execute_query_all_async(statement, **values))

    async def _run(self, statement: str, **values: Any) -> None:
        await self.app.connector.execute_query_async(statement, **values)


def run_pattern(ensemble: str) -> str:
    """Match the names of an ensemble's runs, as Postgres matches, and no other ensemble's.

    Args:
        ensemble: Its name, which has no sign that means something in a pattern.
    """
    return rf"^{ensemble}-[0-9a-f]{{6}}((-null)?-[0-9]+|-direct)$"


@asynccontextmanager
async def open_queue(
    address: str, *, make: bool = False, play: Callable[[JobContext, str, str], Any] | None = None
) -> AsyncIterator[RunQueue]:
    """Open the queue of a store.

    Args:
        address: postgresql://user:password@host/database of the store.
        make: Whether to make its tables where there are none.
        play: What a worker does with a run; None for whoever plays none.

    Raises:
        InvalidValue: The store is a file.
        NotFound: There is no queue in that database.
        StoreFailure: The database cannot be reached.
    """
    check_server(address)
    safe_address = without_password(address)
    try:
        _prepare(address, safe_address, make=make)
    except psycopg.Error as error:
        raise StoreFailure(f"{safe_address} cannot be reached: {driver_message(error)}.") from None
    connector = PsycopgConnector(
        conninfo=address, kwargs={"options": _OPTIONS, "application_name": "converse-queue"}, min_size=1, max_size=4
    )
    app = App(connector=connector)
    if play is not None:
        app.task(name=TASK, queue=QUEUE, pass_context=True, retry=_Retries())(play)
    async with app.open_async():
        yield RunQueue(app)


def check_server(address: str) -> None:
    """Refuse a store that is a file: many machines share a server.

    Args:
        address: As `--store` takes it.

    Raises:
        InvalidValue: It is a file.
    """
    if not address.startswith(("postgresql://", "postgres://")):
        raise InvalidValue(
            f"A queue is in a store on a Postgres server, and {address} is a file; name one with --store "
            "postgresql://user@host/database."
        )


def _prepare(address: str, safe_address: str, *, make: bool) -> None:
    with closing(psycopg.connect(address, autocommit=True, connect_timeout=10, options=_OPTIONS)) as connection:
        if _is_there(connection):
            return
        if not make:
            raise NotFound(f"No queue in {safe_address}; `converse sweep SCENARIO --queue --store …` makes one.")
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("queue")])
            if not _is_there(connection):
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                connection.execute(SchemaManager.get_schema())
                connection.execute(_TABLES)


def _is_there(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.machines"]).fetchone()
    return bool(row and row[0])


def worker_name() -> str:
    """Name this machine and process."""
    return f"{os.uname().nodename}/{os.getpid()}"
