"""Runs made from runs, at the command line: codes, refusals, and what is written."""

import json
import re
from pathlib import Path

import pytest

from tests.support.child_process import Ended, end, wait_until
from tests.support.command_line import BOARDS, Converse, start
from tests.support.markdown_reader import read_markdown

STORE = Path(".converse/runs.sqlite")
QUIET = ("--quiet", "--no-judge")


@pytest.fixture
def parent(converse: Converse, tmp_path: Path) -> Converse:
    """The command line in a folder that holds a finished run, called parent."""
    ended = converse("run", str(BOARDS), "--model", "null", "--seed", "7", "--name", "parent", *QUIET)
    assert ended.code == 0, ended.err
    return converse


def shown(converse: Converse, run: str) -> dict[str, dict[str, object]]:
    ended = converse("show", run, "--raw", "--json")
    assert ended.code == 0, ended.err
    told: dict[str, dict[str, object]] = json.loads(ended.out)
    return told


def listed(converse: Converse) -> dict[str, dict[str, object]]:
    return {row["run"]: row for row in json.loads(converse("runs", "--json").out)}


def files(folder: Path) -> dict[str, bytes]:
    """What a folder holds, apart from locks and from what SQLite keeps beside a store while it is open."""
    kept = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in kept if not path.name.endswith(("-wal", "-shm", ".lock"))}


FORK = ("fork", "parent", "--no-judge")
REFUSED = {
    "a fork at a turn that does not exist": ((*FORK, "--at", "round 9"), "The run has come to round 3"),
    "a fork at a period that is none": ((*FORK, "--at", "soon"), "No period 'soon'"),
    "a fork at a party that is not there": ((*FORK, "--at", "round 1:Seller"), "there is: Maker, Buyer"),
    "words without a mouth": ((*FORK, "--at", "round 2", "--say", "No."), "Words need a mouth"),
    "a mouth without words": ((*FORK, "--at", "round 2:Buyer", "--say", ""), "No words"),
    "a field without words": ((*FORK, "--at", "round 2:Buyer", "--field", "week=3"), "give --say too"),
    "a field with no value": (
        (*FORK, "--at", "1:Buyer", "--say", "No.", "--field", "week"),
        "--field takes NAME=VALUE",
    ),
    "a field that is not there": (
        (*FORK, "--at", "1:Buyer", "--say", "No.", "--field", "day=3"),
        "No field of Buyer 'day'; there is: week, agreed",
    ),
    "a field out of its bounds": (
        (*FORK, "--at", "1:Buyer", "--say", "No.", "--field", "week=99"),
        "Field week does not take '99'",
    ),
    "a dial that is not there": ((*FORK, "--at", "round 2", "--set", "colour=red"), "No dial of boards 'colour'"),
    "a model that is none": ((*FORK, "--at", "round 2", "--model", "clever"), "No model 'clever'"),
    "an event in the shared past": (
        (*FORK, "--at", "round 2", "--event", "Rain.", "--event-at", "round 1"),
        "name round 2 or later",
    ),
    "an event for nobody": ((*FORK, "--at", "round 2", "--event", "Rain.", "--to", "Seller"), "'Seller'"),
    "an event that says nothing": ((*FORK, "--at", "round 2", "--event", " "), "An event says nothing"),
    "a date without an event": ((*FORK, "--at", "round 2", "--event-at", "2"), "--event-at goes with --event"),
    "a horizon before the fork": ((*FORK, "--at", "round 2", "--rounds", "1"), "has its horizon before it"),
    "a fork of nothing": (("fork", "nobody", "--at", "1"), "No run 'nobody'; there is: parent"),
    "a fork with a name that is taken": ((*FORK, "--at", "round 2", "--name", "parent"), "There is a run 'parent'"),
    "a fork at no turn": (("fork", "parent"), "--at"),
    "an extension into the past": (("extend", "parent", "--rounds", "1"), "has come to the end of round 2"),
    "an extension by nothing": (("extend", "parent"), "Say how far"),
    "a replay of nothing": (("replay", "nobody"), "No run 'nobody'"),
    "an event in what has been": (("inject", "parent", "--at", "1", "--event", "Rain."), "name round 3 or later"),
    "an event for a stranger": (
        ("inject", "parent", "--at", "5", "--event", "Rain.", "--to", "Seller"),
        "No organisation 'Seller'",
    ),
    "a difference with nothing": (("diff", "parent", "nobody"), "No run 'nobody'"),
    "a difference in two formats": (("diff", "parent", "parent", "--json", "--as", "text"), "cannot both be had"),
    "an interview with a stranger": (
        ("interview", "parent", "Why?", "--party", "Seller", "--at", "1"),
        "No organisation 'Seller'; there is: Maker, Buyer",
    ),
    "an interview in the future": (
        ("interview", "parent", "Why?", "--party", "Maker", "--at", "round 3"),
        "name round 2 or before",
    ),
}


