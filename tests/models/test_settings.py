"""Settings of a model as they reach a server: through our adapter, and through LangChain's objects and wrappers."""

from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.runnables import Runnable
from langchain_openai import ChatOpenAI
from openai import Timeout
from pytest_httpserver import HTTPServer

from converse_graph import ModelSettings
from converse_graph.errors import InvalidValue
from converse_graph.models.capabilities import call_seed
from converse_graph.models.langchain import LangChainModel
from converse_graph.models.langchain_settings import fields_by_setting
from converse_graph.models.local import LocalModel
from converse_graph.models.null import NullModel
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.settings import EMBEDDED, thinking_fields
from tests.support.model_servers import OBJECT, SCHEMA, Waits, answering, ask, chat_at, completion, error

SWITCH = "chat_template_kwargs"


def asking(**settings: Any) -> Any:
    return ask(settings=ModelSettings(**settings))


@pytest.mark.parametrize(
    ("settings", "sent", "absent"),
    [
        ({}, {"temperature": 0.8, "max_tokens": 1024}, {"top_p", "reasoning_effort", SWITCH}),
        ({"temperature": 0}, {"temperature": 0.0}, set()),
        ({"top_p": 0.5}, {"top_p": 0.5, "temperature": 0.8}, set()),
        ({"max_tokens": 77}, {"max_tokens": 77, "max_completion_tokens": 77}, set()),
        ({"seed": False}, {}, {"seed"}),
        ({"seed": True}, {"seed": call_seed(ask())}, set()),
        ({"thinking": False}, {"reasoning_effort": "none", SWITCH: {"enable_thinking": False}}, set()),
        ({"thinking": "on"}, {"reasoning_effort": "medium", SWITCH: {"enable_thinking": True}}, set()),
        ({"thinking": "high"}, {"reasoning_effort": "high", SWITCH: {"enable_thinking": True}}, set()),
        ({"extra_body": {"num_ctx": 8192, "min_p": 0.1}}, {"num_ctx": 8192, "min_p": 0.1}, set()),
        ({"extra_body": {"temperature": 0.1}}, {"temperature": 0.1}, set()),
        ({"context_window": 4096}, {}, {"context_window"}),
    ],
)
async def test_a_server_is_sent_what_is_set(
    httpserver: HTTPServer, waits: Waits, settings: dict[str, Any], sent: dict[str, Any], absent: set[str]
) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    await chat.complete(asking(**settings))
    await chat.close()
    assert {name: bodies[0].get(name) for name in sent} == sent
    assert not absent & bodies[0].keys()
    assert chat.not_taken == frozenset()


async def test_openai_itself_is_told_a_level_of_effort_and_no_switch() -> None:
    assert thinking_fields(ModelSettings(thinking="low"), hosted=True) == {"reasoning_effort": "low"}


@pytest.mark.parametrize(
    ("settings", "refusals", "not_taken"),
    [
        ({"temperature": 0.3}, ["temperature"], {"temperature"}),
        ({"top_p": 0.3}, ["top_p"], {"top_p"}),
        ({"extra_body": {"num_ctx": 9, "top_k": 4}}, ["num_ctx"], {"num_ctx"}),
        ({"thinking": "low"}, [SWITCH], set()),
        ({"thinking": "low"}, [SWITCH, "reasoning_effort"], {"thinking"}),
        ({"max_tokens": 99}, ["max_tokens"], set()),
    ],
)
async def test_what_a_server_refuses_is_left_out_and_known(
    httpserver: HTTPServer, waits: Waits, settings: dict[str, Any], refusals: list[str], not_taken: set[str]
) -> None:
    refused = [error(400, f"Unsupported parameter: '{name}' is not supported.", param=name) for name in refusals]
    bodies = answering(httpserver, *refused, completion(OBJECT))
    chat = chat_at(httpserver, waits)
    assert (await chat.complete(asking(**settings))).text == OBJECT
    await chat.close()
    assert not set(refusals) & bodies[-1].keys()
    assert chat.not_taken == not_taken
    assert waits.asked == []


async def test_a_reply_is_never_longer_than_was_said_also_where_thoughts_used_it_up(
    httpserver: HTTPServer, waits: Waits
) -> None:
    bodies = answering(httpserver, completion("", "length"), completion(OBJECT))
    chat = chat_at(httpserver, waits)
    await chat.complete(asking(max_tokens=50))
    await chat.close()
    assert [body["max_tokens"] for body in bodies] == [50, 50]


