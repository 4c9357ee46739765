"""Takes the pictures of the viewer in a real browser: `uv run python -m docs.make_screenshots`.

What is shown is played anew from a record in `transcripts/`, its words said again in their places, in a store that is
thrown away. It takes Debian's Chromium.
"""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Page, async_playwright

from converse_graph import Request, Response, ScriptedModel
from converse_graph.record.call_paths import CallPath
from converse_graph.record.transcript import Deliberation, Statement, Transcript
from converse_graph.runs.derived import fork
from converse_graph.runs.simulation import Origin, Simulation
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store import Store
from converse_graph.view import Access, Reader, build_app, serve
from converse_graph.view.live import LiveRuns
from converse_graph.view.seat_host import play_at
from converse_graph.view.seat_keys import SeatKeys
from converse_graph.view.seats import OneTable, Seats
from converse_graph.view.table import Table
from tests.support.markdown_reader import read_markdown

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).resolve().parent / "pictures"
RECORD = PROJECT / "transcripts" / "boardrooms-by-hand.md"
"""The reader's edition whose words are said again."""
SCENARIO = "boardrooms"
DIALS = {"fictional": True, "world": False}
"""Of the scenario, as the record was played."""
HELD = "1.2/Kestrel/statement"
"""The turn in the middle of which the live run is shown."""
SIZE = {"width": 1360, "height": 850}


class RecordedModel(ScriptedModel):
    """Says what is on record, each line in its place; at one of them it stops half-way until it is told to go on."""

    model = "by-hand"

    def __init__(self, record: Transcript) -> None:
        """Say the words of a record."""
        super().__init__({place: [reply] for place, reply in _replies(record)})
        self.is_half_way, self.goes_on = asyncio.Event(), asyncio.Event()

    async def complete(self, request: Request) -> Response:
        """Say the line of a place."""
        reply = await super().complete(_without_stream(request))
        if request.place == HELD and request.on_delta is not None:
            text = json.dumps(json.loads(reply.text), ensure_ascii=False)
            request.on_delta(text[: len('{"statement": "') + 150])
            self.is_half_way.set()
            await self.goes_on.wait()
        return reply


def _without_stream(request: Request) -> Request:
    return Request(**{**{name: getattr(request, name) for name in request.__dataclass_fields__}, "on_delta": None})


def _replies(record: Transcript) -> list[tuple[str, dict[str, Any]]]:
    """Every reply that the record holds, by the place of its call."""
    replies = []
    for statement in record.statements:
        turn = CallPath.of_turn(statement.round, statement.turn, statement.speaker)
        private = statement.private
        if private is not None and private.deliberation is not None:
            replies += _lines(turn, private.deliberation)
        replies.append((str(turn.call("statement")), _statement(statement)))
    return replies


def _lines(turn: CallPath, talk: Deliberation) -> list[tuple[str, dict[str, Any]]]:
    lines = []
    for number, line in enumerate(talk.lines):
        inside = turn.inside(number, line.speaker)
        if line.deliberation is not None:
            lines += _lines(inside, line.deliberation)
        lines.append((str(inside.call("line")), {"line": line.text, "position": line.position}))
    return lines


def _statement(statement: Statement) -> dict[str, Any]:
    private = statement.private
    values: dict[str, Any] = {"statement": statement.text, **statement.fields}
    if private is not None:
        values |= {"memo": private.memo} | ({"position": private.position} if private.position else {})
    return values


