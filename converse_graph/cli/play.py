"""Plays a run from the command line: shown as it goes, paused by signals, its transcript left behind."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from converse_graph.calls.budget import Budget
from converse_graph.cli.display import Plan
from converse_graph.cli.exit_codes import Code
from converse_graph.cli.humanize import count, duration, money
from converse_graph.cli.judge_options import Judging, is_judged, judge_at_end, store_option
from converse_graph.cli.output import Output
from converse_graph.cli.trace_options import traced
from converse_graph.errors import CallFailed, ConverseError, RunHeld, RunPaused, StoreFailure
from converse_graph.export.atomic_files import write_whole
from converse_graph.export.markdown import render_markdown
from converse_graph.record.transcript import Transcript
from converse_graph.runs.simulation import Simulation
from converse_graph.store import Run, Store
from converse_graph.store.record_reader import read_transcript
from converse_graph.tracing.outcome import trace_outcome
from converse_graph.tracing.settings import Tracing


async def play(
    simulation: Simulation,
    output: Output,
    judging: Judging | None = None,
    *,
    budget: Budget | None = None,
    tracing: Tracing | None = None,
) -> Code:
    """Play a run to its end or to a pause, and judge it at its end.

    Args:
        simulation: The run.
        output: Where it is shown.
        judging: How it is judged; None for not at all.
        budget: What it may spend; None for no bound.
        tracing: Where it is traced; None for nowhere.

    Returns:
        The exit code; what is to be said has been said.

    Raises:
        RunHeld: Another process is writing to the run.
        ConverseError: The run failed.
    """
    async with traced(tracing, simulation, output):
        return await _play(simulation, output, judging, budget, tracing)


async def _play(
    simulation: Simulation, output: Output, judging: Judging | None, budget: Budget | None, tracing: Tracing | None
) -> Code:
    began, before = time.monotonic(), simulation.store.register.run(simulation.run.name).status
    try:
        run = await _play_shown(simulation, output, budget, tracing)
    except asyncio.CancelledError:
        return await _paused(simulation, output, "stopped at once", began)
    except StoreFailure as reason:  # where it is gone, or full, no page can be made either
        output.warn(f"{reason} {_way_on(simulation)}")
        return Code.PAUSED
    except CallFailed as reason:
        with _told_beside(output):
            await _close(simulation, output, "Paused", began)
        raise CallFailed(f"{reason} {_way_on(simulation)}") from reason.__cause__
    except RunPaused as reason:
        return await _paused(simulation, output, "paused", began, str(reason))
    except RunHeld:
        raise
    except Exception:  # whatever went wrong, what was said until then can be read
        with _told_beside(output):
            await leave_transcript(simulation.store, simulation.run.name)
        raise
    if run.status == "paused":
        return await _paused(simulation, output, "paused", began)
    await _judge_and_tell(simulation, output, judging, budget, tracing, was_finished=before == "finished")
    ended = f"Finished ({run.ended})" if run.ended else "Finished"
    await _close(simulation, output, ended, began)
    return Code.DONE


async def _judge_and_tell(
    simulation: Simulation,
    output: Output,
    judging: Judging | None,
    budget: Budget | None,
    tracing: Tracing | None,
    *,
    was_finished: bool,
) -> None:
    """Have a finished run judged, and its outcome traced; neither where it was done before."""
    is_new = not was_finished
    if judging is not None and not is_judged(simulation):
        is_new = True
        await leave_transcript(simulation.store, simulation.run.name)
        await judge_at_end(simulation, judging, output, budget)
    if tracing is not None and is_new:
        await trace_outcome(tracing, simulation.store, simulation.run.name)


async def _play_shown(simulation: Simulation, output: Output, budget: Budget | None, tracing: Tracing | None) -> Run:
    run, scenario = simulation.run, simulation.scenario
    plan = Plan(
        parties=[party.name for party in scenario.organisations],
        rounds=run.horizon,
        statements=run.statements,
        tokens=run.tokens,
        period=lambda number: scenario.clock.period(number).label,
        simultaneous=scenario.order == "simultaneous",
    )
    async with output.showing(plan, on_gone=simulation.pause) as watch:
        playing = asyncio.create_task(simulation.play(watch, budget=budget, tracing=tracing))
        with _pausing(simulation, playing, output.warn):
            return await playing


@contextmanager
def _pausing(simulation: Simulation, playing: asyncio.Task[Run], warn: Callable[[str], None]) -> Iterator[None]:
    """Let the first signal pause the run at its next step, the second stop it at once, a third end the process."""
    loop = asyncio.get_running_loop()
    taken = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        taken.append(signal.SIGHUP)
    asked = False

    def take() -> None:
        nonlocal asked
        if asked:
            let_go()
            playing.cancel()
        else:
            asked = True
            simulation.pause()
            warn("pausing at the next step; once more to stop at once")

    def let_go() -> None:
        for number in taken:
            loop.remove_signal_handler(number)

    for number in taken:
        loop.add_signal_handler(number, take)
    try:
        yield
    finally:
        let_go()


async def _paused(simulation: Simulation, output: Output, how: str, began: float, reason: str = "") -> Code:
    with _told_beside(output):
        await _close(simulation, output, how.capitalize(), began)
    output.warn(" ".join(filter(None, [reason, _way_on(simulation)])))
    return Code.PAUSED


@contextmanager
def _told_beside(output: Output) -> Iterator[None]:
    """Say that a transcript could not be written, and go on to what matters more."""
    try:
        yield
    except ConverseError as error:
        output.warn(str(error))


async def _close(simulation: Simulation, output: Output, how: str, began: float) -> None:
    path, transcript = await leave_transcript(simulation.store, simulation.run.name)
    mute = sum(not statement.text for statement in transcript.statements)
    run = simulation.store.register.run(simulation.run.name)
    said = count(run.statements, "statement") + (f" ({mute} of them empty)" if mute else "")
    facts = [said, count(run.tokens, "token")]
    facts += [money(run.usd)] if run.usd is not None else []
    for warning in transcript.header.warnings:
        output.warn(warning)
    output.say("")
    output.say(f"{how}: {', '.join([*facts, duration(time.monotonic() - began)])}")
    output.result(path)


async def leave_transcript(store: Store, name: str) -> tuple[str, Transcript]:
    """Write the reader's edition beside the store; returns its path too."""
    transcript = await read_transcript(store, store.register.run(name))
    path = store.folder / "transcripts" / f"{name}.md"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(write_whole, path, render_markdown(transcript))
    except (OSError, ConverseError) as error:
        kept = f"The run is kept; read it with `converse show {name}`."
        raise ConverseError(f"The transcript was not written: {str(error).rstrip('.')}. {kept}") from error
    return str(path), transcript


def _way_on(simulation: Simulation) -> str:
    name = simulation.run.name
    return f"Run {name} is paused. Go on with: converse resume {name}{store_option(simulation.store)}"
