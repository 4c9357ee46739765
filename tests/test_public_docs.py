"""Whoever reads nothing but docstrings knows what every public name is for and what each argument means."""

import inspect
import pydoc
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

import converse_graph


def functions(name: str) -> Iterator[tuple[str, Any]]:
    """A public function, or the public methods that a public class itself, or a base of ours, defines."""
    found = getattr(converse_graph, name)
    if inspect.isfunction(found):
        yield name, found
    if not inspect.isclass(found):
        return
    for base in found.__mro__:
        if base.__module__.startswith("converse_graph"):
            for method, plain in list(vars(base).items()):
                unwrapped = getattr(plain, "__func__", getattr(plain, "fget", plain))
                if inspect.isfunction(unwrapped) and (not method.startswith("_") or method == "__init__"):
                    yield f"{name}.{method}", inspect.unwrap(unwrapped)


def generated(function: Any) -> bool:
    """Whether Python wrote it, as the constructor of a dataclass, whose fields are documented where they stand."""
    return function.__code__.co_filename == "<string>" or function.__module__ == "typing"


ALL = [entry for name in converse_graph.__all__ for entry in functions(name) if not generated(entry[1])]


def arguments(function: Any) -> list[str]:
    named = inspect.signature(function).parameters.values()
    return [one.name for one in named if one.name not in {"self", "cls"} and one.kind is not one.VAR_KEYWORD]


def told(doc: str) -> set[str]:
    section = doc.partition("Args:\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^ {4}\*{0,2}(\w+): \S", section, re.M))


@pytest.mark.parametrize("name", converse_graph.__all__)
def test_every_public_name_says_what_it_is_for(name: str) -> None:
    found = getattr(converse_graph, name)
    doc = inspect.getdoc(found) or ""
    assert doc.splitlines()[0].endswith((".", "?")), f"{name} has no sentence of its own"
    if inspect.isclass(found) and issubclass(found, BaseModel):
        assert found.__doc__ != BaseModel.__doc__


@pytest.mark.parametrize(("name", "function"), ALL, ids=[name for name, _ in ALL])
def test_every_public_function_explains_each_argument(name: str, function: Any) -> None:
    doc = inspect.getdoc(function) or ""
    assert doc, f"{name} has no docstring"
    missing = [argument for argument in arguments(function) if argument not in told(doc)]
    assert missing == [], f"{name} leaves {missing} unexplained"


@pytest.mark.parametrize(
    "spec",
    [
        spec
        for name in converse_graph.__all__
        if inspect.isclass(spec := getattr(converse_graph, name)) and issubclass(spec, BaseModel)
    ],
)
def test_help_explains_every_field_of_a_spec_in_the_words_of_its_source(spec: type[BaseModel]) -> None:
    shown = pydoc.plain(pydoc.render_doc(spec))
    explained = set(re.findall(r"^ \|      (\w+): \S", shown, re.M))
    assert explained >= set(spec.model_fields)
    assert inspect.getdoc(spec) == spec.__doc__


def raised(function: Any) -> bool:
    return bool(re.search(r"^\s+raise \w", inspect.getsource(function), re.M))


@pytest.mark.parametrize(("name", "function"), [entry for entry in ALL if raised(entry[1])])
def test_every_public_function_that_raises_says_what(name: str, function: Any) -> None:
    assert "Raises:\n" in (inspect.getdoc(function) or ""), name
