"""Fixtures of all tests: an open store, and an environment without the developer's keys and settings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from converse_graph.store import Store


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "CONVERSE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


@pytest.fixture
async def store(store_path: Path) -> AsyncIterator[Store]:
    async with Store.open(store_path, make=True) as opened:
        yield opened
