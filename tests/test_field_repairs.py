"""A reply of which some fields do not fit: these alone are asked for again, and the rest is kept."""

import dataclasses
import json
from typing import Any

import pytest

from converse_graph import Integer, Organisation, Store, Text
from converse_graph.audit.audit import audit_run
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.errors import InvalidReply
from converse_graph.models.base import Request, Response
from converse_graph.record.call_paths import CallPath
from converse_graph.runs.derived import replay
from tests.support.audited_records import records_of
from tests.support.small_scenarios import CountingChat, begin, played, table

PARTY = Organisation(
    name="A",
    fields=[
        Integer(name="year", ask="when", minimum=2024, maximum=2100),
        Integer(name="share", ask="how much", minimum=0, maximum=100),
        Text(name="offer", ask="what", max_length=10),
    ],
)
GOOD = {"statement": "We go on.", "year": 2030, "share": 7, "offer": "four", "memo": "Wait."}


class Writing(CountingChat):
    """Gives the replies that it was made with, one after the other."""

    profile = "large"

    def __init__(self, *replies: dict[str, Any] | str) -> None:
        super().__init__()
        self.replies = [reply if isinstance(reply, str) else json.dumps(reply) for reply in replies]
        self.asked: list[Request] = []

    async def complete(self, request: Request) -> Response:
        self.asked.append(request)
        text = self.replies[len(self.asked) - 1]
        if request.on_delta:
            request.on_delta(text)
        return dataclasses.replace(await super().complete(dataclasses.replace(request, on_delta=None)), text=text)


ROWS: list[tuple[list[dict[str, Any] | str], list[list[str]], dict[str, Any], list[str]]] = [
    ([{**GOOD, "year": 1}, {"year": 2031}], [["year"]], {"year": 2031}, []),
    ([{**GOOD, "year": 1, "share": "much"}, {"year": 2031, "share": 999}, {"share": 8}],
     [["year", "share"], ["share"]], {"year": 2031, "share": 8}, []),
    ([{**GOOD, "year": 1}, "I am sorry.", {"year": 2031}], [["year"], ["year"]], {"year": 2031}, []),
    ([{**GOOD, "year": 1}, {**GOOD, "statement": "Another.", "year": 2031}], [["year"]], {"year": 2031}, []),
    ([{**GOOD, "offer": "x" * 51}, {"offer": "five"}], [["offer"]], {"offer": "five"}, []),
    ([{**GOOD, "offer": "eleven more", "year": 1}, '```json\n{"year": 2031, "why": 1}\n```'], [["year"]],
     {"offer": "eleven more", "year": 2031}, ["offer too long", "unknown field"]),
    ([{**GOOD, "statement": " "}, {"statement": "Now."}], [["statement"]], {"statement": "Now."}, []),
    (["I am sorry.", GOOD], [["statement", "year", "share", "offer", "memo"]], {}, []),
]  # fmt: skip
"""Replies in turn, the fields of each repair, what is otherwise on record of the good reply, what was put up with."""


@pytest.mark.parametrize(("replies", "asked", "changed", "mended"), ROWS)
async def test_fields_at_fault_are_asked_for_alone_and_the_audit_reads_the_whole(
    store: Store,
    replies: list[dict[str, Any] | str],
    asked: list[list[str]],
    changed: dict[str, Any],
    mended: list[str],
) -> None:
    model = Writing(*replies)
    simulation = await played(store, table(PARTY, rounds=1), model=model)
    assert [list(request.schema["properties"]) for request in model.asked[1:]] == asked
    (said,) = (await simulation.transcript()).statements
    expected = {**GOOD, **changed}
    assert said.private is not None
    on_record = {"statement": said.text, **said.fields, "memo": said.private.memo}
    assert (on_record, said.repairs, list(said.mended)) == (expected, len(asked), mended)
    audit = await audit_run(store, simulation.run.name, scenario=simulation.scenario)
    assert (audit.leaks, audit.quoted) == ((), ())
    again = await replay(store, simulation.run.name, scenario=simulation.scenario)
    await again.play()
    assert [one.text for one in (await again.transcript()).statements] == [said.text]


async def test_a_record_that_keeps_the_value_that_was_sent_back_is_found_out(store: Store) -> None:
    party = Organisation(name="A", fields=[Text(name="offer", ask="what", max_length=2)])
    good = {"statement": "We go on.", "offer": "4", "memo": "Wait."}
    simulation = await played(store, table(party, rounds=1), model=Writing({**good, "offer": "x" * 11}, {"offer": "4"}))
    run = store.register.run(simulation.run.name)
    records = records_of(store, run, store.channels(run.name))
    (said,) = records.statements
    answers = records.answers(CallPath.of_turn(said["round"], said["turn"], "A").call("statement"))
    assert answers == [good]


async def test_prose_that_fits_is_not_shown_as_void(store: Store) -> None:
    events: list[dict[str, Any]] = []
    simulation = await begin(store, table(PARTY, rounds=1), model=Writing({**GOOD, "year": 1}, {"year": 2031}))
    await simulation.play(events.append)
    assert "".join(event["text"] for event in events if event["event"] == "text") == "We go on."
    assert not [event for event in events if event["event"] == "restart"]


def test_what_fits_of_a_reply_is_said_with_what_does_not() -> None:
    form = build_reply_schema("f", [Text(name="prose", ask="?"), Integer(name="n", ask="?", minimum=0, maximum=9)])
    for reply, fitting in (({"prose": "x", "n": 10}, {"prose": "x"}), ({"n": 3}, {"n": 3}), ({"m": 1}, {}),
                           ({"prose": " ", "n": 3}, {"n": 3}), ({"prose": " ", "n": 10}, {})):  # fmt: skip
        with pytest.raises(InvalidReply) as broken:
            form.read(json.dumps(reply))
        assert broken.value.fitting == fitting
