"""Reads runs for pages: on one thread, from a store that is only read, with what was read of the latest runs kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from converse_graph.errors import NotFound, StoreFailure, StoreUnreachable
from converse_graph.record.records import MindRecord, StatementRecord
from converse_graph.record.state import PUBLIC_LEDGERS, WORLD_HIDDEN, WORLD_STATE, TurnState, private_channel
from converse_graph.record.transcript import Header, Statement, Transcript, Vote, WorldRound
from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.clock import Clock
from converse_graph.store import Run, RunSummary, Store
from converse_graph.store.checkpoint_rows import CheckpointRow
from converse_graph.store.packing import load_plain
from converse_graph.store.record_reader import (
    ledger_growth,
    public_statement_of,
    read_ledgers,
    records_by_path,
    statement_of,
    world_rounds,
)

T = TypeVar("T")

MOST_RUNS = 6
"""Runs whose ledgers are kept."""


class RecordView(Protocol):
    """What pages show of a run; read from a store, or a transcript that is in memory."""

    @property
    def header(self) -> Header:
        """The run's header."""

    @property
    def statements(self) -> Sequence[Any]:
        """Statements, or their records, in order."""

    @property
    def votes(self) -> Sequence[Vote]:
        """Secret ballots on the scenario's motion, counted."""

    @property
    def world(self) -> Sequence[WorldRound]:
        """The world after each round; the public part."""

    @property
    def clock(self) -> Clock:
        """The run's clock."""

    def statement(self, number: int) -> Statement:
        """One statement, by its number from 0; without its private part where that is asked for by itself."""

    def round_at(self, number: int) -> int:
        """The round of a statement."""


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run as it stood when it was last read, its public part decoded and nothing else."""

    run: Run
    is_held: bool
    """Whether a process is playing it."""
    floor: TurnState | None = None
    """Whose turn it is, as its last checkpoint says."""
    ledgers: dict[str, list[Any]]
    verdicts: tuple[Verdict, ...] = ()
    """What judges made of it."""

    @property
    def header(self) -> Header:
        """The run's header; "running" that nobody plays is "paused"."""
        return self.run.header.model_copy(update={"status": self.status})

    @property
    def status(self) -> str:
        """How the run stands; one that was killed is paused."""
        return "paused" if self.run.status == "running" and not self.is_held else self.run.status

    @property
    def statements(self) -> list[StatementRecord]:
        """The records of its statements."""
        return self.ledgers.get("transcript", [])

    @cached_property
    def votes(self) -> tuple[Vote, ...]:
        """Ballots, counted."""
        return tuple(
            Vote(round=vote["round"], position=vote["position"], counts=vote["counts"])
            for vote in self.ledgers.get("votes", ())
        )

    @cached_property
    def world(self) -> tuple[WorldRound, ...]:
        """The world after each round, with what stayed hidden."""
        public, hidden = self.ledgers.get(WORLD_STATE, []), self.ledgers.get(WORLD_HIDDEN, [])
        whole = min(len(public), len(hidden))
        return tuple(world_rounds(public[:whole], hidden[:whole], self.clock))

    @cached_property
    def clock(self) -> Clock:
        """The run's clock."""
        return Clock(**{name: self.run.header.clock[name] for name in ("start", "end", "step")})

    def statement(self, number: int) -> Statement:
        """One statement without its private part."""
        return public_statement_of(self.statements[number], self.clock)

    def round_at(self, number: int) -> int:
        """The round of a statement."""
        return self.statements[number]["round"]

    def public_transcript(self) -> Transcript:
        """The public record, for measures."""
        statements = tuple(public_statement_of(record, self.clock) for record in self.statements)
        header = self.header.model_copy(update={"votes": self.votes})
        bare = Transcript(header=header, statements=(), world=self.world).public()
        return bare.model_copy(update={"statements": statements})  # which have nothing private to be left out


