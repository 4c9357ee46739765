"""Help that fits a terminal of 80 columns, with examples that run."""

import shlex
from pathlib import Path

import pytest
import typer

from converse_graph.cli.app import GROUPS, app
from converse_graph.cli.commands_from_functions import command_name, read_help
from tests.support.command_line import Converse

GROUP = typer.main.get_command(app)
COMMANDS = sorted(GROUP.commands)  # type: ignore[attr-defined]
EXAMPLES = {
    command_name(function): read_help(function).examples for functions in GROUPS.values() for function in functions
}
NEEDS_MORE = ("openai:", "http://", "postgresql://", "--answer", "converse view")
"""Marks of examples that need a server, or a run that waits for a person, or that end by Ctrl-C alone."""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_its_own_that_its_help_shows_in_80_columns(
    name: str, converse: Converse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = converse(name, "--help").out
    assert max(map(len, shown.splitlines())) <= 80
    assert EXAMPLES.get(name), f"add an example of `converse {name}` to its docstring"
    for example in EXAMPLES[name]:
        assert shlex.split(example)[:2] == ["converse", name]
        assert f"\n    {example}\n" in shown


@pytest.mark.parametrize("example", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_is_one_that_its_command_takes(example: str) -> None:
    _, name, *arguments = shlex.split(example)
    command = GROUP.commands[name]  # type: ignore[attr-defined]
    assert command.make_context(name, arguments).params


@pytest.mark.slow
def test_the_examples_run_one_after_another_as_they_stand(
    converse: Converse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERSE_MODEL", "null")
    (tmp_path / "talk.txt").write_text("Port: We open.\nShipper: We come.\n", encoding="utf-8")
    (tmp_path / "chat.json").write_text('[{"speaker": "Port", "text": "We open."}]', encoding="utf-8")
    for example in (line for lines in EXAMPLES.values() for line in lines):
        if not any(mark in example for mark in NEEDS_MORE):
            ended = converse(*shlex.split(example)[1:])
            assert ended.code == (3 if "--human" in example else 0), f"{example}: {ended.err}"  # nobody is there
    assert {"race.md", "race.csv", "quiet.yaml", "harbour.py"} <= {path.name for path in tmp_path.iterdir()}


def test_every_option_and_argument_of_every_command_has_a_help_text() -> None:
    silent = [
        f"{name} {parameter.name}"
        for name in COMMANDS
        for parameter in GROUP.commands[name].params  # type: ignore[attr-defined]
        if not getattr(parameter, "help", None)
    ]
    assert silent == []
