"""`converse view`: the runs of a store in a browser."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from converse_graph.cli.completion import complete_runs
from converse_graph.cli.options import HumanDeadline, MaxTokens, MaxUsd, NoOpen, Port, StorePath

if TYPE_CHECKING:
    from converse_graph.cli.output import Output
    from converse_graph.view.control import Control
    from converse_graph.view.live import LiveRuns
    from converse_graph.view.records import Reader
    from converse_graph.view.seats import Seats

RunToView = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="The run to open; the list of runs if not given.", autocompletion=complete_runs),
]
Host = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="Listen there and not on loopback alone; the address then has a token."),
]
Steer = Annotated[bool, typer.Option("--control", help="Let pages pause, resume, extend, fork, judge and interview.")]
Token = Annotated[
    bool, typer.Option("--token", help="Ask for a token on loopback too, as on a machine that others use.")
]

WithSeats = Annotated[
    bool, typer.Option("--seats", help="Let persons play from a browser: prints a link for each, and plays runs on.")
]


async def view(
    run: RunToView = None,
    *,
    port: Port = None,
    host: Host = None,
    token: Token = False,
    control: Steer = False,
    seats: WithSeats = False,
    human_deadline: HumanDeadline = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    no_open: NoOpen = False,
    store: StorePath = None,
) -> None:
    """Show runs in a browser, live and afterwards, until Ctrl-C.

    Pages come from this machine alone, and the store is only read unless --control or --seats is given. With --seats
    each person of a run that has some, of RUN or of all that are not finished, gets a link that opens their seat alone.

    Examples:
        converse view
        converse view race
        converse view race --control
        converse view race --seats --human-deadline 3600
    """
    from converse_graph.cli.output import Output
    from converse_graph.cli.viewing import open_page, require_view, say_seats, wait_for_signal
    from converse_graph.store.store import DEFAULT_PATH

    require_view()
    from converse_graph.view.app import build_app
    from converse_graph.view.live import LiveRuns
    from converse_graph.view.records import Reader
    from converse_graph.view.security import Access
    from converse_graph.view.server import serve

    if (human_deadline, max_usd, max_tokens) != (None, None, None) and not seats:
        raise typer.BadParameter("--human-deadline, --max-usd and --max-tokens are for persons; say --seats too")
    output, access = Output(), Access.for_host(host, with_token=token, with_seats=seats)
    async with Reader.open(store or DEFAULT_PATH) as reader:
        if run is not None:
            await reader.run(run)
        live = LiveRuns(reader)
        steering = nullcontext() if not control else _open_control(store or DEFAULT_PATH, live, output)
        seating = (
            nullcontext() if not seats else _open_seats(reader, live, human_deadline, (max_usd, max_tokens), output)
        )
        async with (
            steering as control_of_runs,
            seating as seats_of_runs,
            serve(
                build_app(reader, access, live=live, control=control_of_runs, seats=seats_of_runs),
                access=access,
                host=host,
                port=port,
            ) as served,
        ):
            if seats_of_runs is not None:
                await say_seats(seats_of_runs, served, output, run)
            await open_page(served.address_of(f"/runs/{run}" if run else "/runs"), output, opens=not no_open)
            output.say("Ctrl-C ends it.")
            await wait_for_signal(served)


def _open_control(where: Path | str, live: "LiveRuns", output: "Output") -> "AbstractAsyncContextManager[Control]":
    """Load what plays runs, which takes a while, only where it is asked for."""
    from converse_graph.cli.play import end_viewed
    from converse_graph.view.control import Control

    return Control.open(where, live, end=lambda simulation: end_viewed(simulation, output))


@asynccontextmanager
async def _open_seats(
    reader: "Reader",
    live: "LiveRuns",
    deadline: float | None,
    bounds: tuple[float | None, int | None],
    output: "Output",
) -> "AsyncIterator[Seats]":
    """Likewise."""
    from converse_graph.cli.play import end_viewed, read_budget
    from converse_graph.view.seat_host import PlayingHost
    from converse_graph.view.seat_keys import SeatKeys
    from converse_graph.view.seats import Seats

    where, budget = reader.store.where, read_budget(*bounds)
    playing = PlayingHost.open(
        where,
        live,
        deadline=deadline,
        budget=budget,
        warn=output.warn,
        end=lambda simulation: end_viewed(simulation, output, budget),
    )
    async with playing as host:
        yield Seats(reader=reader, keys=SeatKeys.beside(reader.store.folder), host=host)
