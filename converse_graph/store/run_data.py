"""What happened in runs as rows: an outcome a run, and copies of statements, fields, events and world for SQL.

The ledgers in the checkpoints stay the record. These rows are made from it once a run has stopped, and made anew
where the run has gone on or was judged since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from converse_graph.measures.outcomes import Outcome, outcome
from converse_graph.measures.rows import Table, iter_rows
from converse_graph.record.transcript import Transcript
from converse_graph.store.session import Session
from converse_graph.store.writer import Writer

_AS_JSON = json.JSONEncoder(ensure_ascii=False, default=str).encode
_VERSION = 3
"""Of what an outcome holds: rows of another version are made anew."""
_STAMPS = """SELECT r.id, r.name, r.status, r.statements, COUNT(v.id), o.stamp
FROM runs r LEFT JOIN verdicts v ON v.run = r.id LEFT JOIN outcomes o ON o.run = r.id
GROUP BY r.id, r.name, r.status, r.statements, o.stamp"""
_OUTCOMES = "SELECT r.name, o.outcome FROM outcomes o JOIN runs r ON r.id = o.run"
_ROUNDS_AT_ONCE = 50
"""Rounds whose rows are compared at once."""
_COPIES: Mapping[Table, str] = {
    "statements": "statement_rows",
    "fields": "field_rows",
    "events": "event_rows",
    "world": "world_rows",
}


class RunData:
    """The rows of a store's runs."""

    def __init__(self, reader: Session, writer: Writer) -> None:
        """Read from one connection, write through the store's writer."""
        self._reader, self._writer = reader, writer

    def outcomes(self) -> dict[str, Outcome]:
        """Read the outcomes of all runs whose rows are up to date, by the name of the run."""
        fresh = {name for name, stamp, saved in self._stamps() if stamp == saved}
        return {name: Outcome.model_validate_json(text) for name, text in self._reader.read(_OUTCOMES) if name in fresh}

    def stale(self) -> set[str]:
        """Name the runs that have no rows, or have gone on since."""
        return {name for name, stamp, saved in self._stamps() if stamp != saved}

    async def save(self, run: int, transcript: Transcript) -> Outcome:
        """Write the rows of a run in place of earlier ones; returns its outcome when they are durable.

        Args:
            run: Its id.
            transcript: Its record, as a reader's edition.
        """
        result = outcome(transcript)
        copies = _copies(run, result, transcript)

        def write(session: Session) -> None:
            for table, lines in copies.items():
                session.run(f"DELETE FROM {table} WHERE run = :run", run=run)  # noqa: S608 - our own tables
                if lines:
                    session.run_many(_insert(table, lines[0]), lines)

        await self._writer.write(write)
        return result

    def differences(self, run: int, transcript: Transcript) -> Iterator[str]:
        """Name the columns of a run's rows that are not what its record makes, as `table.column`; none of stale rows.

        Args:
            run: Its id.
            transcript: Its record, as a reader's edition.
        """
        if transcript.header.run in self.stale():
            return
        is_in_order = transcript.header.imported is None
        for name, table in _COPIES.items():
            by_round = is_in_order and name != "events"
            new_rows = _copy(run, name, transcript)
            yield from dict.fromkeys(self._columns_unlike(run, table, new_rows, by_round=by_round))
        row = {"run": run, **_outcome_row(outcome(transcript), transcript)}
        yield from self._columns_unlike(run, "outcomes", [row], by_round=False)

    def _columns_unlike(
        self, run: int, table: str, rows_made: Iterable[dict[str, Any]], *, by_round: bool
    ) -> Iterator[str]:
        """Compare the rows of a table with those that the record makes, some rounds at a time where they are in order.

        Where there are more rows or fewer, that is told by the column `run`.
        """
        count = 0
        for block, rows_of_block in groupby(rows_made, lambda row: row["round"] // _ROUNDS_AT_ONCE if by_round else 0):
            rows_now = list(rows_of_block)
            count += len(rows_now)
            names = sorted(rows_now[0])
            rounds = {"first": block * _ROUNDS_AT_ONCE, "end": (block + 1) * _ROUNDS_AT_ONCE} if by_round else {}
            where = " AND round >= :first AND round < :end" if rounds else ""
            query = f"SELECT {', '.join(names)} FROM {table} WHERE run = :run{where}"  # noqa: S608 - our own
            as_stored = {*self._reader.read(query, run=run, **rounds)}
            as_made = {tuple(row[name] for name in names) for row in rows_now}
            missing, unknown = sorted(as_made - as_stored, key=str), sorted(as_stored - as_made, key=str)
            if len(missing) != len(unknown):
                yield f"{table}.run"
                return
            unequal = (zip(names, *pair, strict=True) for pair in zip(missing, unknown, strict=True))
            yield from sorted({f"{table}.{name}" for row in unequal for name, one, other in row if one != other})
        total = f"SELECT COUNT(*) FROM {table} WHERE run = :run"  # noqa: S608 - our own
        if self._reader.read(total, run=run) != [(count,)]:
            yield f"{table}.run"

    def _stamps(self) -> Iterator[tuple[str, str, str | None]]:
        for _, name, status, statements, verdicts, saved in self._reader.read(_STAMPS):
            yield name, _stamp(status, statements, verdicts), saved


def _copies(run: int, result: Outcome, transcript: Transcript) -> dict[str, list[dict[str, Any]]]:
    """The rows of a run, by table."""
    copies = {table: [*_copy(run, name, transcript)] for name, table in _COPIES.items()}
    return {**copies, "outcomes": [{"run": run, **_outcome_row(result, transcript)}]}


def _copy(run: int, name: Table, transcript: Transcript) -> Iterator[dict[str, Any]]:
    """The rows of one table, as they are made."""
    for row in iter_rows(transcript, name):
        plain = _plain(row, run)
        if name == "fields":
            del plain["period"]  # of its statement
        yield plain


def _stamp(status: str, statements: int, verdicts: int) -> str:
    return f"{_VERSION} {status} {statements} {verdicts}"


def _insert(table: str, row: Mapping[str, Any]) -> str:
    values = ", ".join(f":{name}" for name in row)
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"  # noqa: S608 - the names of our own columns


def _outcome_row(result: Outcome, transcript: Transcript) -> dict[str, Any]:
    return {
        "stamp": _stamp(result.status, result.statements, len(transcript.verdicts)),
        "outcome": result.model_dump_json(),
        "model": result.model,
        "seed": result.seed,
        "dials": _json(result.dials),
        "years": result.watched,
        "empty": result.empty,
        "drift_signs": result.drift_signs,
        "agreement": result.agreement,
        "scores": _json(result.scores),
    }


def _plain(row: Mapping[str, Any], run: int) -> dict[str, Any]:
    """A row as databases take it, under the id of its run."""
    values = {name: _storable(value) if isinstance(value, str) else value for name, value in row.items()}
    if "number" in row:
        values["value"] = _json(row["value"])
    if "hidden" in row:
        values["hidden"] = int(row["hidden"])
    values["run"] = run
    return values


def _json(value: Any) -> str:
    return _storable(_AS_JSON(value))


def _storable(text: str) -> str:
    """A text without half characters and nulls, which no database takes for text."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
