"""A statement that drifts is sent back like one that does not fit, and kept rather than lost."""

from pathlib import Path
from typing import Any

import pytest

from converse_graph import Boolean, Clock, Organisation, Percentiles, ScriptedModel, Simulation, Store
from converse_graph.audit.audit import audit_run
from converse_graph.measures.drift import drift
from converse_graph.runs.derived import replay
from tests.support.scripted_debate import prompt
from tests.support.small_scenarios import CREATED, Stop, begin, channels, journal, played, table

DRIFTING = "As Beta, we rejoice: it is now 2031 in all of our halls."
FAITHFUL = "We rejoice, for our halls are full this year."
BROKEN = '{"statement": 7}'


def said(text: str, **fields: Any) -> dict[str, Any]:
    return {"statement": text, **fields, "memo": "m"}


def years(*parties: Any, rounds: int = 1, **more: Any) -> Any:
    return table(*(parties or ("Alpha", "Beta")), clock=Clock(start=2029, end=2028 + rounds), **more)


async def text_of(simulation: Simulation, index: int = 0) -> tuple[str, int]:
    statement = (await simulation.transcript()).statements[index]
    return statement.text, statement.repairs


async def test_a_drifting_statement_is_a_rejected_attempt_and_told_what_is_wrong(store: Store) -> None:
    chat = ScriptedModel({"0.0/*": [said(DRIFTING), said(FAITHFUL)], "*": [said("We hear it.")]})
    simulation = await played(store, years(), model=chat)
    chat.assert_exhausted()

    assert await text_of(simulation) == (FAITHFUL, 1)
    assert DRIFTING in prompt(chat.requests[1]), "its author is shown what it wrote"
    told = chat.requests[1].messages[-1].text
    assert "but it is 2029: speak of no other year as now" in told
    assert "but you are Alpha" in told
    assert DRIFTING not in prompt(chat.requests[2]), "nobody else is"
    taken = [accepted for place, _, _, accepted in journal(store, simulation) if place == "0.0/Alpha/statement"]
    assert taken == [False, True]
    calls = list(store.journal(simulation.run.id).calls())
    spent = sum(call.reply.input_tokens + call.reply.output_tokens for call in calls)
    assert store.register.run(simulation.run.name).tokens == spent, "a rejected attempt is paid for like any other"
    assert [row.other_year + row.other_person for row in drift(await simulation.transcript())] == [0, 0]


async def test_what_drifts_after_two_repairs_is_kept_and_counted(store: Store) -> None:
    chat = ScriptedModel({"0.0/*": [said(DRIFTING)] * 3, "*": [said("We hear it.")]})
    simulation = await played(store, years(), model=chat)
    chat.assert_exhausted()

    assert await text_of(simulation) == (DRIFTING, 2)
    alpha, _ = drift(await simulation.transcript())
    assert (alpha.no_statement, alpha.repairs, alpha.other_year, alpha.other_person) == (0, 2, 1, 1)
    assert (await audit_run(store, simulation.run.name, scenario=simulation.scenario)).is_private


@pytest.mark.parametrize("replies", [(DRIFTING, BROKEN, BROKEN), (BROKEN, DRIFTING, BROKEN)])
async def test_what_drifts_is_worth_more_than_no_statement(store: Store, replies: tuple[str, ...]) -> None:
    lines = [reply if reply == BROKEN else said(reply) for reply in replies]
    chat = ScriptedModel({"0.0/*": lines, "*": [said("We hear it.")]})
    simulation = await begin(store, years(), model=chat)
    events: list[dict[str, Any]] = []
    await simulation.play(events.append)

    assert await text_of(simulation) == (DRIFTING, 2)
    first = next(number for number, event in enumerate(events) if event["event"] == "statement")
    assert [(event["event"], event.get("text")) for event in events[first - 2 : first]] == [
        ("restart", None),
        ("text", DRIFTING),
    ], "whoever watches sees what was kept"
    mind = (await channels(store, simulation))["mind_Alpha"]
    assert [entry["memo"] for entry in mind] == ["m"]
    assert (await audit_run(store, simulation.run.name, scenario=simulation.scenario)).is_private


async def test_broken_and_drifting_replies_share_two_repairs(store: Store) -> None:
    chat = ScriptedModel({"0.0/*": [BROKEN, said(DRIFTING), said(FAITHFUL)], "*": [said("We hear it.")]})
    simulation = await played(store, years(), model=chat)
    chat.assert_exhausted()
    assert await text_of(simulation) == (FAITHFUL, 2)


