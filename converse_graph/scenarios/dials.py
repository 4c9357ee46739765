"""Scenario functions: Python functions whose typed parameters are the dials of a scenario."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.scenarios.graph_settings import bad_request, dials_in, settings_schema
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_paths import find_name
from converse_graph.scenarios.validation_errors import explain


@dataclass(frozen=True, kw_only=True)
class Dial:
    """One typed parameter of a scenario function."""

    name: str
    type: str
    """Its type as people read it, such as "whole number 1 to 6" or "none | debate"."""
    default: Any
    doc: str
    """What the scenario function's docstring says of it."""
    hint: Any = field(repr=False, compare=False)
    """Its annotation."""
    adapter: TypeAdapter[Any] = field(repr=False, compare=False)
    by_name: bool = False
    """Whether it can be set for each of several parties by name, as a table."""

    def read(self, value: Any) -> Any:
        """Check a setting, or read it from text.

        Raises:
            InvalidValue: The setting is not one that the dial takes.
        """
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            why = explain(error)
            more = "" if why == f"it takes a {self.type}" else f": {why}"
            end = "" if more.endswith("?") else "."
            raise InvalidValue(f"Dial {self.name} takes {self.type}, not {value!r}{more}{end}") from None


@dataclass(frozen=True, kw_only=True)
class ScenarioFunction:
    """A scenario to be had by name: call it with dials to get a `Scenario`."""

    name: str
    doc: str
    dials: tuple[Dial, ...]
    function: Callable[..., Scenario] = field(repr=False)
    preset_of: str | None = None
    """The scenario function that this is a named setting of."""
    reference: str = ""
    """The file that it was read from, with its name where the file holds several; empty for one made in Python."""

    def __call__(self, **settings: Any) -> Scenario:
        """Make the scenario with these settings; dials that are not named keep their defaults.

        Raises:
            NotFound: There is no such dial.
            InvalidValue: A dial does not take that setting, or the scenario that comes of it cannot be.
        """
        set_to = self._read(settings)
        try:
            scenario = self.function(**set_to)
        except SystemExit as error:  # it would end whoever asked for a scenario, without a word
            raise InvalidValue(f"{self.name} made no scenario and ended the program (code {error.code}).") from error
        return scenario.model_copy(update={"name": self.name, "title": scenario.title or self.doc, "dials": set_to})

    def __getattr__(self, name: str) -> Any:
        """Say what is missing where a scenario's own attribute is asked of the function that makes it.

        Args:
            name: What is no attribute of a scenario function.

        Raises:
            AttributeError: Always.
        """
        if not name.startswith("_") and (name in Scenario.model_fields or hasattr(Scenario, name)):
            itself = self.__dict__.get("name", "this")  # not yet there in a copy that is being made
            raise AttributeError(f"{itself} is a scenario function; call it first, as in {itself}().{name}.")
        raise AttributeError(f"A scenario function has no attribute {name!r}.")

    def preset(self, name: str, doc: str, **settings: Any) -> ScenarioFunction:
        """The same scenario under a name of its own, with other defaults.

        Args:
            name: How it is called, such as "agi-race".
            doc: One line that says what it shows.
            settings: The dials that differ.

        Raises:
            NotFound: There is no such dial.
            InvalidValue: A dial does not take that setting.
        """
        set_to = self._read(settings)
        dials = tuple(replace(dial, default=set_to[dial.name]) for dial in self.dials)
        return replace(self, name=name, doc=doc, dials=dials, preset_of=self.name)

    async def serve(self, config: Mapping[str, Any]) -> Any:
        """The graph for a LangGraph server, not compiled, with dials from an assistant's configuration.

        Name it in `langgraph.json`, as in `served = wage_round.serve` and `"wage-round": "./talks.py:served"`.

        Args:
            config: A runnable's configuration; its `configurable` sets dials by name, and `model` and `seed`.

        Raises:
            InvalidValue: It names something else, or a dial does not take its setting.
        """
        # A scenario may read files, and a server forbids to hold up its event loop for that.
        return await asyncio.to_thread(self._served, config.get("configurable") or {})

    def _served(self, settings: Mapping[str, Any]) -> Any:
        try:
            scenario = self(**dials_in(settings, self.dials, self.name))
            return scenario.graph(settings=settings_schema(self.dials))
        except UsageError as error:
            raise bad_request(error) from None

    def _read(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        dials_by_name = {dial.name: dial for dial in self.dials}
        for name in settings:
            if name not in dials_by_name:
                raise NotFound.among(f"dial of {self.name}", name, dials_by_name)
        return {name: dial.read(settings.get(name, dial.default)) for name, dial in dials_by_name.items()}


OTHERS = "others"
"""In a setting by party: whoever is not named."""


def by_party(setting: Any, parties: Sequence[str], *, otherwise: Any) -> dict[str, Any]:
    """A setting of a dial for each party.

    Args:
        setting: One for all, or a table by party in which "others" stands for whoever is not named.
        parties: Who is at the table.
        otherwise: For those whom a table passes over.

    Raises:
        NotFound: The table names somebody who is not at the table.
    """
    if not isinstance(setting, Mapping):
        return dict.fromkeys(parties, setting)
    by_name = {name if name == OTHERS else find_name(name, parties): value for name, value in setting.items()}
    if None in by_name:
        unknown = next(name for name in setting if name != OTHERS and find_name(name, parties) is None)
        raise NotFound.among("party", unknown, [*parties, OTHERS])
    return {name: by_name.get(name, by_name.get(OTHERS, otherwise)) for name in parties}


def scenario(function: Callable[..., Scenario]) -> ScenarioFunction:
    """Make a function that returns a `Scenario` one to be had by name; its parameters become dials.

    Every parameter needs a type and a default. What the docstring's `Args:` says of it is its help.

    Args:
        function: Takes dials and returns a scenario.

    Raises:
        InvalidValue: A parameter has no type or no default.
    """
    name = function.__name__.replace("_", "-")
    hints = get_type_hints(function, include_extras=True)
    about, docs = _read_docstring(inspect.getdoc(function) or "")
    dials = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in hints or parameter.default is parameter.empty:
            raise InvalidValue(f"Dial {parameter.name!r} of {name} needs a type and a default.")
        doc = docs.get(parameter.name, "")
        dials.append(make_dial(name=parameter.name, hint=hints[parameter.name], default=parameter.default, doc=doc))
    return ScenarioFunction(name=name, doc=about, dials=tuple(dials), function=function)


def make_dial(*, name: str, hint: Any, default: Any, doc: str) -> Dial:
    """Make a dial.

    Args:
        name: What it is called.
        hint: The type of its settings, with their bounds.
        default: How it is set unless somebody turns it.
        doc: What it sets.
    """
    return Dial(
        name=name,
        type=_describe(hint),
        default=default,
        doc=doc,
        hint=hint,
        adapter=TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True, allow_inf_nan=False)),
        by_name=any(get_origin(option) is dict for option in get_args(hint)),
    )


