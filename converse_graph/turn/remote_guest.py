"""A guest on another server (a `RemoteGraph`), asked so that a server which stops in mid-turn costs no statement.

A stream that a server closes as it stops looks like one that has ended, and the last state in it like an answer; a
server that comes back plays the run to its end while nobody listens. So nothing is taken from a stream: a run is
begun there, its status is asked for until it has ended, and its answer is read from its thread.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk.client import LangGraphClient

from converse_graph.errors import InvalidValue, ProviderRefused, ProviderUnreachable, RunPaused
from converse_graph.models.base import Request
from converse_graph.models.failures import Failure, classify_failure
from converse_graph.models.retries import Endpoint

RESTART_GRACE = 15.0
"""Seconds for which a server may be gone while a run of ours is on it: as long as one takes to start again."""

FIRST_WAIT, LONGEST_WAIT = 0.05, 1.0
"""Seconds between two questions whether a run has ended; each wait is half as long again as the one before."""

_UNDER_WAY = ("pending", "running")
_SENT = ("tags", "metadata", "configurable", "recursion_limit")
"""What of a graph's configuration is for the far side."""


async def ask_remote(graph: RemoteGraph, request: Request, *, run: str | None) -> Any:
    """Run a graph on its server to its end, or take up the run that was begun there for this very turn.

    It is told nothing of our run's settings: it has its own, given to it by `with_config`. Each turn is a thread of
    its own there, which stays to be looked at.

    Args:
        graph: Which.
        request: The call that it answers; its one part is the graph's input, as JSON.
        run: Which run of ours asks, by a name that no other has; None where it has none, and each time is the first.

    Returns:
        The public part of the thread's last state.

    Raises:
        InvalidValue: The graph has no client that can wait, or a setting that cannot be sent.
        ProviderUnreachable: Its server could not be reached, broke down, or lost the run.
        ProviderRefused: The server refused, or the graph failed there or waits for somebody.
    """
    name = graph.get_name()
    client = graph.client
    if client is None:
        raise InvalidValue(f"RemoteGraph {name!r} has no asynchronous client; give it `url` or `client`.")
    far = _RemoteTurn(client=client, party=request.messages[0].owner, name=name)
    view = json.loads(request.messages[0].text)
    settings: Any = {key: value for key, value in (graph.config or {}).items() if key in _SENT}
    try:
        key_text = json.dumps((run, request.place, view, graph.assistant_id, settings))
    except TypeError as error:
        raise InvalidValue(f"RemoteGraph {name!r} has a setting that is no JSON: {error}.") from None
    digest = hashlib.blake2b(key_text.encode(), digest_size=16).hexdigest()
    try:
        earlier_run: Any = await far.earlier_run(digest) if run else None
        if earlier_run is None:
            thread = await client.threads.create(metadata={"converse_turn": request.place, _ASKED: digest})
            earlier_run = await client.runs.create(thread["thread_id"], graph.assistant_id, input=view, config=settings)
        return await far.answer(await far.wait_for(earlier_run))
    except RunPaused:
        raise
    except Exception as error:
        raise far.paused(_failure(error)) from error


_ASKED = "converse_asked"
"""In the metadata of a thread: a digest of which run of ours asked what of which graph there."""


