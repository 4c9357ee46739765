"""Replies as models write them, and what is read of each."""

import json
import os
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.errors import InvalidReply
from converse_graph.models.reply_reader import (
    KEY_REMOVED_NOTE,
    MAX_REPLY_CHARS,
    find_final_object,
    prepend_thoughts,
    read_reply,
)
from converse_graph.scenarios.fields import Text

NAMES = ("statement", "memo")
SAID = {"statement": "We wait.", "memo": ""}
O = json.dumps(SAID)  # noqa: E741 - the object that is meant, in a table of what stands around it
D = json.dumps({"statement": "SECRET", "memo": "a draft"})

THOUGHTS = {
    "a tag": f"<think>{D}</think>{O}",
    "another": f"<thinking>{D}</thinking>\n{O}",
    "one more": f"<thought>\n{D}\n</thought>\n{O}",
    "with attributes": f'<reasoning effort="high">{D}</reasoning>{O}',
    "in capitals": f"<THINK>{D}</THINK>{O}",
    "opened by the template": f"A first draft: {D} No, too open.\n</think>\n\n{O}",
    "opened by the template, an object first": f"{D}</think>{O}",
    "opened twice": f"<think><think>{D}</think>{O}",
    "one in another": f"<think>a <reasoning>b</reasoning> {D}</think>{O}",
    "closed by another name": f"<think>{D}</thinking>{O}",
    "square brackets": f"[THINK]{D}[/THINK]{O}",
    "diamonds": f"◁think▷{D}◁/think▷{O}",
    "special tokens": f"<|begin_of_thought|>{D}<|end_of_thought|>{O}",
    "special tokens in capitals": f"<|START_THINKING|>{D}<|END_THINKING|>{O}",
    "numbered tokens": f"<unused94>thought\n{D}<unused95>{O}",
    "harmony": f"<|channel|>analysis<|message|>{D}<|end|><|start|>assistant<|channel|>final<|message|>{O}<|return|>",
    "harmony without an end": f"<|channel|>analysis<|message|>{D}<|start|>assistant<|channel|>final<|message|>{O}",
    "harmony with a commentary": (
        f"<|channel|>analysis<|message|>{D}<|end|><|start|>assistant<|channel|>commentary<|message|>{D}<|end|>"
        f"<|start|>assistant<|channel|>final <|constrain|>json<|message|>{O}"
    ),
    "harmony, special tokens dropped": f"analysisWe need an object: {D}assistantfinal{O}",
    "braces in thoughts": f"<think>{{hm {{</think>{O}",
    "apart": prepend_thoughts(f"so {D}", O),
}

ASIDE = {
    "plain": O,
    "a fence": f"```json\n{O}\n```",
    "courtesies": f"Sure! Here {{it}} is:\n{O}\nAnything else? {{x}}",
    "a byte order mark": f"\ufeff{O}",
    "in a list": f"[{O}]",
    "the schema first": json.dumps({"type": "object", "properties": {"statement": {}, "memo": {}}}) + f" so {O}",
    "harmony, a call": f"<|channel|>commentary to=functions.f <|constrain|>json<|message|>{O}<|call|>",
}

MENDED: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "said twice": (O + O, SAID, ("several objects",)),
    "a draft before it": (f"Draft: {D}\nFinal: {O}", SAID, ("several objects",)),
    "a comma too many": ('{"statement": "We wait.", "memo": "",}', SAID, ("trailing comma",)),
    "a raw line break": (
        '{"statement": "We\nwait.", "memo": ""}',
        {"statement": "We\nwait.", "memo": ""},
        ("line break in a string",),
    ),
    "single quotes": (
        "{'statement': 'We don't wait.', 'memo': ''}",
        {"statement": "We don't wait.", "memo": ""},
        ("quotation marks", "quotation marks in a string"),
    ),
    "curly quotes": ("{“statement”: “We wait.”, “memo”: “”}", SAID, ("quotation marks",)),
    "quotes within": (
        '{"statement": "We say "no" to it.", "memo": ""}',
        {"statement": 'We say "no" to it.', "memo": ""},
        ("quotation marks in a string",),
    ),
    "no number": ('{"statement": "x", "memo": NaN}', {"statement": "x", "memo": None}, ("no number",)),
    "words of Python": (
        "{'statement': 'x', 'memo': None}",
        {"statement": "x", "memo": None},
        ("quotation marks", "word of another language"),
    ),
    "bare names": ('{statement: "We wait.", memo: ""}', SAID, ("name without quotation marks",)),
    "comments": ('{"statement": "We wait.", // so\n "memo": "" /* none */}', SAID, ()),
    "an escape that is none": (
        '{"statement": "100 \\$", "memo": ""}',
        {"statement": "100 \\$", "memo": ""},
        ("escape",),
    ),
    "a call in words": (f'<tool_call>{{"name": "f", "arguments": {O}}}</tool_call>', SAID, ("wrapping",)),
    "a call whose arguments are a string": (json.dumps({"name": "f", "arguments": O}), SAID, ("wrapping",)),
    "wrapped in the name of the form": (json.dumps({"answer": SAID}), SAID, ("wrapping",)),
    "names in other case": (json.dumps({"Statement": "We wait.", "MEMO": ""}), SAID, ("spelling of names",)),
    "a name twice": (json.dumps({**SAID, "Memo": "x"}), {**SAID, "Memo": "x"}, ()),
    "a key cut out": (O + KEY_REMOVED_NOTE, SAID, ("key cut out",)),
}

