"""Forms: the schema that a model is held to, and what is made of its reply."""

import json
from typing import Any

import pytest

from converse_graph import Boolean, Choice, Integer, Number, Percentiles, Text, TextList
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.errors import InvalidReply

PROSE = Text(name="statement", ask="say", max_length=40)
FORM = build_reply_schema(
    "statement",
    [
        PROSE,
        TextList(name="wins", ask="?", max_items=2, max_length=5),
        Boolean(name="done", ask="?"),
        Choice(name="mood", ask="?", options=("calm", "angry"), optional=True),
        Number(name="share", ask="?", minimum=0, maximum=1),
        Integer(name="week", ask="?", minimum=1, maximum=52),
        Percentiles(name="year", ask="?", minimum=2024, maximum=2200),
        Percentiles(name="other_year", ask="?", minimum=2024, maximum=2200, optional=True),
    ],
)
GOOD: dict[str, Any] = {
    "statement": "We go on.",
    "wins": ["a"],
    "done": False,
    "mood": None,
    "share": 0.5,
    "week": 7,
    "year": {"p10": 2030, "p50": 2040, "p90": 2050},
    "other_year": None,
}


def read(**changed: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    return FORM.read(json.dumps({**GOOD, **changed}))


def _walk(schema: Any) -> Any:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from _walk(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _walk(inner)


def test_the_schema_is_in_the_strict_form_of_the_big_hosts() -> None:
    assert FORM.schema["title"] == "statement"
    assert next(iter(FORM.schema["properties"])) == "statement", "prose first, so that it can be shown as it comes"
    for part in _walk(FORM.schema):
        assert not {"$ref", "$defs", "default"} & set(part)
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])


def test_a_good_reply_is_read_to_plain_values() -> None:
    assert read() == (GOOD, ())
    assert json.loads(json.dumps(read()[0])) == GOOD


@pytest.mark.parametrize("wrapped", ["```json\n{}\n```", "Of course! {} Anything else?", "\ufeff{}\n"])
def test_a_reply_in_a_fence_or_in_courtesies_is_read(wrapped: str) -> None:
    assert FORM.read(wrapped.replace("{}", json.dumps(GOOD)))[0] == GOOD


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"statement": " \n "}, "statement is empty; write it"),
        ({"statement": "x" * 201}, "statement is far too long; it takes at most about 6 words"),
        ({"statement": 3}, "statement is 3"),
        ({"wins": ["a"] * 11}, "wins is far too long; it takes a list of at most 2"),
        ({"wins": ["a" * 26]}, "wins.0 is far too long"),
        ({"wins": 3}, "wins is 3; it takes a list"),
        ({"mood": "glad"}, "it takes one of: calm; angry"),
        ({"share": 1.01}, "share is 1.01; it takes at most 1"),
        ({"share": float("nan")}, "share"),
        ({"share": float("inf")}, "share"),
        ({"week": 0}, "week is 0; it takes at least 1"),
        ({"week": 1.5}, "week is 1.5"),
        ({"year": None}, "year"),
        ({"year": {"p10": 2030, "p50": 2040}}, "year.p90 is missing"),
        ({"year": {"p10": 1000, "p50": 2040, "p90": 2050}}, "year.p10 is 1000"),
    ],
)
def test_a_reply_that_does_not_fit_says_where_and_why_in_one_line(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidReply) as broken:
        read(**changed)
    assert says in str(broken.value)
    assert "\n" not in str(broken.value)


TOLERATED: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"statement": "x" * 200}, {"statement": "x" * 200}, ("statement too long",)),
    ({"wins": ["a", "b", "c"]}, {"wins": ["a", "b", "c"]}, ("wins too long",)),
    ({"wins": ["abcdef"]}, {"wins": ["abcdef"]}, ("wins too long",)),
    ({"wins": None}, {"wins": []}, ()),
    ({"share": "0.25", "week": "7"}, {"share": 0.25, "week": 7}, ()),
    ({"mood": "Calm "}, {"mood": "calm"}, ()),
    ({"mood": "None.", "wins": "none"}, {"mood": None, "wins": []}, ()),
    ({"extra": 1}, {}, ("unknown field",)),
    ({"year": {"p10": 2030, "p50": 2040, "p90": 2050, "p99": 1}}, {}, ()),
]
"""What strong models do that costs no call: what is sent, what goes on record of it, and what is counted."""


@pytest.mark.parametrize(("changed", "kept", "counted"), TOLERATED)
def test_what_is_only_longer_or_more_than_asked_is_kept_whole_and_counted(
    changed: dict[str, Any], kept: dict[str, Any], counted: tuple[str, ...]
) -> None:
    expected = {**GOOD, **kept}
    if "year" in changed:
        expected["year"] = {"p10": 2030, "p50": 2040, "p90": 2050}
    assert read(**changed) == (expected, ())
    assert FORM.mended(json.dumps({**GOOD, **changed})) == counted


@pytest.mark.parametrize(
    "text", ["", "no", "{", "}{", "[1]", "null", '{"statement": "cut of', '{"statement": "\\ud800"}']
)
def test_what_is_no_whole_object_is_broken(text: str) -> None:
    with pytest.raises(InvalidReply):
        FORM.read(text)


def test_percentiles_out_of_order_are_sorted_and_named() -> None:
    values, counted = read(
        year={"p10": 2050, "p50": 2030, "p90": 2040}, other_year={"p10": 2030, "p50": 2030, "p90": 2031}
    )
    assert values["year"] == {"p10": 2030, "p50": 2040, "p90": 2050}
    assert counted == ("year",)


def test_what_goes_on_record_of_a_broken_reply_quotes_neither_the_reply_nor_what_was_on_offer() -> None:
    form = build_reply_schema("f", [PROSE, Choice(name="position", ask="?", options=("SECRET one", "SECRET two"))])
    for reply in (
        {"statement": "x", "position": "SECRET three"},
        {"statement": "x", "position": {"SECRET six": 1}},
        {"statement": "SECRET" * 80, "position": "SECRET one"},
    ):
        with pytest.raises(InvalidReply) as broken:
            form.read(json.dumps(reply))
        assert "SECRET" not in broken.value.for_record
        assert broken.value.for_record


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", ["model_dump", "model_config", "schema", "json", "copy", "model_name", "dict", "fields"]
)
def test_a_field_may_have_any_name_that_is_an_identifier(name: str) -> None:
    form = build_reply_schema("f", [PROSE, Integer(name=name, ask="?", minimum=0, maximum=9)])
    values, _ = form.read(json.dumps({"statement": "x", name: 4}))
    assert values == {"statement": "x", name: 4}
    assert list(form.schema["properties"]) == ["statement", name]


def test_the_word_none_is_an_option_where_it_is_one_of_them() -> None:
    form = build_reply_schema("f", [PROSE, Choice(name="guard", ask="?", options=("none", "two"), optional=True)])

    assert form.read('{"statement": "We watch.", "guard": "None"}')[0]["guard"] == "none"
