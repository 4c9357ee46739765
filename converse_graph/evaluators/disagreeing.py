"""Whether those who debate disagree, and stay with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from converse_graph.evaluators.records import Result, record_of
from converse_graph.measures.disagreement import Disagreement, table_disagreement
from converse_graph.measures.disagreement import disagreement as in_debates


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
    found = [("debates", in_debates(record)), ("table", table_disagreement(record))]
    return [result for name, measured in found for result in _results(name, measured)]


def _results(name: str, found: Disagreement | None) -> Iterator[Result]:
    key = f"disagreement.{name}"
    if found is None:
        where = "the outputs have no debate" if name == "debates" else "the scenario has no motion"
        yield {"key": key, "score": 0, "comment": f"Nobody took a position: {where}."}
        return
    yield {"key": key, "score": found.debates, "comment": f"{found.began_divided} began divided"}
    figures = {
        "entropy_first": found.passes[0].entropy,
        "entropy_last": found.passes[-1].entropy,
        "collapsed": found.collapse_rate,
        "unanimous": found.unanimous / found.debates,
        "changes": found.changes / found.debates,
        "decisions_followed": found.decisions_followed,
    }
    for figure, score in figures.items():
        if score is not None:
            yield {"key": f"{key}.{figure}", "score": score, "comment": f"of {found.debates} conversations"}
