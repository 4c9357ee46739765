"""What a statement reports beside its prose: named fields with bounds, as data."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, create_model, model_validator
from pydantic import Field as Bound

from converse_graph.scenarios.value import Identifier, Value


class _Field(Value, ABC):
    name: Identifier
    """What the field is called in the record."""
    ask: str
    """What the speaker is asked for, in a few words."""
    optional: bool = False
    """Whether "none" is an answer."""
    example: Any = None
    """A good answer, shown to models that need to see one."""

    def annotation(self) -> Any:
        """The type of an answer, with its bounds, as pydantic reads it."""
        return self._bounded() | None if self.optional else self._bounded()

    @abstractmethod
    def _bounded(self) -> Any: ...


class Text(_Field):
    """One short text."""

    kind: Literal["text"] = "text"
    max_length: Annotated[int, Bound(ge=1, le=8000)] = 160
    """Characters."""

    def _bounded(self) -> Any:
        return Annotated[str, Bound(max_length=self.max_length)]


class Names(_Field):
    """A list of short names or phrases."""

    kind: Literal["names"] = "names"
    max_items: Annotated[int, Bound(ge=1, le=50)] = 3
    max_length: Annotated[int, Bound(ge=1, le=400)] = 60
    """Characters of one name."""

    def _bounded(self) -> Any:
        return Annotated[list[Annotated[str, Bound(max_length=self.max_length)]], Bound(max_length=self.max_items)]


class Flag(_Field):
    """Yes or no."""

    kind: Literal["flag"] = "flag"

    def _bounded(self) -> Any:
        return bool


class Choice(_Field):
    """One of a closed set of answers."""

    kind: Literal["choice"] = "choice"
    options: Annotated[tuple[str, ...], Bound(min_length=2)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"options repeat themselves: {', '.join(self.options)}")
        return self

    def _bounded(self) -> Any:
        return Literal[self.options]


class _Bounded(_Field):
    minimum: float
    maximum: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(f"minimum {self.minimum:g} must lie below maximum {self.maximum:g}")
        return self


class Number(_Bounded):
    """A number."""

    kind: Literal["number"] = "number"

    def _bounded(self) -> Any:
        return Annotated[float, Bound(ge=self.minimum, le=self.maximum)]


class Whole(_Bounded):
    """A whole number, such as a year."""

    kind: Literal["whole"] = "whole"
    minimum: int
    maximum: int

    def _bounded(self) -> Any:
        return Annotated[int, Bound(ge=self.minimum, le=self.maximum)]


class Percentiles(_Bounded):
    """An uncertain whole number, such as a year, by its 10th, 50th and 90th percentile."""

    kind: Literal["percentiles"] = "percentiles"
    minimum: int
    maximum: int

    def _bounded(self) -> Any:
        bound = Annotated[int, Bound(ge=self.minimum, le=self.maximum)]
        return create_model(self.name, __config__={"extra": "forbid"}, p10=bound, p50=bound, p90=bound)


Field = Annotated[Text | Names | Flag | Choice | Number | Whole | Percentiles, Discriminator("kind")]
"""Any field of a statement."""
