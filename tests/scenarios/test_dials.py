"""Dials: read from text, refused with what they take, set by presets."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field as Bound

from converse_graph import Scenario, ScenarioFunction, scenario
from converse_graph.errors import InvalidValue, NotFound
from tests.support.small_scenarios import table


@scenario
def talks(
    labs: Annotated[int, Bound(ge=1, le=6)] = 3,
    share: float = 0.5,
    strict: bool = False,
    mood: Literal["calm", "angry"] = "calm",
    note: str = "none",
    ceiling: int | None = None,
) -> Scenario:
    """Some parties talk.

    Args:
        labs: How many there are,
            at most six.
        mood: How they feel.
    """
    return table(*[f"Lab {number}" for number in range(labs)], premise=f"{share} {strict} {mood} {note} {ceiling}")


@pytest.mark.parametrize(
    ("dial", "given", "read"),
    [
        ("labs", "4", 4),
        ("labs", 4, 4),
        ("share", "0.25", 0.25),
        ("share", "1e-1", 0.1),
        ("strict", "true", True),
        ("strict", "no", False),
        ("strict", "1", True),
        ("mood", "angry", "angry"),
        ("note", "true", "true"),
        ("ceiling", "7", 7),
        ("ceiling", None, None),
    ],
)
def test_a_dial_is_read_from_text_by_its_type(dial: str, given: Any, read: Any) -> None:
    value = talks(**{dial: given}).dials[dial]
    assert (value, type(value)) == (read, type(read))


@pytest.mark.parametrize(
    ("dial", "given", "says"),
    [
        ("labs", "7", "Dial labs takes whole number 1 to 6, not '7'"),
        ("labs", "0", "Dial labs takes whole number 1 to 6, not '0'"),
        ("labs", "three", "Dial labs takes whole number 1 to 6, not 'three'"),
        ("labs", "2.5", "Dial labs takes whole number 1 to 6, not '2.5'"),
        ("labs", "", "Dial labs takes whole number 1 to 6, not ''"),
        ("share", "nan", "Dial share takes number, not 'nan'"),
        ("share", "many", "Dial share takes number, not 'many'."),
        ("share", "inf", "Dial share takes number, not 'inf'"),
        ("strict", "maybe", "Dial strict takes true or false, not 'maybe'"),
        ("mood", "Calm", "Dial mood takes calm | angry, not 'Calm'"),
    ],
)
def test_a_setting_that_a_dial_does_not_take_is_refused_in_one_line(dial: str, given: str, says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        talks(**{dial: given})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_dial_is_refused_with_those_that_exist() -> None:
    with pytest.raises(
        NotFound,
        match=r"No dial of talks 'lab'. Did you mean 'labs'\? There is: labs, share, strict, mood, note, ceiling",
    ):
        talks(lab=2)
    with pytest.raises(NotFound, match="No dial of talks 'lab'"):
        talks.preset("many", "Many.", lab=2)


def test_a_preset_is_the_same_scenario_with_other_defaults_that_can_still_be_set() -> None:
    angry = talks.preset("angry-talks", "They are angry.", mood="angry", labs="5")
    assert (angry.name, angry.preset_of) == ("angry-talks", "talks")
    assert angry().dials == {**talks().dials, "mood": "angry", "labs": 5}
    assert len(angry(labs=2).organisations) == 2
    assert angry().name == "angry-talks"
    assert talks().dials["mood"] == "calm", "a preset changes nothing of what it is made from"


def test_a_preset_with_a_wrong_setting_is_refused_when_it_is_made() -> None:
    with pytest.raises(InvalidValue, match="Dial labs takes whole number 1 to 6"):
        talks.preset("too-many", "Too many.", labs=9)


def test_the_docstring_is_the_help_of_scenario_and_dials() -> None:
    helps = {dial.name: dial.doc for dial in talks.dials}
    assert talks.doc == "Some parties talk."
    assert helps["labs"] == "How many there are, at most six."
    assert (helps["mood"], helps["share"]) == ("How they feel.", "")


def test_a_parameter_without_type_or_default_is_refused() -> None:
    def untyped(labs=3) -> Scenario:  # type: ignore[no-untyped-def]
        return table("A")

    def without_default(labs: int) -> Scenario:
        return table("A")

    for function in (untyped, without_default):
        with pytest.raises(InvalidValue, match=r"Dial 'labs' of .* needs a type and a default"):
            scenario(function)


def test_a_scenario_function_is_named_as_on_the_command_line() -> None:
    def wage_talks_two() -> Scenario:
        """Two."""
        return table("A")

    made = scenario(wage_talks_two)
    assert isinstance(made, ScenarioFunction)
    assert (made.name, made().name, made().title) == ("wage-talks-two", "wage-talks-two", "Two.")
