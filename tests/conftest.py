"""Fixtures of all tests: an open store, and an environment without the developer's keys and settings."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from converse_graph.store import Store
from tests.support.postgres_cluster import Cluster, binaries


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `every_store` on a file and on a server."""
    if metafunc.definition.get_closest_marker("every_store") and "kind_of_store" in metafunc.fixturenames:
        metafunc.parametrize("kind_of_store", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "CONVERSE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A Postgres server; without its programs the tests that take one are skipped, but never where CI is set."""
    found = binaries()
    if found is None:
        reason = "no Postgres server is installed (Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(f"CI is set, and {reason}")
        pytest.skip(reason)
    cluster = Cluster(found)
    yield cluster
    cluster.remove()


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


@pytest.fixture
def kind_of_store(request: pytest.FixtureRequest) -> str:
    """What a store is kept in: a file, unless the test is marked `every_store`."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def store_address(kind_of_store: str, request: pytest.FixtureRequest) -> str:
    """Where a store can be made."""
    if kind_of_store == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        return cluster.database()
    return str(request.getfixturevalue("store_path"))


@pytest.fixture
async def store(store_address: str) -> AsyncIterator[Store]:
    async with Store.open(store_address, make=True) as opened:
        yield opened
