"""An estimate: the calls of a real run, counted, before anything is spent."""

from collections import Counter
from pathlib import Path

import pytest

from converse_graph import Price, Prices, Store
from converse_graph.runs.estimate import estimate
from tests.support.recall_models import recalling
from tests.support.small_scenarios import begin, consciences


async def test_its_calls_are_those_of_a_run_on_the_null_model(tmp_path: Path) -> None:
    made = await estimate(consciences(), seed=3, model="null", judge=False)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await begin(store, consciences())
        await simulation.play()
        places = [call.place.rpartition("/")[2] for call in store.journal(simulation.run.id).calls()]
    counted = Counter({"debate lines": places.count("line"), "statements": places.count("statement")})
    assert {row.kind: row.calls for row in made.rows} == counted
    assert made.usd() == (0.0, 0.0)


async def test_a_hosted_model_has_a_range_and_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    made = await estimate(consciences(rounds=8), model="openai:gpt-4.1")
    usd = made.usd()
    assert usd is not None
    assert 0 < usd[0] < usd[1]
    assert {"statements", "debate lines", "summaries", "the judge"} <= {row.kind for row in made.rows}
    statements = next(row for row in made.rows if row.kind == "statements")
    assert 0 < statements.cached_tokens < statements.input_tokens


async def test_a_run_that_recalls_is_counted_with_its_reflections_and_asks_no_embedder() -> None:
    scenario = recalling(rounds=12, recall={"embedder": "openai:text-embedding-3-small", "reflect_after": 4})
    made = await estimate(scenario, model="openai:gpt-4.1", judge=False)
    assert {row.kind: row.calls for row in made.rows}["reflections"] == 4


async def test_own_prices_count_and_an_unknown_price_stays_unknown() -> None:
    prices = Prices({"mine": Price(input=1, output=0)})
    made = await estimate(consciences(), model="mine", base_url="http://models.example/v1",
                          prices=prices, judge=False)  # fmt: skip
    usd = made.usd()
    assert usd is not None
    assert usd[1] == pytest.approx(made.input_tokens / 1e6 * 1.1)
    other = await estimate(consciences(), model="mine", base_url="http://models.example/v1")
    assert other.usd() is None
