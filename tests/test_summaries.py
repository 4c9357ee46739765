"""Long runs: what leaves the window is summed up first, once, in blocks, and only for those whose it is."""

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converse_graph import Memory, Organisation, Pinned, Scenario, Store, TextList
from converse_graph.errors import ContextLengthExceeded, ContextWindowTooSmall, InvalidValue
from converse_graph.models.base import PUBLIC, Message, PromptProfile, Request, Response
from converse_graph.prompting.summaries import (
    MERGE_EVERY,
    StandingSummaries,
    current_summaries,
    spans_to_summarise,
    summaries_to_merge,
    summarised_until,
    window_start,
)
from converse_graph.prompting.truncation import drop_oldest_half, fit_to_window
from converse_graph.record.call_paths import Span
from converse_graph.record.records import SummaryRecord
from converse_graph.runs.derived import fork, replay
from converse_graph.scenarios.memory_settings import PinnedFold, pinned_entries
from tests.support.property_search import example_count
from tests.support.small_scenarios import CREATED, CountingChat, debate, played, table


class LargeChat(CountingChat):
    """The null model, told what a large one is told, which keeps every request."""

    profile: PromptProfile = "large"

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.requests: list[Request] = []

    async def complete(self, request: Request) -> Response:
        self.requests.append(request)
        return await super().complete(request)


def boards(rounds: int, **more: Any) -> Scenario:
    return table(
        Organisation(name="Alpha", brief="brief of Alpha", deliberation=debate("Left", "Right", turns=2)),
        "Beta",
        rounds=rounds,
        **more,
    )


@given(
    rounds=st.lists(st.integers(0, 900), min_size=1, max_size=60),
    window=st.integers(1, 9),
    limit=st.integers(0, 3000),
)
def test_rounds_are_frozen_once_in_order_and_before_they_leave_the_window(
    rounds: list[int], window: int, limit: int
) -> None:
    frozen = 0
    for following in range(1, len(rounds) + 1):
        for block in spans_to_summarise(frozen, following, window, rounds[frozen:following], limit):
            assert block.first == frozen
            assert block.first <= block.last < following - 1, "the last round is always heard word for word"
            frozen = block.last + 1
        assert frozen >= min(window_start(following, window), following - 1), "nothing is forgotten unsummed"
        assert sum(rounds[frozen:following]) <= limit or frozen == following - 1


def summary(level: int, first: int, last: int) -> SummaryRecord:
    return {"kind": "summary", "round": last, "turn": 0, "level": level, "first": first, "last": last, "summary": "x"}


@settings(max_examples=example_count(40), deadline=None)
@given(st.integers(0, 300))
def test_what_stands_for_the_past_covers_it_once_and_grows_with_the_logarithm(blocks: int) -> None:
    made: list[SummaryRecord] = []
    for number in range(blocks):
        made.append(summary(1, 2 * number, 2 * number + 1))
        while due := summaries_to_merge(made):
            made.append(summary(due[0]["level"] + 1, due[0]["first"], due[-1]["last"]))
    standing = current_summaries(made)
    covered = [round for kept in standing for round in range(kept["first"], kept["last"] + 1)]
    assert covered == list(range(2 * blocks))
    assert len(standing) <= (MERGE_EVERY - 1) * 6, "300 blocks have five levels above the first"


def test_a_summary_takes_the_place_of_those_it_stands_for_and_of_no_other() -> None:
    """Where rounds are so long that several blocks are summed up at once, the last of them is not merged yet."""
    blocks = [summary(1, 2 * number, 2 * number + 1) for number in range(4)]
    merged = summary(2, 0, 5)
    assert current_summaries([*blocks, merged]) == (merged, blocks[3])
    assert summarised_until([merged, blocks[3]]) == 8
    assert summarised_until([]) == 0


