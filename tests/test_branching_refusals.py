"""Forks, extensions and events that cannot be."""

from typing import Any

import pytest

from converse_graph import Store
from converse_graph.errors import InvalidValue, NotFound, RunLocked
from converse_graph.runs.derived import extend, fork, inject
from converse_graph.scenarios.rules import ScheduledEvent
from tests.support.small_scenarios import CREATED, begin, played, table

pytestmark = pytest.mark.every_store


async def test_a_run_that_is_held_takes_no_event_and_no_horizon(store: Store) -> None:
    scenario = table("Alpha", "Beta")
    run = await played(store, scenario)
    with store.hold(run.run.name):
        with pytest.raises(RunLocked):
            await extend(store, run.run.name, rounds=5, scenario=scenario)
        with pytest.raises(RunLocked):
            await inject(store, run.run.name, ScheduledEvent(at="round 5", text="Rain."), scenario=scenario)
    assert store.register.run(run.run.name) == run.run


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a turn that the run has not come to": ({"at": "round 9"}, "has come to round 3"),
    "a period that the clock has not": ({"at": "soon"}, "No period 'soon'"),
    "a party that is not there": ({"at": "round 1:Omega"}, "No organisation 'Omega'; there is: Alpha, Beta"),
    "a party that has not spoken yet": ({"at": "round 3:Beta", "say": "No."}, "has not spoken in round 3"),
    "words without a mouth": ({"at": "round 1", "say": "No."}, "Words need a mouth"),
    "a mouth without words": ({"at": "round 1:Beta", "say": " "}, "No words"),
    "fields without words": ({"at": "round 1:Beta", "fields": {"week": 3}}, "give --say too"),
    "a field that is not there": ({"at": "round 1:Beta", "say": "No.", "fields": {"day": 1}}, "No field of Beta 'day'"),
    "a horizon before the fork": ({"at": "round 2", "rounds": 1}, "has its horizon before it"),
    "a fork at the end with nothing after": ({"at": "round 3"}, "has its horizon before it"),
    "a name that is taken": ({"at": "round 1", "new_name": "table"}, "There is a run 'table' already"),
}


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_a_fork_that_cannot_be_is_refused_and_nothing_is_written(store: Store, order: str) -> None:
    scenario = table("Alpha", "Beta", order=order)
    await played(store, scenario, name="table")
    for case, (asked, told) in REFUSED.items():
        with pytest.raises((InvalidValue, NotFound)) as refused:
            await fork(store, "table", created=CREATED, scenario=scenario, **asked)
        assert told in str(refused.value), case
    assert [run.name for run in store.register.runs()] == ["table"]


async def test_an_extension_that_is_none_is_refused(store: Store) -> None:
    scenario = table("Alpha", "Beta", rounds=3)
    await played(store, scenario, name="done")
    await begin(store, scenario, name="begun")
    for name, asked, told in (
        ("done", {"rounds": 2}, "has come to the end of round 3"),
        ("done", {"until": 3}, "has come to the end of round 3"),
        ("done", {}, "Say how far"),
        ("begun", {"rounds": 3}, "plays to round 3 anyway"),
    ):
        before = store.register.run(name)
        with pytest.raises(InvalidValue, match=told):
            await extend(store, name, scenario=scenario, **asked)
        assert store.register.run(name) == before
