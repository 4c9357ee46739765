"""Settings of models as values: merged, refused, written to a file and back, and read from the command line."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from converse_graph import Clock, Debate, ModelSettings, Organisation, Persona, Scenario
from converse_graph.cli.option_values import read_model_options
from converse_graph.errors import InvalidValue, NotFound
from converse_graph.prompting.templates import load_prompts
from converse_graph.runs.fingerprint import differences, fingerprint
from converse_graph.scenarios.model_settings import UNSET, options_in_words, read_options
from converse_graph.scenarios.speaker_settings import speaker_settings
from converse_graph.scenarios.yaml_files import read_scenario, write_scenario

SETTINGS = some.builds(
    ModelSettings,
    temperature=some.none() | some.floats(0, 2),
    top_p=some.none() | some.floats(0.1, 1),
    max_tokens=some.none() | some.integers(1, 9000),
    thinking=some.sampled_from([None, True, False, "on", "off", "none", "low", "medium", "high"]),
    seed=some.none() | some.booleans(),
    extra_body=some.dictionaries(
        some.sampled_from(["num_ctx", "min_p", "stop"]), some.integers(0, 9) | some.text(max_size=5)
    ),
    context_window=some.none() | some.integers(512, 10**6),
)


def scenario(everybody: ModelSettings, party: ModelSettings, persona: ModelSettings, **more: Any) -> Scenario:
    board = Debate(motion="What?", turns=2, members=(Persona(name="Chief", settings=persona), Persona(name="Deputy")))
    alpha = Organisation(name="St. Alpha & Co.", settings=party, deliberation=board, **more)
    return Scenario(premise="x", clock=Clock(end=1, step="round"), organisations=(alpha,), settings=everybody)


@settings(deadline=None, max_examples=40)
@given(everybody=SETTINGS, party=SETTINGS, persona=SETTINGS, models=some.sampled_from([None, "null", ["a:b", "null"]]))
def test_settings_go_to_a_file_and_back(
    everybody: ModelSettings, party: ModelSettings, persona: ModelSettings, models: Any
) -> None:
    made = scenario(everybody, party, persona, model=models)
    again = read_scenario(write_scenario(made))
    assert again == made
    assert fingerprint(again, load_prompts()) == fingerprint(made, load_prompts())


@settings(deadline=None)
@given(below=SETTINGS, above=SETTINGS)
def test_what_is_set_above_goes_before_what_is_set_below(below: ModelSettings, above: ModelSettings) -> None:
    merged = below.merged(above)
    for name in ModelSettings.model_fields:
        if name != "extra_body":
            own = getattr(above, name)
            assert getattr(merged, name) == (getattr(below, name) if own is None else own)
    assert merged.extra_body == {**below.extra_body, **above.extra_body}
    assert below.merged(UNSET) == below
    assert UNSET.merged(above) == above


CHIEF, ALPHA = "St. Alpha & Co./Chief", "St. Alpha & Co."


@pytest.mark.parametrize(
    ("options", "temperatures"),
    [
        ([], {"": 0.1, ALPHA: 0.2, CHIEF: 0.3}),
        (["temperature=0.9"], {"": 0.9, ALPHA: 0.9, CHIEF: 0.9}),
        (["temperature=0.9", f"{ALPHA}.temperature=0.8"], {"": 0.9, ALPHA: 0.8, CHIEF: 0.8}),
        ([f"{ALPHA}.temperature=0.8", f"{CHIEF}.temperature=0.7"], {"": 0.1, ALPHA: 0.8, CHIEF: 0.7}),
    ],
)
def test_options_go_before_the_scenario_and_the_nearer_before_the_wider(
    options: list[str], temperatures: dict[str, float]
) -> None:
    made = scenario(*(ModelSettings(temperature=number / 10) for number in (1, 2, 3)))
    speakers = speaker_settings(made, read_model_options(options))
    assert {path: speakers.of(path).temperature for path in temperatures} == temperatures
    assert speakers.of("supervisor") == speakers.everybody


@pytest.mark.parametrize(
    ("text", "path", "given"),
    [
        ("temperature=0.7", "", {"temperature": 0.7}),
        (" OpenAI.temperature = 1 ", "OpenAI", {"temperature": 1.0}),
        ("OpenAI/CEO.thinking=low", "OpenAI/CEO", {"thinking": "low"}),
        ("St. John/O'Neil.seed=off", "St. John/O'Neil", {"seed": False}),
        ("thinking=off", "", {"thinking": "none"}),
        ("thinking=true", "", {"thinking": "on"}),
        ("extra_body.num_ctx=8192", "", {"extra_body": {"num_ctx": 8192}}),
        ("extra_body.temperature=1", "", {"extra_body": {"temperature": 1}}),
        ("OpenAI.extra_body.stop=END", "OpenAI", {"extra_body": {"stop": "END"}}),
        ('extra_body={"num_ctx": 8192, "a": [1]}', "", {"extra_body": {"num_ctx": 8192, "a": [1]}}),
        ("context_window=8192", "", {"context_window": 8192}),
    ],
)
def test_an_option_is_read(text: str, path: str, given: dict[str, Any]) -> None:
    assert {at: own.set_values() for at, own in read_model_options([text]).items()} == {path: given}


@pytest.mark.parametrize(
    ("texts", "error", "said"),
    [
        (["temperature"], InvalidValue, "--option takes NAME=VALUE or PARTY.NAME=VALUE, not 'temperature'"),
        (["temp=1"], NotFound, "No setting 'temp'; there is: temperature, top_p, max_tokens"),
        (["OpenAI.temp=1"], NotFound, "No setting 'temp'"),
        (["temperature=hot"], InvalidValue, "temperature is 'hot'; it takes a number"),
        (["temperature=-1"], InvalidValue, "temperature is -1; it takes at least 0"),
        (["temperature=NaN"], InvalidValue, "temperature is nan"),
        (["thinking=much"], InvalidValue, "it takes one of: on; none; low; medium; high"),
        (["max_tokens=0"], InvalidValue, "max_tokens is 0"),
        (["context_window=1"], InvalidValue, "context_window is 1"),
        (["extra_body=5"], InvalidValue, "extra_body is 5"),
        (["top_p=1", "top_p=0.5"], InvalidValue, "Option top_p is given twice"),
        (["extra_body.a=1", "extra_body.a=2"], InvalidValue, "Option extra_body.a is given twice"),
        (["extra_body=5", "extra_body.a=2"], InvalidValue, "Option extra_body.a is given twice"),
    ],
)
def test_an_option_that_is_none_is_refused_in_one_line(texts: list[str], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        read_model_options(texts)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("extra", [{"a": object()}, {"a": float("nan")}, {"a": {1}}])
def test_an_extra_body_is_json(extra: Any) -> None:
    with pytest.raises(InvalidValue, match="extra_body holds a value that JSON has not"):
        ModelSettings(extra_body=extra)


def test_options_are_told_in_words_and_read_as_callers_give_them() -> None:
    options = {
        "": ModelSettings(temperature=0.7, seed=False),
        "A": ModelSettings(thinking="low", extra_body={"k": 9000}),
    }
    assert options_in_words(options) == "temperature 0.7, seed off; A: thinking low, extra_body.k 9,000"
    assert read_options(ModelSettings(top_p=1)) == {"": ModelSettings(top_p=1)}
    assert read_options(None) == {} == read_options(ModelSettings())
    for wrong in (0.7, {"temperature": 0.7}):
        with pytest.raises(InvalidValue, match=r"pass ModelSettings\(temperature=0.7\)"):
            read_options(wrong)


def test_settings_and_options_are_part_of_the_fingerprint_and_their_absence_is_not() -> None:
    prompts, bare = load_prompts(), scenario(UNSET, UNSET, UNSET)
    before = fingerprint(bare, prompts)
    assert not [name for name in before if "settings" in name or name.startswith("option")]
    hot = scenario(ModelSettings(temperature=1), UNSET, ModelSettings(seed=True))
    assert differences(before, fingerprint(hot, prompts)) == [
        "scenario: organisations[St. Alpha & Co.].deliberation.members[Chief].settings.seed",
        "scenario: settings.temperature",
    ]
    options = {"": ModelSettings(extra_body={"k": 1}), ALPHA: ModelSettings(top_p=1)}
    assert differences(before, fingerprint(bare, prompts, options)) == [
        "option: St. Alpha & Co..top_p", "option: extra_body.k",
    ]  # fmt: skip
