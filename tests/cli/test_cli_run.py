import json
import os
import signal
import sqlite3
from pathlib import Path

import jsonschema
import pytest

import converse_graph
from converse_graph.export.schemas import runs_schema, show_schema
from converse_graph.scenarios.catalogue import find_scenario
from tests.support.child_process import Ended, end, wait_until
from tests.support.command_line import BOARDS, SEED, Converse, start, statements
from tests.support.markdown_reader import read_markdown

STORE = Path(".converse/runs.sqlite")
LATE = """version: 1
premise: Two talk.
dials: [{kind: integer, name: end, default: 3}]
clock: {end: $end}
organisations: [{name: A}, {name: B}]
events: [{at: 3, text: A storm.}]
"""
SLOW = ("run", str(BOARDS), "--model", "null:0.05", "--seed", SEED, "--name", "stopped")


def calls(folder: Path) -> int:
    """How many model calls the store in a folder has kept; it is only looked at."""
    path = folder / STORE
    if not path.exists():
        return 0
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(database.execute("SELECT COUNT(*) FROM calls").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def test_a_run_ends_with_one_line_of_facts_and_the_path_of_its_transcript(reference: tuple[Path, Ended]) -> None:
    folder, ended = reference
    assert ended.code == 0, ended.err
    facts, path = ended.out.splitlines()[-2:]
    assert facts.startswith("Finished (horizon): 4 statements, ")
    assert "tokens" in facts
    assert path == ".converse/transcripts/whole.md"
    assert len(read_markdown((folder / path).read_text(encoding="utf-8")).statements) == 4


def test_a_run_that_is_piped_prints_headers_and_prose_and_no_control_codes(reference: tuple[Path, Ended]) -> None:
    _, ended = reference
    assert "\nMaker · round 1 · turn 1 of 4 · " in ended.out
    assert "\nBuyer · round 2 · turn 4 of 4 · " in ended.out
    assert all(letter == "\n" or letter.isprintable() for letter in ended.out)
    assert "Which date" not in ended.out


@pytest.mark.parametrize(
    ("options", "is_late"), [((), False), (("--set", "end=2"), True), (("--set", "end=2", "--until", "3"), False)]
)
def test_an_event_that_a_dial_leaves_after_the_clocks_end_is_warned_of(
    converse: Converse, tmp_path: Path, options: tuple[str, ...], is_late: bool
) -> None:
    (tmp_path / "late.yaml").write_text(LATE, encoding="utf-8")
    ended = converse("run", "late.yaml", "--model", "null", "--no-judge", *options)
    line = "converse: an event is at '3', and the clock ends with '2', so that it never happens; date it"
    assert ended.code == 0
    assert (line in ended.err) is is_late
    if is_late:
        scenario = find_scenario("late.yaml")(end=2)
        with pytest.warns(UserWarning, match="so that it never happens"):
            converse_graph.run(scenario, model="null", judge=False)


def test_what_is_listed_and_shown_fits_the_published_schemas(converse: Converse, reference: tuple[Path, Ended]) -> None:
    store = str(reference[0] / STORE)
    ended = converse("runs", "--json", "--store", store)
    assert ended.code == 0, ended.err
    listed = json.loads(ended.out)
    jsonschema.validate(listed, runs_schema())
    assert [(row["run"], row["status"], row["statements"]) for row in listed] == [("whole", "finished", 4)]
    for raw in ([], ["--raw"]):
        shown = json.loads(converse("show", "whole", "--as", "json", "--store", store, *raw).out)
        jsonschema.validate(shown, show_schema())
        assert all(("deliberation" in statement) == bool(raw) for statement in shown["statements"])


def test_the_reference_run_debates_three_deep(converse: Converse, reference: tuple[Path, Ended]) -> None:
    outer = statements(converse, reference[0], "whole")[0]["deliberation"]
    middle = outer["lines"][0]["deliberation"]
    inner = middle["lines"][0]["deliberation"]
    assert [talk["motion"] for talk in (outer, middle, inner)] == [
        "Which date do we name?",
        "Can the plant do it?",
        "Who works late?",
    ]


def test_quiet_prints_the_path_of_the_readers_edition_alone(converse: Converse, tmp_path: Path) -> None:
    ended = converse("run", str(BOARDS), "--model", "null", "--rounds", "1", "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, ".converse/transcripts/boards-1.md\n", "")
    transcript = read_markdown((tmp_path / ended.out.strip()).read_text(encoding="utf-8"))
    assert transcript.statements[0].private is not None
    assert transcript.statements[0].private.deliberation is not None


def test_ctrl_c_pauses_and_resume_ends_as_if_it_had_never_stopped(
    converse: Converse, reference: tuple[Path, Ended], tmp_path: Path
) -> None:
    running = start(tmp_path, *SLOW)
    wait_until(lambda: calls(tmp_path) >= 3)
    running.send_signal(signal.SIGINT)
    paused = end(running)
    assert paused.code == 3, paused.err
    first, last = paused.err.splitlines()
    assert first == "converse: pausing at the next step; once more to stop at once"
    assert last == "converse: Run stopped is paused. Go on with: converse resume stopped"
    assert (tmp_path / paused.out.splitlines()[-1]).is_file()
    resumed = converse("resume", "stopped")
    assert resumed.code == 0, resumed.err
    assert statements(converse, tmp_path, "stopped") == statements(converse, reference[0], "whole")


def test_a_second_signal_stops_at_once_and_the_run_can_be_resumed(tmp_path: Path, converse: Converse) -> None:
    running = start(tmp_path, "run", str(BOARDS), "--model", "null:600", "--name", "stopped", "--rounds", "1")
    assert running.stdout is not None
    assert running.stderr is not None
    while not running.stdout.readline().startswith("Maker"):
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    assert "once more to stop at once" in running.stderr.readline()
    running.send_signal(signal.SIGTERM)
    ended = end(running)
    assert ended.code == 3
    assert ended.err.splitlines() == ["converse: Run stopped is paused. Go on with: converse resume stopped"]
    [row] = json.loads(converse("runs", "--json").out)
    assert (row["status"], row["statements"]) == ("paused", 0)


@pytest.mark.slow
def test_a_run_killed_in_a_debate_within_a_debate_is_paused_and_resumes_to_the_same_end(
    converse: Converse, reference: tuple[Path, Ended], tmp_path: Path
) -> None:
    running = start(tmp_path, *SLOW)
    wait_until(lambda: calls(tmp_path) >= 2)
    running.kill()
    assert end(running).code == -signal.SIGKILL
    [row] = json.loads(converse("runs", "--json").out)
    assert (row["status"], row["statements"]) == ("paused", 0)
    resumed = converse("resume", "stopped", "--quiet")
    assert (resumed.code, resumed.out) == (0, ".converse/transcripts/stopped.md\n"), resumed.err
    assert statements(converse, tmp_path, "stopped") == statements(converse, reference[0], "whole")


def test_a_run_that_is_held_is_refused_to_another_process(tmp_path: Path, converse: Converse) -> None:
    running = start(tmp_path, "run", str(BOARDS), "--model", "null:600", "--name", "held")
    try:
        assert running.stdout is not None
        while not running.stdout.readline().startswith("Maker"):
            assert running.poll() is None
        refused = converse("resume", "held")
        assert refused.code == 4
        assert refused.err.startswith("converse: Run 'held' is held by another process")
        [row] = json.loads(converse("runs", "--json").out)
        assert row["status"] == "running"
    finally:
        running.kill()
        end(running)


def test_a_run_whose_reader_has_left_is_paused(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    running = start(tmp_path, *SLOW, stdout=writer)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    ended = end(running)
    assert ended.code == 3
    assert ended.err.splitlines() == ["converse: Run stopped is paused. Go on with: converse resume stopped"]
