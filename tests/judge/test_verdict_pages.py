import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converse_graph.errors import InvalidValue
from converse_graph.export.formats import as_json, from_json
from converse_graph.export.markdown import render_markdown
from converse_graph.export.schemas import show_schema
from converse_graph.record.transcript import Transcript
from converse_graph.record.verdict import Score, Verdict
from tests.support.markdown_reader import read_markdown
from tests.support.property_search import example_count
from tests.support.random_transcripts import texts
from tests.support.sample_transcripts import SMALL

_scores = st.builds(
    Score,
    question=st.sampled_from(["risk", "safety_risk", "a__b", "c_"]),
    party=st.none() | texts,
    score=st.none() | st.integers(1, 10),
    reason=texts,
    quotation=texts,
    source=st.none() | texts,
    problem=st.none() | texts,
)
_verdicts = st.builds(
    Verdict, rubric=texts, model=texts, repeat=st.integers(1, 9), statements=st.integers(0, 99),
    parts=st.integers(1, 9), summary=texts, problem=st.none() | texts,
    scores=st.lists(_scores, max_size=3).map(tuple),
)  # fmt: skip
GOOD = Verdict(
    rubric="general", model="null", statements=3, summary="It held.",
    scores=(Score(question="risk", score=7, reason="r", quotation="That is final", source="2026 H1, Employer"),
            Score(question="risk", party="Union", score=2, reason="r", quotation="never said")),
)  # fmt: skip


def judged(*verdicts: Verdict) -> Transcript:
    return SMALL.model_copy(update={"verdicts": verdicts})


@settings(max_examples=example_count(100), deadline=None)
@given(st.lists(_verdicts, max_size=2))
def test_any_verdicts_read_back_exactly(verdicts):
    transcript = judged(*verdicts)
    assert read_markdown(render_markdown(transcript)) == transcript
    assert from_json(as_json(transcript, raw=True)) == transcript


def test_a_verdict_stands_above_the_statements_and_marks_what_is_unverified():
    by_reader = render_markdown(judged(GOOD.model_copy(update={"model": "reader-1"})))
    assert by_reader.index("### Verdict") < by_reader.index("## 2026")
    page = render_markdown(judged(GOOD))
    assert page.index("## 2026") < page.index("### Verdict"), "what no model judged stands below"
    assert "<summary><b>7</b> · risk</summary>" in page
    assert "<summary><b>2</b> · risk · Union · ⚠ unverified</summary>" in page
    assert "**No language model judged.**" in page


def test_json_says_of_each_score_whether_it_is_verified():
    shown = as_json(judged(GOOD).public())
    jsonschema.validate(shown, show_schema())
    assert [score["verified"] for score in shown["verdicts"][0]["scores"]] == [True, False]


def test_a_score_beyond_the_scale_is_refused_with_its_line():
    page = render_markdown(judged(GOOD)).replace("<b>7</b>", "<b>11</b>")
    with pytest.raises(InvalidValue, match=r"Line \d+: .*it takes at most 10"):
        read_markdown(page)


def test_agreement_and_parts_are_said_on_the_page():
    other = GOOD.model_copy(update={"repeat": 2, "parts": 4})
    page = render_markdown(judged(GOOD, other))
    assert "Krippendorff's alpha 1.00" in page
    assert "judged in up to 4 parts" in page
