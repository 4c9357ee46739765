"""The pages of a store as a web application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from markupsafe import Markup
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from converse_graph.errors import ConverseError, InvalidValue, NotFound, UsageError
from converse_graph.view import run_page, seat_page
from converse_graph.view.call_pages import call_page, calls_page
from converse_graph.view.compare_page import compare_page
from converse_graph.view.live import LiveRuns, Place
from converse_graph.view.records import Reader
from converse_graph.view.run_list import DriftCounts, Filters, list_page
from converse_graph.view.run_sets import forecast_part, set_page, sets_page
from converse_graph.view.security import Access, Guard
from converse_graph.view.state_panel import StatePanels, standing_at
from converse_graph.view.templating import STATIC, compile_first, render
from converse_graph.view.timeline import PAGE, stretch_before
from converse_graph.view.workshop import Workshop

if TYPE_CHECKING:
    from converse_graph.view.control import Control
    from converse_graph.view.seats import Seats

_LONGEST_FORM = 100_000
"""Bytes."""


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What answers to each address."""

    reader: Reader
    drift_counts: DriftCounts
    live: LiveRuns
    panels: StatePanels
    workshop: Workshop
    control: Control | None = None
    seats: Seats | None = None

    def routes(self) -> list[Route | Mount]:
        """Every address, with what answers to it."""
        return [
            Route("/", self.home),
            Route("/runs", self.runs),
            Route("/runs/drift", self.drift),
            Route("/sets", self.sets),
            Route("/sets/{name}", self.one_set),
            Route("/runs/{run}", self.run),
            Route("/runs/{run}/turns", self.turns),
            Route("/runs/{run}/turns/{number:int}/private", self.private),
            Route("/runs/{run}/search", self.search),
            Route("/runs/{run}/live", self.follow),
            Route("/runs/{run}/charts", self.charts),
            Route("/runs/{run}/standing", self.standing),
            Route("/runs/{run}/calls", self.calls),
            Route("/runs/{run}/call", self.call),
            Route("/compare", self.compare),
            *([Route("/runs/{run}/control", self.control_part)] if self.control else []),
            *([Route("/runs/{run}/control/{action}", self.steer, methods=["POST"])] if self.control else []),
            *(self._seat_routes() if self.seats else []),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    def _seat_routes(self) -> list[Route]:
        """The addresses of seats; whoever has one needs no token."""
        return [
            Route("/runs/{run}/seat/{key}", self.seat),
            Route("/runs/{run}/seat/{key}", self.answer, methods=["POST"]),
            Route("/runs/{run}/seat/{key}/live", self.follow_seat),
        ]

    async def seat(self, request: Request) -> Response:
        """Show a seat."""
        assert self.seats is not None  # noqa: S101 - the route is there where they are
        try:
            view, seat, table = await self.seats.sit(request.path_params["run"], request.path_params["key"])
        except ConverseError as error:
            return _refused_seat(error)
        return HTMLResponse(seat_page.seat_page(view, seat, table, note=request.query_params.get("note", "")))

    async def answer(self, request: Request) -> Response:
        """Take the answer of a seat."""
        assert self.seats is not None  # noqa: S101 - the route is there where they are
        name, key = request.path_params["run"], request.path_params["key"]
        try:
            note, page = await seat_page.answer(self.seats, name, key, await _lists(request))
        except ConverseError as error:
            return _refused_seat(error)
        return RedirectResponse(f"{request.url.path}?note={note}", 303) if note else HTMLResponse(page, 422)

    async def follow_seat(self, request: Request) -> Response:
        """Tell the page of a seat when it is out of date."""
        assert self.seats is not None  # noqa: S101 - the route is there where they are
        name, key = request.path_params["run"], request.path_params["key"]
        try:
            await self.seats.sit(name, key)
        except ConverseError as error:
            return Response(str(error), _status_of(error), media_type="text/plain")
        return _streamed(request, seat_page.follow(self.seats, name, key, request.query_params.get("version", "")))

    async def home(self, request: Request) -> Response:
        """Go to the list of runs."""
        return RedirectResponse("/runs", 303)

    async def runs(self, request: Request) -> Response:
        """List runs."""
        search = request.query_params
        filters = Filters(
            query=search.get("q", "")[:200], status=search.get("status", ""), scenario=search.get("scenario", "")
        )
        return HTMLResponse(await list_page(self.reader, filters, number=_number(request, "page", default=1)))

    async def drift(self, request: Request) -> Response:
        """Count signs of drift in runs, for the list."""
        return JSONResponse(dict(await self.drift_counts.of(request.query_params.getlist("run")[:20])))

    async def sets(self, request: Request) -> Response:
        """List sets of runs."""
        return HTMLResponse(await sets_page(self.reader))

    async def one_set(self, request: Request) -> Response:
        """Show one set, and what it says about when an event comes where that is asked."""
        name, event = request.path_params["name"], request.query_params.get("event", "")[:200]
        forecast, problem = None, ""
        if event:
            try:
                html = await self.workshop.do(forecast_part, self.reader.where, name, event)
                forecast = Markup(html)  # noqa: S704 - rendered there with tags off
            except UsageError as error:
                problem = str(error)
        number = _number(request, "page", default=1)
        return HTMLResponse(await set_page(self.reader, name, number=number, forecast=forecast, problem=problem))

    async def run(self, request: Request) -> Response:
        """Show one run."""
        view = await self.reader.run(request.path_params["run"])
        at = _number(request, "at", default=1) - 1
        note = request.query_params.get("note", "")[:300] if self.control else ""
        return HTMLResponse(run_page.run_page(view, at=at, control=self.control, note=note))

    async def turns(self, request: Request) -> Response:
        """Give the turns before or after one, to be put into the page."""
        view = await self.reader.run(request.path_params["run"])
        if "before" in request.query_params:
            first, last = stretch_before(view, _number(request, "before"))
        else:
            first = _number(request, "after", default=0)
            last = min(first + PAGE, len(view.statements))
        headers = {"X-First": str(first), "X-Last": str(last), "X-Total": str(len(view.statements))}
        return HTMLResponse(run_page.fragment(view, first, last), headers=headers)

    async def private(self, request: Request) -> Response:
        """Give what a speaker kept to itself in a turn."""
        name, number = request.path_params["run"], request.path_params["number"] - 1
        body = await run_page.private_part(self.reader, name, number)
        if is_part(request):
            return HTMLResponse(body)
        page = render("private_page.html", page="runs", run=name, number=number, body=Markup(body))  # noqa: S704 - ours
        return HTMLResponse(page)

    async def follow(self, request: Request) -> Response:
        """Tell what is new of a run for as long as its page is open."""
        view = await self.reader.run(request.path_params["run"])
        return _streamed(request, self.live.of(view.run.name).listen(_events_after(request)))

    async def charts(self, request: Request) -> Response:
        """Draw what of a run changes over its time."""
        return HTMLResponse(await self.panels.charts(request.path_params["run"]))

    async def standing(self, request: Request) -> Response:
        """Say what stands at a turn."""
        view = await self.reader.run(request.path_params["run"])
        return HTMLResponse(standing_at(view, _number(request, "turn", default=1) - 1))

    async def calls(self, request: Request) -> Response:
        """List the calls of a run."""
        name, prefix = request.path_params["run"], request.query_params.get("place", "")[:300]
        return HTMLResponse(
            await calls_page(self.reader, name, place=prefix, after=_number(request, "after", default=0))
        )

    async def call(self, request: Request) -> Response:
        """Show a call, prompt and reply."""
        query = request.query_params
        attempt = query.get("attempt", "")
        page = await call_page(self.reader, request.path_params["run"], query.get("place", "")[:1000], attempt)
        return HTMLResponse(page)

    async def compare(self, request: Request) -> Response:
        """Put two runs side by side."""
        query = request.query_params
        ticked = query.getlist("runs")
        names = [query.get("first", ""), query.get("second", "")] if not ticked else [*ticked, ""][:2]
        only = query.get("only", "all") == "differences"
        page = await compare_page(
            self.reader, names[0], names[1], first_row=_number(request, "row", default=0), differences_only=only
        )
        return HTMLResponse(page)

    async def control_part(self, request: Request) -> Response:
        """Give the forms that steer a run, as it stands."""
        view = await self.reader.run(request.path_params["run"])
        return HTMLResponse(render("control.html", header=view.header, control=self.control))

    async def steer(self, request: Request) -> Response:
        """Do what a form asks for."""
        assert self.control is not None  # noqa: S101 - the route is there where it is
        form = await _form(request)
        answer = await self.control.act(request.path_params["run"], request.path_params["action"], form)
        return HTMLResponse(answer.html) if answer.html else RedirectResponse(answer.go_to, 303)

    async def search(self, request: Request) -> Response:
        """Give the turns in which something was said."""
        view = await self.reader.run(request.path_params["run"])
        query = request.query_params.get("q", "").strip()[:200]
        return HTMLResponse(run_page.search_hits(view, query))


def _events_after(request: Request) -> Place:
    """How much of a run a listener has: as its browser says that asks again, or as its page says that asks first."""
    return Place.parse(request.headers.get("last-event-id") or request.query_params.get("after", "0.0.0"))


async def _form(request: Request) -> dict[str, str]:
    """What a form says.

    Raises:
        InvalidValue: It is longer than anybody writes.
    """
    return {name: texts[-1] for name, texts in (await _lists(request)).items()}


async def _lists(request: Request) -> dict[str, list[str]]:
    """What a form says, of which a name may be there several times.

    Raises:
        InvalidValue: It is longer than anybody writes.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_FORM:
            raise InvalidValue(f"A form has {_LONGEST_FORM:,} bytes at most.")
    lists: dict[str, list[str]] = {}
    for name, text in parse_qsl(body.decode(errors="replace"), keep_blank_values=True):
        lists.setdefault(name, []).append(text)
    return lists


def build_app(
    reader: Reader,
    access: Access,
    *,
    live: LiveRuns | None = None,
    control: Control | None = None,
    seats: Seats | None = None,
) -> Starlette:
    """Make the application.

    Args:
        reader: Reads the store.
        access: Who may ask.
        live: The runs that this process plays, for whoever tells of them; None where it plays none.
        control: Steers runs; None where they are only read.
        seats: Where persons play; None where nobody does.
    """
    handlers: dict[Any, Any] = {ConverseError: _refused, 404: _no_page}
    workshop = Workshop()
    pages = Pages(
        reader=reader,
        drift_counts=DriftCounts(reader),
        live=live or LiveRuns(reader),
        panels=StatePanels(reader, workshop),
        workshop=workshop,
        control=control,
        seats=seats,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        compile_first()
        yield
        workshop.close()

    app = Starlette(
        lifespan=lifespan,
        routes=pages.routes(),
        middleware=[Middleware(Guard, access=access)],
        exception_handlers=handlers,
    )
    app.state.ending = asyncio.Event()
    return app


def _streamed(request: Request, events: AsyncGenerator[ServerSentEvent, None]) -> EventSourceResponse:
    """Answer with events for as long as the page is open and its server is on."""
    events_until_end = _until(request.app.state.ending, events)
    return EventSourceResponse(events_until_end, ping=15, headers={"Cache-Control": "no-store"})


async def _until(
    ending: asyncio.Event, events: AsyncGenerator[ServerSentEvent, None]
) -> AsyncIterator[ServerSentEvent]:
    """Give events until the server ends: it would wait for whoever listens, and then break them off with an error."""
    end = asyncio.create_task(ending.wait())
    try:
        while True:
            following = asyncio.ensure_future(anext(events, None))
            try:
                await asyncio.wait([following, end], return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not following.done():
                    following.cancel()
                    with suppress(asyncio.CancelledError):
                        await following
            if following.cancelled() or (event := following.result()) is None:
                return
            yield event
    finally:
        end.cancel()
        await events.aclose()


def is_part(request: Request) -> bool:
    """Whether a script of ours asks for a part of a page."""
    return request.headers.get("x-converse") == "part"


def _number(request: Request, name: str, *, default: int | None = None) -> int:
    """A number that an address gives.

    Raises:
        InvalidValue: It gives something else.
    """
    text = request.query_params.get(name, "" if default is None else str(default))
    if not text.isdecimal() or len(text) > 9:
        raise InvalidValue(f"{name}={text[:40]!r} is no number; leave it out, or give one from 1.")
    return int(text)


async def _refused(request: Request, error: ConverseError) -> Response:
    """Say in a line what is wrong."""
    status = _status_of(error)
    if is_part(request):
        return Response(str(error), status, media_type="text/plain")
    title = {404: "There is no such thing", 400: "That cannot be"}.get(status, "It cannot be read now")
    run = request.path_params.get("run", "") if status == 400 else ""
    return HTMLResponse(render("error.html", page="", title=title, message=str(error), run=run), status)


def _refused_seat(error: ConverseError) -> Response:
    """Say it on a page that leads nowhere; what is wrong with the store is not for whoever has a link of a seat."""
    is_own = isinstance(error, NotFound | InvalidValue)
    words = str(error) if is_own else "The run cannot be read now; try again in a while."
    return HTMLResponse(seat_page.refused_page(words), _status_of(error))


def _status_of(error: ConverseError) -> int:
    return 404 if isinstance(error, NotFound) else 400 if isinstance(error, InvalidValue) else 503


async def _no_page(request: Request, _: Exception) -> Response:
    message = f"Nothing is at {request.url.path[:200]}."
    return HTMLResponse(render("error.html", page="", title="There is no such page", message=message, run=""), 404)
