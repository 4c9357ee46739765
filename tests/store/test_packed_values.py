"""Parts of stored values are read without the rest of them, and come out as the whole does."""

from contextlib import suppress
from typing import Any

import ormsgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.serde.types import _DeltaSnapshot as DeltaSnapshot

from converse_graph import Store
from converse_graph.checkpoints.saver import PackedSerializer
from converse_graph.errors import StoreFailure
from converse_graph.store.packed_values import packed_entries, saved_channels, saved_entries, saved_values
from converse_graph.store.packing import Snapshot, dump_plain, load_plain, pack
from tests.support.property_search import example_count

LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=300)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20)
)


def read_ledger(kind: str, blob: bytes) -> tuple[list[str], list[Any]]:
    """The channels of a checkpoint, and the ledger "mind" out of it."""
    return list(saved_channels(kind, blob)), read(saved_entries(kind, blob, "mind"))


SIZES = (0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536, 70_000)


def read(entries: Any) -> list[Any]:
    return [load_plain("msgpack", entry) for entry in entries]


@settings(max_examples=example_count(60), deadline=None)
@given(st.lists(VALUES, max_size=20))
def test_the_entries_of_a_list_are_those_of_the_whole(entries: list[Any]) -> None:
    assert read(packed_entries(*pack("msgpack", dump_plain(entries)))) == entries


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "make", [lambda n: "é" * n, lambda n: b"b" * n, lambda n: [7] * n, lambda n: dict.fromkeys(range(n))]
)
def test_values_of_every_size_end_where_they_end(make: Any, size: int) -> None:
    entries = [1, make(size), "x", [make(size), -1], 1.5]
    assert read(packed_entries(*pack("msgpack", dump_plain(entries)))) == entries


@pytest.mark.parametrize("ledger", ["first", "mind", "last"])
@pytest.mark.parametrize("length", [0, 3, 40_000])
def test_a_ledger_is_read_out_of_a_checkpoint_past_what_else_it_holds(ledger: str, length: int) -> None:
    records = [{"number": number, "words": f"word {number}"} for number in range(length)]
    channels = {"first": DeltaSnapshot(records), "floor": {"round": 3, "name": "x" * 70_000}, "ended": None,
                "mind": DeltaSnapshot(records[::-1]), "last": DeltaSnapshot(records[:2])}  # fmt: skip
    checkpoint = {"v": 4, "versions_seen": {"channel_values": {}}, "channel_values": channels, "id": "1"}
    stored = PackedSerializer().dumps_typed(checkpoint)
    assert list(saved_channels(*stored)) == list(channels)
    assert saved_values(*stored, ("ended", "floor", "horizon")) == {"floor": channels["floor"], "ended": None}
    assert read(saved_entries(*stored, ledger)) == channels[ledger].value
    assert read(saved_entries(*stored, "none")) == []


BROKEN = (
    b"",
    b"\x93\x01",
    b"\xa5no",
    b"\x07",
    b"\xdc\x00",
    b"\x92\xc7\xff\x07",
    b"\xdd\xff\xff\xff\xff\x01",
    b"\x91\xda\x01",
)


@pytest.mark.parametrize("plain", BROKEN)
def test_bytes_that_are_no_list_are_refused(plain: bytes) -> None:
    with pytest.raises(StoreFailure):
        list(packed_entries("msgpack", plain))
    with pytest.raises(StoreFailure):
        list(saved_channels("msgpack", plain))


