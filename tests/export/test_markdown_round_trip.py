import contextlib
import re

import pytest
from hypothesis import HealthCheck, given, settings

from converse_graph.errors import InvalidValue
from converse_graph.export.markdown import render_markdown
from converse_graph.record.transcript import Deliberation, Line, PrivateNotes, Statement, Transcript
from tests.support.markdown_reader import read_markdown
from tests.support.property_search import example_count
from tests.support.random_transcripts import MARKS, texts, transcripts
from tests.support.sample_transcripts import BOARD, HEADER, SMALL

_SLOW = settings(
    max_examples=example_count(150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _saying(text: str) -> Transcript:
    """A transcript that holds the text wherever text can stand."""
    talk = Deliberation(
        motion=text, lines=(Line(speaker=text, text=text, position=text, problem=text, deliberation=BOARD),)
    )
    statement = Statement(
        round=0, turn=0, period=text, speaker=text, text=text, problem=text, sorted_fields=(text, text),
        mended=(text,),
        fields={"note": text, text: [text, [text], {text: {text: text}}]},
        private=PrivateNotes(memo=text, position=text, deliberation=talk),
    )  # fmt: skip
    return Transcript(header=HEADER.model_copy(update={"title": text, "dials": {"x": [text]}}), statements=(statement,))


def _nested(depth: int) -> Transcript:
    talk = Deliberation(motion="the innermost", lines=(Line(speaker="A", text="x"),))
    for level in range(depth - 1):
        talk = Deliberation(motion=f"level {level}", lines=(Line(speaker="A", text="x", deliberation=talk),))
    statement = SMALL.statements[2].model_copy(update={"private": PrivateNotes(deliberation=talk)})
    return SMALL.model_copy(update={"statements": (statement,)})


@_SLOW
@given(transcripts)
def test_any_transcript_reads_back_exactly(transcript):
    assert read_markdown(render_markdown(transcript)) == transcript


@_SLOW
@given(texts)
def test_any_text_reads_back_wherever_it_stands(text):
    assert read_markdown(render_markdown(_saying(text))) == _saying(text)


@pytest.mark.parametrize("mark", MARKS)
def test_what_looks_like_markup_is_text(mark):
    for text in (mark, f"a {mark} b", f"a\n{mark}\nb", f"a\n\n{mark}\n\nb", mark * 2):
        assert read_markdown(render_markdown(_saying(text))) == _saying(text)


def test_both_editions_of_the_small_transcript_read_back():
    assert read_markdown(render_markdown(SMALL)) == SMALL
    assert read_markdown(render_markdown(SMALL.public())) == SMALL.public()


def test_the_public_edition_holds_nothing_private():
    page = render_markdown(SMALL.public())
    assert "3%" not in page
    assert "Finance" not in page
    assert "🔒" not in page


def test_the_values_stand_on_the_page_and_not_in_hidden_markup():
    body = render_markdown(SMALL).split("\n---\n", 1)[1]
    tags = set(re.findall(r"<[^>]*>", body))
    assert tags == {
        "<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>", "<br>", "<blockquote>", "</blockquote>",
    }  # fmt: skip


def test_a_page_reads_back_from_a_system_with_other_line_ends():
    assert read_markdown("\ufeff" + render_markdown(SMALL).replace("\n", "\r\n")) == SMALL


def test_rendering_is_a_function_of_the_transcript():
    assert render_markdown(SMALL) == render_markdown(SMALL.model_copy(deep=True))


@pytest.mark.slow
def test_a_line_of_a_hundred_thousand_characters_reads_back():
    long = _saying("a_b*c <d> " * 10_000)
    assert read_markdown(render_markdown(long)) == long


def test_conversations_twenty_deep_read_back():
    assert read_markdown(render_markdown(_nested(20))) == _nested(20)


def test_a_file_nested_without_end_is_refused_in_one_line():
    with pytest.raises(InvalidValue, match=r"^Line \d+: conversations nested over 60 deep"):
        read_markdown(render_markdown(_nested(80)))


def test_a_value_that_json_lacks_is_refused():
    statement = SMALL.statements[2].model_copy(update={"fields": {"when": {1, 2}}})
    with pytest.raises(InvalidValue, match=r"set \{1, 2\} cannot be shown"):
        render_markdown(SMALL.model_copy(update={"statements": (statement,)}))


_PAGE = render_markdown(SMALL)


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("", "Line 1: no front matter"),
        ("# A page\n", "Line 1: no front matter"),
        ("---\nrun: x\n", "Line 1: the front matter has no end"),
        ("---\na: 1\na: 2\n---\n", "Line 3: the front matter: 'a' a second time, after line 2"),
        ("---\n{{\n---\n", "Line 2: the front matter: "),
        ("---\na: &x [1]\nb: *x\n---\n", "Line 2: the front matter: an anchor"),
        ("---\na: " + "[" * 500 + "\n---\n", "Line 2: the front matter: a value nested over 60 deep"),
        ("---\na: !!python/object:os.system x\n---\n", "Line 2: the front matter: the tag"),
        ("---\na: " + "9" * 5000 + "\n---\n", "Line 2: the front matter: a number that cannot be read"),
        ("---\ntitle: A page\n---\n", "Line 2: not the front matter of a transcript"),
        (_PAGE.replace("transcript: 1", "transcript: 2"), "Line 2: transcript format 2; this version reads 1 to 1"),
        (_PAGE.replace("status: finished", "status: gone"), "Line 2: the front matter does not fit: Header: status"),
        (_PAGE.replace("seed: 7\n", ""), "the front matter does not fit: Header: seed is missing"),
        (_PAGE[: _PAGE.index("**Decision:**")], r"Line \d+: a private conversation ends with"),
        (_PAGE[: _PAGE.index("*Nothing noted.*")], r"Line \d+: a <details> without its </details>; the file was cut"),
        (_PAGE[: _PAGE.index("## 2027")], r"2 statements, where the front matter says 3; the file was cut"),
        (_PAGE.replace("offer 2% on", "offer <i>2%</i> on"), r"Line \d+: '<' stands here as markup"),
        (_PAGE.replace("round 1, turn 1", "the first turn"), r"Line \d+: no summary of a statement"),
        (_PAGE.replace("**Motion:** What", "What"), r"Line \d+: a private conversation begins with its motion"),
        (_PAGE.replace("**2 · Operations", "**3 · Operations"), r"Line \d+: line 3 of a conversation, where line 2 is"),
        (_PAGE.replace("- **final**:", "- **offer**:"), r"Line \d+: 'offer' is given twice"),
        (_PAGE.replace("`0.02`", "`two`"), r"Line \d+: `two` is no number"),
        (_PAGE.replace("  - no strikes", "    - no strikes"), r"Line \d+: a bullet holds nothing"),
        (_PAGE.replace("- **dissent**", "- **dispute**"), r"Line \d+: a decision has votes, reasons and dissent"),
        (_PAGE.replace("<summary>🔒 Private", "\n🔒 Private"), r"Line \d+: a <details> without a <summary>"),
        (_PAGE.replace("## 2027\n", "## 2027\n\nA word of mine.\n"), r"Line \d+: text or a tag that belongs to no"),
        (_PAGE + "\n</details>\n", r"Line \d+: text or a tag that belongs to no"),
    ],
)
def test_a_page_that_says_nothing_clear_is_refused_with_its_line(page, complaint):
    with pytest.raises(InvalidValue, match=complaint) as refused:
        read_markdown(page)
    assert re.fullmatch(r"Line \d+: [^\n]+", str(refused.value))


@settings(max_examples=example_count(200), deadline=None)
@given(texts, texts)
def test_no_text_at_all_makes_reading_fail_otherwise_than_by_refusing(before, after):
    middle = _PAGE.index("**Motion:**")
    page = _PAGE[:middle] + before + _PAGE[middle:-1] + after
    with contextlib.suppress(InvalidValue):
        assert isinstance(read_markdown(page), Transcript)
