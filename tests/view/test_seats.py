"""Persons at their seats: a link each, which shows what that party knows and nothing else, and takes its answers."""

import asyncio
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from converse_graph import (
    Boolean,
    Choice,
    Debate,
    Integer,
    Organisation,
    Percentiles,
    Persona,
    Scenario,
    Text,
    TextList,
)
from converse_graph.audit.audit import audit_run
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.errors import StoreFailure
from converse_graph.record.call_paths import CallPath
from converse_graph.runs.derived import replay
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Store
from converse_graph.view import Access
from converse_graph.view.seat_form import form_fields, read_form
from converse_graph.view.seat_host import play_at
from converse_graph.view.seat_keys import FILE, SeatKeys
from converse_graph.view.seats import OneTable
from converse_graph.view.table import Table
from tests.support.planted_secrets import Marking, mark, marks_in
from tests.support.small_scenarios import begin, debate, table, until
from tests.view.conftest import Serve, Site, visible

NAME = "talks"
FOLDED = "How a model is told to answer "
"""What stands before the part of a task that is folded away."""
FITS = {"statement": "We ask for six percent.", "raise_percent": "6,5", "accepts": "yes"}


async def talks(store: Store, *, rounds: int = 1, name: str = NAME) -> str:
    """A run in which a person speaks for the union; returns the path of the seat."""
    scenario = find_scenario("wage-talks")()
    origin = Origin(scenario="wage-talks")
    made = await begin(store, scenario, name=name, rounds=rounds, origin=origin, humans=["Union"])
    return SeatKeys.beside(store.folder).path(made.run.header, "Union")


async def question(site: Site, path: str) -> str:
    """What the question is known by that a seat's page asks, once it does."""
    for _ in range(500):
        if found := re.search(r'name="question" value="([^"]+)"', (await site.get(path)).text):
            return found[1]
        await asyncio.sleep(0.02)
    raise AssertionError(f"Nothing was asked at {path}: {await site.text(path)}")


async def send(site: Site, path: str, key: str, **form: Any) -> httpx.Response:
    return await site.client.post(path, data={"question": key, **form}, headers={"Origin": site.address})


async def test_a_person_plays_from_a_link_and_is_asked_again_until_the_answer_fits(store: Store, site: Serve) -> None:
    path = await talks(store)
    opened = await site(seats=True)
    key = await question(opened, path)
    wrong = await send(opened, path, key, **{**FITS, "raise_percent": "a lot"})
    assert wrong.status_code == 422
    assert "'a lot' is no such number; it takes a number from 0 to 30." in visible(wrong.text)
    assert "We ask for six percent.</textarea>" in wrong.text
    assert "checked" in wrong.text
    sent = await send(opened, path, key, **{**FITS, "statement": "word " * 2000})
    assert sent.headers["location"] == f"{path}?note=taken"
    await until(lambda: store.journal(1).calls_at(key.partition("#")[0]) != [])
    again = await question(opened, path)
    assert (key, again) == ("0.1/Union/statement#0", "0.1/Union/statement#1")
    page = (await opened.get(path)).text
    assert "That does not fit: statement" in visible(page)
    assert "word word word" in page
    await send(opened, path, again, **FITS)
    await until(lambda: store.register.run(NAME).status == "finished")
    said = store.transcript(NAME).statements[1]
    assert (said.speaker, said.text) == ("Union", FITS["statement"])
    assert (said.fields["raise_percent"], said.fields["accepts"], said.fields["condition"]) == (6.5, True, None)
    assert "The talk is over" in await opened.text(path)
    again_played = await replay(store, NAME)
    assert (await again_played.play()).status == "finished"
    assert (await audit_run(store, NAME)).leaks == ()
    assert opened.warnings == []


