"""The record that is evaluated, from whatever a target returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.evaluation.examples import SETUP
from converse_graph.export.formats import SHOW_VERSION, as_json, from_json
from converse_graph.record.records import without_kind
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.clock import Clock

Result = dict[str, Any]
"""`key`, `score` (None where there is none) and `comment`."""

_SHAPES = (
    "the record of a run as JSON (`show --json`), the last state of a scenario's graph, a Transcript, or the outputs "
    "of an example"
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is evaluated, with what was public before it."""

    transcript: Transcript
    """All that is known: before, and what is evaluated."""
    first: int = 0
    """The place of the first statement that is evaluated."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Those that are evaluated."""
        return self.transcript.statements[self.first :]

    def alone(self) -> Transcript:
        """The record without what was public before."""
        return self.transcript.model_copy(update={"statements": self.statements})


def outputs_of(transcript: Transcript, *, private: bool = False) -> dict[str, Any]:
    """What a target returns of a run that it has played: its record as JSON, as `show --json` prints it.

    Args:
        transcript: Of the run.
        private: Whether what parties kept to themselves is in it: where results are uploaded, that goes with them.
    """
    return as_json(transcript, raw=True) if private else as_json(transcript.public())


def record_of(inputs: Mapping[str, Any], outputs: Any) -> Record:
    """The record that a target returned.

    Args:
        inputs: Of the example; where the outputs say less than a record, it says the rest. May be empty.
        outputs: What the target returned; what LangSmith wraps as `output` is taken out.

    Raises:
        InvalidValue: It is nothing that has statements, or has none.
    """
    record = _record(inputs, unwrapped(outputs))
    if not record.statements:
        raise InvalidValue("What is to be evaluated has no statement; an evaluator needs one at least.")
    return record


def unwrapped(outputs: Any) -> Any:
    """What a target returned, taken out of what LangSmith wraps as `output`."""
    return outputs["output"] if isinstance(outputs, Mapping) and set(outputs) == {"output"} else outputs


def _record(inputs: Mapping[str, Any], outputs: Any) -> Record:
    if isinstance(outputs, Transcript):
        return Record(transcript=outputs)
    if not isinstance(outputs, Mapping):
        raise InvalidValue(f"Outputs are {type(outputs).__name__}; they must be {_SHAPES}.")
    if "header" in outputs:
        return Record(transcript=from_json(outputs))
    new = _statements(outputs)
    before = [dict(one) for one in inputs.get("before", ())]
    header = {**_header(inputs, [*before, *new]), **_ending(outputs)}
    statements = [_whole(one, header["clock"]) for one in (*before, *new)]
    record = {"version": SHOW_VERSION, "header": header, "statements": statements}
    return Record(transcript=from_json(record), first=len(before))


def _statements(outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    for name in ("statements", "transcript"):
        if isinstance(messages := outputs.get(name), list | tuple):
            return [without_kind(one) for one in messages]
    if "text" in outputs and "speaker" in outputs:
        return [dict(outputs)]
    raise InvalidValue(f"Outputs have {', '.join(outputs) or 'nothing'}; they must be {_SHAPES}.")


def _ending(outputs: Mapping[str, Any]) -> dict[str, Any]:
    ending = {"status": outputs.get("status", "finished"), "ended": outputs.get("ended")}
    return {**ending, "votes": [without_kind(vote) for vote in outputs.get("votes", ())]}


def _header(inputs: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the example says was set up; what it does not say, as the statements have it."""
    rounds = max((one.get("round", 0) for one in statements), default=0) + 1
    speakers = dict.fromkeys(one["speaker"] for one in statements)
    unsaid = {
        "run": "evaluated",
        "scenario": "unnamed",
        "created": datetime.fromtimestamp(0, UTC).isoformat(),
        "model": "unnamed",
        "seed": 0,
        "clock": {**Clock(end=rounds, step="round").model_dump(), "rounds": rounds},
        "order": "listed",
        "cast": [{"name": name, "kind": "party"} for name in speakers],
    }
    return {**unsaid, **{name: inputs[name] for name in SETUP if name in inputs}}


def _whole(statement: Mapping[str, Any], clock: Mapping[str, Any]) -> dict[str, Any]:
    """A statement with its period, which a graph's state and a hand-made output lack."""
    round = statement.get("round", 0)
    if "period" in statement:
        return {"round": 0, "turn": 0, **statement}
    label = Clock(**{name: clock[name] for name in ("start", "end", "step")}).period(round).label
    return {"round": 0, "turn": 0, "period": label, **statement}
