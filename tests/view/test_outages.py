"""The server of a store goes away and comes back while its pages are served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from converse_graph.errors import StoreFailure, StoreUnreachable
from converse_graph.runs.simulation import Origin
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Store
from converse_graph.view import Reader
from converse_graph.view.control import Control
from converse_graph.view.live import LiveRuns
from converse_graph.view.seat_host import PlayingHost
from converse_graph.view.table import Asked, Table
from tests.support.postgres_cluster import Cluster
from tests.support.small_scenarios import begin, played, table, until

NAME = "talks"
ORIGIN = Origin(scenario="wage-talks")
FITS = {"statement": "We ask for six percent.", "raise_percent": 6.5, "accepts": True, "condition": None}


async def kept(postgres: Cluster, *, rounds: int, humans: tuple[str, ...] = ()) -> str:
    """A run that has begun; returns the address of its store."""
    address = postgres.database()
    async with Store.open(address, make=True) as store:
        await begin(store, find_scenario("wage-talks")(), name=NAME, rounds=rounds, origin=ORIGIN, humans=humans)
    return address


async def restart(postgres: Cluster) -> None:
    """An outage that nobody notices while it lasts."""
    await asyncio.to_thread(postgres.stop)
    await asyncio.to_thread(postgres.start)


@asynccontextmanager
async def away(postgres: Cluster) -> AsyncIterator[None]:
    """An outage that lasts for the block."""
    await asyncio.to_thread(postgres.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.start)


async def asked(at: Table) -> Asked:
    """What the person is asked, once it is."""
    await until(lambda: at.open_question("Union") is not None)
    found = at.open_question("Union")
    assert found is not None
    return found


async def test_pages_are_read_once_the_server_is_back(postgres: Cluster) -> None:
    address = postgres.database()
    async with Store.open(address, make=True) as store:
        await played(store, table("A", "B"), name="talk")
    async with Reader.open(address) as reader:
        assert len((await reader.run("talk")).statements) == 4
        async with away(postgres):
            for _ in range(2):
                with pytest.raises(StoreFailure):
                    await reader.run("talk")
        assert len((await reader.run("talk")).statements) == 4
        assert [run.name for run in await reader.runs()] == ["talk"]
        await restart(postgres)
        assert len((await reader.run("talk")).statements) == 4


async def test_runs_are_steered_once_the_server_is_back(postgres: Cluster) -> None:
    address = await kept(postgres, rounds=400)
    async with Reader.open(address) as reader, Control.open(address, LiveRuns(reader)) as control:
        await restart(postgres)
        await control.act(NAME, "resume", {"once": "a"})
        await reader.run(NAME)
        async with away(postgres):
            await until(lambda: not control.is_playing(NAME))
            assert "The store's server is gone" in control.problem(NAME)
            with pytest.raises(StoreUnreachable):
                await control.act(NAME, "resume", {"once": "b"})
        before = len((await reader.run(NAME)).statements)
        await control.act(NAME, "resume", {"once": "b"})
        assert control.problem(NAME) == ""
        async with Store.open(address, read_only=True) as store:
            await until(lambda: store.register.run(NAME).statements > before)
        await control.act(NAME, "pause", {"once": "c"})
        await until(lambda: not control.is_playing(NAME))
        assert (await reader.run(NAME)).status == "paused"


async def test_a_person_stays_at_the_table_and_what_they_said_counts(postgres: Cluster) -> None:
    address = await kept(postgres, rounds=3, humans=("Union",))
    warnings: list[str] = []
    async with (
        Reader.open(address) as reader,
        PlayingHost.open(address, LiveRuns(reader), warn=warnings.append) as host,
    ):
        at = host.table(await reader.run(NAME))
        assert at is not None
        first = await asked(at)
        await restart(postgres)
        at.give("Union", first.key, FITS)
        await until(lambda: len(warnings) == 1)
        second = await asked(at)
        assert (first.key, second.key) == ("0.1/Union/statement#0", "1.1/Union/statement#0")
        async with away(postgres):
            at.give("Union", second.key, {**FITS, "statement": "Six, still."})
            await until(lambda: len(warnings) == 2)
        assert (await asked(at)).key == "2.1/Union/statement#0"
        assert host.table(await reader.run(NAME)) is at
    assert all(warning.startswith(f"Run {NAME} waits for its store: ") for warning in warnings)
    async with Store.open(address) as store:
        said = [statement.text for statement in store.transcript(NAME).statements if statement.speaker == "Union"]
    assert said == [FITS["statement"], "Six, still."]


async def test_no_run_is_steered_in_a_file_that_is_gone(store: Store, store_address: str, tmp_path: Path) -> None:
    await begin(store, find_scenario("wage-talks")(), name=NAME, rounds=1, origin=ORIGIN)
    path = Path(store_address)
    async with Reader.open(path) as reader, Control.open(path, LiveRuns(reader)) as control:
        await asyncio.to_thread(path.rename, tmp_path / "away")
        with pytest.raises(StoreFailure, match="is gone; put it back"):
            await control.act(NAME, "resume", {"once": "a"})
        await asyncio.to_thread((tmp_path / "away").rename, path)
        await control.act(NAME, "resume", {"once": "a"})
        await until(lambda: store.register.run(NAME).status == "finished")
