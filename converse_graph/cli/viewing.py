"""What commands that serve pages share: the extra they take, the browser, and the wait for Ctrl-C."""

import asyncio
import importlib
import os
import signal
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from converse_graph.calls.answers import NamedAnswer
from converse_graph.cli.output import Output
from converse_graph.errors import AnswerNeeded, InvalidValue, UsageError

if TYPE_CHECKING:
    from converse_graph.runs.simulation import Simulation
    from converse_graph.view.seats import Seats
    from converse_graph.view.server import Served
    from converse_graph.view.table import Table

_NEEDED = ("jinja2", "sse_starlette", "starlette", "uvicorn", "vl_convert")

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""Of these one is set where a browser can be shown, or was chosen."""


def require_view(port: int | None = None) -> None:
    """Refuse to go on where the extra is not installed, or the port that was named is in use.

    Args:
        port: Where pages will be; None for 8420, or the next that is free.

    Raises:
        UsageError: One of the two.
    """
    missing = next((name for name in _NEEDED if find_spec(name) is None), None)
    if missing is not None:
        raise UsageError(f"Pages take an extra ({missing} is missing): pip install 'converse-graph[view]'.")
    if port is not None:
        server: Any = importlib.import_module("converse_graph.view.server")  # it is in the extra
        server.require_free(port)


@asynccontextmanager
async def viewed(
    simulation: "Simulation", output: Output, deadline: float | None, *, port: int | None = None, opens: bool = True
) -> "AsyncIterator[TableSeat | None]":
    """Serve the pages of a run while it is played, and then until Ctrl-C.

    Args:
        simulation: The run.
        output: Where the address is said; its events go to the page too.
        deadline: Seconds for each turn of a person, after which it is passed to the model; None for ever.
        port: Where they are served; None for 8420, or the next that is free.
        opens: Whether a browser is opened.

    Yields:
        Where its persons answer; None where it has none.

    Raises:
        InvalidValue: The port is in use, or none is free.
    """
    # Loaded late: it is in an extra, and most runs are played without.
    view: Any = importlib.import_module("converse_graph.view")
    name, humans = simulation.run.name, simulation.run.header.humans
    table = view.Table(humans, deadline=deadline) if humans else None
    async with view.serve_run(simulation.store.where, name, table=table, port=port) as pages:
        output.audience = pages.watch
        if table is not None:
            await say_seats(pages.seats, pages.served, output, name)
        await open_page(pages.served.address_of(f"/runs/{name}"), output, opens=opens)
        try:
            yield TableSeat(table, output) if table is not None else None
        finally:
            output.audience = None
            if table is not None:
                table.close()
        output.say("The page stays until Ctrl-C.")
        await wait_for_signal(pages.served)


class TableSeat:
    """The persons of a run at their pages, as the command that plays it asks them."""

    def __init__(self, table: "Table", output: Output) -> None:
        """Ask at a table.

        Args:
            table: Where they sit.
            output: Where it is said who is waited for.
        """
        self._table, self._output = table, output

    def show(self, reason: AnswerNeeded) -> None:
        """Lay out what is asked."""
        self._output.say(f"Waiting for {', '.join(reason.speakers)}")
        self._table.show(reason)

    async def answers(self, reason: AnswerNeeded) -> tuple[NamedAnswer, ...] | None:
        """Wait until somebody has answered; None at Ctrl-C, or where nobody who is asked has a seat."""
        answering = asyncio.create_task(self._table.answers(reason))
        await _first_or_signal(answering)
        return None if answering.cancelled() else answering.result()


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


async def open_page(address: str, output: Output, *, opens: bool) -> None:
    """Say where a page is, and open it in a browser if there is a screen for one: others would take the terminal."""
    output.say(f"Page: {address}")
    if opens and (sys.platform in ("darwin", "win32") or any(map(os.environ.get, _SCREENS))):
        with suppress(webbrowser.Error):
            await asyncio.to_thread(webbrowser.open, address)


async def wait_for_signal(served: "Served") -> None:
    """Wait for Ctrl-C, for another signal to end, or for the server's own end."""
    await _first_or_signal(asyncio.create_task(served.ended()))


async def _first_or_signal(task: asyncio.Task[Any]) -> None:
    """Wait for a task, or for Ctrl-C or another signal to end, at which the task is broken off."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    waiting = [asyncio.create_task(stopped.wait()), task]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for number in signals:
            loop.remove_signal_handler(number)
