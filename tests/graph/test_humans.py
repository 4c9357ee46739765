"""Parties that persons play: their turn pauses the run, they see what the party may know, and fill the same form."""

from contextlib import suppress
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from converse_graph import Boolean, Organisation, Scenario, Store
from converse_graph.audit.audit import audit_run
from converse_graph.calls.answers import NamedAnswer
from converse_graph.errors import AnswerNeeded, InvalidValue, NotFound
from converse_graph.models.human import PASS_TO_MODEL
from converse_graph.runs.derived import replay
from converse_graph.runs.simulation import Simulation
from tests.support.small_scenarios import CountingChat, begin, debate, table

AGREED = Boolean(name="agreed", ask="do you agree?")


def seated() -> Scenario:
    host = Organisation(name="Host", brief="HOST SECRET", deliberation=debate("One", "Two", turns=4))
    return table(host, Organisation(name="Bank", brief="BANK SECRET", fields=[AGREED]), rounds=2)


class LargeChat(CountingChat):
    """Is prompted as large models and persons are, and keeps what Bank was asked."""

    profile = "large"

    def __init__(self) -> None:
        super().__init__()
        self.prompts: list[tuple[str, ...]] = []

    async def complete(self, request: Any) -> Any:
        if "/Bank/" in request.place:
            self.prompts.append(tuple(message.text for message in request.messages))
        return await super().complete(request)


async def asked(simulation: Simulation) -> AnswerNeeded:
    with pytest.raises(AnswerNeeded) as raised:
        await simulation.play()
    return raised.value


async def go_on(store: Store, simulation: Simulation, answer: Any) -> Simulation:
    return await Simulation.reopen(store, simulation.run.name, scenario=seated(), answer=answer)


async def test_a_person_sees_what_the_model_would_have_seen_and_no_more(store: Store) -> None:
    chat = LargeChat()
    await (await begin(store, seated(), model=chat)).play()
    simulation = await begin(store, seated(), model=chat, humans=["Bank"])
    (question,) = (await asked(simulation)).questions
    assert tuple(part["text"] for part in question["prompt"]) == chat.prompts[0]
    assert "HOST SECRET" not in str(question)
    assert list(question["form"]["properties"]) == ["statement", "agreed", "memo"]


async def test_a_person_is_asked_again_until_the_answer_fits_and_the_record_says_who_spoke(store: Store) -> None:
    simulation = await begin(store, seated(), humans=["Bank"])
    assert (await asked(simulation)).speakers == ("Bank",)
    again = await go_on(store, simulation, "Only words.")
    assert "agreed is missing" in str(await asked(again))
    answer = {"statement": "We agree.", "agreed": True, "memo": "For now."}
    third = await go_on(store, simulation, answer)
    await asked(third)  # of the second round
    last = await go_on(store, simulation, PASS_TO_MODEL)
    assert (await last.play()).status == "finished"
    transcript = await last.transcript()
    statement = transcript.statements[1]
    assert (statement.text, statement.fields, statement.repairs) == ("We agree.", {"agreed": True}, 1)
    assert transcript.header.humans == ("Bank",)
    models = {call.place: call.reply.model for call in store.journal(last.run.id).calls()}
    assert (models["0.1/Bank/statement"], models["1.1/Bank/statement"]) == ("human", "null")
    again_played = await replay(store, last.run.name, scenario=seated())
    assert (await again_played.play()).status == "finished"
    assert [entry.text for entry in (await again_played.transcript()).statements] == [
        entry.text for entry in transcript.statements
    ]
    assert (await audit_run(store, last.run.name, scenario=seated())).leaks == ()


async def test_a_turn_that_is_passed_after_an_answer_that_does_not_fit_is_the_models_alone(store: Store) -> None:
    simulation = await begin(store, seated(), humans=["Host/Two"], rounds=1)
    await asked(simulation)
    keys = (await asked(await go_on(store, simulation, ""))).keys
    assert keys[0].endswith("#1")
    keys = (await asked(await go_on(store, simulation, PASS_TO_MODEL))).keys  # a later line of the same debate
    again = await Simulation.reopen(store, simulation.run.name, scenario=seated())
    assert (await asked(again)).keys == keys
    assert keys[0].endswith("line#0")
    simulation = await go_on(store, simulation, PASS_TO_MODEL)
    with suppress(AnswerNeeded):
        await simulation.play()
    models = {(call.place, call.attempt): call.reply.model for call in store.journal(simulation.run.id).calls()}
    of_person = {place: model for (place, attempt), model in models.items() if attempt == 0 and "Two" in place}
    assert list(of_person.values()).count("human") == 1
    (passed,) = [place for place, model in of_person.items() if model == "human"]
    assert models[passed, 1] == "null"
    assert (await audit_run(store, simulation.run.name, scenario=seated())).leaks == ()