def _read_docstring(text: str) -> tuple[str, Mapping[str, str]]:
    about, _, rest = text.partition("Args:")
    entries = re.findall(r"^ +(\w+): ((?:.|\n(?! *\w+: ))*)", rest.partition("\n\n")[0], flags=re.M)
    return about.strip().split("\n\n")[0].replace("\n", " "), {name: " ".join(doc.split()) for name, doc in entries}


_PLAIN: Mapping[Any, str] = {int: "whole number", float: "number", bool: "true or false", str: "text"}


def _describe(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Literal:
        return " | ".join(str(option) for option in get_args(hint))
    if origin is dict:
        return "a table of these by party"
    if origin in (Union, UnionType):
        return ", or ".join(_describe(option) for option in get_args(hint) if option is not type(None))
    if hasattr(hint, "__metadata__"):
        schema = TypeAdapter(hint).json_schema()
        low, high = schema.get("minimum"), schema.get("maximum")
        return f"{_describe(get_args(hint)[0])}{_bounds(low, high)}"
    if hint in _PLAIN:
        return _PLAIN[hint]
    return str(hint.__name__) if origin is None and hasattr(hint, "__name__") else str(hint)


def _bounds(low: float | None, high: float | None) -> str:
    match low, high:
        case None, None:
            return ""
        case None, _:
            return f" of at most {high:.15g}"
        case _, None:
            return f" of at least {low:.15g}"
    return f" {low:.15g} to {high:.15g}"


def check_scenario(value: Any) -> None:
    """Refuse what is no scenario, before it is taken for one.

    Args:
        value: What was passed.

    Raises:
        InvalidValue: It is a scenario function, which must be called first, or nothing of the kind.
    """
    if isinstance(value, ScenarioFunction):
        raise InvalidValue(f"{value.name} is a scenario function, not a scenario; call it, with dials if you like.")
    if not isinstance(value, Scenario):
        raise InvalidValue(
            f"{value!r:.80} is no scenario: pass a Scenario; find_scenario(NAME)() makes one of a name or a file."
        )
