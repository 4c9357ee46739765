"""What a party is reminded of as its turn comes: late in its prompt, its own and what it heard, within bounds."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver

from converse_graph import Clock, Memory, Organisation, Recall, Scenario, ScheduledEvent, Store, TextList
from converse_graph.audit.audit import audit_run
from converse_graph.audit.prompt_check import may_read
from converse_graph.models.base import PUBLIC, Message
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.recall_index import sentences_of
from converse_graph.prompting.recall_records import REPORTED, SAID, past_records
from converse_graph.prompting.templates import load_prompts
from converse_graph.prompting.truncation import drop_oldest_half, fit_to_window
from converse_graph.prompting.visibility import view
from converse_graph.record.call_paths import parse_call_path
from converse_graph.record.state import TurnState
from converse_graph.runs.fingerprint import differences, fingerprint
from converse_graph.runs.interview import interview
from converse_graph.runs.simulation import Simulation
from converse_graph.scenarios.yaml_files import read_scenario, write_scenario
from tests.support.planted_secrets import Marking, scenarios
from tests.support.recall_models import Counting, Speaking, recalled, recalling
from tests.support.small_scenarios import CREATED, debate, played
from tests.test_canaries import check
from tests.test_canaries import played as played_to_its_end

PELLETS = "The Leeds turbine burns olive pellets from Crete."
PLANTED = {"0.0/Alpha/statement": PELLETS}
ASKED = {"round 10": "Which pellets does the Leeds turbine burn?"}


def asking(**more: Any) -> Scenario:
    return recalling("Alpha", Organisation(name="Beta", brief="brief of Beta", questions_at=ASKED), **more)


async def test_what_was_said_long_ago_is_recalled_once_it_is_asked_about_and_stands_after_what_changes_less(
    tmp_path: Path,
) -> None:
    chat = Speaking(PLANTED)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, asking(recall={"reflect_after": None}), model=chat)
    parts = next(request for request in chat.requests if request.place == "9.1/Beta/statement").messages
    kinds = [part.source.partition("/")[0] for part in parts]
    known = kinds.index("recalled")
    assert "statement/0.0/Alpha" in recalled([part.source for part in parts])
    assert PELLETS in next(part.text for part in parts if part.source == "recalled/statement/0.0/Alpha")
    assert set(kinds[:known]) >= {"prompt", "summary", "statement", "mind"}
    assert kinds[known:] == ["recalled"] * (len(kinds) - known - 1) + ["prompt"]


async def test_without_recall_the_same_prompt_has_the_same_beginning_and_nothing_is_recalled(tmp_path: Path) -> None:
    with_it, without = Speaking(PLANTED), Speaking(PLANTED)
    scenario = asking(recall={"reflect_after": None})
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, scenario, model=with_it)
        await played(store, scenario.model_copy(update={"memory": Memory()}), model=without, name="without")
    before = [[source for source in with_it.told(request.place) if not source.startswith("recalled/")]
              for request in without.requests]  # fmt: skip
    assert before == [without.told(request.place) for request in without.requests]
    assert not any(recalled(without.told(request.place)) for request in without.requests)


async def test_what_is_recalled_is_within_its_bounds_and_of_before_the_window_alone(tmp_path: Path) -> None:
    chat = Speaking()
    scenario = recalling(rounds=20, recall={"max_records": 3, "max_tokens": 300})
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, scenario, model=chat)
    reminded = [request for request in chat.requests if recalled([part.source for part in request.messages])]
    assert len(reminded) > 30
    for request in reminded:
        told = [part for part in request.messages if part.source.startswith("recalled/")]
        others = {part.source for part in request.messages if part not in told}
        assert len(told) <= 3
        # The marks around a recalled part are not counted; they are the same few for each.
        assert (
            sum(estimate_tokens(part.text.removeprefix("<recalled>").removesuffix("</recalled>")) for part in told)
            <= 330
        )
        assert not others & set(recalled([part.source for part in told])), "nothing is told twice"
        rounds = [int(source.split("/")[1].split(".")[0]) for source in recalled([part.source for part in told])
                  if source.startswith(("statement/", "mind/"))]  # fmt: skip
        assert rounds == sorted(rounds), "oldest first"


async def test_small_models_guests_and_parties_that_want_none_recall_nothing_and_nobody_is_asked_for_it(
    tmp_path: Path,
) -> None:
    small, large = Speaking(), Speaking()
    small.profile = "small"
    guest = Organisation(name="Guest", graph=lambda view: {"statement": "As before."})
    mute = Organisation(name="Mute", recall=Recall(max_records=0))
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, recalling(), model=small)
        await played(store, recalling("Alpha", guest, mute, rounds=8), model=large, name="others")
    assert not [source for request in small.requests for source in recalled(small.told(request.place))]
    assert not [place for place, _ in small.places if place.endswith("/reflection")]
    who = {request.place.split("/")[1] for request in large.requests if recalled(large.told(request.place))}
    assert who == {"Alpha"}


async def test_a_party_s_own_setting_goes_before_the_scenario_s(tmp_path: Path) -> None:
    chat = Speaking()
    parties = ("Alpha", Organisation(name="Beta", recall=Recall(max_records=1)))
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, recalling(*parties, recall={"max_records": 2}), model=chat)
    told = {name: {len(recalled(chat.told(request.place))) for request in chat.requests
                   if request.place.endswith(f"{name}/statement")} for name in ("Alpha", "Beta")}  # fmt: skip
    assert (max(told["Alpha"]), max(told["Beta"])) == (2, 1)


async def test_a_debate_hears_what_its_owner_recalls_and_each_party_has_a_past_of_its_own(tmp_path: Path) -> None:
    chat = Speaking()
    scenario = recalling(Organisation(name="Alpha", deliberation=debate("Left", "Right")), "Beta", rounds=8)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, scenario, model=chat)
        found = await audit_run(store, run.run.name, scenario=scenario)
    line = next(request for request in chat.requests if request.place == "7.0/Alpha/1.Right/line")
    assert recalled([part.source for part in line.messages]) == recalled(chat.told("7.0/Alpha/statement")) != []
    for request in chat.requests:
        assert all(may_read(parse_call_path(request.place).reader, part.owner) for part in request.messages)
    assert found.leaks == ()


@pytest.mark.slow
@settings(max_examples=6, deadline=None, phases=(Phase.generate,), suppress_health_check=[HealthCheck.too_slow])
@given(scenario=scenarios(depth=1), faults=st.integers(0, 3))
async def test_no_private_word_leaves_a_mind_by_being_recalled(
    tmp_path_factory: Any, scenario: Scenario, faults: int
) -> None:
    remembers = {"verbatim_rounds": 1, "clock": Clock(end=4, step="round"),
                 "memory": Memory(recall=Recall(max_records=20, max_tokens=8000, reflect_after=1))}  # fmt: skip
    scenario = scenario.model_copy(update=remembers)
    async with Store.open(tmp_path_factory.mktemp("canaries") / "runs.sqlite", make=True) as store:
        run = await Simulation.begin(store, scenario, seed=1, created=CREATED, model=Marking("large", faults=faults))
        events, traced = await played_to_its_end(run)
        await check(store, run, events, traced)
        parts = {part for call in store.journal(run.run.id).calls() for part in call.messages}
    assert any(part.source.startswith("recalled/") for part in parts)


async def test_an_audit_finds_another_s_record_in_what_a_party_recalls_and_one_that_was_made_up(
    tmp_path: Path,
) -> None:
    chat = Speaking()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, recalling(rounds=8), model=chat)
        calls = list(store.journal(run.run.id).calls())
        (mine,) = {part for call in calls for part in call.messages if part.source == "mind/0.0/Alpha"}
        last = next(call for call in calls if call.place == "7.1/Beta/statement")
        schema, parts = last.schema, last.messages
        for number, text in enumerate((mine.text, mine.text.replace("</private>", "and more</private>"))):
            part = Message(role="user", text=f"<recalled>\n{text}\n</recalled>", source=f"recalled/{mine.source}",
                        owner="Alpha" if number == 0 else "Beta")  # fmt: skip
            request = next(request for request in chat.requests if request.place == last.place)
            changed = type(request)(messages=(*parts, part), schema=schema, place=last.place, attempt=number + 1)
            await store.journal(run.run.id).record(changed, last.reply, accepted=True)
        found = await audit_run(store, run.run.name, scenario=run.scenario)
    assert [(leak.kind, leak.source) for leak in found.leaks] == [
        ("access", "recalled/mind/0.0/Alpha"), ("provenance", "recalled/mind/0.0/Alpha"), ("replay", "journal"),
    ]  # fmt: skip


async def test_what_is_recalled_leaves_a_prompt_before_anything_else() -> None:
    source = ("summary/1.0-1", "statement/8.0/A", "mind/8.0/A", "recalled/summary/1.2-3", "recalled/mind/1.0/A")
    parts = [Message(role="user", text="x" * 100, source=name) for name in source]
    task = Message(role="user", text="t", source="prompt/organisation/statement")
    size = sum(estimate_tokens(part.text) for part in (*parts[:3], task))
    kept = fit_to_window((*parts, task), window=size + 10, reply=10, model="m")
    assert [part.source for part in kept] == [*source[:3], task.source]
    assert [part.source for part in drop_oldest_half((*parts, task))] == ["summary/1.0-1", "mind/8.0/A", task.source][
        :3
    ]


def test_a_record_weighs_what_its_fields_say() -> None:
    fields = (TextList(name="incidents", ask="what went wrong", optional=True),)
    alpha = Organisation(name="Alpha", fields=fields)
    from_fields = {"title": "What went wrong", "field": "incidents", "whose": "all"}
    scenario = recalling(alpha, "Beta", rounds=9, pinned=[from_fields], verbatim_rounds=1,
                         events=[ScheduledEvent(at="round 1", text="It rains."),
                                 ScheduledEvent(at="round 1", text="Hm.", party="Alpha")])  # fmt: skip
    said = [{"kind": "statement", "round": round, "turn": 0, "speaker": "Alpha", "text": text,
             "fields": {"incidents": found}}
            for round, text, found in ((0, "A fire.", ["a fire in Leeds"]), (1, "Beta lies.", []), (2, "", []),
                                       (3, "Nothing new.", []), (8, "Now.", []))]  # fmt: skip
    minds = {f"mind_{name}": [{"kind": "note", "round": 0, "turn": 1, "place": f"0.1/{name}", "path": name,
                               "memo": f"note of {name}"}]
             for name in ("Alpha", "Beta")}  # fmt: skip
    floor = TurnState(round=8, turn=1, speakers=["Beta"], queue=[], turns_taken={})
    seen = view(scenario, {"transcript": said, "floor": floor, **minds}, "Beta")
    weights = {record.message.source: record.importance for record in past_records(scenario, seen)}
    assert weights == {
        "event/0": 0.9, "statement/0.0/Alpha": REPORTED, "mind/0.1/Beta": 0.4, "statement/1.0/Alpha": 0.5,
        "statement/3.0/Alpha": SAID,
    }  # fmt: skip
    assert all(record.message.owner in (PUBLIC, "Beta") for record in past_records(scenario, seen))


def test_a_party_that_does_not_recall_is_given_no_past_to_look_through() -> None:
    said = [{"kind": "statement", "round": 0, "turn": 0, "speaker": "Alpha", "text": "A fire.", "fields": {}}]
    floor = TurnState(round=8, turn=1, speakers=["Beta"], queue=[], turns_taken={})
    scenario = recalling().model_copy(update={"memory": Memory()})
    assert view(scenario, {"transcript": said, "floor": floor}, "Beta").earlier == ()


def test_what_is_embedded_is_each_sentence_by_itself_without_the_marks() -> None:
    told = '<statement by="Alpha" in="2027 H2">Wages &lt; prices! We strike.\n[shifts: none]</statement>'
    pieces = sentences_of(Message(role="user", text=told, source="statement/3.0/Alpha", owner="Alpha"))
    assert [piece.text for piece in pieces] == ["Wages < prices!", "We strike.", "[shifts: none]"]
    assert {(piece.source, piece.owner) for piece in pieces} == {("sentence/statement/3.0/Alpha", "Alpha")}


async def test_a_party_that_is_interviewed_recalls_what_it_is_asked_about(tmp_path: Path) -> None:
    chat = Speaking(PLANTED)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, recalling(), model=chat)
        await interview(store, run.run.name, party="Beta", at="round 10", question=ASKED["round 10"], model=chat,
                        scenario=run.scenario)  # fmt: skip
    assert "statement/0.0/Alpha" in recalled(chat.told("9.2/Beta/interview"))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"half_life": 9.0}, ["scenario: memory.recall.half_life"]),
        ({"embedder": "offline"}, ["scenario: memory.recall.embedder"]),
        ({"reflect_after": None}, ["scenario: memory.recall.reflect_after"]),
    ],
)
def test_a_changed_setting_of_recall_is_noticed(changed: dict[str, Any], named: list[str]) -> None:
    before, now = (fingerprint(recalling(recall=recall), load_prompts()) for recall in ({}, changed))
    assert differences(before, now) == named


def test_recall_is_a_few_lines_of_a_scenario_file() -> None:
    text = """version: 1