@dataclass(frozen=True, kw_only=True)
class _RemoteTurn:
    """A graph's server, for one turn of one speaker. Runs, threads and states are the server's own documents."""

    client: LangGraphClient
    party: str
    """The path of who speaks by it."""
    name: str

    def __str__(self) -> str:
        """Who speaks by which graph, and where that is, without what an address may hold of secrets."""
        url = self.client.http.client.base_url
        return f"{self.party} ({self.name!r} at {url.host}{f':{url.port}' if url.port else ''})"

    async def earlier_run(self, digest: str) -> Any:
        """The run that was begun for this turn before; None where nothing can come of one any more."""
        for thread in await self.client.threads.search(metadata={_ASKED: digest}):
            for run in await self.client.runs.list(thread["thread_id"], limit=1):  # the latest
                if run["status"] in _UNDER_WAY or (run["status"] == "success" and await self._state(thread)):
                    return run
        return None

    async def wait_for(self, run: Any) -> Any:
        """Wait until a run has ended, though its server starts again meanwhile and plays it anew."""
        now = asyncio.get_running_loop().time
        last_sign, wait = now(), FIRST_WAIT
        while run["status"] in _UNDER_WAY:
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT, wait * 1.5)
            try:
                run = await self.client.runs.get(run["thread_id"], run["run_id"])
                last_sign = now()
            except Exception as error:
                failure = _failure(error)
                if failure.status == 404:
                    raise self._unanswered("the server has started again without that run") from error
                if not failure.passing or now() - last_sign > RESTART_GRACE:
                    raise self.paused(failure) from error
        return run

    async def answer(self, run: Any) -> Any:
        """What came of a run that has ended.

        Raises:
            RunPaused: It has no whole answer.
        """
        thread = await self.client.threads.get(run["thread_id"])
        if run["status"] != "success":
            why = _line(thread.get("error")) or f"its run ended as {run['status']!r}"
            raise ProviderRefused(f"{self} failed there: {self._redacted(why)}; mend it, then resume: {_KEPT}.")
        if thread["status"] == "interrupted":
            raise ProviderRefused(
                f"{self} waits for somebody on thread {run['thread_id']}; let it go on there, then resume: {_KEPT}."
            )
        state = await self._state(thread)
        if state is None:
            raise self._unanswered("the server has lost how that run ended")
        return await self._public(run, state["values"])

    async def _state(self, thread: Any) -> Any:
        """The last state of a thread whose run succeeded; None where a server that was killed kept only that it did."""
        state = await self.client.threads.get_state(thread["thread_id"])
        whole = bool(state["created_at"]) and not state["next"]
        return state if whole or thread["status"] == "interrupted" else None

    async def _public(self, run: Any, values: Any) -> Any:
        """The channels of a state that the graph shows as its output; all where it does not say which they are."""
        schemas = await self.client.assistants.get_schemas(run["assistant_id"])
        properties = (schemas.get("output_schema") or {}).get("properties")
        if not properties or not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if name in properties}

    def paused(self, failure: Failure) -> RunPaused:
        """The pause that a failure means."""
        status = f"HTTP {failure.status}: " if failure.status is not None else ""
        if failure.passing:
            return self._unanswered(f"{status}{failure.message}")
        return ProviderRefused(
            f"The server of {self} refused: {status}{self._redacted(failure.message)}; mend that, then resume: {_KEPT}."
        )

    def _unanswered(self, why: str) -> ProviderUnreachable:
        return ProviderUnreachable(
            f"No whole answer for {self}: {self._redacted(why)}; resume once the server is back: {_KEPT}, and nothing "
            "is asked twice that it has answered."
        )

    def _redacted(self, text: str) -> str:
        """Somebody else's words on one short line, without our keys."""
        http = self.client.http.client
        keys = [http.headers.get("x-api-key", ""), http.headers.get("authorization", "").rpartition(" ")[2]]
        for key in filter(None, [*keys, http.base_url.password]):
            text = text.replace(key, "[key]")
        return Endpoint(model=self.name).redact(text).rstrip(".")


_KEPT = "all until then is kept"


def _failure(error: Exception) -> Failure:
    """What went wrong between us and a server; an answer that is no JSON, or not of this kind, may pass as well.

    Raises:
        Exception: The error itself, where it is no failure of a server.
    """
    failure = classify_failure(error)
    if failure is not None:
        return failure
    if isinstance(error, ValueError | LookupError | TypeError):
        return Failure(message="what answers there is no LangGraph server", passing=True)
    raise error


def _line(value: Any) -> str:
    """What a server says of a failure, which is a name and a message or text."""
    if isinstance(value, Mapping):
        return ": ".join(str(value[key]) for key in ("error", "message") if value.get(key))
    return str(value or "")