async def test_a_form_counts_once_and_what_comes_too_late_is_given_back(store: Store, site: Serve) -> None:
    path = await talks(store, rounds=2)
    opened = await site(seats=True)
    key = await question(opened, path)
    answers = await asyncio.gather(*(send(opened, path, key, **FITS) for _ in range(3)))
    assert sorted(answer.headers["location"].partition("=")[2] for answer in answers) == ["taken", "twice", "twice"]
    assert "sent twice, it counts once" in await opened.text(f"{path}?note=twice")
    second = await question(opened, path)
    assert (await send(opened, path, key, **FITS)).headers["location"].endswith("note=twice")
    assert await question(opened, path) == second
    late = await send(opened, path, "0.7/Union/statement#0", **FITS)
    assert (late.status_code, "We ask for six percent." in visible(late.text)) == (422, True)
    assert "not asked any more" in late.text
    passed = await send(opened, path, second, **{"pass": "yes"})
    assert passed.headers["location"].endswith("note=passed")
    await until(lambda: store.register.run(NAME).status == "finished")
    late = await send(opened, path, second.replace("#0", "#1"), **FITS)
    assert (late.status_code, "not asked any more" in late.text) == (422, True)
    models = {call.place: call.reply.model for call in store.journal(1).calls()}
    assert (models["0.1/Union/statement"], models["1.1/Union/statement"]) == ("human", "null")


async def test_a_link_holds_after_a_restart_and_so_does_a_form_that_was_open(
    store: Store, site: Serve, store_address: str
) -> None:
    path = await talks(store, rounds=2)
    before = await site(seats=True)
    await send(before, path, await question(before, path), **FITS)
    key = await question(before, path)
    assert before.seats is not None
    await before.seats.host.close()  # type: ignore[attr-defined]  # as the end of the command does
    after = await site(seats=True)
    sent = await send(after, path, key, **FITS)  # before any page was opened
    assert sent.headers["location"] == f"{path}?note=taken"
    await until(lambda: store.register.run(NAME).status == "finished")
    assert len(store.transcript(NAME).statements) == 4


async def test_nothing_but_a_whole_link_opens_a_seat(store: Store, site: Serve) -> None:
    path, other = await talks(store), await talks(store, name="other")
    access = Access(token="t" * 32, with_seats=True)
    opened = await site(seats=True, access=access)
    key = path.rpartition("/")[2]
    rows = [
        (f"{path}x", 404),
        (path[:-1], 404),
        (f"/runs/other/seat/{key}", 404),
        (f"/runs/nobody/seat/{key}", 404),
        ("/runs/talks/seat/Union", 404),
        ("/runs/talks", 401),
        ("/runs", 401),
        ("/", 401),
        (f"{path}/more", 401),
        ("/runs/talks/seat/", 401),
        ("/runs/talks/calls", 401),
        ("/runs/talks/live", 401),
        ("/runs/TALKS/seat/x", 401),
        ("/static/%2e%2e/runs/talks", 404),
        ("/static/%2e%2e/app.py", 404),
        ("/static/..%2fapp.py", 404),
        ("/runs/talks/seat%2f..%2fcalls", 401),
        ("/static/seat.js", 200),
        (path, 200),
        (other, 200),
    ]
    pages = {at: (await opened.get(at)) for at, _ in rows}
    assert [(at, pages[at].status_code) for at, _ in rows] == rows
    unknown = {pages[at].text for at in (f"{path}x", f"/runs/other/seat/{key}", f"/runs/nobody/seat/{key}")}
    assert len(unknown) == 1  # whether there is such a run cannot be told
    assert 'href="/runs' not in pages[path].text + unknown.pop()
    assert "default-src 'none'" in pages[path].headers["content-security-policy"]
    question_key = await question(opened, path)
    data = {"question": question_key, **FITS}
    for headers in ({}, {"Origin": "http://evil.example"}, {"Origin": opened.address, "Host": "evil.example"}):
        refused = await opened.client.post(path, data=data, headers=headers)
        assert refused.status_code in (403, 421)
    assert (await send(opened, f"/runs/other/seat/{key}", question_key, **FITS)).status_code == 404
    assert (await send(opened, path, "")).status_code == 400
    assert (await send(opened, path, question_key, statement="x" * 200_000)).status_code == 400
    assert (await send(opened, path, question_key, **FITS)).headers["location"].endswith("taken")
    for action in ("resume", "extend"):
        assert (await opened.client.post(f"/runs/talks/control/{action}", data={"once": "x"})).status_code in (401, 403)


async def test_where_no_seats_are_served_there_is_no_way_around_the_token(store: Store, site: Serve) -> None:
    path = await talks(store)
    opened = await site(access=Access(token="t" * 32))
    assert (await opened.get(path)).status_code == 401
    assert (await opened.get("/static/view.css")).status_code == 401