async def test_defaults_stand_in_one_place_and_settings_go_before_them(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    chat = chat_at(httpserver, waits, defaults=EMBEDDED)
    await chat.complete(asking(temperature=0.2, extra_body={"min_p": 0.5}))
    await chat.close()
    assert (bodies[0]["temperature"], bodies[0]["min_p"], bodies[0]["dry_multiplier"]) == (0.2, 0.5, 0.8)
    assert LocalModel.defaults is EMBEDDED


async def test_models_that_know_no_setting_say_so() -> None:
    assert {"temperature", "thinking", "extra_body"} <= NullModel.not_taken


def openai_at(base_url: str, **changes: Any) -> ChatOpenAI:
    # A timeout object gives each model an HTTP client of its own; the library's shared one outlives event loops.
    return ChatOpenAI(model="mini", base_url=base_url, api_key="none", max_retries=0, timeout=Timeout(20), **changes)


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, {"temperature": None, "seed": None}),
        ({"temperature": 0.3, "top_p": 0.5}, {"temperature": 0.3, "top_p": 0.5}),
        ({"max_tokens": 77}, {"max_completion_tokens": 77}),
        ({"seed": True}, {"seed": call_seed(ask())}),
        ({"thinking": "low"}, {"reasoning_effort": "low"}),
        ({"extra_body": {"num_ctx": 9}}, {"num_ctx": 9, "mine": 1}),
    ],
)
async def test_a_langchain_object_is_asked_by_what_is_set(
    httpserver: HTTPServer, settings: dict[str, Any], sent: dict[str, Any]
) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    model = openai_at(httpserver.url_for("/v1"), extra_body={"mine": 1})
    await LangChainModel(model).complete(asking(**settings))
    await model.root_async_client.close()
    assert {name: bodies[0].get(name) for name in sent} == sent
    assert (model.temperature, model.max_tokens, model.extra_body) == (None, None, {"mine": 1})


