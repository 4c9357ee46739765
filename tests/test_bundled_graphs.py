"""Every scenario that comes with the package builds, looks as it did, and plays to its end without a language model."""

from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from converse_graph import Store
from converse_graph.scenarios.catalogue import catalogue
from tests.support.small_scenarios import CREATED, Simulation

NAMES = list(catalogue())
SHORT = ("agi-race", "fishery", "imagined", "wage-talks")
"""Those that are played whole at every call of the tests."""


@pytest.mark.parametrize("name", NAMES)
def test_its_graph_looks_as_it_did(name: str, snapshot: SnapshotAssertion) -> None:
    drawn: Any = catalogue()[name]().graph(compiled=True).get_graph(xray=True)

    assert drawn.draw_mermaid() == snapshot


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
async def test_it_plays_to_its_horizon_on_the_null_model(name: str, tmp_path: Path) -> None:
    scenario = catalogue()[name]()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await Simulation.begin(store, scenario, seed=2, created=CREATED, model="null")
        run = await simulation.play()
        statements = (await simulation.transcript()).statements

    assert run.status == "finished"
    assert all(said.text for said in statements)
    if run.ended == "horizon":
        assert len(statements) == scenario.clock.rounds * len(scenario.organisations)


def test_boardrooms_differs_from_agi_race_in_cast_clock_deliberation_and_fields() -> None:
    race, boards = catalogue()["agi-race"](), catalogue()["boardrooms"]()

    assert [party.name for party in boards.organisations] == [*(p.name for p in race.organisations), "UK Government"]
    assert (race.clock.step, boards.clock.step) == ("half-year", "year")
    assert {party.deliberation for party in race.organisations} == {None}
    assert all(party.deliberation and party.deliberation.kind == "debate" for party in boards.organisations)
    lab, government = boards.organisations[0], boards.organisations[-1]
    assert {field.name for field in lab.fields}.isdisjoint(field.name for field in government.fields)


def test_every_ai_preset_starts_in_2024() -> None:
    made = [function() for function in catalogue().values() if "agi_claimed" in str(function().events)]

    assert made
    assert {scenario.clock.start for scenario in made} == {2024}
