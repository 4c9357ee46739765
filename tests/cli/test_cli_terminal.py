"""What is drawn where somebody looks at a terminal, and what the shell completes there."""

import io
import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from converse_graph.cli import main
from tests.cli.test_cli_display import on_screen
from tests.support.command_line import BOARDS, Converse

RUN = ("run", str(BOARDS), "--model", "null", "--seed", "7", "--no-judge")
COLOUR = re.compile(r"\x1b\[[\d;]*m")

Look = Callable[..., str]


class Terminal(io.TextIOWrapper):
    """Standard output as a terminal that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    def written(self) -> str:
        kept: io.BytesIO = self.buffer  # type: ignore[assignment]
        return kept.getvalue().decode()


@pytest.fixture
def look(converse: Converse, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Call the command line on a terminal of so many columns: everything that is written to it."""

    def call(*arguments: str, columns: int = 80) -> str:
        terminal = Terminal()
        with monkeypatch.context() as patch:
            for name, value in {"COLUMNS": str(columns), "LINES": "40", "TERM": "xterm-256color"}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", terminal)
            patch.setattr(sys, "argv", ["converse", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        assert not ended.value.code, terminal.written()
        return terminal.written()

    return call


@pytest.fixture
def finished(converse: Converse) -> Converse:
    """The command line in a folder with a run and a fork of it."""
    assert converse(*RUN, "--name", "parent", "--quiet").code == 0
    fork = ("fork", "parent", "--at", "round 2:Buyer", "--say", "Never.", "--name", "child", "--no-judge", "--quiet")
    assert converse(*fork).code == 0
    return converse


@pytest.mark.parametrize("columns", [80, 120])
def test_a_run_leaves_its_story_on_the_screen_and_nothing_of_the_live_line(look: Look, columns: int) -> None:
    written = look(*RUN, "--model", "null:0.1", "--name", "r", columns=columns)
    assert re.search(r"\d/4 turns · [\d,]+ tokens · \$0\.00", COLOUR.sub("", written))
    lines = on_screen(written)
    assert [line for line in lines if re.fullmatch(r"\w+ · round \d", line)] == [
        "Maker · round 1",
        "Buyer · round 1",
        "Maker · round 2",
        "Buyer · round 2",
    ]
    assert not any(" turns" in line or "━" in line for line in lines)
    assert sum(line.startswith("  │ ") for line in lines) >= 4
    assert max(map(len, lines)) <= columns
    assert lines[-2:] == [".converse/transcripts/r.md", ""]


def test_parties_have_colours_unless_nobody_wants_them(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = re.compile(r"\x1b\[[\d;]*38;5;\d+m")
    assert coloured.search(look(*RUN, "--name", "a"))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured.search(look(*RUN, "--name", "b"))


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    ("command", "head"),
    [
        (("runs",), "run"),
        (("show", "parent", "--stats"), "party"),
        (("diff", "parent", "child"), "parent"),
        (("models",), "model"),
        (("list", "wage-talks"), "dial"),
    ],
)
def test_tables_are_drawn_within_the_terminal(
    finished: Converse, look: Look, command: tuple[str, ...], head: str, columns: int
) -> None:
    lines = [line.rstrip() for line in COLOUR.sub("", look(*command, columns=columns)).splitlines()]
    assert max(map(len, lines)) <= columns
    assert not any("|" in line or "…" in line for line in lines)
    ruled = [line for line, below in pairwise(lines) if below and set(below) == {"─"}]
    assert any(line.split()[0] == head for line in ruled)


def test_figures_are_markdown_where_a_script_reads(finished: Converse) -> None:
    assert "| party | turns | no statement |" in finished("show", "parent", "--stats").out
    assert finished("runs").out.split()[:3] == ["run", "scenario", "status"]
    assert "\x1b" not in finished("diff", "parent", "child").out


def test_one_scenario_is_shown_with_all_there_is_to_it(converse: Converse) -> None:
    page = converse("list", "wage-talks").out
    for told in (
        "strike fund lasts for ten weeks",
        "Employer  a debate of 4 turns: Finance, Operations",
        "Union     not at all",
        "once 2 parties report accepts = yes",
    ):
        assert told in page
    assert "number -0.1 to 1 " in page
    assert "boardrooms" in converse("list", "ai-futures").out.partition("preset ")[2]
    told = json.loads(converse("list", "wage-talks", "--json").out)
    assert [party["name"] for party in told["parties"]] == ["Employer", "Union"]
    assert [event["event"] for event in told["events"]] == ["settled"]


def test_a_name_that_is_nearly_right_is_asked_after(finished: Converse) -> None:
    cases = {
        ("run", "wage-talk"): "No scenario 'wage-talk'. Did you mean 'wage-talks'? There is: ",
        ("list", "Wage_Talks"): "Did you mean 'wage-talks'?",
        (*RUN, "--set", "ordr=listed"): "No dial of boards 'ordr'. Did you mean 'order'?",
        ("show", "parnt"): "No run 'parnt'. Did you mean 'parent'? There is: child, parent.",
    }
    for arguments, told in cases.items():
        ended = finished(*arguments)
        assert ended.code == 2
        assert told in ended.err


def test_a_run_as_json_is_its_public_record_and_nothing_else(converse: Converse) -> None:
    ended = converse(*RUN, "--name", "r", "--json")
    assert ended.code == 0
    assert json.loads(ended.out) == json.loads(converse("show", "r", "--json").out)
    paused = converse(*RUN, "--name", "p", "--json", "--max-turns", "1")
    assert (paused.code, len(json.loads(paused.out)["statements"])) == (3, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (("show", "p"), ["parent"]),
        (("diff", "parent", ""), ["child", "parent"]),
        (("run", "wage"), ["wage-talks"]),
        (("run", "mi"), ["mine.yaml"]),
        (("run", "wage-talks", "--set", "str"), ["strike_fund="]),
        (("run", "mine.yaml", "--set", "ri"), ["rival="]),
        (("estimate", "mine.yaml", "--set", "rival="), ["rival=none", "rival=cheap"]),
        (("run", "wage-talks", "--set", "boardroom="), ["boardroom=true", "boardroom=false"]),
        (("fork", "parent", "--set", "order=l"), ["order=listed"]),
        (("run", "moon-race", "--set", "x"), []),
        (("show", "--store", "nowhere.sqlite", "pa"), []),
    ],
)
def test_the_shell_completes_runs_scenarios_and_dials(
    finished: Converse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...], offers: list[str]
) -> None:
    assert finished("new", "mine.yaml").code == 0
    monkeypatch.setenv("_CONVERSE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"converse {' '.join(words)}")
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert finished().out.split() == offers
    assert not (tmp_path / "nowhere.sqlite").exists()
