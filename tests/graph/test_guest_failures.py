"""Guests that fail: the run pauses in one line that quotes nothing of theirs, or the turn is no statement."""

import asyncio
from typing import Any

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from converse_graph import Integer, Organisation, Store
from converse_graph.errors import CallFailed
from tests.graph.test_answers import Reply
from tests.support.small_scenarios import begin, played, table

PRIVATE = "the crane is failing"


def in_graph(function: Any) -> Any:
    return StateGraph(Reply).add_node("a", function).add_edge(START, "a").add_edge("a", END).compile()


def raising(error: BaseException) -> Any:
    def fail(view: dict[str, Any]) -> str:
        raise error

    return fail


async def leave_at_once(view: dict[str, Any]) -> str:
    raise SystemExit(PRIVATE)


FAILURES: dict[str, tuple[Any, str]] = {
    "error": (raising(ValueError(PRIVATE)), "ValueError at test_guest_failures.py:"),
    "assertion": (raising(AssertionError(PRIVATE)), "AssertionError at"),
    "interrupted": (raising(KeyboardInterrupt(PRIVATE)), "KeyboardInterrupt at"),
    "interrupted in a graph": (in_graph(raising(KeyboardInterrupt())), "KeyboardInterrupt at"),
    "exit": (leave_at_once, "SystemExit at"),
    "exit in a graph": (in_graph(leave_at_once), "SystemExit at"),
    "cancelled": (raising(asyncio.CancelledError()), "CancelledError at"),
    "parent": (in_graph(lambda state: Command(graph=Command.PARENT, update={"text": PRIVATE})), "ParentCommand"),
    "bad update": (in_graph(lambda state: PRIVATE), "InvalidUpdateError"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_guest_that_fails_pauses_the_run_and_holds_nothing(store: Store, name: str) -> None:
    guest, says = FAILURES[name]
    simulation = await begin(store, table("Host", Organisation(name="G", graph=guest), rounds=1))
    async with asyncio.timeout(20):
        with pytest.raises(CallFailed) as raised:
            await simulation.play()
    assert says in str(raised.value)
    assert "The graph of G failed at 0.1/G/graph: " in str(raised.value)
    assert PRIVATE not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert store.register.run(simulation.run.name).status == "paused"
    with store.hold(simulation.run.name):
        pass


CIRCULAR: dict[str, Any] = {"text": "x"}
CIRCULAR["fields"] = {"rate": [CIRCULAR] * 9}


@pytest.mark.parametrize(
    "returned",
    [
        object(),
        {"text": object()},
        CIRCULAR,
        {"text": "x", "fields": {"rate": 10**5000}},
        {"text": [[]] * 9, "round": {}},
    ],
    ids=["object", "object as text", "circular", "long number", "lists"],
)
async def test_what_is_no_value_is_recorded_as_no_statement(store: Store, returned: Any) -> None:
    rate = Integer(name="rate", ask="the rate", minimum=0, maximum=9)
    party = Organisation(name="G", graph=lambda view: returned, fields=[rate])
    simulation = await played(store, table(party, "Host", rounds=1))
    first, second = (await simulation.transcript()).statements
    assert (first.text, first.fields) == ("", {})
    assert first.problem
    assert "object at" not in store.journal(simulation.run.id).replies_at("0.0/G/graph", 0)[0].reply.text
    assert second.text
