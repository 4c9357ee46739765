"""Who reads and writes what in a built graph: no private channel is read, or written, by another node than its own."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from converse_graph import ConverseError, Organisation, Scenario
from converse_graph.graph.channels import PUBLIC_CHANNELS
from converse_graph.graph.wiring import Conversation, wiring
from converse_graph.graph.write_access import party_writes, restrict_writes
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.catalogue import catalogue
from converse_graph.scenarios.world_tables import WORLD
from tests.support.planted_secrets import scenarios
from tests.support.property_search import example_count
from tests.support.small_scenarios import consciences, debate, table

FOR_ITS_OWNER = {"inner", "decision", "ballots", "minutes"}
"""What comes out of a debate: nobody in it reads these."""


def conversations(table: Conversation) -> Iterator[Conversation]:
    yield table
    for node in table.nodes:
        if node.inside is not None:
            yield from conversations(node.inside)


def allowed(channel: str, writers: list[str]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Who may read and write a private channel."""
    kind, _, owner = channel.partition("_")
    if channel in FOR_ITS_OWNER:
        return [((), writers)]
    if channel == "world_hidden":
        return [((WORLD,), [WORLD])]
    by_kind = {
        "mind": ((owner,), [owner]),
        "before": ((owner,), [SUPERVISOR]),
        "moves": ((WORLD,), [owner]),
        "own": ((owner,), [WORLD]),
        "out": ((SUPERVISOR,), [owner]),
    }
    return [by_kind[kind]]


def check(scenario: Scenario) -> None:
    root, *debates = conversations(wiring(scenario))
    assert set(root.shared) == PUBLIC_CHANNELS | ({"world_state"} if scenario.world else set())
    for held in (root, *debates):
        writers = {channel: [node.name for node in held.nodes if channel in node.writes] for channel in held.private}
        for channel in held.private:
            assert (held.readers(channel), writers[channel]) in allowed(channel, writers[channel])
    assert not any(channel.startswith("mind_") for held in debates for channel in held.private)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_no_private_channel_of_a_preset_is_another_s(name: str) -> None:
    check(catalogue()[name]())


@settings(max_examples=example_count(40), deadline=None)
@given(scenario=scenarios(depth=3))
def test_no_private_channel_of_any_scenario_is_another_s(scenario: Scenario) -> None:
    check(scenario)


def test_every_debate_is_found_and_no_deeper_than_is_asked_for() -> None:
    names = [held.name for held in conversations(wiring(consciences()))]
    assert names == ["scenario", "Alpha", "Alpha > First1", "Beta"]
    assert [held.name for held in conversations(wiring(consciences(), depth=2))] == ["scenario", "Alpha", "Beta"]
    assert [held.name for held in conversations(wiring(consciences(), depth=1))] == ["scenario"]


def test_a_node_is_refused_what_is_another_s() -> None:
    with pytest.raises(ConverseError, match=r"wrote mind_Beta; it writes mind_Alpha, out_Alpha alone"):
        restrict_writes(party_writes("Alpha"), {"out_Alpha": {}, "mind_Beta": []})


async def test_a_run_fails_where_a_node_writes_into_another_s_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("converse_graph.graph.organisation.outbox_channel", lambda name: "mind_Beta")
    graph = table(Organisation(name="Alpha", deliberation=debate("x", "y")), "Beta").graph(compiled=True)
    with pytest.raises(ConverseError, match="wrote mind_Beta"):
        await graph.ainvoke({"horizon": 1}, {"configurable": {"model": "null"}})
