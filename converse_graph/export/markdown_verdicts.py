"""What judges made of a run, at the top of its page: open to the eye, each score folded over its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converse_graph.export.markdown_escaping import html, inline, prose
from converse_graph.export.overview import count_in_words
from converse_graph.judge.agreement import agreement
from converse_graph.record.verdict import Score, Verdict

OPEN_SHOWN = "<details open>"
"""The tag around a verdict, which is not folded."""
MARK = "⚖️ "
"""Begins the summary of a verdict, and of nothing else."""
UNVERIFIED = "*This is not in the transcript: the quotation is unverified.*"
NO_SUMMARY = "No summary"
NO_ANSWER = "No answer"


def verdict_blocks(verdicts: Sequence[Verdict], *, statements: int) -> Iterator[str]:
    """The verdicts as lines of Markdown, with what to make of them; nothing where there are none.

    Args:
        verdicts: What judges said.
        statements: How many the transcript has.
    """
    if not verdicts:
        return
    yield from ("### Verdict" if len(verdicts) == 1 else "### Verdicts", "")
    for caution in cautions(verdicts, statements=statements):
        yield from (f"> {caution}", "")
    for verdict in verdicts:
        yield from _verdict(verdict)


def cautions(verdicts: Sequence[Verdict], *, statements: int) -> Iterator[str]:
    """What a reader should know before trusting a verdict, a sentence or two each, as Markdown."""
    for model in dict.fromkeys(verdict.model for verdict in verdicts):
        if model == "embedded":
            yield (
                "**The embedded model judged.** At 135 million parameters its scores say next to nothing: they show "
                "how a verdict looks. It cannot quote by itself, so it chose its quotations among sentences that were "
                "said. Ask another with `converse judge RUN --judge-model`."
            )
        if model.partition(":")[0] == "null":
            yield "**No language model judged.** The null model scores by seeded chance: a baseline for other judges."
    parts = max(verdict.parts for verdict in verdicts)
    if parts > 1:
        yield (
            f"The record was judged in up to {parts} parts, each without the others, as it is longer than a judge "
            "reads at once; code took each score from those of the parts, as the rubric says."
        )
    if any(verdict.statements != statements for verdict in verdicts):
        yield "The run went on after it was judged; `converse judge` judges it anew."
    for rubric, alpha in agreement(verdicts).items():
        yield f"{agreed(alpha)} (rubric {inline(rubric)})."


def agreed(alpha: float | None) -> str:
    """The agreement of judges in words."""
    if alpha is None:
        return "Agreement of the judgings: not defined, as their scores do not vary"
    return f"Agreement of the judgings: Krippendorff's alpha {alpha:.2f}, where 1 is agreement and 0 is chance"


def score_line(score: Score) -> str:
    """A score in one plain line, such as "7 · safety risk · OpenAI"."""
    return " · ".join(
        [_score_in_words(score), score.question.replace("_", " "), *([score.party] if score.party else [])]
    )


def _verdict(verdict: Verdict) -> Iterator[str]:
    parts = f" in {verdict.parts} parts" if verdict.parts > 1 else ""
    yield from (
        OPEN_SHOWN,
        f"<summary>{MARK}<b>{html(verdict.model)}</b> · rubric {html(verdict.rubric)} · judging {verdict.repeat} · "
        f"{count_in_words(verdict.statements, 'statement')}{parts}</summary>",
        "",
    )
    if verdict.summary:
        yield from (prose(verdict.summary), "")
    if verdict.problem is not None:
        yield from (f"**{NO_SUMMARY}:** {inline(verdict.problem)}", "")
    for score in verdict.scores:
        yield from _score(score)
    yield from ("</details>", "")


def _score(score: Score) -> Iterator[str]:
    party = f" · {html(score.party)}" if score.party is not None else ""
    doubt = " · ⚠ unverified" if score.quotation and not score.verified else ""
    name = score.question.replace("_", " ")
    yield from ("<details>", f"<summary><b>{_score_in_words(score)}</b> · {name}{party}{doubt}</summary>", "")
    if score.reason:
        yield from (prose(score.reason), "")
    if score.quotation:
        yield from (f"**Quotation:** {inline(score.quotation)}", "")
    if score.source is not None:
        yield from (f"**Found in:** {inline(score.source)}", "")
    elif score.quotation:
        yield from (UNVERIFIED, "")
    if score.problem is not None:
        yield from (f"**{NO_ANSWER}:** {inline(score.problem)}", "")
    yield from ("</details>", "")


def _score_in_words(score: Score) -> str:
    return "n/a" if score.score is None else str(score.score)