def test_bad_input_gets_one_line_and_code_2_and_writes_nothing(parent: Converse, tmp_path: Path) -> None:
    before = files(tmp_path)
    for case, (arguments, told) in REFUSED.items():
        ended = parent(*arguments)
        assert (ended.code, ended.out) == (2, ""), case
        assert ended.err.startswith("converse: "), case
        assert ended.err.count("\n") == 1, case
        assert told in ended.err, case
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("fork", "x", "--at", "1"),
        ("extend", "x", "--rounds", "3"),
        ("replay", "x"),
        ("inject", "x", "--at", "1", "--event", "Rain."),
        ("diff", "x", "y"),
        ("interview", "x", "Why?", "--party", "P", "--at", "1"),
    ],
)
def test_without_a_store_there_is_nothing_to_make_a_run_from_and_none_is_made(
    arguments: tuple[str, ...], converse: Converse, tmp_path: Path
) -> None:
    ended = converse(*arguments)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "No store at .converse/runs.sqlite" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_fork_says_whose_it_is_and_leaves_a_transcript(parent: Converse, tmp_path: Path) -> None:
    ended = parent(*FORK, "--at", "round 2:Buyer", "--say", "Week 9.", "--field", "week=9", "--name", "child")
    assert ended.code == 0, ended.err
    assert "Run child · fork of parent at round 2:Buyer · seed 7, its parent's · model null · to round 2" in ended.out
    path = ended.out.splitlines()[-1]
    assert path == ".converse/transcripts/child.md"
    transcript = read_markdown((tmp_path / path).read_text(encoding="utf-8"))
    assert (transcript.statements[-1].text, transcript.statements[-1].fields["week"]) == ("Week 9.", 9)
    one, other = (shown(parent, run)["statements"] for run in ("parent", "child"))
    assert one[:3] == other[:3]  # type: ignore[index]


def test_a_fork_counts_its_turns_from_the_past_that_it_shares(parent: Converse) -> None:
    ended = parent(*FORK, "--at", "round 2", "--set", "deep=false", "--name", "child")
    assert re.findall(r"turn (\d of \d)", ended.out) == ["3 of 4", "4 of 4"]


def test_a_fork_with_a_change_keeps_the_seed_and_one_without_draws_another(parent: Converse) -> None:
    for name, change in (
        ("said", ("--at", "round 1:Buyer", "--say", "No.")),
        ("set", ("--at", "round 2", "--set", "deep=false")),
        ("event", ("--at", "round 2", "--event", "Rain.")),
        ("model", ("--at", "round 2", "--model", "null:0")),
        ("plain", ("--at", "round 2")),
        ("seeded", ("--at", "round 2", "--seed", "11")),
    ):
        assert parent("fork", "parent", *change, "--name", name, *QUIET).code == 0
    seeds = {run: shown(parent, run)["header"]["seed"] for run in ("said", "set", "event", "model", "plain", "seeded")}
    assert [seeds.pop(name) for name in ("said", "set", "event", "model", "seeded")] == [7, 7, 7, 7, 11]
    assert seeds["plain"] != 7


def test_a_dial_set_in_a_fork_counts_from_its_first_turn_on(parent: Converse) -> None:
    assert parent("fork", "parent", "--at", "round 2", "--set", "deep=false", "--name", "plain", *QUIET).code == 0
    debated = [said["deliberation"] is not None for said in shown(parent, "plain")["statements"]]  # type: ignore[attr-defined]
    assert debated == [True, False, False, False]


def test_forks_stand_under_their_parents_in_the_table_and_name_them_in_json(parent: Converse) -> None:
    assert parent("fork", "parent", "--at", "round 2", "--name", "child", *QUIET).code == 0
    assert parent("fork", "child", "--at", "round 2", "--name", "grandchild", *QUIET).code == 0
    assert parent("run", str(BOARDS), "--model", "null", "--name", "stranger", *QUIET).code == 0

    first = [line.partition("  boards ")[0].strip() for line in parent("runs").out.splitlines()[1:]]
    assert first == ["stranger", "parent", "└ child", "└─ grandchild"]
    assert {run: row["parent"] for run, row in listed(parent).items()} == {
        "stranger": None,
        "parent": None,
        "child": "parent",
        "grandchild": "child",
    }


def test_a_run_is_extended_as_one_run(parent: Converse) -> None:
    before = shown(parent, "parent")["statements"]
    ended = parent("extend", "parent", "--until", "4", "--no-judge")
    assert ended.code == 0, ended.err
    assert "to round 4, before to round 2" in ended.out
    after = shown(parent, "parent")["statements"]
    assert after[:4] == before  # type: ignore[index]
    assert [said["round"] for said in after] == [0, 0, 1, 1, 2, 2, 3, 3]  # type: ignore[attr-defined]
    assert list(listed(parent)) == ["parent"]


