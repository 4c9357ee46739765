"""Plays a run from the command line: shown as it goes, paused by signals, judged at its end, its transcript written."""

import asyncio
import os
import shlex
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from langsmith import tracing_context

from converse_graph.calls.budget import Budget
from converse_graph.cli.display import Plan
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.formatting import count, duration, money
from converse_graph.cli.judging import HINT, is_judged, judge_at_end, store_option
from converse_graph.cli.options import PlayOptions
from converse_graph.cli.output import Output
from converse_graph.cli.seat import Answerer, Seat
from converse_graph.cli.viewing import TableSeat, require_view, viewed
from converse_graph.errors import AnswerNeeded, CallFailed, ConverseError, RunLocked, RunPaused, StoreFailure
from converse_graph.export.atomic_files import write_atomically
from converse_graph.export.formats import as_json, json_text
from converse_graph.export.markdown import render_markdown
from converse_graph.models.prices import Prices, load_prices
from converse_graph.record.transcript import Transcript
from converse_graph.runs.simulation import Simulation
from converse_graph.store import Run, Store
from converse_graph.store.permissions import file_mode, make_folder
from converse_graph.tracing.outcome import trace_outcome
from converse_graph.tracing.settings import Tracing, build_tracing, thread_of


class Session:
    """What a command that plays a run was told about playing."""

    def __init__(self, options: PlayOptions) -> None:
        """Read the options, before anything is written.

        Raises:
            InvalidValue: A bound is none, or the file of prices holds no prices.
            NotFound: There is no file of prices.
            UsageError: It is to be viewed, and what that takes is not installed.
        """
        self.output = Output(quiet=options.quiet, as_json=options.as_json)
        self.judges = None if options.no_judge else tuple(options.judge_models or ())
        self._says_who_judges = options.no_judge or bool(options.judge_models)
        self.budget = read_budget(options.max_usd, options.max_tokens, options.max_turns, options.max_minutes)
        self.prices = read_prices(options.prices)
        self._trace_private = options.trace_private
        self._is_viewed, self._port, self._opens = options.view, options.port, not options.no_open
        if options.view:
            require_view(options.port)
        self._deadline = options.human_deadline

    async def play(self, simulation: Simulation) -> Code:
        """Play a run to its end or to a pause, judge it, and let go of its models.

        Who judges is on record, so that a run which is gone on with is judged as it was to be when it was begun.

        Raises:
            RunLocked: Another process is writing to the run.
            ConverseError: The run failed.
        """
        try:
            tracing = open_tracing(self.output, private=self._trace_private)
            if self._says_who_judges and simulation.run.status != "finished":
                with simulation.store.hold(simulation.run.name):
                    simulation.run = await simulation.store.register.set_judges(simulation.run, self.judges)
            judges = self.judges if self._says_who_judges else simulation.run.header.judges
            async with self._pages(simulation) as table:
                seat = table or Seat(self.output, deadline=self._deadline)
                return await play(simulation, self.output, judges, budget=self.budget, tracing=tracing, seat=seat)
        finally:
            await simulation.close()

    def _pages(self, simulation: Simulation) -> AbstractAsyncContextManager[TableSeat | None]:
        if not self._is_viewed:
            return nullcontext()
        return viewed(simulation, self.output, self._deadline, port=self._port, opens=self._opens)


def read_budget(
    usd: float | None = None, tokens: int | None = None, turns: int | None = None, minutes: float | None = None
) -> Budget | None:
    """The bounds on what a run may spend; None where none was given.

    Raises:
        InvalidValue: One is no bound.
    """
    if (usd, tokens, turns, minutes) == (None,) * 4:
        return None
    return Budget(usd=usd, tokens=tokens, turns=turns, minutes=minutes)


def read_prices(path: Path | None) -> Prices | None:
    """The prices in a file; None where no file was given.

    Raises:
        InvalidValue: The file holds no prices.
        NotFound: There is no such file.
    """
    return load_prices(path) if path else None


def open_tracing(output: Output, *, private: bool) -> Tracing | None:
    """Where the environment has runs traced to; None for nowhere."""
    return build_tracing(os.environ, warn=output.warn, now=lambda: datetime.now(UTC), private=private)


