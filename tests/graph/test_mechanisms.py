"""Rules against easy agreement: what they ask, what they record, what they keep private."""

from pathlib import Path
from typing import Any

import pytest

from converse_graph import Organisation, ScriptedModel, Simulation, Store
from converse_graph.measures.disagreement import disagreement
from converse_graph.record.transcript import Deliberation
from tests.support.small_scenarios import CountingChat, Stop, begin, debate, played, table


def line(position: str, **more: Any) -> dict[str, Any]:
    return {"line": f"I say {position}", "position": position, **more}


def stance(position: str, reason: str) -> dict[str, Any]:
    return {"reason": reason, "position": position}


async def held(path: Path, script: dict[str, list[Any]], **rules: Any) -> tuple[Deliberation, ScriptedModel, Any]:
    spec = debate("Left", "Right", options=("yes", "no"), **rules)
    chat = ScriptedModel({**script, "*/statement": [{"statement": "So be it.", "position": "yes", "memo": "m"}]})
    async with Store.open(path / "runs.sqlite", make=True) as store:
        simulation = await played(store, table(Organisation(name="Alpha", deliberation=spec), rounds=1), model=chat)
        transcript = store.transcript(simulation.run.name)
        await simulation.close()
    chat.assert_exhausted()
    private = transcript.statements[0].private
    assert private is not None
    assert private.deliberation is not None
    return private.deliberation, chat, transcript


async def test_positions_are_written_before_anybody_speaks_and_read_by_their_author_alone(tmp_path: Path) -> None:
    script = {
        "*Left/position": [stance("yes", "LEFTREASON")],
        "*Right/position": [stance("no", "RIGHTREASON")],
        "*/line": [line("yes"), line("yes")],
    }
    talk, chat, transcript = await held(tmp_path, script, private_positions=True)
    assert [(kept.speaker, kept.position) for kept in talk.private_positions] == [("Left", "yes"), ("Right", "no")]
    for request in chat.requests:
        seen = "".join(part.text for part in request.messages)
        assert ("LEFTREASON" in seen) == request.place.endswith("Left/line")
        assert ("RIGHTREASON" in seen) == request.place.endswith("Right/line")
    found = disagreement(transcript)
    assert found is not None
    assert found.converged == 1, "two positions in private, one in speech"


async def test_a_secret_ballot_decides_and_the_record_keeps_speech_and_ballot(tmp_path: Path) -> None:
    script = {
        "*/line": [line("no"), line("no")],
        "*Left/ballot": [stance("yes", "in truth")],
        "*Right/ballot": [stance("yes", "me too")],
    }
    talk, _, transcript = await held(tmp_path, script, ballot="secret")
    assert talk.decision is not None
    assert talk.decision.position == "yes"
    assert [said.position for said in talk.lines] == ["no", "no"]
    found = disagreement(transcript)
    assert found is not None
    assert found.ballot_gap == 1.0


async def test_a_change_of_position_that_names_no_new_fact_is_counted(tmp_path: Path) -> None:
    script = {
        "*/line": [
            line("yes", new_fact=None),
            line("no", new_fact=None),
            line("no", new_fact="A leak was found."),
            line("yes", new_fact="a leak was found"),
        ]
    }
    talk, _, transcript = await held(tmp_path, script, justify_changes=True, turns=4)
    assert talk.lines[2].new_fact == "A leak was found."
    found = disagreement(transcript)
    assert found is not None
    assert (found.changes, found.unjustified) == (2, 1), "the second names what was named before"


async def test_a_dissenter_is_called_in_once_all_agree_and_does_not_vote_as_it_argues(tmp_path: Path) -> None:
    script = {"*/line": [line("yes"), line("yes"), line("no"), line("yes")]}
    talk, chat, _ = await held(tmp_path, script, dissenter=True, turns=4)
    assert [said.dissents for said in talk.lines] == [False, False, True, False]
    assert talk.decision is not None
    assert talk.decision.votes == {"Left": "yes", "Right": "yes"}
    asked = [any(part.source == "prompt/persona/dissent" for part in request.messages) for request in chat.requests]
    assert asked == [False, False, True, False, False]


async def test_a_debate_without_rules_asks_for_nothing_more(tmp_path: Path) -> None:
    talk, chat, _ = await held(tmp_path, {"*/line": [line("yes"), line("no")]})
    assert talk.rules == ()
    assert len(chat.requests) == 3


@pytest.mark.parametrize("stop_at", [1, 2, 3, 6, 7, 8, 9])
async def test_a_run_stopped_at_a_position_a_line_or_a_ballot_resumes_to_the_same_record(
    tmp_path: Path, stop_at: int
) -> None:
    spec = debate("Left", "Right", turns=4, private_positions=True, ballot="secret", justify_changes=True,
                  dissenter=True, options=("yes", "no"))  # fmt: skip
    scenario = table(Organisation(name="Alpha", deliberation=spec), rounds=1)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        whole = await played(store, scenario, model=CountingChat(), name="whole")
        stopped = await begin(store, scenario, model=CountingChat(stop_at=stop_at, error=Stop), name="stopped")
        with pytest.raises(Stop):
            await stopped.play()
        again = CountingChat()
        resumed = await Simulation.reopen(store, "stopped", scenario=scenario, model=again)
        await resumed.play()
        expected, got = await whole.transcript(), await resumed.transcript()
        places = [(call.place, call.attempt) for call in store.journal(resumed.run.id).calls()]
    assert got.statements == expected.statements
    assert len(places) == len(set(places)) == 9
