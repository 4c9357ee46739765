"""Dials of a scenario file: declared under `dials`, and put in wherever a text or a value names one as `$name`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainSerializer, field_validator, model_validator
from pydantic import Field as Bound

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.dials import Dial, make_dial
from converse_graph.scenarios.fields import format_value
from converse_graph.scenarios.strict_yaml import Document, Location
from converse_graph.scenarios.validation_errors import nearest
from converse_graph.scenarios.value import ByKind, FrozenModel, Identifier, Items

REFERENCE = re.compile(r"(?P<space> ?)\$(?:(?P<dollar>\$)|\{(?P<braced>[A-Za-z_]\w*)\}|(?P<bare>[A-Za-z_]\w*))", re.A)
"""A dial in a text: `$name`, or `${name}` before a letter; `$$` is a dollar sign, as is `$` before anything else."""

_TO_DOUBLE = re.compile(r"\$(?=[$A-Za-z_{])")
_RESERVED = {"model": "--model", "seed": "--seed", "base_url": "--base-url"}


class _DialSpec(FrozenModel, ABC):
    name: Identifier
    """What it is called: `$name` in texts and values, `--set name=value` on the command line."""
    help: str = ""
    """What it sets, in one line."""

    @field_validator("name")
    @classmethod
    def _not_taken(cls, name: str) -> str:
        if name in _RESERVED:
            raise ValueError(f"no dial can be called {name}: that is what {_RESERVED[name]} sets; name it otherwise")
        return name

    @abstractmethod
    def annotation(self) -> Any:
        """Return the type of a setting, with its bounds, as pydantic reads it."""

    def stands_for(self, setting: Any) -> Any:
        """Return what stands in the place of `$name` where the dial is set so."""
        return setting


class TextDial(_DialSpec):
    """A dial that takes any text."""

    kind: Literal["text"] = "text"
    """Which kind of dial this is."""
    default: str
    """How it is set unless somebody turns it."""

    def annotation(self) -> Any:
        """Return text."""
        return str


class BooleanDial(_DialSpec):
    """A dial that is true or false; in the midst of a text it reads yes or no."""

    kind: Literal["boolean"] = "boolean"
    """Which kind of dial this is."""
    default: bool
    """How it is set unless somebody turns it."""

    def annotation(self) -> Any:
        """Return true or false."""
        return bool


class NumberDial(_DialSpec):
    """A dial that takes a number."""

    kind: Literal["number"] = "number"
    """Which kind of dial this is."""
    default: float
    """How it is set unless somebody turns it."""
    minimum: float | None = None
    """The least that it may be set to; null for no bound."""
    maximum: float | None = None
    """The most that it may be set to; null for no bound."""

    def annotation(self) -> Any:
        """Return number within the bounds; one that is whole is put in without a point."""
        bounds = Bound(ge=self.minimum, le=self.maximum)
        return Annotated[
            float, bounds, AfterValidator(_without_point), PlainSerializer(_without_point, return_type=int | float)
        ]


class IntegerDial(_DialSpec):
    """A dial that takes a whole number."""

    kind: Literal["integer"] = "integer"
    """Which kind of dial this is."""
    default: int
    """How it is set unless somebody turns it."""
    minimum: int | None = None
    """The least that it may be set to; null for no bound."""
    maximum: int | None = None
    """The most that it may be set to; null for no bound."""

    def annotation(self) -> Any:
        """Return whole number within the bounds."""
        return Annotated[int, Bound(ge=self.minimum, le=self.maximum)]


class ChoiceDial(_DialSpec):
    """A dial that takes one of a few words."""

    kind: Literal["choice"] = "choice"
    """Which kind of dial this is."""
    options: Items[str] | dict[str, Any]
    """The words to choose from. As a table, each with what stands in the place of `$name` for it: a text, or a whole
    value such as a deliberation or a party; null leaves an entry of a list out. It may name the dials before this."""
    default: str
    """How it is set unless somebody turns it."""

    @field_validator("options", mode="before")
    @classmethod
    def _can_choose(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple | dict):
            raise ValueError("it takes a list of words, or a table with what each stands for")
        for word in value:
            if not isinstance(word, str):
                raise ValueError(f"option {word!r} is no text; put it in quotes, or take another kind of dial")
        if len(set(value)) < max(2, len(value)):
            raise ValueError("it takes two words or more that differ")
        return value

    def annotation(self) -> Any:
        """Return one of the words."""
        return Literal[tuple(self.options)]

    def stands_for(self, setting: Any) -> Any:
        """Return the word, or what the table of options has for it."""
        return self.options[setting] if isinstance(self.options, dict) else setting


AnyDial = TextDial | BooleanDial | NumberDial | IntegerDial | ChoiceDial
"""All kinds of dials that a file can declare."""

DialSpec = Annotated[_DialSpec, ByKind(AnyDial)]
"""Any dial of a file."""


class Preset(FrozenModel):
    """A setting of a file's dials with a name of its own."""

    name: str
    """How it is called: `converse run file.yaml:name`; a-z, 0-9, _ and -."""
    help: str = ""
    """What it shows, in one line."""
    set: dict[Identifier, Any]
    """Dials by name, each with its setting."""

    @field_validator("name")
    @classmethod
    def _can_be_named(cls, name: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,59}", name):
            raise ValueError("a preset's name is 1 to 60 of a-z, 0-9, _ and -, and begins with a letter")
        return name