async def play(
    simulation: Simulation,
    output: Output,
    judges: tuple[str, ...] | None = None,
    *,
    budget: Budget | None = None,
    tracing: Tracing | None = None,
    seat: Answerer | None = None,
) -> Code:
    """Play a run to its end or to a pause, and judge it at its end.

    Args:
        simulation: The run.
        output: Where it is shown.
        judges: The models that judge it, none for its own; None for no judgement.
        budget: What it may spend; None for no bound.
        tracing: Where it is traced; None for nowhere.
        seat: Where persons answer; None for the pause alone.

    Returns:
        The exit code; what is to be said has been said.

    Raises:
        RunLocked: Another process is writing to the run.
        ConverseError: The run failed.
    """
    async with _traced(tracing, simulation, output):
        return await _play(simulation, output, judges, budget, tracing, seat)


@asynccontextmanager
async def _traced(tracing: Tracing | None, simulation: Simulation, output: Output) -> AsyncIterator[None]:
    """Say that a run is traced, and send what is left at the end; nothing inside is traced by anybody else."""
    if tracing is None:
        with tracing_context(enabled=False):
            yield
        return
    content = "prompts and replies too" if tracing.private else "without what is private (--trace-private sends it)"
    output.say(f"Traced to {tracing.where}, thread {thread_of(simulation.run.header)}, {content}")
    try:
        with tracing_context(enabled=False):
            yield
    finally:
        await tracing.exporter.close()


async def _play(
    simulation: Simulation,
    output: Output,
    judges: tuple[str, ...] | None,
    budget: Budget | None,
    tracing: Tracing | None,
    seat: Answerer | None,
) -> Code:
    began, before = time.monotonic(), simulation.store.register.run(simulation.run.name).status
    try:
        run = await _play_answered(simulation, output, budget, tracing, seat)
    except asyncio.CancelledError:
        return await _paused(simulation, output, "stopped at once", began)
    except StoreFailure as reason:  # where it is gone, or full, no page can be made either
        output.warn(f"{reason} {_way_on(simulation)}")
        return Code.PAUSED
    except CallFailed as reason:
        with _warned(output):
            await _close(simulation, output, "Paused", began)
        raise CallFailed(f"{reason} {_way_on(simulation)}") from reason.__cause__
    except RunPaused as reason:
        way_on = _way_to_answer(simulation, reason) if isinstance(reason, AnswerNeeded) else ""
        return await _paused(simulation, output, "paused", began, str(reason), way_on)
    except RunLocked:
        raise
    except Exception:  # whatever went wrong, what was said until then can be read
        with _warned(output):
            await leave_transcript(simulation.store, simulation.run.name)
        raise
    if run.status == "paused":
        return await _paused(simulation, output, "paused", began)
    await _judge_and_trace(simulation, output, judges, budget, tracing, was_finished=before == "finished")
    ending = f"Finished ({run.ended})" if run.ended else "Finished"
    await _close(simulation, output, ending, began)
    return Code.DONE


async def _judge_and_trace(
    simulation: Simulation,
    output: Output,
    judges: tuple[str, ...] | None,
    budget: Budget | None,
    tracing: Tracing | None,
    *,
    was_finished: bool,
    hint: str = HINT,
) -> None:
    """Have a finished run judged, and its outcome traced; neither where it was done before."""
    is_new = not was_finished
    if judges is not None and not is_judged(simulation):
        is_new = True
        await leave_transcript(simulation.store, simulation.run.name)
        await judge_at_end(simulation, judges, output, budget, hint=hint)
    if tracing is not None and is_new:
        await trace_outcome(tracing, simulation.store, simulation.run.name)


async def _play_answered(
    simulation: Simulation, output: Output, budget: Budget | None, tracing: Tracing | None, seat: Answerer | None
) -> Run:
    """Play, and have persons at the terminal answer what is asked; where there is none, the run pauses."""
    while True:
        try:
            return await _play_shown(simulation, output, budget, tracing)
        except AnswerNeeded as reason:
            if seat is None:
                raise
            seat.show(reason)
            answers = await seat.answers(reason)
            if answers is None:
                raise
            simulation.answers = answers


async def _play_shown(simulation: Simulation, output: Output, budget: Budget | None, tracing: Tracing | None) -> Run:
    run, scenario = simulation.run, simulation.scenario
    plan = Plan(
        parties=[party.name for party in scenario.organisations],
        rounds=run.horizon,
        statements=run.statements,
        tokens=run.tokens,
        usd=run.usd,
        period=lambda number: scenario.clock.period(number).label,
        simultaneous=scenario.order == "simultaneous",
    )
    async with output.showing(plan, on_gone=simulation.pause) as watch:
        playing = asyncio.create_task(
            simulation.play(watch, budget=budget, tracing=tracing, private_watch=output.audience)
        )
        with _pausing(simulation, playing, output.warn):
            return await playing


