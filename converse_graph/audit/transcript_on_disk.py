"""The transcript of a run whose ledgers are on disk: each statement is made as it is looked at, and none is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

from converse_graph.audit.channels_on_disk import ChannelsOnDisk
from converse_graph.record.records import MindRecord, StatementRecord
from converse_graph.record.state import WORLD_HIDDEN, WORLD_STATE, private_channel
from converse_graph.record.transcript import Statement, Transcript, WorldRound
from converse_graph.store import Run, Store
from converse_graph.store.record_reader import clock_of, header_of, statement_of, world_round

T = TypeVar("T")


def transcript_on_disk(store: Store, run: Run, channels: ChannelsOnDisk) -> Transcript:
    """Read what `Store.transcript` reads, to be looked at from one end to the other.

    Args:
        store: Where the run is kept.
        run: The run.
        channels: Its own.
    """
    clock = clock_of(run)
    statements: Sequence[StatementRecord] = channels.get("transcript", ())
    worlds, hidden = channels.get(WORLD_STATE, ()), channels.get(WORLD_HIDDEN, ())

    def statement(record: StatementRecord) -> Statement:
        return statement_of(record, clock, _Mind(channels, record["speaker"]))

    def world(number: int) -> WorldRound:
        return world_round(worlds[number], hidden[number] if hidden else None, clock)

    head, cut_prompts = store.chain(run.id).head(), store.journal(run.id).cut_prompts()
    record = _transcript(
        Transcript(
            header=header_of(run, channels, cut_prompts=cut_prompts, chain_head=head),
            statements=(),
            verdicts=tuple(store.verdicts(run.id).all()),
        ),
        _Made(statements, statement),
        _Made(range(len(worlds)), world),
    )
    return public_record_of(record) if run.header.public_only or run.header.imported else record


def public_record_of(record: Transcript) -> Transcript:
    """What `Transcript.public` gives, made in the same way.

    Args:
        record: A transcript whose statements are made as they are looked at.
    """
    bare = Transcript(header=record.header, statements=(), verdicts=record.verdicts).public()
    return _transcript(bare, _Made(record.statements, Statement.public), _Made(record.world, WorldRound.public))


def _transcript(bare: Transcript, statements: Sequence[Statement], world: Sequence[WorldRound]) -> Transcript:
    """A transcript with these statements and rounds, which are not looked at yet."""
    parts: dict[str, Any] = {"statements": statements, "world": world}
    return Transcript.model_construct(header=bare.header, verdicts=bare.verdicts, **parts)


class _Made(Sequence[T], Generic[T]):
    """What is made from each record of a ledger, at the time that it is looked at."""

    def __init__(self, records: Sequence[Any], make: Callable[[Any], T]) -> None:
        """Make each from its record."""
        self._records, self._make = records, make

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> list[T]: ...

    def __getitem__(self, at: int | slice) -> T | list[T]:
        at_hand = self._records[at]
        return [*map(self._make, at_hand)] if isinstance(at, slice) else self._make(at_hand)

    def __iter__(self) -> Iterator[T]:
        return map(self._make, self._records)


class _Mind(Mapping[str, MindRecord]):
    """The records of a party's mind, by the turn or the call that they were made in."""

    def __init__(self, channels: ChannelsOnDisk, party: str) -> None:
        self._channels, self._ledger = channels, private_channel(party)

    def __getitem__(self, place: str) -> MindRecord:
        records: list[MindRecord] = [
            record for ledger, record in self._channels.records_at(place) if ledger == self._ledger
        ]
        if not records:
            raise KeyError(place)
        return records[-1]

    def __iter__(self) -> Iterator[str]:
        return (record["place"] for record in self._channels.get(self._ledger, ()))

    def __len__(self) -> int:
        return len(self._channels.get(self._ledger, ()))
