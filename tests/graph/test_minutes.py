"""Minutes: a debate closes with its chair writing down what was decided, who does what, and what was left open."""

import copy
import dataclasses
import json
from typing import Any

import pytest

from converse_graph import Debate, Organisation, Persona, Store
from converse_graph.audit.answer_check import AnswerCheck
from converse_graph.audit.audit import audit_run
from converse_graph.models.base import Request, Response
from converse_graph.record.state import private_channel
from converse_graph.runs.estimate import estimate
from converse_graph.scenarios.yaml_files import read_scenario
from tests.support.audited_records import records_of
from tests.support.recording_model import ListeningChat
from tests.support.small_scenarios import debate, played, table

MINUTES = {"decided": "We wait for </private> the “auditor”.", "actions": ["Law: call her by June"],
           "open_questions": []}  # fmt: skip


class Chairing(ListeningChat):
    """The null model, whose minutes are given."""

    def __init__(self, minutes: str = json.dumps(MINUTES), profile: Any = "large") -> None:
        super().__init__(profile)
        self.minutes = minutes

    async def complete(self, request: Request) -> Response:
        reply = await super().complete(request)
        return dataclasses.replace(reply, text=self.minutes) if request.place.endswith("/minutes") else reply

    def text(self, place: str) -> str:
        return "\n".join(message.text for message in self.of(place))


async def test_minutes_are_told_to_whom_the_decision_is_and_stand_in_the_record_beside_the_count(store: Store) -> None:
    board = debate("Chair", "Law", options=["go", "stay"], minutes=None)
    chat = Chairing()
    simulation = await played(store, table(Organisation(name="A", deliberation=board), "B"), model=chat)
    transcript = await simulation.transcript()
    first, other, second = transcript.statements[:3]
    assert first.private is not None
    talk = first.private.deliberation
    assert talk is not None
    assert talk.decision is not None
    assert talk.minutes is not None
    assert talk.minutes.model_dump(include={*MINUTES}, mode="json") == MINUTES
    asked = chat.text("0.0/A/minutes.Chair/minutes")
    assert all(f"{line.text}</line>" in asked for line in talk.lines)
    assert f"Decided: {talk.decision.position}. Votes:" in asked
    told = "Minutes by Chair: “We wait for &lt;/private&gt; the 'auditor'.” To do: “Law: call her by June”."
    assert told in chat.text("0.0/A/statement")
    assert "Left open" not in chat.text("0.0/A/statement")
    note = chat.text("1.0/A/statement")
    assert "To do: “Law: call her by June”. Reasons: " in note
    assert "Our note: " in note
    assert "auditor" not in chat.text("0.1/B/statement")
    assert (other.speaker, second.speaker) == ("B", "A")
    audit = await audit_run(store, simulation.run.name, scenario=simulation.scenario)
    assert audit.leaks == ()


async def test_an_audit_finds_minutes_that_the_chair_did_not_write(store: Store) -> None:
    board = debate("Chair", "Law", options=["go", "stay"], minutes=None)
    scenario = table(Organisation(name="A", deliberation=board), rounds=1)
    simulation = await played(store, scenario, model=Chairing())
    run = store.register.run(simulation.run.name)
    for name, value in (("decided", "We go."), ("actions", ["Law: nothing"])):
        channels = copy.deepcopy(store.channels(run.name))
        (note,) = channels[private_channel("A")]
        note["debate"]["minutes"][name] = value
        records = records_of(store, run, channels)
        (leak,) = AnswerCheck(records, frozenset(), frozenset()).differences()
        assert (leak.kind, leak.place) == ("record", "0.0/A/minutes.Chair")


@pytest.mark.parametrize(
    ("profile", "setting", "guest", "expected"),
    [
        ("large", None, False, True),
        ("small", None, False, False),
        ("small", True, False, True),
        ("large", False, False, False),
        ("large", True, True, False),
    ],
)
async def test_minutes_are_on_for_large_models_and_a_setting(
    store: Store, profile: Any, setting: bool | None, guest: bool, expected: bool
) -> None:
    chair = Persona(name="Chair", graph=(lambda view: "I say so.") if guest else None)
    board = Debate(motion="What now?", members=[chair, Persona(name="Law")], turns=2, options=["go", "stay"],
                   minutes=setting)  # fmt: skip
    chat = Chairing(profile=profile)
    party = Organisation(name="A", deliberation=board)
    simulation = await played(store, table(party, rounds=1), model=chat)
    assert any(request.place.endswith("/minutes") for request in chat.asked) is expected
    (said,) = (await simulation.transcript()).statements
    assert said.private is not None
    assert said.private.deliberation is not None
    assert (said.private.deliberation.minutes is not None) is expected


async def test_a_chair_is_told_of_a_secret_ballot_the_count_alone(store: Store) -> None:
    board = debate("Chair", "Law", "Money", options=["go", "stay"], ballot="secret", minutes=None)
    chat = Chairing()
    await played(store, table(Organisation(name="A", deliberation=board), rounds=1), model=chat)
    asked = chat.text("0.0/A/minutes.Chair/minutes")
    assert "Decided by secret ballot: " in asked
    assert "Votes:" not in asked


async def test_minutes_that_stay_broken_are_on_record_as_such_and_the_decision_stands(store: Store) -> None:
    board = debate("Chair", "Law", options=["go", "stay"], minutes=None)
    chat = Chairing(minutes="I would rather not.")
    simulation = await played(store, table(Organisation(name="A", deliberation=board), rounds=1), model=chat)
    (said,) = (await simulation.transcript()).statements
    assert said.private is not None
    talk = said.private.deliberation
    assert talk is not None
    assert talk.minutes is not None
    assert (talk.minutes.decided, talk.minutes.repairs) == ("", 2)
    assert talk.minutes.problem
    assert talk.decision is not None
    assert "Minutes by" not in chat.text("0.0/A/statement")
    assert "Decided: " in chat.text("0.0/A/statement")


def test_a_file_turns_minutes_off() -> None:
    scenario = read_scenario("""
        version: 1
        premise: All meet.
        clock: {end: 2, step: round}
        organisations:
          - name: A
            deliberation: {motion: What now?, turns: 2, minutes: false, members: [{name: Chair}, {name: Law}]}
        """)
    board = scenario.organisations[0].deliberation
    assert isinstance(board, Debate)
    assert board.minutes is False


async def test_an_estimate_counts_minutes_where_a_model_would_write_them() -> None:
    scenario = table(Organisation(name="A", deliberation=debate("Chair", "Law", minutes=None)), rounds=3)
    for model, expected in (("openai:gpt-4.1", 3), ("embedded", 0)):
        made = await estimate(scenario, model=model, judge=False)
        assert sum(row.calls for row in made.rows if row.kind == "minutes of debates") == expected
