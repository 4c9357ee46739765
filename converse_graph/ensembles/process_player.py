"""An ensemble played in several processes: one display, one budget, and one signal for all of them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from converse_graph.calls.budget import Budget
from converse_graph.ensembles.fork_server import start_fork_server
from converse_graph.ensembles.sweep import Progress, Spending, SweepPlayer
from converse_graph.errors import (
    BudgetExceeded,
    ConverseError,
    NotFound,
    RunPaused,
    StoreFailure,
    StoreUnreachable,
    UsageError,
)
from converse_graph.models.prices import Prices
from converse_graph.store import Store

_REPORT = 0.2
"""Seconds between two reports of a process."""


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What a process plays, and how; it is sent there."""

    address: Path | str
    name: str
    jobs: int
    budget: Budget | None
    prices: Prices | None
    retry_failed: bool
    folder: str
    environ: Mapping[str, str]
    collect_after: tuple[int, int, int]
    """When Python looks for garbage in cycles."""
    switch_after: float
    """Seconds after which a thread lets another in."""


class _SharedQueue:
    """The numbers of the runs, in memory that all processes share: whichever is free takes the next."""

    def __init__(self, context: ForkServerContext) -> None:
        """Share memory by a context of processes."""
        self._next = context.Value("q")

    def __iter__(self) -> Iterator[int]:
        """Take one after another."""
        while True:
            with self._next.get_lock():
                number = int(self._next.value)
                self._next.value += 1
            yield number


class _SharedSpending(Spending):
    """What all processes have spent, in memory that they share."""

    def __init__(self, context: ForkServerContext) -> None:
        """Share memory by a context of processes."""
        super().__init__()
        self._all_tokens, self._all_usd, self._any_price = (context.Value(kind) for kind in ("q", "d", "b"))

    @property
    def tokens(self) -> int:
        """Of prompts and replies."""
        return int(self._all_tokens.value)

    @property
    def usd(self) -> float | None:
        """In dollars; None where no call had a price."""
        return float(self._all_usd.value) if self._any_price.value else None

    def add(self, *, tokens: int, usd: float | None) -> None:
        """Add what a run of this process has spent since it was last looked at."""
        with self._all_tokens.get_lock():
            self._all_tokens.value += tokens
        if usd is not None:
            with self._all_usd.get_lock():
                self._all_usd.value += usd
            self._any_price.value = 1


