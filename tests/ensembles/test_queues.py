"""Many workers on one Postgres store: what they share holds over all of them, and a kill loses nothing."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from converse_graph import NullModel, Store
from converse_graph.ensembles.design import Design
from converse_graph.ensembles.queue import open_queue, run_pattern
from converse_graph.ensembles.sweep import SweepPlayer, save_design
from converse_graph.ensembles.worker import GatedRegistry, SharedGate, run_worker
from converse_graph.errors import BudgetExceeded, InvalidValue, NotFound, RunPaused, StoreFailure
from converse_graph.models.base import Request
from converse_graph.models.registry import ModelRegistry
from tests.support.child_process import end
from tests.support.command_line import start
from tests.support.model_servers import asked_directly, bargaining
from tests.support.postgres_cluster import PASSWORD, Cluster

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
DESIGN = Design(scenario="wage-talks", dials={"boardroom": False}, seeds=3, rounds=2, model="null", baseline=False)


@pytest.fixture
def address(postgres: Cluster) -> str:
    return postgres.database()


async def test_a_set_is_queued_once_and_what_has_finished_not_at_all(address: str) -> None:
    async with Store.open(address, make=True) as store, open_queue(address, make=True) as queue:
        await save_design(store, "raises", DESIGN, created=CREATED)
        first = await queue.queue_missing(store, "raises", retry_failed=False)
        again = await queue.queue_missing(store, "raises", retry_failed=False)
        await save_design(store, "raises", DESIGN.model_copy(update={"seeds": 5}), created=CREATED)
        more = await queue.queue_missing(store, "raises", retry_failed=False)
        counts = await queue.counts()
        await save_design(store, "others", DESIGN, created=CREATED)
        await SweepPlayer(store, "others").play()
        played = await queue.queue_missing(store, "others", retry_failed=False)

    assert (first, again, more, played, counts) == (3, 0, 2, 0, {"todo": 5})


async def test_a_worker_judges_what_it_plays_and_what_was_left_to_be_judged(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: Any, **__: Any) -> None:
        raise RunPaused("stopped before the judge")

    design = DESIGN.model_copy(update={"judge": True})
    async with Store.open(address, make=True) as store, open_queue(address, make=True) as queue:
        await save_design(store, "raises", design, created=CREATED)
        with monkeypatch.context() as patched:
            patched.setattr("converse_graph.ensembles.sweep.judge_run", stop)
            await SweepPlayer(store, "raises").play()
        begun = [run.status for run in store.register.runs()]
        await save_design(store, "raises", design.model_copy(update={"seeds": 5}), created=CREATED)
        queued = await queue.queue_missing(store, "raises", retry_failed=False)
        await run_worker(address, jobs=3, until_done=True, environ={}, watch=lambda _: None)
        left = await queue.queue_missing(store, "raises", retry_failed=False)
        runs = store.register.runs()
        verdicts = [len(store.verdicts(run.id).all()) for run in runs]

    assert (begun, queued, left) == (["finished"] * 3, 5, 0)
    assert [run.status for run in runs] == ["finished"] * 5
    assert verdicts == [1] * 5


async def test_what_a_set_may_spend_is_counted_over_all_who_play_it_and_over_no_other_set(address: str) -> None:
    async with Store.open(address, make=True) as store, open_queue(address, make=True) as queue:
        for name in ("raises", "raises-2"):
            await save_design(store, name, DESIGN, created=CREATED)
        await SweepPlayer(store, "raises-2").play()
        spent = sum(run.tokens for run in store.register.runs())
        assert await queue.overspent("raises") == ""
        await queue.set_budget("raises", usd=None, tokens=1)
        assert await queue.overspent("raises") == ""
        await SweepPlayer(store, "raises").play()
        why = await queue.overspent("raises")
        gate = SharedGate(queue, "raises", requests=None)
        chats = GatedRegistry.over(ModelRegistry(NullModel()), gate)
        with pytest.raises(BudgetExceeded, match="1 tokens of raises is spent"):
            await chats.get().complete(Request(messages=(), schema={}, place="0.0/A/statement"))
        await queue.set_budget("raises", usd=None, tokens=10**9)
        after = await queue.overspent("raises")

    assert spent > 0
    assert why.endswith(f"{spent:,} so far")
    assert after == ""


async def test_a_providers_requests_are_spread_over_all_workers(address: str) -> None:
    async with open_queue(address, make=True) as one, open_queue(address) as other:
        waits = [await queue.take_slot("openai", a_minute=6) for queue in (one, other, one, other)]
        elsewhere = await one.take_slot("mistral", a_minute=6)

    assert [round(wait / 10) for wait in waits] == [0, 1, 2, 3]
    assert elsewhere == 0


@pytest.mark.parametrize(
    ("run", "is_own"),
    [
        ("raises-0a1b2c-7", True),
        ("raises-0a1b2c-null-7", True),
        ("raises-0a1b2c-direct", True),
        ("raises-2-0a1b2c-7", False),
        ("raises-2-0a1b2c-direct", False),
        ("raises-0a1b2c", False),
    ],
)
def test_the_runs_of_a_set_are_told_by_their_names(run: str, is_own: bool) -> None:

    assert bool(re.search(run_pattern("raises"), run)) is is_own


async def test_a_queue_that_cannot_be_is_refused_in_one_line(address: str, tmp_path: Path) -> None:
    away = address.replace(address.rpartition(":")[2], "1/none")
    for where, error, message in (
        (str(tmp_path / "runs.sqlite"), InvalidValue, "is a file"),
        (address, NotFound, "No queue in"),
        (away, StoreFailure, "cannot be reached"),
    ):
        with pytest.raises(error, match=message) as refused:
            async with open_queue(where):
                pass
        assert PASSWORD not in str(refused.value)
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "runs.sqlite").exists()


async def test_the_runs_of_a_worker_that_is_silent_are_queued_again(address: str) -> None:
    async with Store.open(address, make=True) as store, open_queue(address, make=True) as queue:
        await save_design(store, "raises", DESIGN, created=CREATED)
        await queue.queue_missing(store, "raises", retry_failed=False)
        manager = queue.app.job_manager
        workers = [await manager.register_worker() for _ in range(2)]
        jobs = [await manager.fetch_job(queues=["runs"], worker_id=worker) for worker in workers]
        await queue.app.connector.execute_query_async(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' WHERE id = %(id)s",
            id=workers[0],
        )
        rescued = await queue.rescue()
        listed = await queue.workers()
        counts = await queue.counts()

    assert jobs[0] is not None
    assert rescued == [jobs[0].task_kwargs["run"]]
    assert counts == {"todo": 2, "doing": 1}
    assert [len(row.runs) for row in listed] == [0, 1]


@pytest.fixture
def workers(address: str, tmp_path: Path) -> Iterator[list[Any]]:
    started = [start(tmp_path, "worker", "--jobs", "2", "--store", address) for _ in range(3)]
    yield started
    for worker in started:
        worker.kill()
        worker.wait()
        for stream in (worker.stdout, worker.stderr):
            if stream is not None:
                stream.close()


@pytest.mark.slow
async def test_three_workers_under_kills_play_a_set_to_the_records_of_one_that_nobody_disturbed(
    address: str, workers: list[Any], tmp_path: Path
) -> None:
    design = DESIGN.model_copy(update={"model": "null:0.3", "seeds": 12, "rounds": 3})
    async with Store.open(tmp_path / "calm.sqlite", make=True) as calm:
        await save_design(calm, "raises", design.model_copy(update={"model": "null"}), created=CREATED)
        await SweepPlayer(calm, "raises").play()
        names = sorted(run.name for run in calm.register.runs())
        records = {name: calm.transcript(name).statements for name in names}
        tokens = {name: calm.register.run(name).tokens for name in names}
    async with Store.open(address, make=True) as store, open_queue(address, make=True) as queue:
        await save_design(store, "raises", design, created=CREATED)
        await queue.queue_missing(store, "raises", retry_failed=False)
        left, killed_at, taken_over = 2, 0.0, 0.0
        orphans: set[str] = set()
        deadline = time.monotonic() + 240
        while (await queue.counts()).get("succeeded", 0) < len(names):
            assert time.monotonic() < deadline, (await queue.counts(), await queue.workers())
            rows = await queue.workers()
            if left and all(any(str(worker.pid) in row.name and row.runs for row in rows) for worker in workers[:left]):
                left -= 1
                doomed = workers[left]
                orphans = {run for row in rows if row.name.endswith(f"/{doomed.pid}") for run in row.runs}
                doomed.kill()
                killed_at, taken_over = time.monotonic(), 0.0
            playing = {run for row in rows if row.silent < 20 for run in row.runs}
            done = {run.name for run in store.register.runs() if run.status == "finished"}
            if killed_at and not taken_over and orphans <= playing | done:
                taken_over = time.monotonic() - killed_at
            await asyncio.sleep(0.5)

        assert left == 0
        assert 0 < taken_over < 60
        for name in names:
            assert store.transcript(name).statements == records[name]
            assert store.register.run(name).tokens == tokens[name], "no call was charged twice"
    workers[2].terminate()
    ended = end(workers[2])
    assert ended.code == 0, ended.err
    assert "runs finished here" in ended.out


@pytest.mark.slow
def test_the_command_line_queues_plays_and_lists(address: str, tmp_path: Path) -> None:
    at = ("--store", address)
    sweep = ("sweep", "wage-talks", "--seeds", "2", "--rounds", "1", "--model", "null", "--name", "raises", "--queue")
    queued = end(start(tmp_path, *sweep, *at))
    played = end(start(tmp_path, "worker", "--until-done", *at))
    listed = end(start(tmp_path, "workers", "--json", *at))
    on_file = end(start(tmp_path, *sweep))

    assert queued.code == 0, queued.err
    assert "2 runs queued" in queued.out
    assert played.out.splitlines()[-1] == "2 runs finished here"
    assert json.loads(listed.out)["jobs"] == {"succeeded": 2}
    assert on_file.code == 2
    assert "is a file" in on_file.err
    assert not (tmp_path / ".converse" / "runs.sqlite").exists()


@pytest.mark.slow
async def test_a_worker_asks_the_direct_questions_too_and_they_count_in_the_budget(
    address: str, tmp_path: Path, httpserver: HTTPServer
) -> None:
    bodies = bargaining(httpserver)
    command = (
        "sweep", "wage-talks", "--vary", "inflation=0.02,0.08", "--set", "boardroom=false", "--seeds", "1", "--rounds",
        "3", "--name", "raises", "--yes", "--no-judge", "--model", "mini:70b", "--base-url", httpserver.url_for("/v1"),
    )  # fmt: skip
    queued = await asyncio.to_thread(end, start(tmp_path, *command, "--queue", "--store", address))
    assert queued.code == 0, queued.err
    assert "6 runs queued" in queued.out
    worked = await asyncio.to_thread(end, start(tmp_path, "worker", "--until-done", "--store", address))
    assert worked.code == 0, worked.err
    told = json.loads(end(start(tmp_path, "forecast", "raises", "--json", "--store", address)).out)

    assert asked_directly(bodies) == 2
    assert [arm["direct"]["p50"] for arm in told["arms"] if arm["role"] == "arm"] == [3, 3]
    async with Store.open(address) as store, open_queue(address) as queue:
        spent = sum(run.tokens for run in store.register.runs())
        await queue.set_budget("raises", usd=None, tokens=spent)
        assert (await queue.overspent("raises")).endswith(f"{spent:,} so far")
