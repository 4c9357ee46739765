"""Any scenario without code comes back from its file as it was; one with code is refused by the part that is code."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from jsonschema import Draft202012Validator

from converse_graph import (
    Debate,
    ImaginedDebate,
    Memory,
    Motion,
    NullModel,
    Organisation,
    Persona,
    Recall,
    Scenario,
    StopWhen,
)
from converse_graph.errors import InvalidValue
from converse_graph.models.embedders import HashingEmbedder
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.scenarios.json_schema import scenario_schema
from converse_graph.scenarios.model_settings import ModelSettings
from converse_graph.scenarios.strict_yaml import read_yaml, write_yaml
from converse_graph.scenarios.value import FrozenModel
from converse_graph.scenarios.yaml_files import load_scenario, read_scenario, write_scenario
from tests.support.property_search import example_count
from tests.support.random_scenarios import PLAIN, PROSE, scenarios
from tests.support.small_scenarios import debate, table

SCHEMA = Draft202012Validator(scenario_schema())


@given(scenarios())
@settings(max_examples=example_count(40), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_scenario_without_code_comes_back_from_its_file_equal_and_fits_the_schema(made: Scenario) -> None:
    text = write_scenario(made)
    assert read_scenario(text) == made
    SCHEMA.validate(read_yaml(text).values)


MEMBERS = (Persona(name="One"), Persona(name="Two"))
WITHIN = ImaginedDebate(motion="Who speaks?", members=MEMBERS, turns=2)
SETTINGS: dict[type[FrozenModel], dict[str, Any]] = {
    Debate: {
        "motion": "Do we go?", "members": (Persona(name="Three"), *MEMBERS), "turns": 7, "options": ("go", "stay"),
        "private_positions": True, "ballot": "secret", "justify_changes": True, "dissenter": True,
        "minutes": False,
    },
    ImaginedDebate: {
        "motion": "Do we go?", "members": (*MEMBERS, Persona(name="Three")), "turns": 7, "options": ("x", "y"),
    },
    Persona: {
        "name": "Chief", "role": "decides", "temperament": "calm", "aim": "peace", "examples": ("Well, no.",),
        "deliberation": WITHIN, "model": "openai:gpt-4.1", "settings": ModelSettings(temperature=0.3),
    },
    Motion: {
        "question": "Do we stop?", "options": ("stop", "go on"), "party_kind": "party", "private_positions": True,
        "ballot": "secret", "justify_changes": True, "dissenter": True,
    },
}  # fmt: skip
"""A value other than the default for each setting of those who settle a question."""

LEAST: dict[type[FrozenModel], dict[str, Any]] = {
    Debate: {"motion": "?", "members": MEMBERS, "turns": 3},
    ImaginedDebate: {"motion": "?", "members": MEMBERS, "turns": 3},
    Persona: {"name": "Left"},
    Motion: {"question": "?", "options": ("yes", "no")},
}


def _holding(spec: Any) -> Scenario:
    """A scenario with this debate, imagined talk, persona or motion in it."""
    match spec:
        case Motion():
            return table("A", motion=spec)
        case Persona():
            return _holding(Debate(motion="?", members=(spec, Persona(name="Right")), turns=2))
    return table(Organisation(name="A", deliberation=spec))


def _told_in(spec: Any, written: dict[str, Any]) -> Any:
    """The same part of a scenario as its file has it."""
    match spec:
        case Motion():
            return written["motion"]
        case Persona():
            return written["organisations"][0]["deliberation"]["members"][0]
    return written["organisations"][0]["deliberation"]


@pytest.mark.parametrize(("kind", "setting"), [(kind, name) for kind, named in SETTINGS.items() for name in named])
def test_each_setting_of_a_debate_a_motion_and_a_persona_survives_both_ways_and_is_in_the_schema(
    kind: type[FrozenModel], setting: str
) -> None:
    spec = kind(**{**LEAST[kind], setting: SETTINGS[kind][setting]})
    made = _holding(spec)
    text = write_scenario(made)
    written = read_yaml(text).values
    assert read_scenario(text) == made
    assert setting in _told_in(spec, written), "it is no default, so it is written"
    assert _told_in(spec, written)[setting] != _told_in(spec, _plainest(kind)).get(setting)
    assert "description" in SCHEMA.schema["$defs"][kind.__name__]["properties"][setting]
    SCHEMA.validate(written)


def _plainest(kind: type[FrozenModel]) -> dict[str, Any]:
    return dict(read_yaml(write_scenario(_holding(kind(**LEAST[kind])))).values)


@pytest.mark.parametrize("kind", SETTINGS)
def test_no_setting_is_left_out_above_and_one_that_does_not_exist_is_refused(kind: type[FrozenModel]) -> None:
    assert SETTINGS[kind].keys() == kind.model_fields.keys() - {"kind", "graph"}
    text = write_scenario(_holding(kind(**LEAST[kind])))
    named = {Debate: "turns: 3", ImaginedDebate: "turns: 3", Persona: "name: Left", Motion: 'question: "?"'}[kind]
    assert text.count(named) == 1, text
    indent = " " * (text[: text.index(named)][::-1].index("\n"))
    with pytest.raises(InvalidValue, match="surprise"):
        read_scenario(text.replace(named, f"{named}\n{indent}surprise: 1"))


@given(some.dictionaries(PROSE, PLAIN, max_size=4))
@example({"a:b": None, "c": {"x:#y": None}, "d": "one #two"})
@settings(max_examples=example_count(200), deadline=None)
def test_any_table_of_plain_values_is_read_as_it_was_written(values: dict[str, Any]) -> None:
    if "<<" in values:
        return
    again = read_yaml(write_yaml(values) if values else "{}").values
    assert repr(again) == repr(values)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_bundled_scenario_is_a_file_without_loss(name: str, tmp_path: Path) -> None:
    made = catalogue()[name]()
    path = tmp_path / "it.yaml"
    path.write_text(write_scenario(made), encoding="utf-8")
    assert load_scenario(path) == made


@pytest.mark.parametrize(
    ("made", "part"),
    [
        (lambda: table("A", stop=[StopWhen(predicate=bool)]), r"stop\[0\] is a When rule"),
        (lambda: table(Organisation(name="A", graph=print)), r"organisations\[A\].graph is a graph of its own"),
        (lambda: table(Organisation(name="A", model=NullModel())), r"organisations\[A\].model is a model object"),
        (lambda: table("A", moderator_model=NullModel()), "moderator_model is a model object"),
        (
            lambda: table("A", memory=Memory(recall=Recall(embedder=HashingEmbedder()))),
            "embedder is an embedder object",
        ),
        (
            lambda: table(Organisation(name="A", deliberation=_with_graph())),
            r"organisations\[A\].deliberation.members\[X\].graph is a graph",
        ),
        (lambda: table("A", dials={"span": (1, 2)}), "dials holds values that JSON has not"),
        (lambda: table("A", dials={"span": {1, 2}}), "a set cannot be written"),
    ],
)
def test_what_is_code_in_a_scenario_is_named_when_it_cannot_be_written(made: Any, part: str) -> None:
    with pytest.raises(InvalidValue, match=part):
        write_scenario(made())


def _with_graph() -> Any:
    return debate("Y", "Z").model_copy(update={"members": (Persona(name="X", graph=print), Persona(name="Y"))})


def test_the_schema_is_a_schema_with_a_version_and_says_what_each_property_is_for() -> None:
    schema = SCHEMA.schema
    SCHEMA.check_schema(schema)
    assert schema["$id"] == "urn:converse-graph:scenario:1"
    assert "graph" not in schema["$defs"]["Persona"]["properties"]
    assert "StopWhen" not in json.dumps(schema)
    assert schema["properties"]["premise"]["description"] == "What every party knows from the start."
    assert "description" in schema["$defs"]["Debate"]["properties"]["turns"]
