"""A party asked between two turns: it knows what it then knew, and the run never learns of it."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from converse_graph import Organisation, Request, Response, Store
from converse_graph.errors import ConverseError, InvalidValue, NotFound
from converse_graph.models.base import PUBLIC
from converse_graph.runs.interview import interview
from converse_graph.scenarios.rules import ScheduledEvent
from tests.support.small_scenarios import CountingChat, begin, debate, played, table


class Listening:
    """A large model that keeps what it was told, and says the same to everybody."""

    model = "listening"
    profile = "large"
    window: int | None = None

    def __init__(self, reply: str = '{"answer": "It was a close vote."}') -> None:
        self.requests: list[Request] = []
        self._reply = reply

    async def complete(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(text=self._reply, model=self.model)

    async def close(self) -> None:
        raise AssertionError("it belongs to who made it")

    @property
    def told(self) -> str:
        return "\n".join(part.text for part in self.requests[-1].messages)


def council(**more: Any) -> Any:
    parties = (Organisation(name="Alpha", brief="brief of Alpha", deliberation=debate("Left", "Right")), "Beta")
    return table(*parties, rounds=3, **more)


def dump(path: Path) -> list[str]:
    """Everything that a store holds."""
    with sqlite3.connect(path) as database:
        return list(database.iterdump())


async def test_a_party_knows_what_was_said_by_the_end_of_the_period_and_nothing_after(store: Store) -> None:
    run = await played(store, council())
    said = (await run.transcript()).statements
    model = Listening()
    told = await interview(store, run.run.name, party="Beta", at="round 2", question="Why?", model=model,
                           scenario=council())  # fmt: skip

    assert (told.party, told.period, told.answer, told.model) == (
        "Beta",
        "round 2",
        "It was a close vote.",
        "listening",
    )
    assert [statement.text in model.told for statement in said] == [True] * 4 + [False] * 2
    assert "It is the end of round 2." in model.told
    assert model.told.rstrip().rpartition("The question: ")[2].startswith("Why?")


async def test_a_party_knows_its_own_mind_and_nobody_elses(store: Store) -> None:
    run = await played(store, council())
    model = Listening()
    for party in ("Alpha", "Beta"):
        await interview(store, run.run.name, party=party, at="round 3", question="Why?", model=model,
                        scenario=council())  # fmt: skip
        owners = {part.owner for part in model.requests[-1].messages}
        assert owners == {PUBLIC, party}
        memos = [said.private.memo for said in (await run.transcript()).statements
                 if said.private and said.speaker == party]  # fmt: skip
        assert all(memo in model.told for memo in memos)
    assert any(part.source.startswith("mind/") for part in model.requests[0].messages)
    alphas = "\n".join(part.text for part in model.requests[0].messages)
    decisions = [said.private.deliberation.decision for said in (await run.transcript()).statements
                 if said.private and said.private.deliberation]  # fmt: skip
    assert len(decisions) == 3
    assert all(decision and decision.position in alphas for decision in decisions)


async def test_events_of_later_periods_are_unknown(store: Store) -> None:
    events = (ScheduledEvent(at="round 2", text="It rains."), ScheduledEvent(at="round 3", text="It snows."))
    run = await played(store, council(events=events))
    model = Listening()
    await interview(store, run.run.name, party="Beta", at="round 2", question="Why?", model=model,
                    scenario=council(events=events))  # fmt: skip

    assert "It rains." in model.told
    assert "It snows." not in model.told


async def test_an_interview_leaves_the_store_byte_for_byte_as_it_was(store: Store, store_path: Path) -> None:
    run = await played(store, council())
    before = dump(store_path)
    told = await interview(store, run.run.name, party="Alpha", at="round 1", question="Why?", scenario=council())

    assert told.model == "null"
    assert told.answer
    assert dump(store_path) == before


async def test_a_paused_run_can_be_asked_about_what_it_has_come_to(store: Store) -> None:
    run = await begin(store, table("Alpha", "Beta"), model=CountingChat(stop_at=2))
    with pytest.raises(ConverseError):
        await run.play()
    asked: dict[str, Any] = {"question": "Why?", "model": "null", "scenario": table("Alpha", "Beta")}
    assert (await interview(store, run.run.name, party="Beta", at="round 1", **asked)).answer
    with pytest.raises(InvalidValue, match="has not come to round 2: name round 1 or before"):
        await interview(store, run.run.name, party="Beta", at="round 2", **asked)


async def test_who_and_what_cannot_be_asked_is_said_in_one_line(store: Store) -> None:
    def seated() -> Any:
        return table("Alpha", Organisation(name="Visitor", brief="b", graph=_speaks))

    run = await played(store, seated())
    unplayed = await begin(store, seated())
    asked: dict[str, Any] = {"party": "Alpha", "at": "round 1", "question": "Why?"}
    for name, changed, told in (
        (run.run.name, {"party": "Visitor"}, "Visitor is a graph of its own and cannot be interviewed; those"),
        (run.run.name, {"party": "Gamma"}, "No organisation 'Gamma'; there is: Alpha, Visitor"),
        (run.run.name, {"at": "soon"}, "No period 'soon'"),
        (run.run.name, {"question": " "}, "There is no question"),
        (run.run.name, {"model": "clever"}, "No model 'clever'"),
        (unplayed.run.name, {}, "nobody has spoken yet"),
        ("nothing", {}, "No run 'nothing'"),
    ):  # fmt: skip
        with pytest.raises((InvalidValue, NotFound)) as refused:
            await interview(store, name, scenario=seated(), **{**asked, **changed})
        assert told in str(refused.value)
        assert "\n" not in str(refused.value)


async def test_a_model_that_cannot_fill_the_form_is_an_error_and_no_answer(store: Store) -> None:
    run = await played(store, council())
    model = Listening(reply="I would rather not.")
    with pytest.raises(ConverseError, match="Alpha gave no usable answer"):
        await interview(store, run.run.name, party="Alpha", at="round 1", question="Why?", model=model,
                        scenario=council())  # fmt: skip
    assert len(model.requests) == 3
    assert json.loads(json.dumps(model.requests[0].schema))["required"] == ["answer"]


def _speaks(view: dict[str, Any]) -> str:
    return "Good day."
