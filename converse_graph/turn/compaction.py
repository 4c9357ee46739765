"""Sums up what is about to leave the window: public rounds once for all, private ones by whose they are."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from converse_graph.calls.model_call import Question, ask
from converse_graph.calls.reply_schema import make_form
from converse_graph.calls.run_context import Inside, RunContext
from converse_graph.calls.streaming import Emit
from converse_graph.models.base import PUBLIC, Part
from converse_graph.models.tokens import USUAL_WINDOW, tokens_in
from converse_graph.prompting.history import lines_recalled, mind_is_full, own_lines, private_record, public_record
from converse_graph.prompting.summaries import FIELDS, Block, due_blocks, due_roll_up, summary_part, without_a_model
from converse_graph.prompting.visibility import View, frozen_until, since
from converse_graph.record.state import Entry
from converse_graph.scenarios.cast import Debate, Imagined, Organisation
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.scenario import Scenario

_FORM = make_form("summary", FIELDS)


@dataclass(frozen=True, kw_only=True)
class _Writer:
    """Who sums up, where it is put on record, and what it is told first."""

    context: RunContext
    clock: Clock
    emit: Emit
    place: str
    """Structural path of the turn that it is done in."""
    at: tuple[int, int]
    """Round and turn that the record bears."""
    task: str
    speaker: str
    path: str | None
    """Whose it is; None for public."""
    model: Any

    async def sum_up(self, block: Block, parts: Sequence[Part], told: Sequence[tuple[str, str]]) -> Entry:
        """One summary, as a record.

        Args:
            block: What it stands for.
            parts: What it is made from.
            told: The same as speakers and words: what is kept of them where no model gives a usable summary.
        """
        first, last = (self.clock.period(round).label for round in (block.first, block.last))
        profile = self.context.chats.get(self.model).profile
        values = {"name": self.speaker.rpartition("/")[2], "first": first, "last": last}
        text = self.context.prompts.render(self.task, profile, values)
        owner = self.path or PUBLIC
        where = f"{self.place}/summary.{block.level}.{block.first}-{block.last}"
        question = Question(
            place=where,
            speaker=self.speaker,
            parts=(*parts, Part(role="user", text=text, source=f"prompt/{self.task}", owner=owner)),
            form=_FORM,
            model=self.model,
        )
        answer = await ask(self.context, question, self.emit)
        written = answer.values or {**without_a_model(told), "problem": answer.problem}
        kept: Entry = {"round": self.at[0], "turn": self.at[1], "level": block.level, "first": block.first,
                       "last": block.last, **{name: value for name, value in written.items() if value}}  # fmt: skip
        return kept | ({"place": where, "path": self.path} if self.path else {})

    async def roll_up(self, known: Sequence[Entry]) -> list[Entry]:
        """Sum up summaries, for as long as a level has enough of them."""
        made: list[Entry] = []
        while due := due_roll_up([*known, *made]):
            block = Block(level=due[0]["level"] + 1, first=due[0]["first"], last=due[-1]["last"])
            parts = [summary_part(kept, self.clock, self.path or PUBLIC) for kept in due]
            made.append(await self.sum_up(block, parts, [(str(kept["first"]), kept["gist"]) for kept in due]))
        return made


async def sum_up_rounds(
    scenario: Scenario,
    context: RunContext,
    summaries: Sequence[Entry],
    transcript: Sequence[Entry],
    following: int,
    emit: Emit,
) -> list[Entry]:
    """Sum up the rounds that nobody will hear word for word any more; done once, for all parties.

    Args:
        scenario: What is played.
        context: The run's.
        summaries: Public ones so far.
        transcript: All statements so far.
        following: The round that begins.
        emit: Told of every call.

    Returns:
        New records for the public channel of summaries; none where none is due, or only small models listen.
    """
    voices = _listeners(scenario, context)
    if not voices or not scenario.memory.summaries:
        return []
    frozen = frozen_until(summaries)
    rounds = {round: list(said) for round, said in groupby(since(transcript, frozen), key=lambda said: said["round"])}
    sizes = [sum(tokens_in(said["text"]) for said in rounds.get(round, ())) for round in range(frozen, following)]
    windows = [context.window_of(party.name, party.model) or USUAL_WINDOW for party in voices]
    limit = int(scenario.memory.share * min(windows))
    last = max(rounds, default=0)
    writer = _Writer(
        context=context,
        clock=scenario.clock,
        emit=emit,
        place=f"{last}.{len(rounds.get(last, ()))}/supervisor",
        at=(last, len(rounds.get(last, ()))),
        task="moderator/summary",
        speaker="supervisor",
        path=None,
        model=scenario.memory.model or voices[0].model,
    )
    made: list[Entry] = []
    for block in due_blocks(frozen, following, scenario.window, sizes, limit):
        said = [entry for round in range(block.first, block.last + 1) for entry in rounds.get(round, ())]
        words = [(entry["speaker"], entry["text"]) for entry in said]
        made.append(await writer.sum_up(block, public_record(said, scenario.clock), words))
    return [*made, *await writer.roll_up([*summaries, *made])] if made else []


async def sum_up_mind(
    scenario: Scenario,
    context: RunContext,
    party: Organisation,
    seen: View,
    place: str,
    emit: Emit,
) -> list[Entry]:
    """Have a party sum up what it kept to itself long ago, once that is much: records for its mind."""
    if not mind_is_full(seen.past, party.name, scenario.clock):
        return []
    parts = private_record(seen.past, party.name, scenario.clock)
    writer = _Writer(
        context=context,
        clock=scenario.clock,
        emit=emit,
        place=place,
        at=(seen.round, seen.turn),
        task="organisation/summary",
        speaker=party.name,
        path=party.name,
        model=party.model,
    )
    own = [kept for kept in seen.own_summaries if kept["path"] == party.name]
    block = Block(level=1, first=frozen_until(own, party.name), last=max(entry["round"] for entry in seen.past))
    return await _with_roll_up(writer, block, parts, [(party.name, entry.get("memo", "")) for entry in seen.past], own)


async def sum_up_debates(
    spec: Debate | Imagined, clock: Clock, context: RunContext, inside: Inside, emit: Emit
) -> list[Entry]:
    """Have the members of a debate sum up, each for itself, what they said long ago, as their owner does.

    Returns:
        Records for the organisation's mind.
    """
    if isinstance(spec, Imagined) or not inside.freezes:
        return []
    asked = []
    for member in spec.members:
        path, model = f"{inside.path}/{member.name}", member.model or inside.model
        if member.graph is not None or context.chats.get(model).profile == "small":
            continue
        own = [kept for kept in inside.summaries if kept["path"] == path]
        since = frozen_until(own, path)
        past = [entry for entry in inside.past if entry["round"] >= since]
        parts = lines_recalled(past, path, clock)
        if parts:
            block = Block(level=1, first=since, last=max(entry["round"] for entry in past))
            writer = _Writer(
                context=context,
                clock=clock,
                emit=emit,
                place=f"{inside.place}/{member.name}",
                at=(inside.period.round, inside.turn),
                task="persona/summary",
                speaker=path,
                path=path,
                model=model,
            )
            told = [(path, words) for _, words in own_lines(past, path)]
            asked.append(_with_roll_up(writer, block, parts, told, own))
    return [kept for made in await asyncio.gather(*asked) for kept in made]


async def _with_roll_up(
    writer: _Writer, block: Block, parts: Sequence[Part], told: Sequence[tuple[str, str]], own: Sequence[Entry]
) -> list[Entry]:
    made = [await writer.sum_up(block, parts, told)]
    return [*made, *await writer.roll_up([*own, *made])]


def _listeners(scenario: Scenario, context: RunContext) -> list[Organisation]:
    """The parties whose models hear more than the last words."""
    return [
        party
        for party in scenario.organisations
        if party.graph is None and context.chats.get(party.model).profile == "large"
    ]
