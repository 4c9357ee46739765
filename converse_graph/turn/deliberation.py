"""How a speaker makes up its mind before it speaks: a debate among its people, or one call that imagines it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from langgraph.graph.state import CompiledStateGraph

from converse_graph.calls.model_call import StructuredRequest, ask
from converse_graph.calls.reply_schema import ReplySchema, build_reply_schema
from converse_graph.calls.run_context import DebateFrame, Emit, RunContext
from converse_graph.calls.trace_privacy import untraced
from converse_graph.event_loop import SYNCHRONOUS, in_new_thread
from converse_graph.models.base import Message, PromptProfile
from converse_graph.prompting.descriptions import describe_options
from converse_graph.prompting.personas import describe_persona, with_article
from converse_graph.record.records import DebateRecord, DecisionRecord, LineRecord, MindRecord
from converse_graph.record.state import position_channel
from converse_graph.scenarios.cast import Debate, ImaginedDebate
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Text
from converse_graph.scenarios.speaker_paths import name_of
from converse_graph.turn.compaction import summarise_debates
from converse_graph.turn.decision import decide, position_field

LINE_LENGTH = 400
"""Characters of a line in a debate, at most."""

SMALL_LINE_LENGTH = 200
"""The same for a small model."""


def line_length(profile: PromptProfile) -> int:
    """How many characters a line in a debate may have."""
    return SMALL_LINE_LENGTH if profile == "small" else LINE_LENGTH


DebateGraph = CompiledStateGraph[Any, Any, Any, Any]
"""A debate, compiled."""


@dataclass(frozen=True, kw_only=True)
class Deliberations:
    """What came of a speaker's making up its mind."""

    debate: DebateRecord
    within: tuple[MindRecord, ...] = ()
    """Records of its organisation's mind: summaries of its members, and debates held inside them."""


async def deliberate(
    spec: Debate | ImaginedDebate,
    debate: DebateGraph | None,
    clock: Clock,
    context: RunContext,
    inside: DebateFrame,
    emit: Emit,
) -> Deliberations:
    """Let a speaker make up its mind.

    Args:
        spec: How it does so.
        debate: The same as a compiled graph, where it is a debate.
        clock: The scenario's clock.
        context: The run's context.
        inside: Who deliberates, and when.
        emit: Told of every call.

    Returns:
        The debate, and records for the organisation's mind of what went on inside its members.
    """
    if isinstance(spec, ImaginedDebate):
        task = "persona/imagined" if inside.place.steps else "organisation/imagined"
        return Deliberations(debate=await _imagine(spec, context, inside, emit, task))
    if debate is None:
        raise TypeError(f"the debate of {inside.path} was not compiled")
    new_summaries = await summarise_debates(spec, clock, context, inside, emit)
    inside = replace(inside, summaries=(*inside.summaries, *new_summaries))
    if context.journal is not None:
        debate = _unsaved(debate)
    inner_context = replace(context, inside=inside)
    with untraced():
        inner_context = replace(context, inside=inside)
        if SYNCHRONOUS.get():
            result = await in_new_thread(debate.invoke, {"line": 0}, context=inner_context)
        else:
            result = await debate.ainvoke({"line": 0}, context=inner_context)
    record = _record(spec, result["lines"], result["decision"])
    if positions := [stance for member in spec.members if (stance := result.get(position_channel(member.name)))]:
        record["private_positions"] = positions
    if ballots := result.get("ballots"):
        record["ballots"] = ballots
    if minutes := result.get("minutes"):
        record["minutes"] = minutes
    return Deliberations(debate=record, within=(*new_summaries, *result.get("inner", ())))


def _unsaved(debate: DebateGraph) -> DebateGraph:
    """The same debate with no saver, for runs whose journal answers for it: none of its checkpoints would be kept."""
    compiled_graph = _UNSAVED.get(debate)
    if compiled_graph is None:
        compiled_graph = _UNSAVED[debate] = debate.copy(update={"checkpointer": False})
    return compiled_graph


_UNSAVED: WeakKeyDictionary[DebateGraph, DebateGraph] = WeakKeyDictionary()


