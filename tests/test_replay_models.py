"""Replays of runs whose parties and personas had models of their own: each is asked as it was asked then."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListChatModel

from converse_graph import Organisation, Persona, Scenario, Store
from converse_graph.runs.derived import replay
from tests.support.small_scenarios import CREATED, CountingChat, debate, journal, played, table

SAID = '{"statement": "We say so.", "memo": "m"}'


def lister() -> FakeListChatModel:
    """A model object that has no name but its class's, and by it is prompted as a large one."""
    return FakeListChatModel(responses=[SAID])


def large() -> CountingChat:
    chat = CountingChat()
    chat.profile, chat.model, chat.window = "large", "big", 4096  # type: ignore[misc]
    return chat


def with_models(party: Callable[[], Any], persona: Callable[[], Any]) -> Scenario:
    board = debate("Left", "Right").model_copy(
        update={"members": (Persona(name="Left", model=persona()), Persona(name="Right"))}
    )
    return table(
        Organisation(name="Alpha", model=party()), Organisation(name="Beta", deliberation=board), "Gamma", rounds=2
    )


@pytest.mark.parametrize("own", ["null", CountingChat])
@pytest.mark.parametrize("party", [lister, large])
async def test_a_replay_asks_every_model_as_it_was_asked_and_keeps_its_header(
    store: Store, own: Any, party: Callable[[], BaseChatModel | CountingChat]
) -> None:
    run = await played(store, with_models(party, large), model=own if isinstance(own, str) else own())
    again = await replay(store, run.run.name, created=CREATED, scenario=with_models(party, large))
    assert (await again.play()).status == "finished"

    assert journal(store, again) == journal(store, run)
    first, second = (await run.transcript()), (await again.transcript())
    assert second.statements == first.statements
    assert second.header.models == first.header.models


async def test_the_cast_names_models_as_the_list_of_models_does_at_every_depth(store: Store) -> None:
    inner = debate("Day", "Night").model_copy(
        update={"members": (Persona(name="Day", model=large()), Persona(name="Night", model="null"))}
    )
    board = debate("Left", "Right", inside=inner)
    party = Organisation(name="Alpha", model=lister(), deliberation=board)
    run = await played(store, table("Gamma", party, rounds=1), model=CountingChat())
    header = (await run.transcript()).header

    named = next(told for told in header.cast if told.name == "Alpha")
    assert named.model == "FakeListChatModel"
    assert named.persona_models == {"Alpha/Left/Day": "big", "Alpha/Left/Night": "null"}
    assert {"FakeListChatModel", "big", "null", "counting"} == set(header.models)
    assert header.models["big"].profile == "large"
    assert header.models["big"].window == 4096
