"""What a played run has in its ledgers is what the types of its records say, key by key."""

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from converse_graph import (
    Boolean,
    Debate,
    Event,
    ImaginedDebate,
    Motion,
    NullModel,
    Organisation,
    Persona,
    Recall,
    Store,
)
from converse_graph.models.base import PromptProfile
from converse_graph.record.records import EventRecord, MindRecord, StatementRecord, SummaryRecord, VoteRecord
from converse_graph.record.state import private_channel
from converse_graph.scenarios.memory_settings import Memory
from tests.support.small_scenarios import CREATED, Simulation, table

EXACT = ConfigDict(extra="forbid", strict=True)
PUBLIC: dict[str, TypeAdapter[Any]] = {
    "transcript": TypeAdapter(list[StatementRecord], config=EXACT),
    "events": TypeAdapter(list[EventRecord], config=EXACT),
    "summaries": TypeAdapter(list[SummaryRecord], config=EXACT),
    "votes": TypeAdapter(list[VoteRecord], config=EXACT),
}
MIND: TypeAdapter[list[MindRecord]] = TypeAdapter(list[MindRecord], config=EXACT)


class LargeChat(NullModel):
    """The null model, told as much as a large model is told."""

    profile: PromptProfile = "large"


RULES: dict[str, Any] = {"private_positions": True, "ballot": "secret", "justify_changes": True, "dissenter": True}


def everything() -> Any:
    """A table at which every kind of record is made."""
    inner = Debate(motion="Is it right?", members=[Persona(name="Angel"), Persona(name="Devil")], turns=2,
                   options=["yes", "no"])  # fmt: skip
    board = Debate(
        motion="What now?",
        members=[Persona(name="3.CEO", deliberation=inner), Persona(name="Critic", deliberation=ImaginedDebate(
            motion="?", members=[Persona(name="Left"), Persona(name="Right")], turns=2))],
        turns=4,
        **RULES,
    )  # fmt: skip
    return table(
        Organisation(name="Alpha", brief="a", deliberation=board, fields=[Boolean(name="done", ask="?")]),
        "Beta",
        rounds=9,
        motion=Motion(question="Shall we?", options=("yes", "no"), **RULES),
        events=[Event(name="settled", field="done", equals=True)],
        memory=Memory(recall=Recall(relevance=0, reflect_after=2)),
    )


async def test_every_record_of_a_run_has_the_keys_of_its_kind_and_no_other(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await Simulation.begin(store, everything(), seed=3, created=CREATED, model=LargeChat())
        await run.play()
        values = store.channels(run.run.name)

    for name, adapter in PUBLIC.items():
        adapter.validate_python(values[name])
        assert values[name], f"there is no {name}"
    minds = [record for party in ("Alpha", "Beta") for record in values[private_channel(party)]]
    MIND.validate_python(minds)
    assert {record["kind"] for record in minds} == {"note", "deliberation", "reflection", "ballot", "private_summary"}
