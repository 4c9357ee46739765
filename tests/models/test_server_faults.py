# ruff: noqa: E501 - a row of a table is a line
"""What servers do that nobody asked for: one table, run over our own adapter and over a LangChain object."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient, Timeout
from pytest_httpserver import HTTPServer
from werkzeug import Request as Received
from werkzeug import Response as Sent

from converse_graph.errors import ContextLengthExceeded, ProviderRefused, ProviderUnreachable
from converse_graph.models.base import Message, Response
from converse_graph.models.langchain import LangChainModel
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.reply_reader import read_reply
from tests.support.model_servers import OBJECT, PATH, SCHEMA, Waits, ask

Answer = Callable[[dict[str, Any]], Sent]
SAID = json.loads(OBJECT)
USAGE = {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35}


def says(text: str | None = OBJECT, finish: str | None = "stop", usage: Any = USAGE, **message: Any) -> Answer:
    """A completion, whole or streamed as it is asked for."""

    def answer(body: dict[str, Any]) -> Sent:
        base = {"id": "1", "created": 1, "model": "served-7b"}
        told = {"role": "assistant", "content": text, **message}
        if not body.get("stream"):
            choice = {"index": 0, "message": told, "finish_reason": finish}
            whole = {**base, "object": "chat.completion", "choices": [choice], "usage": usage}
            return Sent(json.dumps(whole), content_type="application/json")
        base["object"] = "chat.completion.chunk"
        chunks = [
            {**base, "choices": [{"index": 0, "delta": told, "finish_reason": None}]},
            {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
            {**base, "choices": [], "usage": usage},
        ]
        lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
        return Sent(f"{lines}data: [DONE]\n\n", content_type="text/event-stream")

    return answer


def fails(status: int, message: str, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    body = json.dumps({"error": {"message": message, **fields}})
    return lambda _: Sent(body, status, headers, content_type="application/json")


def unless(refused: Callable[[dict[str, Any]], bool], failure: Answer, otherwise: Answer | None = None) -> Answer:
    """Fail for requests of one kind."""
    return lambda body: failure(body) if refused(body) else (otherwise or says())(body)


def page(_: dict[str, Any]) -> Sent:
    return Sent("<html>login</html>", content_type="text/html")


def no_choices(_: dict[str, Any]) -> Sent:
    told = {"id": None, "choices": None, "error": {"message": "Provider returned error", "code": 429}}
    return Sent(json.dumps(told), content_type="application/json")


def roles(body: dict[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def in_form(body: dict[str, Any]) -> bool:
    return body.get("response_format", {}).get("type") == "json_schema"


FILTERED = {
    "code": "content_filter",
    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}},
}
ANSWERED: dict[str, tuple[list[Answer], Any]] = {
    "control": ([says()], SAID),
    "thoughts in the text": ([says(f'<think>{{"text": "SECRET", "year": 2031}}</think>{OBJECT}')], SAID),
    "a reply in parts": ([says([{"type": "text", "text": OBJECT[:9]}, {"type": "text", "text": OBJECT[9:]}])], SAID),  # type: ignore[arg-type]
    "refused by the model": ([says(None, refusal="I cannot.")], "filtered"),
    "filtered reply": ([says('{"text": "We', "content_filter")], "filtered"),
    "filtered prompt, Azure": ([fails(400, "The response was filtered", **FILTERED)], "filtered"),
    "filtered prompt, DashScope": ([fails(400, "Input data may contain inappropriate content.", code="data_inspection_failed")], "filtered"),
    "filtered prompt, a router": ([fails(403, "Your chosen model requires moderation and your input was flagged")], "filtered"),
    "cut for length": ([says('{"text": "We', "length")], "length"),
    "no choices, once": ([no_choices, says()], SAID),
    "a page, once": ([page, says()], SAID),
    "empty, once": ([says(""), says()], SAID),
    "a rate limit, once": ([fails(429, "slow down"), says()], SAID),
    "overloaded, once": ([fails(529, "overloaded"), says()], SAID),
    "no system role": ([unless(lambda body: "system" in roles(body), fails(400, "System role not supported"))], SAID),
    "no system role, in other words": ([unless(lambda body: "system" in roles(body), fails(422, "Unexpected role 'system' after role"))], SAID),
    "roles must alternate, the user first": (
        [unless(lambda body: roles(body)[0] != "user", fails(400, "Conversation roles must alternate user/assistant/user/assistant/..."))],
        SAID,
    ),
    "no schemas": ([unless(in_form, fails(400, "'response_format.type' must be 'text'"))], SAID),
    "no schemas, in other words": ([unless(in_form, fails(400, "This model does not support structured outputs."))], SAID),
    "no schemas, not found": ([unless(in_form, fails(404, "No endpoints found that support JSON mode"))], SAID),
    "no schemas, a grammar fails": ([unless(in_form, fails(500, "failed to parse grammar"))], SAID),
    "what was sampled does not fit, once": ([fails(400, "Failed to generate JSON.", code="json_validate_failed"), says()], SAID),
    "what was sampled never fits": ([unless(in_form, fails(400, "Failed to generate JSON.", code="json_validate_failed"))], SAID),
    "usage that is none": ([says(usage={"prompt_tokens": None, "completion_tokens": 5, "total_tokens": None})], SAID),
}  # fmt: skip

OVERFLOWS = {
    "OpenAI": (400, "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.", 8192),
    "vLLM": (400, "The decoder prompt (length 9000) is longer than the maximum model length of 8192.", 8192),
    "TGI": (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 9000", 8192),
    "TGI, inputs": (422, "`inputs` must have less than 8192 tokens. Given: 9000", 8192),
    "Bedrock": (400, "Input is too long for requested model.", None),
    "Anthropic": (400, "prompt is too long: 210000 tokens > 200000 maximum", 200000),
    "Anthropic, both": (400, "input length and `max_tokens` exceed context limit: 19900 + 800 > 20000", 20000),
    "Gemini": (400, "The input token count (9000) exceeds the maximum number of tokens allowed (8192).", 8192),
    "llama.cpp": (400, "the request exceeds the available context size, try increasing it", None),
    "llama.cpp, older": (500, "Input prompt is too big compared to KV size", None),
    "llama.cpp, batch": (500, "input is too large to process. increase the physical batch size", None),
    "DashScope": (400, "Range of input length should be [1, 30720]", 30720),
    "Groq": (400, "Please reduce the length of the messages or completion.", None),
    "Groq, by the minute": (413, "Request too large for model on tokens per minute (TPM): Limit 6000, Requested 9000", 6000),
    "a proxy": (413, "Payload Too Large", None),
    "Cohere": (400, "too many tokens: total number of tokens in the prompt cannot exceed 8192", 8192),
    "xAI": (400, "This model's maximum prompt length is 8192 but the request contains 9000 tokens.", 8192),
    "Mistral": (400, "Prompt contains 9000 tokens, too large for model with 8192 maximum context length", 8192),
    "Moonshot": (400, "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)", 8192),
    "Zhipu": (400, "Prompt exceeds max length", None),
    "LM Studio": (400, "Trying to keep the first 9000 tokens when context the overflows.", None),
    "llama-cpp-python": (400, "Requested tokens (9000) exceed context window of 8192", 8192),
    "Ollama": (500, "the input length exceeds the context length", None),
}  # fmt: skip

Kind = Literal["own adapter", "LangChain"]


@asynccontextmanager
async def asked_of(
    kind: Kind, server: HTTPServer, waits: Waits, key: str = "none"
) -> AsyncIterator[OpenAICompatibleModel | LangChainModel]:
    address = server.url_for("/v1")
    if kind == "own adapter":
        own = OpenAICompatibleModel("m", address, key, retries=waits.retries())
        yield own
        await own.close()
        return
    # To read the machine's certificates takes longer than all that is asked.
    with DefaultHttpxClient(verify=False) as blocking:
        async with DefaultAsyncHttpxClient(verify=False) as connections:
            model = ChatOpenAI(
                model="m", base_url=address, api_key=key, max_retries=0, timeout=Timeout(20), stream_usage=True,
                http_client=blocking, http_async_client=connections,
            )  # fmt: skip
            yield LangChainModel(model, retries=waits.retries())


def serve(server: HTTPServer, answers: list[Answer]) -> list[dict[str, Any]]:
    """Answer in order, the last for ever; returns the bodies that come in."""
    bodies: list[dict[str, Any]] = []

    def answer(received: Received) -> Sent:
        bodies.append(json.loads(received.get_data()))
        return answers[min(len(bodies), len(answers)) - 1](bodies[-1])

    server.expect_request(PATH, method="POST").respond_with_handler(answer)
    return bodies


BOTH = pytest.mark.parametrize("kind", ["own adapter", "LangChain"])
EITHER_WAY = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
QUIETLY = pytest.mark.filterwarnings("ignore::UserWarning")  # langchain-openai warns of what we then do ourselves


@BOTH
@EITHER_WAY
@QUIETLY
@pytest.mark.parametrize(("answers", "expected"), ANSWERED.values(), ids=ANSWERED.keys())
async def test_a_fault_ends_in_a_reply(
    httpserver: HTTPServer, waits: Waits, kind: Kind, streamed: bool, answers: list[Answer], expected: Any
) -> None:
    serve(httpserver, answers)
    shown: list[str] = []
    async with asked_of(kind, httpserver, waits) as chat:
        reply = await chat.complete(ask(on_delta=shown.append if streamed else None))
    if isinstance(expected, str):
        assert reply.finish == expected
    else:
        assert (read_reply(reply.text, SCHEMA["properties"]).values, reply.finish) == (expected, "stop")


@BOTH
@EITHER_WAY
@pytest.mark.parametrize(("status", "said", "limit"), OVERFLOWS.values(), ids=OVERFLOWS.keys())
async def test_too_long_is_known_however_it_is_said(
    httpserver: HTTPServer, waits: Waits, kind: Kind, streamed: bool, status: int, said: str, limit: int | None
) -> None:
    bodies = serve(httpserver, [fails(status, said)])
    async with asked_of(kind, httpserver, waits) as chat:
        with pytest.raises(ContextLengthExceeded) as refused:
            await chat.complete(ask(on_delta=(lambda _: None) if streamed else None))
        assert (refused.value.limit, chat.shown_window) == (limit, limit)
    assert (len(bodies), waits.asked) == (1, []), "what is too long is not asked again"


@BOTH
async def test_too_long_is_known_inside_a_stream(httpserver: HTTPServer, waits: Waits, kind: Kind) -> None:
    told = {"error": {"message": "the request exceeds the available context size", "code": 400}}
    serve(httpserver, [lambda _: Sent(f"data: {json.dumps(told)}\n\n", content_type="text/event-stream")])
    async with asked_of(kind, httpserver, waits) as chat:
        with pytest.raises(ContextLengthExceeded):
            await chat.complete(ask(on_delta=lambda _: None))


NOT_TOO_LONG = {
    "a rate limit": (429, "Rate limit reached: too many tokens per minute (TPM): Limit 6000", ProviderUnreachable),
    "a quota": (400, "You have reached your limit of tokens: quota exceeded", ProviderRefused),
    "a key": (401, "Your key exceeds the maximum number of characters of tokens", ProviderRefused),
    "a name": (404, "The model `too-long-context` does not exist", ProviderRefused),
}


@BOTH
@pytest.mark.parametrize(("status", "said", "error"), NOT_TOO_LONG.values(), ids=NOT_TOO_LONG.keys())
async def test_what_only_sounds_like_it_is_not_too_long(
    httpserver: HTTPServer, waits: Waits, kind: Kind, status: int, said: str, error: type[Exception]
) -> None:
    serve(httpserver, [fails(status, said)])
    async with asked_of(kind, httpserver, waits) as chat:
        with pytest.raises(error) as refused:
            await chat.complete(ask())
    assert not isinstance(refused.value, ContextLengthExceeded)


@BOTH
@EITHER_WAY
async def test_what_is_paid_and_no_use_is_told_with_its_tokens(
    httpserver: HTTPServer, waits: Waits, kind: Kind, streamed: bool
) -> None:
    draft = "<think>hm, <b>but</b> I am not sure"
    serve(httpserver, [says(draft), says("", usage=USAGE), says()])
    paid: list[Response] = []
    async with asked_of(kind, httpserver, waits) as chat:
        await chat.complete(ask(on_unusable=paid.append, on_delta=(lambda _: None) if streamed else None))
    assert [(reply.text, reply.input_tokens, reply.output_tokens) for reply in paid] == [(draft, 30, 5), ("", 30, 5)]


@EITHER_WAY
@pytest.mark.parametrize("finish", [None, "", "eos", "null"])
async def test_a_whole_reply_whose_server_does_not_say_that_it_ended(
    httpserver: HTTPServer, waits: Waits, streamed: bool, finish: str | None
) -> None:
    serve(httpserver, [says(finish=finish, usage=None)])
    async with asked_of("own adapter", httpserver, waits) as chat:
        reply = await chat.complete(ask(on_delta=(lambda _: None) if streamed else None))
    assert (reply.finish, json.loads(reply.text)) == ("stop", SAID)


REASONING = {
    "beside it": (says(OBJECT, reasoning_content='so {"text": "SECRET", "year": 1}'), SAID),
    "by another name": (says(OBJECT, reasoning="hm"), SAID),
    "all of it, by mistake": (says("", reasoning_content=f"Well:\n{OBJECT}"), SAID),
    "in a tool call": (
        says(None, tool_calls=[{"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": OBJECT}}]),
        SAID,
    ),
}  # fmt: skip


@EITHER_WAY
@pytest.mark.parametrize(("answer", "expected"), REASONING.values(), ids=REASONING.keys())
async def test_an_object_is_found_where_servers_put_it(
    httpserver: HTTPServer, waits: Waits, streamed: bool, answer: Answer, expected: Any
) -> None:
    serve(httpserver, [answer])
    shown: list[str] = []
    async with asked_of("own adapter", httpserver, waits) as chat:
        reply = await chat.complete(ask(on_delta=shown.append if streamed else None))
    assert read_reply(reply.text, SCHEMA["properties"]).values == expected
    assert "SECRET" not in "".join(shown)
    assert "SECRET" not in read_reply(reply.text).spoken


async def test_a_model_that_thinks_gets_what_room_the_window_has(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = serve(httpserver, [says("", "length", reasoning_content="hm"), says()])
    prompt = (Message(role="user", text="word " * 500, source="s"),)
    async with asked_of("own adapter", httpserver, waits) as chat:
        chat.window = 4096
        await chat.complete(ask(messages=prompt))
    first, then = (body["max_completion_tokens"] for body in bodies)
    assert (first, then) == (1024, 4096 - 1008)


@QUIETLY
async def test_room_that_a_server_does_not_have_is_given_back(httpserver: HTTPServer, waits: Waits) -> None:
    said = (
        "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 2048 tokens"
    )
    large = unless(lambda body: body["max_completion_tokens"] > 2048, fails(400, said))
    bodies = serve(httpserver, [says("", "length", reasoning_content="hm"), large])
    async with asked_of("own adapter", httpserver, waits) as chat:
        reply = await chat.complete(ask())
    assert [body["max_completion_tokens"] for body in bodies] == [1024, 4096, 1024]
    assert json.loads(reply.text) == SAID


@BOTH
@EITHER_WAY
async def test_a_key_in_a_reply_is_cut_out_and_the_reply_says_so(
    httpserver: HTTPServer, waits: Waits, kind: Kind, streamed: bool
) -> None:
    key = "sk-real-key-0123456789"
    serve(httpserver, [says(f'{{"text": "I was sent {key}", "year": 2030}}')])
    shown: list[str] = []
    async with asked_of(kind, httpserver, waits, key) as chat:
        reply = await chat.complete(ask(on_delta=shown.append if streamed else None))
    read = read_reply(reply.text, SCHEMA["properties"])
    assert (read.values, read.mended) == ({"text": "I was sent [key]", "year": 2030}, ("key cut out",))
    assert key not in "".join(shown)
    assert ("[key]" in "".join(shown)) == streamed
