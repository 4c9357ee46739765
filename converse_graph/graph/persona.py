"""A persona's turn in a debate, and the node that runs the debate it takes part in."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from langgraph.graph import END
from langgraph.runtime import Runtime
from langgraph.types import Command

from converse_graph.calls.model_call import StructuredReply
from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import DebateFrame, RunContext, current_context
from converse_graph.graph.write_access import debate_supervisor_writes, member_writes, restrict_writes
from converse_graph.models.base import PROFILES, Message, PromptProfile
from converse_graph.prompting.decisions import describe_decision, redacted_decision
from converse_graph.prompting.history import heard_line_messages
from converse_graph.prompting.personas import describe_persona
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
from converse_graph.turn.debate_positions import (
    cast_ballots,
    member_frame,
    owner_frame,
    unanimous_position,
    write_positions,
)
from converse_graph.turn.decision import decide, dissent_is_due, matches, position_field
from converse_graph.turn.deliberation import DebateGraph, deliberate, line_length
from converse_graph.turn.guest import Guest
from converse_graph.turn.minutes import chair_minutes
from converse_graph.turn.speaker_turn import MemberTurn


def debate_supervisor(spec: Debate, clock: Clock) -> Callable[..., Awaitable[Command[Any]]]:
    """The supervisor of a debate: commits lines, gives the members the floor in turn, counts the votes at the end.

    Args:
        spec: The debate.
        clock: The scenario's clock.
    """
    names = [member.name for member in spec.members]
    writes = debate_supervisor_writes(names)
    guests = {member.name: Guest(member.graph, prose="reason") for member in spec.members if member.graph is not None}

    async def supervise(state: Mapping[str, Any], runtime: Runtime[RunContext]) -> Command[Any]:
        number = state["line"]
        proposal = state.get(outbox_channel(names[(number - 1) % len(names)])) if number else None
        new_lines: list[LineRecord] = [proposal] if proposal else []
        lines: list[LineRecord] = [*state.get("lines", ()), *new_lines]
        update: dict[str, Any] = {"lines": new_lines, "dissent": dissent_is_due(spec, lines)}
        if number == 0 and spec.private_positions:
            update |= await write_positions(spec, guests, clock, runtime)
        if number == spec.turns:
            ballots = await cast_ballots(spec, guests, clock, lines, runtime) if spec.ballot == "secret" else []
            votes = [_as_line(ballot) for ballot in ballots] or lines
            decision = decide(spec, votes)
            last_update = {**update, "ballots": ballots, "decision": decision}
            if decision is not None and (minutes := await chair_minutes(spec, clock, lines, last_update, runtime)):
                last_update["minutes"] = minutes
            return Command(goto=END, update=restrict_writes(writes, last_update))
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
        context, emit = await current_context(runtime), runtime.stream_writer
        frame = member_frame(context, state["line"] - 1, persona)
        emit({"event": "line", "path": frame.path, "line": state["line"], "of": spec.turns})
        turn = MemberTurn(
            context=context, emit=emit, place=frame.place, model=frame.model, guest=guest,
            spec=spec, persona=persona, clock=clock, frame=frame, state=state,
        )  # fmt: skip
        lines = heard_line_messages(state.get("lines", ()), place=owner_frame(context).place, profile=turn.profile)
        beginning = frame.messages if turn.profile == "large" else tuple(_brief(turn))
        messages = (*beginning, *turn.memory(), *lines)
        inner: list[MindRecord] = []
        decision = None
        if persona.deliberation is not None:
            inside = replace(frame, messages=messages)
            deliberations = await deliberate(persona.deliberation, debate, clock, context, inside, emit)
            inner = [_deliberation(inside, deliberations.debate), *deliberations.within]
            decision = redacted_decision(deliberations.debate)
        prompt = (_guest_view(turn, decision),) if guest is not None else (*messages, *_task(turn, decision))
        line_event = {"event": "line_text", "path": frame.path, "line": state["line"], "of": spec.turns}
        answer = await turn.ask("line", prompt, forms[turn.profile], prose="line", private_event=line_event)
        line = _line(spec, persona, answer, decision)
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


def _brief(turn: MemberTurn) -> Iterator[Message]:
    """Who it is, and lines of its as if asked for and given before: where a small model's prompt in a debate begins.

    It stands in the place of all that its organisation heard, which such a model would repeat. The examples give no
    position, lest it is taken over with them.
    """
    yield replace(turn.message("brief", turn.introduction), role="system")
    question = turn.message("example", {"name": turn.persona.name})
    for line in turn.persona.examples:
        yield question
        yield replace(question, role="assistant", text=json.dumps({"line": line}, ensure_ascii=False))


def _fact(spec: Debate) -> list[Text]:
    """The field in which a member names what moved it; none where the debate does not ask."""
    instruction = "the new fact that changed your position, if it changed"
    return [Text(name="new_fact", ask=instruction, max_length=160, optional=True)] if spec.justify_changes else []


def _prose(profile: PromptProfile) -> Text:
    return Text(name="line", ask="what you say", max_length=line_length(profile))


def _task(turn: MemberTurn, decision: DecisionRecord | None) -> tuple[Message, ...]:
    """What it is asked for, behind what the debate's rules remind it of."""
    spec = turn.spec
    debated = turn.persona.deliberation.motion if turn.persona.deliberation else ""
    values = {
        **turn.introduction,
        **turn.motion,
        "others": "\n".join(f"- {describe_persona(member)}" for member in spec.members if member is not turn.persona),
        "topic": turn.frame.topic,
        "so_far": turn.message("next-line" if turn.state.get("lines") else "first-line", {}).text,
        "decision": describe_decision(decision, turn.profile, motion=debated),
    }
    common_position = unanimous_position(spec, turn.state)
    reminders = turn.reminders(
        stance=turn.initial_position(), justify=spec.justify_changes, common_position=common_position
    )
    return (*reminders, turn.message("line", values))


def _guest_view(turn: MemberTurn, decision: DecisionRecord | None) -> Message:
    """What a guest is told as it is asked for a line: the debate so far, and what its rules ask of the line."""
    return turn.guest_view(
        "line",
        decision=decision,
        initial_stance=turn.initial_position(),
        rules=list(turn.spec.rules),
        dissents=bool(turn.state.get("dissent")),
        agreed=unanimous_position(turn.spec, turn.state),
    )


def _line(spec: Debate, persona: Persona, answer: StructuredReply, decision: DecisionRecord | None) -> LineRecord:
    values = answer.values
    line: LineRecord = {"kind": "line", "speaker": persona.name, "text": values["line"] if values else ""}
    if values is None:
        line["problem"] = answer.problem
    else:
        line["position"] = values["position"]
        if values.get("new_fact"):
            line["new_fact"] = values["new_fact"]
        # A debate about something else cannot be followed or not.
        comparable = decision is not None and (
            not spec.options or any(matches(option, decision) for option in spec.options)
        )
        if decision is not None and comparable and values["position"] is not None:
            line["follows_decision"] = matches(values["position"], decision)
    if answer.repairs:
        line["repairs"] = answer.repairs
    if answer.mended:
        line["mended"] = list(answer.mended)
    return line
