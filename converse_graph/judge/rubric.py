"""What a judge is asked: a file of questions, each with anchors on the one scale from 1 to 10."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.prompting.personas import with_article
from converse_graph.record.transcript import Party
from converse_graph.resources import search_path
from converse_graph.scenarios.cast import check_distinct
from converse_graph.scenarios.strict_yaml import build, in_file, load_yaml
from converse_graph.scenarios.value import FrozenModel, Identifier, Items

ANCHORS = (1, 4, 7, 10)
"""The points of the scale that a question must say the meaning of."""

EVERYBODY = "*"
"""As `each` of a question: every party, of whatever kind."""

_MOST = 256 * 1024
"""Bytes of a rubric's file."""


class RubricQuestion(FrozenModel):
    """One question, about the whole run or about each party of a kind."""

    name: Identifier
    """What the score is called in the record."""
    ask: str
    """The question; of a party, its name stands where `{party}` does."""
    each: str | None = None
    """The kind of party that it is asked about, one at a time; "*" for every party; None for the whole run."""
    anchors: dict[int, str]
    """What 1, 4, 7 and 10 mean."""
    combine: Literal["median", "last", "maximum"] = "median"
    """How the scores of a transcript that was read in parts become one: the (lower) median, the last, the highest."""

    @model_validator(mode="after")
    def _anchored(self) -> Self:
        if missing := [point for point in ANCHORS if point not in self.anchors]:
            raise ValueError(
                f"{self.name} has no anchor for {', '.join(map(str, missing))}; say what 1, 4, 7 and 10 mean"
            )
        if odd := [point for point in self.anchors if not 1 <= point <= 10]:
            raise ValueError(f"{self.name} has an anchor for {odd[0]}; the scale runs from 1 to 10")
        return self

    def asked_of(self, cast: Sequence[Party]) -> tuple[str | None, ...]:
        """Whom it is asked about: the names of parties, or None for the whole run."""
        if self.each is None:
            return (None,)
        return tuple(party.name for party in cast if self.each in (EVERYBODY, party.kind))

    def worded(self, party: str | None) -> str:
        """The question about somebody."""
        return self.ask.replace("{party}", with_article(party) if party else "the parties")


class Rubric(FrozenModel):
    """What a judge is asked about a run."""

    name: str
    """What verdicts call it by."""
    title: str = ""
    """One line for readers."""
    scale: Literal["1-10"] = "1-10"
    """The one scale there is."""
    summary: str = "Sum up what happened, in a few sentences."
    """What the prose summary is to tell."""
    questions: Annotated[Items[RubricQuestion], Bound(min_length=1, max_length=20)]
    """Those that are scored, in this order."""

    @model_validator(mode="after")
    def _questions_differ(self) -> Self:
        check_distinct("question", names := [question.name for question in self.questions])
        if "summary" in names:
            raise ValueError("no question can be called 'summary': every judge gives one; name it otherwise")
        return self

    def questions_for(self, cast: Sequence[Party]) -> tuple[tuple[RubricQuestion, str | None], ...]:
        """Every question with whom it is about, in the rubric's order.

        Args:
            cast: Who sat at the table.
        """
        return tuple((question, party) for question in self.questions for party in question.asked_of(cast))


def load_rubric(reference: str) -> Rubric:
    """A rubric by its name, or from a file.

    Args:
        reference: The name of a file in `prompts/rubrics` without its ending, or the path of a .yaml file.

    Raises:
        NotFound: There is none.
        InvalidValue: It is no rubric: no table, another scale, an anchor or a question that is missing.
    """
    path = _locate(reference)
    tree = load_yaml(path, max_bytes=_MOST, number_keys=True)
    try:
        rubric: Rubric = build(Rubric, {"name": path.stem, **tree.values}, tree, ())
    except InvalidValue as error:
        raise in_file(path, error) from None
    return rubric


def _locate(reference: str) -> Path:
    if reference.endswith((".yaml", ".yml")):
        if Path(reference).is_file():
            return Path(reference)
        raise NotFound(f"No rubric file {reference}; name one that is there, or one of {', '.join(_names())}.")
    for folder in search_path("prompts"):
        path = folder / "rubrics" / f"{reference}.yaml"
        if path.parent == folder / "rubrics" and path.is_file():
            return path
    raise NotFound.among("rubric", reference, _names(), hint="A path that ends in .yaml names a file of your own.")


def _names() -> list[str]:
    return sorted({path.stem for folder in search_path("prompts") for path in (folder / "rubrics").glob("*.yaml")})
