"""How a page looks: as a document, and to somebody who reads it in a viewer."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from converse_graph.export.markdown import render_markdown
from converse_graph.export.markdown_escaping import prose
from converse_graph.export.overview import reading_notes, section
from converse_graph.record.transcript import Transcript
from converse_graph.record.verdict import Verdict
from tests.support.markdown_reader import read_markdown
from tests.support.property_search import example_count
from tests.support.random_transcripts import MARKS, texts
from tests.support.sample_transcripts import SMALL

_VIEWER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_TAGS = {
    "h1", "h2", "h3", "p", "pre", "ul", "li", "strong", "em", "code", "br", "b", "details", "summary", "blockquote",
}  # fmt: skip
_LINE_OF_ITS_OWN = {"p", "li", "br", "summary", "h1", "h2", "h3"}


class _Shown(HTMLParser):
    """What a viewer makes of a page: the tags in order, and the text that one sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(_VIEWER.render(page.split("\n---\n", 1)[1]))

    def handle_starttag(self, tag, attributes):
        assert not attributes, f"{tag} has {attributes}"
        self.tags.append(tag)
        self.text += "\n" if tag in _LINE_OF_ITS_OWN else ""

    def handle_data(self, shown):
        self.text += shown


def _first_says(text: str) -> Transcript:
    talk = SMALL.statements[0].private.deliberation
    said = (talk.lines[0].model_copy(update={"text": text or "x"}), *talk.lines[1:])
    private = SMALL.statements[0].private.model_copy(
        update={"memo": text or "x", "deliberation": talk.model_copy(update={"lines": said})}
    )
    first = SMALL.statements[0].model_copy(
        update={"text": text or "x", "fields": {"note": text, "list": [text]}, "private": private}
    )
    return SMALL.model_copy(update={"statements": (first, *SMALL.statements[1:])})


def test_the_readers_edition_as_a_document(snapshot):
    assert render_markdown(SMALL) == snapshot


def test_the_public_edition_as_a_document(snapshot):
    assert render_markdown(SMALL.public()) == snapshot


def _without_breaks(tags: list[str]) -> list[str]:
    """The tags, but for those that come of a text's own lines and paragraphs."""
    return [tag for tag in tags if tag not in ("br", "p")]


@pytest.mark.parametrize("mark", MARKS)
def test_no_text_becomes_markup_in_a_viewer(mark):
    plain = _without_breaks(_Shown(render_markdown(_first_says("x"))).tags)
    for text in (mark, f"a {mark} b", f"a\n{mark}\nb", f"a\n\n{mark}"):
        assert _without_breaks(_Shown(render_markdown(_first_says(text))).tags) == plain


@settings(max_examples=example_count(100), deadline=None)
@given(texts)
def test_whatever_is_said_a_page_has_the_same_tags(text):
    plain = _without_breaks(_Shown(render_markdown(_first_says("x"))).tags)
    shown = _Shown(render_markdown(_first_says(text)))
    assert _without_breaks(shown.tags) == plain
    assert set(shown.tags) <= _TAGS


@pytest.mark.parametrize(
    "text", ["</details> is a tag", "a*b*c and `d`", "1. one", "# no heading", "C:\\new", "&lt; is <", "2 < 3 & 4 > 1"]
)
def test_a_viewer_shows_what_was_said_letter_by_letter(text):
    assert text in _Shown(render_markdown(_first_says(text))).text


@pytest.mark.parametrize("unseen", ["\x1b", "\x00", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff", "\x85", "\r"])
def test_a_character_that_nobody_can_see_is_shown_by_its_number(unseen):
    transcript = _first_says(f"a{unseen}b")
    page = render_markdown(
        transcript.model_copy(update={"header": transcript.header.model_copy(update={"title": unseen})})
    )
    assert unseen not in page
    assert f"a\\u{{{ord(unseen):x}}}b" in page


@pytest.mark.parametrize(
    ("period", "name"),
    [("2026 H2", "2026"), ("2026", "2026"), ("2026 M07", "2026"), ("round 4", "Round 4"), ("20267", "20267"), ("", "")],
)
def test_a_section_is_a_year_or_a_plain_round(period, name):
    assert section(period) == name


def test_what_was_said_is_open_and_what_is_private_is_folded():
    page = render_markdown(SMALL)
    outside = re.sub(r"<details>.*?\n</details>", "", page, flags=re.DOTALL)
    for statement in SMALL.statements:
        assert f"### {statement.speaker} · {statement.period} · round {statement.round + 1}" in outside
        assert prose(statement.text) in outside
    assert "Memo" not in outside
    assert "Memo" in page


def test_the_title_tells_the_years_and_the_top_is_short():
    page = render_markdown(SMALL)
    front = page.split("\n---\n", 1)[0]
    assert len(front.splitlines()) < 12
    assert "# A union and an employer settle next year's wages, 2026 to 2027" in page.splitlines()
    assert page.index("inflation: 0.03") > page.index("We strike")


def test_no_verdict_of_the_null_model_stands_on_top():
    real = Verdict(rubric="general", model="openai:gpt-4.1", statements=3, summary="Read by a model.")
    chance = Verdict(rubric="general", model="null", statements=3, summary="By chance.")
    page = render_markdown(SMALL.model_copy(update={"verdicts": (real, chance)}))
    assert page.index("Read by a model.") < page.index("## 2026") < page.index("We strike") < page.index("By chance.")
    assert read_markdown(page).verdicts == (real, chance)


def test_the_page_says_what_to_expect_of_models_that_are_no_usual_ones():
    assert "seeded chance" in reading_notes("null:0.5")
    assert "135 million" in reading_notes("embedded")
    assert reading_notes("openai:gpt-4.1") == ""


def test_the_page_says_which_run_it_was_forked_from():
    header = SMALL.header.model_copy(update={"parent": "wage-talks-k2"})
    assert "It was forked from wage-talks-k2." in render_markdown(SMALL.model_copy(update={"header": header}))


@pytest.mark.parametrize(
    ("status", "ended", "told"),
    [
        ("finished", "horizon", "ran to its horizon."),
        ("finished", "event agi_reached", "ended early: event agi\\_reached."),
        ("running", None, "was still going when this was written."),
        ("paused", None, "is paused; it can be resumed."),
        ("failed", "a reason", "failed: a reason."),
    ],
)
def test_the_page_says_how_the_run_ended(status, ended, told):
    header = SMALL.header.model_copy(update={"status": status, "ended": ended})
    assert f"(model null, seed 7) {told}" in render_markdown(SMALL.model_copy(update={"header": header}))
