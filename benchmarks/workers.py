"""300 runs over one, two and three workers on one Postgres store, and what a run leaves in it.

Run it as `uv run python -m benchmarks.workers`, with numbers of workers behind it for some alone; it starts a server of
its own, which takes the programs of Postgres.
Every model call takes 0.1 s and no processor, as those of a hosted model do.
"""

import asyncio
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import psycopg

from converse_graph import Store
from converse_graph.ensembles.design import Design
from converse_graph.ensembles.queue import open_queue
from converse_graph.ensembles.sweep import save_design
from tests.support.postgres_cluster import Cluster, binaries

RUNS, ROUNDS, JOBS, LATENCY = 300, 3, 8, 0.1
TABLES = ("runs", "specs", "messages", "calls", "checkpoints", "writes")


def main() -> None:
    programs = binaries()
    if programs is None:
        sys.exit("No Postgres server is installed.")
    cluster = Cluster(programs)
    try:
        for number in [int(text) for text in sys.argv[1:]] or (1, 2, 3):
            address = cluster.database()
            asyncio.run(queue_runs(address))
            seconds, connections = play(address, number)
            print(f"{number} workers: {RUNS} runs in {seconds:.1f} s, {RUNS / seconds:.2f} a second, "
                  f"{connections} connections at most")  # fmt: skip
        for line in sizes(address):
            print(line)
    finally:
        cluster.remove()


async def queue_runs(address: str) -> None:
    design = Design(
        scenario="wage-talks", dials={"boardroom": False}, seeds=RUNS, rounds=ROUNDS, model=f"null:{LATENCY}",
        baseline=False,
    )  # fmt: skip
    async with Store.open(address, make=True) as store, open_queue(address, make=True) as queue:
        await save_design(store, "many", design, created=datetime.now(UTC))
        await queue.queue_missing(store, "many", retry_failed=False)


def play(address: str, number: int) -> tuple[float, int]:
    """Seconds from the first run's beginning to the last one's end, so that starting a program does not count."""
    command = [sys.executable, "-m", "converse_graph.cli", "worker", "--jobs", str(JOBS), "--until-done", "--quiet"]
    workers = [subprocess.Popen([*command, "--store", address], env=os.environ) for _ in range(number)]  # noqa: S603 - our own
    most = 0
    with psycopg.connect(address, autocommit=True) as connection:
        while any(worker.poll() is None for worker in workers):
            rows = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'converse%'")
            most = max(most, (rows.fetchone() or (0,))[0])
            time.sleep(0.5)
        row = connection.execute(
            "SELECT extract(epoch FROM max(at) - min(at)) FROM converse_queue.procrastinate_events "
            "WHERE type IN ('started', 'succeeded')"
        ).fetchone()
        left = connection.execute("SELECT count(*) FROM converse_graph.runs WHERE status = 'finished'").fetchone()
    if left != (RUNS,):
        sys.exit(f"{left} runs of {RUNS} have finished; the times say nothing.")
    return float((row or (0,))[0]), most


def sizes(address: str) -> list[str]:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        lines = []
        for table in TABLES:
            rows, size = connection.execute(
                f"SELECT count(*), pg_total_relation_size('converse_graph.{table}') FROM converse_graph.{table}"  # noqa: S608 - our own tables
            ).fetchone() or (0, 0)
            lines.append(f"{table}: {rows / RUNS:.1f} rows and {size / RUNS:,.0f} bytes a run")
        jobs = connection.execute(
            "SELECT pg_total_relation_size('converse_queue.procrastinate_jobs') + "
            "pg_total_relation_size('converse_queue.procrastinate_events')"
        ).fetchone()
        whole = connection.execute("SELECT sum(statements), sum(tokens) FROM converse_graph.runs").fetchone() or (0, 0)
    lines.append(f"queue: {(jobs or (0,))[0] / RUNS:,.0f} bytes a run")
    lines.append(f"a run: {whole[0] / RUNS:.1f} statements, {whole[1] / RUNS:,.0f} tokens")
    return lines


if __name__ == "__main__":
    main()
