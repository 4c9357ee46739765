"""Guests that ask a person by LangGraph's interrupt: the run pauses, and goes on with the answer where it stood."""

from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from converse_graph import Debate, Organisation, Persona, Scenario, Store
from converse_graph.errors import AnswerNeeded
from converse_graph.runs.simulation import Simulation
from tests.support.small_scenarios import begin, journal, table


class Reply(TypedDict, total=False):
    party: str
    draft: str
    text: str


class Desk:
    """A guest that drafts, then asks; it counts its drafts."""

    def __init__(self, checkpointer: Any = None) -> None:
        self.drafts = 0
        graph = StateGraph(Reply)
        graph.add_node("draft", self._draft)
        graph.add_node("ask", lambda state: {"text": f"{state['draft']}: {interrupt('What do you say?')}"})
        graph.add_edge(START, "draft")
        graph.add_edge("draft", "ask")
        graph.add_edge("ask", END)
        self.graph = graph.compile(checkpointer=checkpointer)

    def _draft(self, state: Reply) -> Reply:
        self.drafts += 1
        return {"draft": "draft"}


def asks(view: dict[str, Any]) -> str:
    return f"draft: {interrupt('What do you say?')}"


def seated(guest: Any) -> Scenario:
    return table("Host", Organisation(name="Bank", graph=guest), rounds=1)


async def paused(simulation: Simulation) -> AnswerNeeded:
    with pytest.raises(AnswerNeeded) as raised:
        await simulation.play()
    assert simulation.store.register.run(simulation.run.name).status == "paused"
    return raised.value


@pytest.mark.every_store
@pytest.mark.parametrize(
    "make",
    [
        lambda: Desk().graph,
        lambda: Desk(checkpointer=True).graph,
        lambda: Desk(InMemorySaver()).graph,
        lambda: asks,
    ],
    ids=["none", "inherited", "own", "function"],
)
async def test_a_guest_that_asks_pauses_the_run_and_goes_on_with_the_answer_after_a_restart(
    kind_of_store: str, store: Store, make: Any
) -> None:
    simulation = await begin(store, seated(make()))
    reason = await paused(simulation)
    assert (str(reason), reason.speakers) == ("Bank asks: What do you say?", ("Bank",))
    again = await Simulation.reopen(store, simulation.run.name, scenario=seated(make()))
    assert str(await paused(again)) == str(reason), "without an answer it stands where it stood"
    last = await Simulation.reopen(store, simulation.run.name, scenario=seated(make()), answer="Ten per cent.")
    assert (await last.play()).status == "finished"
    assert [statement.text for statement in (await last.transcript()).statements][1] == "draft: Ten per cent."
    assert [place for place, *_ in journal(store, last)] == ["0.0/Host/statement", "0.1/Bank/graph"]


async def test_what_a_guest_did_before_it_asked_is_not_done_again(store: Store) -> None:
    first, second = Desk(), Desk()
    simulation = await begin(store, seated(first.graph))
    await paused(simulation)
    again = await Simulation.reopen(store, simulation.run.name, scenario=seated(second.graph), answer="Yes.")
    await again.play()
    assert (first.drafts, second.drafts) == (1, 0)
    assert {row.thread_id for row in store.checkpoints.all()} == {again.run.name}


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ({"answer": "x"}, "2 wait for an answer (Bank, Port); say whose it is: Bank=VALUE."),
        ({"answers": {"Line": "x"}}, "Line waits for no answer; Bank, Port does."),
        ({"answers": {"Bank": "B"}}, "Port asks: What do you say?"),
        ({"answers": {"Bank": "B", "Port": "P"}}, ["draft: B", "draft: P"]),
    ],
)
async def test_several_guests_wait_at_once_and_each_has_its_own_answer(store: Store, given: Any, result: Any) -> None:
    seats = [Organisation(name=name, graph=Desk().graph) for name in ("Bank", "Port")]
    scenario = table(*seats, rounds=1, order="simultaneous")
    simulation = await begin(store, scenario)
    assert (await paused(simulation)).speakers == ("Bank", "Port")
    again = await Simulation.reopen(store, simulation.run.name, scenario=scenario, **given)
    if isinstance(result, str):
        assert str(await paused(again)).startswith(result)
    else:
        await again.play()
        assert [statement.text for statement in (await again.transcript()).statements] == result


async def test_a_persona_may_ask_from_inside_a_debate(store: Store) -> None:
    members = [Persona(name="Chair"), Persona(name="Counsel", graph=Desk().graph)]
    debate = Debate(motion="What now?", members=members, turns=2)
    scenario = table(Organisation(name="Bank", deliberation=debate), rounds=1)
    simulation = await begin(store, scenario)
    assert (await paused(simulation)).speakers == ("Bank/Counsel",)
    again = await Simulation.reopen(store, simulation.run.name, scenario=scenario, answer="No.")
    assert (await again.play()).status == "finished"
    private = (await again.transcript()).statements[0].private
    assert private is not None
    assert "draft: No." in str(private)


async def test_an_answer_is_for_what_the_run_stands_at_and_not_for_a_later_question(store: Store) -> None:
    scenario = table(Organisation(name="Bank", graph=Desk().graph), rounds=2)
    simulation = await begin(store, scenario)
    await paused(simulation)
    again = await Simulation.reopen(store, simulation.run.name, scenario=scenario, answer="Once.")
    await paused(again)
    assert [statement.text for statement in (await again.transcript()).statements] == ["draft: Once."]


@pytest.mark.parametrize("guest", [Desk().graph, Desk(InMemorySaver()).graph, asks])
async def test_in_a_graph_of_ones_own_a_command_resumes_it(guest: Any) -> None:
    graph = seated(guest).graph().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "own", "model": "null"}}
    result = await graph.ainvoke({"horizon": 1}, config)
    (waits,) = result["__interrupt__"]
    assert waits.value == {"speaker": "Bank", "place": "0.1/Bank/graph", "question": "What do you say?"}
    result = await graph.ainvoke(Command(resume="By command."), config)
    assert result["transcript"][1]["text"] == "draft: By command."
