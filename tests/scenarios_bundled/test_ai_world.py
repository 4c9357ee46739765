"""The AI world by its rules alone: it keeps to published models, its dials bind, and no policy dominates."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.world.batch import WorldBatch, play_batch
from converse_graph.world.policies import chooser, named_policy

SEEDS = range(400)
NEVER = 9999.0


def _play(policies: Mapping[str, str], *, years: int = 30, **dials: Any) -> WorldBatch:
    """Play the world of a preset; parties without a policy wait."""
    dials = {"step": "year", "start": 2024, "end": 2023 + years, "world": True, **dials}
    made = find_scenario("ai-futures")(**dials)
    world, kinds = made.world, {party.name: party.kind for party in made.organisations}
    assert world is not None
    choose = {
        name: chooser(named_policy(policies.get(kind, "wait"), world, _no_function), world, kind)
        for name, kind in kinds.items()
    }
    return play_batch(world, kinds, SEEDS, rounds=years, choose=choose)


def _no_function(name: str) -> Any:
    raise AssertionError(name)


def _years(batch: WorldBatch, event: str, start: int = 2024) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The year in which it happened, in each world."""
    rounds = batch.event_rounds[event]
    return np.where(rounds >= -1, start + rounds, NEVER)


@pytest.mark.parametrize(
    ("growth", "start", "low", "high"),
    [
        ("horizon", 2024, 2027, 2028),  # published median 2027, of a superhuman coder; from the parameters 2028
        ("horizon", 2018, 2027, 2028),
        ("compute", 2024, 2032, 2032),  # late 2032
    ],
)
def test_with_nobody_doing_anything_the_median_is_that_of_the_published_model(
    growth: str, start: int, low: int, high: int
) -> None:
    years = _years(_play({}, growth=growth, start=start, labs=1, years=40, end=start + 39), "agi_reached", start)
    assert low <= np.median(years) <= high
    assert np.quantile(years, 0.1) <= 2029


def test_begun_in_2018_training_compute_passes_through_what_was_built() -> None:
    """Largest training runs by year, log10 FLOP: Epoch AI, Notable AI Models, CC BY 4.0, as of February 2025."""
    compute = _play({}, start=2018, end=2047, labs=1).values["OpenAI", "compute"].mean(axis=1)
    for year, built in ((2019.95, 22.83), (2020.4, 23.50), (2021.67, 24.31), (2023.93, 25.70), (2025.13, 26.67)):
        assert abs(np.interp(year - 2018, range(len(compute)), compute) - built) < 0.7, year


def test_every_dial_of_the_premise_binds() -> None:
    base = _play({}, years=12)
    intense, strict, closed = (
        _play({}, years=12, **{dial: value})
        for dial, value in (("competition", "intense"), ("regulation", "strict"), ("openness", "closed"))
    )
    assert (_years(intense, "lead_lost") < _years(base, "lead_lost")).mean() > 0.2
    assert (_years(strict, "agi_reached") > _years(base, "agi_reached")).mean() > 0.05
    assert (closed.values["DeepMind", "progress"][3] < base.values["DeepMind", "progress"][3]).mean() > 0.9
    alone = _play({}, years=12, labs=1)
    assert alone.values["world", "incidents"][8].mean() < base.values["world", "incidents"][8].mean()


def test_no_policy_is_best_for_everything() -> None:
    intense: dict[str, Any] = {"competition": "intense", "growth": "compute"}
    idle, race, careful = (_play({"lab": name}, **intense) for name in ("wait", "race", "careful"))
    assert np.median(_years(race, "agi_reached")) <= np.median(_years(idle, "agi_reached")) - 2
    assert (_years(careful, "unsafe_agi") < NEVER).mean() < 0.05 < 0.9 < (_years(race, "unsafe_agi") < NEVER).mean()
    assert (_years(careful, "lead_lost") < _years(careful, "agi_reached")).mean() > 0.5 > 0.2
    assert (_years(race, "lead_lost") < _years(race, "agi_reached")).mean() < 0.2


def test_a_moratorium_alone_hands_the_lead_abroad_and_a_treaty_delays_by_years() -> None:
    dials: dict[str, Any] = {"competition": "some", "growth": "compute", "uk": True}
    idle, halt = (_play({"government": name}, **dials) for name in ("wait", "halt"))
    treaty = _play({"government": "seek_treaty"}, china=True, **dials)
    strict = _play({"government": "halt"}, regulation="strict", **dials)
    first = {
        name: np.median(np.minimum(_years(batch, "agi_reached"), _years(batch, "lead_lost")))
        for name, batch in (("idle", idle), ("halt", halt), ("treaty", treaty))
    }
    assert first["halt"] - first["idle"] <= 2, "it leaks where nobody enforces it"
    assert first["treaty"] - first["idle"] >= 3
    assert (_years(strict, "lead_lost") < _years(strict, "agi_reached")).mean() > 0.5
    assert (_years(treaty, "lead_lost") < _years(treaty, "agi_reached")).mean() < 0.2
