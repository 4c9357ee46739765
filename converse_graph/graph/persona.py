"""A persona's turn in a debate, and the node that runs the debate it takes part in."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from langgraph.graph import END
from langgraph.runtime import Runtime
from langgraph.types import Command

from converse_graph.calls.model_call import MAX_REPAIRS, StructuredReply, StructuredRequest, ask
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import DebateFrame, RunContext, context_from_config
from converse_graph.graph.write_access import debate_supervisor_writes, member_writes, restrict_writes
from converse_graph.models.base import PROFILES, Message, PromptProfile
from converse_graph.prompting.decisions import describe_decision, redacted_decision
from converse_graph.prompting.descriptions import describe_options, describe_persona
from converse_graph.prompting.history import heard_line_messages, persona_memory
from converse_graph.record.records import (
    DebateRecord,
    DecisionRecord,
    DeliberationRecord,
    LineRecord,
    MemberStanceRecord,
    MindRecord,
)
from converse_graph.record.state import outbox_channel
from converse_graph.scenarios.cast import Debate, Persona
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Text
from converse_graph.scenarios.speaker_paths import name_of
from converse_graph.turn.debate_positions import (
    cast_ballots,
    guest_view,
    initial_position,
    member_frame,
    owner_frame,
    reminders,
    unanimous_position,
    write_positions,
)
from converse_graph.turn.decision import decide, dissent_is_due, matches, position_field
from converse_graph.turn.deliberation import DebateGraph, deliberate, line_length
from converse_graph.turn.guest import Guest, view_part


def debate_supervisor(spec: Debate, clock: Clock) -> Callable[..., Awaitable[Command[Any]]]:
    """The supervisor of a debate: commits lines, gives the members the floor in turn, counts the votes at the end.

    Args:
        spec: The debate.
        clock: The scenario's clock.
    """
    names = [member.name for member in spec.members]
    writes = debate_supervisor_writes(names)

    async def supervise(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> Command[Any]:
        number = state["line"]
        proposed = state.get(outbox_channel(names[(number - 1) % len(names)])) if number else None
        said: list[LineRecord] = [proposed] if proposed else []
        lines: list[LineRecord] = [*state.get("lines", ()), *said]
        update: dict[str, Any] = {"lines": said, "dissent": dissent_is_due(spec, lines)}
        if number == 0 and spec.private_positions:
            update |= await write_positions(spec, clock, runtime)
        if number == spec.turns:
            ballots = await cast_ballots(spec, clock, lines, runtime) if spec.ballot == "secret" else []
            votes = [_as_line(ballot) for ballot in ballots] or lines
            ended = {**update, "ballots": ballots, "decision": decide(spec, votes)}
            return Command(goto=END, update=restrict_writes(writes, ended))
        return Command(goto=names[number % len(names)], update=restrict_writes(writes, {**update, "line": number + 1}))

    return supervise


def persona_node(
    spec: Debate, persona: Persona, clock: Clock, debate: DebateGraph | None
) -> Callable[..., Awaitable[dict[str, Any]]]:
    """The node of one member of a debate.

    Args:
        spec: The debate.
        persona: Who speaks.
        clock: The scenario's clock.
        debate: The debate inside the persona, compiled, where its deliberation is one.
    """
    forms = {
        profile: build_reply_schema("line", [_prose(profile), position_field(spec), *_fact(spec)])
        for profile in PROFILES
    }
    writes = member_writes(persona.name)
    guest = Guest(persona.graph, prose="line") if persona.graph is not None else None
    if guest is not None:  # it may have words and no position
        position = position_field(spec).model_copy(update={"optional": True})
        forms = dict.fromkeys(PROFILES, build_reply_schema("line", [_prose("large"), position, *_fact(spec)]))

    async def speak(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> dict[str, Any]:
        context, emit = await context_from_config(runtime), runtime.stream_writer
        inside = member_frame(context, state["line"] - 1, persona)
        emit({"event": "line", "path": inside.path, "line": state["line"], "of": spec.turns})
        profile = context.models.get(inside.model).profile if guest is None else "large"
        outer = owner_frame(context)
        remembered = persona_memory(
            (*inside.past, *inside.mind), inside.path, clock, inside.period.round, profile, inside.summaries
        )
        lines = heard_line_messages(state.get("lines", ()), place=outer.place, profile=profile)
        known = inside.messages if profile == "large" else tuple(_brief(context, persona, inside))
        inside = replace(inside, messages=(*known, *remembered, *lines))
        inner: list[MindRecord] = []
        decision = None
        if persona.deliberation is not None:
            deliberations = await deliberate(persona.deliberation, debate, clock, context, inside, emit)
            inner = [_deliberation(inside, deliberations.debate), *deliberations.within]
            decision = redacted_decision(deliberations.debate)
        reminded = reminders(context, spec, inside, state, persona.name, profile)
        task = _task(context, spec, persona, inside, decision)
        view = view_part(_guest_view(spec, inside, state, persona, decision), owner=inside.path) if guest else None
        answer = await ask(
            context,
            StructuredRequest(
                place=inside.place.call("line"),
                messages=(view,) if view else (*inside.messages, *reminded, task),
                form=forms[profile],
                model=guest or inside.model,
                repairs=0 if guest else MAX_REPAIRS,
            ),
            emit,
        )
        line = _line(spec, persona, answer.values, answer, decision)
        if state.get("dissent"):
            line["dissents"] = True
        return restrict_writes(writes, {outbox_channel(persona.name): line, "inner": inner})

    return speak


def _as_line(ballot: MemberStanceRecord) -> LineRecord:
    """A ballot as a line that says why, for the count."""
    return {
        "kind": "line",
        "speaker": ballot["speaker"],
        "text": ballot.get("reason", ""),
        "position": ballot.get("position"),
    }


def _deliberation(inside: DebateFrame, debate: DebateRecord) -> DeliberationRecord:
    """A debate that a persona held, for its organisation's mind."""
    return {
        "kind": "deliberation",
        "round": inside.place.round,
        "turn": inside.place.turn,
        "place": str(inside.place),
        "path": inside.path,
        "debate": debate,
    }


