"""A store whose pages are served on loopback while a test runs."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import pytest

from converse_graph.store import Store
from converse_graph.view import Access, Reader, build_app, serve
from converse_graph.view.control import Control
from converse_graph.view.live import LiveRuns
from converse_graph.view.seat_host import PlayingHost
from converse_graph.view.seat_keys import SeatKeys
from converse_graph.view.seats import Host, OneTable, Seats


@dataclass(kw_only=True)
class Site:
    """Pages that are served."""

    address: str
    reader: Reader
    live: LiveRuns
    client: httpx.AsyncClient
    control: Control | None = None
    seats: Seats | None = None
    warnings: list[str] = field(default_factory=list)
    """What whoever serves the seats was told."""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, **more)

    async def text(self, path: str) -> str:
        """A page that is there, as text without tags."""
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return visible(answer.text)


def visible(html: str) -> str:
    """What a page says, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


Serve = Callable[..., Awaitable[Site]]


@pytest.fixture
async def site(store_address: str, store: Store) -> AsyncIterator[Serve]:
    """Serves the test's store: with control if that is asked for."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            control: bool = False,
            access: Access | None = None,
            seats: bool = False,
            deadline: float | None = None,
            table: OneTable | None = None,
        ) -> Site:
            reader = await stack.enter_async_context(Reader.open(store_address))
            live = LiveRuns(reader)
            warnings: list[str] = []
            steering = await stack.enter_async_context(Control.open(store_address, live)) if control else None
            host: Host | None = table
            if seats:
                playing = PlayingHost.open(store_address, live, deadline=deadline, warn=warnings.append)
                host = await stack.enter_async_context(playing)
            keys = SeatKeys.beside(reader.store.folder) if host else None
            seated = Seats(reader=reader, keys=keys, host=host) if keys and host else None
            access = access or Access(with_seats=seated is not None)
            app = build_app(reader, access, live=live, control=steering, seats=seated)
            served = await stack.enter_async_context(serve(app, access=access, port=0))
            address = served.address.partition("?")[0].rstrip("/")
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=60))
            return Site(
                address=address,
                reader=reader,
                live=live,
                client=client,
                control=steering,
                seats=seated,
                warnings=warnings,
            )

        yield start
