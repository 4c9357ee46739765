"""What judges made of a run; the calls behind it are in the run's journal."""

from typing import Any

from converse_graph.record.verdict import Verdict
from converse_graph.store.chain import digest_of
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

_ALL = "SELECT verdict FROM verdicts WHERE run = :run ORDER BY id"
_PUT = """INSERT INTO verdicts (run, rubric, model, repeat, verdict, seal)
VALUES (:run, :rubric, :model, :repeat, :verdict, :seal)
ON CONFLICT (run, rubric, model, repeat) DO UPDATE SET verdict = excluded.verdict, seal = excluded.seal"""
_SEALS = "SELECT rubric, model, repeat, verdict, seal FROM verdicts WHERE run = :run ORDER BY id"


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
        row: dict[str, Any] = {
            "run": self._run,
            "rubric": verdict.rubric,
            "model": verdict.model,
            "repeat": verdict.repeat,
            "verdict": verdict.model_dump_json(),
        }
        row["seal"] = digest_of(*(row[name] for name in ("rubric", "model", "repeat", "verdict")))
        await self._writer.write(lambda session: session.run(_PUT, **row))

    def changed(self) -> list[str]:
        """Name the verdicts that are not what their digests say, each by rubric, judge and repeat."""
        rows = self._reader.read(_SEALS, run=self._run)
        return [f"{rubric}/{model}/{repeat}" for rubric, model, repeat, text, seal in rows
                if digest_of(rubric, model, repeat, text) != bytes(seal)]  # fmt: skip
