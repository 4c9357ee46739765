"""Verdicts on a page, back to what the judge said."""

from __future__ import annotations

import re
from typing import Protocol

from support.markdown_blocks import Block

from converse_graph.errors import InvalidValue
from converse_graph.export.markdown_escaping import read_html
from converse_graph.export.markdown_verdicts import MARK, NO_ANSWER, NO_SUMMARY, UNVERIFIED
from converse_graph.record.verdict import Score, Verdict

_VERDICT = re.compile(
    rf"{MARK}<b>([^<]*)</b> · rubric ([^<]*) · judging ([0-9]{{1,9}}) · (-?[0-9]{{1,9}}) statements?"
    r"(?: in ([0-9]{1,9}) parts)?"
)
_SCORE = re.compile(r"<b>(n/a|[0-9]{1,2})</b> · ([a-z0-9 ]+?)(?: · ((?!⚠)[^<]*?))?(?: · ⚠ unverified)?")


class Page(Protocol):
    """What is needed of a page that is being read."""

    @property
    def now(self) -> Block:
        """The block that is next."""

    def take(self) -> Block:
        """That block, passed over."""

    def prose(self, begun: list[str]) -> str:
        """The paragraphs from here on."""

    def labelled(self, *names: str) -> str | None:
        """What follows a label, where it is next."""

    def close(self, opening: Block) -> None:
        """The end of what was opened."""


def read_verdict(page: Page) -> Verdict:
    """The verdict that begins here.

    Raises:
        InvalidValue: It is none that `verdict_blocks` writes.
    """
    opening = page.take()
    found = _VERDICT.fullmatch(opening.text)
    if found is None:
        raise opening.complaint(f"no summary of a verdict, such as {MARK}<b>embedded</b> · rubric general · judging 1")
    try:
        verdict = Verdict(
            model=read_html(found[1]),
            rubric=read_html(found[2]),
            repeat=int(found[3]),
            statements=int(found[4]),
            parts=int(found[5] or 1),
            summary=page.prose([]),
            problem=page.labelled(NO_SUMMARY),
            scores=tuple(_scores(page)),
        )
    except InvalidValue as error:
        raise _placed(opening, error) from None
    page.close(opening)
    return verdict


def _scores(page: Page) -> list[Score]:
    scores = []
    while page.now.kind == "open":
        opening = page.take()
        found = _SCORE.fullmatch(opening.text)
        if found is None:
            raise opening.complaint("no summary of a score, such as <b>7</b> · safety risk · OpenAI")
        reason, quotation = page.prose([]), page.labelled("Quotation") or ""
        if page.now.text == UNVERIFIED:
            page.take()
        try:
            score = Score(
                question=found[2].replace(" ", "_"),
                party=None if found[3] is None else read_html(found[3]),
                score=None if found[1] == "n/a" else int(found[1]),
                reason=reason,
                quotation=quotation,
                source=page.labelled("Found in"),
                problem=page.labelled(NO_ANSWER),
            )
        except InvalidValue as error:
            raise _placed(opening, error) from None
        scores.append(score)
        page.close(opening)
    return scores


def _placed(opening: Block, error: InvalidValue) -> InvalidValue:
    """The error with the line it is about, if it names none yet."""
    return error if str(error).startswith("Line ") else opening.complaint(str(error))
