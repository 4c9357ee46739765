"""Audits a run that nobody plays here: one that was imported, or packed without its private parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from converse_graph.audit.answer_check import AnswerCheck
from converse_graph.audit.channels_on_disk import stored_channels
from converse_graph.audit.findings import Audit, Leak
from converse_graph.audit.phrase_index import PhraseIndex
from converse_graph.audit.playback_comparison import compare_copies
from converse_graph.audit.prompt_check import PromptCheck
from converse_graph.audit.records import Records
from converse_graph.audit.transcript_on_disk import transcript_on_disk
from converse_graph.models.base import PUBLIC
from converse_graph.record.call_paths import JudgePath, parse_call_path
from converse_graph.record.state import PUBLIC_LEDGERS, PUBLIC_VALUES, WORLD_STATE
from converse_graph.store import Run, Store
from converse_graph.store.chain_check import ChainBreak, chain_breaks
from converse_graph.store.journal import Call


def audit_unplayable(store: Store, run: Run) -> Audit:
    """Check what a run that nobody plays here can be checked for: that nothing private is in it; nothing is written.

    The prompts of its judges are made again from its record. The statements of an imported run are compared with what
    was read from its file.

    Args:
        store: Where it is kept.
        run: One that was imported, or packed without its private parts.
    """
    journal = store.journal(run.id)
    channels = stored_channels(store, run)
    records = Records(run.header, channels, journal.calls_at)
    words = PhraseIndex()
    prompts, answers = PromptCheck(records, words), AnswerCheck(records, frozenset(), frozenset())
    leaks = [_of_chain(chain_break) for chain_break in chain_breaks(store, run)]
    for call in journal.calls():
        if isinstance(parse_call_path(call.place), JudgePath):
            leaks += prompts.leaks(call)
    leaks += [
        *_private_parts(run, channels, journal.calls()),
        *compare_copies(store, run, transcript_on_disk(store, run, channels)),
    ]
    if run.header.imported:
        leaks += answers.differences()
    return Audit(
        run=run.name,
        chain_head=store.chain(run.id).head(),
        calls=prompts.calls,
        messages=prompts.messages,
        rebuilt=prompts.rebuilt,
        searched=prompts.searched,
        records=answers.records,
        texts=words.texts,
        too_short=words.too_short,
        quoted=(),
        values=0,
        unchecked=tuple(_unchecked(run)),
        leaks=tuple(dict.fromkeys(leaks)),
    )


def _of_chain(chain_break: ChainBreak) -> Leak:
    return Leak(kind="chain", place=chain_break.place, source=chain_break.source, owner=PUBLIC, why=chain_break.why)


def _private_parts(run: Run, channels: Mapping[str, Any], calls: Iterable[Call]) -> Iterator[Leak]:
    """What only a party may read, and is in the store all the same."""
    public = {*PUBLIC_LEDGERS, *PUBLIC_VALUES, WORLD_STATE}
    for channel, records in channels.items():
        if channel not in public and records:
            yield Leak(kind="record", place=channel, source="record", owner=channel.partition("_")[2] or channel,
                       why="it holds private records, where none are to be")  # fmt: skip
    for event in run.header.events:
        if event.party is not None:
            yield Leak(kind="record", place=str(event.at), source="header", owner=event.party,
                       why="the header tells what one party alone was told")  # fmt: skip
    for call in calls:
        owners = {message.owner for message in call.messages} - {PUBLIC}
        is_public = isinstance(parse_call_path(call.place), JudgePath) or run.header.imported is not None
        if owners or not is_public:
            yield Leak(kind="access", place=call.place, source="journal", owner=min(owners, default=PUBLIC),
                       why="it holds a prompt that not everybody may read, where none is to be")  # fmt: skip


def _unchecked(run: Run) -> Iterator[str]:
    if run.header.imported:
        yield "Whether anything private went astray: an imported run has no minds, no prompts and nobody who played it."
        yield f"Whether the file {run.header.imported.file} says what its speakers said."
        return
    yield "Who was told what: the prompts of the parties were left out of this pack."
    yield "Whether each statement is what was answered: the replies were left out of this pack."
    yield "Whether a statement quotes private words: the memos and debates were left out of this pack."
    yield "That the run comes out the same when it is played again: pack it with --private, or audit its own store."
