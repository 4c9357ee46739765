"""Inner talks that one call imagines: the record they leave, and what becomes of one that stays broken."""

import pytest

from converse_graph import ImaginedDebate, Organisation, Persona, ScriptedModel, Store
from converse_graph.errors import InvalidValue
from tests.support.scripted_debate import held, private, said
from tests.support.small_scenarios import channels, debate, played, table


async def test_an_imagined_talk_leaves_a_record_of_the_same_shape_as_a_debate(store: Store) -> None:
    members = [Persona(name="One"), Persona(name="Two"), Persona(name="Three")]
    imagined = ImaginedDebate(motion="What now?", members=members, turns=4, options=("go", "stay"))
    reply = {
        "line_0": "One speaks.",
        "line_1": "Two speaks.",
        "line_2": "Three speaks.",
        "line_3": "One again.",
        "position_0": "stay",
        "position_1": "go",
        "position_2": "stay",
    }
    chat = ScriptedModel([reply, said(position="stay")])
    simulation = await played(store, table(Organisation(name="A", deliberation=imagined), rounds=1), model=chat)
    chat.assert_exhausted()
    turn = await private(store, simulation)
    deliberation = held(turn)
    assert deliberation.mode == "imagined"
    assert [(entry.speaker, entry.text) for entry in deliberation.lines] == [
        ("One", "One speaks."),
        ("Two", "Two speaks."),
        ("Three", "Three speaks."),
        ("One", "One again."),
    ]
    assert deliberation.decision is not None
    assert (deliberation.decision.position, deliberation.decision.dissent) == ("stay", ("Two",))
    assert turn.follows_decision is True
    (record,) = (await channels(store, simulation))["mind_A"]
    debated = await played(
        store, table(Organisation(name="A", deliberation=debate("One", "Two", options=("a", "b"))), rounds=1)
    )
    (other,) = (await channels(store, debated))["mind_A"]
    assert set(record) == set(other)
    assert set(record["debate"]) == set(other["debate"])


async def test_an_imagined_talk_that_stays_broken_decides_nothing_and_the_party_speaks_all_the_same(
    store: Store,
) -> None:
    imagined = ImaginedDebate(motion="?", members=[Persona(name="One"), Persona(name="Two")], turns=2)
    chat = ScriptedModel([*["nonsense"] * 3, said(position=None)])
    simulation = await played(store, table(Organisation(name="A", deliberation=imagined), rounds=1), model=chat)
    chat.assert_exhausted()
    deliberation = held(await private(store, simulation))
    assert (deliberation.lines, deliberation.decision) == ((), None)
    assert (await simulation.transcript()).statements[0].text == "We speak."


async def test_a_persona_may_imagine_its_own_inner_talk(store: Store) -> None:
    imagined = ImaginedDebate(motion="?", members=[Persona(name="Angel"), Persona(name="Devil")], turns=2)
    simulation = await played(
        store, table(Organisation(name="A", deliberation=debate("Chief", "Other", inside=imagined)), rounds=1)
    )
    inner = held(await private(store, simulation)).lines[0].deliberation
    assert inner is not None
    assert (inner.mode, [entry.speaker for entry in inner.lines]) == ("imagined", ["Angel", "Devil"])


def test_an_imagined_talk_counts_as_a_conversation_too() -> None:
    imagined = ImaginedDebate(motion="?", members=[Persona(name="One"), Persona(name="Two")], turns=2)
    with pytest.raises(InvalidValue, match="nested 2 deep at A; the limit is 1"):
        table(Organisation(name="A", deliberation=imagined), max_depth=1).graph()
