"""Runs that stop and go on: at any call, by a fault, a pause or a kill, they end as one that never stopped."""

import asyncio
import os
import signal
import subprocess
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Organisation, Request, Store
from converse_graph.errors import CallFailed, ProviderUnreachable, RunLocked
from converse_graph.runs.simulation import Simulation
from tests.support.child_process import start_python
from tests.support.small_scenarios import CountingChat, begin, channels, consciences, journal, played, table

pytestmark = pytest.mark.every_store

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("order", [pytest.param("listed", marks=pytest.mark.slow), "simultaneous"])
async def test_stopped_at_any_call_by_a_provider_a_run_goes_on_to_the_same_end(order: str, store_address: str) -> None:
    scenario = consciences(order, rounds=1)
    async with Store.open(store_address, make=True) as store:
        whole = CountingChat()
        simulation = await played(store, scenario, model=whole, name="run")
        expected = await channels(store, simulation), journal(store, simulation)
        parties = 3 if order == "simultaneous" else 1
        for stop_at in range(1, len(whole.places) + 1):
            name = f"stopped-{stop_at}"
            first, second = CountingChat(stop_at=stop_at), CountingChat()
            stopped = await begin(store, scenario, model=first, name=name)
            with pytest.raises(ProviderUnreachable, match="nobody answers"):
                await stopped.play()
            assert store.register.run(name).status == "paused"
            reopened = await Simulation.reopen(store, name, scenario=scenario, model=second)
            assert (await reopened.play()).status == "finished"
            assert (await channels(store, reopened), journal(store, reopened)) == expected
            again = len(first.places) + len(second.places) - len(whole.places)
            assert 0 <= again <= parties, "at most the calls in flight are made again"
            assert not set(first.answered) & set(second.places) or parties > 1


async def test_a_run_that_is_paused_in_mid_debate_goes_on_to_the_same_end(store: Store) -> None:
    scenario = consciences("simultaneous", rounds=2)
    whole = CountingChat()
    expected = await channels(store, await played(store, scenario, model=whole, name="whole"))
    for pause_at in range(1, len(whole.places), 4):
        name = f"paused-{pause_at}"

        first, second = CountingChat(), CountingChat()
        simulation = await begin(store, scenario, model=first, name=name)
        first.before = _pauses(simulation, first, pause_at)
        stopped = await simulation.play()
        if stopped.status != "finished":
            assert stopped.status == store.register.run(name).status == "paused"
            assert len(first.places) < len(whole.places)
        reopened = await Simulation.reopen(store, name, scenario=scenario, model=second)
        assert (await reopened.play()).status == "finished"
        assert await channels(store, reopened) == expected
        assert len(first.places) + len(second.places) - len(whole.places) <= 3


def _pauses(simulation: Simulation, chat: CountingChat, pause_at: int) -> Callable[[Request], Awaitable[None]]:
    async def pause(request: Request) -> None:
        if len(chat.places) == pause_at:
            simulation.pause()

    return pause


async def test_a_pause_loses_no_reply_that_has_come(store: Store) -> None:
    async def pause(request: Any) -> None:
        if request.place == "0.0/Alpha/0.First1/0.First2/line":
            simulation.pause()

    first, second = CountingChat(before=pause), CountingChat()
    simulation = await begin(store, consciences(), model=first)
    assert (await simulation.play()).status == "paused"
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=simulation.scenario, model=second)
    await reopened.play()
    assert not set(first.places) & set(second.places), "nothing was in flight, so nothing is asked twice"


async def test_the_same_simulation_plays_on_after_a_pause(store: Store) -> None:
    simulation = await begin(store, consciences(rounds=2))
    simulation.pause()
    assert (await simulation.play()).status == "paused"
    assert (await simulation.play()).status == "finished"


async def test_a_cancelled_run_is_paused_and_goes_on(store: Store) -> None:
    scenario = consciences("simultaneous")
    expected = await channels(store, await played(store, scenario, name="whole"))
    waits = asyncio.Event()

    async def hang(request: Any) -> None:
        if request.place == "1.0/Alpha/0.First1/line":
            waits.set()
            await asyncio.Event().wait()

    simulation = await begin(store, scenario, model=CountingChat(before=hang), name="cut")
    playing = asyncio.create_task(simulation.play())
    await waits.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert store.register.run("cut").status == "paused"
    assert not store.is_held("cut")
    reopened = await Simulation.reopen(store, "cut", scenario=scenario, model=CountingChat())
    await reopened.play()
    assert await channels(store, reopened) == expected


