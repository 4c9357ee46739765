"""What holds for all tests: which are left out, where bytecode is kept, a store, and no keys of the developer's."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from converse_graph.store import Store
from tests.support.postgres_cluster import Cluster, binaries
from tests.support.property_search import QUICK, WHOLE


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests as well, as is done where CI is set")


def pytest_configure(config: pytest.Config) -> None:
    """Search properties with fewer examples unless slow tests run, and keep the bytecode of child processes."""
    settings.load_profile(WHOLE if runs_slow(config) else QUICK)
    keep_bytecode(config)


def runs_slow(config: pytest.Config) -> bool:
    """Whether slow tests run: where they are asked for, and where CI is set."""
    return bool(config.getoption("slow") or os.environ.get("CI"))


def keep_bytecode(config: pytest.Config) -> None:
    """Have child processes share compiled modules in pytest's cache where the environment lets Python write none.

    Each would compile about 950 modules anew. xdist's workers start after this, and are such children too.
    """
    if getattr(config, "cache", None) is not None and os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(config.cache.mkdir("bytecode")))


def pytest_report_header(config: pytest.Config) -> str:
    return "slow tests: run too" if runs_slow(config) else "slow tests: left out; --slow runs them too"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests unless they are to run."""
    if not runs_slow(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests and modules, which stay to the end, each time that it looks."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 50, 100)


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
