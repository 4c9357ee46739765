import asyncio
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from converse_graph.errors import ProviderRefused, ProviderUnreachable, UsageError
from converse_graph.models.openai_compatible import OpenAICompatibleModel, is_loopback
from converse_graph.scenarios.model_settings import ModelSettings
from tests.support.model_servers import (
    OBJECT,
    PATH,
    SCHEMA,
    StreamServer,
    Waits,
    answering,
    ask,
    chat_at,
    completion,
    error,
    event,
    sse,
    streaming,
)

KEY = "sk-very-secret-0123456789"


async def test_a_whole_reply_comes_back_with_its_figures(httpserver: HTTPServer, waits: Waits) -> None:
    answering(httpserver, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    reply = await chat.complete(ask())
    await chat.close()
    assert (reply.text, reply.model, reply.finish) == (OBJECT, "served-7b", "stop")
    assert (reply.input_tokens, reply.output_tokens, reply.cached_tokens, reply.usd) == (30, 5, 20, 0.0)
    assert reply.seconds > 0


async def test_the_request_carries_schema_seed_and_limits(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    for request in (ask(max_tokens=99, settings=ModelSettings(temperature=0.3)), ask(), ask(attempt=1), ask(seed=8)):
        await chat.complete(request)
    await chat.close()
    sent = bodies[0]
    assert sent["messages"] == [
        {"role": "system", "content": "You are the Union."},
        {"role": "user", "content": "What do you say?"},
    ]
    assert sent["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "Statement", "strict": True, "schema": SCHEMA},
    }
    assert (sent["model"], sent["max_tokens"], sent["max_completion_tokens"], sent["temperature"]) == (
        "mini:7b",
        99,
        99,
        0.3,
    )
    seeds = [body["seed"] for body in bodies]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize(("reason", "finish"), [("length", "length"), ("content_filter", "filtered"), ("stop", "stop")])
async def test_the_reason_for_the_end_is_kept(httpserver: HTTPServer, waits: Waits, reason: str, finish: str) -> None:
    answering(httpserver, completion('{"text": "No', reason))
    chat = chat_at(httpserver, waits)
    assert (await chat.complete(ask())).finish == finish
    await chat.close()


async def test_a_refusal_in_words_is_a_filtered_reply(httpserver: HTTPServer, waits: Waits) -> None:
    answering(httpserver, completion("", refusal="I will not."))
    chat = chat_at(httpserver, waits)
    reply = await chat.complete(ask())
    await chat.close()
    assert (reply.text, reply.finish) == ("I will not.", "filtered")


async def test_a_stream_is_shown_piece_by_piece(stream_server: StreamServer) -> None:
    stream_server.scripts.append(streaming('{"text": ', '"No."', ', "year": 2030}'))
    chat, shown = OpenAICompatibleModel("m", stream_server.base_url), []
    reply = await chat.complete(ask(on_delta=shown.append))
    await chat.close()
    assert shown == ['{"text": ', '"No."', ', "year": 2030}']
    assert (reply.text, reply.model, reply.finish) == (OBJECT, "served-7b", "stop")
    assert (reply.input_tokens, reply.output_tokens, reply.cached_tokens) == (30, 5, 20)
    assert stream_server.bodies[0]["stream_options"] == {"include_usage": True}


async def test_a_cut_stream_is_asked_again_and_shown_afresh(stream_server: StreamServer, waits: Waits) -> None:
    stream_server.scripts += [streaming('{"text": "N', cut=True), streaming(OBJECT)]
    shown: list[str] = []
    chat = OpenAICompatibleModel("m", stream_server.base_url, retries=waits.retries())
    reply = await chat.complete(ask(on_delta=shown.append, on_restart=shown.clear))
    await chat.close()
    assert reply.text == OBJECT == "".join(shown)
    assert len(waits.asked) == 1


async def test_an_error_in_mid_stream_is_asked_again(stream_server: StreamServer, waits: Waits) -> None:
    async def break_down(writer: asyncio.StreamWriter) -> None:
        writer.write(event("{") + sse({"error": {"message": "overloaded", "type": "server_error"}}))
        await writer.drain()

    stream_server.scripts += [break_down, streaming(OBJECT)]
    chat = OpenAICompatibleModel("m", stream_server.base_url, retries=waits.retries())
    assert (await chat.complete(ask(on_delta=lambda _: None))).text == OBJECT
    await chat.close()


async def test_streams_that_are_always_cut_make_the_provider_unreachable(
    stream_server: StreamServer, waits: Waits
) -> None:
    stream_server.scripts += [streaming("{", cut=True)] * 4
    chat = OpenAICompatibleModel("m", stream_server.base_url, retries=waits.retries())
    with pytest.raises(ProviderUnreachable, match="after 4 tries: the reply broke off"):
        await chat.complete(ask(on_delta=lambda _: None))
    await chat.close()


async def test_a_watcher_whose_pipe_is_closed_is_no_failure_of_the_server(stream_server: StreamServer) -> None:
    def closed(_: str) -> None:
        raise BrokenPipeError("display gone")

    stream_server.scripts.append(streaming(OBJECT))
    chat = OpenAICompatibleModel("m", stream_server.base_url)
    with pytest.raises(BrokenPipeError):
        await chat.complete(ask(on_delta=closed))
    await chat.close()


async def test_a_busy_server_is_asked_again_when_it_says(httpserver: HTTPServer, waits: Waits) -> None:
    answering(
        httpserver,
        error(429, "slow down", {"retry-after": "0.2"}),
        error(503, "loading"),
        error(429, "later", {"retry-after": "900"}),
        completion(OBJECT),
    )
    chat = chat_at(httpserver, waits, retries=waits.retries(cap=3.0))
    assert (await chat.complete(ask())).text == OBJECT
    await chat.close()
    assert waits.asked == [0.2, 2.0, 3.0]


async def test_an_empty_reply_is_asked_again_with_more_room_for_thoughts(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = answering(httpserver, completion("", "length"), completion(" ", "length"), completion(OBJECT))
    chat = chat_at(httpserver, waits)
    assert (await chat.complete(ask(max_tokens=100))).text == OBJECT
    await chat.close()
    assert [body["max_tokens"] for body in bodies] == [100, 400, 1600]


async def test_a_page_that_is_no_completion_names_the_base_url(httpserver: HTTPServer, waits: Waits) -> None:
    httpserver.expect_request(PATH).respond_with_data("<html>hello</html>", content_type="text/html")
    chat = chat_at(httpserver, waits)
    with pytest.raises(ProviderUnreachable, match=r"no chat completion.*most end in /v1") as caught:
        await chat.complete(ask())
    await chat.close()
    assert "\n" not in str(caught.value)


async def test_no_server_at_all_is_unreachable_in_one_line(waits: Waits) -> None:
    chat = OpenAICompatibleModel("m", "http://user:word@127.0.0.1:9/v1", retries=waits.retries())
    with pytest.raises(ProviderUnreachable, match=r"m at http://127\.0\.0\.1:9/v1 after 4 tries") as caught:
        await chat.complete(ask())
    await chat.close()
    assert waits.asked == [1.0, 2.0, 4.0]
    assert "\n" not in str(caught.value)
    assert "word" not in str(caught.value)


async def test_a_refused_key_stops_at_once_and_is_never_shown(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = answering(httpserver, error(401, f"Incorrect API key\nprovided: {KEY} (sk-abcdef****6789)"))
    chat = chat_at(httpserver, waits, api_key=KEY)
    with pytest.raises(ProviderRefused, match=r"HTTP 401.*check OPENAI_API_KEY") as caught:
        await chat.complete(ask())
    await chat.close()
    said = str(caught.value)
    assert len(bodies) == 1
    assert waits.asked == []
    assert KEY not in said
    assert "6789" not in said
    assert "\n" not in said
    assert caught.value.__cause__ is None
    assert KEY not in repr(vars(chat))


@pytest.mark.parametrize(
    ("status", "message", "fields", "way_out"),
    [
        (429, "You exceeded your quota", {"code": "insufficient_quota"}, "quota is spent"),
        (404, "no such model", {}, "check the model's name"),
        (403, "not for you", {}, "check OPENAI_API_KEY"),
        (400, "request (9030 tokens) exceeds the available context size (8192 tokens)", {}, "longer window"),
        (400, "max_tokens is too large: maximum context length is 4096", {}, "longer window"),
        (501, "not implemented", {}, "choose another model"),
    ],
)
async def test_what_will_not_pass_is_refused_at_once(
    httpserver: HTTPServer, waits: Waits, status: int, message: str, fields: dict[str, Any], way_out: str
) -> None:
    bodies = answering(httpserver, error(status, message, **fields))
    chat = chat_at(httpserver, waits)
    with pytest.raises(ProviderRefused) as caught:
        await chat.complete(ask())
    await chat.close()
    assert message in str(caught.value)
    assert way_out in str(caught.value)
    assert len(bodies) == 1
    assert waits.asked == []


async def test_a_cancelled_call_ends_at_once_and_leaves_nothing(stream_server: StreamServer) -> None:
    begun = asyncio.Event()

    async def never_end(writer: asyncio.StreamWriter) -> None:
        writer.write(event("{"))
        await writer.drain()
        begun.set()
        await asyncio.Event().wait()

    stream_server.scripts.append(never_end)
    before = asyncio.all_tasks()
    chat = OpenAICompatibleModel("m", stream_server.base_url)
    call = asyncio.create_task(chat.complete(ask(on_delta=lambda _: None)))
    await asyncio.wait_for(begun.wait(), 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(call, 10)
    await chat.close()
    assert asyncio.all_tasks() - before - stream_server.serving == set()


async def test_a_closed_adapter_opens_again_when_asked(httpserver: HTTPServer, waits: Waits) -> None:
    answering(httpserver, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    for _ in range(2):
        assert (await chat.complete(ask())).text == OBJECT
        await chat.close()


async def test_a_proxy_of_the_environment_is_no_way_to_this_machine(
    httpserver: HTTPServer, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    answering(httpserver, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    assert (await chat.complete(ask())).text == OBJECT
    await chat.close()


async def test_openai_without_a_key_is_refused_when_made() -> None:
    with pytest.raises(UsageError, match="set OPENAI_API_KEY"):
        OpenAICompatibleModel("gpt-4.1")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.8.0.1/v1", True),
        ("http://[::1]:80", True),
        ("https://example.org/v1", False),
        (None, False),
        ("http://localhost.example.org", False),
    ],
)
async def test_loopback_is_told_from_elsewhere(url: str | None, here: bool) -> None:
    assert is_loopback(url) is here