def test_a_replay_differs_in_name_and_dates_alone_and_needs_no_model(parent: Converse, tmp_path: Path) -> None:
    ended = parent("replay", "parent", "--name", "again", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, ".converse/transcripts/again.md\n", "")
    one, other = (shown(parent, run) for run in ("parent", "again"))
    for told in (one, other):
        del told["header"]["run"], told["header"]["created"], told["header"]["chain_head"]
    assert one == other
    assert parent("diff", "parent", "again").out.startswith("parent and again: the same in 4 turns\n")


def test_an_injected_event_happens_and_one_past_the_horizon_says_so(parent: Converse) -> None:
    ended = parent("inject", "parent", "--at", "round 3", "--event", "The plant floods.", "--to", "Maker")
    assert ended.code == 0, ended.err
    assert "in round 3, Maker will hear: The plant floods." in ended.out
    assert "The run plays to round 2 only" in ended.out
    assert parent("extend", "parent", "--rounds", "3", *QUIET).code == 0
    assert shown(parent, "parent")["header"]["events"] == [
        {"at": "round 3", "text": "The plant floods.", "party": "Maker"}
    ]


def test_a_difference_is_had_as_text_page_and_json(parent: Converse, tmp_path: Path) -> None:
    assert parent("fork", "parent", "--at", "round 2:Buyer", "--say", "Never.", "--name", "child", *QUIET).code == 0
    assert "  child   Never.\n" in parent("diff", "parent", "child").out
    told = json.loads(parent("diff", "parent", "child", "--json").out)
    assert [row["same"] for row in told["rows"]] == [True, True, True, False]
    ended = parent("diff", "parent", "child", "--as", "markdown", "--out", "difference.md")
    assert (ended.code, ended.out) == (0, "")
    assert "## round 2 · Buyer\n" in (tmp_path / "difference.md").read_text(encoding="utf-8")


def test_an_interview_prints_an_answer_and_leaves_the_store_alone(parent: Converse, tmp_path: Path) -> None:
    before = files(tmp_path)
    asked = ("interview", "parent", "Why so late?", "--party", "Maker", "--at", "round 1")
    ended = parent(*asked)
    assert ended.code == 0, ended.err
    first, answer = ended.out.splitlines()
    assert first.startswith("Maker at the end of round 1, run parent · model null")
    assert parent(*asked, "--quiet").out == f"{answer}\n"
    told = json.loads(parent(*asked, "--json").out)
    assert (told["question"], told["answer"]) == ("Why so late?", answer)
    assert files(tmp_path) == before


@pytest.mark.slow
def test_a_fork_that_is_killed_is_resumed_as_one_that_was_not(tmp_path: Path, converse: Converse) -> None:
    def run(*arguments: str) -> Ended:
        ended = converse(*arguments)
        assert ended.code == 0, ended.err
        return ended

    run("run", str(BOARDS), "--model", "null", "--seed", "7", "--name", "parent", *QUIET)
    forked = ("fork", "parent", "--at", "round 1:Buyer", "--say", "Week 9.", "--rounds", "3", "--no-judge")
    run(*forked, "--name", "whole")
    stopped = start(tmp_path, *forked, "--model", "null:0.3", "--name", "killed")
    page = ("show", "killed", "--json")
    wait_until(lambda: '"killed"' in converse("runs", "--json").out)
    stopped.kill()
    assert end(stopped).code == -9
    run("resume", "killed", *QUIET)

    whole, killed = (json.loads(run("show", name, *page[2:]).out)["statements"] for name in ("whole", "killed"))
    assert killed == whole


def test_a_replay_of_an_unfinished_run_ends_paused_with_code_3(converse: Converse) -> None:
    begun = converse("run", str(BOARDS), "--model", "null", "--max-turns", "2", "--name", "slow", *QUIET)
    assert begun.code == 3
    ended = converse("replay", "slow", "--name", "again", "--quiet")
    assert ended.code == 3
    assert "The journal ends at " in ended.err
    assert converse("resume", "slow", *QUIET).code == 0
    assert converse("resume", "again", *QUIET).code == 0
    ended = converse("diff", "slow", "again")
    assert ended.out.startswith("slow and again: the same in 4 turns\n")


def test_a_run_that_has_been_judged_is_still_open_to_what_happens_later(parent: Converse) -> None:
    assert parent("judge", "parent", "--quiet").code == 0
    ended = parent("inject", "parent", "--at", "round 3", "--event", "The plant floods.")
    assert ended.code == 0, ended.err