async def take(page: Page, site: str, store: Store, live: LiveRuns) -> None:
    """Play what is shown, and take each picture."""
    record = read_markdown(RECORD.read_text(encoding="utf-8"))
    scenario = find_scenario(SCENARIO)(**DIALS)
    model = RecordedModel(record)
    simulation = await Simulation.begin(
        store, scenario, model=model, seed=7, name="boards", rounds=2, origin=Origin(scenario=SCENARIO)
    )
    following = live.of("boards")
    following.is_played_here = True
    await page.goto(f"{site}/runs/boards")
    playing = asyncio.create_task(simulation.play(following.watch))
    half_way = asyncio.create_task(model.is_half_way.wait())
    await asyncio.wait([half_way, playing], return_when=asyncio.FIRST_COMPLETED)
    if playing.done():
        playing.result()  # what is wrong with the record, for it stops half-way
    await page.locator("#live [data-lines] .line").nth(3).wait_for()
    await page.locator("#live").evaluate("(box) => box.scrollIntoView({ block: 'end' })")
    await _picture(page, "view-live")
    model.goes_on.set()
    await playing

    words = "We kept a fault back: in three of 200 runs Lark 2 switched off its log. We withdraw it until we know why."
    again = RecordedModel(record)
    again.goes_on.set()
    left = await fork(store, "boards", at="2025:Halcyon", say=words, new_name="pause", scenario=scenario, model=again)
    await left.play()
    fish = await Simulation.begin(store, find_scenario("fishery")(), model="null", seed=4, name="fish")
    await fish.play()
    for seed in range(3):
        talks = await Simulation.begin(
            store, find_scenario("wage-talks")(), model="null", seed=seed, name=f"talks-{seed}"
        )
        await talks.play()

    await page.goto(f"{site}/runs")
    await page.locator("[data-drift-of]", has_text="0").first.wait_for()
    await _picture(page, "view-runs", height=470)
    await page.goto(f"{site}/compare?first=boards&second=pause&only=differences")
    await _picture(page, "view-fork", height=620)
    await page.goto(f"{site}/runs/boards/call?place=0.0/Halcyon/2.Head of Community/line")
    await _picture(page, "view-call")
    await page.goto(f"{site}/runs/fish?at=16")
    await page.locator(".chart svg").first.wait_for(timeout=120_000)
    await page.wait_for_timeout(1500)
    await _picture(page, "view-state")


SEAT = "Kestrel"
"""Who is played by a person on the picture of a seat."""


async def take_seat(page: Page, store: Store, reader: Reader) -> None:
    """Play up to a person's second turn, and take the picture of their page with the form half filled in."""
    record = read_markdown(RECORD.read_text(encoding="utf-8"))
    model, replies = RecordedModel(record), dict(_replies(record))
    model.goes_on.set()
    simulation = await Simulation.begin(
        store, find_scenario(SCENARIO)(**DIALS), model=model, seed=7, name="seat", rounds=2, humans=[SEAT]
    )
    at, keys = Table([SEAT]), SeatKeys.beside(store.folder)
    app = build_app(
        reader,
        Access(with_seats=True),
        seats=Seats(reader=reader, keys=keys, host=OneTable(name="seat", at=at)),
    )
    playing = asyncio.create_task(play_at(at, simulation))
    while (question := at.open_question(SEAT)) is None or question.place != HELD:
        if question is not None:
            at.give(SEAT, question.key, replies[question.place])
        await at.wait(0.1)
    async with serve(app, access=Access(with_seats=True), port=0) as served:
        await page.emulate_media(color_scheme="light")
        await page.goto(served.address_of(keys.path(simulation.run.header, SEAT)))
        await page.fill("textarea[name=statement]", replies[HELD]["statement"])
        await _picture(page, "view-seat")
    playing.cancel()


async def _picture(page: Page, name: str, *, height: int | None = None) -> None:
    if "There is no such" in await page.title():
        raise ValueError(f"{page.url} is no page, so {name} cannot be taken; see what the record calls its places.")
    await page.wait_for_timeout(500)
    clip = {"x": 0, "y": 0, "width": SIZE["width"], "height": height} if height else None
    await page.screenshot(path=FOLDER / f"{name}.png", clip=clip)  # type: ignore[arg-type]


@asynccontextmanager
async def browser_page(executable: str) -> AsyncIterator[Page]:
    """A page of a browser that nothing was done in before."""
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        browser = await playwright.chromium.launch(executable_path=executable, args=arguments)
        page = await browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
        yield page
        await browser.close()


async def main() -> int:
    """Take the pictures."""
    executable = shutil.which("chromium")
    if executable is None:
        sys.stderr.write("No Chromium is installed (Debian: apt-get install chromium).\n")
        return 1
    with TemporaryDirectory() as folder:
        where = Path(folder) / "runs.sqlite"
        async with Store.open(where, make=True) as store, Reader.open(where) as reader:
            live = LiveRuns(reader)
            app = build_app(reader, Access(), live=live)
            async with serve(app, access=Access(), port=0) as served, browser_page(executable) as page:
                await take(page, served.address.rstrip("/"), store, live)
                await take_seat(page, store, reader)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
