"""A world by its rules alone, from the command line."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from converse_graph.ensembles.rules_alone import play_rules, wilson_interval
from converse_graph.scenarios.catalogue import find_scenario
from tests.support.command_line import Converse

SEA = str(Path(__file__).parents[1] / "support" / "scenario_files" / "sea.yaml")


def test_bands_and_shares_are_those_of_the_worlds(converse: Converse) -> None:
    done = converse("world", SEA, "--seeds", "300", "--set", "sea=rough", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    scenario = find_scenario(SEA)(sea="rough")
    batch = play_rules(scenario, dict.fromkeys(["Norland", "Sudmark", "Harbour"], "random"), seeds=300)
    stock = batch.values["world", "stock"]
    bands = [band for band in summary["bands"] if band["variable"] == "stock"]
    assert [band["period"] for band in bands] == ["start", "2026", "2027", "2028", "2029", "2030"]
    assert [band["p50"] for band in bands] == pytest.approx(np.median(stock, axis=1))
    assert bands[0]["p10"] == pytest.approx(328, abs=4)
    shares = {row["event"]: row for row in summary["outcomes"]}
    collapses = int((stock.min(axis=0) <= 50).sum())
    assert 0 < collapses < 300
    assert shares["collapse"]["worlds"] == collapses
    assert shares["none"]["worlds"] == 300 - collapses
    assert summary["dials"]["sea"] == "rough"


def test_forms_of_a_course_say_the_same(converse: Converse, tmp_path: Path) -> None:
    page = converse("world", SEA, "--seeds", "50", "--rounds", "2").out
    assert "50 worlds of 2 rounds, seeds 0 to 49. Moves are chosen by chance." in page
    assert "## Norland: median" in page
    out = tmp_path / "course.csv"
    assert converse("world", SEA, "--seeds", "50", "--rounds", "2", "--as", "csv", "--out", str(out)).code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    bands = json.loads(converse("world", SEA, "--seeds", "50", "--rounds", "2", "--json").out)["bands"]
    assert [row["p50"] for row in rows] == [json.dumps(band["p50"]) for band in bands]
    assert converse("world", SEA, "--seeds", "50", "--first-seed", "50", "--json").out != json.dumps(bands)


def test_policies_are_held_against_each_other(converse: Converse) -> None:
    page = converse("world", SEA, "--policies", "always:fish,wait", "--outcome", "money", "--seeds", "50")
    assert page.code == 0, page.err
    assert "| Norland     | always:fish" in page.out
    assert "always:fish comes to most whatever the others do" in page.out
    cells = converse("world", SEA, "--policies", "wait,careful", "--outcome", "money", "--seeds", "9", "--as", "csv")
    assert len(cells.out.splitlines()) == 5


def test_the_dial_that_moves_most_comes_first_and_the_rest_are_told_why(converse: Converse) -> None:
    arguments = ("world", SEA, "--screen", "--outcome", "collapse", "--seeds", "60", "--trajectories", "4")
    done = json.loads(converse(*arguments, "--range", "loss=0:8", "--json").out)
    by_dial = {effect["dial"]: effect for effect in done["effects"]}
    assert set(by_dial) == {"growth", "loss", "sea"}
    assert by_dial["sea"]["mean"] > 0 > by_dial["growth"]["mean"]
    assert done["effects"][-1]["dial"] == "loss"
    assert by_dial["loss"]["effect"] == pytest.approx(0, abs=0.1)  # money is spent on nothing that fish would notice
    page = converse(*arguments, "--set", "growth=0.3").out
    assert "Not varied: growth, as it is set." in page
    assert "--range loss=LOW:HIGH" in page
    assert "Not varied: greeting, as it takes text." in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("world", "wage-talks", "--set", "inflation=9"), "inflation"),
        (("world", SEA, "--seeds", "0"), "--seeds"),
        (("world", SEA, "--policies", "wait,random"), "--outcome is missing"),
        (("world", SEA, "--outcome", "money"), "goes with --policies or --screen"),
        (("world", SEA, "--policies", "wait", "--outcome", "money"), "takes two or more"),
        (
            ("world", SEA, "--policies", "wait,random", "--outcome", "fame"),
            "there is: collapse, stock",
        ),
        (("world", SEA, "--policies", "a,b", "--outcome", "money", "--party", "Harbour"), "alone of its kind"),
        (("world", SEA, "--policies", "a,b", "--screen", "--outcome", "money"), "cannot both be had"),
        (("world", SEA, "--screen", "--outcome", "stock", "--range", "growth=0.1"), "--range takes DIAL=LOW:HIGH"),
        (("world", SEA, "--screen", "--outcome", "stock", "--range", "growth=9:1"), "9 must lie below 1"),
        (("world", SEA, "--screen", "--outcome", "stock", "--range", "growth=0:9"), "Dial growth takes"),
        (("world", SEA, "--screen", "--outcome", "stock", "--range", "sea=0:1"), "no range goes with it"),
        (("world", SEA, "--screen", "--outcome", "stock", "--range", "tide=0:1"), "No dial of sea 'tide'"),
        (("world", "fishery", "--screen", "--outcome", "stock"), "No dial of fishery can be varied"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(converse: Converse, arguments: tuple[str, ...], message: str) -> None:
    done = converse(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (17, 1000), (1, 1)])
def test_the_interval_of_a_share_is_wilsons(count: int, of: int) -> None:
    interval = binomtest(count, of).proportion_ci(method="wilson")
    assert wilson_interval(count, of) == pytest.approx((interval.low, interval.high))


def test_a_run_is_explained_compared_and_drawn(converse: Converse, tmp_path: Path) -> None:
    run = ("run", SEA, "--rounds", "2", "--model", "null", "--no-judge", "--seed", "1", "--quiet")
    ran = converse(*run, "--name", "one")
    assert ran.code == 0, ran.err
    fork = ("fork", "one", "--at", "2027:Norland", "--say", "No.", "--field", "move=fish", "--name", "two")
    assert converse(*fork, "--no-judge", "--quiet").code == 0
    assert "in 2027: why the world moved" in converse("explain", "one", "--at", "2027").out
    done = json.loads(converse("explain", "one", "--at", "2027", "--variable", "stock", "--json").out)
    assert [movement["variable"] for movement in done["movements"]] == ["stock"]
    record = json.loads(converse("show", "one", "--json").out)
    assert [after["period"] for after in record["world"]] == ["start", "2026", "2027"]
    assert all(after["hidden"] is None for after in record["world"])
    rows = json.loads(converse("diff", "one", "two", "--raw", "--json").out)["world"]
    moves = [row for row in rows if (row["owner"], row["name"]) == ("Norland", "move")]
    assert [(row["period"], row["second"]) for row in moves] == [("2027", "fish")]
    for name in ("world.svg", "world.PNG", "world.html"):
        assert converse("show", "one", "--plot", name).out == f"{name}\n"
        assert (tmp_path / name).stat().st_size > 1000
    refusals = {
        ("show", "one", "--plot", "world.gif"): "ends in .svg, .png or .html",
        ("show", "one", "--plot", "world.svg", "--stats"): "--plot goes with --raw alone",
        ("show", "one", "--plot", "nowhere/world.svg"): "Cannot write",
        ("explain", "one", "--at", "2030"): "it has come to 2027",
    }
    for arguments, message in refusals.items():
        done = converse(*arguments)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert message in done.err
