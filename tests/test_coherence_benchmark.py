"""The benchmark of coherence runs both its arms, says where history was cut, and keeps its own count of tokens."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.whole_history import WholeHistory
from converse_graph import Model, ScriptedModel, Store
from tests.support.child_process import run_python
from tests.support.small_scenarios import played, table


@pytest.mark.slow
def test_both_arms_are_played_and_their_figures_printed_and_written(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    options = ("--model", "null", "--rounds", "2", "--window", "1700", "--out", out)
    done = run_python("-W", "error", "-m", "benchmarks.coherence", *options)

    assert done.code == 0, done.err
    written = json.loads(out.read_text(encoding="utf-8"))
    theirs, ours = written["rows"]
    shown = [line for line in done.out.splitlines() if line.startswith("| ")]
    assert [cell.strip() for cell in shown[0].strip("|").split("|")] == list(theirs)
    assert len(shown) == 3
    assert (theirs["turns"], ours["turns"]) == (6, 6)
    assert re.fullmatch(r"round \d", theirs["cut at the window from"])
    assert ours["cut at the window from"] == "-"
    assert min(theirs["prompt tokens"], ours["prompt tokens"]) > 0


async def shown_all(store: Store, model: Model, window: int) -> tuple[Any, WholeHistory]:
    whole = WholeHistory(model, len, window)
    return await played(store, table("Alpha", "Beta", rounds=3), model=whole), whole


async def test_each_hears_all_that_was_said_and_its_own_notes_and_nobody_elses(store: Store) -> None:
    said = [{"statement": f"Word {number}.", "memo": f"note {number}"} for number in range(6)]
    said.insert(5, {"statement": "", "memo": "sent back"})
    chat = ScriptedModel(said)
    _, whole = await shown_all(store, chat, 10**6)

    last = "\n".join(part.text for part in chat.requests[-1].messages)
    assert all(f"Word {number}." in last for number in range(5))
    assert [number for number in range(5) if f"note {number}" in last] == [1, 3]
    assert "sent back" in last, "the repair shows it to its author"
    assert whole.first_cut is None


@pytest.mark.parametrize("window", [1900, 2300])
async def test_what_does_not_fit_the_window_is_cut_off_oldest_first(store: Store, window: int) -> None:
    said = [{"statement": f"Word {number}. {'x' * 250}", "memo": "m"} for number in range(6)]
    chat = ScriptedModel(said)
    _, whole = await shown_all(store, chat, window)

    for request in chat.requests:
        sizes = sum(len(part.text) for part in request.messages) + request.max_tokens
        assert sizes <= window or len(request.messages) == 2, "brief and task stand in any case"
    heard = re.findall(r"Word (\d)", "\n".join(part.text for part in chat.requests[-1].messages))
    assert heard == ["0", "1", "2", "3", "4"][5 - len(heard) :]
    assert whole.first_cut is not None