async def test_a_run_that_failed_by_somebodys_code_goes_on_once_that_is_mended(store: Store) -> None:
    broken = [True]

    def speak(view: dict[str, Any]) -> str:
        if broken and view["round"] == 1:
            raise ZeroDivisionError("a guest's own mistake")
        return f"{view['round']}"

    scenario = table("A", Organisation(name="G", graph=speak), rounds=2)
    simulation = await begin(store, scenario)
    with pytest.raises(CallFailed, match="ZeroDivisionError"):
        await simulation.play()
    assert store.register.run(simulation.run.name).status == "paused"
    broken.clear()
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario)
    assert (await reopened.play()).status == "finished"
    assert [said.text for said in (await reopened.transcript()).statements if said.speaker == "G"] == ["0", "1"]


async def test_a_finished_run_is_played_no_further(store: Store) -> None:
    scenario = table("A")
    simulation = await played(store, scenario)
    chat = CountingChat()
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario, model=chat)
    assert (await reopened.play()).status == "finished"
    assert chat.places == []


async def test_a_run_that_was_registered_and_never_began_is_found_and_played(store: Store) -> None:
    scenario = consciences()
    expected = await channels(store, await played(store, scenario, name="whole"))
    await begin(store, scenario, name="never-began")
    reopened = await Simulation.reopen(store, "never-began", scenario=scenario)
    assert (await reopened.transcript()).statements == ()
    await reopened.play()
    assert await channels(store, reopened) == expected


PLAY = """
import asyncio
from tests.support.small_scenarios import CREATED, consciences
from converse_graph import NullModel, Simulation, Store

async def main():
    async with Store.open({store!r}, make=True) as store:
        scenario = consciences({order!r})
        model = NullModel(latency={latency})
        if any(run.name == "run" for run in store.register.runs()):
            simulation = await Simulation.reopen(store, "run", scenario=scenario, model=model)
        else:
            simulation = await Simulation.begin(
                store, scenario, seed=3, created=CREATED, model=model, name="run"
            )
        print("playing", flush=True)
        await simulation.play(lambda event: print(event["event"], flush=True))

asyncio.run(main())
"""


def start(store_address: str, *, order: str = "listed", latency: float = 0.02) -> subprocess.Popen[str]:
    """Start a process that plays the run, or goes on with it."""
    script = PLAY.format(store=store_address, order=order, latency=latency)
    return start_python("-c", textwrap.dedent(script), folder=ROOT)


@pytest.mark.parametrize(
    ("order", "lines"),
    [("listed", 6), *(pytest.param(*row, marks=pytest.mark.slow) for row in (("listed", 23), ("simultaneous", 11)))],
)
async def test_killed_at_any_moment_a_run_goes_on_to_the_same_end(store_address: str, order: str, lines: int) -> None:
    with start(store_address, order=order) as running:
        assert running.stdout is not None
        for _ in range(lines):
            running.stdout.readline()
        os.kill(running.pid, signal.SIGKILL)
    async with Store.open(store_address) as store:
        assert store.register.run("run").status == "running"
        assert not store.is_held("run"), "the lock goes with the process"
        scenario = consciences(order)
        before = journal(store, await Simulation.reopen(store, "run", scenario=scenario, model="null"))
        chat = CountingChat()
        reopened = await Simulation.reopen(store, "run", scenario=scenario, model=chat)
        await reopened.play()
        whole = await played(store, scenario, name="whole")
        assert await channels(store, reopened) == await channels(store, whole)
        assert journal(store, reopened) == journal(store, whole)
        assert not {place for place, *_ in before} & {place for place, _ in chat.places}
        assert len(before) + len(chat.places) == len(journal(store, whole))


async def test_a_run_that_one_process_plays_is_held_from_every_other(store_address: str) -> None:
    with start(store_address, latency=30) as running:
        assert running.stdout is not None
        while running.stdout.readline().strip() != "turn":
            pass
        try:
            async with Store.open(store_address) as store:
                assert store.is_held("run")
                other = await Simulation.reopen(store, "run", scenario=consciences(), model=CountingChat())
                with pytest.raises(RunLocked, match="Run 'run' is held by another process"):
                    await other.play()
                assert store.register.run("run").status == "running", "what the holder noted stands"
                await played(store, table("A"), name="beside-it")
        finally:
            running.kill()


async def test_two_tasks_of_one_process_cannot_play_one_run_either(store: Store) -> None:
    waits = asyncio.Event()

    async def hang(request: Any) -> None:
        waits.set()
        await asyncio.Event().wait()

    scenario = table("A")
    simulation = await begin(store, scenario, model=CountingChat(before=hang))
    playing = asyncio.create_task(simulation.play())
    await waits.wait()
    other = await Simulation.reopen(store, simulation.run.name, scenario=scenario, model="null")
    with pytest.raises(RunLocked):
        await other.play()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert (await other.play()).status == "finished"
