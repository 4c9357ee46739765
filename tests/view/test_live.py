"""A run that is followed as it goes: nothing is told twice and nothing is left out, whatever connections are lost."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import httpx
import pytest

from converse_graph import Request
from converse_graph.judge.runs import judge_run
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Store
from converse_graph.view import Access, Reader, build_app, serve
from converse_graph.view.live import Place
from tests.support.small_scenarios import CountingChat, begin, consciences, played, table, until
from tests.view.conftest import Serve, Site, visible


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event as a browser has it."""

    name: str
    data: str
    id: str


async def listen(site: Site, run: str, place: str = "0.0.0", *, last_id: str = "") -> AsyncIterator[Told]:
    """Events of a run until the connection is left."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with site.client.stream("GET", f"/runs/{run}/live?after={place}", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = f"{fields[name]}\n{value}" if name in fields else value
            elif "event" in fields:
                yield Told(name=fields["event"], data=fields.get("data", ""), id=fields.get("id", ""))
                fields = {}


def turns_in(told: Told) -> list[int]:
    return [int(number) for number in re.findall(r'data-number="(\d+)"', json.loads(told.data)["html"])]


async def _floor_and_words(site: Site) -> tuple[str, dict[str, object]]:
    """Who has the floor, and what a new listener is told of the words so far."""
    floor = ""
    async for told in listen(site, "talk"):
        if told.name == "floor":
            floor = visible(told.data)
        if told.name == "words":
            return floor, json.loads(told.data)
    raise AssertionError("no words came")


@pytest.mark.every_store
async def test_a_connection_that_is_lost_again_and_again_tells_every_turn_once(store: Store, site: Serve) -> None:
    chat = CountingChat(latency=0.02)
    made = await begin(store, table("A", "B", "C", rounds=12), model=chat, name="talk")
    opened = await site()
    playing = asyncio.create_task(made.play())
    seen: list[int] = []
    last, connections = "", 0
    async with asyncio.timeout(30):
        while len(seen) < 36:
            connections += 1
            async for told in listen(opened, "talk", last_id=last):
                if told.name == "turns":
                    seen += turns_in(told)
                    last = told.id
                    break  # the connection is lost after each piece of news
    await playing
    assert seen == list(range(36))
    assert connections > 3


async def test_the_rail_of_periods_grows_with_a_run_and_is_told_when_it_does_alone(store: Store, site: Serve) -> None:
    made = await begin(store, table("A", "B", rounds=60), model=CountingChat(latency=0.002), name="talk")
    opened = await site()
    playing = asyncio.create_task(made.play())
    rails: list[list[str]] = []
    total = pieces = 0
    async with asyncio.timeout(30):
        async for told in listen(opened, "talk"):
            if told.name == "turns":
                news, pieces = json.loads(told.data), pieces + 1
                total = news["total"]
                rails += [re.findall(r">(round \d+)</a>", news["marks"])] if "marks" in news else []
            if total == 120:
                break
    await playing
    assert len(rails) <= pieces
    assert all(before != after for before, after in pairwise(rails))
    page = (await opened.get("/runs/talk")).text
    assert rails[-1] == re.findall(r">(round \d+)</a>", page.partition('aria-label="Years"')[2].partition("</nav>")[0])
    assert rails[-1] == [f"round {number}" for number in range(1, 60, 2)]  # thinned: 60 are too many


async def test_what_comes_of_a_round_is_told_once_too(store: Store, site: Serve) -> None:
    made = await begin(store, find_scenario("fishery")(), model=CountingChat(latency=0.01), name="fish", rounds=3)
    opened = await site()
    playing = asyncio.create_task(made.play())
    html, last = "", ""
    async with asyncio.timeout(30):
        while html.count("<h3>World after") < 3 or len(re.findall(r"data-number", html)) < 9:
            async for told in listen(opened, "fish", last_id=last):
                if told.name == "turns":
                    html += json.loads(told.data)["html"]
                    last = told.id
                    break
    await playing
    headings = [visible(found) for found in re.findall(r"<h3[^>]*>(World[^<]*)</h3>", html)]
    assert headings == ["World as the run began", *(f"World after {year}" for year in (2026, 2027, 2028))]
    assert turns_in(Told(name="", data=json.dumps({"html": html}), id="")) == list(range(9))


async def test_words_come_as_they_are_written_and_a_late_listener_has_all_of_them(store: Store, site: Serve) -> None:
    opened = await site()
    live = opened.live.of("talk")
    live.is_played_here = True
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: Request) -> None:
        if request.place == "0.0/A/statement" and request.on_delta is not None:
            for piece in ('{"statement": "We', " begin", " sl\\u00f6wly"):
                request.on_delta(piece)
            halfway.set()
            await go_on.wait()

    made = await begin(store, table("A", "B", rounds=1), model=CountingChat(before=hold), name="talk")
    playing = asyncio.create_task(made.play(live.watch))
    async with asyncio.timeout(30):
        await halfway.wait()
        floor, words = await _floor_and_words(opened)
        assert "A round 1 · has the floor" in floor
        assert words == {"speaker": "A", "from": 0, "text": "We begin slöwly"}
        go_on.set()
        seen: list[int] = []
        async for told in listen(opened, "talk"):
            seen += turns_in(told) if told.name == "turns" else []
            if told.name == "status" and json.loads(told.data)["status"] == "finished":
                break
    await playing
    assert seen == [0, 1]


async def test_what_goes_on_inside_a_party_is_told_line_by_line(store: Store, site: Serve) -> None:
    opened = await site()
    stopped, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: Request) -> None:
        if request.place == "0.0/Alpha/statement":
            stopped.set()
            await go_on.wait()

    made = await begin(store, consciences(rounds=1), model=CountingChat(before=hold), name="nested")
    playing = asyncio.create_task(made.play())
    async with asyncio.timeout(30):
        await stopped.wait()
        lines: list[str] = []
        async for told in listen(opened, "nested"):
            if told.name == "lines":
                lines += [visible(line["html"]) for line in json.loads(told.data)]
            if len(lines) >= 4:
                break
        go_on.set()
    await playing
    assert lines[0].startswith("First1 \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} First2")
    record = await made.transcript()
    assert record.statements[0].private is not None
    talk = record.statements[0].private.deliberation
    assert talk is not None
    assert all(any(line.text in shown for shown in lines) for line in talk.lines)


async def test_words_inside_a_party_come_as_they_are_written_under_who_says_them(store: Store, site: Serve) -> None:
    opened = await site()
    live = opened.live.of("nested")
    live.is_played_here = True
    halfway, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: Request) -> None:
        if request.place == "0.1/Beta/1.Right/line" and request.on_delta and request.on_restart:
            request.on_delta('{"line": "No')
            request.on_restart()
            request.on_delta('{"line": "Never a')
            request.on_delta("gain")
            halfway.set()
            await go_on.wait()

    made = await begin(store, consciences(rounds=1), model=CountingChat(before=hold), name="nested")
    playing = asyncio.create_task(made.play(live.watch, private_watch=live.watch))
    async with asyncio.timeout(30):
        await halfway.wait()
        async for told in listen(opened, "nested"):
            if told.name == "inside" and "again" in told.data:
                piece = json.loads(told.data)
                break
        go_on.set()
    await playing
    assert (piece["speaker"], piece["who"], piece["from"], piece["text"]) == ("Beta", "Right", 0, "Never again")
    assert piece["line"] == "line 2 of 3"


async def test_a_verdict_comes_to_the_page_of_its_run(store: Store, site: Serve) -> None:
    await played(store, table("A", "B", rounds=1), name="talk")
    opened = await site()
    listening = listen(opened, "talk")
    async with asyncio.timeout(30):
        assert (await anext(listening)).name in ("turns", "status")
        await judge_run(store, "talk", models=[CountingChat()])
        async for told in listening:
            if told.name == "verdicts":
                break
    news = json.loads(told.data)
    assert news["count"] == 1
    assert "Judged by" in news["html"]


@pytest.mark.slow
async def test_a_thousand_connections_leave_nothing_behind(store: Store, site: Serve) -> None:
    made = await begin(store, table("A", "B", rounds=1), name="talk")
    await made.play()
    opened = await site()
    live = opened.live.of("talk")
    for _ in range(1000):
        async for _told in listen(opened, "talk"):
            break
    await until(lambda: live.listeners == 0)
    assert live.is_idle
    await until(lambda: len(asyncio.all_tasks()) < 20)


@pytest.mark.slow
async def test_a_listener_that_is_far_behind_loads_the_page_again(store: Store, site: Serve) -> None:
    made = await begin(store, table("A", "B", "C", rounds=80), name="long")
    await made.play()
    opened = await site()
    async for told in listen(opened, "long"):
        assert (told.name, told.data) == ("reload", "240.0.0")
        break
    assert str(Place.parse("240.0.0")) == "240.0.0"


async def test_pages_end_at_once_and_in_peace_while_somebody_listens(
    store: Store, store_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    await begin(store, table("A", "B"), name="talk")
    async with Reader.open(store_address) as reader, httpx.AsyncClient() as client:
        app = build_app(reader, Access())
        async with serve(app, access=Access(), port=0) as served, asyncio.timeout(1.5):
            request = client.build_request("GET", served.address_of("/runs/talk/live"))
            answer = await client.send(request, stream=True)
        assert await answer.aread() is not None  # to its end, which came in peace
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]