WRAPPERS: dict[str, Any] = {
    "as it is": lambda model: model,
    "bind": lambda model: model.bind(stop=["END"]),
    "with_config": lambda model: model.with_config(tags=["mine"]),
    "with_retry": lambda model: model.with_retry(stop_after_attempt=2),
    "all of them": lambda model: model.bind(stop=["END"]).with_config(tags=["mine"]).with_retry(stop_after_attempt=2),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("streams", [False, True])
async def test_each_of_langchains_wrappers_is_a_model(httpserver: HTTPServer, wrapper: str, streams: bool) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    model = openai_at(httpserver.url_for("/v1"), disable_streaming=True)
    pieces: list[str] = []
    chats = ModelRegistry(WRAPPERS[wrapper](model), environ={})
    request = ask(settings=ModelSettings(temperature=0.3), on_delta=pieces.append if streams else None)
    reply = await chats.get().complete(request)
    await model.root_async_client.close()
    assert (reply.text, chats.default_name) == (OBJECT, "mini")
    assert (bodies[0]["temperature"], bodies[0]["response_format"]["type"]) == (0.3, "json_schema")
    assert bodies[0].get("stop") == (["END"] if wrapper in ("bind", "all of them") else None)
    assert "".join(pieces) == (OBJECT if streams else "")


async def test_what_bind_gave_stays_unless_it_is_set_otherwise(httpserver: HTTPServer) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    model = openai_at(httpserver.url_for("/v1"))
    chat = LangChainModel(model.bind(temperature=0.9, extra_body={"a": 1, "b": 1}))
    await chat.complete(ask())
    await chat.complete(asking(temperature=0.1, extra_body={"b": 2}))
    await model.root_async_client.close()
    assert [(body["temperature"], body["a"], body["b"]) for body in bodies] == [(0.9, 1, 1), (0.1, 1, 2)]


async def test_a_retry_of_langchains_own_is_made(httpserver: HTTPServer, waits: Waits) -> None:
    bodies = answering(httpserver, error(500, "hiccup"), completion(OBJECT))
    model = openai_at(httpserver.url_for("/v1"))
    chat = LangChainModel(model.with_retry(wait_exponential_jitter=False), retries=waits.retries(tries=1))
    assert (await chat.complete(ask())).text == OBJECT
    await model.root_async_client.close()
    assert len(bodies) == 2


async def test_a_setting_that_a_server_refuses_a_langchain_object_is_left_out_and_known(httpserver: HTTPServer) -> None:
    bodies = answering(
        httpserver, error(400, "Unsupported parameter: 'reasoning_effort'.", param="reasoning_effort"),
        completion(OBJECT),
    )  # fmt: skip
    model = openai_at(httpserver.url_for("/v1"))
    chat = LangChainModel(model)
    await chat.complete(asking(thinking="low", temperature=0.4))
    await model.root_async_client.close()
    assert ("reasoning_effort" in bodies[1], bodies[1]["temperature"]) == (False, 0.4)
    assert chat.not_taken == {"thinking"}


async def test_a_setting_that_a_class_has_no_field_for_is_known() -> None:
    chat = LangChainModel(FakeListChatModel(responses=[OBJECT]))
    await chat.complete(asking(temperature=0.1, thinking="low", seed=True, max_tokens=9, extra_body={"num_ctx": 9}))
    assert chat.not_taken == {"temperature", "thinking", "seed", "max_tokens", "num_ctx"}


@pytest.mark.parametrize(
    ("known", "settings", "fields"),
    [
        ("max_tokens temperature", {"max_tokens": 9}, {"max_tokens": {"max_tokens": 9}}),
        ("max_output_tokens", {"max_tokens": 9}, {"max_tokens": {"max_output_tokens": 9}}),
        ("num_predict num_ctx", {"max_tokens": 9, "extra_body": {"num_ctx": 8}},
         {"max_tokens": {"num_predict": 9}, "num_ctx": {"num_ctx": 8}}),
        ("reasoning", {"thinking": "on"}, {"thinking": {"reasoning": True}}),
        ("reasoning", {"thinking": "none"}, {"thinking": {"reasoning": False}}),
        ("reasoning", {"thinking": "high"}, {"thinking": {"reasoning": "high"}}),
        ("thinking_budget", {"thinking": "none"}, {"thinking": {"thinking_budget": 0}}),
        ("thinking effort", {"thinking": "none"}, {"thinking": {"thinking": {"type": "disabled"}}}),
        ("thinking effort", {"thinking": "low"}, {"thinking": {"effort": "low"}}),
        ("thinking", {"thinking": "low"}, {"thinking": {}}),
        ("", {"temperature": 1}, {"temperature": {}}),
    ],
)  # fmt: skip
def test_settings_have_other_names_from_class_to_class(
    known: str, settings: dict[str, Any], fields: dict[str, Any]
) -> None:
    assert fields_by_setting(ModelSettings(**settings), dict.fromkeys(known.split()), seed=3) == fields


def names(chats: ModelRegistry) -> list[str]:
    return [chat.model for chat in chats.all_of()]


async def test_fallbacks_of_a_langchain_model_are_models_of_their_own_in_their_wrappers(
    httpserver: HTTPServer,
) -> None:
    bodies = answering(httpserver, completion(OBJECT))
    first = openai_at(httpserver.url_for("/v1"))
    second = ChatOpenAI(model="maxi", base_url=httpserver.url_for("/v1"), api_key="none", timeout=Timeout(20))
    chats = ModelRegistry(first.with_fallbacks([second.bind(temperature=0.2)]).bind(stop=["END"]), environ={})
    assert (names(chats), chats.default_name) == (["mini", "maxi"], "mini,maxi")
    assert await chats.all_of()[1].complete(ask())
    await first.root_async_client.close()
    await second.root_async_client.close()
    assert (bodies[0]["model"], bodies[0]["temperature"], bodies[0]["stop"]) == ("maxi", 0.2, ["END"])


@pytest.mark.parametrize(
    "given", [FakeListChatModel(responses=["x"]) | (lambda said: said), Runnable, [], "null,", ["null", ""]]
)
async def test_what_holds_no_model_is_refused_in_one_line(given: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        ModelRegistry(given, environ={}).get()
    assert "\n" not in str(caught.value)


async def test_a_sequence_inside_a_wrapper_is_refused_with_the_way_out() -> None:
    model: BaseChatModel = ChatOpenAI(model="m", api_key="none")
    with pytest.raises(InvalidValue, match="leave with_structured_output out"):
        ModelRegistry(model.with_structured_output({**SCHEMA, "description": ""}).with_retry(), environ={}).get()


async def test_names_with_commas_are_several_models() -> None:
    chats = ModelRegistry("null, embedded,null:0.5", environ={})
    assert names(chats) == ["null", "embedded", "null:0.5"]
    assert (
        ModelRegistry(["null", OpenAICompatibleModel("m", "http://127.0.0.1:9/v1")], environ={}).default_name
        == "null,m"
    )


async def test_two_objects_at_one_address_one_after_the_other_are_two_models() -> None:
    chats = ModelRegistry("null", environ={})
    seen = set()
    for number in range(50):
        model = FakeListChatModel(responses=[str(number)])
        reply = await chats.get(model).complete(ask())
        seen.add(reply.text)
        del model
    assert len(seen) == 50
