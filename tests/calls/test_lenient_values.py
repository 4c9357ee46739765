"""What a reply means is read where it means one thing; what could mean two is refused."""

import json
from typing import Any

import pytest

from converse_graph import Boolean, Choice, Integer, Number, Percentiles, Text, TextList
from converse_graph.calls.lenient_values import plain_words
from converse_graph.calls.reply_schema import build_reply_schema, parse_field
from converse_graph.errors import InvalidReply

STAND = Choice(name="stand", ask="?", options=("push on", "hold", "slow_down"))
PROSE = Text(name="statement", ask="?", max_length=80)
NEWS = Text(name="news", ask="?", max_length=80)
ALLIES = TextList(name="allies", ask="?", max_items=2, max_length=40)
YEAR = Percentiles(name="year", ask="?", minimum=2024, maximum=2200)
SCORE = Integer(name="score", ask="?", minimum=1, maximum=10)


def _optional(field: Any) -> Any:
    return field.model_copy(update={"optional": True})


READ: dict[str, tuple[Any, Any, Any]] = {
    "an option in other case": (STAND, "Push On", "push on"),
    "an option with a full stop": (STAND, "hold.", "hold"),
    "an option in bold": (STAND, "**hold**", "hold"),
    "an option with an article": (STAND, "the slow down", "slow_down"),
    "an option with a remark": (STAND, "push on (upon two conditions)", "push on"),
    "an option with a reason": (STAND, "hold: we have no money", "hold"),
    "an option that says nothing": (
        _optional(Choice(name="c", ask="?", options=("none", "one"))),
        "None.",
        "none",
    ),
    "no option": (_optional(STAND), "n/a", None),
    "no text": (_optional(NEWS), "N/A", None),
    "an empty text": (_optional(NEWS), "", None),
    "a dash": (_optional(NEWS), "—", None),
    "a text that may not be left out": (NEWS, "none", "none"),
    "notes": (NEWS, ["31 hosts", "the medical part stays closed"], "31 hosts; the medical part stays closed"),
    "sentences": (NEWS, ["We wait.", "They pay."], "We wait. They pay."),
    "null for a list": (ALLIES, None, []),
    "a word for a list": (ALLIES, "None", []),
    "a text for a list": (ALLIES, "Norland, by treaty", ["Norland, by treaty"]),
    "lines for a list": (ALLIES, "- Norland\n2. Sudland\n", ["Norland", "Sudland"]),
    "entries that say nothing": (ALLIES, ["Norland", "", None, "none"], ["Norland"]),
    "no list": (_optional(ALLIES), None, None),
    "yes with a full stop": (Boolean(name="signed", ask="?"), "Yes.", True),
    "a score of ten": (SCORE, "3/10", 3),
    "a score of ten in words": (SCORE, "3 out of 10", 3),
    "a number in quotes": (Number(name="share", ask="?", minimum=0, maximum=1), "0.5", 0.5),
    "no score": (_optional(SCORE), "n/a", None),
    "percentiles in a list": (YEAR, [2031, 2044, "2078"], {"p10": 2031, "p50": 2044, "p90": 2078}),
    "percentiles by number": (YEAR, {"10": 2031, "50": 2044, "P90": 2078}, {"p10": 2031, "p50": 2044, "p90": 2078}),
}

REFUSED: dict[str, tuple[Any, Any]] = {
    "two options": (STAND, "hold, or slow down"),
    "an option denied": (STAND, "not hold"),
    "an option in a sentence": (STAND, "we should hold"),
    "a remark that names another": (STAND, "hold (not push on)"),
    "a list of two for one option": (STAND, ["hold", "push on"]),
    "null for a text": (NEWS, None),
    "a table for a text": (NEWS, {"a": 1}),
    "numbers for a list": (ALLIES, [1, 2]),
    "a share of another whole": (SCORE, "3/5"),
    "words for yes": (Boolean(name="signed", ask="?"), "perhaps"),
    "one year for three": (YEAR, 2033),
    "two years for three": (YEAR, [2031, 2044]),
    "three names that are none": (YEAR, {"low": 2031, "mid": 2044, "high": 2078}),
}


@pytest.mark.parametrize(("field", "answer", "value"), READ.values(), ids=READ.keys())
def test_an_answer_with_one_reading_is_read(field: Any, answer: Any, value: Any) -> None:
    form = build_reply_schema("report", (PROSE, field))
    assert form.read(json.dumps({"statement": "x", field.name: answer}))[0][field.name] == value
    assert parse_field(field, answer) == value


@pytest.mark.parametrize(("field", "answer"), REFUSED.values(), ids=REFUSED.keys())
def test_an_answer_with_no_reading_or_two_is_refused(field: Any, answer: Any) -> None:
    form = build_reply_schema("report", (PROSE, field))
    with pytest.raises(InvalidReply, match=field.name):
        form.read(json.dumps({"statement": "x", field.name: answer}))


def test_where_one_choice_is_asked_for_it_may_stand_alone() -> None:
    form = build_reply_schema("line", (NEWS, STAND)).remaining({"news": "We wait."})
    assert form.read("push on")[0] == {"news": "We wait.", "stand": "push on"}
    assert form.mended("push on") == ("no object",)


def test_words_alone_are_no_text_that_was_asked_for() -> None:
    form = build_reply_schema("line", (NEWS,))
    with pytest.raises(InvalidReply, match="there is no JSON object"):
        form.read("I cannot help with that.")


def test_what_is_longer_is_told_of_what_was_read() -> None:
    form = build_reply_schema("report", (ALLIES,))
    assert form.mended(json.dumps({"allies": "Norland, of which there is only one"})) == ()
    assert form.mended(json.dumps({"allies": ["a", "b", "none"]})) == ()
    assert form.mended(json.dumps({"allies": ["a", "b", "c"]})) == ("allies too long",)


def test_plain_words_are_without_what_marks_add() -> None:
    assert plain_words("“Call a strike!”") == plain_words("call_strike") == "call strike"
