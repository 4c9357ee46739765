"""What can be imported from the package itself."""

import importlib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

import converse_graph
from tests.support.child_process import run_python

FLOORS = {
    "langgraph": "1.2.22",
    "langgraph-checkpoint": "4.1.1",
    "langgraph-sdk": "0.4.4",
    "langchain-core": "1.4.9",
    "langchain-openai": "1.1.14",
    "langsmith": "0.8.18",
}
"""Below these lie holes that are known."""


def test_every_public_name_is_listed_in_order_and_can_be_had() -> None:
    assert sorted(converse_graph.__all__) == converse_graph.__all__
    for name in converse_graph.__all__:
        assert getattr(converse_graph, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="attribute Conversation"):
        importlib.import_module("converse_graph").Conversation  # noqa: B018


def test_no_public_name_is_hidden_by_a_room_of_that_name_once_that_is_loaded() -> None:
    rooms = {path.stem for path in Path(converse_graph.__file__).parent.iterdir()}
    assert rooms & set(converse_graph.__all__) == set()


def test_the_package_itself_loads_nothing_heavy() -> None:
    told = "import sys, converse_graph; print(*{'langgraph', 'pydantic', 'openai'} & set(sys.modules))"
    done = run_python("-c", told)

    assert (done.code, done.out.strip()) == (0, "")


@pytest.mark.parametrize(("library", "floor"), FLOORS.items())
def test_no_library_is_older_than_its_known_holes(library: str, floor: str) -> None:
    assert Version(version(library)) >= Version(floor)
