"""Dials that a scenario file declares work as those of a function do: set, listed, swept, served, and put on record."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.runs.synchronous_run import run
from converse_graph.scenarios.catalogue import catalogue, find_scenario, reference_to
from converse_graph.scenarios.json_schema import scenario_schema
from converse_graph.scenarios.references import absolute_reference
from converse_graph.scenarios.runtime_config import settings_schema
from converse_graph.scenarios.strict_yaml import read_yaml
from converse_graph.scenarios.yaml_files import load_scenario, read_scenario, write_scenario

FISHING = """version: 1
title: States share a stock
dials:
  - {name: quota, kind: integer, default: 90, minimum: 10, maximum: 500, help: What the stock can lose.}
  - {name: share, kind: number, default: 2, minimum: 0}
  - {name: secret, kind: boolean, default: false}
  - {name: leader, kind: text, default: North}
  - name: treaty
    kind: choice
    options: {none: "", strict: "The law allows $quota, ${leader}ern waters apart."}
    default: none
  - name: within
    kind: choice
    options:
      nobody: null
      cabinet:
        motion: How much of $quota?
        turns: 2
        members: [{name: Minister}, {name: Fleet}]
    default: nobody
  - name: third
    kind: choice
    options: {absent: null, present: {name: Third, brief: "You want $share of it."}}
    default: absent
presets:
  - name: strict-law
    help: With the law.
    set: {treaty: strict, within: cabinet}
premise: The stock can lose $quota. $treaty It costs $$5 or $7, kept secret? $secret.
clock: {end: $quota, step: round}
order: listed
organisations:
  - name: $leader
    deliberation: $within
  - $third
  - name: Last
    fields: [{name: catch, kind: integer, ask: how much of $quota, minimum: 0, maximum: $quota, optional: $secret}]
"""


@pytest.fixture
def fishing(tmp_path: Path) -> Path:
    path = tmp_path / "fishing.yaml"
    path.write_text(FISHING, encoding="utf-8")
    return path


def test_a_dial_stands_in_texts_and_values_by_its_type(fishing: Path) -> None:
    plain = find_scenario(str(fishing))()
    assert plain.premise == "The stock can lose 90. It costs $5 or $7, kept secret? no."
    assert (plain.clock.end, [party.name for party in plain.organisations]) == (90, ["North", "Last"])
    assert plain.organisations[0].deliberation is None

    turned = find_scenario(str(fishing))(
        quota=20, secret=True, leader="West", treaty="strict", within="cabinet", third="present", share=2.5
    )
    assert turned.premise == "The stock can lose 20. The law allows 20, Western waters apart. It costs $5 or $7, " + (
        "kept secret? yes."
    )
    first, third, last = turned.organisations
    assert (first.name, third.brief, turned.clock.end) == ("West", "You want 2.5 of it.", 20)
    assert first.deliberation is not None
    assert first.deliberation.motion == "How much of 20?"
    [field] = last.fields
    assert (vars(field)["maximum"], field.ask, field.optional) == (20, "how much of 20", True)
    assert turned.dials == {
        "quota": 20, "share": 2.5, "secret": True, "leader": "West", "treaty": "strict", "within": "cabinet",
        "third": "present",
    }  # fmt: skip


def test_a_preset_is_found_behind_its_file_and_says_whose_it_is(fishing: Path) -> None:
    preset = find_scenario(f"{fishing}:strict_law")
    assert (preset.name, preset.doc, preset.preset_of) == ("strict-law", "With the law.", "fishing")
    assert preset(quota=30).premise.startswith("The stock can lose 30. The law allows 30, Northern")
    assert absolute_reference(f"{fishing}:strict-law") == reference_to(preset) == f"{fishing.resolve()}:strict-law"
    with pytest.raises(NotFound, match=r"strict-laws'\. Did you mean 'strict-law'"):
        find_scenario(f"{fishing}:strict-laws")


def test_a_file_in_the_folder_of_scenarios_is_had_by_name(fishing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fishing.parent)
    (fishing.parent / "graphs").mkdir()
    fishing.rename(fishing.parent / "graphs" / "fishing.yaml")
    assert {"fishing", "strict-law", "wage-talks"} <= catalogue().keys()
    assert reference_to(find_scenario("strict-law")) == "strict-law"
    assert run("fishing", model="null", dials={"quota": 10}, rounds=1, judge=False).header.dials["quota"] == 10


def test_a_file_whose_name_is_misspelt_is_named(fishing: Path) -> None:
    for name in ("fishng.yaml", "fishing.yml", "fishing.py"):
        with pytest.raises(NotFound, match=r"did you mean 'fishing\.yaml'\?"):
            find_scenario(str(fishing.with_name(name)))


def test_dials_are_the_settings_of_a_served_graph(fishing: Path) -> None:
    function = find_scenario(str(fishing))
    graph = asyncio.run(function.serve({"configurable": {"leader": "West"}}))
    assert "West" in graph.nodes
    with pytest.raises(InvalidValue, match="Dial quota takes whole number 10 to 500, not 5"):
        asyncio.run(function.serve({"configurable": {"quota": 5}}))
    assert settings_schema(function.dials).__annotations__.keys() >= {"quota", "treaty", "seed"}


def test_a_file_with_dials_fits_the_published_schema_and_one_with_a_slip_does_not() -> None:
    validator = Draft202012Validator(scenario_schema())
    validator.validate(read_yaml(FISHING).values)
    for right, wrong in (("kind: integer, d", "kind: int, d"), ("end: $quota", "end: quota"), ("set:", "sets:")):
        assert right in FISHING
        assert not validator.is_valid(read_yaml(FISHING.replace(right, wrong)).values), wrong


def test_what_is_exported_has_the_dials_as_they_were_set_and_its_dollars(fishing: Path) -> None:
    made = find_scenario(str(fishing))(treaty="strict", quota=30)
    changed = {"premise": "$a $$ ${b} $", "dials": {**made.dials, "leader": "$leader and $5"}}
    again = read_scenario(write_scenario(made.model_copy(update=changed)))
    assert again.premise == "$a $$ ${b} $"
    assert (again.dials["leader"], again.dials["quota"], again.clock.end) == ("$leader and $5", 30, 30)
    assert load_scenario(fishing).dials["quota"] == 90


BASE = """version: 1
premise: Take $quota.
clock: {end: 3}
organisations: [{name: A}]
dials:
  - name: quota
    kind: integer
    default: 90
