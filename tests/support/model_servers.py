"""What the tests of the chat port share: a request, and a server that streams whatever a test writes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request as Received
from werkzeug import Response

from converse_graph.models.base import Message, Request
from converse_graph.models.null import NullModel
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.retries import RetryPolicy

SCHEMA = {
    "title": "Statement",
    "type": "object",
    "properties": {
        "text": {"type": "string", "maxLength": 60},
        "year": {"type": "integer", "minimum": 2024, "maximum": 2060},
    },
    "required": ["text", "year"],
    "additionalProperties": False,
}


def ask(**changes: Any) -> Request:
    parts = (
        Message(role="system", text="You are the Union.", source="prompt/system"),
        Message(role="user", text="What do you say?", source="prompt/statement"),
    )
    return Request(**{"messages": parts, "schema": SCHEMA, "place": "3.0/Union/statement", "seed": 7, **changes})


@dataclass
class Waits:
    """A clock for retries that notes how long it was asked to wait, and does not."""

    asked: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)

    def retries(self, **changes: Any) -> RetryPolicy:
        return RetryPolicy(**{"sleep": self.sleep, "chance": lambda: 1.0, **changes})


Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class StreamServer:
    """A bare HTTP server: each connection gets the next script, which writes whatever it likes."""

    base_url: str = ""
    scripts: list[Script] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    serving: set[asyncio.Task[Any] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.current_task())
        try:
            await self.answer(reader, writer)
        finally:
            writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        self.bodies.append(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        await self.scripts.pop(0)(writer)


def event(text: str = "", finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}
    return sse({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "served-7b", "choices": [choice]})


def usage_event() -> bytes:
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": 5,
        "total_tokens": 35,
        "prompt_tokens_details": {"cached_tokens": 20},
    }
    return sse(
        {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "served-7b",
            "choices": [],
            "usage": usage,
        }
    )


def sse(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def streaming(*pieces: str, cut: bool = False) -> Script:
    """A script that streams the pieces, and either ends properly or breaks off."""

    async def write(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(event(piece))
        if not cut:
            writer.write(event(finish="stop") + usage_event() + b"data: [DONE]\n\n")
        await writer.drain()

    return write


def completion(text: str, finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "served-7b",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {
            "prompt_tokens": 30,
            "completion_tokens": 5,
            "total_tokens": 35,
            "prompt_tokens_details": {"cached_tokens": 20},
        },
    }


OBJECT = '{"text": "No.", "year": 2030}'
PATH = "/v1/chat/completions"


def chat_at(server: HTTPServer, waits: Waits, **changes: Any) -> OpenAICompatibleModel:
    return OpenAICompatibleModel("mini:7b", server.url_for("/v1"), **{"retries": waits.retries(), **changes})


def answering(
    server: HTTPServer, *answers: Callable[[dict[str, Any]], Response] | dict[str, Any]
) -> list[dict[str, Any]]:
    """Answer in order, the last for ever; returns the bodies that come in."""
    bodies: list[dict[str, Any]] = []

    def answer(received: Received) -> Response:
        bodies.append(json.loads(received.get_data()))
        chosen = answers[min(len(bodies), len(answers)) - 1]
        return (
            chosen(bodies[-1])
            if callable(chosen)
            else Response(json.dumps(chosen), 200, content_type="application/json")
        )

    server.expect_request(PATH, method="POST").respond_with_handler(answer)
    return bodies


def error(status: int, message: str, headers: dict[str, str] | None = None, **fields: Any) -> Callable[..., Response]:
    body = json.dumps({"error": {"message": message, **fields}})
    return lambda _: Response(body, status, headers, content_type="application/json")


def filling(server: HTTPServer, model: str = "served-7b") -> list[dict[str, Any]]:
    """Answer every request with its own form filled by chance; returns the bodies that come in."""
    bodies: list[dict[str, Any]] = []

    def fill(body: dict[str, Any]) -> Response:
        schema = body["response_format"]["json_schema"]["schema"]
        place = json.dumps(body["messages"])
        reply = asyncio.run(NullModel().complete(Request(messages=(), schema=schema, place=place)))
        whole = {**completion(reply.text), "model": model}
        return Response(json.dumps(whole), 200, content_type="application/json")

    def answer(received: Received) -> Response:
        bodies.append(json.loads(received.get_data()))
        return fill(bodies[-1])

    server.expect_request(PATH, method="POST").respond_with_handler(answer)
    return bodies


_FORECAST = {"chance_settled": 0.25, "date_settled": {"p10": 2, "p50": 3, "p90": 9}}


def bargaining(server: HTTPServer) -> list[dict[str, Any]]:
    """Answer as a union and an employer that settle in the second round, and as a forecaster; returns the requests."""
    bodies: list[dict[str, Any]] = []

    def answer(received: Received) -> Response:
        bodies.append(json.loads(received.get_data()))
        is_asked = "chance_settled" in json.dumps(bodies[-1])
        own = _FORECAST if is_asked else {"raise_percent": 4.0, "condition": None, "accepts": True}
        reply = json.dumps({"statement": f"It is {len(bodies)} percent, or so we hold.", "memo": "m", **own})
        whole = {**completion(reply), "model": "served-70b"}
        return Response(json.dumps(whole), 200, content_type="application/json")

    server.expect_request(PATH, method="POST").respond_with_handler(answer)
    return bodies


def asked_directly(bodies: list[dict[str, Any]]) -> int:
    return sum("chance_settled" in json.dumps(body) for body in bodies)