@settings(max_examples=example_count(40), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Alpha", "Alpha/Left"]), st.integers(1, 3)), max_size=60), st.randoms())
def test_what_stands_is_folded_as_summaries_are_written_each_speakers_own(
    writers: list[tuple[str, int]], random: Any
) -> None:
    mind: list[Any] = []
    fold = StandingSummaries()
    for path, at_once in writers:
        own = [record for record in mind if record["path"] == path]
        frozen = summarised_until(own)
        new = [summary(1, frozen + number, frozen + number) for number in range(at_once)]
        while due := summaries_to_merge([*own, *new]):
            new.append(summary(due[0]["level"] + 1, due[0]["first"], due[-1]["last"]))
        mind += [{**record, "kind": "private_summary", "path": path} for record in new]
        if random.random() < 0.5:
            by_speaker = {path: [one for one in mind if one["path"] == path] for path in ("Alpha", "Alpha/Left")}
            standing = [one for own in by_speaker.values() for one in current_summaries(own)]
            assert sorted(map(str, fold.bring_up(mind).summaries)) == sorted(map(str, standing))
            for own in by_speaker.values():
                covered = [round for one in current_summaries(own) for round in range(one["first"], one["last"] + 1)]
                assert covered == list(range(summarised_until(own)))


@settings(max_examples=example_count(40), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.lists(st.sampled_from("xyzuv"), max_size=3)), max_size=30),
    st.integers(1, 4),
    st.sampled_from(["own", "all"]),
)
def test_what_is_pinned_is_folded_as_statements_are_made(
    reports: list[tuple[str, list[str]]], most: int, whose: Any
) -> None:
    """Against the record read backwards from its end, until there are enough entries."""
    rule = Pinned(title="t", field="made", max_entries=most, whose=whose)
    fold, said = PinnedFold(rule, "A"), list[dict[str, Any]]()
    for speaker, made in reports:
        said.append({"speaker": speaker, "fields": {"made": made}})
        latest = dict.fromkeys(
            entry if whose == "own" else f"{one['speaker']}: {entry}"
            for one in reversed(said)
            for entry in reversed(one["fields"]["made"])
            if whose == "all" or one["speaker"] == "A"
        )
        assert fold.bring_up(said).entries == tuple(reversed([*latest][:most])) == pinned_entries(rule, "A", said)


async def test_a_prompt_is_brief_then_summaries_then_recent_words_then_the_task_with_the_clock(tmp_path: Path) -> None:
    chat = LargeChat()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, boards(12), model=chat)
    last = [request for request in chat.requests if request.place.endswith("Beta/statement")][-1]
    kinds = [_kind(part) for part in last.messages]
    assert kinds == sorted(kinds, key=["brief", "summary", "recent", "task"].index)
    assert {"brief", "summary", "recent", "task"} <= set(kinds)
    assert "round 12" in last.messages[-1].text
    assert all("round 12" not in part.text for part in last.messages if _kind(part) in ("brief", "summary"))


async def test_public_rounds_are_summed_up_once_for_all_and_private_ones_by_their_owner_alone(tmp_path: Path) -> None:
    chat = LargeChat()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, boards(20), model=chat)
    asked = [request for request in chat.requests if "/summary." in request.place]
    by_whom = {request.place.split("/")[1] for request in asked}
    assert by_whom == {"supervisor", "Alpha", "Beta"}
    for request in chat.requests:
        reader = request.place.split("/")[1]
        for part in request.messages:
            assert part.owner == PUBLIC or part.owner.split("/")[0] == reader, (request.place, part.source)
    public = [request.place for request in asked if "supervisor" in request.place]
    assert len(public) == len(set(public)) == 5, "four rounds at a time, and once three of these"
    personas = {request.place.split("/")[2] for request in asked if "Left" in request.place or "Right" in request.place}
    assert personas == {"memory.Left", "memory.Right"}


