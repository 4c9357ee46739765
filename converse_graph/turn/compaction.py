"""Sums up what is about to leave the window: public rounds once for all, private ones by whose they are."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar, cast

from converse_graph.calls.model_call import StructuredRequest, ask
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import DebateFrame, Emit, RunContext
from converse_graph.models.base import PUBLIC, Message
from converse_graph.models.tokens import DEFAULT_CONTEXT_WINDOW, estimate_tokens
from converse_graph.prompting.history import (
    notes_need_summary,
    own_line_messages,
    private_record,
    public_record,
    recalled_line_messages,
)
from converse_graph.prompting.summaries import (
    FIELDS,
    fallback_summary,
    spans_to_summarise,
    standing_summaries,
    summaries_to_merge,
    summarised_until,
    summary_part,
)
from converse_graph.prompting.visibility import records_since_period, summaries_of
from converse_graph.record.call_paths import CallPath, Span
from converse_graph.record.records import PrivateSummaryRecord, StatementRecord, SummaryRecord, SummaryText, memo_of
from converse_graph.scenarios.cast import SUPERVISOR, Debate, ImaginedDebate, Organisation
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.scenario import Scenario
from converse_graph.scenarios.speaker_paths import name_of
from converse_graph.turn.speaker_turn import PartyTurn

_FORM = build_reply_schema("summary", FIELDS)


S = TypeVar("S", SummaryRecord, PrivateSummaryRecord)


@dataclass(frozen=True, kw_only=True)
class _Summariser(Generic[S]):
    """Who sums up, where it is put on record, and what it is told first."""

    context: RunContext
    clock: Clock
    emit: Emit
    place: CallPath
    """The turn that it is done in; of a persona, as it sums up its memory."""
    task: str
    model: Any
    record: Callable[[CallPath, Span, SummaryText], S]
    """Makes the record of a summary, by the call that it was written in."""

    async def sum_up(self, block: Span, messages: Sequence[Message], entries: Sequence[tuple[str, str]]) -> S:
        """One summary, as a record.

        Args:
            block: What it stands for.
            messages: What it is made from.
            entries: The same as speakers and words: what is kept of them where no model gives a usable summary.
        """
        first, last = (self.clock.period(round).label for round in (block.first, block.last))
        profile = self.context.models.get(self.model).profile
        values = {"name": name_of(self.place.reader), "first": first, "last": last}
        where = self.place.summary(block)
        question = StructuredRequest(
            place=where,
            messages=(
                *messages,
                self.context.prompts.message(
                    self.task, profile, values, owner=PUBLIC if self.place.is_public else self.place.reader
                ),
            ),
            form=_FORM,
            model=self.model,
        )
        answer = await ask(self.context, question, self.emit)
        words = answer.values or {"summary": fallback_summary(entries), "problem": answer.problem}
        text = cast("SummaryText", {name: value for name, value in words.items() if value})
        return self.record(where, block, text)

    async def roll_up(self, summaries: Sequence[S]) -> list[S]:
        """Sum up summaries, for as long as a level has enough of them."""
        rolled: list[S] = []
        while due := summaries_to_merge([*summaries, *rolled]):
            block = Span(level=due[0]["level"] + 1, first=due[0]["first"], last=due[-1]["last"])
            messages = [summary_part(summary, self.clock) for summary in due]
            words = [(str(summary["first"]), summary["summary"]) for summary in due]
            rolled.append(await self.sum_up(block, messages, words))
        return rolled


def _public_summary(path: CallPath, span: Span, text: SummaryText) -> SummaryRecord:
    return {"kind": "summary", "round": path.round, "turn": path.turn, "level": span.level, "first": span.first,
            "last": span.last, **text}  # fmt: skip


def _private_summary(path: CallPath, span: Span, text: SummaryText) -> PrivateSummaryRecord:
    return {"kind": "private_summary", "round": path.round, "turn": path.turn, "place": str(path), "path": path.reader,
            "level": span.level, "first": span.first, "last": span.last, **text}  # fmt: skip


async def summarise_rounds(
    scenario: Scenario,
    context: RunContext,
    earlier: Sequence[SummaryRecord],
    transcript: Sequence[StatementRecord],
    following: int,
    emit: Emit,
) -> list[SummaryRecord]:
    """Sum up the rounds that nobody will hear word for word any more; done once, for all parties.

    Args:
        scenario: What is played.
        context: The run's.
        earlier: Public summaries so far.
        transcript: All statements so far.
        following: The round that begins.
        emit: Told of every call.

    Returns:
        New records for the public channel of summaries; none where none is due, or only small models listen.
    """
    voices = _listeners(scenario, context)
    if not voices or not scenario.memory.summaries:
        return []
    standing: Sequence[SummaryRecord] = standing_summaries(context.folds, "summaries", earlier)
    frozen = summarised_until(standing)
    rounds = {
        round: list(statement)
        for round, statement in groupby(
            records_since_period(transcript, frozen), key=lambda statement: statement["round"]
        )
    }
    sizes = [
        sum(estimate_tokens(statement["text"]) for statement in rounds.get(round, ()))
        for round in range(frozen, following)
    ]
    windows = [context.window_of(party.name, party.model) or DEFAULT_CONTEXT_WINDOW for party in voices]
    limit = int(scenario.memory.max_window_share * min(windows))
    last = max(rounds, default=0)
    writer = _Summariser(
        context=context,
        clock=scenario.clock,
        emit=emit,
        place=CallPath.of_turn(last, len(rounds.get(last, ())), SUPERVISOR),
        task="moderator/summary",
        model=scenario.memory.model or voices[0].model,
        record=_public_summary,
    )
    new_summaries: list[SummaryRecord] = []
    for block in spans_to_summarise(frozen, following, scenario.verbatim_rounds, sizes, limit):
        statement = [entry for round in range(block.first, block.last + 1) for entry in rounds.get(round, ())]
        words = [(entry["speaker"], entry["text"]) for entry in statement]
        new_summaries.append(await writer.sum_up(block, public_record(statement, scenario.clock), words))
    if not new_summaries:
        return []
    return [*new_summaries, *await writer.roll_up([*standing, *new_summaries])]


async def summarise_mind(turn: PartyTurn) -> list[PrivateSummaryRecord]:
    """Have a party sum up what it kept to itself long ago, once that is much: records for its mind.

    Args:
        turn: Whose turn it is, and what it may know.
    """
    party, view_now, clock = turn.party, turn.view, turn.scenario.clock
    if not notes_need_summary(view_now.past, party.name, clock):
        return []
    messages = private_record(view_now.past, party.name, clock)
    writer = _Summariser(
        context=turn.context,
        clock=clock,
        emit=turn.emit,
        place=turn.place,
        task="organisation/summary",
        model=party.model,
        record=_private_summary,
    )
    own = summaries_of(view_now.own_summaries, party.name)
    block = Span(level=1, first=summarised_until(own), last=max(record["round"] for record in view_now.past))
    memos = [(party.name, memo_of(record)) for record in view_now.past]
    return await _with_roll_up(writer, block, messages, memos, own)


async def summarise_debates(
    spec: Debate | ImaginedDebate, clock: Clock, context: RunContext, inside: DebateFrame, emit: Emit
) -> list[PrivateSummaryRecord]:
    """Have the members of a debate sum up, each for itself, what they said long ago, as their owner does.

    Returns:
        Records for the organisation's mind.
    """
    if isinstance(spec, ImaginedDebate) or not inside.freezes:
        return []
    tasks = []
    for member in spec.members:
        place, model = inside.place.inside("memory", member.name), member.model or inside.model
        path = place.reader
        if member.graph is not None or context.models.get(model).profile == "small":
            continue
        own = summaries_of(inside.summaries, path)
        first = summarised_until(own)
        past = [record for record in inside.past if record["round"] >= first]
        messages = recalled_line_messages(past, path, clock)
        if messages:
            block = Span(level=1, first=first, last=max(record["round"] for record in past))
            writer = _Summariser(
                context=context,
                clock=clock,
                emit=emit,
                place=place,
                task="persona/summary",
                model=model,
                record=_private_summary,
            )
            entries = [(path, words) for _, words in own_line_messages(past, path)]
            tasks.append(_with_roll_up(writer, block, messages, entries, own))
    return [summary for batch in await asyncio.gather(*tasks) for summary in batch]


async def _with_roll_up(
    writer: _Summariser[PrivateSummaryRecord],
    block: Span,
    messages: Sequence[Message],
    entries: Sequence[tuple[str, str]],
    own: Sequence[PrivateSummaryRecord],
) -> list[PrivateSummaryRecord]:
    written_summaries = [await writer.sum_up(block, messages, entries)]
    return [*written_summaries, *await writer.roll_up([*own, *written_summaries])]


def _listeners(scenario: Scenario, context: RunContext) -> list[Organisation]:
    """The parties whose models hear more than the last words."""
    return [
        party
        for party in scenario.organisations
        if party.graph is None and context.models.get(party.model).profile == "large"
    ]
