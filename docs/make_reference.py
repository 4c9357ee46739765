"""Writes the pages of the reference that are made from code: `uv run python docs/make_reference.py`.

With `--check` nothing is written; it ends with 1 and the names of the pages that are out of date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import converse_graph
import converse_graph.evaluation
from converse_graph.cli.app import app
from converse_graph.prompting.templates import TASKS

FOLDER = Path(__file__).resolve().parent / "reference"
MADE = "<!-- Made by docs/make_reference.py; edit the code, not this page. -->"

GROUPS = {
    "Scenarios": ("scenarios.scenario", "scenarios.dials", "scenarios.catalogue", "scenarios.clock"),
    "Cast": ("scenarios.cast", "scenarios.cast_files", "scenarios.scenario_texts"),
    "Fields": ("scenarios.fields",),
    "Rules": ("scenarios.rules", "scenarios.deliberation_rules", "scenarios.memory_settings"),
    "In one call": ("runs.run", "runs.reading"),
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
    """A place for each public name, where the site generator puts its docstrings."""
    lines = ["# Python", "", MADE, "", "All of it is imported from `converse_graph`.", ""]
    for title, homes in GROUPS.items():
        lines += [f"## {title}", ""]
        for home in homes:
            for name in _names_at(home):
                lines += [f"::: converse_graph.{home}.{name}", ""]
    return "\n".join(lines)


def evaluators() -> str:
    """A place for each evaluator."""
    lines = ["# Evaluators", "", MADE, "", "All of it is imported from `converse_graph.evaluation`.", ""]
    for name in converse_graph.evaluation.__all__:
        lines += [f"::: {getattr(converse_graph.evaluation, name).__module__}.{name}", ""]
    return "\n".join(lines)


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
