"""An audit of a long run holds little of it at once, and finds what an audit that held all of it would find."""

import gc
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converse_graph import Store
from converse_graph.audit import audit as auditing
from converse_graph.audit import scratch
from converse_graph.audit.audit import audit_run
from converse_graph.audit.channels_on_disk import ChannelsOnDisk, stored_channels
from converse_graph.audit.phrase_index import PhraseIndex
from converse_graph.audit.played_ledger import PlayedLedger, StoredLedger
from converse_graph.audit.transcript_on_disk import public_record_of, transcript_on_disk
from converse_graph.errors import NoRoomForScratch, StoreFailure
from converse_graph.export.formats import as_json
from converse_graph.export.markdown import render_markdown
from converse_graph.graph import channels as graph_channels
from converse_graph.models.base import PUBLIC, PromptProfile
from converse_graph.models.null import NullModel
from converse_graph.record.transcript import Statement
from converse_graph.runs.derived import fork
from converse_graph.store.chain import digest_of
from converse_graph.store.checkpoint_rows import CheckpointRow, WriteRow
from converse_graph.store.journal import Call
from converse_graph.store.packed_values import saved_channels
from converse_graph.store.packing import Snapshot, dump_plain, load_plain
from tests.support.property_search import example_count
from tests.support.scenario_files.boards import boards
from tests.support.small_scenarios import channels, played, table


class LargeNull(NullModel):
    """The null model, told as much as a large model is."""

    profile: PromptProfile = "large"


RECORDS = [{"kind": "note", "place": f"{number}.0/A", "memo": f"memo {number}"} for number in range(700)]


@pytest.mark.every_store
async def test_a_run_read_record_by_record_is_the_one_that_is_read_whole(store: Store) -> None:
    """Through debates, summaries and a fork; with ledgers that are saved whole again and again."""
    frequency, graph_channels._GROWS.snapshot_frequency = graph_channels._GROWS.snapshot_frequency, 7
    try:
        simulation = await played(store, boards(rounds=12), model=LargeNull(), name="whole")
        branch = await fork(
            store, "whole", at="round 9", new_name="branch", scenario=boards(rounds=12), model=LargeNull()
        )
        await branch.play()
    finally:
        graph_channels._GROWS.snapshot_frequency = frequency
    saved_whole = [{*saved_channels(row.kind, row.checkpoint)} for row in store.checkpoints.all(thread_id="whole")]
    assert sum("transcript" in names for names in saved_whole) >= 2
    for one in (simulation, branch):
        run = store.register.run(one.run.name)
        on_disk, whole = stored_channels(store, run), await channels(store, one)
        assert {name: list(value) if isinstance(whole[name], list) else value for name, value in on_disk.items()} == {
            name: value for name, value in whole.items() if value != []
        }
        transcript, lazy = store.transcript(run.name), transcript_on_disk(store, run, on_disk)
        for record, same in ((transcript, lazy), (transcript.public(), public_record_of(lazy))):
            assert as_json(same, raw=True) == as_json(record, raw=True)
            assert render_markdown(same) == render_markdown(record)
        assert len(lazy.statements) == len(transcript.statements)
        assert lazy.statements[-2:] == [*transcript.statements[-2:]]
        audit = await audit_run(store, run.name, scenario=boards(rounds=12))
        assert audit.leaks == ()
        assert audit.values > 0


@pytest.fixture
def saved_whole_often() -> Iterator[None]:
    """Ledgers are saved whole with every third record, as they are with every thousandth."""
    frequency, graph_channels._GROWS.snapshot_frequency = graph_channels._GROWS.snapshot_frequency, 3
    yield
    graph_channels._GROWS.snapshot_frequency = frequency