def _brief(context: RunContext, persona: Persona, inside: DebateFrame) -> Iterator[Message]:
    """Who it is, and lines of its as if asked for and given before: where a small model's prompt in a debate begins.

    It stands in the place of all that its organisation heard, which such a model would repeat. The examples give no
    position, lest it is taken over with them.
    """
    prompts, owner = context.prompts, inside.path
    yield prompts.message("persona/brief", "small", _itself(persona, inside), owner=owner, role="system")
    question = prompts.message("persona/example", "small", {"name": persona.name}, owner=owner)
    for line in persona.examples:
        yield question
        yield replace(question, role="assistant", text=json.dumps({"line": line}, ensure_ascii=False))


def _itself(persona: Persona, inside: DebateFrame) -> dict[str, str]:
    """What a persona is told of itself."""
    return {
        "name": persona.name,
        "role": persona.role,
        "temperament": persona.temperament,
        "aim": persona.aim,
        "owner": name_of(inside.place.owner),
    }


def _fact(spec: Debate) -> list[Text]:
    """The field in which a member names what moved it; none where the debate does not ask."""
    asked = "the new fact that changed your position, if it changed"
    return [Text(name="new_fact", ask=asked, max_length=160, optional=True)] if spec.justify_changes else []


def _prose(profile: PromptProfile) -> Text:
    return Text(name="line", ask="what you say", max_length=line_length(profile))


def _task(
    context: RunContext, spec: Debate, persona: Persona, inside: DebateFrame, decision: DecisionRecord | None
) -> Message:
    profile = context.models.get(inside.model).profile
    values = {
        **_itself(persona, inside),
        "others": "; ".join(describe_persona(member) for member in spec.members if member is not persona),
        "period": inside.period.label,
        "motion": spec.motion,
        "topic": inside.topic,
        "positions": describe_options(spec),
        "decision": describe_decision(decision, profile),
    }
    return context.prompts.message("persona/line", profile, values, owner=inside.path)


def _guest_view(
    spec: Debate, inside: DebateFrame, state: Mapping[str, Any], persona: Persona, decision: DecisionRecord | None
) -> dict[str, Any]:
    """What a guest is told as it is asked for a line: the debate so far, and what its rules ask of the line."""
    lines = state.get("lines", ())
    return {
        **guest_view(spec, persona, inside, "line", lines),
        "decision": decision,
        "written": initial_position(state, persona.name),
        "rules": list(spec.rules),
        "dissents": bool(state.get("dissent")),
        "agreed": unanimous_position(spec, state),
    }


def _line(
    spec: Debate,
    persona: Persona,
    values: dict[str, Any] | None,
    answer: StructuredReply,
    decision: DecisionRecord | None,
) -> LineRecord:
    said: LineRecord = {"kind": "line", "speaker": persona.name, "text": values["line"] if values else ""}
    if values is None:
        said["problem"] = answer.problem
    else:
        said["position"] = values["position"]
        if values.get("new_fact"):
            said["new_fact"] = values["new_fact"]
        # A debate about something else cannot be followed or not.
        comparable = decision is not None and (
            not spec.options or any(matches(option, decision) for option in spec.options)
        )
        if decision is not None and comparable and values["position"] is not None:
            said["follows_decision"] = matches(values["position"], decision)
    if answer.repairs:
        said["repairs"] = answer.repairs
    if answer.mended:
        said["mended"] = list(answer.mended)
    return said
