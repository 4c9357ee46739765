"""The door to a graph in motion: what it registers, what it tells whoever watches, what it hands back."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from converse_graph import Boolean, Clock, Event, Organisation, ScriptedModel, StopOnEvent, Store
from converse_graph.errors import InvalidValue, NotFound, ProviderRefused, ProviderUnreachable
from converse_graph.runs.simulation import Simulation
from tests.support.small_scenarios import CREATED, CountingChat, begin, channels, consciences, journal, played, table

pytestmark = pytest.mark.every_store


async def test_a_run_is_registered_before_its_first_step(store: Store) -> None:
    scenario = consciences(rounds=4)
    simulation = await begin(store, scenario, seed=11)
    run = store.register.run("scenario-1")
    assert (run.status, run.rounds, run.statements, run.horizon, run.tokens) == ("running", 0, 0, 4, 0)
    header = run.header
    assert (header.model, header.seed, header.created, header.order) == ("null", 11, CREATED, "listed")
    assert [(party.name, party.deliberation) for party in header.cast] == [
        ("Alpha", "debate"),
        ("Beta", "debate"),
        ("Gamma", "none"),
    ]
    assert {"langgraph", "langgraph-checkpoint", "converse-graph"} <= set(header.versions)
    assert header.prompts == simulation.prompts.digest
    assert (await simulation.transcript()).statements == ()


async def test_a_finished_run_is_registered_with_how_far_it_came_and_why_it_ended(store: Store) -> None:
    simulation = await played(store, consciences(rounds=2))
    run = store.register.run(simulation.run.name)
    assert simulation.run == run
    assert (run.status, run.ended, run.rounds, run.statements) == ("finished", "horizon", 2, 6)
    transcript = await simulation.transcript()
    assert (transcript.header.status, transcript.header.ended) == ("finished", "horizon")
    assert len(transcript.statements) == 6


async def test_the_register_says_how_far_a_run_came_that_stopped(store: Store) -> None:
    simulation = await begin(store, table("A", "B", rounds=5), model=CountingChat(stop_at=6))
    with pytest.raises(ProviderUnreachable):
        await simulation.play()
    run = store.register.run(simulation.run.name)
    assert (run.status, run.rounds, run.statements) == ("paused", 2, 5)
    assert len((await simulation.transcript()).statements) == 5


@pytest.mark.parametrize("error", [ProviderUnreachable, ProviderRefused])
async def test_a_provider_that_fails_pauses_the_run_and_says_so(store: Store, error: type[Exception]) -> None:
    simulation = await begin(store, table("A"), model=CountingChat(stop_at=1, error=lambda: error("in words")))
    with pytest.raises(error, match="in words"):
        await simulation.play()
    assert store.register.run(simulation.run.name).status == "paused"


@pytest.mark.parametrize(
    ("asked", "rounds"),
    [
        ({}, 8),
        ({"until": 2025}, 4),
        ({"until": 2030}, 14),
        ({"rounds": 3}, 3),
        ({"rounds": 1, "until": 2030}, 1),
    ],
)
async def test_the_horizon_is_the_rounds_asked_for_or_the_year_or_the_clocks(
    store: Store, asked: dict[str, int], rounds: int
) -> None:
    scenario = table("A", clock=Clock(start=2024, end=2027, step="half-year"))
    simulation = await played(store, scenario, **asked)
    said = (await simulation.transcript()).statements
    assert len(said) == simulation.run.horizon == rounds
    assert (await simulation.transcript()).header.clock["rounds"] == rounds


@pytest.mark.parametrize("asked", [{"rounds": 0}, {"rounds": -1}, {"until": 2023}])
async def test_a_horizon_before_the_start_is_refused_and_nothing_is_registered(
    store: Store, asked: dict[str, int]
) -> None:
    scenario = table("A", clock=Clock(start=2024, end=2027))
    with pytest.raises(InvalidValue):
        await begin(store, scenario, **asked)
    assert store.register.runs() == []


async def test_an_unknown_model_is_refused_and_nothing_is_registered(store: Store) -> None:
    with pytest.raises(NotFound):
        await begin(store, table("A"), model="nobody")
    assert store.register.runs() == []


async def test_a_scenario_that_cannot_be_built_is_refused_and_nothing_is_registered(store: Store) -> None:
    with pytest.raises(InvalidValue, match="the limit is 2"):
        await begin(store, consciences().model_copy(update={"max_depth": 2}))
    assert store.register.runs() == []


async def test_whoever_watches_is_told_of_turns_lines_calls_text_and_statements(store: Store) -> None:
    simulation = await begin(store, consciences(rounds=2))
    events: list[dict[str, Any]] = []
    await simulation.play(events.append)
    kinds = Counter(event["event"] for event in events)
    calls = journal(store, simulation)
    assert kinds["turn"] == kinds["statement"] == 6
    assert kinds["call"] == len(calls)
    assert kinds["line"] == sum(place.endswith("/line") for place, *_ in calls)
    assert sum(event["tokens"] for event in events if event["event"] == "call") == simulation.run.tokens
    said = (await simulation.transcript()).statements
    shown = [event for event in events if event["event"] == "statement"]
    assert [(event["speaker"], event["round"], event["text"]) for event in shown] == [
        (entry.speaker, entry.round, entry.text) for entry in said
    ]
    for entry in said:
        text = "".join(
            event["text"] for event in events if event["event"] == "text" and event["speaker"] == entry.speaker
        )
        assert entry.text in text


async def test_whoever_watches_is_told_nothing_that_is_private(store: Store) -> None:
    simulation = await begin(store, consciences("simultaneous", rounds=3))
    events: list[dict[str, Any]] = []
    await simulation.play(events.append)
    told = json.dumps(events)
    values = await channels(store, simulation)
    private = [entry for name, mind in values.items() if name.startswith("mind_") for entry in mind]
    words = [entry["memo"] for entry in private if "memo" in entry]
    debates = [entry.get("debate", entry) for entry in private]
    lines = [line for debate in debates for line in debate.get("lines", ())]
    words += [line["text"] for line in lines]
    words += [line["position"] for line in lines if line.get("position")]
    assert len(words) > 30
    assert [word for word in words if word in told] == []
    for name in ("Alpha", "Beta", "Gamma"):
        assert f"brief of {name}" not in told
    assert "the aim of" not in told


async def test_private_words_reach_whoever_watches_what_is_private_and_nobody_else(store: Store) -> None:
    simulation = await begin(store, consciences(rounds=1))
    public: list[dict[str, Any]] = []
    private: list[dict[str, Any]] = []
    await simulation.play(public.append, private_watch=private.append)
    values = await channels(store, simulation)
    lines = [line["text"] for note in values["mind_Alpha"] for line in note["debate"]["lines"]]
    assert {event["event"] for event in private} == {"line_text"}
    told = "".join(event["text"] or "" for event in private if event["path"].startswith("Alpha/"))
    assert len(lines) > 2
    assert all(line in told for line in lines)
    assert not [event for event in public if event["event"] == "line_text"]
    assert not [line for line in lines if line in json.dumps(public)]


async def test_a_run_that_nobody_watches_is_the_same_run(store: Store) -> None:
    watched = await begin(store, consciences())
    await watched.play(lambda event: None)
    unwatched = await played(store, consciences())
    assert await channels(store, watched) == await channels(store, unwatched)


async def test_runs_side_by_side_in_one_process_do_not_mix(store: Store) -> None:
    scenario = consciences("simultaneous")
    alone = [await channels(store, await played(store, scenario, seed=seed)) for seed in range(3)]
    together = [await begin(store, scenario, seed=seed) for seed in range(3)]
    await asyncio.gather(*[simulation.play() for simulation in together])
    assert [await channels(store, simulation) for simulation in together] == alone


async def test_the_seed_decides_what_the_null_model_says(store: Store) -> None:
    first, again, other = [await played(store, consciences(), seed=seed) for seed in (1, 1, 2)]
    assert await channels(store, first) == await channels(store, again)
    assert (await channels(store, first))["transcript"] != (await channels(store, other))["transcript"]


async def test_an_event_that_ends_a_run_is_why_it_ended(store: Store) -> None:
    party = Organisation(name="A", fields=[Boolean(name="done", ask="?")])
    chat = ScriptedModel([{"statement": "x", "done": done, "memo": ""} for done in (False, True)])
    scenario = table(party, rounds=5, events=[Event(name="settled", field="done")], stop=[StopOnEvent(event="settled")])
    simulation = await played(store, scenario, model=chat)
    chat.assert_exhausted()
    assert (simulation.run.ended, simulation.run.rounds) == ("event settled", 2)


async def test_the_public_record_holds_nothing_private_and_the_readers_edition_all(store: Store) -> None:
    simulation = await played(store, consciences())
    transcript = await simulation.transcript()
    assert all(entry.private is not None for entry in transcript.statements)
    public = transcript.public()
    assert all(entry.private is None for entry in public.statements)
    memos = [entry.private.memo for entry in transcript.statements if entry.private]
    assert all(memo and memo not in public.model_dump_json() for memo in memos)


async def test_a_date_is_kept_with_its_time_zone(store: Store) -> None:
    simulation = await Simulation.begin(
        store, table("A"), seed=0, created=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), model="null"
    )
    assert (await simulation.transcript()).header.created == datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
