"""A sweep plays what is missing, and its forecast is the same however often it was broken off."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import StateGraph

from converse_graph import Budget, Store
from converse_graph.ensembles.design import Design
from converse_graph.ensembles.forecast import forecast
from converse_graph.ensembles.forecast_values import Forecast
from converse_graph.ensembles.sweep import SweepPlayer, read_outcomes, save_design
from converse_graph.errors import InvalidValue, RunPaused
from converse_graph.measures.outcomes import Outcome

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
DESIGN = Design(scenario="wage-talks", vary={"inflation": (0.02, 0.08)}, seeds=3, rounds=2, model="null")


async def outcomes(store: Store, name: str) -> list[Outcome]:
    return await read_outcomes(store, name, conditions=["raise_percent >= 5"])


def about(rows: list[Outcome]) -> Forecast:
    return forecast(rows, "raise_percent >= 5", name="raises", years=[1, 2])


async def test_the_same_sweep_again_plays_nothing_twice_and_more_seeds_add_to_it(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await save_design(store, "raises", DESIGN, created=CREATED)
        first = await SweepPlayer(store, "raises").play()
        before = {run.name: run.created for run in store.register.runs()}
        again = await SweepPlayer(store, "raises").play()
        await save_design(store, "raises", DESIGN.model_copy(update={"seeds": 4}), created=CREATED)
        more = await SweepPlayer(store, "raises").play()
        after = {run.name: run.created for run in store.register.runs()}

    assert (first.done, again.done, more.done) == (6, 6, 8)
    assert first.tokens > 0 == again.tokens
    assert before.items() <= after.items()


async def test_a_sweep_that_its_budget_breaks_off_goes_on_to_the_same_forecast(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "whole.sqlite", make=True) as store:
        await save_design(store, "raises", DESIGN, created=CREATED)
        whole = await SweepPlayer(store, "raises").play()
        at_once = about(await outcomes(store, "raises"))
    async with Store.open(tmp_path / "broken.sqlite", make=True) as store:
        await save_design(store, "raises", DESIGN, created=CREATED)
        with pytest.raises(RunPaused):
            await SweepPlayer(store, "raises", jobs=2, budget=Budget(tokens=whole.tokens // 3)).play()
        finished = [run for run in store.register.runs() if run.status == "finished"]
        await SweepPlayer(store, "raises", jobs=2).play()
        in_pieces = about(await outcomes(store, "raises"))

    assert len(finished) < 6
    assert in_pieces == at_once


async def test_arms_share_their_seeds_and_chance_cannot_read_so_wording_alone_moves_nothing(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await save_design(store, "raises", DESIGN, created=CREATED)
        await SweepPlayer(store, "raises").play()
        told = about(await outcomes(store, "raises"))

    (comparison,) = told.comparisons
    assert comparison.difference.pairs == 3
    assert comparison.difference.years.estimate == 0
    assert any("by chance" in caution for caution in told.cautions)


async def test_a_name_that_belongs_to_another_design_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await save_design(store, "raises", DESIGN, created=CREATED)
        for other in ({"rounds": 3}, {"model": "embedded"}, {"vary": {"strike_fund": (True, False)}}):
            with pytest.raises(InvalidValue, match="another design"):
                await save_design(store, "raises", DESIGN.model_copy(update=other), created=CREATED)
        saved = Design.model_validate_json(store.ensembles.design("raises"))
        assert saved.model_copy(update={"digest": ""}) == DESIGN


def test_another_model_is_held_against_chance_in_every_arm() -> None:
    cells = list(DESIGN.model_copy(update={"model": "openai:gpt-4.1"}).cells("raises"))

    assert sum(cell.is_baseline for cell in cells) == len(cells) / 2 == 6
    assert len({cell.run for cell in cells}) == 12


async def test_a_scenario_is_compiled_once_an_arm_and_its_runs_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compile_graph = StateGraph.compile

    def count(graph: StateGraph[Any, Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        compiled.append(str(options.get("name")))
        return compile_graph(graph, *arguments, **options)

    monkeypatch.setattr(StateGraph, "compile", count)
    raises = tuple(per_mille / 1000 + 0.0007 for per_mille in range(1, 19))  # of no other test in this process
    design = DESIGN.model_copy(
        update={"dials": {"boardroom": False}, "vary": {"inflation": raises}, "seeds": 2, "rounds": 1}
    )
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await save_design(store, "raises", design, created=CREATED)
        progress = await SweepPlayer(store, "raises", jobs=3).play()
        roots = compiled.count("wage-talks")

    assert (progress.done, roots) == (36, 18)


async def test_a_run_that_was_stopped_before_its_judge_is_judged_when_the_sweep_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = DESIGN.model_copy(update={"model": "null:0", "baseline": False, "judge": True, "seeds": 1, "rounds": 1})

    async def stop(*_: Any, **__: Any) -> None:
        raise RunPaused("stopped")

    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await save_design(store, "raises", design, created=CREATED)
        with monkeypatch.context() as patched:
            patched.setattr("converse_graph.ensembles.sweep.judge_run", stop)
            await SweepPlayer(store, "raises").play()
        before = [row.scores for row in await outcomes(store, "raises")]
        progress = await SweepPlayer(store, "raises").play()
        after = [row.scores for row in await outcomes(store, "raises")]

    assert before == [{}, {}]
    assert progress.done == 2
    assert all(after)
