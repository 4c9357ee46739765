"""Questions to a person on the command line: a guest that asks, a party that a person plays."""

import json
import re
import signal
import time
from pathlib import Path

import httpx

from tests.support.child_process import end
from tests.support.command_line import Converse, start

DESK = '''
from langgraph.types import interrupt
from converse_graph import Clock, Organisation, Scenario, scenario


def ask(view):
    return f"I say {interrupt('What do you say?')}"


@scenario
def desk() -> Scenario:
    """A bank that asks."""
    parties = [Organisation(name="Firm"), Organisation(name="Bank", graph=ask)]
    return Scenario(premise="A loan.", clock=Clock(end=1, step="round"), organisations=parties)
'''


def test_a_guest_that_asks_is_answered_by_a_resume(converse: Converse, tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text(DESK)
    begun = converse("run", "desk.py", "--model", "null", "--no-judge", "--name", "r")
    assert (begun.code, begun.err.count("\n")) == (3, 1)
    assert "Bank asks: What do you say?" in begun.err
    assert "converse resume r --answer VALUE" in begun.err
    ended = converse("resume", "r", "--answer", "yes")
    assert ended.code == 0
    assert "I say yes" in ended.out
    assert "Judging" not in ended.out, "a resume remembers that nobody judges"


def test_a_party_that_a_person_plays_is_shown_its_view_and_answered_by_a_resume(
    converse: Converse, tmp_path: Path
) -> None:
    begun = converse(
        "run", "wage-talks", "--model", "null", "--no-judge", "--name", "h", "--rounds", "1", "--human", "Union"
    )
    assert begun.code == 3
    assert "Union | " in begun.out
    assert "You speak for 3,000 workers" in begun.out
    assert "fills in: statement, raise_percent" in begun.err
    refused = converse("resume", "h", "--answer", "Eight.")
    assert refused.code == 3
    assert "accepts is missing" in refused.err
    reply = '{"statement": "Eight.", "raise_percent": 8, "accepts": false}'
    assert converse("resume", "h", "--answer", reply).code == 0
    stats = converse("show", "h", "--stats")
    assert "Persons played Union" in stats.out
    assert json.loads(converse("show", "h", "--stats", "--json").out)["humans"] == ["Union"]
    assert converse("run", "wage-talks", "--model", "null", "--no-judge", "--name", "m", "--rounds", "1").code == 0
    rows = {row["run"]: row for row in json.loads(converse("runs", "--json").out)}
    assert (rows["h"]["humans"], rows["m"]["humans"]) == (["Union"], [])
    assert [run["run"] for run in json.loads(converse("runs", "--where", "humans=Union", "--json").out)] == ["h"]
    shown = converse("show", "h")
    assert "Eight." in shown.out
    assert "Union" in shown.out


def test_a_person_answers_from_the_link_that_view_prints(converse: Converse, tmp_path: Path) -> None:
    begun = converse(
        "run", "wage-talks", "--model", "null", "--no-judge", "--name", "h", "--rounds", "1", "--human", "Union"
    )
    assert begun.code == 3
    process = start(tmp_path, "view", "h", "--seats", "--no-open", "--token")
    assert process.stdout is not None
    told = ""
    while "Ctrl-C" not in told:
        line = process.stdout.readline()
        assert line, told
        told += line
    (link,) = re.findall(r"Seat of Union in h: (\S+)", told)
    assert "token" not in link
    with httpx.Client(headers={"Origin": link.partition("/runs")[0]}) as client:
        for _ in range(200):
            if key := re.search(r'name="question" value="([^"]+)"', client.get(link).text):
                break
            time.sleep(0.05)
        assert key
        form = {"question": key[1], "statement": "Eight.", "raise_percent": "8"}
        assert client.post(link, data=form).headers["location"].endswith("?note=taken")
        for _ in range(200):
            if "The talk is over" in (page := client.get(link).text):
                break
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert (end(process).code, "The talk is over" in page) == (0, True)
    assert "Eight." in converse("show", "h").out


def test_seats_are_for_runs_with_persons(converse: Converse) -> None:
    assert converse("run", "wage-talks", "--model", "null", "--no-judge", "--name", "m", "--rounds", "1").code == 0
    for words, said in (
        (("view", "m", "--seats", "--no-open"), "No person plays in run m; begin one with `converse run SCENARIO"),
        (("view", "--seats", "--no-open"), "No person plays in a run that is not finished"),
        (("view", "--human-deadline", "5", "--no-open"), "say --seats too"),
        (("view", "--seats", "--max-tokens", "0", "--no-open"), "0"),
    ):
        ended = converse(*words)
        assert (ended.code, said in ended.err) == (2, True), ended.err