@pytest.mark.usefixtures("saved_whole_often")
async def test_what_nobody_reads_any_more_of_a_ledger_is_held_against_its_links_too(
    store: Store, store_path: Path
) -> None:
    """A clever hand makes the seal of a row that it changes anew; the links of the ledger tell of it all the same."""
    scenario = table("A", "B", rounds=6)
    await played(store, scenario, name="run")
    with sqlite3.connect(store_path) as database:
        rows = database.execute("SELECT * FROM writes WHERE channel = 'transcript'").fetchall()
        assert 3 < len(rows) < 12  # of twelve statements those of three checkpoints and more are in snapshots alone
        for row in (WriteRow(*row[:-1]) for row in rows):
            (record,) = load_plain(row.kind, row.value)
            forged = row._replace(kind="msgpack", value=dump_plain([{**record, "text": "Sell."}]))
            _replace(database, row, forged)
            (leak, *_) = (await audit_run(store, "run", scenario=scenario)).leaks
            assert (leak.kind, leak.source) == ("chain", "records of transcript")
            _replace(database, row, row)
    assert (await audit_run(store, "run", scenario=scenario)).leaks == ()


def _replace(database: sqlite3.Connection, row: WriteRow, by: WriteRow) -> None:
    database.execute(
        "UPDATE writes SET kind = ?, value = ?, seal = ? WHERE thread_id = ? AND checkpoint_id = ? AND task_id = ? "
        "AND idx = ?",
        (by.kind, by.value, digest_of(*by), row.thread_id, row.checkpoint_id, row.task_id, row.idx),
    )
    database.commit()


@pytest.mark.usefixtures("saved_whole_often")
@pytest.mark.parametrize("ledger", ["transcript", "mind_A"])
async def test_an_earlier_copy_of_a_whole_ledger_is_held_against_its_links_too(
    store: Store, store_path: Path, ledger: str
) -> None:
    scenario = table("A", "B", rounds=6)
    await played(store, scenario, name="run")
    checkpoints = list(store.checkpoints.all(thread_id="run"))
    found = 0
    for row in checkpoints:
        if ledger not in saved_channels(row.kind, row.checkpoint):
            continue
        values = load_plain(row.kind, row.checkpoint)
        first, *others = values["channel_values"][ledger].entries
        for entries in ([{**first, "turn": 5}, *others], others, []):
            values["channel_values"][ledger] = Snapshot(entries)
            forged = row._replace(kind="msgpack", checkpoint=dump_plain(values))
            with sqlite3.connect(store_path) as database:
                _set_checkpoint(database, forged)
            leaks = (await audit_run(store, "run", scenario=scenario)).leaks
            assert f"records of {ledger}" in {leak.source for leak in leaks if leak.kind == "chain"}
            found += 1
        with sqlite3.connect(store_path) as database:
            _set_checkpoint(database, row)
    assert found >= 6
    assert (await audit_run(store, "run", scenario=scenario)).leaks == ()


def _set_checkpoint(database: sqlite3.Connection, row: CheckpointRow) -> None:
    """Store a checkpoint, and the seals of all anew, as if they had been made of it."""
    database.execute("UPDATE checkpoints SET kind = ?, checkpoint = ? WHERE checkpoint_id = ?",
                     (row.kind, row.checkpoint, row.checkpoint_id))  # fmt: skip
    seals: dict[str | None, bytes] = {}
    for *columns, _ in database.execute("SELECT * FROM checkpoints ORDER BY checkpoint_id").fetchall():
        stored = CheckpointRow(*columns)
        before = seals.get(stored.parent_id)
        seals[stored.checkpoint_id] = digest_of(*stored, *([before] if before else ()))
    database.executemany("UPDATE checkpoints SET seal = ? WHERE checkpoint_id = ?",
                         [(seal, name) for name, seal in seals.items()])  # fmt: skip
    database.commit()


