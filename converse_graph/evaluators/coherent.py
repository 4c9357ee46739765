"""Whether parties keep to the task: signs of drift, replies sent back, turns without a statement, contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from converse_graph.drift import Sign
from converse_graph.evaluators.records import Record, Result, record_of
from converse_graph.measures.consistency import contradictions
from converse_graph.measures.drift import signs


def coherence(inputs: Mapping[str, Any], outputs: Any) -> list[Result]:
    """Measure how well the parties of a run keep to the task, by counting; no model is asked.

    Args:
        inputs: Of the example; may be empty where the outputs are a whole record.
        outputs: What the target returned.

    Returns:
        `coherence`, 0 to 1: the share of turns that led to a statement at once, with no sign of drift in it and no
        contradiction to what was reported before. Then each count over the turns, by the names that traces have:
        `rate.no_statement`, `rate.repairs` and so on, 0 and up.

    Raises:
        InvalidValue: The outputs have no statement.
    """
    return list(_results(record_of(inputs, outputs)))


def _results(record: Record) -> Iterator[Result]:
    shown = signs(record.transcript)[record.first :]
    turns = len(record.statements)
    broken = {(one.period, one.party) for one in contradictions(record.transcript)}
    contradicts = [(said.period, said.speaker) in broken for said in record.statements]
    sound = sum(
        bool(said.text) and not said.repairs and not signs and not against
        for said, signs, against in zip(record.statements, shown, contradicts, strict=True)
    )
    yield {"key": "coherence", "score": sound / turns, "comment": f"{sound} of {turns} turns are without a flaw"}
    counts = {
        "no_statement": sum(not said.text for said in record.statements),
        "repairs": sum(said.repairs for said in record.statements),
        **{sign: sum(sign in found for found in shown) for sign in get_args(Sign)},
        "contradictions": sum(contradicts),
    }
    for name, count in counts.items():
        yield {"key": f"rate.{name}", "score": count / turns, "comment": f"{count} in {turns} turns"}
