"""A run judged at its end: what is said of it, and what is said when it cannot be."""

import asyncio
import shlex

from converse_graph.calls.budget import Budget
from converse_graph.cli.formatting import count
from converse_graph.cli.output import Output
from converse_graph.errors import ConverseError
from converse_graph.export.markdown_verdicts import score_line
from converse_graph.judge.runs import judge_run
from converse_graph.record.verdict import Verdict
from converse_graph.runs.simulation import Simulation
from converse_graph.store.store import DEFAULT_PATH, Store

HINT = "--no-judge leaves it out"
"""How a command that has the option says that there need be no verdict."""


def is_judged(simulation: Simulation) -> bool:
    """Whether there is a verdict on all that was said: to resume a finished run is no reason for another."""
    run = simulation.store.register.run(simulation.run.name)
    verdicts = simulation.store.verdicts(run.id).all()
    return any(verdict.statements == run.statements for verdict in verdicts)


async def judge_at_end(
    simulation: Simulation,
    judges: tuple[str, ...],
    output: Output,
    budget: Budget | None = None,
    *,
    hint: str = HINT,
) -> None:
    """Judge a run that has just finished; whatever goes wrong, the run stays finished.

    Args:
        simulation: The run.
        judges: The models that judge it; none for its own.
        output: Where the verdicts are shown.
        budget: What they may spend.
        hint: What is said beside it, of how it could be otherwise.
    """
    run = simulation.run
    judge_names = ", ".join(judges) or run.header.model
    output.say("")
    output.say(f"Judging by rubric {run.header.rubric} with {judge_names} ({hint})")
    chats = None if judges else simulation.chats
    try:
        verdicts = await judge_run(
            simulation.store,
            run.name,
            models=judges,
            chats=chats,
            budget=budget,
            prices=simulation.chats.prices,
        )
    except (ConverseError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and (task := asyncio.current_task()) is not None:
            task.uncancel()
        reason = f"{error} " if str(error) else ""
        output.warn(
            f"{reason}The verdict is missing. Get it with: converse judge {run.name}{store_option(simulation.store)}"
        )
        return
    for verdict in verdicts:
        say_verdict(verdict, output)


def store_option(store: Store) -> str:
    """What to add to a command so that it finds the store; a password is left for whoever types it."""
    return "" if store.address == str(DEFAULT_PATH) else f" --store {shlex.quote(store.address)}"


def say_verdict(verdict: Verdict, output: Output) -> None:
    """A verdict in a few lines."""
    parts = f" in {verdict.parts} parts" if verdict.parts > 1 else ""
    doubtful = sum(1 for score in verdict.scores if score.quotation and not score.verified)
    output.say(
        f"Verdict of {verdict.model} on {count(verdict.statements, 'statement')}{parts}, judging {verdict.repeat}"
        + (f"; {count(doubtful, 'quotation')} not found in the transcript" if doubtful else "")
    )
    for score in verdict.scores:
        output.say(f"  {score_line(score)}" + ("" if score.verified or not score.quotation else " · unverified"))
    output.say(f"  {verdict.summary}" if verdict.summary else f"  no summary: {verdict.problem}")
