"""What is shown of a reply while it is written."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converse_graph.calls.streamed_prose import ProseReader

PROSE = 'We say "yes",\nand 😀 all.'
OBJECT = json.dumps({"statement": PROSE, "memo": "MINE"})
DRAFT = json.dumps({"statement": "SECRET", "memo": ""})


def shown(pieces: list[str]) -> str:
    told: list[str] = []
    reader = ProseReader(told.append, name="statement")
    for piece in pieces:
        reader(piece)
    "".join(told).encode()
    return "".join(told)


SHOWN = {
    "an object": OBJECT,
    "written as it is": json.dumps({"statement": PROSE}, ensure_ascii=False),
    "a fence": f"```json\n{OBJECT}\n```",
    "thoughts": f"<think>{DRAFT}</think>\n{OBJECT}",
    "harmony": f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{OBJECT}",
    "brackets": f"[THINK]{DRAFT}[/THINK]{OBJECT}",
}
HIDDEN = {
    "thoughts that a template began": f"A draft: {DRAFT} no.</think>{OBJECT}",
    "thoughts without an end": f"<think>{DRAFT}",
    "bare harmony": f"analysisWe need {DRAFT}assistantfinal{OBJECT}",
    "a note first": json.dumps({"memo": "MINE", "statement": PROSE}),
    "no object": "[1, 2]",
}


@pytest.mark.parametrize("text", SHOWN.values(), ids=SHOWN.keys())
@given(cuts=st.sets(st.integers(0, 200), max_size=12))
def test_the_prose_is_shown_however_it_is_cut(text: str, cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    assert shown([text[start:end] for start, end in pairwise(edges)]) == PROSE


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_nothing_is_shown_that_may_be_thought_or_is_private(text: str) -> None:
    assert shown(list(text)) == ""
    assert shown([text]) == ""


def test_half_a_character_waits_for_the_other_and_never_comes_alone() -> None:
    assert shown(['{"statement": "a \ud83d', '\ude00 b"}']) == "a 😀 b"
    assert shown(['{"statement": "a \ud83d', ' b"}']) == "a \ufffd b"


def test_a_reply_that_begins_again_is_shown_again() -> None:
    told: list[str] = []
    reader = ProseReader(told.append)
    reader('{"statement": "We')
    reader.restart()
    reader('{"statement": "They"}')
    assert told == ["We", "They"]
