"""A graph on another server sits at a local table: what it says, and what becomes of a run when it goes away."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from langgraph.pregel.remote import RemoteGraph
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_server import Server
from pytest_httpserver import HTTPServer
from tables import begin, journal, table, until
from werkzeug import Request, Response

from converse_graph import Organisation, Store
from converse_graph.errors import ProviderRefused, ProviderUnreachable
from converse_graph.simulation import Simulation


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("far"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def server(stopped: Server) -> Server:
    stopped.start()
    return stopped


Seat = Callable[[str, str], Organisation]


@pytest.fixture
async def far() -> AsyncIterator[Seat]:
    async with AsyncExitStack() as clients:
        opened: list[LangGraphClient] = []

        def seat(url: str, graph: str) -> Organisation:
            opened.append(get_client(url=url, api_key=None))
            clients.push_async_callback(opened[-1].aclose)
            return Organisation(name="Far", brief="mine", graph=RemoteGraph(graph, client=opened[-1], name="far"))

        yield seat


async def said(simulation: Simulation) -> list[tuple[str, str, str | None]]:
    return [(entry.speaker, entry.text, entry.problem) for entry in (await simulation.transcript()).statements]


async def test_a_run_pauses_while_a_server_is_gone_and_goes_on_when_it_is_back(
    store: Store, stopped: Server, far: Seat
) -> None:
    (stopped.folder / "go").touch()
    scenario = table("Host", far(stopped.url, "waits"), rounds=2)
    await asyncio.to_thread(stopped.stop)
    simulation = await begin(store, scenario)
    with pytest.raises(ProviderUnreachable) as error:
        await simulation.play()
    assert str(error.value) == (
        "No whole answer from the server of graph:far (ConnectError: All connection attempts failed); resume once it "
        "is back: nothing was lost, it is asked again."
    )
    assert store.register.run(simulation.run.name).status == "paused"
    before = journal(store, simulation)
    await asyncio.to_thread(stopped.start)
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario)
    assert (await reopened.play()).status == "finished"
    assert [text for speaker, text, _ in await said(reopened) if speaker == "Far"] == [
        "Far in round 1.",
        "Far in round 2.",
    ]
    assert set(before) < set(journal(store, reopened)), "what was said before the pause was not asked again"


async def test_a_scenario_on_another_server_speaks_at_a_local_table(store: Store, server: Server, far: Seat) -> None:
    simulation = await begin(store, table("Host", far(server.url, "wage-talks"), rounds=1))
    assert (await simulation.play()).status == "finished"
    (_, host, _), (speaker, text, problem) = await said(simulation)
    assert (speaker, problem) == ("Far", None)
    assert text
    assert text != host
    assert [place for place, *_ in journal(store, simulation)] == ["0.0/Host/statement", "0.1/Far/graph"]


async def test_one_that_returns_no_statement_is_on_record_as_silent_with_the_reason(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "silent"), rounds=1))
    assert (await simulation.play()).status == "finished"
    assert (await said(simulation))[1] == ("Far", "", "the reply has no statement")


async def test_one_that_fails_there_pauses_the_run_with_its_reason_on_one_line(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "fails"), rounds=1))
    with pytest.raises(ProviderRefused) as error:
        await simulation.play()
    assert str(error.value) == (
        "graph:far failed on its server: RuntimeError: the far side broke; mend it there, then resume."
    )
    assert store.register.run(simulation.run.name).status == "paused"
    assert [speaker for speaker, *_ in await said(simulation)] == ["Host"]


async def test_an_assistant_that_there_is_not_pauses_the_run_with_the_servers_reason(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "nobody"), rounds=1))
    with pytest.raises(
        ProviderRefused, match=r"^The server of graph:far refused: .*nobody.*; mend that, then resume\."
    ):
        await simulation.play()


async def test_a_server_that_is_started_again_in_mid_turn_costs_a_resume_at_most(
    store: Store, server: Server, far: Seat
) -> None:
    scenario = table("Host", far(server.url, "waits"), rounds=1)
    (server.folder / "go").unlink(missing_ok=True)
    (server.folder / "begun").unlink(missing_ok=True)
    simulation = await begin(store, scenario)
    playing = asyncio.create_task(simulation.play())
    await until((server.folder / "begun").exists, seconds=20)
    await asyncio.to_thread(server.stop)
    (server.folder / "go").touch()
    await asyncio.to_thread(server.start)
    with suppress(ProviderUnreachable):  # the library connects again by itself, and most often in time
        await playing
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario)
    assert (await reopened.play()).status == "finished"
    assert (await said(reopened))[1] == ("Far", "Far in round 1.", None)
    assert [place for place, *_ in journal(store, reopened)] == ["0.0/Host/statement", "0.1/Far/graph"]


@pytest.mark.parametrize(
    ("stream", "left", "why"),
    [
        ('event: values\ndata: {"text": "half"}\n\n', {"next": ["then"]}, "it stopped in the middle"),
        ("", {"next": []}, "it stopped in the middle"),
    ],
    ids=["after some values", "before any"],
)
async def test_a_stream_that_ends_before_the_graph_does_is_no_answer(
    store: Store, httpserver: HTTPServer, far: Seat, stream: str, left: dict[str, Any], why: str
) -> None:
    def answer(request: Request) -> Response:
        if request.path.endswith("/runs/stream"):
            return Response(stream, content_type="text/event-stream")
        state = {
            "values": {},
            "tasks": [],
            "checkpoint": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "c"},
            "metadata": {},
        }
        return Response(
            json.dumps({**state, **left, "created_at": None, "parent_checkpoint": None}),
            content_type="application/json",
        )

    httpserver.expect_request(re.compile("/.*")).respond_with_handler(answer)
    simulation = await begin(store, table("Host", far(httpserver.url_for("/"), "half"), rounds=1))
    with pytest.raises(ProviderUnreachable, match=why):
        await simulation.play()
    assert [speaker for speaker, *_ in await said(simulation)] == ["Host"]
