"""A graph on another server sits at a local table: what it says, and what becomes of a run when it goes away."""

import asyncio
import json
import random
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from converse_graph import Organisation, Persona, Scenario, Store
from converse_graph.errors import ProviderRefused, ProviderUnreachable, RunPaused
from converse_graph.turn import remote_guest
from tests.support.langgraph_server import Server
from tests.support.remote_guests import KEY, again, begin, said, seat
from tests.support.small_scenarios import debate, journal, table, until


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("far"))
    try:
        yield made
    finally:
        made.stop(signal.SIGKILL)


@pytest.fixture
def server(stopped: Server) -> Server:
    stopped.start()
    for name in ("go", "begun"):
        (stopped.folder / name).unlink(missing_ok=True)
    return stopped


Seat = Callable[[str, str], Organisation]


@pytest.fixture
async def far() -> AsyncIterator[Seat]:
    async with AsyncExitStack() as clients:
        opened: list[LangGraphClient] = []

        def far_seat(url: str, graph: str) -> Organisation:
            opened.append(get_client(url=url, api_key=KEY))
            clients.push_async_callback(opened[-1].aclose)
            return seat(opened[-1], graph)

        yield far_seat


async def threads(server: Server) -> list[Any]:
    async with get_client(url=server.url, api_key=None) as client:
        return list(await client.threads.search(limit=1000))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_guest, "RESTART_GRACE", 0.2)


HEARD = "Far in round 1, having heard 1."


@pytest.mark.slow
async def test_a_scenario_on_another_server_speaks_at_a_local_table(store: Store, server: Server, far: Seat) -> None:
    simulation = await begin(store, table("Host", far(server.url, "wage-talks"), rounds=1))
    assert (await simulation.play()).status == "finished"
    (_, host, _), (speaker, text, problem) = await said(simulation)
    assert (speaker, problem) == ("Far", None)
    assert text
    assert text != host
    assert [place for place, *_ in journal(store, simulation)] == ["0.0/Host/statement", "0.1/Far/graph"]


@pytest.mark.parametrize(
    ("graph", "words", "problem"),
    [
        ("chats", "Words in a message.", None),
        ("narrow", "Public.", None),
        ("silent", "", "the reply has no statement"),
    ],
)
async def test_what_it_says_is_what_its_output_shows_and_nothing_is_on_record_as_silence(
    store: Store, server: Server, far: Seat, graph: str, words: str, problem: str | None
) -> None:
    simulation = await begin(store, table("Host", far(server.url, graph), rounds=1))
    assert (await simulation.play()).status == "finished"
    assert (await said(simulation))[1] == ("Far", words, problem)


async def test_a_member_of_a_debate_may_be_on_another_server(store: Store, server: Server, far: Seat) -> None:
    board = debate("One", "Two", options=("yes", "no"))
    guest = Persona(name="Two", graph=far(server.url, "chats").graph)
    board = board.model_copy(update={"members": (board.members[0], guest)})
    simulation = await begin(store, table(Organisation(name="Host", deliberation=board), rounds=1))
    assert (await simulation.play()).status == "finished"
    spoken = [json.loads(reply)["line"] for place, _, reply, _ in journal(store, simulation) if "1.Two" in place]
    assert spoken == ["Words in a message."]


@pytest.mark.slow
async def test_one_that_fails_there_pauses_the_run_with_its_reason_and_is_asked_anew(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "fails"), rounds=1))
    before = len(await threads(server))
    for tried in (1, 2):
        with pytest.raises(ProviderRefused) as error:
            await (await again(store, simulation)).play()
        assert str(error.value) == (
            f"Far ('far' at 127.0.0.1:{server.port}) failed there: RuntimeError: the far side broke; mend it, then "
            "resume: all until then is kept."
        )
        assert len(await threads(server)) == before + tried
    assert store.register.run(simulation.run.name).status == "paused"
    assert [speaker for speaker, *_ in await said(simulation)] == ["Host"]


async def test_an_assistant_that_there_is_not_pauses_the_run_with_the_servers_reason(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "nobody"), rounds=1))
    with pytest.raises(ProviderRefused, match=r"^The server of Far \('far' at .*\) refused: HTTP 4\d\d: .*nobody.*; "
                                              r"mend that, then resume: all until then is kept\."):  # fmt: skip
        await simulation.play()


async def test_one_that_waits_for_a_person_pauses_the_run_until_it_has_gone_on(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "asks"), rounds=1))
    for _ in range(2):
        with pytest.raises(ProviderRefused, match=r"^Far .* waits for somebody on thread \S+; let it go on") as error:
            await (await again(store, simulation)).play()
    [place] = re.findall(r"thread (\S+);", str(error.value))
    async with get_client(url=server.url, api_key=None) as client:
        await client.runs.wait(place, "asks", command={"resume": "What a person said."})
    reopened = await again(store, simulation)
    assert (await reopened.play()).status == "finished"
    assert (await said(reopened))[1] == ("Far", "What a person said.", None)


