"""Fields: each kind says itself what an answer may be, and values are shown in one way."""

import json
import random
from typing import Any, Literal, get_args

import pytest

from converse_graph import Boolean, Choice, Integer, Number, Percentiles, Text, TextList
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.models.null import _fill
from converse_graph.prompting.descriptions import describe_fields
from converse_graph.runs.estimate import _longest
from converse_graph.scenarios.fields import AnyField, _Field, format_value

ALL: list[tuple[Any, str]] = [
    (Text(name="news", ask="?", max_length=80), "at most about 13 words"),
    (
        TextList(name="allies", ask="?", max_items=2, max_length=9),
        "a list of at most 2, each of at most about 2 words; [] for nothing",
    ),
    (Boolean(name="signed", ask="?"), "true or false"),
    (Choice(name="mood", ask="?", options=("calm", "cross")), "one of: calm; cross"),
    (Number(name="share", ask="?", minimum=0, maximum=0.5), "0 to 0.5"),
    (Integer(name="ships", ask="?", minimum=3, maximum=90), "3 to 90"),
    (
        Percentiles(name="year", ask="?", minimum=2024, maximum=2200),
        "its 10th, 50th and 90th percentile as whole numbers p10, p50 and p90, 2024 to 2200",
    ),
]


def test_every_kind_of_field_is_tried_here() -> None:
    assert {type(field) for field, _ in ALL} == set(get_args(AnyField))


@pytest.mark.parametrize(("field", "bounds"), ALL, ids=lambda value: getattr(value, "kind", ""))
def test_a_field_says_what_an_answer_may_be(field: Any, bounds: str) -> None:
    assert describe_fields([field]) == f"- {field.name}: ? ({bounds})"
    optional = field.model_copy(update={"optional": True})
    assert describe_fields([optional]) == f"- {field.name}: ? ({bounds}; null for none)"


@pytest.mark.parametrize("field", [field for field, _ in ALL], ids=lambda field: field.kind)
def test_what_the_null_model_fills_in_fits_and_is_no_longer_than_the_estimate_says(field: Any) -> None:
    form = build_reply_schema("report", [Text(name="statement", ask="?", max_length=40), field])
    for seed in range(30):
        reply = json.dumps(_fill(form.schema, random.Random(seed)))
        values, _ = form.read(reply)
        assert values[field.name] is not None
        assert len(reply) <= _longest(form.schema) + 40


def test_a_kind_that_does_not_say_what_an_answer_may_be_cannot_be_made() -> None:
    class Mute(_Field):
        kind: Literal["mute"] = "mute"

        def _bounded(self) -> Any:
            return str

    with pytest.raises(TypeError, match="_bounds_text"):
        Mute(name="mute", ask="?")  # type: ignore[abstract]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "none"),
        ([], "none"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (0.5, "0.5"),
        ("", ""),
        ("a text", "a text"),
        (["a", "b"], "a, b"),
        ({"p10": 2030, "p50": 2034, "p90": 2041}, "p10 2030, p50 2034, p90 2041"),
        ({"signed": True, "allies": ["a", "b"]}, "signed yes, allies a, b"),
    ],
)
def test_a_value_has_one_form_in_words(value: Any, words: str) -> None:
    assert format_value(value) == words