class Dials(FrozenModel):
    """The part of a scenario file that declares what can be turned."""

    dials: Items[DialSpec] = ()
    """What can be turned: each stands as `$name` in the texts and values of the file."""
    presets: Items[Preset] = ()
    """Settings of the dials that have names of their own."""

    @model_validator(mode="after")
    def _names_differ(self) -> Dials:
        for what, names in (
            ("dial", [dial.name for dial in self.dials]),
            ("preset", [preset.name for preset in self.presets]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two {what}s are called {name!r}; names must differ")
        return self


def read_dial(spec: _DialSpec, number: int, tree: Document) -> Dial:
    """Make a dial of its declaration.

    Args:
        spec: The declaration.
        number: Which of the file's it is, from 0.
        tree: The file.

    Raises:
        InvalidValue: Its default is none of its own settings.
    """
    default = vars(spec)["default"]
    dial = make_dial(name=spec.name, hint=spec.annotation(), default=default, doc=spec.help)
    try:
        return replace(dial, default=dial.read(default))
    except InvalidValue as error:
        raise InvalidValue(f"line {tree.line_of(['dials', number, 'default'])}: {error}") from None


def fill(tree: Document, specs: Sequence[_DialSpec], settings: Mapping[str, Any], but: frozenset[str]) -> Document:
    """Put settings of dials in their places.

    Args:
        tree: The file.
        specs: Its dials.
        settings: Of each of them, by name.
        but: Keys of the file in whose values dials have no meaning.

    Returns:
        What the file says with these settings; its lines lead to where a value was written.

    Raises:
        InvalidValue: A text names no dial of the file, or a whole table in its midst; the message begins with the line.
    """
    return _Filling(tree, specs, settings).fill_document(but)


def dials_named_in(tree: Document) -> Iterator[str]:
    """Yield the names that stand after a dollar sign anywhere in the texts of a file."""
    waiting: list[Any] = [tree.values]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield from (name for match in REFERENCE.finditer(text) if (name := match["braced"] or match["bare"]))
            case dict() as table:
                waiting.extend(table.values())
            case list() as items:
                waiting.extend(items)


def escape(value: Any) -> Any:
    """Return a value in which every dollar sign stands for itself, as a file has it."""
    match value:
        case str():
            return _TO_DOUBLE.sub("$$", value) if "$" in value else value
        case dict():
            return {name: escape(inner) for name, inner in value.items()}
        case list():
            return [escape(inner) for inner in value]
    return value


class _Filling:
    def __init__(self, tree: Document, specs: Sequence[_DialSpec], settings: Mapping[str, Any]) -> None:
        self._tree = tree
        self._specs = {spec.name: (number, spec) for number, spec in enumerate(specs)}
        self._settings = settings
        self._lines: dict[Location, int] = {}
        self._sources: dict[Location, str] = {}

    def fill_document(self, but: frozenset[str]) -> Document:
        values: dict[str, Any] = {}
        for name, value in self._tree.values.items():
            self._lines[name,] = self._tree.line_of([name])
            values[name] = value if name in but else self._fill(value, (name,), (name,), list(self._specs))
        lines = {at: line for at, line in self._tree.lines.items() if at and at[0] in but}
        return Document(values=values, lines={**lines, **self._lines}, sources=self._sources)

    def _fill(self, value: Any, source: Location, target: Location, names: Sequence[str]) -> Any:
        """A value with its dials put in.

        Args:
            value: As the file has it.
            source: Where it stands in the file.
            target: Where it stands in what comes of it.
            names: The dials that it may name.
        """
        self._lines[target] = self._tree.line_of(source)
        match value:
            case str() if "$" in value:
                return self._fill_text(value, source, target, names)
            case dict():
                return {
                    name: self._fill(inner, (*source, name), (*target, name), names) for name, inner in value.items()
                }
            case list():
                items: list[Any] = []
                for number, inner in enumerate(value):
                    filled_item = self._fill(inner, (*source, number), (*target, len(items)), names)
                    if filled_item is not None or inner is None:
                        items.append(filled_item)
                return items
        return value

    def _fill_text(self, text: str, source: Location, target: Location, names: Sequence[str]) -> Any:
        alone = REFERENCE.fullmatch(text)
        if alone and not alone["dollar"] and not alone["space"]:
            name = self._name_in(alone, source, names)
            self._sources[target] = name
            return self._stands_for(name, target)

        def put_in(match: re.Match[str]) -> str:
            if match["dollar"]:
                return f"{match['space']}$"
            name = self._name_in(match, source, names)
            value = self._stands_for(name, None)
            if isinstance(value, dict | list):
                what = "a table" if isinstance(value, dict) else "a list"
                raise InvalidValue(
                    f"line {self._tree.line_of(source)}: ${name} stands for {what}, so it can only be a value by "
                    "itself, not a part of a text."
                )
            words = _in_text(value)
            return f"{match['space']}{words}" if words else ""

        return REFERENCE.sub(put_in, text)

    def _name_in(self, match: re.Match[str], source: Location, names: Sequence[str]) -> str:
        name = match["braced"] or match["bare"]
        if name in names:
            return name
        line = self._tree.line_of(source)
        if name in self._specs:
            raise InvalidValue(f"line {line}: an option may name the dials that stand before its own, not ${name}.")
        there_is = f"there is: {', '.join(names)}" if names else "declare it under dials"
        hint = nearest(name, names) or f"; {there_is}; a dollar sign before a letter is written $$."
        raise InvalidValue(f"line {line}: no dial {name!r}{hint}")

    def _stands_for(self, name: str, target: Location | None) -> Any:
        """What stands in the place of a dial; an option may itself name the dials before it."""
        number, spec = self._specs[name]
        setting = self._settings[name]
        value = spec.stands_for(setting)
        if value is setting:
            return setting
        at = ("dials", number, "options", setting)
        return self._fill(value, at, target if target is not None else at, list(self._specs)[:number])


def _in_text(value: Any) -> str:
    return "" if value is None else format_value(value)


def _without_point(number: float) -> float:
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else number
