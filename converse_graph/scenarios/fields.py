"""Fields that a statement reports beside its prose: what an answer may be, how that is told, how a value is shown.

A kind of field says all of that itself. Forms, prompts, the null model and the estimate go by what it says, so that a
new kind is a class here, one of `AnyField`, and a name at the public door.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Bound
from pydantic import create_model, model_validator

from converse_graph.sanitize import strip_invisible
from converse_graph.scenarios.value import ByKind, FrozenModel, Identifier, Items

TOLERANCE = 5
"""How many times the length that was asked for an answer may have: no model counts characters, and what it said is
worth more whole than asked for again."""


class _Field(FrozenModel, ABC):
    name: Identifier
    """What the field is called in the record."""
    ask: str
    """What the speaker is asked for, in a few words."""
    optional: bool = False
    """Whether "none" is an answer."""
    example: Any = None
    """A good answer, shown to models that need to see one."""

    def annotation(self) -> Any:
        """Return the type of an answer, with its bounds, as pydantic reads it; its values are those that JSON has."""
        return self._strict_type() | None if self.optional else self._strict_type()

    def bounds_text(self) -> str:
        """Say what an answer may be, in the words in which a speaker is asked for it."""
        return f"{self._bounds_text()}; null for none" if self.optional else self._bounds_text()

    def tolerated(self) -> Any:
        """Return the type of an answer as it is read: longer than was asked for, up to `TOLERANCE` times."""
        return self._tolerant_type() | None if self.optional else self._tolerant_type()

    def is_longer(self, answer: Any) -> bool:
        """Tell whether an answer is longer than was asked for.

        Args:
            answer: A value of the type that `tolerated` returns.
        """
        return False

    def normalise(self, answer: Any) -> Any:
        """Return an answer that fits as it goes on record.

        Args:
            answer: A value of the type that `annotation` returns.
        """
        return answer

    def can_equal(self, answer: bool | int | str) -> bool:
        """Return whether an answer can be this, of the values that an event can wait for.

        Args:
            answer: What an event waits for.
        """
        return False

    @abstractmethod
    def _strict_type(self) -> Any: ...

    def _tolerant_type(self) -> Any:
        return self._strict_type()

    @abstractmethod
    def _bounds_text(self) -> str: ...


class Text(_Field):
    """One short text."""

    kind: Literal["text"] = "text"
    """Which kind of field this is, as a file names it."""
    max_length: Annotated[int, Bound(ge=1, le=8000)] = 160
    """Characters."""

    def _strict_type(self) -> Any:
        return Annotated[str, Bound(max_length=self.max_length)]

    def can_equal(self, answer: bool | int | str) -> bool:
        """Return whether it is a text that would be kept.

        Args:
            answer: What an event waits for.
        """
        return isinstance(answer, str) and len(answer) <= TOLERANCE * self.max_length

    def _tolerant_type(self) -> Any:
        return Annotated[str, Bound(max_length=TOLERANCE * self.max_length)]

    def is_longer(self, answer: Any) -> bool:
        """Tell whether a text has more characters than were asked for.

        Args:
            answer: The text; None for none.
        """
        return answer is not None and len(answer) > self.max_length

    def _bounds_text(self) -> str:
        return words_for(self.max_length)


class TextList(_Field):
    """A list of short names or phrases."""

    kind: Literal["list"] = "list"
    """Which kind of field this is, as a file names it."""
    max_items: Annotated[int, Bound(ge=1, le=50)] = 3
    """How many names at most."""
    max_length: Annotated[int, Bound(ge=1, le=400)] = 60
    """Characters of one name."""

    def _strict_type(self) -> Any:
        return Annotated[list[Annotated[str, Bound(max_length=self.max_length)]], Bound(max_length=self.max_items)]

    def _tolerant_type(self) -> Any:
        entry = Annotated[str, Bound(max_length=TOLERANCE * self.max_length)]
        return Annotated[list[entry], Bound(max_length=TOLERANCE * self.max_items)]

    def is_longer(self, answer: Any) -> bool:
        """Tell whether a list has more entries than were asked for, or longer ones.

        Args:
            answer: The list; None for none.
        """
        entries = answer or ()
        return len(entries) > self.max_items or any(len(entry) > self.max_length for entry in entries)

    def _bounds_text(self) -> str:
        return f"a list of at most {self.max_items}, each of {words_for(self.max_length)}; [] for nothing"


class Boolean(_Field):
    """Yes or no."""

    kind: Literal["boolean"] = "boolean"
    """Which kind of field this is, as a file names it."""

    def _strict_type(self) -> Any:
        return bool

    def can_equal(self, answer: bool | int | str) -> bool:
        """Return whether it is true or false.

        Args:
            answer: What an event waits for.
        """
        return isinstance(answer, bool)

    def _bounds_text(self) -> str:
        return "true or false"


class Choice(_Field):
    """One of a closed set of answers."""

    kind: Literal["choice"] = "choice"
    """Which kind of field this is, as a file names it."""
    options: Annotated[Items[str], Bound(min_length=2)]
    """The answers to choose from."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"options repeat themselves: {', '.join(self.options)}")
        return self

    def _strict_type(self) -> Any:
        return Literal[self.options]

    def can_equal(self, answer: bool | int | str) -> bool:
        """Return whether it is one of the options.

        Args:
            answer: What an event waits for.
        """
        return answer in self.options

    def _bounds_text(self) -> str:
        # A debate's own positions are options of a statement, and a model worded them.
        return "one of: " + "; ".join(" ".join(strip_invisible(option).split()) for option in self.options)


