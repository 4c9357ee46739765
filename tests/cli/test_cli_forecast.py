"""From a scenario to a forecast by two commands."""

import json
import re
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from converse_graph.scenarios.direct_question import FORECASTER
from tests.support.command_line import Converse
from tests.support.model_servers import asked_directly, bargaining


def test_two_commands_lead_from_a_scenario_to_a_page_that_loads_nothing(converse: Converse, tmp_path: Path) -> None:
    page = tmp_path / "raises.html"
    sweep = ("sweep", "wage-talks", "--vary", "inflation=0.02,0.08", "--seeds", "2", "--rounds", "2", "--model", "null")
    done = converse(*sweep, "--name", "raises")
    told = converse("forecast", "raises", "--event", "raise_percent >= 5", "--by", "2", "--out", str(page))
    as_json = converse("forecast", "raises", "--event", "raise_percent >= 5", "--json")

    assert (done.code, told.code) == (0, 0), told.err
    written = page.read_text(encoding="utf-8")
    assert "<svg" in written
    assert "inflation=0.08" in written
    assert "converse sweep wage-talks" in written
    assert not re.search(r"""(src|href)=["']?https?:|<script|@import|url\(http""", written)
    assert {arm["arm"] for arm in json.loads(as_json.out)["arms"]} == {"inflation=0.02", "inflation=0.08"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sweep", "wage-talks", "--vary", "inflation"), "--vary takes DIAL=A,B"),
        (("sweep", "wage-talks", "--vary", "inflation=9"), "inflation"),
        (("sweep", "wage-talks", "--vary", "colour=red"), "No dial of wage-talks 'colour'"),
        (("sweep", "wage-talks", "--vary", "inflation=0.1", "--set", "inflation=0.2"), "both set and varied"),
        (("sweep", "wage-talks", "--name", "Not A Name"), "An ensemble is called by"),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_one_line_and_nothing_is_played(
    converse: Converse, arguments: tuple[str, ...], message: str
) -> None:
    done = converse(*arguments, "--model", "null")

    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_an_ensemble_or_an_event_that_there_is_not_is_named(converse: Converse) -> None:
    converse("sweep", "wage-talks", "--seeds", "1", "--rounds", "1", "--model", "null", "--name", "one")

    assert "No ensemble 'three'" in converse("forecast", "three").err
    assert "there is: settled" in converse("forecast", "one", "--event", "war").err
    assert "one run is an anecdote" in converse("forecast", "one").out


def test_a_past_that_was_played_by_chance_is_held_against_what_happened(converse: Converse) -> None:
    converse("sweep", "backtest", "--seeds", "2", "--rounds", "2", "--model", "null", "--name", "past")
    page = converse("forecast", "past", "--against", "training_compute", "--cutoff", "2019-01")
    scores = json.loads(converse("forecast", "past", "--against", "training_compute", "--json").out)["scores"]

    assert page.code == 0, page.err
    assert "| 2018 | 23.53 | 6 |" in page.out
    assert [(score["field"], score["rule"], len(score["periods"])) for score in scores] == [
        ("compute_estimate", "CRPS", 2),
        ("chance_of_1e25", "Brier", 2),
    ]
    assert converse("forecast", "past", "--against", "no_facts").code == 2
    assert "goes with no --event" in converse("forecast", "past", "--against", "training_compute", "--event", "x").err


def test_a_model_is_asked_once_an_arm_and_its_answer_stands_beside_its_runs(
    converse: Converse, httpserver: HTTPServer
) -> None:
    bodies = bargaining(httpserver)
    sweep = (
        "sweep", "wage-talks", "--vary", "inflation=0.02,0.08", "--set", "boardroom=false", "--seeds", "2", "--rounds",
        "3", "--name", "raises", "--yes", "--no-judge", "--model", "mini:70b", "--base-url", httpserver.url_for("/v1"),
    )  # fmt: skip
    done = converse(*sweep)
    assert done.code == 0, done.err
    assert "10 runs, 2 arms of 2 seeds" in done.out
    before = len(bodies)
    again = converse(*sweep)
    told = json.loads(converse("forecast", "raises", "--json").out)
    arms = [arm for arm in told["arms"] if arm["role"] == "arm"]

    assert (again.code, asked_directly(bodies), len(bodies)) == (0, 2, before)
    assert [arm["survival"]["runs"] for arm in told["arms"]] == [2, 2, 2, 2]
    assert [(arm["direct"]["probability"], arm["direct"]["p50"]) for arm in arms] == [(0.25, 3), (0.25, 3)]
    assert {arm["direct"] for arm in told["arms"] if arm["role"] == "chance"} == {None}
    assert [arm["direct"]["by_runs"]["estimate"] for arm in arms] == [1.0, 1.0]
    page = converse("forecast", "raises").out
    assert "## Asked directly" in page
    words = (
        "agrees with the runs on when, not on how likely: its p50, 3, lies within the interval of their median (2 or "
        "later), and its 25% outside that of the share of runs (34% to 100%)"
    )
    assert words in page
    run = arms[0]["direct"]["run"]
    assert "Prices rise by 2.0%" in json.dumps(bodies)
    assert FORECASTER in converse("show", run).out
    assert converse("audit", "raises").code == 0
    assert "Forecaster" not in converse("show", "raises", "--as", "csv").out
    assert "The model was not asked about this expression" in converse(
        "forecast", "raises", "--event", "raise_percent >= 4"
    ).out.replace("\\", "")


def test_a_direct_question_that_was_paused_is_resumed_by_its_name(converse: Converse, httpserver: HTTPServer) -> None:
    away = httpserver.url_for("/v1")
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_data("no", status=401)
    sweep = (
        "sweep", "wage-talks", "--set", "boardroom=false", "--seeds", "1", "--rounds", "3", "--name", "raises", "--yes",
        "--no-judge", "--model", "mini:70b", "--base-url", away,
    )  # fmt: skip
    assert converse(*sweep).code == 1
    rows = {row["run"]: row["status"] for row in json.loads(converse("runs", "--json").out)}
    (question,) = (name for name in rows if name.endswith("-direct"))
    assert rows[question] == "paused"
    httpserver.clear()
    bodies = bargaining(httpserver)
    resumed = converse("resume", question, "--quiet")
    assert resumed.code == 0, resumed.err
    assert FORECASTER in converse("show", question).out
    asked = asked_directly(bodies)
    again = converse(*sweep)

    assert (again.code, asked_directly(bodies)) == (0, asked)
    assert json.loads(converse("forecast", "raises", "--json").out)["arms"][0]["direct"]["p50"] == 3


def test_the_first_arm_of_a_race_is_played_in_other_words_as_a_nuisance_arm(
    converse: Converse, httpserver: HTTPServer
) -> None:
    bodies = bargaining(httpserver)
    done = converse(
        "sweep", "agi-race", "--vary", "regulation=none,strict", "--set", "labs=1", "--paraphrase", "--seeds", "1",
        "--rounds", "1", "--no-baseline", "--no-judge", "--name", "race", "--yes", "--model", "mini:70b", "--base-url",
        httpserver.url_for("/v1"),
    )  # fmt: skip
    assert done.code == 0, done.err
    arms = json.loads(converse("forecast", "race", "--event", "agi_claimed", "--json").out)["arms"]

    assert [(arm["arm"], arm["role"]) for arm in arms] == [
        ("regulation=none", "arm"),
        ("regulation=strict", "arm"),
        ("regulation=none, in other words", "paraphrase"),
    ]
    briefs = {body["messages"][0]["content"] for body in bodies}  # replies that do not fit are asked for again
    assert len(briefs) == 3
