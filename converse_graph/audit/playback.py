"""Plays a run again from its journal, in memory, and compares all that came of it; in a process of its own too."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from converse_graph.audit.channels_on_disk import stored_channels
from converse_graph.audit.findings import Leak
from converse_graph.audit.playback_comparison import compare_channels, compare_header
from converse_graph.audit.played_journal import Lookup, PlayedJournal
from converse_graph.audit.played_saver import PlayedSaver
from converse_graph.calls.run_context import RunContext
from converse_graph.calls.trace_privacy import untraced
from converse_graph.checkpoints import TurnSaver
from converse_graph.errors import ConverseError, NoRoomForScratch, RunPaused
from converse_graph.graph import compile_graph
from converse_graph.models.base import PUBLIC
from converse_graph.models.references import SEPARATOR
from converse_graph.models.replay import ReplayRegistry
from converse_graph.prompting.templates import Prompts, load_prompts
from converse_graph.runs.fingerprint import differences, fingerprint
from converse_graph.runs.graph_input import initial_input, recall_index, vote_rounds
from converse_graph.runs.header import rebuild_scenario
from converse_graph.runs.simulation import RECURSION_LIMIT
from converse_graph.scenarios.cast import SUPERVISOR
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_settings import speaker_settings
from converse_graph.store import Run, Store
from converse_graph.store.record_reader import ledger_names


@dataclass(frozen=True, kw_only=True)
class Playback:
    """What came of playing a run again."""

    findings: tuple[Leak, ...] = ()
    values: int = 0
    """Values of the record that were compared; 0 where it was not played again."""
    unplayed: str | None = None
    """Why it could not be played again, and what was checked instead; None where it was."""


async def play_again(store: Store, run: Run, scenario: Scenario | None, record: Mapping[str, Any]) -> Playback:
    """Play a run again, and compare what comes of it with what is stored.

    No model is asked, no guest's graph is run, and nothing is written to the store.

    Args:
        store: Where the run is kept.
        run: The run.
        scenario: What it plays; None where that is not to be had.
        record: The channels of its root graph, as the store has them.
    """
    prompts = load_prompts()
    if (why := _cannot(run, scenario, prompts)) is not None or scenario is None:
        return Playback(unplayed=f"{why} Its prompts and its record were compared with its journal instead.")
    if run.header.fork is not None and not record and next(store.journal(run.id).counted_calls(), None) is None:
        return Playback(unplayed="It was forked and not played yet, so that there is nothing to play again.")
    scenario = scenario.with_events(run.header.events)
    journal = PlayedJournal(store.journal(run.id), is_alone=not _has_stand_ins(run))
    recalls = any(scenario.recall_of(party) for party in scenario.organisations)
    saver = PlayedSaver(record, ledger_names(run), holds_all=recalls)
    problem = await _play(store, saver, run, scenario, prompts, journal, record)
    replay = saver.channels()
    if problem is not None and store.journal(run.id).cut_prompts():
        return Playback(unplayed=f"Prompts were cut by a server, to a length that is not on record: {problem} "
                                 "Prompts and record were compared with the journal instead.")  # fmt: skip
    if run.status == "finished":
        journal.find_unasked()
    findings = [*journal.findings]
    if problem is not None:
        where = journal.ends_at or run.name
        findings.append(Leak(kind="replay", place=where, source="journal", owner=PUBLIC, why=problem))
    leaks = compare_channels(record, replay, scenario, is_finished=run.status == "finished")
    findings += [*leaks.findings, *compare_header(run, scenario, rounds=journal.rounds)]
    return Playback(findings=tuple(findings), values=leaks.values)


class PlaybackBeside:
    """A run that is played again by a process of its own, while this one does something else."""

    def __init__(self, store: Store, run: Run) -> None:
        """Begin at once.

        Args:
            store: Where the run is kept.
            run: The run; its scenario is made anew from its dials.
        """
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe(duplex=False)
        arguments = (store.where, run.name, gc.get_threshold(), theirs)
        self._process = context.Process(target=_play_beside, args=arguments, daemon=True)
        self._process.start()
        theirs.close()  # so that the end of the process is the end of what can be read

    async def result(self) -> Playback | None:
        """Wait for what came of it; None where the process ended before it was done."""
        try:
            playback: Playback = await asyncio.to_thread(self._connection.recv)
        except EOFError:
            return None
        else:
            return playback
        finally:
            self.stop()

    def stop(self) -> None:
        """End the process, whether it is done or not."""
        self._process.kill()
        self._process.join()
        self._connection.close()


def _play_beside(where: Path | str, name: str, collect_after: tuple[int, int, int], connection: Connection) -> None:
    """Play a run again in this process, which is new, and send what came of it.

    An error ends it without a word: whoever began it plays the run then, and tells of the error.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a terminal sends it to all; one of them says so
    gc.set_threshold(*collect_after)
    with suppress(Exception):
        connection.send(asyncio.run(_play_stored(where, name)))


