"""How a small model is asked to imagine a talk: who talks, a talk of theirs to copy the form from, and the topic."""

import json
from typing import Any

from converse_graph import ImaginedDebate, Organisation, Persona, Request, Store
from tests.support.small_scenarios import CountingChat, begin, table

MEMBERS = (
    Persona(name="Chief", role="you decide", aim="CHIEF'S AIM", examples=("Ship it.", "Ship it now.")),
    Persona(name="Doubter", role="you ask", aim="DOUBTER'S AIM", examples=("Show me.",)),
)


async def asked(store: Store, members: Any, *, profile: str, turns: int = 4) -> list[Request]:
    heard: list[Request] = []

    async def listen(request: Request) -> None:
        if request.place.endswith("/imagine"):
            heard.append(request)

    talk = ImaginedDebate(motion="Do we go?", options=("go", "stay"), members=members, turns=turns)
    party = Organisation(name="Alpha", brief="ALPHA'S BRIEF", topics=("boats",), deliberation=talk)
    chat = CountingChat(before=listen)
    chat.profile = profile
    simulation = await begin(store, table("Host", party, rounds=1), model=chat)
    await simulation.play()
    return heard


async def test_a_small_model_is_shown_a_talk_in_the_form_that_it_is_asked_for(store: Store) -> None:
    [request] = await asked(store, MEMBERS, profile="small")
    rules, example_asked, example, task = request.messages
    assert [part.role for part in request.messages] == ["system", "user", "assistant", "user"]
    assert "Chief: they decide" in rules.text
    shown = json.loads(example.text)
    assert shown == {"line_0": "Ship it.", "line_1": "Show me.", "line_2": "Ship it now."}
    assert shown.keys() <= request.schema["properties"].keys()
    assert task.text == "They talk about boats. Do we go?"
    assert task.text.startswith(example_asked.text.partition(" a ")[0])
    everything = "".join(part.text for part in request.messages)
    assert "AIM" not in everything
    assert "BRIEF" not in everything
    assert {part.owner for part in request.messages} == {"Alpha"}


async def test_people_without_lines_of_their_own_are_asked_without_an_example(store: Store) -> None:
    [request] = await asked(store, [Persona(name="A"), Persona(name="B")], profile="small")
    assert [part.role for part in request.messages] == ["system", "user"]


async def test_no_example_has_more_lines_than_the_talk(store: Store) -> None:
    [request] = await asked(store, MEMBERS, profile="small", turns=1)
    assert json.loads(request.messages[2].text) == {"line_0": "Ship it."}


async def test_a_large_model_hears_all_that_its_party_heard_and_no_example(store: Store) -> None:
    [request] = await asked(store, MEMBERS, profile="large")
    told = [part.source for part in request.messages]
    assert told[0] == "prompt/organisation/brief"
    assert "statement/0.0/Host" in told
    assert "prompt/any/talk-example" not in told