class _Bounded(_Field):
    minimum: float
    """The least that an answer may be."""
    maximum: float
    """The most that an answer may be."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum:g} must lie below maximum {self.maximum:g}")
        return self

    def _bounds_text(self) -> str:
        return f"{self.minimum:g} to {self.maximum:g}"


class Number(_Bounded):
    """A number."""

    kind: Literal["number"] = "number"
    """Which kind of field this is, as a file names it."""

    def _strict_type(self) -> Any:
        return Annotated[float, Bound(ge=self.minimum, le=self.maximum)]


class Integer(_Bounded):
    """A whole number, such as a year."""

    kind: Literal["integer"] = "integer"
    """Which kind of field this is, as a file names it."""
    minimum: int
    maximum: int

    def _strict_type(self) -> Any:
        return Annotated[int, Bound(ge=self.minimum, le=self.maximum)]

    def can_equal(self, answer: bool | int | str) -> bool:
        """Return whether it is a whole number within the bounds.

        Args:
            answer: What an event waits for.
        """
        return type(answer) is int and self.minimum <= answer <= self.maximum


class Percentiles(_Bounded):
    """An uncertain whole number, such as a year, by its 10th, 50th and 90th percentile."""

    kind: Literal["percentiles"] = "percentiles"
    """Which kind of field this is, as a file names it."""
    minimum: int
    maximum: int

    def _strict_type(self) -> Any:
        return self._three(extra="forbid")

    def _tolerant_type(self) -> Any:
        return self._three(extra="ignore")

    def _three(self, *, extra: Literal["forbid", "ignore"]) -> Any:
        bound = Annotated[int, Bound(ge=self.minimum, le=self.maximum)]
        return create_model(self.name, __config__={"extra": extra}, p10=bound, p50=bound, p90=bound)

    def _bounds_text(self) -> str:
        return f"its 10th, 50th and 90th percentile as whole numbers p10, p50 and p90, {super()._bounds_text()}"

    def normalise(self, answer: Any) -> Any:
        """Return the three in order: models mix them up.

        Args:
            answer: By their names.
        """
        return dict(zip(("p10", "p50", "p90"), sorted(answer.values()), strict=True)) if answer else answer


AnyField = Text | TextList | Boolean | Choice | Number | Integer | Percentiles
"""All kinds of fields."""


Field = Annotated[_Field, ByKind(AnyField)]
"""Any field of a statement. A type checker sees their base: it takes a list of several kinds for a list of that."""


def words_for(characters: int) -> str:
    """Return a length in the words that a model can keep to, who counts no characters: "at most about 100 words".

    Args:
        characters: The length; English has six a word, the space after it included, by letter counts of its corpora.
    """
    words = max(2, characters // 6)
    return f"at most about {words if words < 20 else words // 10 * 10} words"


def format_value(value: Any) -> str:
    """Return the value of a field in words, as prompts, pages and the screen show it.

    Args:
        value: An answer as the record has it: what JSON has.
    """
    match value:
        case None | []:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(format_value, value))
        case Mapping():
            return ", ".join(f"{name} {format_value(inner)}" for name, inner in value.items())
    return str(value)
