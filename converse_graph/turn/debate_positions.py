"""What members of a debate write down for themselves: positions before they hear the others, and secret ballots."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.run_context import DebateFrame, RunContext, current_context
from converse_graph.models.base import Message
from converse_graph.prompting.history import heard_line_messages
from converse_graph.record.call_paths import PathStep
from converse_graph.record.records import LineRecord, MemberStanceRecord
from converse_graph.record.state import position_channel
from converse_graph.scenarios.cast import Debate, Persona
from converse_graph.scenarios.clock import Clock
from converse_graph.turn.decision import decide, position_field
from converse_graph.turn.guest import Guest
from converse_graph.turn.speaker_turn import MemberTurn, Stance


async def write_positions(
    spec: Debate, guests: Mapping[str, Guest], clock: Clock, runtime: Runtime[RunContext]
) -> dict[str, MemberStanceRecord]:
    """Ask all members at once where they stand before anybody speaks.

    Returns:
        By the name of the channel that the member alone reads: `speaker`, `position` and `reason`, or `problem`.
    """
    stances = await _ask_all(spec, guests, clock, runtime, "position", ())
    return {position_channel(stance["speaker"]): stance for stance in stances}


async def cast_ballots(
    spec: Debate,
    guests: Mapping[str, Guest],
    clock: Clock,
    lines: Sequence[LineRecord],
    runtime: Runtime[RunContext],
) -> list[MemberStanceRecord]:
    """Ask all members at once for their secret ballots after the last line, in the shape of `write_positions`."""
    return await _ask_all(spec, guests, clock, runtime, "ballot", lines)


async def _ask_all(
    spec: Debate,
    guests: Mapping[str, Guest],
    clock: Clock,
    runtime: Runtime[RunContext],
    what: Stance,
    lines: Sequence[LineRecord],
) -> list[MemberStanceRecord]:
    context, emit = await current_context(runtime), runtime.stream_writer
    frames = [member_frame(context, what, member) for member in spec.members]
    turns = [
        MemberTurn(
            context=context, emit=emit, place=frame.place, model=frame.model, guest=guests.get(member.name),
            spec=spec, persona=member, clock=clock, frame=frame, state={"lines": lines},
        )
        for member, frame in zip(spec.members, frames, strict=True)
    ]  # fmt: skip
    return list(await asyncio.gather(*(_ask(turn, what) for turn in turns)))


async def _ask(turn: MemberTurn, what: Stance) -> MemberStanceRecord:
    if turn.guest is not None:
        prompt: tuple[Message, ...] = (turn.guest_view(what),)
    else:
        lines_heard = heard_line_messages(
            turn.state["lines"], place=owner_frame(turn.context).place, profile=turn.profile
        )
        task = turn.message(what, {**turn.introduction, **turn.motion})
        prompt = (*turn.frame.messages, *turn.memory(), *lines_heard, task)
    return {"speaker": turn.persona.name, **await turn.ask_stance(what, prompt, position_field(turn.spec))}


def unanimous_position(spec: Debate, state: Mapping[str, Any]) -> str | None:
    """The position that the next speaker is called on to argue against; None where it is not."""
    decision = decide(spec, state.get("lines", ())) if state.get("dissent") else None
    return None if decision is None else str(decision["position"])


def owner_frame(context: RunContext) -> DebateFrame:
    """Inside whom a debate is held."""
    if context.inside is None:
        raise TypeError("a debate runs inside a speaker")
    return context.inside


def member_frame(context: RunContext, step: int | PathStep, persona: Persona) -> DebateFrame:
    """A persona's own place: that of its owner, with its line or its step and its name added."""
    outer = owner_frame(context)
    return replace(
        outer,
        place=outer.place.inside(step, persona.name),
        model=persona.model or outer.model,
    )