async def test_text_that_was_said_before_is_sent_back_whoever_said_it(store: Store) -> None:
    report = "We trained a larger model this year, and three auditors read the report."
    chat = ScriptedModel(
        {
            "0.0/*": [said(report)],
            "0.1/*": [said(report.replace("three", "two")), said("We did not.")],
            "1.0/*": [said(report), said("We did it again, with twice as many chips.")],
            "1.1/*": [said("We did not.")],
        }
    )
    simulation = await played(store, years(rounds=2), model=chat)
    chat.assert_exhausted()
    assert "it says again what was said before" in chat.requests[2].messages[-1].text
    assert [row.repeated for row in drift(await simulation.transcript())] == [0, 0]


async def test_an_estimate_in_the_past_is_sent_back_until_somebody_has_claimed_it(store: Store) -> None:
    fields = [
        Percentiles(name="agi_estimate", ask="?", minimum=2024, maximum=2200),
        Boolean(name="agi_claimed", ask="?"),
        Percentiles(name="seats", ask="?", minimum=0, maximum=9000),
    ]
    seats = {"p10": 1, "p50": 1500, "p90": 1700}
    past, next_year = ({"p10": 2025, "p50": year, "p90": 2040} for year in (2026, 2030))
    chat = ScriptedModel(
        {
            "0.0/*": [
                said("First.", agi_estimate=past, agi_claimed=False, seats=seats),
                said("Second.", agi_estimate=next_year, agi_claimed=False, seats=seats),
            ],
            "0.1/*": [said("Third.", agi_estimate=past, agi_claimed=True, seats=seats)],
            "1.0/*": [said("Fourth.", agi_estimate=past, agi_claimed=False, seats=seats)],
            "1.1/*": [said("Fifth.", agi_estimate=past, agi_claimed=False, seats=seats)],
        }
    )
    parties = [Organisation(name=name, fields=fields) for name in ("Alpha", "Beta")]
    simulation = await played(store, years(*parties, rounds=2), model=chat)
    chat.assert_exhausted()
    assert "agi_estimate has p50 2026, which is past, for it is 2029" in chat.requests[1].messages[-1].text
    assert [row.repairs for row in drift(await simulation.transcript())] == [1, 0]


async def test_drift_may_be_counted_alone_and_a_guest_is_asked_once(store: Store) -> None:
    guest = Organisation(name="Beta", graph=lambda view: {"text": "As Alpha, we rejoice."})
    chat = ScriptedModel([said(DRIFTING)])
    counted = await played(store, years(on_drift="count"), model=ScriptedModel([said(DRIFTING), said("We hear it.")]))
    with_guest = await played(store, years("Alpha", guest, on_drift="count"), model=chat)
    repairing = await played(store, years("Alpha", guest), model=ScriptedModel([said(FAITHFUL)]))

    assert await text_of(counted) == (DRIFTING, 0)
    assert drift(await counted.transcript())[0].other_year == 1
    assert await text_of(with_guest) == (DRIFTING, 0)
    assert await text_of(repairing, 1) == ("As Alpha, we rejoice.", 0)
    assert drift(await repairing.transcript())[1].other_person == 1


async def test_a_replay_and_a_run_that_was_stopped_anywhere_drift_and_are_put_right_alike(tmp_path: Path) -> None:
    script = [said(DRIFTING), said(DRIFTING.replace("2031", "2032")), said(FAITHFUL), BROKEN, said("We hear it.")]
    scenario, records = years(), []
    for stopped_at in range(len(script) + 1):
        async with Store.open(tmp_path / f"{stopped_at}.sqlite", make=True) as store:
            lines: list[Any] = [*script]
            if stopped_at < len(script):
                lines.insert(stopped_at, Stop())
            chat = ScriptedModel(lines)
            simulation = await begin(store, scenario, model=_Dying(chat))
            if stopped_at < len(script):
                with pytest.raises(Stop):
                    await simulation.play()
                simulation = await Simulation.reopen(store, simulation.run.name, scenario=scenario, model=_Dying(chat))
            await simulation.play()
            chat.assert_exhausted()
            again = await replay(store, simulation.run.name, created=CREATED, scenario=scenario)
            await again.play()
            assert journal(store, again) == journal(store, simulation)
            assert await channels(store, again) == await channels(store, simulation)
            records.append(((await simulation.transcript()).statements, journal(store, simulation)))
    assert all(record == records[0] for record in records)
    assert [call[3] for call in records[0][1]] == [False, False, True, False, True]


class _Dying(ScriptedModel):
    """Says another's lines, and ends the run where one of them is its end."""

    def __init__(self, script: ScriptedModel) -> None:
        super().__init__([])
        self._other = script

    async def complete(self, request: Any) -> Any:
        said = self._other._script["*"][0]
        if isinstance(said, BaseException) and not isinstance(said, Exception):
            self._other._script["*"].popleft()
            raise said
        return await self._other.complete(request)
