"""A store on a Postgres server: what is refused, what becomes of it when the server goes, and who may write."""

import asyncio
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from converse_graph import Message, Store
from converse_graph.errors import ConverseError, IncompatibleStore, InvalidValue, NotFound, RunLocked, StoreUnreachable
from converse_graph.runs.simulation import Simulation
from converse_graph.store.backends import backend_for
from converse_graph.store.journal import MessageIds
from converse_graph.store.schema import VERSION
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer
from tests.support.postgres_cluster import PASSWORD, Cluster
from tests.support.small_scenarios import CountingChat, begin, channels, consciences, journal, played, table


@pytest.fixture
def database(postgres: Cluster) -> str:
    return postgres.database()


def ask(address: str, sql: str) -> list[Any]:
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def contents(address: str) -> dict[str, Any]:
    """The tables of a database with what is in them."""
    found = ask(address, "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^pg_|^information'")
    return {f"{schema}.{name}": sorted(map(str, ask(address, f'TABLE "{schema}"."{name}"'))) for schema, name in found}


def terminate(address: str) -> None:
    """Cut every connection to a database, as a network does that goes down."""
    ask(address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND pid <> pg_backend_pid()")  # fmt: skip


async def test_when_the_server_goes_in_mid_run_the_run_goes_on_to_the_same_end_once_it_is_back(
    postgres: Cluster, database: str
) -> None:
    scenario = consciences(rounds=2)
    async with Store.open(database, make=True) as store:
        whole = await played(store, scenario, name="whole")
        expected, calls = await channels(store, whole), journal(store, whole)
    gone_at = ("1.0/Alpha/0.First1/line", 0)

    async def fall(request: Any) -> None:
        if (request.place, request.attempt) == gone_at:
            await asyncio.to_thread(postgres.stop)

    first = CountingChat(before=fall)
    try:
        async with Store.open(database) as store:
            simulation = await begin(store, scenario, model=first, name="cut")
            with pytest.raises(StoreUnreachable, match=r"^The store's server is gone: .*What was committed before is"):
                await simulation.play()
    finally:
        postgres.start()
    async with Store.open(database) as store:
        assert not store.is_held("cut")
        second = CountingChat()
        reopened = await Simulation.reopen(store, "cut", scenario=scenario, model=second)
        assert (await reopened.play()).status == "finished"
        assert await channels(store, reopened) == expected
        assert journal(store, reopened) == calls
    assert set(first.answered) & set(second.places) == {gone_at}, "only the call in flight is made again"


async def test_whoever_loses_the_connection_that_writes_has_lost_the_lock_with_it(database: str) -> None:
    async with Store.open(database, make=True) as store, Store.open(database) as other:
        run = (await begin(store, table("A"), name="run")).run
        with store.hold("run"):
            with pytest.raises(RunLocked, match="Run 'run' is held by another process"), other.hold("run"):
                pass
            assert other.is_held("run")
            terminate(database)
            async with Store.open(database) as third:
                assert not third.is_held("run")
                with third.hold("run"):
                    with pytest.raises(StoreUnreachable):
                        await store.register.mark(run.id, "finished")
                    assert third.register.run("run").status == "running"


WRONG: dict[str, tuple[Callable[[Cluster], str], str]] = {
    "password": (lambda server: server.address("postgres", "mistaken"), "authentication failed"),
    "database": (lambda server: server.address("nowhere"), 'database "nowhere" does not exist'),
    "port": (lambda server: "postgresql://me:mistaken@127.0.0.1:1/x", "refused"),
    "escape": (lambda server: "postgresql://me:mis%ztaken@127.0.0.1/x", "any of :/@?#% in a password is written"),
    "at": (lambda server: "postgresql://me:mis@taken@127.0.0.1/x", "any of :/@?#% in a password is written"),
    "parameter": (lambda server: "postgresql://me@127.0.0.1/x?password=mistaken&a=b", 'parameter: "a"'),
    "one slash": (lambda server: "postgresql:/me:mistaken@127.0.0.1/x", "A store is postgresql://user"),
    "other kind": (lambda server: "mysql://me:mistaken@127.0.0.1/x", "A store is a file or postgresql://"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_an_address_that_leads_nowhere_is_told_in_one_line_without_its_password(
    postgres: Cluster, wrong: str
) -> None:
    make, says = WRONG[wrong]
    with pytest.raises(ConverseError) as refused:
        async with Store.open(make(postgres), make=True):
            pass
    message = str(refused.value)
    assert says in message
    assert "\n" not in message
    for secret in (PASSWORD, quote(PASSWORD, safe=""), "taken", "mis"):
        assert secret not in message
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


async def test_an_open_store_shows_its_address_without_the_password(postgres: Cluster, database: str) -> None:
    async with Store.open(database, make=True) as store:
        assert store.address == f"postgresql://postgres:***@127.0.0.1:{postgres.port}/{database.rpartition('/')[2]}"
        assert PASSWORD not in repr(store)
        assert quote(PASSWORD, safe="") not in repr(store)


async def test_a_database_without_a_store_is_refused_and_left_empty(database: str) -> None:
    with pytest.raises(NotFound, match=r"No store in postgresql://postgres:\*\*\*@.*; `converse run` makes one"):
        async with Store.open(database):
            pass
    assert contents(database) == {}


async def test_what_else_a_database_is_used_for_is_left_alone(database: str) -> None:
    ask(database, "CREATE TABLE runs (mine text)")
    ask(database, "CREATE TABLE checkpoints (mine text)")
    ask(database, "INSERT INTO runs VALUES ('x')")
    async with Store.open(database, make=True) as store:
        await played(store, table("A"))
    kept = contents(database)
    assert (kept["public.runs"], kept["public.checkpoints"]) == (["('x',)"], [])
    assert {name for name in kept if name.startswith("public.")} == {"public.runs", "public.checkpoints"}
    assert len(kept["converse_graph.runs"]) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "DROP TABLE converse_graph.versions",
            "The schema converse_graph in .* is none of ours and was left untouched",
        ),
        (
            "UPDATE converse_graph.versions SET version = 999",
            f"has version 999, this .* up to {VERSION}; upgrade it",
        ),
    ],
)
@pytest.mark.parametrize("making", [False, True])
async def test_a_schema_that_is_not_ours_or_is_newer_is_refused_and_left_as_it_was(
    database: str, change: str, says: str, making: bool
) -> None:
    async with Store.open(database, make=True) as store:
        await begin(store, table("A"))
    ask(database, change)
    before = contents(database)
    with pytest.raises(IncompatibleStore, match=says):
        async with Store.open(database, make=making):
            pass
    assert contents(database) == before


