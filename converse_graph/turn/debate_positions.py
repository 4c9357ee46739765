"""What members of a debate write down for themselves: positions before they hear the others, and secret ballots."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from langgraph.runtime import Runtime

from converse_graph.calls.model_call import MAX_REPAIRS, StructuredReply, StructuredRequest, ask
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import DebateFrame, RunContext, context_from_config
from converse_graph.calls.streaming import Emit
from converse_graph.models.base import Message, PromptProfile
from converse_graph.prompting.descriptions import describe_options
from converse_graph.prompting.history import heard_line_messages, persona_memory
from converse_graph.record.paths import PathStep
from converse_graph.record.records import LineRecord, MemberStanceRecord, StanceRecord
from converse_graph.record.state import position_channel
from converse_graph.sanitize import escape_line
from converse_graph.scenarios.cast import Debate, Persona
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Text
from converse_graph.scenarios.speaker_paths import name_of
from converse_graph.turn.decision import decide, position_field
from converse_graph.turn.guest import Guest, view_part

REASON_LENGTH = 200
"""Characters of a reason, at most."""


async def write_positions(spec: Debate, clock: Clock, runtime: Runtime[RunContext]) -> dict[str, MemberStanceRecord]:
    """Ask all members at once where they stand before anybody speaks.

    Returns:
        By the name of the channel that the member alone reads: `speaker`, `position` and `reason`, or `problem`.
    """
    context, emit = await context_from_config(runtime), runtime.stream_writer
    asked = [_ask(context, spec, member, clock, "position", (), emit) for member in spec.members]
    written = await asyncio.gather(*asked)
    return {position_channel(stance["speaker"]): stance for stance in written}


async def cast_ballots(
    spec: Debate, clock: Clock, lines: Sequence[LineRecord], runtime: Runtime[RunContext]
) -> list[MemberStanceRecord]:
    """Ask all members at once for their secret ballots after the last line, in the shape of `write_positions`."""
    context, emit = await context_from_config(runtime), runtime.stream_writer
    asked = [_ask(context, spec, member, clock, "ballot", lines, emit) for member in spec.members]
    return list(await asyncio.gather(*asked))


def reminders(
    context: RunContext, spec: Debate, inside: DebateFrame, state: Mapping[str, Any], name: str, profile: PromptProfile
) -> tuple[Message, ...]:
    """What a member is told beside its task: what it wrote down, that a change takes a fact, that it is to dissent."""
    told: list[tuple[str, dict[str, str]]] = []
    written = initial_position(state, name)
    if written:
        told.append(
            ("written", {"position": escape_line(written["position"]), "reason": escape_line(written["reason"])})
        )
    if spec.justify_changes:
        told.append(("justify", {}))
    agreed = unanimous_position(spec, state)
    if agreed is not None:
        told.append(("dissent", {"position": escape_line(agreed)}))
    return tuple(
        context.prompts.message(f"persona/{task}", profile, values, owner=inside.path) for task, values in told
    )


def initial_position(state: Mapping[str, Any], name: str) -> dict[str, str] | None:
    """What a member wrote down before it heard the others, `position` and `reason`; None where that came to nothing."""
    written = state.get(position_channel(name)) or {}
    return {what: written[what] for what in ("position", "reason")} if written.get("position") else None


def unanimous_position(spec: Debate, state: Mapping[str, Any]) -> str | None:
    """The position that the next speaker is called on to argue against; None where it is not."""
    agreed = decide(spec, state.get("lines", ())) if state.get("dissent") else None
    return None if agreed is None else str(agreed["position"])


def guest_view(
    spec: Debate, persona: Persona, inside: DebateFrame, asked: str, lines: Sequence[LineRecord]
) -> dict[str, Any]:
    """What a member that is somebody's own graph is told, whatever it is asked for.

    Args:
        spec: The debate.
        persona: Who is asked.
        inside: Its own place.
        asked: For what: a `position` that is written first, a `line`, or a `ballot`.
        lines: What it may have heard.
    """
    return {
        "asked": asked,
        "persona": persona.name,
        "role": persona.role,
        "temperament": persona.temperament,
        "aim": persona.aim,
        "owner": name_of(inside.place.owner),
        "period": inside.period.label,
        "motion": spec.motion,
        "options": list(spec.options),
        "lines": [{"speaker": line["speaker"], "text": line["text"]} for line in lines],
    }


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


async def _ask(
    context: RunContext,
    spec: Debate,
    member: Persona,
    clock: Clock,
    what: Literal["position", "ballot"],
    lines: Sequence[LineRecord],
    emit: Emit,
) -> MemberStanceRecord:
    outer, inside = owner_frame(context), member_frame(context, what, member)
    guest = Guest(member.graph, prose="reason") if member.graph is not None else None
    profile: PromptProfile = context.models.get(inside.model).profile if guest is None else "large"
    reason = Text(name="reason", ask="why, in one sentence", max_length=REASON_LENGTH)
    values = {
        "name": member.name,
        "role": member.role,
        "temperament": member.temperament,
        "aim": member.aim,
        "owner": name_of(outer.path),
        "period": inside.period.label,
        "motion": spec.motion,
        "positions": describe_options(spec),
    }
    if guest:
        shown = guest_view(spec, member, inside, what, lines)
        messages: tuple[Message, ...] = (view_part(shown, owner=inside.path),)
    else:
        messages = (
            *inside.messages,
            *persona_memory(
                (*inside.past, *inside.mind), inside.path, clock, inside.period.round, profile, inside.summaries
            ),
            *heard_line_messages(lines, place=outer.place, profile=profile),
            context.prompts.message(f"persona/{what}", profile, values, owner=inside.path),
        )
    answer = await ask(
        context,
        StructuredRequest(
            place=inside.place.call(what),
            messages=messages,
            form=build_reply_schema(what, [reason, position_field(spec)]),
            model=guest or inside.model,
            repairs=0 if guest else MAX_REPAIRS,
        ),
        emit,
    )
    return {"speaker": member.name, **stance_record(answer)}


def stance_record(answer: StructuredReply) -> StanceRecord:
    """What is put on record of an answer that says where somebody stands."""
    stance: StanceRecord
    if answer.values is None:
        stance = {"problem": answer.problem}
    else:
        stance = {"reason": answer.values["reason"], "position": answer.values["position"]}
    if answer.repairs:
        stance["repairs"] = answer.repairs
    if answer.mended:
        stance["mended"] = list(answer.mended)
    return stance
