"""The forms a judge fills, the templates it is asked with, and its replies as scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converse_graph.calls.reply_schema import ReplySchema, build_reply_schema
from converse_graph.judge.quotations import find_quotation, sentences
from converse_graph.judge.rubric import RubricQuestion
from converse_graph.prompting.templates import TASKS, Prompts, load_prompts
from converse_graph.record.transcript import Statement
from converse_graph.record.verdict import Score
from converse_graph.scenarios.fields import Choice, Field, Integer, Text

Target = tuple[RubricQuestion, str | None]
"""A question and whom it is about."""

_JUDGE_TASKS: Mapping[str, frozenset[str]] = {
    "judge/rules": frozenset({"title", "premise", "cast"}),
    "judge/all": frozenset({"part", "questions", "summary"}),
    "judge/question": frozenset({"question", "anchors"}),
    "judge/summary": frozenset({"part", "summary"}),
    **{task: TASKS[task] for task in ("any/repair", "any/repair-fields")},
}
SUMMARY_LENGTH = {"small": 500, "large": 1600}
"""Characters of a summary."""
_REASON = {"small": 240, "large": 600}
_QUOTATION = 300
_CHOICES = 10
"""Sentences that a small model can choose its quotation from."""


def judge_prompts() -> Prompts:
    """The templates of judges; they are no part of how a run plays, so that a change of one does not touch runs."""
    return load_prompts(tasks=_JUDGE_TASKS)


def form_for_all(targets: Sequence[Target]) -> ReplySchema:
    """Summary and every answer in one object, for large models."""
    fields: list[Field] = [Text(name="summary", ask="summary", max_length=SUMMARY_LENGTH["large"])]
    for number in range(1, len(targets) + 1):
        fields += _answer(f"_{number}", _REASON["large"], _free())
    return build_reply_schema("verdict", fields)


def form_for_one(read: Sequence[Statement]) -> ReplySchema:
    """One answer, for small models: a model that cannot copy a sentence chooses one of those that were said."""
    choices = sentences(read, most=_CHOICES, longest=160)
    quotation = Choice(name="quotation", ask="quotation", options=choices) if len(choices) > 1 else _free()
    return build_reply_schema("score", _answer("", _REASON["small"], quotation))


def form_for_summary(profile: str) -> ReplySchema:
    """The summary alone."""
    return build_reply_schema("summary", [Text(name="summary", ask="summary", max_length=SUMMARY_LENGTH[profile])])


def numbered(targets: Sequence[Target]) -> str:
    """All questions with their anchors, by number."""
    return "\n\n".join(
        f"{number}. {question.worded(party)}\n{anchors(question)}"
        for number, (question, party) in enumerate(targets, 1)
    )


def anchors(question: RubricQuestion) -> str:
    """What the points of the scale mean."""
    return "\n".join(f"{point}: {meaning}" for point, meaning in sorted(question.anchors.items()))


def score_of(target: Target, values: Mapping[str, Any], suffix: str, read: Sequence[Statement]) -> Score:
    """An answer as a score, its quotation looked up in what was read."""
    quotation = values[f"quotation{suffix}"].strip()
    return Score(
        question=target[0].name,
        party=target[1],
        score=values[f"score{suffix}"],
        reason=values[f"reason{suffix}"].strip(),
        quotation=quotation,
        source=find_quotation(quotation, read),
    )


def no_score(target: Target, problem: str | None) -> Score:
    """What is on record where the judge made no usable reply."""
    return Score(question=target[0].name, party=target[1], problem=problem or "no usable reply")


def _answer(suffix: str, reason: int, quotation: Field) -> list[Field]:
    return [
        Text(name=f"reason{suffix}", ask="reason", max_length=reason),
        quotation.model_copy(update={"name": f"quotation{suffix}"}),
        Integer(name=f"score{suffix}", ask="score", minimum=1, maximum=10, optional=True),
    ]


def _free() -> Text:
    return Text(name="quotation", ask="quotation", max_length=_QUOTATION)