@settings(max_examples=example_count(60), deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_are_more_than_refused(plain: bytes) -> None:
    for look in (packed_entries, saved_channels, lambda *stored: saved_entries(*stored, "a")):
        with suppress(StoreFailure):
            list(look("msgpack", plain))


@pytest.mark.parametrize("at", [3, 40, -3])
def test_packed_bytes_that_were_damaged_are_refused(at: int) -> None:
    kind, blob = pack("msgpack", dump_plain([{"text": f"words {number}"} for number in range(60)]))
    assert kind == "msgpack+zlib"
    damaged = bytearray(blob)
    damaged[at] ^= 0xFF
    for look in (load_plain, lambda *stored: read(packed_entries(*stored))):
        with pytest.raises(StoreFailure):
            look(kind, bytes(damaged))


def test_an_object_of_a_class_is_refused_where_a_ledger_is_to_be() -> None:
    checkpoint = ormsgpack.packb({"channel_values": {"mind": ormsgpack.Ext(5, b"\x90")}})
    with pytest.raises(StoreFailure, match="an object of a class"):
        list(saved_entries("msgpack", checkpoint, "mind"))
    with pytest.raises(StoreFailure, match="pickle"):
        list(packed_entries("pickle", b"\x90"))


def table(*pairs: tuple[bytes, bytes]) -> bytes:
    """A table in MessagePack with these pairs, as many times as they are given."""
    return bytes([0x80 | len(pairs)]) + b"".join(name + value for name, value in pairs)


HONEST, FORGED = (dump_plain(Snapshot([{"text": text}])) for text in ("honest", "forged"))
TEXT = {name: dump_plain(name) for name in ("channel_values", "mind", "v")}


@pytest.mark.parametrize(
    "plain",
    [
        table((TEXT["channel_values"], table((TEXT["mind"], HONEST), (TEXT["mind"], FORGED)))),
        table(
            (TEXT["channel_values"], table((TEXT["mind"], HONEST))),
            (TEXT["channel_values"], table((TEXT["mind"], FORGED))),
        ),
        table((TEXT["channel_values"], table((TEXT["mind"], HONEST)))) + FORGED,
        table((TEXT["channel_values"], table((TEXT["mind"], HONEST))), (b"\x07", b"\x07")),
        table((TEXT["channel_values"], table((TEXT["mind"], b"\xc7\x01" + HONEST[2:])))),
        table(
            (
                TEXT["channel_values"],
                table((TEXT["mind"], b"\xc7" + bytes([HONEST[1] + 3]) + HONEST[2:] + b"\x01\x02\x03")),
            )
        ),
    ],
)
def test_a_checkpoint_that_two_readers_could_read_in_two_ways_is_refused(plain: bytes) -> None:
    """Or else an audit could be shown another ledger than everybody else is."""
    assert HONEST[0] == 0xC7
    for stored in (("msgpack", plain), pack("msgpack", plain)):
        with pytest.raises(StoreFailure):
            read_ledger(*stored)
    with pytest.raises(StoreFailure):
        list(packed_entries("msgpack", dump_plain([1]) + b"\x01"))


@settings(max_examples=example_count(400), deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from(["change", "insert", "delete"]))
def test_of_a_changed_checkpoint_parts_are_what_the_whole_says_or_refused(at: int, byte: int, how: str) -> None:
    records = [{"text": "one", "fields": {"n": 1}}, {"text": "two" * 20}]
    channels = {"floor": {"round": 1}, "mind": Snapshot(records), "ended": None}
    plain = dump_plain({"v": 4, "channel_values": channels, "versions_seen": {"a": {"b": 1}}, "id": "x"})
    at %= len(plain)
    rest = plain[at + 1 :] if how != "insert" else plain[at:]
    changed = plain[:at] + (b"" if how == "delete" else bytes([byte])) + rest
    with suppress(StoreFailure):
        names, ledger = read_ledger("msgpack", changed)
        values = load_plain("msgpack", changed)["channel_values"]
        assert names == list(values)
        assert ledger == (values["mind"].entries if "mind" in values else [])


@pytest.mark.every_store
async def test_rows_are_streamed_as_they_are_read_and_whatever_else_is_asked_meanwhile(store: Store) -> None:
    reader = store._reader
    numbers = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT i FROM n ORDER BY i"
    )
    seen = []
    for (number,) in reader.stream(numbers, most=1000):
        seen.append(number)
        if number % 250 == 0:
            assert reader.read("SELECT COUNT(*) FROM runs") == [(0,)]
            assert next(reader.stream(numbers, most=3)) == (1,)
    assert seen == [number for (number,) in reader.read(numbers, most=1000)]
    with pytest.raises(StoreFailure):
        list(reader.stream("SELECT nothing FROM nowhere"))
    assert list(reader.stream(numbers, most=0))[:1] == [(1,)]