async def test_a_run_that_finished_there_while_ours_was_paused_is_not_asked_twice(
    store: Store, server: Server, far: Seat
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "waits"), rounds=1))
    before = len(await threads(server))
    playing = asyncio.create_task(simulation.play())
    await until((server.folder / "begun").exists, seconds=60)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    (server.folder / "go").touch()
    reopened = await again(store, simulation)
    assert (await reopened.play()).status == "finished"
    assert (await said(reopened))[1] == ("Far", HEARD, None)
    assert len(await threads(server)) == before + 1


@pytest.mark.slow
async def test_the_same_turn_of_another_run_is_asked_for_itself(store: Store, server: Server, far: Seat) -> None:
    before = len(await threads(server))
    for name in ("first", "second"):
        await (await begin(store, table("Host", far(server.url, "slow"), rounds=1), name=name)).play()
    assert len(await threads(server)) == before + 2


@pytest.mark.slow
async def test_a_server_that_is_back_in_time_is_waited_for_and_nobody_notices(
    store: Store, server: Server, far: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_guest, "RESTART_GRACE", 90.0)  # on a busy machine a server may take long to start
    simulation = await begin(store, table("Host", far(server.url, "waits"), rounds=1))
    playing = asyncio.create_task(simulation.play())
    await until((server.folder / "begun").exists, seconds=60)
    await asyncio.to_thread(server.stop, signal.SIGTERM)
    (server.folder / "go").touch()
    await asyncio.to_thread(server.start)
    assert (await playing).status == "finished"
    assert (await said(simulation))[1] == ("Far", HEARD, None)


@pytest.mark.slow
async def test_a_run_pauses_while_a_server_is_gone_and_goes_on_when_it_is_back(
    store: Store, server: Server, far: Seat, impatient: None
) -> None:
    simulation = await begin(store, table("Host", far(server.url, "waits"), rounds=1))
    playing = asyncio.create_task(simulation.play())
    await until((server.folder / "begun").exists, seconds=60)
    await asyncio.to_thread(server.stop, signal.SIGKILL)  # it has written nothing down yet
    gone = (
        f"No whole answer for Far ('far' at 127.0.0.1:{server.port}): All connection attempts failed; resume once the "
        "server is back: all until then is kept, and nothing is asked twice that it has answered."
    )
    with pytest.raises(ProviderUnreachable, match=r"^No whole answer for Far \('far' at .*\): [^;]+; resume once"):
        await playing
    with pytest.raises(ProviderUnreachable) as error:
        await (await again(store, simulation)).play()
    assert str(error.value) == gone
    assert store.register.run(simulation.run.name).status == "paused"
    kept = journal(store, simulation)
    (server.folder / "go").touch()
    await asyncio.to_thread(server.start)
    reopened = await again(store, simulation)
    assert (await reopened.play()).status == "finished"
    assert (await said(reopened))[1] == ("Far", HEARD, None)
    assert set(kept) < set(journal(store, reopened)), "what was said before the pause was not asked again"


async def kill_and_resume(store: Store, server: Server, scenario: Scenario, chance: random.Random, kills: int) -> str:
    """Play a run while its guest's server is killed at random moments, and say by its record how it ended."""
    simulation = await begin(store, scenario, name=f"killed-{chance.randrange(10**9)}")
    for _ in range(kills):
        playing = asyncio.create_task((await again(store, simulation)).play())
        await asyncio.wait([playing], timeout=chance.uniform(0.1, 2.5))
        await asyncio.to_thread(server.stop, chance.choice([signal.SIGTERM, signal.SIGKILL]))
        if chance.random() < 0.5:
            await asyncio.wait([playing])
        await asyncio.to_thread(server.start)
        await asyncio.wait([playing])
        assert isinstance(playing.exception(), RunPaused | None)
    while (await (ended := await again(store, simulation)).play()).status != "finished":
        pass
    return str(await said(ended))


@pytest.mark.slow
async def test_killed_at_random_moments_a_server_costs_pauses_and_no_statement(
    store: Store, server: Server, far: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = table("Host", far(server.url, "slow"), rounds=5)
    undisturbed = await begin(store, scenario)
    await undisturbed.play()
    expected = str(await said(undisturbed))
    assert expected.count("Far in round") == 5
    monkeypatch.setattr(remote_guest, "RESTART_GRACE", 4.0)
    assert await kill_and_resume(store, server, scenario, random.Random(1), kills=2) == expected
