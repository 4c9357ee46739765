"""What judges made of a run; the calls behind it are in the run's journal."""

from typing import Any

from converse_graph.record.verdict import Verdict
from converse_graph.store.chain import NO_LINK, VERDICTS_CHAIN, digest_of, set_link
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

_ALL = "SELECT verdict FROM verdicts WHERE run = :run ORDER BY id"
PUT_VERDICT = """INSERT INTO verdicts (run, rubric, model, repeat, verdict)
VALUES (:run, :rubric, :model, :repeat, :verdict)
ON CONFLICT (run, rubric, model, repeat) DO UPDATE SET verdict = excluded.verdict"""
_WHOLE = "SELECT rubric, model, repeat, verdict FROM verdicts WHERE run = :run ORDER BY id"


class Verdicts:
    """The verdicts on one run: one for each rubric, judge and repeat, of which the latest counts."""

    def __init__(self, reader: Session, writer: Writer, run: int) -> None:
        """Read and write those on the run with that id."""
        self._reader, self._writer, self._run = reader, writer, run

    def all(self) -> tuple[Verdict, ...]:
        """All of them, in the order in which they were first given."""
        return tuple(Verdict.model_validate_json(row_text) for (row_text,) in self._reader.read(_ALL, run=self._run))

    async def keep(self, verdict: Verdict) -> None:
        """Keep a verdict; returns when it is durable."""
        row = verdict_row(self._run, verdict)

        def put(session: Session) -> None:
            session.run(PUT_VERDICT, **row)
            link_verdicts(session, self._run)

        await self._writer.write(put)

    def digest(self) -> bytes | None:
        """Digest all of them, as the store does when it keeps one; None where there are none."""
        rows = self._reader.read(_WHOLE, run=self._run)
        return digest_of(NO_LINK, rows) if rows else None


def verdict_row(run: int, verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as a row.

    Args:
        run: The id of the run that it is on.
        verdict: As it was given.
    """
    return {
        "run": run,
        "rubric": verdict.rubric,
        "model": verdict.model,
        "repeat": verdict.repeat,
        "verdict": verdict.model_dump_json(),
    }


def link_verdicts(session: Session, run: int) -> None:
    """Have the one link of a run's verdicts stand for all of them, within the transaction that is open.

    Args:
        session: Which writes.
        run: Its id in the register.
    """
    set_link(session, run, VERDICTS_CHAIN, session.run(_WHOLE, run=run))
