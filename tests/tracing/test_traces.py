"""What a traced run sends to LangSmith, seen at a server on loopback that stands for it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from converse_graph import Organisation, Scenario, Store
from converse_graph.errors import ProviderUnreachable
from converse_graph.judge.runs import judge_run
from converse_graph.runs.derived import fork
from converse_graph.runs.simulation import Simulation
from converse_graph.tracing.outcome import trace_outcome
from converse_graph.tracing.settings import Tracing, build_tracing
from tests.support.langsmith_server import Ingested, ingesting
from tests.support.planted_secrets import Marking, mark
from tests.support.small_scenarios import CREATED, CountingChat, consciences, debate, table

NOBODY = "http://127.0.0.1:9"


@asynccontextmanager
async def tracing(url: str, *, private: bool = False) -> AsyncIterator[tuple[Tracing, list[str]]]:
    """Tracing to a server; gives what was warned of, too."""
    warned: list[str] = []
    environment = {
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "secret-key",
        "LANGSMITH_ENDPOINT": url,
        "LANGSMITH_PROJECT": "talks",
    }
    opened = build_tracing(environment, warn=warned.append, now=lambda: datetime.now(UTC), private=private)
    assert opened is not None
    try:
        yield opened, warned
    finally:
        await opened.exporter.close()


async def played(
    store: Store, scenario: Scenario, *, model: Any = "null", private: bool = False, plays: int = 1
) -> tuple[Simulation, Ingested]:
    """Play a run as often as it takes, traced; what arrived."""
    run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=model)
    with ingesting() as (url, kept):
        async with tracing(url, private=private) as (opened, warned):
            for _ in range(plays - 1):
                with pytest.raises(ProviderUnreachable):
                    await run.play(tracing=opened)
            assert (await run.play(tracing=opened)).status == "finished"
        assert warned == []
    return run, kept


def above(kept: Ingested, run: dict[str, Any]) -> list[str]:
    """The names of the runs that a run lies in, outermost first."""
    parent = kept.runs.get(run.get("parent_run_id") or "")
    return [*above(kept, parent), parent["name"]] if parent else []


async def test_each_round_is_a_trace_in_the_thread_of_its_run(store: Store) -> None:
    run, kept = await played(store, consciences(rounds=3))

    rounds = kept.of_kind("round")
    assert [one["name"] for one in rounds] == [f"round {number} · {run.scenario.name}" for number in (1, 2, 3)]
    assert all(one["id"] == one["trace_id"] and one["end_time"] for one in rounds)
    assert {one["trace_id"] for one in kept.runs.values()} == {one["id"] for one in rounds}
    assert {one["extra"]["metadata"]["thread_id"] for one in kept.runs.values()} == {
        f"{run.run.name} 2026-01-02 03:04:05"
    }
    assert [said["name"] for said in rounds[0]["outputs"]["messages"]] == ["Alpha", "Beta", "Gamma"]


async def test_debates_lie_in_turns_and_in_personas_by_names_that_a_person_understands(store: Store) -> None:
    run, kept = await played(store, consciences(rounds=1))

    inner = "round 1 · Alpha · debate · First1 · debate · Second2"
    (line,) = kept.named(f"{inner} · line")
    assert above(kept, line) == [
        f"round 1 · {run.scenario.name}",
        "round 1 · Alpha",
        "round 1 · Alpha · debate",
        "round 1 · Alpha · debate · First1",
        "round 1 · Alpha · debate · First1 · debate",
        inner,
    ]
    assert line["run_type"] == "llm"
    told = line["extra"]["metadata"]
    assert (told["party"], told["speaker"], told["depth"]) == ("Alpha", "Alpha/First1/Second2", 3)
    for one in kept.runs.values():
        parent = kept.runs.get(one.get("parent_run_id") or "", one)
        assert parent["start_time"] <= one["start_time"] <= one["end_time"] <= parent["end_time"]


async def test_a_trace_says_what_was_played_with_which_dials_and_what_it_took(store: Store) -> None:
    scenario = consciences(rounds=1).model_copy(update={"dials": {"openness": "mixed", "labs": 3}})
    run, kept = await played(store, scenario)

    (round,) = kept.of_kind("round")
    told = round["extra"]["metadata"]
    assert (told["dial:openness"], told["dial:labs"], told["seed"], told["model"]) == ("mixed", 3, 1, "null")
    assert told["graph_digest"] == run.run.header.digest
    assert round["session_name"] == "talks"
    calls = [one["extra"]["metadata"] for one in kept.of_kind("call")]
    assert sum(call["usage_metadata"]["total_tokens"] for call in calls) == run.run.tokens > 0
    assert {call["usage_metadata"]["total_cost"] for call in calls} == {0.0}
    assert {call["place"] for call in calls} == set(store.journal(run.run.id).places())


@pytest.mark.parametrize("order", ["listed", "simultaneous", "moderated"])
async def test_no_private_word_is_sent_unless_asked_for(store: Store, order: str) -> None:
    parties = [
        Organisation(name=name, brief=mark(name), deliberation=debate("Ada", "Bo", motion=mark(name)))
        for name in ("North", "South")
    ]
    scenario = table(*parties, order=order)

    _, kept = await played(store, scenario, model=Marking("large", faults=1, gone_at=9), plays=2)
    assert len(kept.runs) > 10
    assert b"canary" not in b"".join(kept.bodies)

    _, kept = await played(store, scenario, model=Marking("large", faults=1), private=True)
    prompts = "".join(json.dumps(call["inputs"]) for call in kept.of_kind("call"))
    replies = "".join(json.dumps(call["outputs"]) for call in kept.of_kind("call"))
    assert "canary[North]" in prompts
    assert "canary[North]" in replies


@pytest.mark.parametrize("private", [False, True])
async def test_the_words_of_an_error_are_sent_only_with_private_words(store: Store, private: bool) -> None:
    def gone() -> ProviderUnreachable:
        return ProviderUnreachable(f"Nobody answers {mark('Beta')}.")

    model = CountingChat(stop_at=4, error=gone)
    _, kept = await played(store, consciences(rounds=1), model=model, plays=2, private=private)

    broken = kept.of_kind("paused")
    assert [one["error"].partition(":")[0] for one in broken] == ["ProviderUnreachable"]
    assert (b"canary[Beta]" in b"".join(kept.bodies)) is private


async def test_a_resumed_run_goes_on_in_its_thread_and_tells_of_no_call_twice(store: Store) -> None:
    model = CountingChat(stop_at=6, error=lambda: ProviderUnreachable("nobody answers"))
    run, kept = await played(store, consciences(rounds=2), model=model, plays=2)

    rounds = kept.of_kind("round")
    assert [one["extra"]["metadata"]["round"] for one in rounds] == [0, 0, 1]
    assert [("paused" in one["tags"], bool(one.get("error"))) for one in rounds] == [
        (True, True), (False, False), (False, False)
    ]  # fmt: skip
    assert len({one["extra"]["metadata"]["thread_id"] for one in rounds}) == 1
    answered = [one["extra"]["metadata"]["place"] for one in kept.of_kind("call") if not one.get("error")]
    assert sorted(answered) == sorted(store.journal(run.run.id).places())
    said = [one["outputs"]["text"] for one in kept.of_kind("turn") if one["outputs"].get("text")]
    assert said == [statement.text for statement in (await run.transcript()).statements]


async def test_a_fork_has_a_thread_of_its_own_that_names_its_parents(store: Store) -> None:
    scenario = consciences(rounds=2)
    first = await Simulation.begin(store, scenario, seed=1, created=CREATED, model="null")
    await first.play()
    branch = await fork(store, first.run.name, at="round 2", created=CREATED, scenario=scenario, model="null", seed=2)
    with ingesting() as (url, kept):
        async with tracing(url) as (opened, _):
            await branch.play(tracing=opened)

    (round,) = kept.of_kind("round")
    told = round["extra"]["metadata"]
    assert told["thread_id"].startswith(branch.run.name)
    assert told["parent"] == first.run.name
    assert told["parent_thread"] == f"{first.run.name} 2026-01-02 03:04:05"
    assert told["forked_at"] == "round 2"


async def test_scores_and_rates_are_feedback_on_the_outcome_of_a_run(store: Store) -> None:
    run = await Simulation.begin(store, consciences(rounds=1), seed=1, created=CREATED, model="null")
    await run.play()
    (verdict,) = await judge_run(store, run.run.name, chats=run.chats)
    with ingesting() as (url, kept):
        async with tracing(url) as (opened, warned):
            await trace_outcome(opened, store, run.run.name)

    assert warned == []
    (outcome,) = kept.of_kind("outcome")
    head = store.chain(run.run.id).head()
    assert outcome["outputs"] == {"status": "finished", "ended": "horizon", "statements": 3, "chain_head": head}
    given = {one["key"]: one for one in kept.feedback}
    assert given["rate.repairs"]["score"] == 0
    scored = [score for score in verdict.scores if score.score is not None]
    assert scored
    for score in scored:
        key = f"judge.{score.question}" + (f".{score.party}" if score.party else "")
        assert given[key]["score"] == score.score
    thread = outcome["extra"]["metadata"]["thread_id"]
    assert {one["trace_id"] for one in kept.feedback} == {outcome["id"]}
    assert {one["feedback_source"]["metadata"]["thread_id"] for one in kept.feedback} == {thread}


async def test_what_a_round_sends_does_not_grow_with_the_run(store: Store) -> None:
    _, kept = await played(store, table("Alpha", "Beta", rounds=24))

    sizes: dict[int, int] = {}
    for one in kept.runs.values():
        round = one["extra"]["metadata"]["round"]
        sizes[round] = sizes.get(round, 0) + len(json.dumps(one))
    early, late = (sum(sizes[round] for round in range(first, first + 6)) for first in (4, 18))
    assert late < early * 1.1


@pytest.mark.parametrize(
    ("refusal", "says"), [(None, "cannot be reached"), (401, "refuses the key"), (403, "refuses the key")]
)
async def test_a_run_goes_on_after_one_warning_where_traces_are_not_taken(
    store: Store, refusal: int | None, says: str
) -> None:
    run = await Simulation.begin(store, consciences(rounds=3), seed=1, created=CREATED, model="null")
    with ingesting(refusal) as (url, kept):
        async with tracing(url if refusal else NOBODY) as (opened, warned):
            finished = await run.play(tracing=opened)
            await trace_outcome(opened, store, run.run.name)

    assert finished.status == "finished"
    assert len(warned) == 1
    assert says in warned[0]
    assert "secret-key" not in warned[0]
    assert kept.runs == {}


def warned_of(environment: dict[str, str], *, private: bool = False) -> tuple[Tracing | None, list[str]]:
    warned: list[str] = []
    warn: Callable[[str], None] = warned.append
    return build_tracing(environment, warn=warn, now=lambda: datetime.now(UTC), private=private), warned


def test_nothing_is_traced_and_nothing_said_where_the_environment_asks_for_nothing() -> None:
    assert warned_of({}) == (None, [])
    assert warned_of({"LANGSMITH_TRACING": "false", "LANGSMITH_API_KEY": "key"}) == (None, [])


def test_private_words_cannot_be_asked_for_where_nothing_is_traced_without_being_told_so() -> None:
    off, warned = warned_of({}, private=True)

    assert off is None
    assert "tracing is off" in warned[0]


def test_tracing_without_a_key_is_left_out_and_said_so() -> None:
    off, warned = warned_of({"LANGCHAIN_TRACING_V2": "true"})

    assert off is None
    assert "LANGSMITH_API_KEY is not set" in warned[0]
