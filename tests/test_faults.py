"""What a run makes of a model's server that misbehaves: one line, nothing lost, and `resume` once it is well."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from converse_graph import NullModel, Store
from converse_graph.errors import InvalidValue, ProviderRefused, ProviderUnreachable, RunPaused
from converse_graph.models.base import Request
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.rate_limit import Limits, RateLimiter, limits_for
from converse_graph.models.retries import RetryPolicy
from converse_graph.runs.simulation import Simulation
from tests.support.small_scenarios import begin, consciences, played, table

Fault = Callable[["Server", asyncio.StreamWriter, dict[str, Any]], Awaitable[None]]


@dataclass
class Server:
    """A model's server, which fills any schema by chance, until it is told to misbehave."""

    fault: Fault | None = None
    after: int = 0
    """Calls that it answers well first."""
    answered: int = 0
    asked_at: list[float] = field(default_factory=list)
    base_url: str = ""
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self.serving.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.take(reader, writer)
        finally:
            writer.close()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.asked_at.append(asyncio.get_running_loop().time())
        if self.fault and self.answered >= self.after:
            await self.fault(self, writer, body)
        else:
            self.answered += 1
            await self.answer(writer, body, await filled(body))
        await writer.drain()

    async def answer(
        self, writer: asyncio.StreamWriter, body: dict[str, Any], text: str, finish: str | None = "stop"
    ) -> None:
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            reply(writer, 200, json.dumps({**_WHOLE, "choices": [choice]}))
            return
        reply(writer, 200, None, "text/event-stream")
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
            writer.write(chunk({"delta": {"role": "assistant", "content": piece}, "finish_reason": None}))
        if finish is not None:
            writer.write(chunk({"delta": {}, "finish_reason": finish}) + b"data: [DONE]\n\n")


_USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
_WHOLE = {"id": "1", "object": "chat.completion", "created": 0, "model": "served", "usage": _USAGE}


def chunk(choice: dict[str, Any]) -> bytes:
    told = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "served"}
    return f"data: {json.dumps({**told, 'choices': [{'index': 0, **choice}]})}\n\n".encode()


