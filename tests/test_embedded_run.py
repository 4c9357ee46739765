"""One run from end to end on the embedded model, as a user starts it."""

import json
from pathlib import Path

import pytest

from converse_graph import Store, estimate, find_scenario
from converse_graph.record.call_paths import CallPath, parse_call_path
from tests.support.command_line import process


@pytest.mark.slow
async def test_a_run_on_the_embedded_model_leaves_a_whole_record_and_takes_about_what_was_estimated(
    tmp_path: Path,
) -> None:
    done = process(tmp_path, "run", "agi-race", "--set", "labs=2", "--rounds", "1", "--seed", "11", "--name", "first")

    assert done.code == 0, done.err
    assert "135 million parameters" in done.out
    shown = json.loads(process(tmp_path, "show", "first", "--raw", "--as", "json").out)
    assert [said["speaker"] for said in shown["statements"]] == ["OpenAI", "DeepMind"]
    for said in shown["statements"]:
        assert said["text"]
        assert 2024 <= said["fields"]["agi_estimate"]["p10"] <= said["fields"]["agi_estimate"]["p90"] <= 2200
        assert said["memo"]

    estimated = await estimate(find_scenario("agi-race")(labs=2), model="embedded", rounds=1, judge=False)
    async with Store.open(tmp_path / ".converse" / "runs.sqlite") as store:
        calls = [
            call
            for call in store.journal(store.register.run("first").id).calls()
            if call.attempt == 0 and isinstance(parse_call_path(call.place), CallPath)
        ]
    assert estimated.calls == len(calls)
    counted = sum(call.reply.input_tokens for call in calls)  # by the model's server
    assert 0.5 < estimated.input_tokens / counted < 2.0, (estimated.input_tokens, counted)