def test_a_store_that_many_make_at_once_is_made_once_and_no_two_runs_share_a_name(database: str) -> None:
    async def enter(number: int) -> str:
        async with Store.open(database, make=True) as store:
            return (await begin(store, table("A", name="Same"))).run.name

    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda number: asyncio.run(enter(number)), range(8)))
    assert sorted(names) == [f"same-{number}" for number in range(1, 9)]


async def test_two_that_store_the_same_parts_in_another_order_wait_for_each_other_and_both_are_served(
    database: str,
) -> None:
    async with Store.open(database, make=True):
        pass
    parts = [Message(role="user", text=word, source="s", owner="A") for word in ("one", "two")]
    both = threading.Barrier(2)
    tries: list[int] = []

    def storing(order: list[Message], number: int) -> Callable[[Session], list[int]]:
        ids = MessageIds()

        def job(session: Session) -> list[int]:
            tries.append(number)
            ids.forget()
            found = [ids.of(session, order[0])]
            if tries.count(number) == 1:
                both.wait(30)
            return [*found, ids.of(session, order[1])]

        return job

    writers = [Writer(backend_for(database).connect()) for _ in range(2)]
    one, two = await asyncio.gather(writers[0].write(storing(parts, 0)), writers[1].write(storing(parts[::-1], 1)))
    for writer in writers:
        await writer.close()
    assert one == two[::-1]
    # The one that is undone may be back before the other has gone on: then the other is undone in its turn.
    assert len(tries) > 2, "one of the two was undone by the server, and tried again"


async def test_what_is_committed_is_on_disk_even_where_the_server_would_not_wait_for_it(database: str) -> None:
    ask(database, f'ALTER DATABASE "{database.rpartition("/")[2]}" SET synchronous_commit = off')
    async with Store.open(database, make=True) as store:
        assert await store._writer.write(lambda session: session.run("SHOW synchronous_commit")) == [("on",)]


async def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("converse_graph.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InvalidValue, match=r"takes the extra `postgres`: pip install 'converse-graph\[postgres\]'\.$"):
        async with Store.open("postgresql://me@127.0.0.1/x"):
            pass
