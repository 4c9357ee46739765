"""How far judges agree, beyond what chance would give."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations

from converse_graph.record.verdict import Verdict


def krippendorff_alpha(ratings: Sequence[Sequence[int | None]]) -> float | None:
    """Krippendorff's alpha for ordinal scores: 1 is agreement, 0 is chance, below 0 is worse than chance.

    Of pairs of scores c and k, o(c, k) counts those that two judges gave one unit, each weighted by 1 / (scores of
    the unit - 1), and e(c, k) those that chance would pair, n(c) n(k) / (n - 1). The distance of two scores is
    (n(c)/2 + the scores between them + n(k)/2) squared. Alpha is 1 - (sum of o times distance) / (sum of e times
    distance). Klaus Krippendorff, Content Analysis, 2nd edition, 2004, section 11.3; checked in the tests against
    the package that bears his name, which is no dependency since its licence is the GPL.

    Args:
        ratings: A row for each judge, with a score or None for each unit; rows are of one length.

    Returns:
        Alpha; None where no unit has two scores, or all scores are the same, so that there is nothing to agree on.
    """
    units = [[score for score in unit if score is not None] for unit in zip(*ratings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    total = Counter(score for unit in units for score in unit)
    if len(total) < 2:
        return None
    observed_disagreement = sum(
        _distance(one, other, total) / (len(unit) - 1) for unit in units for one, other in permutations(unit, 2)
    )
    expected_disagreement = sum(
        total[one] * total[other] * _distance(one, other, total) for one, other in permutations(total, 2)
    ) / (total.total() - 1)
    return 1 - observed_disagreement / expected_disagreement


def agreement(verdicts: Sequence[Verdict]) -> dict[str, float | None]:
    """Alpha by rubric, over the judgings that read the same statements; rubrics that one judging answered are left out.

    Args:
        verdicts: Those on one run. Of those that read fewer statements than the latest, none counts.
    """
    agreements = {}
    for rubric in dict.fromkeys(verdict.rubric for verdict in verdicts):
        of_rubric = [verdict for verdict in verdicts if verdict.rubric == rubric]
        latest = max(verdict.statements for verdict in of_rubric)
        rows = [_row(verdict) for verdict in of_rubric if verdict.statements == latest]
        if len(rows) > 1:
            units = list(dict.fromkeys(unit for row in rows for unit in row))
            agreements[rubric] = krippendorff_alpha([[row.get(unit) for unit in units] for row in rows])
    return agreements


def _row(verdict: Verdict) -> Mapping[tuple[str, str | None], int | None]:
    return {(score.question, score.party): score.score for score in verdict.scores}


def _distance(one: int, other: int, total: Mapping[int, int]) -> float:
    low, high = sorted((one, other))
    if low == high:
        return 0.0
    between = sum(count for score, count in total.items() if low <= score <= high)
    return float(between - (total[low] + total[high]) / 2) ** 2
