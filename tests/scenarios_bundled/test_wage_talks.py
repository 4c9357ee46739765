"""The wage talks end when both sides accept what is on the table, and nothing is on it before both have spoken."""

from pathlib import Path
from typing import Any

from converse_graph import ScriptedModel, Store, find_scenario
from tests.support.small_scenarios import played


def bid(percent: float, *, accepts: bool) -> dict[str, Any]:
    return {"statement": f"{percent} percent.", "raise_percent": percent, "condition": None, "accepts": accepts,
            "memo": "m"}  # fmt: skip


async def test_accepting_before_anything_is_on_the_table_settles_nothing(tmp_path: Path) -> None:
    script = {
        "*Employer/statement": [bid(2, accepts=True), bid(3, accepts=False), bid(4, accepts=True)],
        "*Union/statement": [bid(8, accepts=True), bid(5, accepts=True), bid(4, accepts=False)],
    }
    chat = ScriptedModel(script)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, find_scenario("wage-talks")(boardroom=False, rounds=6), model=chat)
        transcript = await run.transcript()
    chat.assert_exhausted()
    assert transcript.header.ended == "event settled"
    assert len(transcript.statements) == 6, "both said yes in the first round, when there was no offer to accept"