def secretive(order: str = "listed") -> Scenario:
    """Everybody's private texts are marked; persons sit for one whole party and for one member of another's debate."""
    parties = [
        Organisation(name="North", brief=mark("North"), questions=mark("North")),
        Organisation(
            name="South",
            brief=mark("South"),
            questions=mark("South"),
            deliberation=Debate(
                motion=mark("South"),
                members=[Persona(name=name, aim=mark(f"South/{name}")) for name in ("Ada", "Bo")],
                turns=3,
                ballot="secret",
                options=("yes", "no"),
            ),
        ),
        Organisation(name="West", brief=mark("West"), questions=mark("West"), deliberation=debate("Cy", "Di")),
    ]
    return table(*parties, order=order, rounds=2)


@asynccontextmanager
async def at_table(simulation: Simulation, at: Table) -> AsyncIterator[asyncio.Task[None]]:
    """A run that is played while persons sit at its table."""
    task = asyncio.create_task(play_at(at, simulation))
    try:
        yield task
    finally:
        at.close()
        task.cancel()
        await asyncio.wait([task])


async def play_seat(site: Site, path: str, playing: asyncio.Task[None]) -> list[str]:
    """Fill in every form of a seat with words of its own; returns all that it was sent meanwhile."""
    seen: list[str] = []
    while not playing.done():
        page = await site.get(path)
        seen.append(page.text)
        version = re.search(r'data-seat="([^"]*)"', page.text)
        found = re.search(r'name="question" value="([^"]+)"', page.text)
        if found is None or version is None:
            await asyncio.sleep(0.01)
            continue
        async with site.client.stream("GET", f"{path}/live", params={"version": "old"}) as live:
            seen.append(await anext(live.aiter_text()))
        names = re.findall(r'(?:<textarea id="field-[^"]*" name|<input id="field-[^"]*" name)="([^"]+)"', page.text)
        choices = re.findall(r'<select id="field-[^"]*" name="([^"]+)"', page.text)
        seen.append((await send(site, path, found[1], **dict.fromkeys(choices, "?"))).text)
        form = {**dict.fromkeys(names, f"From {CallPath.parse(found[1].partition('#')[0]).reader}."),
                **dict.fromkeys(choices, "yes")}  # fmt: skip
        seen.append((await send(site, path, found[1], **form)).text)
        seen.append((await send(site, path, found[1], **form)).text)
    return seen


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_a_seat_shows_what_its_party_knows_all_of_it_and_no_more(store: Store, site: Serve, order: str) -> None:
    made = await begin(store, secretive(order), model=Marking("large"), name=NAME, humans=["North", "South/Bo"])
    at = Table(made.run.header.humans)
    opened = await site(table=OneTable(name=NAME, at=at))
    keys = SeatKeys.beside(store.folder)
    async with at_table(made, at) as playing:
        north, south = await asyncio.gather(
            *(play_seat(opened, keys.path(made.run.header, seat), playing) for seat in ("North", "South/Bo"))
        )
        await playing
    assert store.register.run(NAME).status == "finished"
    assert set().union(*map(marks_in, north)) == {"North"}
    assert set().union(*map(marks_in, south)) == {"South", "South/Bo"}
    calls = [call for call in store.journal(made.run.id).calls() if call.reply.model == "human"]
    assert {call.place.partition("/")[0] for call in calls} >= {"0.0", "1.0"}
    for call in calls:
        pages = north if "/North/" in call.place else south
        words = [untagged(part.text) for part in call.messages]
        shown = [untagged(visible(page).replace(FOLDED, "")) for page in pages if f'value="{call.place}#0"' in page]
        assert any(all(part in page for part in words) for page in shown), call.place