"""
CHOICE = BASE.replace("integer", "choice").replace("90", "low\n    options: [low, high]")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BASE.replace("$quota", "$qouta"), "line 2: no dial 'qouta'; did you mean 'quota'?"),
        (BASE.replace("$quota", "$US"), "line 2: no dial 'US'; there is: quota; a dollar sign before a letter is wri"),
        (BASE.replace("$quota", "the quota"), "line 6: dial quota sets nothing; write $quota where it belongs."),
        (BASE.replace("90", "many"), "line 8: IntegerDial: default is 'many'; it takes a whole number"),
        (BASE + "    maximum: 10\n", "line 8: Dial quota takes whole number of at most 10, not 90: it takes at most"),
        (BASE + "    range: [1, 2]\n", "line 9: IntegerDial: no field 'range'; there is: name, help, kind, default,"),
        (BASE.replace("integer", "int"), "line 7: Dials: dials.0.kind is 'int'; it is one of: text, boolean, number,"),
        (BASE.replace("    kind: integer\n", ""), "line 6: Dials: dials.0: kind is missing; it is one of: text, bool"),
        (BASE.replace("name: quota", "name: Quota"), "line 6: IntegerDial: name is 'Quota': an identifier is a lower"),
        (BASE.replace("name: quota", "name: model"), "no dial can be called model: that is what --model sets"),
        (BASE + "  - {name: quota, kind: text, default: x}\n", "line 6: Dials: two dials are called 'quota'"),
        (BASE.replace("- name: quota\n    kind: integer\n    default:", "quota:"), "line 5: Dials: dials is a table;"),
        (CHOICE.replace("default: low", "default: lwo"), "line 8: Dial quota takes low | high, not 'lwo'"),
        (CHOICE.replace("[low, high]", "[low]"), "line 9: ChoiceDial: options: it takes two words or more"),
        (CHOICE.replace("[low, high]", "[low, 2]"), "line 9: ChoiceDial: options: option 2 is no text; put it in quo"),
        (CHOICE.replace("options", "choices"), "line 9: ChoiceDial: options is missing; no field 'choices'"),
        (CHOICE.replace("[low, high]", "{low: $quota, high: x}"), "line 9: an option may name the dials that stand b"),
        (CHOICE.replace("[low, high]", "{low: [a], high: x}"), "line 2: $quota stands for a list, so it can only be"),
        (BASE.replace("Take $quota.", "$quota"), "line 2: Scenario: premise is 90; it takes a text; $quota stands the"),
        (BASE.replace("integer", "text").replace("end: 3", "end: $quota").replace("90", "x"), "line 3: Clock: end is"),
        (BASE + "presets: [{name: low, set: {qota: 1}}]\n", "line 9: No dial of it 'qota'. Did you mean 'quota'?"),
        (BASE + "presets: [{name: low, set: {quota: few}}]\n", "line 9: Dial quota takes whole number, not 'few'"),
        (BASE + "presets: [{name: Low, set: {}}]\n", "line 9: Preset: name is 'Low': a preset's name is 1 to 60 of a"),
        (BASE + "presets: [{name: it, set: {}}]\n", "line 9: 'it' is what the scenario is called; name the preset"),
        (
            BASE.replace("end: 3", "end: $quota") + "presets: [{name: none, set: {quota: -1}}]\n",
            "line 3: Clock: the clock ends in -1, before it starts in 1; let end >= start, as preset none sets the di",
        ),
    ],
)  # fmt: skip
def test_a_dial_that_cannot_be_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue) as refused:
        find_scenario(str(path))
    assert says in str(refused.value)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"quota": 5}, "Dial quota takes whole number 10 to 500, not 5"),
        ({"third": "presnt"}, "did you mean 'present'?"),
        ({"leader": "Last"}, ", line 33: Scenario: two organisations are called 'Last'"),
        ({"leader": ""}, ", line 33: Organisation: name is '': a name is 1 to 60 letters"),
    ],
)
def test_a_setting_of_which_no_scenario_comes_is_refused(fishing: Path, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        find_scenario(str(fishing))(**settings)
    assert says in str(refused.value)
