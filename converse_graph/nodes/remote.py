"""A guest on another server (a `RemoteGraph`): what it may be told of our run, and what becomes of its failures."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
from langgraph.pregel.remote import RemoteException, RemoteGraph

from converse_graph.errors import ProviderRefused, ProviderUnreachable


async def ask_remote(graph: RemoteGraph, view: dict[str, Any]) -> Any:
    """Run a graph on its server to its end.

    It is told nothing of our run's settings: it has its own, given to it by `with_config`. Each turn is a thread of its
    own there, which stays to be looked at.

    Raises:
        ProviderUnreachable: The run was cut off. A stream that a server closes as it stops looks like one that has
            ended, and what came until then like an answer: so the thread is asked whether anything is left to do.
    """
    config: Any = {"configurable": {"thread_id": str(uuid4())}}
    result = await graph.ainvoke(view, config, stream_resumable=True)
    left = await graph.aget_state(config)
    if result is None or (left.next and not left.interrupts):
        raise ProviderUnreachable(_UNREACHABLE.format(guest=graph.get_name(), why="it stopped in the middle"))
    return result


@contextmanager
def failures_pause(guest: str) -> Iterator[None]:
    """Turn what goes wrong between us and another server into a pause, from which the run goes on with the same turn.

    It is not begun anew here: what the graph did before it went away may have cost something, or had effects. The
    library's own client tries to connect again for about a minute.

    Args:
        guest: How the record names the graph.

    Raises:
        ProviderUnreachable: Its server could not be reached, broke down, or went away before the answer was whole.
        ProviderRefused: The server refused, or the graph failed there.
    """
    try:
        yield
    except RemoteException as error:
        raise ProviderRefused(f"{guest} failed on its server: {_told(error)}; mend it there, then resume.") from error
    except httpx.HTTPStatusError as error:
        answered = getattr(error, "response", None)  # the library's own errors of connection have none
        if answered is None or answered.status_code >= 500:
            raise _unreachable(guest, error) from error
        raise ProviderRefused(f"The server of {guest} refused: {_line(error)}; mend that, then resume.") from error
    except httpx.TransportError as error:
        raise _unreachable(guest, error) from error


_UNREACHABLE = (
    "No whole answer from the server of {guest} ({why}); resume once it is back: nothing was lost, it is asked again."
)


def _unreachable(guest: str, error: Exception) -> ProviderUnreachable:
    return ProviderUnreachable(_UNREACHABLE.format(guest=guest, why=f"{type(error).__name__}: {_line(error)}"))


def _told(error: RemoteException) -> str:
    """What the other server says of a failure: a name and a message, or text."""
    told = error.args[0] if error.args else ""
    if isinstance(told, dict):
        return _line(": ".join(str(told[key]) for key in ("error", "message") if told.get(key)))
    return _line(told)


def _line(told: Any) -> str:
    """Somebody else's message, on one line of at most 300 characters, without a full stop."""
    return " ".join(str(told).split())[:300].rstrip(".") or "no reason given"
