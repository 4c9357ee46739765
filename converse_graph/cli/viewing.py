"""What commands that serve pages share: the extra they take, the browser, and the wait for Ctrl-C."""

import asyncio
import importlib
import signal
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from converse_graph.cli.output import Output
from converse_graph.errors import InvalidValue, UsageError

if TYPE_CHECKING:
    from converse_graph.runs.simulation import Simulation
    from converse_graph.view.seats import Seats
    from converse_graph.view.server import Served

_NEEDED = ("jinja2", "sse_starlette", "starlette", "uvicorn", "vl_convert")


def require_view() -> None:
    """Refuse to go on where the extra is not installed.

    Raises:
        UsageError: It is not.
    """
    missing = next((name for name in _NEEDED if find_spec(name) is None), None)
    if missing is not None:
        raise UsageError(f"Pages take an extra ({missing} is missing): pip install 'converse-graph[view]'.")


@asynccontextmanager
async def viewed(simulation: "Simulation", output: Output) -> AsyncIterator[None]:
    """Serve the pages of a run while it is played, and then until Ctrl-C.

    Args:
        simulation: The run.
        output: Where the address is said; its events go to the page too.

    Raises:
        InvalidValue: No port is free.
    """
    # Loaded late: it is in an extra, and most runs are played without.
    view: Any = importlib.import_module("converse_graph.view")
    async with view.serve_run(simulation.store.where, simulation.run.name) as (served, watch):
        output.audience = watch
        open_page(served.address_of(f"/runs/{simulation.run.name}"), output, opens=True)
        try:
            yield
        finally:
            output.audience = None
        output.say("The page stays until Ctrl-C.")
        await wait_for_signal(served)


async def say_seats(seats: "Seats", served: "Served", output: Output, run: str | None = None) -> None:
    """Say the link of each seat.

    Args:
        seats: Of the store.
        served: Where pages are.
        output: Where it is said.
        run: Of that run alone; None for all that are not over.

    Raises:
        InvalidValue: Nobody has a seat there.
    """
    names = [run] if run else [one.name for one in await seats.reader.runs() if one.status != "finished"]
    headers = [(await seats.reader.run(name)).header for name in names]
    links = [(header.run, seat, path) for header in headers for seat, path in seats.paths(header).items()]
    if not links:
        where = f"run {run}" if run else "a run that is not finished"
        raise InvalidValue(f"No person plays in {where}; begin one with `converse run SCENARIO --human PARTY`.")
    for name, seat, path in links:
        output.say(f"Seat of {seat} in {name}: {served.address_of(path, with_token=False)}")


def open_page(address: str, output: Output, *, opens: bool) -> None:
    """Say where a page is, and open it in a browser if there is one."""
    output.say(f"Page: {address}")
    if opens:
        with suppress(webbrowser.Error):
            webbrowser.open(address)


async def wait_for_signal(served: "Served") -> None:
    """Wait for Ctrl-C, for another signal to end, or for the server's own end."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    waiting = [asyncio.create_task(stopped.wait()), asyncio.create_task(served.ended())]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        for number in signals:
            loop.remove_signal_handler(number)