def reply(
    writer: asyncio.StreamWriter, status: int, body: str | None, kind: str = "application/json", **headers: str
) -> None:
    told = {
        "content-type": kind,
        "connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    if body is not None:
        told["content-length"] = str(len(body.encode()))
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    writer.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n{body or ''}".encode())


async def filled(body: dict[str, Any]) -> str:
    schema = body["response_format"]["json_schema"]["schema"]
    asked = Request(messages=(), schema=schema, place=str(len(json.dumps(body["messages"]))))
    return (await NullModel().complete(asked)).text


def says(status: int, message: str = "no", code: str = "", **headers: str) -> Fault:
    async def fault(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        reply(writer, status, json.dumps({"error": {"message": message, "code": code, "type": code}}), **headers)

    return fault


def writes(text: str, finish: str | None = "stop") -> Fault:
    async def fault(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        await server.answer(writer, body, text, finish)

    return fault


async def hangs(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    await asyncio.sleep(30)


async def resets(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"id":')
    await writer.drain()
    writer.transport.abort()


async def drips(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    reply(writer, 200, None, "text/event-stream" if body.get("stream") else "application/json")
    for _ in range(600):
        writer.write(b": keep alive\n\n" if body.get("stream") else b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def page(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    reply(writer, 200, "<html>Welcome</html>", "text/html")


async def redirects(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    reply(writer, 307, "", location=f"{server.base_url}/chat/completions")


FAULTS: dict[str, tuple[Fault, type[RunPaused], str]] = {
    "busy": (says(429, "slow down", retry_after="0"), ProviderUnreachable, "after 2 tries: HTTP 429: slow down"),
    "broken": (says(500, "oops"), ProviderUnreachable, "after 2 tries: HTTP 500: oops; try again later"),
    "away": (says(503, "maintenance"), ProviderUnreachable, "HTTP 503: maintenance"),
    "hangs": (hangs, ProviderUnreachable, "after 2 tries"),
    "resets": (resets, ProviderUnreachable, "after 2 tries"),
    "drips": (drips, ProviderUnreachable, "No whole reply from served"),
    "a page": (page, ProviderUnreachable, "the base URL is right (most end in /v1)"),
    "redirects": (redirects, ProviderUnreachable, "after 2 tries"),
    "empty": (writes(""), ProviderUnreachable, "after 2 tries"),
    "cut": (writes('{"statement": "We', None), ProviderUnreachable, "after 2 tries"),
    "bad request": (says(400, "no such field"), ProviderRefused, "refused: HTTP 400: no such field"),
    "wrong key": (says(401, "bad key sk-aaaaaaaaaaaaaaaaaaaaaaaa"), ProviderRefused, "check OPENAI_API_KEY"),
    "forbidden": (says(403, "not you"), ProviderRefused, "HTTP 403: not you; check OPENAI_API_KEY"),
    "quota": (says(429, "no money", "insufficient_quota"), ProviderRefused, "the account's quota is spent"),
    "too long": (says(400, "maximum context length is 9 tokens", "context_length_exceeded"), ProviderRefused,
                 "a longer window"),
}  # fmt: skip
"""What the server does; how the run ends; what the user is told."""


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield made
    listening.close()
    for task in made.serving:
        task.cancel()
    await asyncio.gather(*made.serving, return_exceptions=True)


def chat(server: Server, **retries: Any) -> OpenAICompatibleModel:
    patience = RetryPolicy(**{"tries": 2, "base": 0.01, "deadline": 2.0, **retries})
    return OpenAICompatibleModel("served", server.base_url, "sk-secret-secret-secret", timeout=0.6, retries=patience)


@pytest.mark.parametrize("watched", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", FAULTS)
async def test_a_server_that_fails_pauses_the_run_and_nothing_is_lost(
    server: Server, tmp_path: Path, name: str, watched: bool
) -> None:
    fault, kind, told = FAULTS[name]
    scenario = table("Alpha", "Beta", rounds=2)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        model = chat(server)
        server.fault, server.after = fault, 2
        simulation = await begin(store, scenario, model=model)
        with pytest.raises(kind) as raised:
            await simulation.play((lambda event: None) if watched else None)
        assert told in str(raised.value)
        assert "\n" not in str(raised.value)
        assert "sk-" not in str(raised.value)
        run = store.register.run(simulation.run.name)
        assert (run.status, run.statements) == ("paused", 2)
        assert [call.place for call in store.journal(run.id).calls()] == ["0.0/Alpha/statement", "0.1/Beta/statement"]
        server.fault = None
        again = await Simulation.reopen(store, run.name, scenario=scenario, model=model)
        assert (await again.play()).status == "finished"
        assert server.answered == 4, "no call that was answered is made again"
        await model.close()


SAID: dict[str, tuple[Fault, str]] = {
    "no JSON": (writes("Well, where shall I begin?"), "the reply is not the object asked for"),
    "broken JSON": (writes('{"statement": "We", "memo'), "the reply is not the object asked for"),
    "another form": (writes('{"speech": "We"}'), "the reply does not fit in statement, memo"),
    "cut for length": (writes('{"statement": "We', "length"), "the reply is not the object asked for"),
    "filtered": (writes("", "content_filter"), "the reply is not the object asked for"),
}
"""Replies that are whole and no use: the turn goes on record as one without a statement, with the reason."""


@pytest.mark.parametrize("watched", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("name", SAID)
async def test_a_reply_that_is_no_use_is_on_record_after_two_repairs(
    server: Server, tmp_path: Path, name: str, watched: bool
) -> None:
    fault, problem = SAID[name]
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        model = chat(server)
        server.fault = fault
        simulation = await begin(store, table("Alpha", rounds=1), model=model)
        await simulation.play((lambda event: None) if watched else None)
        [statement] = (await simulation.transcript()).statements
        assert (statement.text, statement.repairs) == ("", 2)
        assert statement.problem == problem
        assert [call.accepted for call in store.journal(simulation.run.id).calls()] == [False] * 3
        await model.close()


async def test_a_server_that_recovers_in_mid_debate_is_not_noticed(server: Server, tmp_path: Path) -> None:
    async def once(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        server.fault = None
        reply(writer, 503, "")

    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        model = chat(server)
        server.fault, server.after = once, 3
        simulation = await played(store, consciences(rounds=1), model=model)
        assert simulation.run.status == "finished"
        await model.close()


async def test_when_one_is_asked_to_wait_all_that_ask_the_same_provider_wait(server: Server, tmp_path: Path) -> None:
    async def busy_once(server: Server, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        server.fault = None
        reply(writer, 429, "", retry_after="0.7")

    server.fault = busy_once
    first, second = chat(server), chat(server)
    scenario = table("Alpha", rounds=1)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        one = await begin(store, scenario, model=first)
        other = await begin(store, scenario, model=second)
        playing = asyncio.create_task(one.play())
        while not server.asked_at:  # noqa: ASYNC110 - what is waited for is in the server
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await asyncio.gather(playing, other.play())
        await first.close()
        await second.close()
    refused, *later = server.asked_at
    assert len(later) == 2
    assert min(later) - refused >= 0.69


async def test_a_gate_spreads_requests_over_the_minute() -> None:
    gate = RateLimiter(Limits(requests=600))
    began = asyncio.get_running_loop().time()
    for _ in range(4):
        await gate.enter(10)
    assert asyncio.get_running_loop().time() - began >= 0.29


async def test_a_gate_weighs_tokens_and_lets_one_through_that_is_heavier_than_all() -> None:
    gate = RateLimiter(Limits(tokens=6000))
    began = asyncio.get_running_loop().time()
    await gate.enter(9000)
    await gate.enter(30)
    assert asyncio.get_running_loop().time() - began >= 0.25


@pytest.mark.parametrize("given", ["0", "-1", "many", "inf", "nan"])
def test_a_limit_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(InvalidValue, match="CONVERSE_RPM"):
        limits_for({"CONVERSE_RPM": given})
