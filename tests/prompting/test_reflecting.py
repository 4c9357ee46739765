"""Conclusions: drawn once enough has happened, in one call, kept in the mind, and recalled like any record."""

import dataclasses
from pathlib import Path
from typing import Any

from converse_graph import Budget, Request, Response, Store
from converse_graph.audit.audit import audit_run
from converse_graph.errors import BudgetExceeded
from tests.support.recall_models import Speaking, recalled, recalling
from tests.support.small_scenarios import begin, played


def drawn(values: dict[str, Any], party: str) -> list[dict[str, Any]]:
    return [entry for entry in values[f"mind_{party}"] if entry["kind"] == "reflection"]


async def test_conclusions_are_drawn_in_one_call_at_the_end_of_a_round_whenever_enough_has_happened(
    tmp_path: Path,
) -> None:
    # Two statements of 0.3 and a note of 0.4 are 1.0 a round for each party.
    chat = Speaking()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, recalling(rounds=12, recall={"reflect_after": 3.9}), model=chat)
        values = store.channels(run.run.name)
        found = await audit_run(store, run.run.name, scenario=run.scenario)
        private = {(said.speaker, said.round): said.private for said in (await run.transcript()).statements}
    assert {key for key, kept in private.items() if kept and kept.conclusions} == {
        (party, round) for party in ("Alpha", "Beta") for round in (4, 8)
    }
    for party in ("Alpha", "Beta"):
        assert [entry["round"] for entry in drawn(values, party)] == [4, 8]
        asked = [place for place, _ in chat.places if place.endswith(f"{party}/reflection")]
        assert asked == [entry["place"] for entry in drawn(values, party)]
        assert all(1 <= len(entry["insights"]) <= 3 for entry in drawn(values, party))
    assert found.leaks == ()


async def test_a_conclusion_is_told_to_its_party_alone_while_it_is_new_and_recalled_when_it_is_old(
    tmp_path: Path,
) -> None:
    chat = Speaking()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        scenario = recalling(rounds=16, recall={"reflect_after": 3.9, "max_records": 20, "max_tokens": 8000})
        await played(store, scenario, model=chat)
    source = "mind/4.0/Alpha/reflection"
    assert source in chat.told("4.0/Alpha/statement")
    assert source in recalled(chat.told("15.0/Alpha/statement"))
    for request in chat.requests:
        if request.place.split("/")[1] != "Alpha":
            assert not [part for part in request.messages if "Alpha/reflection" in part.source]


async def test_a_conclusion_rests_on_what_has_left_the_window_too(tmp_path: Path) -> None:
    chat = Speaking()
    scenario = recalling(
        rounds=10, verbatim_rounds=2, recall={"reflect_after": 6.9, "max_records": 20, "max_tokens": 8000}
    )
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, scenario, model=chat)
    told = chat.told("7.0/Alpha/reflection")
    assert {"statement/0.0/Alpha", "statement/1.1/Beta"} <= set(recalled(told))
    assert {"mind/0.0/Alpha", "statement/6.1/Beta"} <= set(told)
    assert told[-1] == "prompt/organisation/reflection"


async def test_without_a_threshold_nobody_is_asked_for_conclusions(tmp_path: Path) -> None:
    chat = Speaking()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, recalling(rounds=12, recall={"reflect_after": None}), model=chat)
    assert not [place for place, _ in chat.places if place.endswith("/reflection")]


async def test_a_model_that_concludes_nothing_usable_is_not_asked_again_the_next_round(tmp_path: Path) -> None:
    class Broken(Speaking):
        async def complete(self, request: Request) -> Response:
            reply = await super().complete(request)
            return dataclasses.replace(reply, text="no") if request.place.endswith("/reflection") else reply

    chat = Broken()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, recalling(rounds=7, recall={"reflect_after": 3.9}), model=chat)
        (kept,) = drawn(store.channels(run.run.name), "Alpha")
    assert kept["insights"] == []
    assert kept["problem"]
    assert [place for place, attempt in chat.places if place.endswith("Alpha/reflection") and attempt == 0] == [
        "4.0/Alpha/reflection"
    ]


async def test_conclusions_count_towards_a_budget(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await begin(store, recalling(rounds=6, recall={"reflect_after": 0.1}), model=Speaking())
        journal = store.journal(run.run.id)
        try:
            await run.play(budget=Budget(tokens=9000))
        except BudgetExceeded:
            calls = list(journal.calls())
    assert any(call.place.endswith("/reflection") for call in calls)
    assert sum(call.reply.input_tokens + call.reply.output_tokens for call in calls[:-1]) < 9000
