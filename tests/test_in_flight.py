"""A call that was made is waited for and kept, whatever becomes of the node that made it."""

import asyncio
from typing import Any

import pytest

from converse_graph import NullModel, Organisation, Request, Response, Store
from converse_graph.errors import ProviderUnreachable
from tests.support.small_scenarios import Simulation, begin, debate, journal, table

pytestmark = pytest.mark.every_store


class Neighbours(NullModel):
    """Answers B only after A was answered or failed, and notes every call that it is asked for."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails, self.asked, self.a_is_over = fails, list[str](), asyncio.Event()

    async def complete(self, request: Request) -> Response:
        self.asked.append(request.place)
        if "/B/" in request.place:
            await self.a_is_over.wait()
            await asyncio.sleep(0.05)
        elif "/A/" in request.place:
            self.a_is_over.set()
            if self.fails:
                raise ProviderUnreachable("nobody answers")
        return await super().complete(request)


def at_once(**more: Any) -> Any:
    return table(Organisation(name="A", **more), Organisation(name="B"), rounds=1, order="simultaneous")


async def test_a_call_beside_one_that_fails_is_kept_and_not_made_again(store: Store) -> None:
    scenario, first, second = at_once(), Neighbours(fails=True), Neighbours(fails=False)
    run = await begin(store, scenario, model=first)
    with pytest.raises(ProviderUnreachable):
        await run.play()

    assert [place for place, *_ in journal(store, run)] == ["0.1/B/statement"]
    await (await Simulation.reopen(store, run.run.name, scenario=scenario, model=second)).play()
    assert second.asked == ["0.0/A/statement"]


async def test_a_pause_inside_a_debate_waits_for_the_call_beside_it(store: Store) -> None:
    scenario, chat = at_once(deliberation=debate("Chief", "Critic")), Neighbours(fails=False)
    run = await begin(store, scenario, model=chat)

    def pause(event: dict[str, Any]) -> None:
        if event["event"] == "call":
            run.pause()

    assert (await run.play(pause)).status == "paused"
    assert "0.1/B/statement" in [place for place, *_ in journal(store, run)]


async def test_to_be_cancelled_breaks_off_what_is_in_flight(store: Store) -> None:
    class Endless(NullModel):
        async def complete(self, request: Request) -> Response:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

    begun = asyncio.Event()
    run = await begin(store, at_once(), model=Endless())
    playing = asyncio.create_task(run.play())
    await begun.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing

    assert store.register.run(run.run.name).status == "paused"
    assert journal(store, run) == []
