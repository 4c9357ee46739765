import pytest

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.judge.rubric import load_rubric
from converse_graph.record.transcript import Party

CAST = (Party(name="OpenAI", kind="lab"), Party(name="UK", kind="government"))
QUESTION = "questions:\n  - {name: risk, ask: How risky?, anchors: {1: a, 4: b, 7: c, 10: d}}\n"


def test_governments_are_not_scored_as_labs():
    asked = [(question.name, party) for question, party in load_rubric("ai-futures").questions_for(CAST)]
    assert ("lab_safety_risk", "OpenAI") in asked
    assert ("regulation", None) in asked
    assert not [name for name, party in asked if party == "UK"]


def test_the_general_rubric_asks_about_every_party():
    asked = load_rubric("general").questions_for(CAST)
    assert [party for question, party in asked if question.name == "movement"] == ["OpenAI", "UK"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("scale: 1-5\n" + QUESTION, "scale is '1-5'"),
        (QUESTION.replace("7: c, ", ""), "risk has no anchor for 7"),
        (QUESTION.replace("10: d", "10: d, 11: e"), "risk has an anchor for 11"),
        ("questions: []\n", "questions"),
        ("just words\n", "line 1: this is no table of named values"),
        ("questions: [\n", "line 2: the file ends, or a bracket closes, where a value was to come"),
        (QUESTION + "weights: 3\n", "no field 'weights'"),
    ],
)
def test_a_file_that_is_no_rubric_is_refused_in_one_line(tmp_path, text, told):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InvalidValue, match=told) as refused:
        load_rubric(str(path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["nope", "../rubrics/general", "nowhere/mine.yaml"])
def test_a_rubric_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(NotFound, match="ai-futures, general"):
        load_rubric(name)
