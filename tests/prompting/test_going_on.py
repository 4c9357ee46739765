"""A run that is stopped, resumed, forked or replayed recalls the same, and pays for no embedding twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Budget, Price, Prices, Store
from converse_graph.audit.audit import audit_run
from converse_graph.errors import BudgetExceeded, NotFound, UsageError
from converse_graph.export.formats import as_json
from converse_graph.export.markdown import render_markdown
from converse_graph.export.stats import stats_json, stats_markdown
from converse_graph.models.registry import ModelRegistry
from converse_graph.runs.derived import fork, replay
from converse_graph.runs.simulation import Simulation
from tests.support.markdown_reader import read_markdown
from tests.support.recall_models import Counting, Speaking, recalled, recalling
from tests.support.small_scenarios import CREATED, Stop, begin, played

QUOTED = "Nobody shall ever read what the embedder was sent."


def prompts(store: Store, run: Simulation) -> dict[tuple[str, int], list[str]]:
    """What each model call of a run was told, by its records."""
    calls = store.journal(run.run.id).calls()
    return {(call.place, call.attempt): [part.source for part in call.messages]
            for call in calls if not call.place.endswith("/embed")}  # fmt: skip


def with_counting(embedder: Counting, **more: Any) -> Any:
    return recalling(
        rounds=8, **{**more, "recall": {"embedder": embedder, "reflect_after": 4, **more.get("recall", {})}}
    )


async def gone_on_with(store: Store, run: Simulation, **more: Any) -> Simulation:
    """The run, found again as another process finds it, and played to its end."""
    again = await Simulation.reopen(store, run.run.name, scenario=run.scenario, model=Speaking(), **more)
    await again.play()
    return again


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
@pytest.mark.parametrize("stop_at", [13, 19])
async def test_a_run_that_was_stopped_recalls_as_one_that_was_not(tmp_path: Path, stop_at: int, order: str) -> None:
    embedder, whole = Counting(), Counting()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        straight = await played(store, with_counting(whole, order=order), model=Speaking(), name="straight")
        stopped = await begin(store, with_counting(embedder, order=order), model=Speaking(stop_at=stop_at, error=Stop))
        with pytest.raises(Stop):
            await stopped.play()
        resumed = await gone_on_with(store, stopped)
        assert prompts(store, resumed) == prompts(store, straight)
        assert (await resumed.transcript()).statements == (await straight.transcript()).statements
        assert any(recalled(told) for told in prompts(store, resumed).values())
    assert sorted(embedder.texts) == sorted(set(embedder.texts)) == sorted(whole.texts), (
        "each sentence is paid for once"
    )


async def test_a_run_that_was_killed_while_it_embedded_recalls_as_one_that_was_not(tmp_path: Path) -> None:
    embedder = Counting(lambda number: Stop() if number == 4 else None)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        straight = await played(store, with_counting(Counting()), model=Speaking(), name="straight")
        stopped = await begin(store, with_counting(embedder), model=Speaking())
        with pytest.raises(Stop):
            await stopped.play()
        assert prompts(store, await gone_on_with(store, stopped)) == prompts(store, straight)
    assert len(embedder.texts) == len(set(embedder.texts))


@pytest.mark.every_store
async def test_a_fork_and_a_replay_recall_the_same_and_ask_the_embedder_for_nothing_that_was_embedded(
    store: Store,
) -> None:
    embedder = Counting()
    scenario = with_counting(embedder)
    whole = await played(store, scenario, model=Speaking(), name="whole")
    paid = list(embedder.texts)
    again = await replay(store, "whole", created=CREATED, scenario=scenario)
    await again.play()
    branched = await fork(store, "whole", at="round 7:Beta", created=CREATED, scenario=scenario, model=Speaking())
    await branched.play()
    assert prompts(store, again) == prompts(store, whole)
    assert prompts(store, branched).items() <= prompts(store, whole).items()
    assert ("7.1/Beta/statement", 0) in prompts(store, branched)
    assert embedder.texts == paid
    assert [(await audit_run(store, run.run.name, scenario=scenario)).leaks for run in (whole, branched)] == [(), ()]


async def test_an_embedder_that_fails_is_done_without_for_that_turn_and_the_record_says_so_without_quoting_it(
    tmp_path: Path,
) -> None:
    embedder = Counting(lambda number: ValueError(QUOTED) if number in (3, 4) else None)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, with_counting(embedder), model=Speaking())
        scenario = recalling(rounds=8, recall={"relevance": 0, "reflect_after": 4})
        without = await played(store, scenario, model=Speaking(), name="without")
        transcript = await run.transcript()
        told, plain = prompts(store, run), prompts(store, without)
        failed = [call.place for call in store.journal(run.run.id).calls("%/embed") if not call.accepted]
        assert run.run.status == "finished"
        assert len(failed) == 2
        for place in failed:
            turn = (place.replace("/embed", "/statement"), 0)
            assert recalled(told[turn]) == recalled(plain[turn]) != [], "recency and importance decide"
        why = "the embedder counted failed: ValueError"
        warnings = [f"{name} recalled by recency and importance alone in round 7: {why}." for name in ("Alpha", "Beta")]
        assert sorted(transcript.header.warnings) == warnings
        public = transcript.public()
        for shown in (render_markdown(public), stats_markdown(public), json.dumps(as_json(public)),
                      json.dumps(stats_json(public))):  # fmt: skip
            assert "the embedder counted failed" in shown.replace("\\", "")
            assert QUOTED not in shown
        assert read_markdown(render_markdown(transcript)).header.warnings == transcript.header.warnings
        assert (await audit_run(store, run.run.name, scenario=run.scenario)).leaks == ()


async def test_a_run_that_goes_on_after_a_failure_does_not_ask_again_for_what_was_done_without(tmp_path: Path) -> None:
    embedder = Counting(lambda number: ValueError("gone") if number == 3 else None)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        straight = await played(store, with_counting(Counting(lambda number: ValueError() if number == 3 else None)),
                                model=Speaking(), name="straight")  # fmt: skip
        failed = next(call.place for call in store.journal(straight.run.id).calls("%/embed") if not call.accepted)
        statement = failed.replace("/embed", "/statement")
        places = [place for place in store.journal(straight.run.id).places() if not place.endswith("/embed")]
        stopped = await begin(store, with_counting(embedder),
                              model=Speaking(stop_at=places.index(statement) + 1, error=Stop))  # fmt: skip
        with pytest.raises(Stop):
            await stopped.play()
        assert embedder.calls == 3
        resumed = await gone_on_with(store, stopped)
        assert prompts(store, resumed) == prompts(store, straight)
        again = await replay(store, "straight", created=CREATED, scenario=straight.scenario)
        await again.play()
        assert prompts(store, again) == prompts(store, straight)


async def test_vectors_of_another_size_than_before_are_done_without(tmp_path: Path) -> None:
    class Growing(Counting):
        async def embed(self, texts: Any) -> Any:
            made = await super().embed(texts)
            size = 512 if self.calls < 5 else 8
            return type(made)(vectors=tuple((1.0,) * size for _ in made.vectors))

    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, with_counting(Growing()), model=Speaking())
        warnings = (await run.transcript()).header.warnings
    assert run.run.status == "finished"
    assert "another size than before" in warnings[0]


async def test_what_an_embedder_costs_is_in_the_run_s_sum_and_stops_it_at_its_budget(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, with_counting(Counting()), model=Speaking())
        calls = list(store.journal(run.run.id).calls("%/embed"))
        assert sum(call.reply.usd or 0 for call in calls) == pytest.approx(0.001 * len(calls))
        assert run.run.usd == pytest.approx(0.001 * len(calls))
        assert all(call.reply.input_tokens for call in calls)
        prices = Prices({"counting": Price(input=0, output=0), "counted": Price(input=1000, output=0)})
        short = await begin(
            store, with_counting(Counting()), model=ModelRegistry(Speaking(), prices=prices), name="short"
        )
        with pytest.raises(BudgetExceeded):
            await short.play(budget=Budget(usd=0.05))
        assert len(list(store.journal(short.run.id).calls("%/embed"))) == 1


@pytest.mark.parametrize(("embedder", "error"), [("nomic", NotFound), ("openai:text-embedding-3-small", UsageError)])
async def test_a_run_whose_embedder_is_not_to_be_had_does_not_begin(
    tmp_path: Path, embedder: str, error: type[Exception]
) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        with pytest.raises(error, match="embedder"):
            await begin(store, recalling(recall={"embedder": embedder}), model=Speaking())
        assert store.register.runs() == []


async def test_instant_embedders_leave_nothing_in_the_journal(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, recalling(rounds=8), model=Speaking())
        assert list(store.journal(run.run.id).calls("%/embed")) == []
