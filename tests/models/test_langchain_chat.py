import json
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from openai import Timeout
from pytest_httpserver import HTTPServer

from converse_graph.errors import ProviderRefused, ProviderUnreachable
from converse_graph.models.langchain import LangChainModel
from converse_graph.models.reply_reader import read_reply
from tests.support.model_servers import SCHEMA, StreamServer, Waits, ask, completion, streaming

OBJECT = '{"text": "No.", "year": 2030}'


def openai_at(base_url: str, **changes: Any) -> ChatOpenAI:
    # A timeout object gives each model an HTTP client of its own; the library's shared one outlives event loops.
    return ChatOpenAI(model="mini", base_url=base_url, api_key="none", max_retries=0, timeout=Timeout(20), **changes)


async def test_a_model_without_structured_output_is_told_the_schema_and_its_object_is_found() -> None:
    seen: list[Any] = []

    class Watching(FakeListChatModel):
        def _call(self, messages: Any, *rest: Any, **more: Any) -> str:
            seen.append(messages)
            return super()._call(messages, *rest, **more)

    chat = LangChainModel(Watching(responses=[f"<think>{{hm}}</think>Here:\n```json\n{OBJECT}\n```\nDone."]))
    reply = await chat.complete(ask())
    await chat.close()
    assert read_reply(reply.text).values == json.loads(OBJECT)
    assert (reply.finish, reply.model) == ("stop", "Watching")
    assert [message.type for message in seen[0]] == ["system", "human"]
    assert '"maxLength":60' in seen[0][0].content


async def test_a_plain_model_streams_its_pieces() -> None:
    shown: list[str] = []
    chat = LangChainModel(FakeListChatModel(responses=[OBJECT]), "fake:list")
    reply = await chat.complete(ask(on_delta=shown.append))
    assert reply.text == OBJECT == "".join(shown)
    assert len(shown) == len(OBJECT)
    assert chat.model == "fake:list"


async def test_figures_and_the_reason_for_the_end_are_read_from_the_message() -> None:
    said = AIMessage(
        content=OBJECT,
        usage_metadata={
            "input_tokens": 9,
            "output_tokens": 4,
            "total_tokens": 13,
            "input_token_details": {"cache_read": 6},
        },
        response_metadata={"model_name": "big-1", "stop_reason": "max_tokens"},
    )
    reply = await LangChainModel(GenericFakeChatModel(messages=iter([said]))).complete(ask())
    assert (reply.input_tokens, reply.output_tokens, reply.cached_tokens) == (9, 4, 6)
    assert (reply.model, reply.finish) == ("big-1", "length")


async def test_a_model_with_structured_output_is_held_to_the_schema(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion(OBJECT))
    model = openai_at(httpserver.url_for("/v1"))
    reply = await LangChainModel(model).complete(ask())
    await model.root_async_client.close()
    sent = httpserver.log[0][0].get_json()
    assert sent["response_format"]["json_schema"]["schema"]["properties"] == SCHEMA["properties"]
    assert (reply.text, reply.cached_tokens) == (OBJECT, 20)


async def test_a_model_that_answers_by_a_tool_gives_the_tools_arguments(httpserver: HTTPServer) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "Statement", "arguments": OBJECT}}
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion("", tool_calls=[call]))

    class ByTool(ChatOpenAI):
        def with_structured_output(self, *given: Any, **more: Any) -> Any:
            return super().with_structured_output(*given, **{**more, "method": "function_calling"})

    model = ByTool(model="m", base_url=httpserver.url_for("/v1"), api_key="none", timeout=Timeout(20))
    reply = await LangChainModel(model).complete(ask())
    await model.root_async_client.close()
    assert reply.text == OBJECT


async def test_a_structured_stream_is_shown_piece_by_piece(stream_server: StreamServer) -> None:
    stream_server.scripts.append(streaming('{"text": ', '"No."', ', "year": 2030}'))
    model, shown = openai_at(stream_server.base_url, stream_usage=True), []
    reply = await LangChainModel(model).complete(ask(on_delta=shown.append))
    await model.root_async_client.close()
    assert shown == ['{"text": ', '"No."', ', "year": 2030}']
    assert (reply.text, reply.output_tokens) == (OBJECT, 5)


async def test_a_refusal_of_its_server_is_ours(httpserver: HTTPServer, waits: Waits) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_json({"error": {"message": "who?"}}, status=401)
    model = openai_at(httpserver.url_for("/v1"))
    with pytest.raises(ProviderRefused, match="mini refused: HTTP 401: who"):
        await LangChainModel(model, retries=waits.retries()).complete(ask())
    await model.root_async_client.close()


async def test_empty_replies_make_it_unreachable(waits: Waits) -> None:
    chat = LangChainModel(FakeListChatModel(responses=[" "]), retries=waits.retries())
    with pytest.raises(ProviderUnreachable, match="after 4 tries: the reply is empty"):
        await chat.complete(ask())
    assert len(waits.asked) == 3


async def test_the_profile_is_told_by_the_models_name() -> None:
    assert LangChainModel(FakeListChatModel(responses=["x"]), "ollama:llama3.2:1b").profile == "small"
    assert LangChainModel(FakeListChatModel(responses=["x"]), "anthropic:claude").profile == "large"


async def test_a_reply_cut_for_length_is_returned_as_such(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_json(completion('{"text": "N', "length"))
    model = openai_at(httpserver.url_for("/v1"))
    reply = await LangChainModel(model).complete(ask())
    await model.root_async_client.close()
    assert (reply.text, reply.finish) == ('{"text": "N', "length")
