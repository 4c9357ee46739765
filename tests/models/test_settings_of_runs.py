"""Settings of models and models that stand in for others, over whole runs against servers."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from converse_graph import (
    Budget,
    Clock,
    Debate,
    ModelSettings,
    Organisation,
    Persona,
    Price,
    Prices,
    Scenario,
    Store,
    fork,
)
from converse_graph.errors import NotFound, ProviderRefused, ProviderUnreachable, ScenarioChanged
from converse_graph.judge.runs import judge_run
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.retries import RetryPolicy
from converse_graph.runs.derived import replay
from converse_graph.runs.estimate import estimate
from converse_graph.runs.interview import interview
from converse_graph.runs.simulation import Simulation
from tests.support.model_servers import PATH, filling
from tests.support.small_scenarios import CREATED, table

DEAD = "http://127.0.0.1:9/v1"


@pytest.fixture
def other_server() -> Iterator[HTTPServer]:
    with HTTPServer() as server:
        yield server


def chat(address: str, name: str, **changes: Any) -> OpenAICompatibleModel:
    return OpenAICompatibleModel(
        name, address, **{"retries": RetryPolicy(tries=2, base=0.0), "profile": "large", **changes}
    )


BOARD = Debate(
    motion="What now?",
    turns=2,
    members=(Persona(name="Chief", settings=ModelSettings(temperature=0.1)), Persona(name="Deputy")),
)


def settled(**changes: Any) -> Scenario:
    return table(
        Organisation(
            name="Alpha", brief="brief", settings=ModelSettings(temperature=0.4, top_p=0.9), deliberation=BOARD
        ),
        "Beta",
        rounds=1,
        **{"settings": ModelSettings(temperature=0.6, extra_body={"num_ctx": 8192}), **changes},
    )


async def bodies_of_a_run(
    store: Store, server: HTTPServer, scenario: Scenario, **given: Any
) -> tuple[Simulation, list[dict[str, Any]]]:
    bodies = filling(server)
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED,
                                 model=ModelRegistry("mini:70b", server.url_for("/v1")), **given)  # fmt: skip
    await run.play()
    await run.close()
    return run, bodies


async def test_each_speaker_is_asked_by_the_settings_of_the_scenario_its_party_itself_and_the_call(
    store: Store, httpserver: HTTPServer
) -> None:
    options = {"": ModelSettings(top_p=0.7), "Alpha/Deputy": ModelSettings(temperature=0)}
    run, bodies = await bodies_of_a_run(store, httpserver, settled(), options=options)
    by_temperature = {(body["temperature"], body["top_p"], body["num_ctx"]) for body in bodies}
    assert by_temperature == {(0.1, 0.7, 8192), (0.0, 0.7, 8192), (0.4, 0.7, 8192), (0.6, 0.7, 8192)}
    header = (await run.transcript()).header
    assert header.options == options
    assert {path: settings.temperature for path, settings in header.settings.items()} == {
        "": 0.6, "Alpha": 0.4, "Alpha/Chief": 0.1, "Alpha/Deputy": 0.0,
    }  # fmt: skip
    assert "mini:70b (temperature 0.6" in header.model_in_words


async def test_options_on_a_resume_go_on_record_and_what_was_answered_is_not_asked_again(
    store: Store, httpserver: HTTPServer
) -> None:
    bodies = filling(httpserver)
    scenario = table("Alpha", "Beta", rounds=2)
    asked = ModelRegistry("mini:70b", httpserver.url_for("/v1"))
    cool = ModelSettings(temperature=0.2)
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=asked, options=cool)
    with pytest.raises(Exception, match="turns of this session"):
        await run.play(budget=Budget(turns=2))
    await run.close()
    again = await Simulation.reopen(store, run.run.name, scenario=scenario, options=ModelSettings(temperature=0.9))
    await again.play()
    await again.close()
    assert [body["temperature"] for body in bodies] == [0.2, 0.2, 0.9, 0.9]
    header = (await again.transcript()).header
    assert [(change.statements, change.parts) for change in header.overrides] == [(2, ("option: temperature",))]
    assert header.settings[""].temperature == 0.9
    third = await Simulation.reopen(store, run.run.name, scenario=scenario)
    assert third.run.header.options[""].temperature == 0.9


async def test_a_scenario_whose_settings_changed_is_a_changed_scenario(store: Store) -> None:
    run = await Simulation.begin(store, table("Alpha", rounds=1), seed=1, created=CREATED, model="null")
    hotter = table("Alpha", rounds=1, settings=ModelSettings(temperature=2))
    with pytest.raises(ScenarioChanged, match=r"scenario: settings\.temperature"):
        await Simulation.reopen(store, run.run.name, scenario=hotter)
    party = table(Organisation(name="Alpha", brief="brief of Alpha", settings=ModelSettings(thinking="low")), rounds=1)
    with pytest.raises(ScenarioChanged, match=r"organisations\[Alpha\]\.settings\.thinking"):
        await Simulation.reopen(store, run.run.name, scenario=party)


async def test_an_option_for_nobody_is_refused_before_anything_is_written(store: Store) -> None:
    with pytest.raises(NotFound, match="No party or persona 'Gamma'; there is: Alpha"):
        await Simulation.begin(store, table("Alpha"), seed=1, created=CREATED, model="null",
                               options={"Gamma": ModelSettings(temperature=1)})  # fmt: skip
    assert store.register.runs() == []


async def test_forks_replays_judges_interviews_and_estimates_go_by_settings(
    store: Store, httpserver: HTTPServer
) -> None:
    run, bodies = await bodies_of_a_run(
        store, httpserver, table("Alpha", "Beta", rounds=1), options=ModelSettings(temperature=0.2, top_p=0.5)
    )
    name, scenario = run.run.name, run.scenario
    del bodies[:]
    branch = await fork(store, name, at="round 1", created=CREATED, scenario=scenario,
                        options=ModelSettings(temperature=0.3))  # fmt: skip
    await branch.play()
    await branch.close()
    assert {(body["temperature"], body["top_p"]) for body in bodies} == {(0.3, 0.5)}
    del bodies[:]
    await judge_run(store, name, options=ModelSettings(temperature=0))
    assert {(body["temperature"], body["top_p"]) for body in bodies} == {(0.0, 0.5)}
    del bodies[:]
    await interview(store, name, party="Beta", at="round 1", question="Why?", scenario=scenario,
                    options=ModelSettings(max_tokens=60))  # fmt: skip
    assert {(body["temperature"], body["max_tokens"]) for body in bodies} == {(0.2, 60)}
    del bodies[:]
    again = await replay(store, name, created=CREATED, scenario=scenario)
    assert (await again.play()).status == "finished"
    assert (again.run.header.options, bodies) == (run.run.header.options, [])
    full, short = [
        await estimate(scenario, model="openai:gpt-4.1", options=options)
        for options in (None, ModelSettings(max_tokens=20))
    ]
    assert short.output_tokens < full.output_tokens / 2


async def test_a_bare_graph_goes_by_the_settings_of_its_scenario(httpserver: HTTPServer) -> None:
    bodies = filling(httpserver)
    graph: Any = settled().graph(compiled=True)
    configurable = {"model": "mini:70b", "base_url": httpserver.url_for("/v1")}
    await graph.ainvoke({"horizon": 1}, {"configurable": configurable})
    assert {body["temperature"] for body in bodies} == {0.1, 0.4, 0.6}


async def test_what_a_server_does_not_take_is_on_record_once(store: Store, httpserver: HTTPServer) -> None:
    def refuse(request: Any) -> Response:
        return Response('{"error": {"message": "no top_p here", "param": "top_p"}}', 400)

    httpserver.expect_oneshot_request(PATH, method="POST").respond_with_handler(refuse)
    scenario = table("Alpha", "Beta", rounds=2, settings=ModelSettings(top_p=0.5))
    run, bodies = await bodies_of_a_run(store, httpserver, scenario)
    assert all("top_p" not in body for body in bodies)
    warning = "mini:70b does not take top_p, and was asked without it."
    assert (await run.transcript()).header.warnings == (warning,)


async def test_a_party_with_a_model_of_its_own_keeps_its_own_window(store: Store) -> None:
    parties = (Organisation(name="Alpha", model="null:0"), Organisation(name="Beta"))
    scenario = table(*parties, settings=ModelSettings(context_window=4000, temperature=0.3))
    store_options = {"": ModelSettings(context_window=5000)}
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model="null", options=store_options)
    settings = run.run.header.settings
    assert (settings[""].context_window, settings["Alpha"].context_window) == (5000, None)
    assert settings["Alpha"].temperature == 0.3


@pytest.mark.parametrize("first_fails", ["dead", "refusing", "too small"])
async def test_the_next_model_answers_where_one_is_dead_refuses_or_is_too_small(
    store: Store, httpserver: HTTPServer, other_server: HTTPServer, first_fails: str
) -> None:
    tried: list[Any] = []

    def refuse(request: Any) -> Response:
        tried.append(request)
        return Response('{"error": {"message": "who are you?"}}', 401)

    httpserver.expect_request(PATH, method="POST").respond_with_handler(refuse)
    bodies = filling(other_server)
    first = chat(DEAD if first_fails == "dead" else httpserver.url_for("/v1"), "first")
    second = chat(other_server.url_for("/v1"), "second", window=100_000)
    second.free = False
    prices = Prices({"second": Price(input=1_000_000, output=0), "first": Price(input=0, output=0)})
    run = await Simulation.begin(
        store,
        table("Alpha", "Beta", rounds=2),
        seed=1,
        created=CREATED,
        model=ModelRegistry([first, second], prices=prices),
    )
    if first_fails == "too small":  # as a server may say once it is asked
        first.window = 1100
    finished = await run.play()
    header = (await run.transcript()).header
    assert (finished.status, finished.usd) == ("finished", 30 * len(bodies))
    assert {call.reply.model for call in store.journal(run.run.id).calls()} == {"second (served-7b)"}
    assert header.model == "first,second"
    assert set(header.models) == {"first", "second"}
    assert header.warnings == ("second answered in the place of first; the journal has which calls.",)
    assert len(tried) == (len(bodies) if first_fails == "refusing" else 0)
    await first.close()
    await second.close()


async def test_a_dead_server_is_tried_once_and_then_left_alone_for_a_while(
    store: Store, httpserver: HTTPServer
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    bodies = filling(httpserver)
    first = chat(DEAD, "first", retries=RetryPolicy(tries=3, base=0.0, sleep=sleep))
    second = chat(httpserver.url_for("/v1"), "second")
    run = await Simulation.begin(store, table("A", "B", rounds=3), seed=1, created=CREATED, model=[first, second])
    await run.play()
    await second.close()
    await first.close()
    assert len(bodies) == 6
    assert len(waits) == 2


async def test_where_none_answers_the_run_pauses_and_says_why_of_each(store: Store, httpserver: HTTPServer) -> None:
    httpserver.expect_request(PATH).respond_with_json({"error": {"message": "who?"}}, status=401)
    both = [chat(httpserver.url_for("/v1"), "first"), chat(DEAD, "second")]
    run = await Simulation.begin(store, table("A"), seed=1, created=CREATED, model=both)
    with pytest.raises(
        ProviderUnreachable, match=r"first at .* refused: HTTP 401.*No whole reply from second"
    ) as caught:
        await run.play()
    assert "\n" not in str(caught.value)
    assert store.register.run(run.run.name).status == "paused"
    refusing = await Simulation.reopen(store, run.run.name, scenario=table("A"), model=both[0])
    with pytest.raises(ProviderRefused):
        await refusing.play()
    await asyncio.gather(*(one.close() for one in both))


async def test_what_another_answered_before_a_pause_is_not_asked_again(
    store: Store, httpserver: HTTPServer, other_server: HTTPServer
) -> None:
    bodies = filling(other_server)
    scenario = table("A", "B", rounds=2)
    pair = [chat(DEAD, "first", window=3000), chat(other_server.url_for("/v1"), "second")]
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=pair)
    with pytest.raises(Exception, match="turns of this session"):
        await run.play(budget=Budget(turns=3))
    first_bodies = filling(httpserver, "served-8b")
    now = [chat(httpserver.url_for("/v1"), "first", window=3000), pair[1]]
    again = await Simulation.reopen(store, run.run.name, scenario=scenario, model=now)
    await again.play()
    await asyncio.gather(*(one.close() for one in (*pair, *now)))
    assert (len(bodies), len(first_bodies)) == (3, 1)
    models = [call.reply.model for call in store.journal(run.run.id).calls()]
    assert models == [*["second (served-7b)"] * 3, "first (served-8b)"]


async def test_several_names_are_remembered_on_a_resume_and_a_party_may_have_several(store: Store) -> None:
    scenario = Scenario(
        premise="x",
        clock=Clock(end=2, step="round"),
        organisations=(Organisation(name="A"), Organisation(name="B", model=["null:0", "null"])),
    )
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model="null,null:0.001")
    with pytest.raises(Exception, match="turns of this session"):
        await run.play(budget=Budget(turns=1))
    again = await Simulation.reopen(store, run.run.name, scenario=scenario)
    assert again.chats.default_name == "null,null:0.001"
    assert (await again.play()).status == "finished"
    [_, party] = (await again.transcript()).header.cast
    assert party.model == "null,null"
    replayed = await replay(store, run.run.name, created=CREATED, scenario=scenario)
    assert (await replayed.play()).status == "finished"