async def test_a_summary_is_never_rewritten_and_every_prompt_begins_as_the_one_before_for_a_block(
    tmp_path: Path,
) -> None:
    chat = LargeChat()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, table("Alpha", "Beta", rounds=30), model=chat)
        kept = store.channels(simulation.run.name)["summaries"]
    assert len({(entry["level"], entry["first"]) for entry in kept}) == len(kept)
    assert max(entry["level"] for entry in kept) == 2
    own = [request for request in chat.requests if request.place.endswith("Beta/statement")]
    shared = [sum(1 for _ in _alike(before.messages, after.messages)) for before, after in pairwise(own)]
    grown = [len(before.messages) - 1 == same for before, same in zip(own, shared, strict=False)]
    assert grown.count(True) >= 3 * len(grown) // 4 - 1, "all but the task is repeated, but for every fourth round"


async def test_a_prompt_stays_bounded_however_long_the_run(tmp_path: Path) -> None:
    chat = LargeChat()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, table("Alpha", "Beta", rounds=80), model=chat)
    sizes = [sum(len(part.text) for part in request.messages) for request in chat.requests
             if request.place.endswith("Beta/statement")]  # fmt: skip
    assert max(sizes[40:]) < 2 * max(sizes[8:16])


async def test_small_models_and_a_scenario_without_summaries_are_asked_for_none(tmp_path: Path) -> None:
    small, without = CountingChat(), LargeChat()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        await played(store, boards(8), model=small)
        await played(store, boards(8, memory=Memory(summaries=False)), model=without, name="without")
    assert not [place for place, _ in (*small.places, *without.places) if "/summary." in place]


async def test_a_summary_that_no_model_could_write_is_made_of_the_last_words(tmp_path: Path) -> None:
    class Broken(LargeChat):
        async def complete(self, request: Request) -> Response:
            reply = await super().complete(request)
            return dataclasses.replace(reply, text="no") if "/summary." in request.place else reply

    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, table("Alpha", "Beta", rounds=6), model=Broken())
        values = store.channels(simulation.run.name)
    first = values["summaries"][0]
    said = [entry["text"] for entry in values["transcript"] if entry["round"] == first["last"]]
    assert first["problem"]
    assert all(text[:100] in first["summary"] for text in said)


async def test_a_fork_keeps_the_summaries_of_its_past_and_a_replay_asks_for_the_same(tmp_path: Path) -> None:
    scenario = boards(10)
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        whole = await played(store, scenario, model=LargeChat(), name="whole")
        again = await replay(store, "whole", created=CREATED, scenario=scenario)
        await again.play()
        assert (await again.transcript()).statements == (await whole.transcript()).statements
        chat = LargeChat()
        branched = await fork(store, "whole", at="round 8", created=CREATED, scenario=scenario, model=chat)
        await branched.play()
        forked, original = [store.channels(run.run.name) for run in (branched, whole)]
    assert forked["summaries"] == original["summaries"]
    assert [place for place, _ in chat.places if "supervisor/summary.1.0-3" in place] == []


async def test_rounds_too_long_for_their_share_of_the_window_are_summed_up_sooner(tmp_path: Path) -> None:
    chat = LargeChat()
    chat.window = 6000
    scenario = table("Alpha", "Beta", rounds=4, memory=Memory(max_window_share=0.05))
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, scenario, model=chat)
        kept = store.channels(simulation.run.name)["summaries"]
    assert [(entry["first"], entry["last"]) for entry in kept if entry["level"] == 1] == [(0, 0), (1, 1)]


@given(sizes=st.lists(st.integers(0, 4000), max_size=12), window=st.integers(1600, 9000))
def test_a_prompt_never_exceeds_the_window_and_loses_the_oldest_words_first(sizes: list[int], window: int) -> None:
    brief = Message(role="system", text="b" * 400, source="prompt/organisation/brief", owner="A")
    heard = [
        Message(role="user", text="x" * size, source=f"statement/{number}.0/A") for number, size in enumerate(sizes)
    ]
    task = Message(role="user", text="t" * 400, source="prompt/organisation/statement", owner="A")
    kept = fit_to_window((brief, *heard, task), window=window, reply=1000, model="m")
    assert kept[0] == brief
    assert kept[-1] == task
    assert list(kept[1:-1]) == heard[len(heard) - len(kept) + 2 :]
    assert sum(len(part.text) / 2.5 for part in kept) + 1000 <= window


