"""The one door to a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converse_graph.errors import StoreFailure
from converse_graph.measures.outcomes import Outcome, outcome
from converse_graph.record.transcript import Transcript
from converse_graph.store.backends import Locks, backend_for
from converse_graph.store.chain import RunChain
from converse_graph.store.checkpoint_rows import CheckpointRows
from converse_graph.store.ensembles import EnsembleTable
from converse_graph.store.journal import MessageIds, RunJournal
from converse_graph.store.permissions import is_shared
from converse_graph.store.record_reader import read_channels, transcript_of
from converse_graph.store.run_data import RunData
from converse_graph.store.run_transfer import StoredRuns
from converse_graph.store.runs import Run, RunTable
from converse_graph.store.session import Session
from converse_graph.store.verdicts import Verdicts
from converse_graph.store.writer import Writer

DEFAULT_PATH = Path(".converse/runs.sqlite")
"""Where runs are kept unless told otherwise, under the working directory."""


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store that is open."""

    address: str
    """As `--store` takes it, without a password."""
    where: Path | str = field(repr=False)
    """What it was opened by, for whoever opens it once more; it may hold a password."""
    folder: Path
    """Where what belongs beside it lies, such as transcripts: a file's own folder, or `.converse`."""
    is_shared: bool
    """Whether what belongs to it keeps the umask; else it is its owner's alone."""
    register: RunTable
    checkpoints: CheckpointRows
    """As they are stored; `converse_graph.checkpoints.StoreSaver` makes them LangGraph's."""
    ensembles: EnsembleTable
    data: RunData
    """What happened in runs, as rows."""
    stored: StoredRuns
    """Runs whole, to be put into another store."""
    _reader: Session
    _writer: Writer
    _part_ids: MessageIds
    _locks: Locks

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        where: Path | str = DEFAULT_PATH,
        *,
        make: bool = False,
        shared: bool = False,
        read_only: bool = False,
    ) -> AsyncIterator[Store]:
        """Open a store.

        Args:
            where: A file, or postgresql://user:password@host:port/database.
            make: Whether to make it if there is none.
            shared: Whether others may read a file as the umask has it, now and from then on; else a new one, with
                its folder, locks and transcripts, is its owner's alone.
            read_only: Whether the database is to refuse whatever would write to it.

        Raises:
            InvalidValue: It is neither, or takes an extra that is not installed.
            NotFound: There is no such store.
            IncompatibleStore: It is no store of ours, or from a newer version; it was left untouched.
            StoreFailure: It cannot be reached, made, or brought up to the present version.
        """
        database = backend_for(where, shared=shared)
        await asyncio.to_thread(database.prepare, make=make, read_only=read_only)
        reader = database.connect(read_only=read_only)
        writer, ids = Writer(database.connect(read_only=read_only)), MessageIds()
        writer.on_rollback(ids.forget)
        try:
            yield cls(
                address=database.address,
                where=where,
                folder=database.folder,
                is_shared=is_shared(Path(database.address)),
                register=RunTable(reader, writer, _project_of(database.folder)),
                checkpoints=CheckpointRows(reader, writer),
                ensembles=EnsembleTable(reader, writer),
                data=RunData(reader, writer),
                stored=StoredRuns(reader, writer, ids),
                _reader=reader,
                _writer=writer,
                _part_ids=ids,
                _locks=database.locks(reader, writer),
            )
        finally:
            await writer.close()
            reader.close()

    def transcript(self, name: str) -> Transcript:
        """The record of a run so far, with what each party kept to itself: the reader's edition.

        For the public record alone, take its `public()`.

        Args:
            name: The run.

        Raises:
            NotFound: There is none of that name.
            StoreFailure: The store did not answer, or holds what this release cannot read.
        """
        return self._transcript(self.register.run(name))

    def _transcript(self, run: Run) -> Transcript:
        values, verdicts = read_channels(self.checkpoints, run), self.verdicts(run.id).all()
        cut_prompts, head = self.journal(run.id).cut_prompts(), self.chain(run.id).head()
        return transcript_of(run, values, verdicts, cut_prompts=cut_prompts, chain_head=head)

    async def outcomes(self, names: Sequence[str] | None = None) -> dict[str, Outcome]:
        """Read what came of runs, a row each by name; rows that are missing or out of date are made first.

        Args:
            names: Which runs; None for all. One that there is not is left out.
        """
        names_wanted = [run.name for run in self.register.runs()] if names is None else list(names)
        stale, fresh = self.data.stale(), dict[str, Outcome]()
        for name in names_wanted:
            if name in stale:
                try:
                    fresh[name] = await self.save_data(name)
                except StoreFailure:  # of a store that may only be read
                    fresh[name] = outcome(self.transcript(name))
        rows = self.data.outcomes() | fresh
        return {name: rows[name] for name in names_wanted if name in rows}

    async def save_data(self, name: str) -> Outcome:
        """Write what happened in a run as rows, for SQL and for statistics; returns the row of its outcome.

        Args:
            name: The run.

        Raises:
            NotFound: There is none of that name.
        """
        run = self.register.run(name)
        return await self.data.save(run.id, self._transcript(run))

    def channels(self, name: str) -> dict[str, Any]:
        """The channels of a run's root graph, public and private, as its last checkpoint has them.

        Args:
            name: The run.

        Raises:
            NotFound: There is none of that name.
            StoreFailure: The store did not answer, or holds what this release cannot read.
        """
        return read_channels(self.checkpoints, self.register.run(name))

    def journal(self, run: int) -> RunJournal:
        """The journal of the run with that id.

        Args:
            run: Its id in the register.
        """
        return RunJournal(self._reader, self._writer, self._part_ids, run)

    def chain(self, run: int) -> RunChain:
        """The digests of what the run with that id has on record.

        Args:
            run: Its id in the register.
        """
        return RunChain(self._reader, self._writer, run)

    def verdicts(self, run: int) -> Verdicts:
        """What judges made of the run with that id.

        Args:
            run: Its id in the register.
        """
        return Verdicts(self._reader, self._writer, run)

    async def settle(self) -> None:
        """Wait until what stopped runs of this process still had to write is written, so that it can be checked."""
        await self._writer.settle()

    def require_file(self) -> None:
        """Make sure that a store which is a file is there still; what is written to one that is not would be lost.

        Raises:
            StoreFailure: It is gone.
        """
        if "://" not in self.address and not Path(self.address).exists():
            raise StoreFailure(f"The store {self.address} is gone; put it back and try again.")

    def check_connections(self) -> None:
        """Ask the database whether it is there: a connection that broke while nobody used it does not know.

        Raises:
            StoreUnreachable: Its server is gone, or was in between.
        """
        self._reader.read("SELECT 1")
        self._writer.between(lambda session: session.run("SELECT 1"))

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Be the one process that writes to a run; let go at the end, or with the process.

        Args:
            name: The run.

        Raises:
            RunLocked: Another process, or another task of this one, holds it.
        """
        return self._locks.hold(name)

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing to the run now.

        Args:
            name: The run.
        """
        return self._locks.is_held(name)


def _project_of(folder: Path) -> Path:
    """The folder whose store it is, in which its scenario files may lie."""
    whole = folder.resolve()
    return whole.parent if whole.name == ".converse" else whole