async def _imagine(
    spec: ImaginedDebate, context: RunContext, inside: DebateFrame, emit: Emit, task: str
) -> DebateRecord:
    """Let one call write the inner talk; it leaves the same record as a debate."""
    profile = context.models.get(inside.model).profile
    values = {
        "name": with_article(name_of(inside.path)),
        "period": inside.period.label,
        "topic": inside.topic,
        "situation": inside.situation,
        "motion": spec.motion,
        "members": "\n".join(f"- {describe_persona(member)}" for member in spec.members),
        "positions": describe_options(spec),
        "turns": str(spec.turns),
    }
    form = _imagined_form(spec, profile)
    messages = inside.messages if profile == "large" else tuple(_small_model_prompt(context, spec, inside, values))
    question = StructuredRequest(
        place=inside.place.call("imagine"),
        messages=(*messages, context.prompts.message(task, profile, values, owner=inside.path)),
        form=form,
        model=inside.model,
    )
    answer = await ask(context, question, emit)
    if answer.values is None:
        return _record(spec, [], None)
    lines = _imagined_lines(spec, answer.values)
    return _record(spec, lines, decide(spec, lines))


def _small_model_prompt(
    context: RunContext, spec: ImaginedDebate, inside: DebateFrame, values: Mapping[str, str]
) -> Iterator[Message]:
    """Who talks, and a talk of theirs as if asked for and written before: where a small model's prompt begins.

    Without a talk to copy the form from, such a model fills its lines with dates and numbers. It stands in the place
    of all that the speaker heard, which would be said again. The example takes no positions, lest they are taken over.
    """
    yield context.prompts.message("any/talk", "small", values, owner=inside.path, role="system")
    example = _example_talk(spec)
    if example:
        question = context.prompts.message("any/talk-example", "small", {}, owner=inside.path)
        yield question
        yield replace(question, role="assistant", text=json.dumps(example, ensure_ascii=False))


def _example_talk(spec: ImaginedDebate) -> dict[str, str]:
    """The lines that members might say, in the form of a talk: each once, in its speaker's turn."""
    example_lines = {}
    for number in range(spec.turns):
        lap, place = divmod(number, len(spec.members))
        examples = spec.members[place].examples
        if lap < len(examples):
            example_lines[f"line_{number}"] = examples[lap]
    return example_lines


def _imagined_form(spec: ImaginedDebate, profile: PromptProfile) -> ReplySchema:
    length = line_length(profile)
    lines = [
        Text(name=f"line_{number}", ask=f"what {_speaker(spec, number)} says", max_length=length)
        for number in range(spec.turns)
    ]
    positions = [
        position_field(spec, name=f"position_{number}", ask=f"where {member.name} stands")
        for number, member in enumerate(spec.members)
    ]
    return build_reply_schema("imagined_talk", [*lines, *positions])


def _imagined_lines(spec: ImaginedDebate, values: dict[str, Any]) -> list[LineRecord]:
    """The lines by speaker; a member's position goes with the last line it has, or with a line of its own."""
    lines: list[LineRecord] = [
        {"kind": "line", "speaker": _speaker(spec, number), "text": values[f"line_{number}"]}
        for number in range(spec.turns)
    ]
    for number, member in enumerate(spec.members):
        own = [line for line in lines if line["speaker"] == member.name]
        if not own:
            own = [{"kind": "line", "speaker": member.name, "text": ""}]
            lines.extend(own)
        own[-1]["position"] = values[f"position_{number}"]
    return lines


def _speaker(spec: ImaginedDebate, number: int) -> str:
    return spec.members[number % len(spec.members)].name


def _record(spec: Debate | ImaginedDebate, lines: list[LineRecord], decision: DecisionRecord | None) -> DebateRecord:
    record: DebateRecord = {"mode": spec.kind, "motion": spec.motion, "lines": lines, "decision": decision}
    if spec.options:
        record["options"] = list(spec.options)
    if spec.rules:
        record["rules"] = list(spec.rules)
    return record