class ProcessPlayer:
    """Plays the runs of an ensemble that have not finished in several processes, for what the processor bounds."""

    def __init__(
        self,
        address: Path | str,
        name: str,
        *,
        processes: int,
        jobs: int,
        budget: Budget | None = None,
        prices: Prices | None = None,
        retry_failed: bool = False,
        watch: Callable[[Progress], None] | None = None,
    ) -> None:
        """Share the runs out; nothing is begun yet.

        Args:
            address: Of the store.
            name: Of the ensemble.
            processes: How many.
            jobs: Runs that are on at once in each.
            budget: What all runs of all processes together may spend from now on; once it is spent, all pause.
            prices: What calls are charged by; None for the public list.
            retry_failed: Whether runs that failed are taken up again.
            watch: Told of how far all of them are, whenever that changes.
        """
        where = address if "://" in str(address) else Path(address).absolute()
        self._shares = [
            _Share(
                address=where, name=name, jobs=jobs, budget=budget, prices=prices, retry_failed=retry_failed,
                folder=str(Path.cwd()), environ=dict(os.environ), collect_after=gc.get_threshold(),
                switch_after=sys.getswitchinterval(),
            )
        ] * processes  # fmt: skip
        self._watch = watch or (lambda _: None)
        self._parts: dict[int, Progress] = {}
        self._errors: list[ConverseError] = []
        self._connections: dict[int, Connection] = {}
        self.is_pausing = False

    @property
    def progress(self) -> Progress:
        """How far all processes are, together."""
        whole = Progress(runs=0)
        for part in self._parts.values():
            whole.runs = part.runs
            whole.done += part.done
            whole.running += part.running
            whole.failed |= part.failed
            whole.tokens += part.tokens
            if part.usd is not None:
                whole.usd = (whole.usd or 0.0) + part.usd
        return whole

    async def play(self) -> Progress:
        """Play every run that has not finished.

        Raises:
            RunPaused: The budget is spent; the same call goes on.
            ConverseError: The store cannot be used, or a process ended before its runs did; the same call goes on.
        """
        context = await asyncio.to_thread(start_fork_server)
        queue, spending = _SharedQueue(context), _SharedSpending(context)
        processes = {
            number: self._start(context, number, share, queue, spending) for number, share in enumerate(self._shares)
        }
        try:
            await asyncio.gather(*(self._follow(number, process) for number, process in processes.items()))
        finally:
            for process in processes.values():
                process.kill()  # those that have ended are past it; what was committed is kept
            for connection in self._connections.values():
                connection.close()
        if self._errors:
            raise self._errors[0]
        return self.progress

    def pause(self) -> None:
        """Have every run of every process stop at its next step, and begin no other."""
        self.is_pausing = True
        for connection in self._connections.values():
            with suppress(OSError):  # that process has ended
                connection.send("pause")

    def _start(
        self, context: ForkServerContext, number: int, share: _Share, queue: _SharedQueue, spending: _SharedSpending
    ) -> ForkServerProcess:
        ours, theirs = context.Pipe()
        process = context.Process(target=_play_share, args=(share, queue, spending, theirs), daemon=True)
        process.start()
        theirs.close()  # so that the end of the process is the end of what can be read
        self._connections[number] = ours
        return process

    async def _follow(self, number: int, process: ForkServerProcess) -> None:
        """Take what a process reports until it has ended."""
        is_whole = False
        async for report in _reports(self._connections[number]):
            if isinstance(report, Progress):
                self._parts[number] = report
                if len(self._parts) == len(self._shares):
                    self._watch(self.progress)
                continue
            is_whole = True
            if isinstance(report, ConverseError):
                self._errors.append(report)
                self._pause_others()
        await asyncio.to_thread(process.join)
        if not is_whole:
            self._errors.append(
                RunPaused(f"A process that played runs ended with code {process.exitcode}; the same command goes on.")
            )
            self._pause_others()

    def _pause_others(self) -> None:
        was_pausing = self.is_pausing
        self.pause()
        self.is_pausing = was_pausing  # it was not asked for


_DONE = "done"
_KINDS = (BudgetExceeded, StoreUnreachable, RunPaused, StoreFailure, NotFound, UsageError, ConverseError)
"""Errors as they are sent to another process: the first that fits, with its message alone."""


async def _reports(connection: Connection) -> AsyncIterator[Any]:
    """Yield what a process reports until it has ended."""
    loop, is_there = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection.fileno(), is_there.set)
    try:
        while True:
            await is_there.wait()
            is_there.clear()
            while connection.poll():
                yield connection.recv()
    except (EOFError, OSError):
        return
    finally:
        loop.remove_reader(connection.fileno())


def _play_share(share: _Share, queue: _SharedQueue, spending: _SharedSpending, connection: Connection) -> None:
    """Play a share of an ensemble in this process, which is new; the process that began it decides when to stop."""
    gc.set_threshold(*share.collect_after)
    sys.setswitchinterval(share.switch_after)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; one of them answers
    os.environ.clear()
    os.environ.update(share.environ)
    os.chdir(share.folder)
    try:
        asyncio.run(_play(share, queue, spending, connection))
        report: object = _DONE
    except ConverseError as error:
        report = next(kind for kind in _KINDS if isinstance(error, kind))(str(error))
    with suppress(OSError):  # whoever began it is gone
        connection.send(report)


async def _play(share: _Share, queue: _SharedQueue, spending: _SharedSpending, connection: Connection) -> None:
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > _REPORT or not progress.running:
            last = time.monotonic()
            with suppress(OSError):  # the reader below sees it
                connection.send(replace(progress, failed=dict(progress.failed)))

    async with Store.open(share.address) as store:
        player = SweepPlayer(
            store, share.name, jobs=share.jobs, budget=share.budget, prices=share.prices,
            retry_failed=share.retry_failed, numbers=queue, spending=spending, watch=report,
        )  # fmt: skip
        loop = asyncio.get_running_loop()

        def stop() -> None:
            """Pause: it was asked for, or whoever began this process is gone."""
            loop.remove_reader(connection.fileno())
            player.pause()

        loop.add_reader(connection.fileno(), stop)
        report(player.progress)
        try:
            await player.play()
        finally:
            loop.remove_reader(connection.fileno())
            last = 0.0
            report(player.progress)
