"""A motion before the table and its rules: what they ask, what they record, what they keep private."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda

from converse_graph import Motion, Organisation, Scenario, ScriptedModel, Simulation, Store
from converse_graph.errors import InvalidValue
from converse_graph.measures.disagreement import table_disagreement
from converse_graph.record.transcript import Transcript
from converse_graph.runs.derived import extend, fork, replay
from converse_graph.turn.motions import count_ballots
from tests.support.small_scenarios import CREATED, CountingChat, Stop, begin, played, table

ALL: dict[str, Any] = {
    "private_positions": True, "ballot": "secret", "justify_changes": True, "dissenter": True,
}  # fmt: skip


def motion(**rules: Any) -> Motion:
    return Motion(question="Do we slow down?", options=("yes", "no"), **rules)


def two(rounds: int = 1, order: str = "listed", **rules: Any) -> Scenario:
    return table("Alpha", "Beta", rounds=rounds, order=order, motion=motion(**rules))


def said(stance: str, **more: Any) -> dict[str, Any]:
    return {"statement": f"I say {stance}.", "stance": stance, "memo": "m", **more}


def kept(position: str, reason: str) -> dict[str, Any]:
    return {"reason": reason, "position": position}


async def held(path: Path, scenario: Scenario, script: dict[str, list[Any]]) -> tuple[Transcript, ScriptedModel]:
    chat = ScriptedModel(script)
    async with Store.open(path / "runs.sqlite", make=True) as store:
        simulation = await played(store, scenario, model=chat)
        transcript = await simulation.transcript()
        await simulation.close()
    chat.assert_exhausted()
    return transcript, chat


@pytest.mark.parametrize("order", ["listed", "simultaneous"])
async def test_positions_are_written_before_anybody_is_heard_and_read_by_their_author_alone(
    tmp_path: Path, order: str
) -> None:
    script = {
        "*Alpha/position": [kept("yes", "ALPHAREASON")],
        "*Beta/position": [kept("no", "BETAREASON")],
        "*/statement": [said("yes")] * 4,
    }
    transcript, chat = await held(tmp_path, two(2, order, private_positions=True), script)
    for request in chat.requests:
        seen = "".join(part.text for part in request.messages)
        assert ("ALPHAREASON" in seen) == request.place.endswith("Alpha/statement")
        assert ("BETAREASON" in seen) == request.place.endswith("Beta/statement")
        if request.place.endswith("/position"):
            assert "I say" not in seen
    written = [statement.private.initial_stance for statement in transcript.statements if statement.private]
    assert [stance and stance.position for stance in written] == ["yes", "no", None, None]
    found = table_disagreement(transcript)
    assert found is not None
    assert found.converged == 1
    assert "ALPHAREASON" not in transcript.public().model_dump_json()


async def test_a_secret_ballot_is_counted_in_public_and_cast_in_private(tmp_path: Path) -> None:
    script = {
        "*/statement": [said("no"), said("no")],
        "*Alpha/ballot": [kept("yes", "in truth")],
        "*Beta/ballot": [kept("yes", "me too")],
    }
    transcript, chat = await held(tmp_path, two(ballot="secret"), script)
    vote, public = transcript.header.votes[0], transcript.public().header.votes[0]
    assert (vote.position, vote.counts) == ("yes", {"yes": 2})
    assert [(ballot.speaker, ballot.reason) for ballot in vote.ballots] == [("Alpha", "in truth"), ("Beta", "me too")]
    assert (public.counts, public.ballots) == ({"yes": 2}, ())
    for request in chat.requests[2:]:
        assert "I say no" in "".join(part.text for part in request.messages), "all is heard before the vote"
    found = table_disagreement(transcript)
    assert found is not None
    assert found.ballot_gap == 1.0


def test_a_tie_decides_nothing_and_no_valid_ballot_counts_nothing() -> None:
    assert count_ballots(motion(), 3, ["yes", "no"]) == {
        "kind": "vote", "round": 3, "position": None, "counts": {"yes": 1, "no": 1},
    }  # fmt: skip
    assert count_ballots(motion(), 0, [None, "maybe"]) == {"kind": "vote", "round": 0, "position": None, "counts": {}}


async def test_a_change_of_stance_that_names_no_new_fact_is_counted(tmp_path: Path) -> None:
    script = {
        "*/statement": [
            said("yes", new_fact=None),
            said("no", new_fact=None),
            said("no", new_fact="A leak was found."),
            said("yes", new_fact="a leak was found"),
        ]
    }
    transcript, chat = await held(tmp_path, two(2, justify_changes=True), script)
    assert transcript.statements[2].fields == {"stance": "no", "new_fact": "A leak was found."}
    found = table_disagreement(transcript)
    assert found is not None
    assert (found.changes, found.unjustified) == (2, 1)
    assert all(any(part.source == "prompt/organisation/justify" for part in asked.messages) for asked in chat.requests)


async def test_a_dissenter_is_called_in_once_all_agree_and_its_stance_is_not_its_own(tmp_path: Path) -> None:
    script = {"*/statement": [said("yes"), said("yes"), said("no"), said("yes"), said("yes"), said("yes")]}
    transcript, chat = await held(tmp_path, two(3, dissenter=True), script)
    assert [statement.dissents for statement in transcript.statements] == [False, False, True, False, False, False]
    asked = [
        any(part.source == "prompt/organisation/dissent" for part in request.messages) for request in chat.requests
    ]
    assert asked == [False, False, True, False, False, False]
    found = table_disagreement(transcript)
    assert found is not None
    assert (found.changes, found.dissenters, found.unanimous) == (0, 1, 1)


async def test_at_a_simultaneous_table_one_party_alone_is_called_on_to_dissent(tmp_path: Path) -> None:
    script = {"*Alpha/statement": [said("yes"), said("no")], "*Beta/statement": [said("yes"), said("yes")]}
    transcript, _ = await held(tmp_path, two(2, "simultaneous", dissenter=True), script)
    assert [statement.dissents for statement in transcript.statements] == [False, False, True, False]


async def test_parties_of_another_kind_take_no_stand(tmp_path: Path) -> None:
    scenario = table(
        "Alpha", "Beta", Organisation(name="Chair", kind="chair"), rounds=1,
        motion=Motion(question="Go?", options=("yes", "no"), party_kind="party", **ALL),
    )  # fmt: skip
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, scenario, model="null")
        transcript = await simulation.transcript()
    assert ["stance" in statement.fields for statement in transcript.statements] == [True, True, False]
    assert [ballot.speaker for ballot in transcript.header.votes[0].ballots] == ["Alpha", "Beta"]


async def test_a_guest_is_asked_for_its_position_its_stance_and_its_ballot(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    def bank(view: dict[str, Any]) -> dict[str, Any]:
        asked.append(view)
        if view["asked"] == "statement":
            return {"statement": "We lend.", "fields": {"stance": "no"}}
        return {"reason": "risk", "position": "no"}

    guest = Organisation(name="Bank", graph=RunnableLambda(bank))
    scenario = table("Alpha", guest, rounds=1, motion=motion(private_positions=True, ballot="secret"))
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, scenario, model="null")
        transcript = await simulation.transcript()
    assert [view["asked"] for view in asked] == ["position", "statement", "ballot"]
    assert [len(view["statements"]) for view in asked] == [0, 1, 2]
    assert asked[1]["initial_stance"] == {"reason": "risk", "position": "no"}
    assert transcript.statements[1].fields == {"stance": "no"}
    assert transcript.header.votes[0].ballots[1].position == "no"


@pytest.mark.parametrize("order", ["listed", "simultaneous", "moderated"])
@pytest.mark.parametrize("stop_at", [1, 2, 3, 4, 7, 8])
async def test_a_run_stopped_at_a_position_a_statement_or_a_ballot_resumes_to_the_same_record(
    tmp_path: Path, stop_at: int, order: str
) -> None:
    scenario = two(2, order, **ALL)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        whole = await played(store, scenario, model=CountingChat(), name="whole")
        stopped = await begin(store, scenario, model=CountingChat(stop_at=stop_at, error=Stop), name="stopped")
        with pytest.raises(Stop):
            await stopped.play()
        resumed = await Simulation.reopen(store, "stopped", scenario=scenario, model=CountingChat())
        await resumed.play()
        expected, got = await whole.transcript(), await resumed.transcript()
        places = [(call.place, call.attempt) for call in store.journal(resumed.run.id).calls()]
    assert got.statements == expected.statements
    assert got.header.votes == expected.header.votes
    assert len(places) == len(set(places))


async def test_an_extended_run_votes_again_and_its_replay_and_fork_agree(tmp_path: Path) -> None:
    scenario = two(4, **ALL)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        first = await played(store, scenario, model="null", name="first", rounds=2)
        longer = await extend(store, "first", rounds=4, scenario=scenario)
        await longer.play()
        original = await longer.transcript()
        assert [vote.round for vote in original.header.votes] == [1, 3]
        again = await replay(store, "first", created=CREATED, scenario=scenario)
        await again.play()
        replayed = await again.transcript()
        assert replayed.statements == original.statements
        assert replayed.header.votes == original.header.votes
        branched = await fork(store, "first", at="round 3", created=CREATED, scenario=scenario)
        await branched.play()
        forked = await branched.transcript()
    assert forked.statements[:4] == original.statements[:4]
    assert forked.header.votes[0] == original.header.votes[0]
    assert first.run.name == "first"


def test_a_motion_nobody_takes_a_stand_on_and_a_field_of_its_name_are_refused() -> None:
    with pytest.raises(InvalidValue, match="kind 'labs'; there is: party"):
        table("Alpha", motion=Motion(question="Go?", options=("yes", "no"), party_kind="labs"))
    with pytest.raises(InvalidValue, match="two or more that differ"):
        Motion(question="Go?", options=("yes", "yes"))
