"""Scores of parts made one, by code."""

from collections.abc import Sequence
from statistics import median_low
from typing import assert_never

from converse_graph.judge.rubric import RubricQuestion
from converse_graph.record.verdict import Score


def aggregate(question: RubricQuestion, scores: Sequence[Score]) -> Score:
    """One of the scores that parts of a transcript were given, with its own reason and quotation.

    It is the last, the highest or the lower median, as the question's `combine` says, of those that have a score; of
    equal ones the first whose quotation is verified. The lower median of an even number is one that was given.

    Args:
        question: What was asked.
        scores: An answer for each part, in order.
    """
    with_score = [score for score in scores if score.score is not None]
    if not with_score:
        return next((score for score in scores if score.problem is None), scores[-1])
    numbers = [score.score for score in with_score if score.score is not None]
    match question.combine:
        case "last":
            return with_score[-1]
        case "maximum":
            highest = max(numbers)
        case "median":
            highest = median_low(numbers)
        case _:
            assert_never(question.combine)
    fitting = [score for score in with_score if score.score == highest]
    return next((score for score in fitting if score.verified), fitting[0])