@dataclass(frozen=True, kw_only=True)
class WrittenRun:
    """A transcript that is in memory, as pages show it."""

    transcript: Transcript

    @property
    def header(self) -> Header:
        """The run's header."""
        return self.transcript.header

    @property
    def statements(self) -> Sequence[Statement]:
        """The statements."""
        return self.transcript.statements

    @property
    def votes(self) -> Sequence[Vote]:
        """Ballots, counted."""
        return self.transcript.header.votes

    @property
    def world(self) -> Sequence[WorldRound]:
        """The world after each round."""
        return self.transcript.world

    @cached_property
    def clock(self) -> Clock:
        """The run's clock."""
        return Clock(**{name: self.header.clock[name] for name in ("start", "end", "step")})

    def statement(self, number: int) -> Statement:
        """One statement, with its private part in the reader's edition."""
        return self.transcript.statements[number]

    def round_at(self, number: int) -> int:
        """The round of a statement."""
        return self.transcript.statements[number].round


@dataclass(kw_only=True)
class _Ledgers:
    """What was read of a run so far; it grows at one end with the run."""

    checkpoint: str | None = None
    floor: TurnState | None = None
    entries: dict[str, list[Any]] = field(default_factory=dict)
    minds: dict[str, dict[str, MindRecord]] = field(default_factory=dict)


