"""A scenario played in one call, without an event loop of one's own; records read in the same manner."""

import asyncio
import shlex
import signal
import subprocess
import sys
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import converse_graph as cg
from converse_graph.models.registry import ModelRegistry
from tests.support.recording_model import ListeningChat
from tests.support.small_scenarios import CountingChat, consciences, table

SCRIPT = """
import sys
import converse_graph as cg

@cg.scenario
def talks(rounds: int = 4) -> cg.Scenario:
    \"\"\"Two talk.

    Args:
        rounds: How many rounds.
    \"\"\"
    seated = [cg.Organisation(name=name, brief="You talk.") for name in ("A", "B")]
    return cg.Scenario(premise="All meet.", clock=cg.Clock(end=rounds, step="round"), organisations=seated)

def watch(event):
    if event["event"] == "statement":
        print(event["round"], event["speaker"], flush=True)

if __name__ == "__main__":
    played = talks if sys.argv[1] == "function" else sys.argv[1]
    print(cg.run(played, model="null:0.2", seed=1, name="r", resume=True, watch=watch))
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to work in, where the command line would keep its runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVERSE_MODEL", raising=False)
    return tmp_path


@cg.scenario
def talks(rounds: int = 2) -> cg.Scenario:
    """Two talk.

    Args:
        rounds: How many rounds.
    """
    return table("A", "B", rounds=rounds)


def test_a_name_is_enough_and_the_run_lies_where_the_command_line_looks(here: Path) -> None:
    before = datetime.now(UTC)
    record = cg.run("wage-talks", model="null")
    assert record.header.status == "finished"
    assert before - timedelta(seconds=1) <= record.header.created <= datetime.now(UTC)
    assert 0 <= record.header.seed < 10**6
    assert record.statements[0].private is not None
    assert (here / ".converse" / "runs.sqlite").is_file()
    command = [sys.executable, "-m", "converse_graph.cli", "show", record.header.run, "--raw", "--json"]
    shown = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    assert record.statements[0].text[:40] in shown.stdout
    assert cg.load_run(record.header.run) == record
    assert [run.name for run in cg.list_runs()] == [record.header.run]


def test_a_seed_that_was_drawn_is_on_record_and_plays_the_same_again() -> None:
    first = cg.run(talks, model="null", dials={"rounds": 3})
    again = cg.run(talks(rounds=3), model="null", seed=first.header.seed)
    assert again.statements == first.statements
    assert cg.run(talks, model="null", dials={"rounds": 3}).header.seed != first.header.seed


async def test_it_plays_where_an_event_loop_is_running_as_in_a_notebook() -> None:
    record = cg.run(consciences(), model="null", seed=3)
    assert len(record.statements) == 6
    assert cg.load_run(record.header.run) == record


def test_it_shows_what_is_public_however_it_is_shown() -> None:
    record = cg.run(consciences(rounds=1), model="null", seed=3)
    private = record.statements[0].private
    assert private is not None
    assert private.deliberation is not None
    for shown in (repr(record), str(record), record._repr_html_()):
        assert private.memo not in shown
        assert private.deliberation.lines[0].text not in shown
    line, *said = str(record).splitlines()
    assert line == repr(record)
    assert said == [f"round 1 · {one.speaker}: {one.text}" for one in record.statements]


def test_dials_horizon_name_and_store_are_those_of_the_command_line(here: Path) -> None:
    Path("mine.py").write_text(SCRIPT)
    for number, given in enumerate(["mine.py", Path("mine.py"), "mine.py:talks", cg.find_scenario("mine.py")]):
        record = cg.run(given, model="null", dials={"rounds": 3}, rounds=2, name=f"r{number}", store="elsewhere.sqlite")
        assert record.header.source.startswith("mine.py")
        assert (record.header.dials, record.header.clock["rounds"]) == ({"rounds": 3}, 2)
    assert [run.name for run in cg.list_runs(store="elsewhere.sqlite")] == ["r3", "r2", "r1", "r0"]
    assert not Path(".converse").exists()
    assert cg.run(cg.find_scenario("wage-talks"), model="null", rounds=1).header.source == "wage-talks"


def test_a_judge_reads_the_record_where_that_is_asked_for() -> None:
    assert cg.run(talks, model="null").verdicts == ()
    record = cg.run(talks, model="null", name="judged", judge=True)
    assert [verdict.model for verdict in record.verdicts] == ["null"]
    again = cg.run(talks, model="null", name="judged", judge=True, resume=True)
    assert again.verdicts == record.verdicts
    assert len(cg.run(talks, model=CountingChat(), judge="null").verdicts) == 1


def test_a_verdict_that_cannot_be_had_is_missed_in_a_line_and_the_record_is_there() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        record = cg.run(talks, model="null", name="r", judge=True, budget=cg.Budget(tokens=2_000))
    assert record.header.status == "finished"
    [line] = [str(one.message) for one in heard if "verdict" in str(one.message)]
    assert line.endswith("The verdict is missing. Get it with: converse judge r")


def test_what_pauses_a_run_says_how_to_go_on_and_so_it_does() -> None:
    with pytest.raises(cg.BudgetExceeded) as paused:
        cg.run(talks, model="null", seed=1, name="r", budget=cg.Budget(turns=1))
    told = "Run r is paused. Go on with: converse_graph.run(scenario, name='r', resume=True)"
    assert paused.value.__notes__[-1] == told
    assert len(cg.load_run("r").statements) == 1
    whole = cg.run(talks, model="null", seed=1, name="whole")
    assert cg.run(talks, name="r", resume=True).statements == whole.statements
    with pytest.raises(cg.BudgetExceeded) as paused:
        cg.run("wage-talks", model="null", name="named", store="a b.sqlite", budget=cg.Budget(turns=1))
    assert paused.value.__notes__[-1] == "Run named is paused. Go on with: converse resume named --store 'a b.sqlite'"


def test_a_model_object_is_asked_and_goes_on() -> None:
    first = CountingChat(stop_at=3)
    with pytest.raises(cg.ProviderUnreachable):
        cg.run(talks, model=first, name="r", seed=1)
    second = CountingChat()
    record = cg.run(talks, model=second, name="r", resume=True)
    assert len(record.statements) == 4
    assert set(first.answered).isdisjoint(second.places)
    assert cg.run(
        talks, model=ModelRegistry(CountingChat(), prices=cg.Prices({"counting": cg.Price(input=1, output=1)}))
    )


def test_settings_of_models_are_asked_by_and_those_given_on_the_way_go_before_them(here: Path) -> None:
    options = {"": cg.ModelSettings(temperature=0.2, context_window=9_000), "B": cg.ModelSettings(temperature=1)}
    with pytest.raises(cg.BudgetExceeded):
        cg.run(talks, model="null", options=options, name="r", budget=cg.Budget(turns=1))
    assert cg.load_run("r").header.options == options
    asked = ListeningChat("small")
    cooler = cg.ModelSettings(top_p=0.9)
    record = cg.run(talks, model=asked, options={"A": cooler}, name="listened")
    assert [request.settings for request in asked.asked if request.place.endswith("A/statement")] == [cooler, cooler]
    assert record.header.options == {"A": cooler}
    record = cg.run(talks, options={"B": cooler}, name="r", resume=True)
    assert record.header.options == {**options, "B": options["B"].merged(cooler)}
    with pytest.raises(cg.NotFound, match="Nobody"):
        cg.run(talks, model="null", options={"Nobody": cooler}, store="none.sqlite")
    assert not (here / "none.sqlite").exists()


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"scenario": "wage-walks"}, cg.NotFound, "wage-walks"),
        ({"scenario": 7}, cg.InvalidValue, "7 is no scenario"),
        ({"dials": {"colour": 1}}, cg.NotFound, "colour"),
        ({"scenario": table("A"), "dials": {"rounds": 1}}, cg.InvalidValue, "pass its function"),
        ({"resume": True}, cg.InvalidValue, "name=RUN"),
        ({"name": "No Name"}, cg.InvalidValue, "No Name"),
        ({"judge": "nobody:x"}, cg.UsageError, "nobody"),
        ({"model": "nobody"}, cg.NotFound, "nobody"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(asked: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error) as refused:
        cg.run(**{"scenario": talks, "model": "null", **asked})
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_run_of_that_name_that_is_another_one_is_not_gone_on_with() -> None:
    cg.run(talks, model="null", name="r", seed=1)
    with pytest.raises(cg.InvalidValue, match="a run 'r' already"):
        cg.run(talks, model="null", name="r")
    for other in ({"seed": 2}, {"model": "null:1"}, {"rounds": 1}):
        with pytest.raises(cg.InvalidValue, match="Run 'r' has "):
            cg.run(talks, name="r", resume=True, **other)  # type: ignore[arg-type]
    with pytest.raises(cg.ScenarioChanged):
        cg.run(consciences(), name="r", resume=True)


async def test_an_open_store_is_not_taken_for_a_path(store: cg.Store) -> None:
    with pytest.raises(cg.InvalidValue, match="begin"):
        cg.run(talks, model="null", store=store)  # type: ignore[arg-type]


def test_there_is_no_store_and_no_run_to_read_before_one_is_played() -> None:
    with pytest.raises(cg.NotFound):
        cg.list_runs()
    cg.run(talks, model="null", name="r")
    with pytest.raises(cg.NotFound, match="there is: r"):
        cg.load_run("s")


def _interrupted(folder: Path, what: str, times: int) -> list[str]:
    """Play, and press Ctrl-C once the first statement is there; what was said on standard error."""
    (folder / "mine.py").write_text(SCRIPT)
    command = [sys.executable, "mine.py", what]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as playing:
        assert playing.stdout is not None
        assert playing.stderr is not None
        assert playing.stdout.readline() == "0 A\n"
        playing.send_signal(signal.SIGINT)
        assert playing.stderr.readline() == "pausing at the next step; once more to stop at once\n"
        if times > 1:
            playing.send_signal(signal.SIGINT)
        out, err = playing.communicate(timeout=120)
    assert playing.returncode != 0
    assert "Transcript" not in out
    [run] = cg.list_runs()
    assert (run.status, 0 < run.statements < 8) == ("paused", True)
    return err.splitlines()


@pytest.mark.slow
def test_ctrl_c_pauses_a_script_at_the_next_step_and_the_command_line_goes_on(here: Path) -> None:
    way_on = _interrupted(here, "mine.py", 1)[-1]
    assert way_on == "KeyboardInterrupt: Run r is paused. Go on with: converse resume r"
    command = [sys.executable, "-m", "converse_graph.cli", *shlex.split(way_on.rpartition("converse ")[2])]
    subprocess.run([*command, "--no-judge", "--quiet"], cwd=here, check=True, capture_output=True)
    whole = cg.run("mine.py", model="null", seed=1, name="whole")
    assert [said.text for said in cg.load_run("r").statements] == [said.text for said in whole.statements]


@pytest.mark.slow
def test_ctrl_c_twice_stops_a_script_at_once_and_it_goes_on_when_it_is_started_again(here: Path) -> None:
    way_on = _interrupted(here, "function", 2)[-1]
    assert way_on.endswith("Run r is paused. Go on with: converse_graph.run(scenario, name='r', resume=True)")
    done = subprocess.run([sys.executable, "mine.py", "function"], cwd=here, capture_output=True, text=True, check=True)
    assert "status finished, statements 8" in done.stdout


def test_runs_side_by_side_in_threads_do_not_wait_for_one_another() -> None:
    async def all_at_once() -> list[cg.Transcript]:
        names = [f"r{number}" for number in range(4)]
        plays = [asyncio.to_thread(cg.run, talks, model="null:0.05", seed=1, name=name) for name in names]
        return await asyncio.gather(*plays)

    records = asyncio.run(all_at_once())
    assert len({tuple(said.text for said in record.statements) for record in records}) == 1
