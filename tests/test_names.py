"""Names say what a thing is or what a function does: a bare participle says neither, and is no name here."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("converse_graph", "graphs", "benchmarks", "docs")
PARTICIPLES = {
    *(
        "answered",
        "asked",
        "begun",
        "changed",
        "chosen",
        "counted",
        "drawn",
        "drifted",
        "found",
        "given",
        "got",
        "gone",
    ),
    *(
        "heard",
        "held",
        "kept",
        "known",
        "listed",
        "lost",
        "made",
        "meant",
        "named",
        "played",
        "reminded",
        "said",
        "seen",
    ),
    *("sent", "shown", "taken", "told", "wanted", "written"),
}
"""Those that such names were once made of. How a run stands is an adjective: `ended`, `done`, `failed`, `missing`."""


def names_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Whatever the code names: variables, arguments, fields, attributes, functions."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name


def test_no_name_is_a_bare_participle() -> None:
    participles = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in names_in(ast.parse(path.read_text(encoding="utf-8")))
        if name.strip("_") in PARTICIPLES
    ]
    assert participles == []
