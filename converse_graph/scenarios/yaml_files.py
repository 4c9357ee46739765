"""A scenario as one YAML file: read with its dials, refused with the line of what is wrong, written without loss."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.references import SUFFIXES
from converse_graph.scenarios.rules import Event, ScheduledEvent, StopWhen
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.scenario_functions import ScenarioFunction
from converse_graph.scenarios.strict_yaml import Document, build, in_file, read_text, read_yaml, write_yaml
from converse_graph.scenarios.validation_errors import nearest
from converse_graph.scenarios.world_tables import WORLD
from converse_graph.scenarios.yaml_dials import Dials, dials_named_in, escape, fill, read_dial

VERSION = 1
"""Of the shape of a scenario file. A reader refuses another."""


_NOT_FILLED = frozenset({"version", "name", "dials", "presets", "dial_values"})
"""Keys of a file in whose values `$name` has no meaning."""


def scenario_file(path: Path) -> dict[str, ScenarioFunction]:
    """Read the scenario of a file as a scenario function, and its presets, by their names.

    The scenario comes first. It is named as the file says, or else as the file is called.

    Raises:
        NotFound: There is no such file.
        InvalidValue: It holds no scenario.
    """
    if not path.is_file():
        raise no_file(path)
    try:
        file = _ScenarioFile(read_text(path))
        plain = file.plain
        name_given = plain.name if plain.name != Scenario.model_fields["name"].default else path.stem
        name = re.sub(r"[^a-z0-9]+", "-", name_given.lower()).strip("-") or "scenario"
        whole = str(path.resolve())

        def make(**settings: Any) -> Scenario:
            try:
                return file.make(settings)
            except InvalidValue as error:
                raise in_file(path, error) from None

        main = ScenarioFunction(name=name, doc=plain.title, dials=file.dials, function=make, reference=whole)
        scenarios = {name: main}
        for number, preset in enumerate(file.presets):
            if preset.name in scenarios:
                line = file.tree.line_of(["presets", number, "name"])
                raise InvalidValue(f"line {line}: {name!r} is what the scenario is called; name the preset otherwise.")
            scenarios[preset.name] = replace(file.preset(main, number), reference=f"{whole}:{preset.name}")
    except InvalidValue as error:
        raise in_file(path, error) from None
    return scenarios


def no_file(path: Path) -> NotFound:
    """Make the refusal of a file that is not there; it names the scenario file beside it whose name is nearest.

    Args:
        path: The file.
    """
    beside = [other.name for other in path.parent.glob("*") if other.suffix in (".py", *SUFFIXES)]
    hint = nearest(path.name, beside) or "; name a scenario, a Python file or a YAML file that exists."
    return NotFound(f"No file {str(path)!r}{hint}")


def load_scenario(path: Path) -> Scenario:
    """The scenario that a YAML file describes, with its dials at their defaults.

    Raises:
        NotFound: There is no such file.
        InvalidValue: It is too large, no YAML without tricks, of another version, or describes no scenario.
    """
    if not path.is_file():
        raise no_file(path)
    try:
        return read_scenario(read_text(path))
    except InvalidValue as error:
        raise in_file(path, error) from None


def read_scenario(text: str) -> Scenario:
    """The scenario that a YAML text describes, with its dials at their defaults.

    Raises:
        InvalidValue: The text describes none; the message begins with the line.
    """
    return _ScenarioFile(text).plain


class _ScenarioFile:
    """A scenario file: its dials, which are read once, and what it says, which depends on how they are set."""

    def __init__(self, text: str) -> None:
        self.tree = read_yaml(text)
        _check_version(self.tree)
        dial_rows: dict[str, Any] = {
            name: self.tree.values[name] for name in ("dials", "presets") if name in self.tree.values
        }
        dial_values: Dials = build(Dials, dial_rows, self.tree, ())
        self._specs = dial_values.dials
        self.presets = dial_values.presets
        self.dials = tuple(read_dial(spec, number, self.tree) for number, spec in enumerate(dial_values.dials))
        self.plain = self.make()
        dial_names = set(dials_named_in(self.tree))
        for number, dial in enumerate(self.dials):
            if dial.name not in dial_names:
                line = self.tree.line_of(["dials", number])
                raise InvalidValue(f"line {line}: dial {dial.name} sets nothing; write ${dial.name} where it belongs.")

    def make(self, settings: Mapping[str, Any] | None = None) -> Scenario:
        """The scenario with these settings; dials that are not named keep their defaults.

        Raises:
            InvalidValue: No scenario comes of it; the message begins with the line.
        """
        set_to = {dial.name: dial.default for dial in self.dials} | dict(settings or {})
        tree = fill(self.tree, self._specs, set_to, _NOT_FILLED)
        values = {name: value for name, value in tree.values.items() if name not in ("version", "dials", "presets")}
        if "dial_values" in values:
            values["dials"] = values.pop("dial_values")
        if set_to:
            values["dials"] = set_to
        if isinstance(values.get("events"), list):
            values["events"] = [_event(event, tree, number) for number, event in enumerate(values["events"])]
        if isinstance(values.get("stop"), list):
            _refuse_predicates(values["stop"], tree)
        _refuse_unknown_kinds(values, tree)
        scenario: Scenario = build(Scenario, values, tree, ())
        if settings is None:  # a dial that is turned may well shorten the clock
            _refuse_late_events(scenario, tree)
        return scenario

    def preset(self, main: ScenarioFunction, number: int) -> ScenarioFunction:
        """One of the file's presets.

        Raises:
            InvalidValue: It sets what is no dial, or as no dial can be set; the message begins with the line.
        """
        preset = self.presets[number]
        try:
            function = main.preset(preset.name, preset.help or main.doc, **preset.set)
            self.make({dial.name: dial.default for dial in function.dials})
        except UsageError as error:
            text = str(error)
            if text.startswith("line "):
                raise InvalidValue(f"{text.rstrip('.')}, as preset {preset.name} sets the dials.") from None
            raise InvalidValue(f"line {self.tree.line_of(['presets', number, 'set'])}: {text}") from None
        return function


def _check_version(tree: Document) -> None:
    if "version" not in tree.values:
        raise InvalidValue(f"line 1: version is missing; begin the file with: version: {VERSION}.")
    version = tree.values["version"]
    if type(version) is not int or version != VERSION:
        line = tree.line_of(["version"])
        raise InvalidValue(
            f"line {line}: version {version!r}; this release reads version {VERSION}; write version: {VERSION}."
        )


def _event(event: Any, tree: Document, number: int) -> Any:
    """An entry of the table of events: dated where it says at what date, otherwise one to be reported."""
    if not isinstance(event, dict):
        return event
    return build(ScheduledEvent if "at" in event else Event, event, tree, ("events", number))


def _refuse_late_events(scenario: Scenario, tree: Document) -> None:
    for event in scenario.events_too_late():
        line = tree.line_of(["events", scenario.events.index(event), "at"])
        raise InvalidValue(f"line {line}: {scenario.too_late_text(event)}.")


def _refuse_unknown_kinds(values: Mapping[str, Any], tree: Document) -> None:
    """Refuse a kind of the world that nobody is of; else whatever it owns or does would be told as the fault."""
    world, parties = values.get("world"), values.get("organisations")
    if not isinstance(world, dict) or not isinstance(parties, list):
        return
    usual = Organisation.model_fields["kind"].default
    kinds = sorted({str(party.get("kind", usual)) for party in parties if isinstance(party, dict)})
    for section, key, more in (("variables", "owner", [WORLD]), ("actions", "party_kind", [])):
        rows = world.get(section)
        for number, row in enumerate(rows if isinstance(rows, list) else []):
            kind = row.get(key) if isinstance(row, dict) else None
            if isinstance(kind, str) and kind not in (*more, *kinds):
                line = tree.line_of(["world", section, number, key])
                there = ", ".join([*more, *kinds])
                raise InvalidValue(
                    f"line {line}: {key} is {kind!r}, and no party is of that kind; there is: {there}"
                    f"{nearest(kind, [*more, *kinds])}"
                )


def _refuse_predicates(rules: list[Any], tree: Document) -> None:
    for number, rule in enumerate(rules):
        if isinstance(rule, dict) and rule.get("kind") == "when":
            line = tree.line_of(["stop", number, "kind"])
            raise InvalidValue(f"line {line}: a rule of kind 'when' is Python; a file has 'event' and 'silence'.")


def write_scenario(scenario: Scenario) -> str:
    """A scenario as the text of a YAML file that `read_scenario` reads to an equal one.

    Raises:
        InvalidValue: A part of it is code, or a value that no file holds; the message names the part.
    """
    for part, what in _code_in(scenario, ""):
        raise InvalidValue(f"{part} is {what}, which no file holds; keep this scenario in Python, or leave that out.")
    try:
        values = _bare(scenario)
        dial_values = {"dial_values": values.pop("dials")} if "dials" in values else {}
        name = {"name": values.pop("name")} if "name" in values else {}
        text = write_yaml({"version": VERSION, **name, **escape(values), **dial_values})
        again = read_scenario(text)
    except InvalidValue as error:
        raise InvalidValue(f"{scenario.name} cannot be written as a file: {error}") from None
    if again != scenario:
        odd = next(name for name in Scenario.model_fields if getattr(again, name) != getattr(scenario, name))
        raise InvalidValue(
            f"{scenario.name} cannot be written as a file: {odd} holds values that JSON has not, such as a tuple; "
            "use texts, numbers, lists and tables."
        )
    return text


def _code_in(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The parts of a spec that are code, by where they stand."""
    if isinstance(value, StopWhen):
        yield path, "a When rule with a predicate in Python"
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner, at = getattr(value, name), f"{path}.{name}" if path else name
            if name == "graph" and inner is not None:
                yield at, f"a graph of its own ({type(inner).__name__})"
            elif name.endswith(("model", "embedder")) and not _is_named(inner):
                what = "an embedder" if name == "embedder" else "a model"
                yield at, f"{what} object ({type(inner).__name__})"
            else:
                yield from _code_in(inner, at)
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _code_in(inner, f"{path}[{getattr(inner, 'name', number)}]")


def _is_named(reference: Any) -> bool:
    """Whether a model is named by text, or several are."""
    several = isinstance(reference, list | tuple)
    return isinstance(reference, str | None) or (several and all(isinstance(name, str) for name in reference))


def _bare(value: Any) -> Any:
    """A spec as tables and lists, without what is as by default."""
    if isinstance(value, BaseModel):
        fields = {}
        for name, about in type(value).model_fields.items():
            own = getattr(value, name)
            default = about.get_default(call_default_factory=True) if not about.is_required() else ...
            if name == "kind" or type(own) is not type(default) or own != default:
                fields[name] = _bare(own)
        return fields
    if isinstance(value, tuple):
        return [_bare(inner) for inner in value]
    return value
