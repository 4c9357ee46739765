"""What is said of a whole run: its figures and the judges' scores, as feedback on a trace of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converse_graph.measures.drift import drift
from converse_graph.record.transcript import Transcript
from converse_graph.record.verdict import Verdict
from converse_graph.store import Store
from converse_graph.tracing.settings import Tracing
from converse_graph.tracing.spans import Feedback

_RATES = ("no_statement", "repairs", "other_year", "other_label", "other_person", "repeated", "refusals")
"""Counts of drift that are told, each over the run's turns."""


async def trace_outcome(tracing: Tracing, store: Store, name: str, verdicts: Sequence[Verdict] | None = None) -> None:
    """Tell of a run as a whole.

    Args:
        tracing: Where to.
        store: Where the run is kept.
        name: The run.
        verdicts: Of judges; None for all that are kept.
    """
    transcript = store.transcript(name)
    header = transcript.header
    parent = store.register.run(header.parent).header if header.parent and header.fork else None
    outcome = {
        "status": header.status,
        "ended": header.ended,
        "statements": len(transcript.statements),
        "chain_head": header.chain_head,
    }
    span = tracing.outcome(header, outcome, parent)
    read = transcript.verdicts if verdicts is None else verdicts
    await tracing.exporter.send_feedback(span, [*rates(transcript), *scores(read)])
    await tracing.exporter.flush()


def rates(transcript: Transcript) -> Iterator[Feedback]:
    """How often parties drifted from the task or had to be put right, a turn: 0 and up."""
    rows = drift(transcript)
    turns = sum(row.turns for row in rows)
    for name in _RATES if turns else ():
        yield Feedback(key=f"rate.{name}", score=sum(getattr(row, name) for row in rows) / turns)


def scores(verdicts: Sequence[Verdict]) -> Iterator[Feedback]:
    """The answers of judges that have a score, 1 to 10; they read the public record, so their reasons are public."""
    for verdict in verdicts:
        judged_by = {"rubric": verdict.rubric, "judge": verdict.model, "repeat": verdict.repeat}
        for score in verdict.scores:
            if score.score is not None:
                about = f".{score.party}" if score.party else ""
                yield Feedback(
                    key=f"judge.{score.question}{about}",
                    score=score.score,
                    source=judged_by,
                    comment=score.reason or None,
                )
