"""Fixtures of the chat port's tests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.model_servers import StreamServer, Waits


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "CONVERSE_MODEL", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def stream_server() -> AsyncIterator[StreamServer]:
    state = StreamServer()
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    state.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    yield state
    server.close()
    serving = [task for task in state.serving if task is not None]
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
    await server.wait_closed()
