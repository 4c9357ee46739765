"""What a resume must match: the scenario's text and rules, its prompts, and the shape of its graph."""

import ast
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from textwrap import dedent
from types import FunctionType
from typing import Any

from converse_graph.prompting.templates import Prompts
from converse_graph.scenarios.model_settings import Options
from converse_graph.scenarios.scenario import Scenario

_FREE: Any = {"name": True, "title": True, "dials": True, "rubric": True, "clock": {"end": True}}
"""What may differ: names for readers, what judges are asked, and the horizon."""


def fingerprint(scenario: Scenario, prompts: Prompts, options: Options | None = None) -> dict[str, str]:
    """A digest of each part of what a run plays by, under a name that a person understands.

    What happens at a date is left out, for it may be added while a run is on.

    A graph is made from its scenario alone, so that its nodes and channels are covered by the scenario's parts.

    Args:
        scenario: What is played.
        prompts: The templates.
        options: Settings of models that were given with the run, by path.
    """
    text = scenario.with_events(()).model_dump_json(exclude=_FREE, fallback=_name_of)
    digests = {name: _digest(value) for name, value in option_parts(options or {}).items()}
    return {**_digests(text), **digests, **{f"prompt: {name}": digest for name, digest in prompts.digests.items()}}


def option_parts(options: Options) -> dict[str, Any]:
    """Return the settings that were given with a run, under names such as "option: OpenAI.temperature".

    Args:
        options: By path.
    """
    return {
        f"option: {path}{'.' if path else ''}{name}": value
        for path, settings in options.items()
        for name, value in _leaves(settings.set_values(), "")
    }


def digest_of(fingerprint: Mapping[str, str]) -> str:
    """One digest of all parts, for the record."""
    return _digest(sorted(fingerprint.items()))


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names of the parts that differ, were added or are gone."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


@lru_cache(16)
def _digests(text: str) -> Mapping[str, str]:
    """A digest of each part of a scenario, which is given as JSON; made once for all the runs that play it."""
    return {f"scenario: {path}": _digest(value) for path, value in _leaves(json.loads(text), "")}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        if path.endswith("questions_after"):  # of several that apply the last one counts
            yield f"{path} (order)", list(value)
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        yield f"{path} (names)", [inner.get("name", number) for number, inner in enumerate(value)]
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{inner.get('name', number)}]")
    else:
        yield path, value


def _digest(value: Any) -> str:
    return hashlib.blake2b(repr(value).encode(), digest_size=6).hexdigest()


def _name_of(thing: Any) -> str:
    """A model, graph or predicate, which has no text of its own, by its name; a function by what it does too."""
    name = str(getattr(thing, "__qualname__", None) or getattr(thing, "name", None) or type(thing).__qualname__)
    return f"{name}: {_source_of(thing)}" if isinstance(thing, FunctionType) else name


def _source_of(function: FunctionType) -> str:
    """The text of a function without comments and layout; of a lambda the statement that it stands in.

    Not its compiled code, which differs from one Python to the next. What a function calls is not followed.
    """
    try:
        text = dedent(inspect.getsource(function))
    except OSError:  # typed at a prompt
        return ""
    try:
        return ast.dump(ast.parse(text))
    except SyntaxError:  # a lambda's lines may be no statement of their own
        return text