BROKEN = (b"\xc1", b"\xd4\x05\x00", b"\xa2\xff\xfe", b"\x91" * 3000 + b"\xc0")
NO_LEDGERS = (b"\xd4\x05\x00", b"\xd5\x07\xc1\xc1", b"\xd5\x07\x91\xc1")
"""As a channel's value, an object of a class, and snapshots of a ledger with garbage in them."""


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        *(("channel_versions", "more", value) for value in BROKEN),
        *(("channel_values", name, value) for name in ("zz", "out_A") for value in NO_LEDGERS),
    ],
)
async def test_a_checkpoint_that_nobody_could_read_is_found_whichever_part_of_it_is_broken(
    store: Store, store_path: Path, part: str, name: str, value: bytes
) -> None:
    scenario = table("A", "B", rounds=2)
    await played(store, scenario, name="run")
    row = store.checkpoints.one("run")
    assert row is not None
    values = load_plain(row.kind, row.checkpoint)
    values[part][name] = "\x01MARK"
    plain = dump_plain(values).replace(b"\xa5\x01MARK", value)
    with sqlite3.connect(store_path) as database:
        _set_checkpoint(database, row._replace(kind="msgpack", checkpoint=plain))
    with pytest.raises(StoreFailure):
        store.transcript("run")
    (leak,) = (await audit_run(store, "run", scenario=scenario)).leaks
    assert (leak.kind, leak.source, leak.why) == ("chain", "checkpoints", "they cannot be read: StoreFailure")


@pytest.mark.parametrize(
    ("name", "value"), [("turn", "0"), ("turn", False), ("turn", 0.0), ("speaker", "B"), ("round", "0")]
)
async def test_a_record_is_looked_up_by_its_values_and_not_by_their_texts(
    store: Store, store_path: Path, name: str, value: Any
) -> None:
    """In a run that cannot be played again, and with every seal and link made anew: its prompts name another record."""
    simulation = await played(store, table("A", "B", rounds=2), model=LargeNull(), name="run")
    assert (await audit_run(store, "run")).leaks == ()
    with sqlite3.connect(store_path) as database:
        row = WriteRow(*database.execute("SELECT * FROM writes WHERE channel = 'transcript'").fetchone()[:-1])
        records = load_plain(row.kind, row.value)
        records[0][name] = value
        _replace(database, row, row._replace(kind="msgpack", value=dump_plain(records)))
    await store.chain(simulation.run.id).begin_ledgers(store.channels("run"))
    leaks = (await audit_run(store, "run")).leaks
    assert leaks
    assert {leak.kind for leak in leaks} <= {"provenance", "record"}


async def test_a_fork_that_was_not_played_yet_has_nothing_to_play_again(store: Store) -> None:
    scenario = table("A", "B", rounds=12)
    await played(store, scenario, name="run")
    branch = await fork(store, "run", at="round 11", new_name="branch", scenario=scenario)
    audit = await audit_run(store, "branch", scenario=scenario)
    assert audit.leaks == ()
    assert any("not played yet" in sentence for sentence in audit.unchecked)
    await branch.play()
    audit = await audit_run(store, "branch", scenario=scenario)
    assert (audit.leaks, audit.values > 0) == ((), True)


async def test_no_more_than_a_few_hundred_calls_and_statements_of_a_run_are_held_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = table("A", "B", "C", rounds=200)
    simulation = await played(store, scenario, name="long")
    calls = sum(1 for _ in store.journal(simulation.run.id).calls())
    assert calls >= 600
    most: Counter[type] = Counter()

    def look() -> None:
        gc.collect()
        alive = Counter(type(one) for one in gc.get_objects())
        for kind in (Call, Statement):
            most[kind] = max(most[kind], alive[kind])

    def watched(name: str, owner: Any = auditing) -> None:
        inner = getattr(owner, name)

        def outer(*args: Any, **more: Any) -> Iterator[Any]:
            for number, one in enumerate(inner(*args, **more)):
                if number % 100 == 50:
                    look()
                yield one

        monkeypatch.setattr(owner, name, outer)

    for name in ("json_parts", "markdown_lines"):
        watched(name)
    watched("own", auditing._Calls)
    watched("all", auditing._Calls)
    audit = await audit_run(store, "long", scenario=scenario)
    assert audit.leaks == ()
    assert 0 < most[Call] <= 300
    assert 0 < most[Statement] <= 20


