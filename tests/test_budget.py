"""A budget is a hard stop: the run pauses at its bound, is charged for every call, and goes on when it is raised."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Budget, Motion, Price, Prices, Store
from converse_graph.calls.budget import BudgetTracker
from converse_graph.errors import BudgetExceeded, InvalidValue, NotFound
from converse_graph.judge.runs import judge_run
from converse_graph.models.base import Request, Response
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.prices import context_window_of, load_prices
from converse_graph.runs.simulation import Simulation
from tests.support.small_scenarios import CountingChat, begin, consciences, table


class Priced(CountingChat):
    """Costs a cent a call; every second reply is no use."""

    free = True

    async def complete(self, request: Request) -> Response:
        reply = await super().complete(request)
        broken = request.attempt == 0 and request.place.endswith("/statement")
        return dataclasses.replace(
            reply, text="no" if broken else reply.text, usd=0.01, input_tokens=90, output_tokens=10
        )


BOUNDS = [
    (Budget(usd=0.05), "The budget of \\$0.05 is spent: \\$0.05"),
    (Budget(tokens=500), "The budget of 500 tokens is spent: 500 so far"),
    (Budget(turns=2), "The 2 turns of this session are over"),
]


@pytest.mark.parametrize(("budget", "told"), BOUNDS, ids=["usd", "tokens", "turns"])
async def test_a_run_pauses_at_its_bound_and_then_ends_as_one_without(
    tmp_path: Path, budget: Budget, told: str
) -> None:
    scenario = consciences()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        whole = await begin(store, scenario, model=Priced(), name="whole")
        await whole.play()
        bounded = await begin(store, scenario, model=Priced(), name="bounded")
        with pytest.raises(BudgetExceeded, match=told):
            await bounded.play(budget=budget)
        run = store.register.run("bounded")
        assert run.status == "paused"
        if not budget.turns:
            assert run.usd == pytest.approx(0.05), "rejected attempts are charged too"
            assert run.tokens == 500
        again = await Simulation.reopen(store, "bounded", scenario=scenario, model=Priced())
        await again.play()
        assert (await again.transcript()).statements == (await whole.transcript()).statements
        places = [(call.place, call.attempt) for call in store.journal(run.id).calls()]
    assert len(places) == len(set(places))


async def test_a_vote_is_no_turn(tmp_path: Path) -> None:
    motion = Motion(question="Go?", options=("yes", "no"), ballot="secret")
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await begin(store, table("Alpha", "Beta", rounds=1, motion=motion))
        assert (await simulation.play(budget=Budget(turns=2))).status == "finished"


async def test_what_was_spent_before_counts_when_a_run_is_resumed(tmp_path: Path) -> None:
    scenario = table("Alpha", "Beta", rounds=9)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        bounded = await begin(store, scenario, model=Priced(), name="bounded")
        for usd in (0.03, 0.06):
            with pytest.raises(BudgetExceeded):
                await bounded.play(budget=Budget(usd=usd))
            assert store.register.run("bounded").usd == pytest.approx(usd)
            bounded = await Simulation.reopen(store, "bounded", scenario=scenario, model=Priced())


async def test_at_a_simultaneous_table_only_calls_that_were_under_way_exceed_the_bound(tmp_path: Path) -> None:
    scenario = table("Alpha", "Beta", "Gamma", rounds=5, order="simultaneous")
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        bounded = await begin(store, scenario, model=Priced(), name="bounded")
        with pytest.raises(BudgetExceeded):
            await bounded.play(budget=Budget(usd=0.04))
        spent = store.register.run("bounded").usd
    assert spent is not None
    assert 0.04 - 1e-9 <= spent <= 0.04 + 2 * 0.01 + 1e-9


async def test_a_judge_is_charged_to_its_run(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await begin(store, table("Alpha", "Beta"), model=Priced())
        await simulation.play()
        spent = store.register.run(simulation.run.name).usd
        assert spent is not None
        with pytest.raises(BudgetExceeded):
            await judge_run(store, simulation.run.name, chats=simulation.chats, budget=Budget(usd=spent + 0.01))
        assert store.register.run(simulation.run.name).usd == pytest.approx(spent + 0.01)


def test_minutes_are_of_the_session() -> None:
    clock = [0.0]
    spending = BudgetTracker(Budget(minutes=2), usd=0, tokens=0, now=lambda: clock[0])
    spending.check()
    clock[0] = 119.0
    spending.check()
    clock[0] = 120.0
    with pytest.raises(BudgetExceeded, match="The 2 minutes of this session are over"):
        spending.take_turn("0.0/Host")


@pytest.mark.parametrize("bound", [{"usd": 0}, {"usd": -1}, {"tokens": 0}, {"turns": -3}, {"minutes": 0}])
def test_a_bound_that_is_none_is_refused(bound: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=next(iter(bound))):
        Budget(**bound)


def test_cached_tokens_have_their_own_price_and_own_prices_go_first() -> None:
    reply = Response(text="", model="gpt-4.1", input_tokens=1000, cached_tokens=600, output_tokens=100)
    own = Prices({"openai:gpt-4.1": Price(input=10, cached=1, output=100)})
    chat = OpenAICompatibleModel("gpt-4.1", api_key="k")
    assert own.charged(chat, reply) == pytest.approx((400 * 10 + 600 * 1 + 100 * 100) / 1e6)
    listed, uncached = (
        Prices().charged(chat, reply),
        Prices().charged(chat, dataclasses.replace(reply, cached_tokens=0)),
    )
    assert listed is not None
    assert uncached is not None
    assert 0 < listed < uncached


def test_a_model_that_runs_here_is_free_and_an_unknown_one_has_no_price() -> None:
    here = OpenAICompatibleModel("llama3.3", "http://127.0.0.1:9/v1")
    there = OpenAICompatibleModel("our-own-model", "http://models.example/v1", "k")
    assert Prices().has_price(here)
    assert not Prices().has_price(there)
    assert Prices().charged(there, Response(text="", model="our-own-model", input_tokens=5)) is None
    assert Prices({"our-own-model": Price(input=1, output=1)}).has_price(there)


async def test_a_bound_in_dollars_on_a_model_of_unknown_price_is_refused_before_anything_is_paid(
    tmp_path: Path,
) -> None:
    class Unpriced(CountingChat):
        pass

    chat = Unpriced()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await begin(store, table("Alpha"), model=chat)
        with pytest.raises(InvalidValue, match=r"What counting costs is not known.*--prices"):
            await simulation.play(budget=Budget(usd=1))
    assert chat.places == []


def test_the_window_of_a_hosted_model_is_known_by_name() -> None:
    assert (context_window_of("openai:gpt-4.1") or 0) > 500_000
    assert context_window_of("our-own-model") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gpt-4.1: 5\n", "the price of 'gpt-4.1' is 5; write"),
        ("gpt-4.1: {input: -1, output: 2}\n", "line 1: Price: input is -1; it takes at least 0"),
        ("gpt-4.1: {input: 1}\n", "output is missing"),
        ("gpt-4.1: {input: 1, output: 2}\ngpt-4.1: {input: 1, output: 2}\n", "line 2"),
        ("a: !!python/object:os.system x\n", "line 1"),
    ],
)
def test_a_file_of_prices_that_holds_none_is_refused_with_the_model_or_the_line(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue, match=told):
        load_prices(path)
    with pytest.raises(NotFound, match="nowhere"):
        load_prices(tmp_path / "nowhere.yaml")