async def test_an_answer_to_another_question_is_not_taken(store: Store) -> None:
    simulation = await begin(store, seated(), humans=["Bank"])
    (key,) = (await asked(simulation)).keys
    assert key == "0.1/Bank/statement#0"
    answer = {"statement": "We agree.", "agreed": True, "memo": "For now."}
    simulation.answers = (NamedAnswer(speaker="Bank", value=answer, key="0.1/Bank/statement#7"),)
    assert "is to 0.1/Bank/statement#7" in str(await asked(simulation))
    for _ in range(2):  # sent twice: the second is to what is asked no more
        simulation.answers = (NamedAnswer(speaker="Bank", value=answer, key=key),)
        assert (await asked(simulation)).keys == ("1.1/Bank/statement#0",)
    assert len((await simulation.transcript()).statements) == 3


async def test_a_person_may_be_a_member_of_a_debate(store: Store) -> None:
    simulation = await begin(store, seated(), humans=["Host/Two"])
    reason = await asked(simulation)
    assert reason.speakers == ("Host/Two",)
    assert "BANK SECRET" not in str(reason.questions)


async def test_in_a_graph_of_ones_own_the_interrupt_is_the_partys_view_and_a_command_gives_the_answer() -> None:
    graph, chat = seated().graph().compile(checkpointer=InMemorySaver()), LargeChat()
    await graph.ainvoke({"horizon": 1}, {"configurable": {"thread_id": "without", "model": chat}})
    config: Any = {"configurable": {"thread_id": "own", "model": chat, "human": "Bank"}}
    result = await graph.ainvoke({"horizon": 1}, config)
    (waits,) = result["__interrupt__"]
    question = waits.value["question"]
    assert (waits.value["speaker"], waits.value["place"]) == ("Bank", "0.1/Bank/statement")
    assert [tuple(part["text"] for part in question["prompt"])] == chat.prompts
    assert "HOST SECRET" not in str(waits.value)
    result = await graph.ainvoke(Command(resume="Only words."), config)
    (waits,) = result["__interrupt__"]
    assert (waits.value["question"]["attempt"], "agreed is missing" in str(waits.value)) == (1, True)
    result = await graph.ainvoke(Command(resume={"statement": "By hand.", "agreed": False}), config)
    assert (result["transcript"][1]["text"], result["transcript"][1]["fields"]) == ("By hand.", {"agreed": False})


async def test_several_persons_of_a_graph_of_ones_own_answer_one_after_the_other_or_pass() -> None:
    scenario = table("Ada", "Bo", Organisation(name="Cy", brief="CY SECRET"), order="simultaneous", rounds=1)
    graph = scenario.graph().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "own", "model": "null", "human": "Ada;Bo"}}
    result = await graph.ainvoke({"horizon": 1}, config)
    waiting = {waits.value["speaker"]: waits.id for waits in result["__interrupt__"]}
    assert set(waiting) == {"Ada", "Bo"}
    assert "CY SECRET" not in str(result["__interrupt__"])
    result = await graph.ainvoke(Command(resume={waiting["Bo"]: "I am Bo."}), config)
    assert [waits.value["speaker"] for waits in result["__interrupt__"]] == ["Ada"]
    result = await graph.ainvoke(Command(resume={waiting["Ada"]: PASS_TO_MODEL}), config)
    said = {entry["speaker"]: entry["text"] for entry in result["transcript"]}
    assert said["Bo"] == "I am Bo."
    assert said["Ada"]


@pytest.mark.parametrize(("humans", "error"), [(["Nobody"], NotFound), (["G"], InvalidValue)])
async def test_a_seat_is_that_of_somebody_who_speaks_by_a_model(store: Store, humans: list[str], error: Any) -> None:
    with pytest.raises(error):
        await begin(store, table("Host", Organisation(name="G", graph=lambda view: "x")), humans=humans)
