"""The evaluators: do parties keep to the task, do debaters disagree, what does a judge say, did all stay private?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from converse_graph.audit.audit import audit_run
from converse_graph.errors import InvalidValue
from converse_graph.evaluation.target_record import Record, Result, record_of, unwrapped
from converse_graph.judge.judging import judge
from converse_graph.judge.rubric import load_rubric
from converse_graph.measures.consistency import contradictions
from converse_graph.measures.disagreement import Disagreement, table_disagreement
from converse_graph.measures.disagreement import disagreement as debate_disagreement
from converse_graph.measures.drift import signs
from converse_graph.measures.drift_patterns import Sign
from converse_graph.models.registry import ModelRegistry
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store.store import DEFAULT_PATH, Store
from converse_graph.tracing.outcome import scores

_MAX_LEAKS_TOLD = 3
"""Leaks that a comment tells of."""


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
    return list(_coherence_results(record_of(inputs, outputs)))


def _coherence_results(record: Record) -> Iterator[Result]:
    statement_signs = [*signs(record.transcript)][record.first :]
    turns = len(record.statements)
    broken = {(one.period, one.party) for one in contradictions(record.transcript)}
    contradicts = [(statement.period, statement.speaker) in broken for statement in record.statements]
    sound = sum(
        bool(statement.text) and not statement.repairs and not signs and not against
        for statement, signs, against in zip(record.statements, statement_signs, contradicts, strict=True)
    )
    yield {"key": "coherence", "score": sound / turns, "comment": f"{sound} of {turns} turns are without a flaw"}
    counts = {
        "no_statement": sum(not statement.text for statement in record.statements),
        "repairs": sum(statement.repairs for statement in record.statements),
        **{sign: sum(sign in here for here in statement_signs) for sign in get_args(Sign)},
        "contradictions": sum(contradicts),
    }
    for name, count in counts.items():
        yield {"key": f"rate.{name}", "score": count / turns, "comment": f"{count} in {turns} turns"}


def disagreement(inputs: Mapping[str, Any], outputs: Any) -> list[Result]:
    """Measure disagreement on a scenario's motion, and in private debates where the outputs have them.

    Args:
        inputs: Of the example; may be empty where the outputs are a whole record.
        outputs: What the target returned; debates are in the reader's edition alone (`show --raw --json`, `converse
            dataset --private`).

    Returns:
        For debates `disagreement.debates`, how many there are, and for the table `disagreement.table`, 1 where it
        has a motion; of each, after a dot: `entropy_first` and `entropy_last`, in bits, over positions after each
        member's first and last line; `collapsed`, the share of those that began divided and ended in one position;
        `unanimous`, the share in which nobody ever held a second one; `changes` of position, a debate; and
        `decisions_followed`, a share. What does not apply is left out.

    Raises:
        InvalidValue: The outputs have no statement.
    """
    record = record_of(inputs, outputs).alone()
    kinds = [("debates", debate_disagreement(record)), ("table", table_disagreement(record))]
    return [result for name, measure in kinds for result in _disagreement_results(name, measure)]


def _disagreement_results(name: str, measure: Disagreement | None) -> Iterator[Result]:
    key = f"disagreement.{name}"
    if measure is None:
        where = "the outputs have no debate" if name == "debates" else "the scenario has no motion"
        yield {"key": key, "score": 0, "comment": f"Nobody took a position: {where}."}
        return
    yield {"key": key, "score": measure.debates, "comment": f"{measure.began_divided} began divided"}
    figures = {
        "entropy_first": measure.passes[0].entropy,
        "entropy_last": measure.passes[-1].entropy,
        "collapsed": measure.collapse_rate,
        "unanimous": measure.unanimous / measure.debates,
        "changes": measure.changes / measure.debates,
        "decisions_followed": measure.decisions_followed,
    }
    for figure, score in figures.items():
        if score is not None:
            yield {"key": f"{key}.{figure}", "score": score, "comment": f"of {measure.debates} conversations"}


def judged_by(
    model: Any, *, rubric: str | None = None, base_url: str | None = None
) -> Callable[[Mapping[str, Any], Any], Awaitable[list[Result]]]:
    """An evaluator that has a model judge what a target returned, by a rubric.

    It reads the public record alone. Nothing is journalled: each evaluation is paid for anew.

    Args:
        model: The judge: "provider:model", a LangChain chat model or an adapter.
        rubric: A name in `prompts/rubrics`, or a .yaml file; None for the one that the scenario names.
        base_url: Of an OpenAI-compatible server to reach it at.

    Returns:
        An async function of `inputs` and `outputs` that gives `judge.<question>` for each question about the run and
        `judge.<question>.<party>` for each about a party, 1 to 10, with the judge's reason; None where it found a
        question not applicable, or made no usable reply.
    """

    async def evaluator(inputs: Mapping[str, Any], outputs: Any) -> list[Result]:
        record = record_of(inputs, outputs).alone()
        header = record.header
        chats = ModelRegistry(model, base_url)
        try:
            rubric_read = load_rubric(rubric or header.rubric)
            verdict = await judge(record, rubric_read, chats=chats, journal=None, seed=header.seed)
        finally:
            await chats.close()
        by_key = {one.key: one for one in scores([verdict])}
        return [
            {
                "key": key,
                "score": by_key[key].score if key in by_key else None,
                "comment": score.reason or score.problem,
            }
            for score in verdict.scores
            for key in [f"judge.{score.question}" + (f".{score.party}" if score.party else "")]
        ]

    evaluator.__name__ = "judge"
    return evaluator


def privacy(
    store: Path | str = DEFAULT_PATH, *, scenario: Scenario | None = None
) -> Callable[[Any], Awaitable[list[Result]]]:
    """An evaluator that audits the run whose record a target returned.

    That nothing leaked is shown from the journal, so the run must be in a store, and the outputs must say which it is:
    the record as JSON or a `Transcript` do, and so does `{"run": "its name"}`.

    Args:
        store: Where the runs are kept.
        scenario: What was played, for one that was made in Python.

    Returns:
        An async function of `outputs` that gives `privacy`, 1 where nothing leaked and else 0, and `privacy.leaks`,
        how many places there are.
    """

    async def evaluator(outputs: Any) -> list[Result]:
        async with Store.open(store) as open_store:
            result = await audit_run(open_store, _run_name(outputs), scenario=scenario)
        leaks = [f"{leak.kind} at {leak.place}: {leak.why}" for leak in result.leaks[:_MAX_LEAKS_TOLD]]
        comment = "; ".join(leaks) or f"{result.calls} prompts and {result.records} records, and no leak"
        return [
            {"key": "privacy", "score": int(result.is_private), "comment": comment},
            {"key": "privacy.leaks", "score": len(result.leaks), "comment": comment},
        ]

    evaluator.__name__ = "privacy"
    return evaluator


def _run_name(outputs: Any) -> str:
    values = unwrapped(outputs)
    if isinstance(values, Transcript):
        return values.header.run
    if isinstance(values, Mapping):
        header = values.get("header", values)
        if isinstance(header, Mapping) and isinstance(name := header.get("run"), str):
            return name
    raise InvalidValue('Outputs do not say which run they are of; return its record as JSON, or {"run": "its name"}.')
