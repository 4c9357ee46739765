"""How a question is settled, inside a speaker or at the table itself: rules against easy agreement, and positions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field as Bound
from pydantic import model_validator

from converse_graph.scenarios.value import FrozenModel, Identifier, Items


class DeliberationRules(FrozenModel):
    """What is common to conversations that settle a question: four rules, each on or off."""

    private_positions: bool = False
    """Whether each speaker writes down its position and its reason before it hears the others."""
    ballot: Literal["open", "secret"] = "open"
    """What counts in the end: the positions last spoken for, or ballots that all cast at once after the last word,
    each by a call of its own that nobody else reads."""
    justify_changes: bool = False
    """Whether a speaker that changes its position is asked for the new fact that moved it; one that names none is
    counted as unjustified."""
    dissenter: bool = False
    """Whether, once all hold the same position before the end, the next speaker is called on to argue the strongest
    case against it; what it argues for then is not counted as its vote. At most once a conversation."""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules against easy agreement that are on, as the record names them."""
        on = {
            "private_positions": self.private_positions,
            "secret_ballot": self.ballot == "secret",
            "justify_changes": self.justify_changes,
            "dissenter": self.dissenter,
        }
        return tuple(name for name, is_on in on.items() if is_on)


class Motion(DeliberationRules):
    """A question before the table: each statement says in public where its party stands on it."""

    question: str
    """What is to be settled, in a sentence that one can be for or against."""
    options: Annotated[Items[str], Bound(min_length=2)]
    """The positions to choose from; where they lie on a scale, in its order."""
    party_kind: Identifier | None = None
    """The kind of party that takes a stand; None for every party."""

    @model_validator(mode="after")
    def _options_differ(self) -> Self:
        check_options(self.options)
        return self

    def concerns(self, kind: str) -> bool:
        """Whether parties of a kind take a stand.

        Args:
            kind: Of a party.
        """
        return self.party_kind in (None, kind)


def check_options(options: Sequence[str]) -> None:
    """Refuse positions between which nobody can choose: one alone, or two alike.

    Raises:
        ValueError: They are such.
    """
    if len(options) == 1 or len(set(options)) < len(options):
        raise ValueError(f"options must be none, or two or more that differ, not {', '.join(options)}")


_NOISE = re.compile(r"[.,:](?!\d)|(?<!\d)[.,:]|[-\u2212](?!\d)|[;!?\"'“”‘’()\[\]…*_`–—]")  # noqa: RUF001 - marks that people and models write
"""What does not change a position: not the sign or the point of a number, nor what makes C++ of C."""


def normalise_position(position: str) -> str:
    """A position without case, spare spaces and punctuation; two that fold alike count as one."""
    return " ".join(_NOISE.sub(" ", position.casefold()).split()) or position