async def _play_stored(where: Path | str, name: str) -> Playback:
    async with Store.open(where, read_only=True) as store:
        run = store.register.run(name)
        return await play_again(store, run, made_again(run), stored_channels(store, run))


def made_again(run: Run) -> Scenario | None:
    """The scenario of a run, made from its dials; None where it was made in Python, or is gone."""
    try:
        return rebuild_scenario(run)
    except ConverseError:
        return None


def _cannot(run: Run, scenario: Scenario | None, prompts: Prompts) -> str | None:
    """Why a run cannot be played again; None where it can."""
    if scenario is None:
        return "It cannot be played again: its scenario was made in Python, or is gone."
    if run.header.overrides and not all(
        _leaves_prompts(part) for change in run.header.overrides for part in change.parts
    ):
        return "It cannot be played again: it went on with something else than it began with, which its header names."
    changes = differences(run.fingerprint, fingerprint(scenario, prompts, run.header.options))
    if changes:
        more = f"; and {len(changes) - 5} more" if len(changes) > 5 else ""
        return f"It cannot be played again, for these are others now: {'; '.join(changes[:5])}{more}."
    return None


def _leaves_prompts(part: str) -> bool:
    """Whether what changed during a run is a setting that no prompt depends on."""
    return part.startswith("option: ") and not part.endswith(("context_window", "max_tokens"))


def _has_stand_ins(run: Run) -> bool:
    names = [run.header.model, *(party.model or "" for party in run.header.cast)]
    names += [name for party in run.header.cast for name in party.persona_models.values()]
    return any(SEPARATOR in name for name in names)


async def _play(
    store: Store,
    aside: PlayedSaver,
    run: Run,
    scenario: Scenario,
    prompts: Prompts,
    journal: PlayedJournal,
    record: Mapping[str, Any],
) -> str | None:
    """Play to the end of the run or of its journal; returns what is wrong with where it ended."""
    saver = TurnSaver(aside, passing=f"branch:to:{SUPERVISOR}")
    compiled = compile_graph(scenario, is_traced=False)
    graph = compiled.copy(update={"checkpointer": saver, "channels": aside.reading_from_record(compiled.channels)})
    config: Any = {"configurable": {"thread_id": run.name}, "recursion_limit": RECURSION_LIMIT}
    context = RunContext(
        models=ReplayRegistry(Lookup(journal), run.header.model, run.header.models),
        prompts=prompts,
        seed=run.header.seed,
        journal=journal,
        by_rounds=True,
        horizon=run.horizon,
        votes_after=vote_rounds(record) if scenario.motion is not None else None,
        recall=recall_index(store, run, scenario),
        settings=speaker_settings(scenario, run.header.options),
        humans=frozenset(run.header.humans),
    )
    last_count, problem = -1, None
    try:
        while journal.statements > last_count and (
            last_count < 0 or journal.statements < len(record.get("transcript", ()))
        ):
            last_count = journal.statements
            begin = await initial_input(graph, config, store, run, scenario, saver=aside)
            with untraced():  # as in an experiment, whose tracer would send what is private
                async for _ in graph.astream(begin, config, context=context, stream_mode=[], durability="async",
                                             output_keys=graph.output_channels):  # fmt: skip
                    pass
    except RunPaused:
        if run.status == "finished":
            problem = "the journal ends here, and the run does not"
    except NoRoomForScratch:
        raise
    except (ConverseError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        problem = f"it cannot be played on: {type(error).__name__}"
    finally:
        await saver.settled()
    return problem