async def test_an_audit_that_finds_no_room_says_so_and_finds_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = table("A", "B", rounds=20)
    await played(store, scenario, name="run")
    monkeypatch.setattr(scratch, "_SETTINGS", (*scratch._SETTINGS, "max_page_count = 4"))
    with pytest.raises(NoRoomForScratch, match="SQLITE_TMPDIR"):
        await audit_run(store, "run", scenario=scenario)


def played_ledger(length: int) -> PlayedLedger:
    disk = ChannelsOnDisk([("mind_A", dump_plain(record)) for record in RECORDS], {})
    return PlayedLedger(StoredLedger(disk["mind_A"])).grown([dict(record) for record in RECORDS[:length]])


@pytest.mark.parametrize("length", [0, 1, 255, 700])
def test_a_ledger_that_is_played_the_same_again_is_read_from_record(length: int) -> None:
    ledger = played_ledger(length)
    assert (len(ledger), ledger.same, list(ledger)) == (length, length, RECORDS[:length])
    assert list(reversed(ledger)) == RECORDS[:length][::-1]
    assert ledger[2:9:3] == RECORDS[:length][2:9:3]
    assert ledger[-3:] == RECORDS[:length][-3:]
    with pytest.raises(IndexError):
        ledger[length]
    if length:
        assert ledger[-1] == ledger[length - 1] == RECORDS[length - 1]


def test_from_the_first_record_that_is_another_on_all_are_kept() -> None:
    before = played_ledger(300)
    other = {**RECORDS[300], "memo": "otherwise"}
    ledger = before.grown([other, RECORDS[301]])
    assert (len(ledger), ledger.same, ledger[299:]) == (302, 300, [RECORDS[299], other, RECORDS[301]])
    assert (len(before), before[-1]) == (300, RECORDS[299])
    more = played_ledger(700).grown([other])
    assert (more.same, more[-1]) == (700, other)
    assert PlayedLedger(StoredLedger(())).grown([other])[0] == other


WORDS = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij", "kl", "mn"]), max_size=16).map(" ".join)


@settings(max_examples=example_count(40), deadline=None)
@given(
    st.lists(st.tuples(WORDS, st.sampled_from("ABC"), st.integers(0, 9))), st.lists(st.tuples(WORDS, st.integers(0, 9)))
)
def test_private_words_have_the_owners_that_a_table_in_memory_would_give_them(
    private: list[tuple[str, str, int]], public: list[tuple[str, int]]
) -> None:
    index, table = PhraseIndex(), dict[int, dict[str, Any]]()
    for text, owner, round in private:
        index.add(text, owner, (round, 0))
        for phrase in index.phrases_in(text):
            since = table.setdefault(phrase, {}).get(owner, (round, 0))
            table[phrase][owner] = min(since, (round, 0))
    for text, round in public:
        index.add_public(text, (round, 0))
        for phrase in index.phrases_in(text):
            if phrase in table:
                table[phrase][PUBLIC] = min(table[phrase].get(PUBLIC, (round, 0)), (round, 0))
    for text in [text for text, *_ in private] + [text for text, _ in public]:
        assert index.owners_by_phrase(text) == {
            phrase: table[phrase] for phrase in index.phrases_in(text) if phrase in table
        }


def pieces(text: str, random: Random) -> Sequence[str]:
    ends = sorted({match for match, letter in enumerate(text) if letter == " " and random.random() < 0.2})
    starts = [0, *(end + 1 for end in ends)]
    return [text[start:end] for start, end in zip(starts, [*(end + 1 for end in ends), len(text)], strict=True)]


def test_words_in_a_row_are_found_across_the_pieces_of_a_text() -> None:
    index, random = PhraseIndex(), Random(3)
    private = "we will never release the second model before the spring"
    index.add(private, "A")
    text = " ".join(["nothing to see here"] * 50 + [private] + ["and nothing here"] * 50)
    whole = list(index.owners_in([text]))
    assert len(whole) == len(index.phrases_in(private))
    for _ in range(20):
        assert list(index.owners_in(pieces(text, random))) == whole
