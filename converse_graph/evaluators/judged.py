"""A model's verdict on a run, as scores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from converse_graph.chat.chats import Chats
from converse_graph.evaluators.records import Result, record_of
from converse_graph.judge.judging import judge
from converse_graph.judge.rubric import load_rubric
from converse_graph.tracing.outcome import scores


def judged_by(
    model: Any, *, rubric: str | None = None, base_url: str | None = None
) -> Callable[[Mapping[str, Any], Any], Awaitable[list[Result]]]:
    """An evaluator that has a model judge what a target returned, by a rubric.

    It reads the public record alone. Nothing is journalled: each evaluation is paid for anew.

    Args:
        model: The judge: "provider:model", a LangChain chat model or an adapter.
        rubric: A name in `prompts/rubrics`, or a .yaml file; None for the one that the scenario names.
        base_url: Of an OpenAI-compatible server to reach it at.

    Returns:
        An async function of `inputs` and `outputs` that gives `judge.<question>` for each question about the run and
        `judge.<question>.<party>` for each about a party, 1 to 10, with the judge's reason; None where it found a
        question not applicable, or made no usable reply.
    """

    async def evaluator(inputs: Mapping[str, Any], outputs: Any) -> list[Result]:
        record = record_of(inputs, outputs).alone()
        header = record.header
        chats = Chats(model, base_url)
        try:
            wanted = load_rubric(rubric or header.rubric)
            verdict = await judge(record, wanted, chats=chats, journal=None, seed=header.seed)
        finally:
            await chats.close()
        given = {one.key: one for one in scores([verdict])}
        return [
            {"key": key, "score": given[key].score if key in given else None, "comment": score.reason or score.problem}
            for score in verdict.scores
            for key in [f"judge.{score.question}" + (f".{score.party}" if score.party else "")]
        ]

    evaluator.__name__ = "judge"
    return evaluator
