"""No private word reaches another party: canaries in every mind and debate, and a look at who reads which channel."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from converse_graph import NullModel, Organisation, Persona, Request, Response, Scenario, Store
from converse_graph.graph import build_graph
from converse_graph.models.base import PUBLIC
from converse_graph.record.state import private_channel
from tests.support.property_search import example_count
from tests.support.small_scenarios import CREATED, Simulation, debate, nested, table

ORDERS = ("listed", "shuffled", "simultaneous", "moderated")


class Canary(NullModel):
    """Signs what it writes in private with the place it was asked at, and remembers what it was shown."""

    def __init__(self, profile: Any) -> None:
        super().__init__()
        self.profile = profile
        self.shown: list[Request] = []

    async def complete(self, request: Request) -> Response:
        self.shown.append(request)
        reply = await super().complete(request)
        said = json.loads(reply.text)
        for name in ("memo", "line"):
            if name in said:
                said[name] = f"{sign(owner(request.place))} {said[name]}"[:100]
        return dataclasses.replace(reply, text=json.dumps(said))


def owner(place: str) -> str:
    """Whose the call is: the path of the speaker, without numbers and task."""
    _, party, *inside = place.split("/")
    return "/".join([party, *(step.partition(".")[2] for step in inside[:-1])])


def sign(path: str) -> str:
    return f"canary[{path}]"


def private_scenario(order: Any, depth: int) -> Scenario:
    """Parties whose briefs and people's aims carry canaries too."""
    conscience = debate("Angel", "Devil") if depth > 2 else None
    people = [
        Persona(name="Chief", aim=sign("Alpha/Chief"), deliberation=conscience),
        Persona(name="Critic", aim=sign("Alpha/Critic")),
    ]
    board = debate("x", "y").model_copy(update={"members": tuple(people)})
    return table(
        Organisation(name="Alpha", brief=sign("Alpha"), deliberation=board if depth > 1 else None),
        Organisation(name="Beta", brief=sign("Beta"), deliberation=nested(depth)),
        Organisation(name="Gamma", brief=sign("Gamma")),
        order=order,
        rounds=3,
    )


def may_read(speaker: str, written_by: str) -> bool:
    """A member of a debate hears its fellows and its owners; nobody hears what goes on inside a fellow."""
    if speaker.split("/")[0] != written_by.split("/")[0]:
        return False
    fellows = written_by.rpartition("/")[0]
    return speaker == written_by or speaker.startswith(written_by + "/") or (fellows != "" and (
        speaker == fellows or speaker.startswith(fellows + "/")))  # fmt: skip


@settings(max_examples=example_count(12), deadline=None)
@given(order=st.sampled_from(ORDERS), depth=st.integers(1, 3), profile=st.sampled_from(["small", "large"]))
async def test_no_prompt_holds_what_its_speaker_may_not_know(
    tmp_path_factory: Any, order: str, depth: int, profile: str
) -> None:
    path: Path = tmp_path_factory.mktemp("privacy") / "runs.sqlite"
    scenario, model = private_scenario(order, depth), Canary(profile)
    async with Store.open(path, make=True) as store:
        run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=model)
        events: list[dict[str, Any]] = []
        await run.play(events.append)
        transcript = await run.transcript()
        calls = list(store.journal(run.run.id).calls())

    paths = {owner(request.place) for request in model.shown if not request.place.endswith("/pick")}
    told = json.dumps([[owner(call.place), [part.text for part in call.messages]] for call in calls])
    assert all(sign(path) in told for path in paths), "the canaries were not planted"
    for call in calls:
        speaker = "" if call.place.endswith("/pick") else owner(call.place)
        for part in call.messages:
            leaked = [path for path in paths if sign(path) in part.text and not may_read(speaker, path)]
            assert leaked == [], f"{call.place} was shown what is private to {leaked}: {part.source}"
            assert part.owner == PUBLIC or part.owner.split("/")[0] == speaker.split("/")[0]
    assert "canary[" not in transcript.public().model_dump_json()
    assert "canary[" not in json.dumps(events)


def test_no_node_but_its_owner_s_reads_a_mind() -> None:
    scenario = private_scenario("listed", 3)
    built = build_graph(scenario)

    for name, node in built.nodes.items():
        reads = set(node.input_schema.__annotations__)
        assert {channel for channel in reads if channel.startswith("mind_")} <= {private_channel(name)}


async def test_a_bare_graph_returns_nothing_private() -> None:
    graph = private_scenario("listed", 2).graph(compiled=True)

    result = await graph.ainvoke({"horizon": 1}, {"configurable": {"model": "null"}})

    assert set(result) <= {"transcript", "events", "summaries", "votes", "floor", "horizon", "ended"}
    assert "canary[" not in json.dumps(result)
