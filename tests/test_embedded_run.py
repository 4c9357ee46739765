"""One run from end to end on the embedded model, as a user starts it."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import process


@pytest.mark.slow
def test_a_run_on_the_embedded_model_leaves_a_whole_record(tmp_path: Path) -> None:
    done = process(tmp_path, "run", "agi-race", "--rounds", "1", "--seed", "11", "--name", "first")

    assert done.code == 0, done.err
    assert "135 million parameters" in done.out
    shown = json.loads(process(tmp_path, "show", "first", "--raw", "--as", "json").out)
    assert [said["speaker"] for said in shown["statements"]] == ["OpenAI", "DeepMind", "Anthropic"]
    for said in shown["statements"]:
        assert said["text"]
        assert 2024 <= said["fields"]["agi_estimate"]["p10"] <= said["fields"]["agi_estimate"]["p90"] <= 2200
        assert said["memo"]
