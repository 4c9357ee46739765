"""Questions to a person on the command line: a guest that asks, a party that a person plays."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

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


@pytest.mark.slow
@pytest.mark.every_store
def test_a_person_plays_to_the_end_from_the_link_that_view_prints_with_a_restart_between_two_answers(
    kind_of_store: str, store_address: str, converse: Converse, tmp_path: Path
) -> None:
    store = ("--store", store_address)
    played = ("wage-talks", "--model", "null", "--seed", "3", "--rounds", "2", "--human", "Union", *store)
    for name in ("h", "resumed"):
        assert converse("run", *played, "--name", name).code == 3
    links = []
    for ending in ("Ctrl-C", "Run h has finished"):
        process = start(tmp_path, "view", "h", "--seats", "--no-open", "--token", *store)
        (link,) = re.findall(r"Seat of Union in h: (\S+)", said_until(process, "Ctrl-C"))
        assert "token" not in link
        links.append(link.partition("/runs")[2])
        with httpx.Client(headers={"Origin": link.partition("/runs")[0]}) as client:
            key = page_with(client, link, r'name="question" value="([^"]+)"')
            form = {"question": key, "statement": "Eight.", "raise_percent": "8"}
            assert client.post(link, data=form).headers["location"].endswith("?note=taken")
            if ending == "Ctrl-C":
                page_with(client, link, r'name="question" value="(1\.[^"]+)"')
            else:
                page_with(client, link, r"(The talk is over)")
                assert "with null (as it was begun to be; `converse run --no-judge`" in said_until(process, ending)
        process.send_signal(signal.SIGINT)
        assert end(process).code == 0
    assert links[0] == links[1]
    for _ in range(2):
        reply = '{"statement": "Eight.", "raise_percent": 8, "accepts": false}'
        ended = converse("resume", "resumed", "--answer", reply, *store)
    assert ended.code == 0
    of_both = [json.loads(converse("show", name, "--raw", "--as", "json", *store).out) for name in ("h", "resumed")]
    assert of_both[0]["statements"] == of_both[1]["statements"]
    assert [(len(one["verdicts"]), one["verdicts"][0]["statements"]) for one in of_both] == [(1, 4), (1, 4)]
    for name in ("h", "resumed"):
        page = Path(ended.out.splitlines()[-1]).with_name(f"{name}.md").read_text()
        assert page.count("Eight.") >= 2
        assert "Verdict" in page


def said_until(process: subprocess.Popen[str], word: str) -> str:
    """What a process has said by the line that has a word."""
    assert process.stdout is not None
    told = ""
    while word not in told:
        line = process.stdout.readline()
        assert line, told
        told += line
    return told


def page_with(client: httpx.Client, link: str, pattern: str) -> str:
    """What a pattern finds on a page once it does."""
    for _ in range(400):
        if found := re.search(pattern, page := client.get(link).text):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(page)


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
