"""The transcripts that come with the project are whole, and read back."""

from pathlib import Path

import pytest
from support.markdown_reader import read_markdown

from converse_graph.export.markdown import render_markdown
from converse_graph.scenarios.catalogue import catalogue

KEPT = Path(__file__).resolve().parents[2] / "transcripts"
PAGES = sorted(path for path in KEPT.glob("*.md") if path.name != "README.md")


def test_there_is_one_of_every_preset() -> None:
    presets = {name for name, function in catalogue().items() if function.preset_of}

    assert presets <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_reads_back_to_what_it_was_written_from(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    transcript = read_markdown(text)

    assert transcript.header.model == "embedded"
    assert transcript.verdicts
    assert render_markdown(transcript) == text