UNREAD = {
    "nothing": "",
    "words": "We would rather not say.",
    "cut in mid-sentence": '{"statement": "We th',
    "thoughts never closed": f"<think>{D} and then we",
    "thoughts never closed, others in them": f"<think>a <reasoning>b</reasoning> {D}",
    "harmony, cut in its analysis": f"<|channel|>analysis<|message|>{D}",
    "harmony, its tokens dropped, cut": f"analysisWe need {D}",
    "all before a closing tag": f"{D}</think>",
    "a value that is missing": '{"statement": "x", "memo": }',
    "a number that is none": '{"statement": "x", "memo": 5%}',
    "two strings for one": '{"statement": "x" "y", "memo": ""}',
    "no object": "[1, 2]",
}


@pytest.mark.parametrize("text", THOUGHTS.values(), ids=THOUGHTS.keys())
def test_thoughts_in_all_their_markings_are_set_aside(text: str) -> None:
    read = read_reply(text, NAMES)
    assert read.values == SAID
    assert "SECRET" not in read.spoken
    assert not read.mended


@pytest.mark.parametrize("text", ASIDE.values(), ids=ASIDE.keys())
def test_what_stands_around_an_object_is_left_aside(text: str) -> None:
    assert (read_reply(text, NAMES).values, read_reply(text, NAMES).mended) == (SAID, ())


@pytest.mark.parametrize(("text", "values", "mended"), MENDED.values(), ids=MENDED.keys())
def test_what_is_mended_is_read_and_named(text: str, values: dict[str, Any], mended: tuple[str, ...]) -> None:
    read = read_reply(text, NAMES)
    assert (read.values, read.mended) == (values, mended)


@pytest.mark.parametrize("text", UNREAD.values(), ids=UNREAD.keys())
def test_what_cannot_be_read_whole_is_not_read(text: str) -> None:
    assert read_reply(text, NAMES).values is None


def test_marks_in_an_object_are_words_of_it() -> None:
    said = {"statement": "The <think> tag and </think>.", "memo": "<|end|>"}
    assert read_reply(json.dumps(said), NAMES).values == said


def test_an_object_is_never_put_together_from_two() -> None:
    assert read_reply(f'{{"statement": "We … {O}', NAMES).values == SAID


def test_only_an_object_at_the_end_of_what_a_server_took_for_thoughts_is_a_reply() -> None:
    assert find_final_object(f"Let me see.\n```json\n{O}\n```\n", NAMES) == O
    assert find_final_object(f"{O} and then we", NAMES) == ""
    assert find_final_object('{"other": 1}', NAMES) == ""


RUNAWAY = {
    "lists": '{"statement": ' + "[" * 3000,
    "objects": '{"a":' * 3000,
    "more objects": '{"a":' * 60_000,
    "opening tags": "<think>" * 16_000,
    "whole tags": "<think></think>" * 16_000,
    "closing tags": "</think>" * 40_000,
    "ten megabytes": "x" * 10_000_000,
    "braces": "{" * MAX_REPLY_CHARS,
    "braces and quotes": '{"' * 150_000,
    "quotes": '{"a": "' + 'x" ' * 100_000,
    "objects in strings": '{"a": "' * 40_000,
    "comments": '{"a":"' + '//"\n' * 70_000,
    "backslashes": '{"a":"' + "\\" * MAX_REPLY_CHARS,
    "blanks": '{"a":' + " " * MAX_REPLY_CHARS,
    "channels": "<|channel|>" * 27_000,
    "a long number": '{"statement": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("text", RUNAWAY.values(), ids=RUNAWAY.keys())
def test_a_model_that_runs_away_is_read_in_time_and_ends_in_a_broken_reply(text: str) -> None:
    form = build_reply_schema(
        "f", [Text(name="statement", ask="?", max_length=40), Text(name="memo", ask="?", max_length=40)]
    )
    began = time.process_time()
    with pytest.raises(InvalidReply):
        form.read(text)
    assert time.process_time() - began < 5


_MARKS = ["<think>", "</think>", "<thinking>", "[THINK]", "[/THINK]", "◁think▷", "<|channel|>analysis<|message|>"]
_MARKS += ["<|channel|>final<|message|>", "<|end|>", "assistantfinal", "```json\n", "```", "{", "}", "[", "]", '"', "'"]
_MARKS += [":", ",", "\\", "\\u", "\ud83d", "//", "/*", "\n", " ", O, D, '{"statement": "', "NaN", "1e9", "“", "”"]
_PIECES = st.lists(st.sampled_from(_MARKS) | st.text(max_size=5), max_size=40).map("".join)


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.text(max_size=6), _VALUES, max_size=4)


@settings(
    max_examples=int(os.environ.get("CONVERSE_FUZZ_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(_PIECES)
def test_whatever_a_model_writes_is_read_or_is_none(text: str) -> None:
    """By hand, for ten minutes or so: CONVERSE_FUZZ_EXAMPLES=500000."""
    read = read_reply(text, NAMES)
    assert read.values is None or isinstance(read.values, dict)
    assert isinstance(json.dumps(read.values), str)
    form = build_reply_schema(
        "f", [Text(name="statement", ask="?", max_length=40), Text(name="memo", ask="?", max_length=40)]
    )
    try:
        values, _ = form.read(text)
    except InvalidReply as broken:
        str(broken).encode()
    else:
        json.dumps(values, ensure_ascii=False).encode()


@settings(max_examples=int(os.environ.get("CONVERSE_FUZZ_EXAMPLES", "150")), deadline=None)
@given(_OBJECTS)
def test_whatever_is_json_is_read_as_it_is(values: dict[str, Any]) -> None:
    assert read_reply(json.dumps(values)).values == values
    assert read_reply(json.dumps(values, ensure_ascii=False), values.keys()).values == values
