"""What a server of a guest may answer, and what is asked of it: by a server that answers what a test says."""

import dataclasses
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_client, get_sync_client
from langgraph_sdk.client import LangGraphClient
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from converse_graph import Organisation, Store
from converse_graph.errors import InvalidValue, ProviderRefused, ProviderUnreachable
from converse_graph.turn import remote_guest
from tests.support.remote_guests import KEY, begin, said, seat
from tests.support.small_scenarios import table


@pytest.fixture
async def client(httpserver: HTTPServer) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=httpserver.url_for("/"), api_key=KEY) as opened:
        yield opened


STATE = {"values": {"text": "half"}, "next": [], "created_at": "2026-01-02T03:04:05Z"}
ENDED = {"run_id": "r", "thread_id": "t", "assistant_id": "a", "status": "success"}
THREAD = {"thread_id": "t", "status": "idle"}


@dataclasses.dataclass
class Case:
    """What a server answers."""

    answers: dict[str, Any]
    raised: type[Exception]
    told: str


@pytest.mark.parametrize(
    "case",
    [
        Case(
            {"state": {**STATE, "created_at": None, "values": {}}}, ProviderUnreachable, "has lost how that run ended"
        ),
        Case({"state": {**STATE, "next": ["then"]}}, ProviderUnreachable, "has lost how that run ended"),
        Case({"runs": {**ENDED, "status": "interrupted"}}, ProviderRefused, "its run ended as 'interrupted'; mend it"),
        Case({"runs": {**ENDED, "status": "timeout"}}, ProviderRefused, "its run ended as 'timeout'; mend it"),
        Case(
            {"runs": {**ENDED, "status": "pending"}, "r": Response("{}", 404)},
            ProviderUnreachable,
            "the server has started again without that run; resume once",
        ),
        Case({"runs": {}}, ProviderUnreachable, "what answers there is no LangGraph server"),
        Case({"runs": "<html>"}, ProviderUnreachable, "what answers there is no LangGraph server"),
        Case({"threads": Response("no a-key-of-ours here", 401)}, ProviderRefused, r"HTTP 401: no \[key\] here; mend"),
        Case({"threads": Response("a\nb", 503)}, ProviderUnreachable, "HTTP 503: a b; resume once"),
    ],
    ids=lambda case: case.told[:30],
)
async def test_an_answer_that_is_not_whole_is_a_pause_that_says_why_on_one_line(
    store: Store, httpserver: HTTPServer, client: LangGraphClient, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_guest, "RESTART_GRACE", 0.2)

    def answer(request: Request) -> Response:
        kind = request.path.rpartition("/")[2]
        answers = {"search": [], "threads": THREAD, "t": THREAD, "runs": ENDED, "state": STATE, "schemas": {}}
        told = {**answers, **case.answers}[kind]
        if isinstance(told, Response):
            return told
        return Response(told if isinstance(told, str) else json.dumps(told), content_type="application/json")

    httpserver.expect_request(re.compile("/.*")).respond_with_handler(answer)
    simulation = await begin(store, table("Host", seat(client, "half"), rounds=1))
    with pytest.raises(case.raised, match=case.told) as error:
        await simulation.play()
    assert "\n" not in str(error.value)
    assert store.register.run(simulation.run.name).status == "paused"
    assert [speaker for speaker, *_ in await said(simulation)] == ["Host"]


async def test_a_remote_graph_that_cannot_be_asked_is_refused_with_why(store: Store, client: LangGraphClient) -> None:
    mute = RemoteGraph("x", sync_client=get_sync_client(url="http://127.0.0.1:1"))
    graph = seat(client, "x").graph.with_config({"configurable": {"tool": object()}})
    for refused, told in (
        (mute, "'x' has no asynchronous client; give it `url`"),
        (graph, "a setting that is no JSON"),
    ):
        with pytest.raises(InvalidValue, match=told):
            await (await begin(store, table(Organisation(name="Far", graph=refused), rounds=1))).play()
    mute.sync_client.http.client.close()


async def test_what_is_sent_is_the_view_and_the_graphs_own_settings_and_names_no_run_of_ours(
    store: Store, httpserver: HTTPServer, client: LangGraphClient
) -> None:
    party = seat(client, "half")
    party = party.model_copy(update={"graph": party.graph.with_config({"configurable": {"seed": 7}})})
    sent: dict[str, Any] = {}

    def answer(request: Request) -> Response:
        sent.setdefault(request.path, request.get_json(silent=True))
        answers = {"search": [], "threads": THREAD, "t": THREAD, "runs": ENDED, "state": STATE, "schemas": {}}
        return Response(json.dumps(answers[request.path.rpartition("/")[2]]), content_type="application/json")

    httpserver.expect_request(re.compile("/.*")).respond_with_handler(answer)
    simulation = await begin(store, table("Host", party, rounds=1), name="a-secret-name")
    assert (await simulation.play()).status == "finished"
    assert sent["/threads/t/runs"]["config"] == {"configurable": {"seed": 7}}
    assert sent["/threads/t/runs"]["input"]["brief"] == "mine"
    assert sent["/threads"]["metadata"]["converse_turn"] == "0.1/Far/graph"
    assert "a-secret-name" not in str(sent)
