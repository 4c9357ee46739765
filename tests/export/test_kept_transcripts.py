"""The transcripts that come with the project are whole, and read back."""

from pathlib import Path

import pytest

from converse_graph.cli.demo import load_demo
from converse_graph.export.markdown import render_markdown
from converse_graph.export.overview import BY_HAND, BY_HAND_NOTE
from converse_graph.scenarios.catalogue import catalogue
from tests.support.markdown_reader import read_markdown

KEPT = Path(__file__).resolve().parents[2] / "transcripts"
BY_HAND_PAGE = KEPT / "boardrooms-by-hand.md"
PAGES = sorted(path for path in KEPT.glob("*.md") if path.name != "README.md")


def test_there_is_one_of_every_preset() -> None:
    presets = {name for name, function in catalogue().items() if function.preset_of}

    assert presets <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_reads_back_to_what_it_was_written_from(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    transcript = read_markdown(text)

    by_hand = page == BY_HAND_PAGE
    assert transcript.header.model == (BY_HAND if by_hand else "embedded")
    assert bool(transcript.verdicts) is not by_hand
    assert render_markdown(transcript) == text


def test_the_run_that_was_played_by_hand_says_so_first_and_is_the_one_that_the_demo_plays() -> None:
    page = BY_HAND_PAGE.read_text(encoding="utf-8")

    body = page.partition("\n# ")[2].split("\n", 2)[2]
    assert body.startswith(BY_HAND_NOTE)
    assert render_markdown(load_demo()) == page
