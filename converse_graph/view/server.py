"""Serves the pages until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from converse_graph.errors import InvalidValue, StoreFailure
from converse_graph.view.app import build_app
from converse_graph.view.live import LiveRuns
from converse_graph.view.records import Reader
from converse_graph.view.seat_keys import SeatKeys
from converse_graph.view.seats import OneTable, Seats
from converse_graph.view.security import Access
from converse_graph.view.table import Table

DEFAULT_PORT = 8420
"""Where pages are, unless somebody else is there."""
_TRIES = 20
"""Ports after the default that are tried."""


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the command that runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


@dataclass(frozen=True, kw_only=True)
class Served:
    """Pages that are being served."""

    address: str
    """Where, with the token if there is one."""
    server: uvicorn.Server
    task: asyncio.Task[None]

    async def ended(self) -> None:
        """Wait until it ends by itself."""
        await asyncio.shield(self.task)

    def address_of(self, path: str, *, with_token: bool = True) -> str:
        """The address of a page, with the token if there is one and it is not to be left out."""
        base, mark, query = self.address.partition("?")
        if not with_token:
            mark = query = ""
        return f"{base.rstrip('/')}{path}{mark}{query}"


@dataclass(frozen=True, kw_only=True)
class ServedRun:
    """The pages of a store while one of its runs is played."""

    served: Served
    watch: Callable[[dict[str, Any]], None]
    """Takes the events of the run."""
    seats: Seats | None
    """Where its persons play; None where there are none."""


@asynccontextmanager
async def serve(
    app: Starlette, *, access: Access, host: str | None = None, port: int | None = None
) -> AsyncIterator[Served]:
    """Serve an application while what is within runs.

    Args:
        app: The application.
        access: Who may ask, for the address.
        host: Where to listen; None for loopback.
        port: Which port; None for 8420, or the next that is free.

    Raises:
        InvalidValue: The port is in use, or the host is none of this machine's.
    """
    listening = _listen(host or "127.0.0.1", port)
    number = listening.getsockname()[1]
    name = host if host and host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104 - compared, not listened on
    address = f"http://{f'[{name}]' if ':' in name else name}:{number}/"
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="on", timeout_graceful_shutdown=2, server_header=False
    )
    server = QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            if task.done():
                await task
                raise StoreFailure(f"The pages cannot be served at {address}.")
            await asyncio.sleep(0.01)
        yield Served(address=address + (f"?token={access.token}" if access.token else ""), server=server, task=task)
    finally:
        app.state.ending.set()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task
        listening.close()


@asynccontextmanager
async def serve_run(
    where: Path | str, name: str, *, table: Table | None = None, port: int | None = None
) -> AsyncIterator[ServedRun]:
    """Serve the pages of a store on loopback while this process plays one of its runs.

    Args:
        where: The store.
        name: The run.
        table: Where its persons sit; None where there are none.
        port: Which port; None for 8420, or the next that is free.

    Raises:
        InvalidValue: The port is in use, or none is free.
        StoreFailure: The links of the seats cannot be made.
    """
    access = Access(with_seats=table is not None)
    async with Reader.open(where) as reader:
        live = LiveRuns(reader)
        live_run = live.of(name)
        live_run.is_played_here = True
        seats = None
        if table is not None:
            keys = SeatKeys.beside(reader.store.folder)
            seats = Seats(reader=reader, keys=keys, host=OneTable(name=name, at=table))
        async with serve(build_app(reader, access, live=live, seats=seats), access=access, port=port) as served:
            yield ServedRun(served=served, watch=live_run.watch, seats=seats)


def require_free(port: int) -> None:
    """Refuse a port that somebody else has, before anything is begun that is to be seen there.

    Raises:
        InvalidValue: It is in use.
    """
    _listen("127.0.0.1", port).close()


def _listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens on a port: the one that was asked for, or the first that is free."""
    tried = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + _TRIES)
    for number in tried:
        try:
            return socket.create_server((host, number), family=_family(host), backlog=2048)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = (error.strerror or str(error)).partition(" (while ")[0]  # Python's words for where
                raise InvalidValue(f"Nothing can listen at {host}:{number}: {reason}.") from None
    if port is not None:
        raise InvalidValue(f"Port {port} is in use; name another with --port, or leave it out for one that is free.")
    raise InvalidValue(f"Ports {DEFAULT_PORT} to {DEFAULT_PORT + _TRIES - 1} are in use; name one with --port.")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
