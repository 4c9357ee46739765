"""The journal: each part of a prompt once, each call as it was, rejected replies never read back as the answer."""

import dataclasses
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Message, Organisation, Request, Response, ScriptedModel, Store
from converse_graph.errors import CallFailed
from converse_graph.runs.simulation import Simulation
from converse_graph.store.session import Session
from tests.support.small_scenarios import CountingChat, begin, consciences, debate, journal, played, table

SCHEMA: dict[str, Any] = {"title": "t", "type": "object", "properties": {}, "required": []}


def request(*texts: str, **changed: Any) -> Request:
    parts = tuple(Message(role="user", text=text, source=f"s/{text}", owner="A") for text in texts)
    return Request(**{"messages": parts, "schema": SCHEMA, "place": "0.0/A/statement", **changed})


def count(path: Path, what: str) -> int:
    with sqlite3.connect(path) as database:
        found: int = database.execute(f"SELECT count(*) FROM {what}").fetchone()[0]  # noqa: S608 - names of this file
    database.close()
    return found


@pytest.mark.every_store
async def test_a_call_is_recalled_by_place_attempt_prompt_and_schema_together(store: Store) -> None:
    simulation = await begin(store, table("A"))
    kept = store.journal(simulation.run.id)
    asked, reply = request("one", "two"), Response(text="{}", model="m", input_tokens=3, usd=0.25, seconds=1.5)
    await kept.record(asked, reply, accepted=True)
    assert kept.recall(asked) == reply
    assert kept.recall(request("one", "two", schema=dict(SCHEMA))) == reply
    for other in (
        request("one"),
        request("two", "one"),
        request("one", "two", attempt=1),
        request("one", "two", place="1.0/A/statement"),
        request("one", "two", schema={**SCHEMA, "title": "u"}),
        dataclasses.replace(asked, messages=(asked.messages[0], dataclasses.replace(asked.messages[1], owner="B"))),
    ):
        assert kept.recall(other) is None
    elsewhere = await begin(store, table("A"))
    assert store.journal(elsewhere.run.id).recall(asked) is None, "each run has a journal of its own"


@pytest.mark.every_store
async def test_a_call_reads_back_as_it_was_made(store: Store) -> None:
    simulation = await begin(store, table("A"))
    kept = store.journal(simulation.run.id)
    reply = Response(
        text='{"a": "\u4e2d \\u0000"}', model="m", finish="length", input_tokens=3, output_tokens=4, cached_tokens=2
    )
    await kept.record(request("one", "two", "one"), reply, accepted=False)
    (call,) = kept.calls()
    assert call.messages == request("one", "two", "one").messages
    assert (call.schema, call.reply, call.accepted, call.attempt) == (SCHEMA, reply, False, 0)


@pytest.mark.every_store
@pytest.mark.parametrize(
    "odd", ["a\x00b", "\ufdd0\ufdd2\x00\ufdd1\ufdd0", "%s :name ? \\x00 \\", "\U0010ffff\r\n\u2028'"]
)
async def test_whatever_a_model_writes_is_kept_letter_by_letter(store: Store, odd: str) -> None:
    simulation = await begin(store, table("A"))
    kept = store.journal(simulation.run.id)
    reply = Response(text=odd, model="m")
    await kept.record(request(odd), reply, accepted=True)
    assert kept.recall(request(odd)) == reply
    (call,) = kept.calls()
    assert (call.messages, call.reply) == (request(odd).messages, reply)


async def test_a_part_is_stored_once_however_many_prompts_and_runs_it_is_in(store: Store, store_path: Path) -> None:
    scenario = consciences(rounds=3)
    await played(store, scenario)
    parts, calls = count(store_path, "messages"), count(store_path, "calls")
    await played(store, scenario)
    assert count(store_path, "calls") == 2 * calls
    assert count(store_path, "messages") == parts, "the same run again has nothing new to say"
    with sqlite3.connect(store_path) as database:
        rows = database.execute("SELECT role, source, owner, text FROM messages").fetchall()
    database.close()
    assert len(rows) == len(set(rows))


@pytest.mark.every_store
async def test_a_part_that_was_rolled_back_is_stored_again(store: Store) -> None:
    simulation = await begin(store, table("A"))
    kept = store.journal(simulation.run.id)

    def store_and_fail(session: Session) -> None:
        store._part_ids.of(session, request("one").messages[0])
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        await store._writer.write(store_and_fail)
    await kept.record(request("one"), Response(text="{}", model="m"), accepted=True)
    assert [call.messages for call in kept.calls()] == [request("one").messages]


@pytest.mark.every_store
async def test_rejected_replies_are_on_record_and_never_answer_when_a_run_goes_on(store: Store) -> None:
    scenario = table("A", "B", rounds=1)
    good = {"statement": "At last.", "memo": "m"}
    first = ScriptedModel([{"statement": "", "memo": ""}, "nonsense", good, ConnectionError("gone")])
    simulation = await begin(store, scenario, model=first)
    with pytest.raises(CallFailed, match="ConnectionError: gone"):
        await simulation.play()
    second = ScriptedModel(["nonsense", "nonsense", "nonsense"])
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario, model=second)
    await reopened.play()
    second.assert_exhausted()
    said = (await reopened.transcript()).statements
    assert [(entry.text, entry.repairs) for entry in said] == [("At last.", 2), ("", 2)]
    assert [(place, attempt, accepted) for place, attempt, _, accepted in journal(store, reopened)] == [
        ("0.0/A/statement", 0, False),
        ("0.0/A/statement", 1, False),
        ("0.0/A/statement", 2, True),
        ("0.1/B/statement", 0, False),
        ("0.1/B/statement", 1, False),
        ("0.1/B/statement", 2, False),
    ]


@pytest.mark.every_store
async def test_a_rejected_reply_that_was_paid_for_is_not_asked_for_again_after_a_kill(store: Store) -> None:
    scenario = table(Organisation(name="A", deliberation=debate("One", "Two")), rounds=1)
    nonsense = ["nonsense"]
    first = ScriptedModel({"*/0.One/line": nonsense * 2 + [ConnectionError("gone")]})
    simulation = await begin(store, scenario, model=first)
    with pytest.raises(CallFailed, match="ConnectionError: gone"):
        await simulation.play()
    second = ScriptedModel(
        {
            "*/0.One/line": [{"line": "I am One.", "position": "go"}],
            "*/1.Two/line": [{"line": "I am Two.", "position": "Go."}],
            "*/statement": [{"statement": "We go.", "position": "go", "memo": "m"}],
        }
    )
    reopened = await Simulation.reopen(store, simulation.run.name, scenario=scenario, model=second)
    await reopened.play()
    second.assert_exhausted()
    assert second.requests[0].attempt == 2, "two attempts were answered from the journal"


@pytest.mark.every_store
async def test_tokens_and_cost_of_every_attempt_are_charged_to_the_run(store: Store) -> None:
    simulation = await played(store, consciences(), model=CountingChat())
    calls = list(store.journal(simulation.run.id).calls())
    run = store.register.run(simulation.run.name)
    assert run.tokens == sum(call.reply.input_tokens + call.reply.output_tokens for call in calls) > 0
    assert run.usd == 0.0
