"""What commands that serve pages share: the extra they take, the browser, and the wait for Ctrl-C."""

import asyncio
import signal
import webbrowser
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from converse_graph.cli.output import Output
from converse_graph.errors import UsageError

if TYPE_CHECKING:
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


def open_page(address: str, output: Output, *, opens: bool) -> None:
    """Say where a page is, and open it in a browser if there is one."""
    output.result(address)
    if opens:
        with suppress(webbrowser.Error):
            webbrowser.open(address)


async def until_stopped(served: "Served", address: str, output: Output, *, opens: bool) -> None:
    """Open a page, and wait for Ctrl-C or the end of the server."""
    open_page(address, output, opens=opens)
    output.say("Ctrl-C ends it.")
    await wait_for_signal(served)


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