def untagged(text: str) -> str:
    """A text as the page has it, which writes tags as headings."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


async def test_several_persons_answer_in_any_order_and_who_is_late_has_a_deadline(store: Store, site: Serve) -> None:
    scenario = table("Ada", "Bo", "Cy", order="simultaneous", rounds=2)
    made = await begin(store, scenario, name=NAME, humans=["Ada", "Bo", "Cy"])
    at = Table(made.run.header.humans, deadline=1.5)
    opened = await site(table=OneTable(name=NAME, at=at))
    paths = SeatKeys.beside(store.folder)
    ada, bo, cy = (paths.path(made.run.header, seat) for seat in ("Ada", "Bo", "Cy"))
    async with at_table(made, at) as playing:
        assert "less than a minute" in (await opened.get(cy)).text or await question(opened, cy)
        assert (await send(opened, bo, await question(opened, bo), statement="Bo first.")).status_code == 303
        assert "Your answer lies on the table" in await opened.text(bo)
        await until(lambda: "Bo" not in at._open)
        assert "Your answer lies on the table" in await opened.text(bo)
        assert (await send(opened, ada, await question(opened, ada), statement="Ada second.")).status_code == 303
        assert (await question(opened, cy)).startswith("0.2/Cy/")
        await until(lambda: store.register.run(NAME).statements == 3)  # the model spoke for Cy
        await playing
    said = [statement.text for statement in store.transcript(NAME).statements]
    assert said[:2] == ["Ada second.", "Bo first."]
    models = {call.place: call.reply.model for call in store.journal(made.run.id).calls()}
    assert (models["0.1/Bo/statement"], models["0.2/Cy/statement"]) == ("human", "null")
    assert models["1.0/Ada/statement"] == "null"


async def test_a_run_that_cannot_go_on_says_why_to_who_serves_it_alone(store: Store, site: Serve) -> None:
    made = await begin(store, table("Ada", "Bo"), name=NAME, humans=["Bo"])  # of no scenario that can be found again
    opened = await site(seats=True)
    path = SeatKeys.beside(store.folder).path(made.run.header, "Bo")
    await opened.get(path)
    await until(lambda: opened.warnings != [])
    assert opened.warnings[0].startswith("Run talks stands still: ")
    page = await opened.text(path)
    assert "The talk stands still" in page
    assert opened.warnings[0].partition(": ")[2] not in page


def test_a_form_reads_what_people_write() -> None:
    fields = [
        Boolean(name="agreed", ask="Agreed?", optional=True),
        Choice(name="move", ask="Which?", options=("wait", "go_on")),
        Integer(name="count", ask="How many?", minimum=0, maximum=9),
        TextList(name="names", ask="Who?"),
        Percentiles(name="year", ask="When?", minimum=2000, maximum=2100),
    ]
    form = build_reply_schema("statement", [Text(name="statement", ask="Say it."), *fields])
    asked = {"form": form.schema, "asks": {}, "attempt": 0}
    typed = {"statement": [" Yes.\r\nNo. "], "move": ["go_on"], "count": ["7"], "names": ["Ada\r\n\r\n Bo "],
             "year.p10": ["2030"], "year.p50": ["2040"], "year.p90": ["2050"]}  # fmt: skip
    values, problems = read_form(asked, typed)
    assert problems == {}
    assert values == {
        "statement": "Yes.\nNo.",
        "agreed": None,
        "move": "go_on",
        "count": 7,
        "names": ["Ada", "Bo"],
        "year": {"p10": 2030, "p50": 2040, "p90": 2050},
    }
    rows = {
        "statement": ["  "],
        "move": ["stay"],
        "count": ["7.5"],
        "year.p50": ["soon"],
    }
    _, problems = read_form(asked, {**typed, **rows})
    assert problems == {
        "statement": "Nothing is written here.",
        "move": "'stay' is none of these; choose one.",
        "count": "'7.5' is no such number; it takes a whole number from 0 to 9.",
        "year": "p50: 'soon' is no such number; it takes a whole number from 2000 to 2100.",
    }
    _, problems = read_form(asked, {**typed, "count": ["nan"], "move": [""], "year.p10": ["99"]})
    assert problems["count"].startswith("'nan' is no such number")
    assert (problems["move"], "99 is outside" in problems["year"]) == ("Choose one.", True)
    kinds = [field.kind for field in form_fields(asked, typed, {})]
    assert kinds == ["area", "yes or no", "choice", "number", "list", "three"]


def test_the_secret_lies_beside_the_store_for_its_owner_alone(tmp_path: Path) -> None:
    keys = SeatKeys.beside(tmp_path)
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SeatKeys.beside(tmp_path).secret == keys.secret
    assert repr(keys.secret) not in repr(keys)
    file.chmod(0o644)
    SeatKeys.beside(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for text in ("no secret", "abcd"):
        file.write_text(text)
        with pytest.raises(StoreFailure, match="secret"):
            SeatKeys.beside(tmp_path)
