"""Dials that are set otherwise in a fork: what comes after follows them, the shared past does not."""

from pathlib import Path
from typing import Any

import pytest

from converse_graph import Simulation, Store, find_scenario
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.runs.derived import fork, inject
from converse_graph.runs.simulation import Origin
from converse_graph.scenarios.rules import ScheduledEvent
from tests.support.small_scenarios import CREATED, begin, channels

pytestmark = pytest.mark.every_store

WEATHER = '''
from converse_graph import Clock, Organisation, Scenario, scenario
from converse_graph.scenarios.rules import ScheduledEvent


@scenario
def weather(kind: str = "rain", start: int = 2026, end: int = 2029, third: bool = False) -> Scenario:
    """Two towns talk about the weather, which comes every year."""
    names = ("North", "South", "East") if third else ("North", "South")
    return Scenario(
        premise="There is weather.",
        clock=Clock(start=start, end=end),
        events=tuple(ScheduledEvent(at=year, text=f"{kind} in {year}") for year in range(start, end + 1)),
        organisations=tuple(Organisation(name=name, brief="a town") for name in names),
    )
'''


@pytest.fixture
async def parent(store: Store, tmp_path: Path) -> Simulation:
    """A run of the weather, with one event more put in from outside."""
    source = tmp_path / "weather.py"
    source.write_text(WEATHER, encoding="utf-8")
    run = await begin(store, find_scenario(str(source))(), origin=Origin(scenario=str(source)), name="parent")
    await inject(store, "parent", ScheduledEvent(at=2029, text="an eclipse"))
    run = await Simulation.reopen(store, "parent")
    await run.play()
    return run


async def forked(store: Store, **asked: Any) -> Simulation:
    made = await fork(store, "parent", created=CREATED, **asked)
    await made.play()
    return made


def texts(run: Simulation) -> list[str]:
    return [event.text for event in run.run.header.events]


async def test_what_a_dial_brings_happens_from_the_fork_on_and_what_was_put_in_stays(
    store: Store, parent: Simulation
) -> None:
    child = await forked(store, at="2028", dials={"kind": "snow"})

    assert sorted(texts(child)) == sorted(
        ["rain in 2026", "rain in 2027", "snow in 2028", "snow in 2029", "an eclipse"]
    )
    told = "\n".join(part.text for call in store.journal(child.run.id).calls() for part in call.messages)
    assert "snow in 2028" in told
    assert "rain in 2028" not in told
    assert texts(parent)[-1] == "an eclipse"


async def test_a_party_that_a_dial_adds_speaks_from_the_fork_on(store: Store, parent: Simulation) -> None:
    child = await forked(store, at="2028", dials={"third": True})

    speakers = [said["speaker"] for said in (await channels(store, child))["transcript"]]
    assert speakers == ["North", "South"] * 2 + ["North", "South", "East"] * 2


async def test_a_dial_that_moves_the_end_of_the_clock_moves_the_horizon(store: Store, parent: Simulation) -> None:
    child = await forked(store, at="2028", dials={"end": 2031})

    assert child.run.horizon == 6
    assert (await forked(store, at="2028", dials={"end": 2031}, until=2028)).run.horizon == 3


async def test_a_dial_that_moves_the_beginning_of_the_clock_is_refused(store: Store, parent: Simulation) -> None:
    with pytest.raises(InvalidValue, match="A fork keeps its parent's clock, from 2026 in steps of a year"):
        await fork(store, "parent", at="2028", dials={"start": 2025}, created=CREATED)


async def test_a_dial_that_is_not_there_is_named(store: Store, parent: Simulation) -> None:
    with pytest.raises(NotFound, match="No dial of weather 'colour'"):
        await fork(store, "parent", at="2028", dials={"colour": "red"}, created=CREATED)
    assert [run.name for run in store.register.runs()] == ["parent"]
