"""The minutes of a debate: what its chair writes down at the end of what was decided."""

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.runtime import Runtime

from converse_graph.calls.reply_schema import build_reply_schema
from converse_graph.calls.run_context import RunContext, current_context
from converse_graph.prompting.decisions import describe_count, redacted_decision
from converse_graph.prompting.descriptions import describe_fields
from converse_graph.prompting.history import heard_line_messages
from converse_graph.record.records import DebateRecord, LineRecord, MinutesRecord
from converse_graph.scenarios.cast import Debate
from converse_graph.scenarios.clock import Clock
from converse_graph.scenarios.fields import Text, TextList
from converse_graph.turn.debate_positions import member_frame, owner_frame
from converse_graph.turn.speaker_turn import MemberTurn

FIELDS = (
    Text(name="decided", ask="what was decided, with the conditions that it was tied to", max_length=300),
    TextList(
        name="actions", ask="who is to do what by when, of what was agreed in the room", max_items=4, max_length=120
    ),
    TextList(name="open_questions", ask="what was left open, and who wanted it settled", max_items=3, max_length=120),
)
"""What a chair is asked for."""


async def chair_minutes(
    spec: Debate, clock: Clock, lines: Sequence[LineRecord], outcome: Mapping[str, Any], runtime: Runtime[RunContext]
) -> MinutesRecord | None:
    """Have the chair of a debate write down what was decided, which code has counted before.

    Args:
        spec: The debate.
        clock: The scenario's clock.
        lines: All that was said.
        outcome: The `decision`, and the `ballots` where they were secret: then the chair is told the count alone.
        runtime: Of the node.

    Returns:
        The minutes; None where the debate has none.
    """
    chair = spec.members[0]
    if spec.minutes is False or chair.graph is not None:
        return None
    context = await current_context(runtime)
    frame = member_frame(context, "minutes", chair)
    turn = MemberTurn(
        context=context, emit=runtime.stream_writer, place=frame.place, model=frame.model, guest=None,
        spec=spec, persona=chair, clock=clock, frame=frame, state={"lines": lines},
    )  # fmt: skip
    if spec.minutes is None and turn.profile == "small":
        return None
    lines_heard = heard_line_messages(lines, place=owner_frame(context).place, profile=turn.profile)
    redacted = redacted_decision(_record(spec, outcome))
    count = describe_count(redacted) if redacted else ""
    values = {**turn.introduction, **turn.motion, "decision": count, "report": describe_fields(FIELDS)}
    task = turn.message("minutes", values)
    answer = await turn.ask(
        "minutes",
        (*frame.messages, *turn.memory(), *lines_heard, task),
        build_reply_schema("minutes", FIELDS),
        prose="decided",
    )
    minutes: MinutesRecord = {"speaker": chair.name}
    if answer.values is None:
        minutes["problem"] = answer.problem
    else:
        minutes["decided"] = answer.values["decided"]
        minutes["actions"] = answer.values["actions"]
        minutes["open_questions"] = answer.values["open_questions"]
    if answer.repairs:
        minutes["repairs"] = answer.repairs
    if answer.mended:
        minutes["mended"] = list(answer.mended)
    return minutes


def _record(spec: Debate, outcome: Mapping[str, Any]) -> DebateRecord:
    """The debate as far as it is needed to tell how it was count."""
    return {
        "mode": spec.kind, "motion": spec.motion, "lines": [], "decision": outcome["decision"],
        "ballots": outcome["ballots"],
    }  # fmt: skip
