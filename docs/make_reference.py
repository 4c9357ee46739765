"""Writes the pages of the reference that are made from code: `uv run python docs/make_reference.py`.

With `--check` nothing is written; it ends with 1 and the names of the pages that are out of date.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import griffe
import typer

import converse_graph
import converse_graph.evaluation
from converse_graph.cli.app import app
from converse_graph.prompting.templates import TASKS

FOLDER = Path(__file__).resolve().parent / "reference"
MADE = "<!-- Made by docs/make_reference.py; edit the code, not this page. -->"

LINE = 100
"""Columns of a signature on one line at most."""

_PARSING: griffe.GoogleOptions = {"returns_multiple_items": False, "returns_named_value": False}

_BASES = ("FrozenModel", "BaseModel", "object", "ABC", "Exception", "BaseException", "RuntimeError", "Protocol")
"""Classes whose members every reader knows, or no reader needs."""

GROUPS = {
    "Scenarios": (
        "scenarios.scenario",
        "scenarios.scenario_functions",
        "scenarios.dials",
        "scenarios.catalogue",
        "scenarios.clock",
    ),
    "Cast": ("scenarios.cast", "scenarios.cast_files", "scenarios.scenario_texts", "scenarios.facts"),
    "Fields": ("scenarios.fields",),
    "Rules": ("scenarios.rules", "scenarios.deliberation_rules", "scenarios.memory_settings"),
    "Worlds": ("scenarios.world", "scenarios.world_tables", "scenarios.world_files"),
    "In one call": ("runs.synchronous_run", "runs.reading"),
    "Verbs of a run": (
        "runs.simulation",
        "runs.derived",
        "runs.interview",
        "runs.estimate",
        "judge.runs",
        "judge.rubric",
        "audit.audit",
        "audit.findings",
        "store.store",
        "store.runs",
        "calls.budget",
        "tracing.settings",
    ),
    "Records": (
        "record.transcript",
        "record.verdict",
        "export.markdown",
        "export.markdown_reader",
        "export.formats",
        "export.comparison",
        "export.stats",
        "measures.disagreement",
        "measures.drift",
        "measures.events",
        "measures.consistency",
    ),
    "Models": (
        "models.base",
        "models.null",
        "models.scripted",
        "models.prices",
        "models.registry",
        "scenarios.model_settings",
    ),
    "Graphs": ("graph.build",),
    "Many runs": ("ensembles.ensemble", "measures.rows"),
    "Errors": ("errors",),
}
"""Which modules' public names stand together."""