class Reader:
    """Reads runs, each as it stands at that moment."""

    def __init__(self, store: Store, where: Path | str) -> None:
        """Read from an open store.

        Args:
            store: Opened read-only.
            where: What it was opened by, to open it anew after it was away.
        """
        self.store, self.where = store, where
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="converse-view")
        self._opened, self._is_lost, self._opening = AsyncExitStack(), False, asyncio.Lock()
        self._ledgers: OrderedDict[str, _Ledgers] = OrderedDict()

    @classmethod
    @asynccontextmanager
    async def open(cls, where: Path | str) -> AsyncIterator[Reader]:
        """Open a store that is only read.

        Raises:
            NotFound: There is no such store.
            IncompatibleStore: It is none of ours, or of another version.
            StoreFailure: It cannot be reached.
        """
        async with AsyncExitStack() as opened:
            reader = cls(await opened.enter_async_context(Store.open(where, read_only=True)), where)
            reader._opened = opened.pop_all()
            try:
                yield reader
            finally:
                reader._thread.shutdown(cancel_futures=True)
                await reader._opened.aclose()

    async def call(self, read: Callable[..., T], *arguments: Any) -> T:
        """Run a function that reads, on the thread that does so.

        Raises:
            StoreFailure: The store is gone, or does not answer.
        """
        if self._is_lost:
            await self._open_again()
        try:
            return await self._on_thread(read, *arguments)
        except StoreUnreachable:  # nobody may have read while its server was away, and it is back already
            await self._open_again()
            return await self._on_thread(read, *arguments)

    async def _on_thread(self, read: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, read, *arguments)

    def _guarded(self, read: Callable[..., T], *arguments: Any) -> T:
        try:
            self.store.require_file()
        except StoreFailure:
            self._is_lost = True
            raise
        try:
            return read(*arguments)
        except StoreUnreachable:
            self._is_lost = True
            raise

    async def _open_again(self) -> None:
        """Open the store anew after it was away: a connection that broke stays broken, and a file may be another.

        Raises:
            StoreFailure: It is away still.
        """
        async with self._opening:
            if not self._is_lost:
                return
            self.store.require_file()
            async with AsyncExitStack() as opened:
                self.store = await opened.enter_async_context(Store.open(self.where, read_only=True))
                before, self._opened = self._opened, opened.pop_all()
            self._ledgers.clear()
            self._is_lost = False
            with suppress(StoreFailure):
                await before.aclose()

    async def run(self, name: str) -> StoredRun:
        """A run as it stands, its public part.

        Raises:
            NotFound: There is none of that name.
        """
        return await self.call(self.read_run, name)

    async def statement(self, name: str, number: int) -> Statement:
        """One statement with what its speaker kept to itself.

        Raises:
            NotFound: There is no such run, or no such turn.
        """
        return await self.call(self.read_statement, name, number)

    async def runs(self) -> list[RunSummary]:
        """All runs, the latest first."""
        return await self.call(lambda: self.store.register.runs())

    async def transcript(self, name: str) -> Transcript:
        """The whole record, with what is private.

        Raises:
            NotFound: There is none of that name.
        """
        return await self.call(lambda: self.store.transcript(name))

    def read_run(self, name: str) -> StoredRun:
        """A run as it stands, on the reading thread."""
        run = self.store.register.run(name)
        ledgers = self._current(run)
        verdicts = tuple(self.store.verdicts(run.id).all())
        is_playing = run.status == "running" and self.store.is_held(name)
        return StoredRun(run=run, is_held=is_playing, floor=ledgers.floor, ledgers=ledgers.entries, verdicts=verdicts)

    def read_statement(self, name: str, number: int) -> Statement:
        """One statement with its private part, on the reading thread."""
        view = self.read_run(name)
        if not 0 <= number < len(view.statements):
            raise NotFound(f"Run {name!r} has {len(view.statements)} turns; there is no turn {number + 1}.")
        statement = view.statements[number]
        return statement_of(statement, view.clock, self.mind(view.run, statement["speaker"]))

    def mind(self, run: Run, party: str) -> dict[str, MindRecord]:
        """A party's private records, by the turn or call that they were made in; on the reading thread."""
        ledgers = self._current(run)
        if party not in ledgers.minds:
            row = self.store.checkpoints.one(run.name)
            channel = private_channel(party)
            entries = _read(self.store, row, [channel])[channel] if row is not None else []
            ledgers.minds[party] = records_by_path(entries)
        return ledgers.minds[party]

    def _current(self, run: Run) -> _Ledgers:
        """The run's ledgers, brought up to its last checkpoint."""
        row = self.store.checkpoints.one(run.name)
        ledgers = self._ledgers.get(f"{run.id} {run.name}") or _Ledgers()
        if row is not None and row.checkpoint_id != ledgers.checkpoint:
            saved = load_plain(row.kind, row.checkpoint)["channel_values"]
            ledgers = self._grown(ledgers, row, run) or _Ledgers(
                checkpoint=row.checkpoint_id,
                entries=read_ledgers(self.store.checkpoints, row, saved, _public_ledgers(run)),
            )
            ledgers.floor = saved.get("floor")
        self._ledgers[f"{run.id} {run.name}"] = ledgers
        self._ledgers.move_to_end(f"{run.id} {run.name}")
        while len(self._ledgers) > MOST_RUNS:
            self._ledgers.popitem(last=False)
        return ledgers

    def _grown(self, before: _Ledgers, row: CheckpointRow, run: Run) -> _Ledgers | None:
        """What was known, with what has come since; None where it is to be read anew."""
        if before.checkpoint is None:
            return None
        channels = {private_channel(party): party for party in before.minds}
        names = _public_ledgers(run)
        growth = ledger_growth(self.store.checkpoints, row, before.checkpoint, [*names, *channels])
        if growth is None:
            return None
        minds = {party: before.minds[party] | records_by_path(growth[name]) for name, party in channels.items()}
        entries = {name: [*before.entries.get(name, ()), *growth[name]] for name in names}
        return _Ledgers(checkpoint=row.checkpoint_id, entries=entries, minds=minds)


def _public_ledgers(run: Run) -> tuple[str, ...]:
    """What everybody may read, and of a world what its charts show; who hides what is said on the page."""
    return (*PUBLIC_LEDGERS, *((WORLD_STATE, WORLD_HIDDEN) if run.header.world else ()))


def _read(store: Store, row: CheckpointRow, names: Sequence[str]) -> dict[str, list[Any]]:
    saved = load_plain(row.kind, row.checkpoint)["channel_values"]
    return read_ledgers(store.checkpoints, row, saved, names)
