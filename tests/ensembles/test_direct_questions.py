"""The same model, asked directly once an arm, stands beside its runs and is counted among them nowhere."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from converse_graph import Store, find_scenario
from converse_graph.ensembles.design import Design
from converse_graph.ensembles.forecast import forecast
from converse_graph.ensembles.forecast_values import ArmForecast
from converse_graph.ensembles.report import forecast_markdown
from converse_graph.ensembles.sweep import SweepPlayer, can_be_asked, read_direct_answers, read_outcomes, save_design
from converse_graph.measures.outcomes import Outcome
from converse_graph.scenarios.direct_question import FORECASTER, chance_field, date_field, direct_question
from tests.ensembles.test_forecasts import row
from tests.support.model_servers import asked_directly, bargaining

CREATED = datetime(2026, 1, 2, tzinfo=UTC)
SOME: list[float | None] = [3.0, 4.0, 4.0, 5.0, 6.0] * 3
NEVER: list[float | None] = [None] * 12


@pytest.mark.parametrize(
    ("times", "probability", "p50", "agree", "words"),
    [
        (
            SOME,
            0.9,
            2029,
            (True, True),
            "agrees with the runs: its p50, 2029, lies within the interval",
        ),
        (SOME, 0.1, 2029, (True, False), "agrees with the runs on when, not on how likely"),
        (
            SOME,
            0.9,
            2040,
            (False, True),
            "agrees with the runs on how likely, not on when: its p50, 2040,",
        ),
        (
            NEVER,
            0.1,
            2050,
            (True, True),
            "agrees with the runs: its p50, 2050, lies within what",
        ),
        (
            NEVER,
            0.6,
            2030,
            (False, False),
            "does not agree with the runs: its p50, 2030, lies outside what",
        ),
        ([4.0], 0.6, 2029, (None, None), "one run gives no interval"),
    ],
)
def test_whether_answer_and_runs_agree_is_said_in_words(
    times: list[float | None], probability: float, p50: int, agree: tuple[bool | None, bool | None], words: str
) -> None:
    rows = [row(seed, time, law="none") for seed, time in enumerate(times)]
    dates = {"p10": 2027, "p50": p50, "p90": 2090}
    answer = _answer(rows[0], {chance_field("treaty"): probability, date_field("treaty"): dates})

    told = forecast(rows, "treaty", name="sea", answers=[answer])

    arm: ArmForecast = told.arms[0]
    assert arm.direct is not None
    assert (arm.direct.agrees, arm.direct.agrees_by_horizon, arm.survival.runs) == (*agree, len(times))
    assert words in forecast_markdown(told).replace("\\", "")


def test_an_answer_that_did_not_fit_is_no_answer_and_one_about_another_arm_is_not_this_ones() -> None:
    rows = [row(seed, 4.0, law="none") for seed in range(3)]
    nothing = forecast(rows, "treaty", name="sea", answers=[_answer(rows[0], {})])
    of_another = forecast(rows, "treaty", name="sea", answers=[_answer(row(0, 4.0, law="strict"), {})])

    assert "The model was asked, and gave no answer that fits." in forecast_markdown(nothing)
    assert of_another.arms[0].direct is None


def _answer(of: Outcome, values: dict[str, Any]) -> Outcome:
    return of.model_copy(update={"run": "sea-direct", "last_values": {FORECASTER: values}, "awaited": ()})


async def test_a_sweep_that_was_saved_before_plays_on_as_it_was_and_asks_once_the_same_command_is_given(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    bodies = bargaining(httpserver)
    design = Design(scenario="wage-talks", dials={"boardroom": False}, seeds=1, rounds=2, model="mini:70b",
                    base_url=httpserver.url_for("/v1"), baseline=False)  # fmt: skip
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        _, saved = await save_design(store, "raises", design, created=CREATED)
        before = json.dumps({name: value for name, value in saved.model_dump(mode="json").items() if name != "direct"})
        await store.ensembles.save("raises", before, created=CREATED)
        first = await SweepPlayer(store, "raises").play()
        assert (first.done, asked_directly(bodies), await read_direct_answers(store, "raises")) == (1, 0, [])
        await save_design(store, "raises", design.model_copy(update={"direct": True}), created=CREATED)
        second = await SweepPlayer(store, "raises").play()
        (answer,) = await read_direct_answers(store, "raises")
        rows = await read_outcomes(store, "raises")

    assert (second.done, asked_directly(bodies), len(rows)) == (2, 1, 1)
    assert answer.last_values[FORECASTER]["chance_settled"] == 0.25


@pytest.mark.parametrize(
    ("change", "is_asked"),
    [
        ({}, True),
        ({"model": "null"}, False),
        ({"model": "null:0.05"}, False),
        ({"parent": "race", "at": "2027"}, False),
        ({"scenario": "essay"}, False),
    ],
)
def test_chance_forks_and_scenarios_that_await_nothing_are_not_asked_about(
    change: dict[str, str], is_asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "version: 1\nname: essay\npremise: Words.\nclock: {end: 2}\norganisations: [{name: A}]\n"
    (tmp_path / "essay.yaml").write_text(text, encoding="utf-8")
    change = {**change, **({"scenario": "essay.yaml"} if "scenario" in change else {})}
    design = Design(**{"scenario": "agi-race", "seeds": 1, "model": "mini:70b", **change})

    assert can_be_asked(design) is is_asked


@pytest.mark.parametrize("name", ["agi-race", "government", "wage-talks"])
def test_a_forecaster_is_told_no_brief_and_nothing_hidden(name: str) -> None:
    made = find_scenario(name)()
    question = direct_question(made, 3)
    text = question.model_dump_json()

    variables = made.world.variables if made.world else ()
    private = {one.name.replace("_", " ") for one in variables if one.visibility != "public"}
    numbers = re.findall(r"(?:: |; )([a-z ]+) \(", question.premise)
    assert made.premise.strip() in question.premise
    assert all(party.name in question.premise for party in made.organisations)
    assert not any(party.brief and party.brief in text for party in made.organisations)
    assert not private & set(numbers)
    assert bool(numbers) is bool(variables)
    assert question.clock.rounds == 1


def test_a_long_name_of_an_event_still_names_two_fields() -> None:
    names: list[Callable[[str], str]] = [chance_field, date_field]
    long = [f"{'a' * 38}{end}" for end in "bc"]
    fields = {field(event) for field in names for event in long}

    assert len(fields) == 4
    assert all(len(field) <= 40 for field in fields)
