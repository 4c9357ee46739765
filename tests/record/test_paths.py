"""The texts that say where a call was made and where a message comes from have one reading each."""

import re
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from converse_graph import Organisation
from converse_graph.errors import InvalidValue
from converse_graph.record.call_paths import (
    CUE,
    VIEW,
    CallPath,
    JudgePath,
    PathStep,
    Provenance,
    Span,
    Task,
    calls_for,
    parse_call_path,
)
from converse_graph.scenarios.value import _IDENTIFIER
from tests.support.small_scenarios import table

MISLEADING = (
    "3.CEO", "0.0", "position.Bob", "ballot.1", "memory.X", "summary.1.0-3", "statement", "line", "embed", "judge.1",
    "sentence", "recalled", "question.q", "part 1 of 2", "A & B", "O'Neil-Smith Co.", "12", "public",
)  # fmt: skip
"""Names that are allowed and look like something else in a path."""

names = st.one_of(st.sampled_from(MISLEADING), st.from_regex(r"[^\W_](?:[\w .'&(),-]{0,58}[^\W_])?", fullmatch=True))
counts = st.integers(0, 10**6)
spans = st.builds(Span, level=counts, first=counts, last=counts)


@st.composite
def turns(draw: Any) -> CallPath:
    path = CallPath.of_turn(draw(counts), draw(counts), draw(names))
    for _ in range(draw(st.integers(0, 3))):
        path = path.inside(draw(st.one_of(counts, st.sampled_from(get_args(PathStep)))), draw(names))
    return path


@st.composite
def call_paths(draw: Any) -> CallPath:
    path, task = draw(turns()), draw(st.sampled_from([None, *get_args(Task)]))
    if task == "summary":
        return path.summary(draw(spans))
    return path.call(task) if task else path


@st.composite
def judge_paths(draw: Any) -> JudgePath:
    part = draw(st.none() | st.integers(1, 99))
    whole = JudgePath(rubric=draw(st.text(min_size=1)), model=draw(st.text(min_size=1)), repeat=draw(counts), part=part,
                      parts=part and part + draw(counts))  # fmt: skip
    if part is None or draw(st.booleans()):
        return JudgePath(**{**vars(whole), "is_summary": True})
    question = draw(st.none() | st.from_regex(_IDENTIFIER, fullmatch=True).filter(lambda name: name != "summary"))
    return JudgePath(**{**vars(whole), "question": question, "party": draw(st.none() | names) if question else None})


@st.composite
def provenances(draw: Any) -> Provenance:
    record = draw(
        st.one_of(
            st.builds(Provenance.of_statement, counts, counts, names),
            st.builds(Provenance.of_mind, call_paths()),
            st.builds(Provenance.of_line, turns(), counts, names),
            st.builds(Provenance.of_reply, st.one_of(call_paths(), judge_paths())),
            st.builds(Provenance.of_event, counts),
            st.builds(Provenance.of_summary, spans),
            st.builds(Provenance.of_template, st.sampled_from(["organisation/statement", "judge", "judge/rules"])),
            st.builds(Provenance.of_note, counts),
            st.sampled_from([VIEW, CUE]),
        )
    )
    record = record.recalled() if draw(st.booleans()) else record
    return record.sentence() if draw(st.booleans()) else record


@given(call_paths())
def test_the_path_of_a_call_is_read_as_it_was_written(path: CallPath) -> None:
    assert CallPath.parse(str(path)) == parse_call_path(str(path)) == path


@given(judge_paths())
def test_the_path_of_a_judge_is_read_as_it_was_written(path: JudgePath) -> None:
    assert JudgePath.parse(str(path)) == parse_call_path(str(path)) == path


@given(provenances())
def test_where_a_message_comes_from_is_read_as_it_was_written(provenance: Provenance) -> None:
    assert Provenance.parse(str(provenance)) == provenance


@given(st.one_of(st.text(), st.from_regex(re.compile(r"[0-9./ a-z%A-Z-]{0,40}"), fullmatch=True)))
def test_what_is_read_at_all_is_written_the_same(text: str) -> None:
    for parse in (parse_call_path, Provenance.parse, Span.parse):
        with suppress(InvalidValue):
            assert str(parse(text)) == text


@given(call_paths(), st.sampled_from(get_args(Task)))
def test_a_pattern_matches_the_calls_for_its_task_and_no_other(path: CallPath, task: Task) -> None:
    assume(path.task is not None)  # only a call has one; other paths may end in a name that looks like it
    matches = str(path).endswith(calls_for(task).removeprefix("%"))
    assert matches == (path.task == task != "summary")


def test_a_path_says_who_reads_and_inside_whom() -> None:
    path = CallPath.parse("12.1/OpenAI/3.CEO/position.3.Optimist/position")

    assert (path.round, path.turn, path.party, path.task) == (12, 1, "OpenAI", "position")
    assert (path.reader, path.owner) == ("OpenAI/CEO/3.Optimist", "OpenAI/CEO")
    assert str(path.holder) == "12.1/OpenAI/3.CEO/position.3.Optimist"
    assert not path.is_public
    assert CallPath.parse("0.3/supervisor/summary.1.0-3").is_public


def test_a_persona_whose_name_looks_like_a_line_keeps_its_summary_to_itself() -> None:
    path = CallPath.of_turn(4, 0, "OpenAI").inside("memory", "3.CEO").summary(Span(level=1, first=0, last=3))

    assert CallPath.parse(str(path)).reader == "OpenAI/3.CEO"


@pytest.mark.parametrize(
    "text",
    ["", "12", "12.0", "12.0/", "x.0/A/line", "012.0/A/line", "1.0/A/CEO/line", "1.0/A/line/line", "1.0//line",
     "1.0/A/summary.1.3", "judge/general/null/1", "judge/general/null/1/part 1", "judge/a/b/x/summary"],
)  # fmt: skip
def test_what_is_no_path_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(repr(text))):
        parse_call_path(text)


@pytest.mark.parametrize("text", ["", "mind", "mind/x", "statement/3/A", "view/x", "event/x", "note/1", "prompt/", "x"])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Provenance.parse(text)


def test_no_party_has_the_name_of_who_judges() -> None:
    with pytest.raises(InvalidValue, match="can be called 'judge'"):
        table(Organisation(name="judge"))
    table(Organisation(name="Judge"))
