"""What a resume must match: a change of scenario, prompts or party is noticed, by the name of what changed."""

from typing import Any

import pytest

from converse_graph import Boolean, Clock, Event, Organisation, Persona, Scenario, Store, find_scenario
from converse_graph.errors import ConverseError, InvalidValue, NotFound, ProviderUnreachable, ScenarioChanged
from converse_graph.prompting.templates import Prompts, Template, load_prompts
from converse_graph.runs.fingerprint import differences, fingerprint
from converse_graph.runs.simulation import Origin, Simulation
from tests.support.small_scenarios import CountingChat, begin, consciences, debate, table


def changed(scenario: Scenario, **changes: Any) -> list[str]:
    prompts = load_prompts()
    return differences(fingerprint(scenario, prompts), fingerprint(scenario.model_copy(update=changes), prompts))


def test_the_horizon_and_names_for_readers_are_no_change() -> None:
    scenario = consciences()
    assert changed(scenario, clock=Clock(end=99, step="round"), title="t", name="n", dials={"a": 1}) == []


def test_every_other_change_is_named_where_it_was_made() -> None:
    scenario = table(
        Organisation(name="A", deliberation=debate("One", "Two"), fields=[Boolean(name="done", ask="?")]), "B"
    )
    party = scenario.organisations[0]
    board = party.deliberation
    assert board is not None
    members = (Persona(name="One", aim="another aim"), board.members[1])
    deeper = party.model_copy(update={"deliberation": board.model_copy(update={"members": members})})
    second = scenario.organisations[1]
    assert changed(scenario, premise="Other.") == ["scenario: premise"]
    assert changed(scenario, order="shuffled") == ["scenario: order"]
    assert changed(scenario, clock=Clock(start=2, end=3, step="round")) == ["scenario: clock.start"]
    assert changed(scenario, organisations=(second, party)) == ["scenario: organisations (names)"]
    assert changed(scenario, organisations=(deeper, second)) == [
        "scenario: organisations[A].deliberation.members[One].aim"
    ]
    event = Event(name="settled", field="done")
    assert any("events" in name for name in changed(scenario, events=(event,)))
    renamed = second.model_copy(update={"name": "C"})
    assert "scenario: organisations (names)" in changed(scenario, organisations=(party, renamed))


async def test_a_run_whose_scenario_has_changed_is_refused_by_the_name_of_what_changed(store: Store) -> None:
    simulation = await begin(store, table("A", "B"))
    name = simulation.run.name
    with pytest.raises(ScenarioChanged, match=r"began with something else: scenario: premise\. Put it back"):
        await Simulation.reopen(store, name, scenario=table("A", "B", premise="Other."), model="null")
    with pytest.raises(ScenarioChanged, match=r"organisations \(names\)"):
        await Simulation.reopen(store, name, scenario=table("A", "C"), model="null")
    reopened = await Simulation.reopen(store, name, scenario=table("A", "B", rounds=9), model="null")
    assert (await reopened.play()).status == "finished"


def test_a_changed_prompt_is_named() -> None:
    templates = dict(load_prompts().templates)
    old = templates["any/repair", "large"]
    templates["any/repair", "large"] = Template(task=old.task, variables=old.variables, text=old.text + " Please.")
    before, now = (fingerprint(table("A"), prompts) for prompts in (load_prompts(), Prompts(templates)))
    assert differences(before, now) == ["prompt: any/repair (large)"]


async def test_a_run_made_in_python_says_that_it_must_be_reopened_there(store: Store) -> None:
    simulation = await begin(store, table("A"))
    with pytest.raises(InvalidValue, match="was begun in Python with a scenario of its own; reopen it there"):
        await Simulation.reopen(store, simulation.run.name)
    with pytest.raises(NotFound, match="No run 'other'"):
        await Simulation.reopen(store, "other")


async def test_a_run_of_a_scenario_function_is_made_again_from_its_dials(store: Store) -> None:
    scenario = find_scenario("wage-talks")(inflation=0.08, rounds=2)
    simulation = await begin(store, scenario, origin=Origin(scenario="wage-talks"))
    reopened = await Simulation.reopen(store, simulation.run.name)
    assert reopened.scenario == scenario
    assert reopened.chats.default_name == "null"
    assert (await reopened.play()).statements == 4


async def test_a_renamed_party_does_not_end_a_paused_run_in_silence(store: Store) -> None:
    scenario = table("A", "B")
    simulation = await begin(store, scenario, model=CountingChat(stop_at=2))
    with pytest.raises(ProviderUnreachable):
        await simulation.play()
    renamed = table("A", "Renamed")
    with pytest.raises(ScenarioChanged):
        await Simulation.reopen(store, simulation.run.name, scenario=renamed, model="null")
    forced = Simulation(store=store, run=simulation.run, scenario=renamed, chats=simulation.chats)
    with pytest.raises(ConverseError, match="stopped without an end; its graph has changed"):
        await forced.play()
    assert store.register.run(simulation.run.name).status == "failed"
