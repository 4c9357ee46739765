"""Has runs of a store judged, and keeps the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from converse_graph.calls.budget import Budget, build_budget_tracker
from converse_graph.errors import InvalidValue
from converse_graph.judge.judging import judge
from converse_graph.judge.rubric import load_rubric
from converse_graph.models.prices import Prices
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.replay import ReplayRegistry
from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.model_settings import EVERYBODY, UNSET, ModelSettings
from converse_graph.store import Run, Store

MAX_REPEATS = 100
"""How often one model may judge a run."""

Plan = tuple[str, str | None, int]
"""A judging: the rubric, the model's reference (None for the run's own) and which repeat it is, from 1."""


async def judge_run(
    store: Store,
    name: str,
    *,
    rubric: str | None = None,
    models: Sequence[str] = (),
    repeats: int = 1,
    base_url: str | None = None,
    chats: ModelRegistry | None = None,
    emit: Callable[[dict[str, Any]], None] = lambda event: None,
    budget: Budget | None = None,
    prices: Prices | None = None,
    options: ModelSettings | None = None,
) -> tuple[Verdict, ...]:
    """Have a run judged; each verdict is kept as it comes, each call in the run's journal.

    A run that replays another is judged as that one was, from its journal, unless models are named.

    Args:
        store: Where the run is kept.
        name: The run.
        rubric: By which rubric; None for the one its scenario names.
        models: The judges; none for the run's own model, of an imported run for
            the environment's.
        repeats: How often each judges, 1 to 100.
        base_url: Of the judges' server; None for the run's.
        chats: The models of the run, where they are open already; left open.
        emit: Told of each call.
        budget: What the run may spend in all; dollars and tokens count.
        prices: What calls are charged by; None for the public list.
        options: Settings of the judges' models, over those that the run has for everybody.

    Returns:
        The new verdicts; none for a replay of a run that was not judged.

    Raises:
        NotFound: No such run, rubric or model.
        InvalidValue: The rubric is none, or the run has no statements.
        RunLocked: Another process is writing to the run.
        RunPaused: A judge's server cannot be reached or refuses; what was answered is journalled.
    """
    run = store.register.run(name)
    if not 1 <= repeats <= MAX_REPEATS:
        raise InvalidValue(f"A judge judges 1 to {MAX_REPEATS} times, not {repeats}.")
    plans = _plans(store, run, rubric, models, repeats)
    rubrics = {rubric_name: load_rubric(rubric_name) for rubric_name, _, _ in plans}
    judges = chats or _chats(store, run, models, base_url, prices)
    try:
        with store.hold(name):
            transcript = store.transcript(run.name)
            verdicts = []
            for rubric_name, model, repeat in plans:
                so_far = store.register.run(name)
                verdict = await judge(
                    transcript,
                    rubrics[rubric_name],
                    chats=judges,
                    journal=store.journal(run.id),
                    seed=run.header.seed,
                    model=model,
                    repeat=repeat,
                    emit=emit,
                    spending=build_budget_tracker(budget, usd=so_far.usd, tokens=so_far.tokens),
                    settings=_settings(run, options or UNSET, is_own_model=model is None),
                )
                await store.verdicts(run.id).keep(verdict)
                verdicts.append(verdict)
            return tuple(verdicts)
    finally:
        if chats is None:
            await judges.close()


def _settings(run: Run, options: ModelSettings, *, is_own_model: bool) -> ModelSettings:
    """How a judge is asked: as everybody in the run; the window is that of the run's own model."""
    settings = run.header.settings.get(EVERYBODY, UNSET)
    return (settings if is_own_model else settings.without_window()).merged(options)


def _plans(store: Store, run: Run, rubric: str | None, models: Sequence[str], repeats: int) -> list[Plan]:
    if run.replays and not models:
        original = store.register.run(run.replays)
        existing = store.verdicts(original.id).all()
        return [(verdict.rubric, verdict.model, verdict.repeat) for verdict in existing]
    rubric_name = rubric or run.header.rubric
    judges: Sequence[str | None] = list(dict.fromkeys(models)) or [None]
    return [(rubric_name, model, repeat) for model in judges for repeat in range(1, repeats + 1)]


def _chats(store: Store, run: Run, models: Sequence[str], base_url: str | None, prices: Prices | None) -> ModelRegistry:
    if run.replays and not models:
        return ReplayRegistry(store.journal(store.register.run(run.replays).id), run.header.model, run.header.models)
    if run.header.imported:  # whoever wrote it answers nobody here
        return ModelRegistry(None, base_url, prices=prices)
    return ModelRegistry(run.header.model, base_url or run.header.base_url, prices=prices)
