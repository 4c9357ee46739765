"""One model object in several event loops, as in cells of a notebook, in workers, and in threads."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from pytest_httpserver import HTTPServer

from converse_graph.models.base import Model
from converse_graph.models.langchain import LangChainModel
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from tests.support.model_servers import ask, filling

# A connection whose loop is over can be closed by nobody but Python itself, which warns of it.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(threaded=True) as server:
        yield server


def ours(address: str) -> Model:
    return OpenAICompatibleModel("mini:7b", address)


def langchains(address: str) -> Model:
    return LangChainModel(ChatOpenAI(model="mini", base_url=address, api_key="none"))


async def ask_together(chat: Model, calls: int) -> list[Any]:
    return await asyncio.gather(*(chat.complete(ask(place=f"{number}")) for number in range(calls)))


@pytest.mark.parametrize("make", [ours, langchains])
def test_one_object_answers_in_one_event_loop_after_another(server: HTTPServer, make: Any) -> None:
    bodies = filling(server)
    chat = make(server.url_for("/v1"))
    for _ in range(4):
        assert len(asyncio.run(ask_together(chat, 5))) == 5
    assert len(bodies) == 20


@pytest.mark.parametrize("make", [ours, langchains])
def test_one_object_answers_in_several_event_loops_at_once(server: HTTPServer, make: Any) -> None:
    bodies = filling(server)
    chat, answers = make(server.url_for("/v1")), []
    threads = [threading.Thread(target=lambda: answers.append(asyncio.run(ask_together(chat, 4)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(bodies)) == (3, 12)