@contextmanager
def _pausing(simulation: Simulation, playing: asyncio.Task[Run], warn: Callable[[str], None]) -> Iterator[None]:
    """Let the first signal pause the run at its next step, the second stop it at once, a third end the process."""
    loop = asyncio.get_running_loop()
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    is_pausing = False

    def stop() -> None:
        nonlocal is_pausing
        if is_pausing:
            restore()
            playing.cancel()
        else:
            is_pausing = True
            simulation.pause()
            warn("pausing at the next step; once more to stop at once")

    def restore() -> None:
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        if not is_pausing:  # else a second signal that comes while a paused run is closed would end the process
            restore()


async def _paused(
    simulation: Simulation, output: Output, how: str, began: float, reason: str = "", way_on: str = ""
) -> Code:
    with _warned(output):
        await _close(simulation, output, how.capitalize(), began)
    output.warn(" ".join(filter(None, [reason, way_on or _way_on(simulation)])))
    return Code.PAUSED


@contextmanager
def _warned(output: Output) -> Iterator[None]:
    """Warn that a transcript could not be written, and go on to what matters more."""
    try:
        yield
    except ConverseError as error:
        output.warn(str(error))


async def _close(simulation: Simulation, output: Output, how: str, began: float) -> None:
    path, transcript = await leave_transcript(simulation.store, simulation.run.name)
    mute = sum(not statement.text for statement in transcript.statements)
    run = simulation.store.register.run(simulation.run.name)
    statements = count(run.statements, "statement") + (f" ({mute} of them empty)" if mute else "")
    facts = [statements, count(run.tokens, "token")]
    facts += [money(run.usd)] if run.usd is not None else []
    for warning in transcript.header.warnings:
        output.warn(warning)
    output.say("")
    output.say(f"{how}: {', '.join([*facts, duration(time.monotonic() - began)])}")
    output.result(json_text(as_json(transcript.public()), indent=2) if output.as_json else path)


async def end_viewed(simulation: Simulation, output: Output, budget: Budget | None = None) -> None:
    """End a run that was played from its pages as one is ended that is played at the terminal.

    Args:
        simulation: The run, over or paused.
        output: Where it is said what became of it.
        budget: What the run and its judges may spend.
    """
    with _warned(output):
        run = simulation.store.register.run(simulation.run.name)
        if run.status == "finished":
            judges, hint = run.header.judges, "as it was begun to be; `converse run --no-judge` leaves it out"
            await _judge_and_trace(simulation, output, judges, budget, None, was_finished=True, hint=hint)
        path, _ = await leave_transcript(simulation.store, run.name)
        if run.status == "finished":
            output.say(f"Run {run.name} has finished: {path}")


async def leave_transcript(store: Store, name: str) -> tuple[str, Transcript]:
    """Write the full transcript beside the store; returns its path too."""
    transcript = store.transcript(name)
    with suppress(StoreFailure):  # rows for SQL are a copy, made anew when they are asked for
        await store.data.save(store.register.run(name).id, transcript)
    path = store.folder / "transcripts" / f"{name}.md"
    try:
        make_folder(path.parent, shared=store.is_shared)
        mode = file_mode(shared=store.is_shared)
        await asyncio.to_thread(write_atomically, path, render_markdown(transcript), mode=mode)
    except (OSError, ConverseError) as error:
        safe = f"The run is kept; read it with `converse show {name}`."
        raise ConverseError(f"The transcript was not written: {str(error).rstrip('.')}. {safe}") from error
    return str(path), transcript


def _way_on(simulation: Simulation) -> str:
    name = simulation.run.name
    return f"Run {name} is paused. Go on with: converse resume {name}{store_option(simulation.store)}"


def _way_to_answer(simulation: Simulation, reason: AnswerNeeded) -> str:
    name, where = simulation.run.name, store_option(simulation.store)
    one, *others = map(shlex.quote, reason.speakers)
    answer_options = " ".join(f"--answer {speaker}=VALUE" for speaker in (one, *others)) if others else "--answer VALUE"
    return f"· Run {name} is paused until that is answered: converse resume {name} {answer_options}{where}"
