"""What judges made of a run; the calls behind it are in the run's journal."""

import sqlite3

from converse_graph.store.database import Writer
from converse_graph.transcript import Verdict

_PUT = """INSERT INTO verdicts (run, rubric, model, repeat, verdict) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (run, rubric, model, repeat) DO UPDATE SET verdict = excluded.verdict"""


class Verdicts:
    """The verdicts on one run: one for each rubric, judge and repeat, of which the latest counts."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer, run: int) -> None:
        """Read and write those on the run with that id."""
        self._reader, self._writer, self._run = reader, writer, run

    def all(self) -> tuple[Verdict, ...]:
        """All of them, in the order in which they were first given."""
        rows = self._reader.execute("SELECT verdict FROM verdicts WHERE run = ? ORDER BY id", (self._run,))
        return tuple(Verdict.model_validate_json(told) for (told,) in rows.fetchall())

    async def keep(self, verdict: Verdict) -> None:
        """Keep a verdict; returns when it is durable."""
        row = (self._run, verdict.rubric, verdict.model, verdict.repeat, verdict.model_dump_json())
        await self._writer.write(lambda database: database.execute(_PUT, row) and None)
