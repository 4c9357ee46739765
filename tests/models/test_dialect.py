import asyncio
import json
import warnings
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Response

from converse_graph.models.reply_reader import read_reply
from tests.support.model_servers import OBJECT, Waits, answering, ask, chat_at, completion, error


async def test_a_server_without_schemas_is_told_the_schema_in_words_from_then_on(
    httpserver: HTTPServer, waits: Waits
) -> None:
    unsupported = error(400, "'response_format' of type 'json_schema' is not supported with this model.")
    bodies = answering(httpserver, unsupported, completion(f"Sure:\n```json\n{OBJECT}\n```"))
    chat = chat_at(httpserver, waits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # langchain-openai warns of what we then do ourselves
        for _ in range(2):
            assert read_reply((await chat.complete(ask())).text).values == json.loads(OBJECT)
    await chat.close()
    assert [body["response_format"]["type"] for body in bodies] == ["json_schema", "json_object", "json_object"]
    assert '"maxLength":60' in bodies[1]["messages"][0]["content"]
    assert [message["role"] for message in bodies[1]["messages"]] == ["system", "user"]


async def test_a_server_that_refuses_bounds_gets_them_as_words(httpserver: HTTPServer, waits: Waits) -> None:
    refused = error(400, "Invalid schema for response_format 'Statement': 'maxLength' is not permitted.")
    bodies = answering(httpserver, refused, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        await chat.complete(ask())
    await chat.close()
    schema = bodies[1]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["text"] == {"type": "string", "description": "at most 60 characters"}
    assert schema["required"] == ["text", "year"]
    assert waits.asked == []


async def test_parameters_that_a_server_refuses_are_left_out(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = answering(
        httpserver,
        error(400, "Unsupported value: 'temperature' does not support 0.8.", param="temperature"),
        error(400, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."),
        error(422, "Extra inputs are not permitted: seed", param="seed"),
        error(400, "Conversation roles must alternate user/assistant"),
        completion(OBJECT),
    )
    chat = chat_at(httpserver, waits)
    twice = ask().messages + ask().messages[1:]
    await chat.complete(ask(messages=twice))
    await chat.close()
    assert not {"temperature", "max_tokens", "seed"} & set(bodies[-1])
    assert bodies[-1]["max_completion_tokens"] == 1024
    assert bodies[-1]["messages"][1] == {"role": "user", "content": "What do you say?\n\nWhat do you say?"}


async def test_calls_at_the_same_time_learn_together(httpserver: HTTPServer, waits: Waits) -> None:
    def picky(body: dict[str, Any]) -> Response:
        if "temperature" in body:
            return error(400, "no temperature here", param="temperature")(body)
        return Response(json.dumps(completion(OBJECT)), 200, content_type="application/json")

    answering(httpserver, picky)
    chat = chat_at(httpserver, waits)
    replies = await asyncio.gather(*(chat.complete(ask(place=str(n))) for n in range(8)))
    await chat.close()
    assert [reply.text for reply in replies] == [OBJECT] * 8
