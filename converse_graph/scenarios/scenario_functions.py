"""Scenario functions: Python functions whose typed parameters are the dials of a scenario."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_type_hints

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.scenarios.dials import Dial, make_dial
from converse_graph.scenarios.runtime_config import bad_request, dials_in, settings_schema
from converse_graph.scenarios.scenario import Scenario


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


def _read_docstring(text: str) -> tuple[str, Mapping[str, str]]:
    about, _, rest = text.partition("Args:")
    entries = re.findall(r"^ +(\w+): ((?:.|\n(?! *\w+: ))*)", rest.partition("\n\n")[0], flags=re.M)
    return about.strip().split("\n\n")[0].replace("\n", " "), {name: " ".join(doc.split()) for name, doc in entries}


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