premise: A long winter.
clock: {start: 2026, end: 2060}
memory:
  recall: {embedder: offline, half_life: 8}
organisations:
  - {name: North, recall: {max_records: 2}}
  - name: South
"""
    made = read_scenario(text)
    north, south = made.organisations
    assert made.recall_of(north) == Recall(max_records=2)
    assert made.recall_of(south) == Recall(embedder="offline", half_life=8)
    assert read_scenario(write_scenario(made)) == made


async def test_the_last_rounds_of_a_run_read_back_as_they_were(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        run = await played(store, recalling(rounds=6), model=Speaking())
        values = store.channels(run.run.name)
    assert [entry["round"] for entry in values["mind_Alpha"] if entry["kind"] == "note"] == list(range(6))


async def test_a_bare_graph_recalls_too_each_thread_its_own_and_embeds_nothing_twice() -> None:
    embedder, chat = Counting(), Speaking(PLANTED)
    graph = recalling(rounds=9, recall={"embedder": embedder, "reflect_after": None}).graph()
    compiled = graph.compile(checkpointer=InMemorySaver())
    told = []
    for thread in ("one", "other"):
        config: Any = {"configurable": {"thread_id": thread, "model": chat}, "recursion_limit": 100}
        await compiled.ainvoke({"horizon": 9}, config)
        told.append([recalled(chat.told(request.place)) for request in chat.requests])
        chat.requests.clear()
    assert told[0] == told[1]
    assert any(told[0])
    texts = len(embedder.texts) // 2
    assert embedder.texts[:texts] == embedder.texts[texts:], "nobody's vectors are another thread's"
    assert len(set(embedder.texts)) == texts