def command_line() -> str:
    """Every command with its help, as a terminal of 80 columns shows it."""
    group: Any = typer.main.get_command(app)
    lines = ["# Command line", "", MADE, ""]
    for name, command in group.commands.items():
        context = group.context_class(command, info_name=f"converse {name}", terminal_width=80, max_content_width=80)
        lines += [f"## {name}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    return "\n".join(lines)


def python() -> str:
    """Each public name with its signature, its fields and what its docstring says."""
    lines = ["# Python", "", MADE, "", "All of it is imported from `converse_graph`.", ""]
    for title, homes in GROUPS.items():
        lines += [f"## {title}", ""]
        for home in homes:
            for name in _names_at(home):
                lines += _entry(_object(f"{home}.{name}"))
    return "\n".join(lines)


def evaluators() -> str:
    """Each evaluator with its signature and what its docstring says."""
    lines = ["# Evaluators", "", MADE, "", "All of it is imported from `converse_graph.evaluation`.", ""]
    for name in converse_graph.evaluation.__all__:
        home = getattr(converse_graph.evaluation, name).__module__.removeprefix("converse_graph.")
        lines += _entry(_object(f"{home}.{name}"))
    return "\n".join(lines)


@cache
def _package() -> griffe.Object:
    loaded = griffe.load(
        "converse_graph",
        search_paths=[FOLDER.parents[1]],
        docstring_parser="google",
        docstring_options=_PARSING,
    )
    return loaded.final_target if isinstance(loaded, griffe.Alias) else loaded


def _object(path: str) -> griffe.Object:
    item = _package()[path]
    return item.final_target if isinstance(item, griffe.Alias) else item


def _entry(item: griffe.Object, level: int = 3) -> list[str]:
    """A name as a section: signature, what it is for, fields, methods."""
    lines = [f"{'#' * level} {item.name}", ""]
    match item:
        case griffe.Function():
            lines += ["```python", _signature(item), "```", "", *_docstring(item)]
        case griffe.Class():
            members = _members(item)
            lines += _docstring(item)
            lines += _fields([member for member in members if isinstance(member, griffe.Attribute)])
            for method in members:
                if isinstance(method, griffe.Function):
                    lines += _entry(method, level + 1)
        case _:
            lines += _docstring(item)
    return lines


def _members(item: griffe.Class) -> list[griffe.Object]:
    """The documented members of a class, those of its bases first, which are not public themselves."""
    by_name: dict[str, griffe.Object] = {}
    for base in [*reversed(item.mro()), item]:
        if base.name not in _BASES:
            by_name |= {name: member for name, member in base.members.items() if isinstance(member, griffe.Object)}
    return [
        member
        for name, member in by_name.items()
        if member.docstring and (name == "__init__" or not name.startswith("_"))
    ]


def _signature(function: griffe.Function) -> str:
    """A function's signature, on a line for each parameter where it is long."""
    head = ("async " if "async" in function.labels else "") + f"def {function.name}("
    parameters = [_parameter(one) for one in function.parameters if one.name not in ("self", "cls")]
    kinds = [one.kind for one in function.parameters if one.name not in ("self", "cls")]
    keyword = griffe.ParameterKind.keyword_only
    if keyword in kinds and griffe.ParameterKind.var_positional not in kinds:
        parameters.insert(kinds.index(keyword), "*")
    end = f") -> {function.returns}" if function.returns is not None else ")"
    line = head + ", ".join(parameters) + end
    return line if len(line) <= LINE else "\n".join([head, *(f"    {one}," for one in parameters), end])


def _parameter(one: griffe.Parameter) -> str:
    variadic = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    stars = variadic.get(one.kind, "") if one.kind else ""
    annotated = f"{stars}{one.name}" + (f": {one.annotation}" if one.annotation is not None else "")
    default = one.default if not stars else None
    return annotated if default is None else f"{annotated} = {default}"


def _docstring(item: griffe.Object) -> list[str]:
    """What a docstring says, section by section."""
    lines: list[str] = []
    for section in item.docstring.parsed if item.docstring else ():
        match section.kind:
            case griffe.DocstringSectionKind.text:
                lines += [section.value, ""]
            case griffe.DocstringSectionKind.parameters | griffe.DocstringSectionKind.raises:
                label = "Arguments" if section.kind is griffe.DocstringSectionKind.parameters else "Raises"
                lines += [f"{label}:", "", *(_item(one) for one in section.value), ""]
            case griffe.DocstringSectionKind.returns | griffe.DocstringSectionKind.yields:
                lines += [f"Returns: {_one_line(one.description)}" for one in section.value] + [""]
            case _:
                raise ValueError(f"{item.path}: a docstring has no section {section.kind.value} here")
    return lines


def _item(one: Any) -> str:
    name = one.name if hasattr(one, "name") else one.annotation
    return f"- `{name}`: {_one_line(one.description)}"


def _fields(attributes: list[griffe.Attribute]) -> list[str]:
    if not attributes:
        return []
    lines = ["| field | type | default | |", "|---|---|---|---|"]
    for one in attributes:
        kind = "" if one.annotation is None else f"`{_one_line(str(one.annotation))}`"
        default = "" if one.value is None else f"`{_one_line(str(one.value))}`"
        meaning = _one_line(one.docstring.value) if one.docstring else ""
        lines.append(f"| `{one.name}` | {kind} | {default} | {meaning} |".replace("  ", " "))
    return [*lines, ""]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def prompts() -> str:
    """Every task that there is a prompt for, with the variables that it is offered."""
    lines = ["# Prompts", "", MADE, "", "| prompt | variables that it is offered |", "|---|---|"]
    lines += [
        f"| `{task}.md` | {', '.join(f'`${name}`' for name in sorted(offered)) or '-'} |"
        for task, offered in TASKS.items()
    ]
    return "\n".join([*lines, ""])


def _names_at(home: str) -> Iterator[str]:
    for name in dir(converse_graph):
        if getattr(converse_graph, name).__module__ == f"converse_graph.{home}":
            yield name


PAGES = {"cli.md": command_line, "python.md": python, "evaluators.md": evaluators, "prompts.md": prompts}


def main() -> int:
    """Write the pages, or look whether they are as they would be written."""
    stale = []
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.stderr.write(f"Out of date: {', '.join(stale)}; run: uv run python docs/make_reference.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
