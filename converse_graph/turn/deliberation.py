"""How a speaker makes up its mind before it speaks: a debate among its people, or one call that imagines it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from langgraph.graph.state import CompiledStateGraph

from converse_graph.calls.model_call import Question, ask
from converse_graph.calls.reply_schema import Form, make_form
from converse_graph.calls.run_context import Inside, RunContext
from converse_graph.calls.streaming import Emit
from converse_graph.calls.trace_privacy import untraced
from converse_graph.event_loop import SYNCHRONOUS, in_new_thread
from converse_graph.models.base import Part, Profile
from converse_graph.prompting.descriptions import describe_options, describe_persona
from converse_graph.record.state import Entry, before_of
from converse_graph.scenarios.cast import Debate, Imagined
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Text
from converse_graph.turn.compaction import sum_up_debates
from converse_graph.turn.decision import decide, position_field

LINE_LENGTH = 400
"""Characters of a line in a debate, at most."""

SMALL_LINE_LENGTH = 200
"""The same for a small model."""


def line_length(profile: Profile) -> int:
    """How many characters a line in a debate may have."""
    return SMALL_LINE_LENGTH if profile == "small" else LINE_LENGTH


Debating = CompiledStateGraph[Any, Any, Any, Any]
"""A debate, compiled."""


async def deliberate(
    spec: Debate | Imagined, debate: Debating | None, clock: Clock, context: RunContext, inside: Inside, emit: Emit
) -> list[Entry]:
    """Let a speaker make up its mind.

    Args:
        spec: How it does so.
        debate: The same as a compiled graph, where it is a debate.
        clock: The scenario's clock.
        context: The run's context.
        inside: Who deliberates, and when.
        emit: Told of every call.

    Returns:
        Records for the organisation's mind: the deliberation first, then those held inside its members.
    """
    if isinstance(spec, Imagined):
        task = "organisation/imagined" if "/" not in inside.path else "persona/imagined"
        return [await _imagine(spec, context, inside, emit, task)]
    if debate is None:
        raise TypeError(f"the debate of {inside.path} was not compiled")
    made = await sum_up_debates(spec, clock, context, inside, emit)
    inside = replace(inside, summaries=(*inside.summaries, *made))
    if context.journal is not None:
        debate = _unsaved(debate)
    held = replace(context, inside=inside)
    with untraced():
        if SYNCHRONOUS.get():
            result = await in_new_thread(debate.invoke, {"line": 0}, context=held)
        else:
            result = await debate.ainvoke({"line": 0}, context=held)
    before = [result.get(before_of(member.name)) for member in spec.members]
    written = {"private_positions": [kept for kept in before if kept], "ballots": result.get("ballots") or []}
    record = {**_record(spec, inside, result["lines"], result["decision"]), **_without_empty(written)}
    return [record, *made, *result.get("inner", ())]


def _unsaved(debate: Debating) -> Debating:
    """The same debate with no saver, for runs whose journal answers for it: none of its checkpoints would be kept."""
    kept = _UNSAVED.get(debate)
    if kept is None:
        kept = _UNSAVED[debate] = debate.copy(update={"checkpointer": False})
    return kept


_UNSAVED: WeakKeyDictionary[Debating, Debating] = WeakKeyDictionary()


async def _imagine(spec: Imagined, context: RunContext, inside: Inside, emit: Emit, task: str) -> Entry:
    """Let one call write the inner talk; it leaves the same record as a debate."""
    profile = context.chats.get(inside.model).profile
    values = {
        "name": inside.path.rpartition("/")[2],
        "period": inside.period.label,
        "topic": inside.topic,
        "motion": spec.motion,
        "members": "\n".join(f"- {describe_persona(member)}" for member in spec.members),
        "positions": describe_options(spec),
        "turns": str(spec.turns),
    }
    form = _imagined_form(spec, profile)
    known = inside.parts if profile == "large" else tuple(_small_talk(context, spec, inside, values))
    told = context.prompts.render(task, profile, values)
    question = Question(
        place=f"{inside.place}/imagine",
        speaker=inside.path,
        parts=(*known, Part(role="user", text=told, source=f"prompt/{task}", owner=inside.path)),
        form=form,
        model=inside.model,
    )
    answer = await ask(context, question, emit)
    if answer.values is None:
        return _record(spec, inside, [], None)
    lines = _imagined_lines(spec, answer.values)
    return _record(spec, inside, lines, decide(spec, lines))


def _small_talk(context: RunContext, spec: Imagined, inside: Inside, values: Mapping[str, str]) -> Iterator[Part]:
    """Who talks, and a talk of theirs as if asked for and written before: where a small model's prompt begins.

    Without a talk to copy the form from, such a model fills its lines with dates and numbers. It stands in the place
    of all that the speaker heard, which would be said again. The example takes no positions, lest they are taken over.
    """
    told = context.prompts.render("any/talk", "small", values)
    yield Part(role="system", text=told, source="prompt/any/talk", owner=inside.path)
    shown = _example_talk(spec)
    if shown:
        asked = context.prompts.render("any/talk-example", "small", {})
        said = json.dumps(shown, ensure_ascii=False)
        yield Part(role="user", text=asked, source="prompt/any/talk-example", owner=inside.path)
        yield Part(role="assistant", text=said, source="prompt/any/talk-example", owner=inside.path)


def _example_talk(spec: Imagined) -> dict[str, str]:
    """The lines that members might say, in the form of a talk: each once, in its speaker's turn."""
    shown = {}
    for number in range(spec.turns):
        lap, place = divmod(number, len(spec.members))
        examples = spec.members[place].examples
        if lap < len(examples):
            shown[f"line_{number}"] = examples[lap]
    return shown


def _imagined_form(spec: Imagined, profile: Profile) -> Form:
    length = line_length(profile)
    lines = [
        Text(name=f"line_{number}", ask=f"what {_speaker(spec, number)} says", max_length=length)
        for number in range(spec.turns)
    ]
    positions = [
        position_field(spec, name=f"position_{number}", ask=f"where {member.name} stands")
        for number, member in enumerate(spec.members)
    ]
    return make_form("imagined_talk", [*lines, *positions])


def _imagined_lines(spec: Imagined, values: dict[str, Any]) -> list[Entry]:
    """The lines by speaker; a member's position goes with the last line it has, or with a line of its own."""
    lines: list[Entry] = [
        {"speaker": _speaker(spec, number), "text": values[f"line_{number}"]} for number in range(spec.turns)
    ]
    for number, member in enumerate(spec.members):
        own = [line for line in lines if line["speaker"] == member.name]
        if not own:
            own = [{"speaker": member.name, "text": ""}]
            lines.extend(own)
        own[-1]["position"] = values[f"position_{number}"]
    return lines


def _speaker(spec: Imagined, number: int) -> str:
    return spec.members[number % len(spec.members)].name


def _record(spec: Debate | Imagined, inside: Inside, lines: list[Entry], decision: dict[str, Any] | None) -> Entry:
    return {
        "round": inside.period.round,
        "turn": inside.turn,
        "place": inside.place,
        "path": inside.path,
        "mode": spec.kind,
        "motion": spec.motion,
        **_without_empty({"options": list(spec.options), "rules": list(spec.rules)}),
        "lines": lines,
        "decision": decision,
    }


def _without_empty(told: Entry) -> Entry:
    return {name: value for name, value in told.items() if value}