def test_of_a_prompt_that_the_server_finds_too_long_half_of_the_past_is_left_out() -> None:
    summary = Message(role="user", text="s", source="summary/1.0-1")
    heard = [Message(role="user", text="x", source=f"statement/{number}.0/A") for number in range(4)]
    assert drop_oldest_half((summary, *heard)) == (summary, heard[3])
    assert drop_oldest_half((summary,)) == ()
    task = Message(role="user", text="t", source="prompt/organisation/statement")
    assert drop_oldest_half((task,)) == (task,)


async def test_a_server_that_counts_more_tokens_than_we_do_is_asked_again_with_less(tmp_path: Path) -> None:
    class Narrow(LargeChat):
        async def complete(self, request: Request) -> Response:
            if sum(len(part.text) for part in request.messages) > 3600:
                raise ContextLengthExceeded("the context size is exceeded")
            return await super().complete(request)

    chat = Narrow()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, table("Alpha", "Beta", rounds=4, max_statement_chars=600), model=chat)
        transcript = await simulation.transcript()
    assert all(statement.text for statement in transcript.statements)


async def test_a_window_too_small_for_the_brief_alone_is_refused_with_the_numbers(tmp_path: Path) -> None:
    chat = LargeChat()
    chat.window = 1500
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        with pytest.raises(
            ContextWindowTooSmall, match=r"take about \d{3,4} tokens and the reply 1024; the window of counting"
        ):
            await played(store, table(Organisation(name="Alpha", brief="word " * 600)), model=chat)
        assert store.register.runs() == []


def test_what_is_kept_is_folded_from_fields_oldest_first_once_and_capped() -> None:
    said = [
        {"speaker": "A", "fields": {"made": ["x", "y"]}},
        {"speaker": "B", "fields": {"made": ["z"]}},
        {"speaker": "A", "fields": {"made": ["x"], "broke": "a leak"}},
        {"speaker": "B", "fields": {"broke": None}},
    ]
    assert pinned_entries(Pinned(title="t", field="made"), "A", said) == ("y", "x")
    assert pinned_entries(Pinned(title="t", field="made", max_entries=1), "A", said) == ("x",)
    assert pinned_entries(Pinned(title="t", field="broke", whose="all"), "B", said) == ("A: a leak",)


async def test_a_party_is_told_what_it_must_never_lose_long_after_it_left_the_window(tmp_path: Path) -> None:
    made = TextList(name="made", ask="what you made")
    parties = [Organisation(name=name, fields=[made]) for name in ("Alpha", "Beta")]
    kept = [Pinned(title="You have made", field="made", max_entries=50)]
    chat = LargeChat()
    async with Store.open(tmp_path / "runs.sqlite", make=True) as store:
        simulation = await played(store, table(*parties, rounds=9, pinned=kept), model=chat)
        transcript = await simulation.transcript()
    first = next(said for said in transcript.statements if said.speaker == "Beta" and said.fields["made"])
    last = [request for request in chat.requests if request.place.endswith("Beta/statement")][-1]
    assert first.fields["made"][0] in last.messages[-1].text
    assert last.messages[-1].source == "prompt/organisation/statement"


def test_a_field_that_nobody_reports_cannot_be_kept() -> None:
    with pytest.raises(InvalidValue, match="'T' keeps field 'made'; the parties report: nothing"):
        table("Alpha", pinned=[Pinned(title="T", field="made")])


def test_a_block_of_one_round_is_due_where_the_window_is_one() -> None:
    assert list(spans_to_summarise(0, 2, 1, [9, 9], 99)) == [Span(level=1, first=0, last=0)]


def _kind(part: Message) -> str:
    if part.source == "prompt/organisation/brief":
        return "brief"
    if "summary" in part.source:
        return "summary"
    return "task" if part.source.startswith("prompt/") else "recent"


def _alike(before: tuple[Message, ...], after: tuple[Message, ...]) -> Any:
    for one, other in zip(before, after, strict=False):
        if one != other:
            return
        yield one
