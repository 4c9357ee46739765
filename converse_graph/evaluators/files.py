"""Examples of a file, as LangSmith's client has them."""

from __future__ import annotations

from pathlib import Path

from langsmith.schemas import Example

from converse_graph.datasets.lines import read_lines


def examples_in(path: Path | str) -> list[Example]:
    """The examples of a file, as `langsmith.evaluate` takes them for its `data`.

    Args:
        path: Of a file that `converse dataset --out` wrote.

    Raises:
        UnknownName: There is no such file.
        InvalidValue: A line is no example.
    """
    return [
        Example(id=one.id, inputs=one.inputs, outputs=one.outputs, metadata=one.metadata) for one in read_lines(path)
    ]
