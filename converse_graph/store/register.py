"""The register of runs: a run is entered before its first step, with all that is needed to go on with it."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from converse_graph.errors import InvalidValue, UnknownName
from converse_graph.scenarios.rules import Dated
from converse_graph.store.database import Writer
from converse_graph.transcript import Changed, Header

Status = Literal["running", "paused", "finished", "failed"]

_RUN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_RUNS = """SELECT id, name, scenario, header, fingerprint, status, ended, parent, replays, horizon, rounds, statements,
created,
(SELECT COALESCE(SUM(tokens_in + tokens_out), 0) FROM calls WHERE run = runs.id),
(SELECT SUM(usd) FROM calls WHERE run = runs.id) FROM runs"""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as the register has it."""

    id: int
    name: str
    scenario: str
    """How to find the scenario function again: a name, or file.py:function; empty for one made in Python."""
    header: Header
    fingerprint: dict[str, str]
    """What a resume must match, part by part."""
    status: Status
    """"running" also of a run whose process was killed; whether it is held tells the two apart."""
    ended: str | None
    parent: str | None
    replays: str | None
    """The run whose journal answers for its models."""
    horizon: int
    """How many rounds it plays."""
    rounds: int
    """How many rounds are done."""
    statements: int
    tokens: int
    usd: float | None
    created: str


class Register:
    """The runs of a store."""

    def __init__(self, reader: sqlite3.Connection, writer: Writer) -> None:
        """Read from one connection, write through the store's writer."""
        self._reader, self._writer = reader, writer

    async def enter(
        self,
        *,
        name: str | None,
        scenario: str,
        header: dict[str, Any],
        fingerprint: dict[str, str],
        horizon: int,
        replays: str | None = None,
    ) -> Run:
        """Register a run; returns when it is durable.

        Args:
            name: How it is called; None for the scenario's name and the first number that is free.
            scenario: How to find the scenario function again.
            header: Fields of `Header`, but for `run`.
            fingerprint: What a resume must match.
            horizon: How many rounds it plays.
            replays: The run whose journal answers for its models.

        Raises:
            InvalidValue: The name is taken, or is none.
        """
        if name is not None:
            check_run_name(name)

        def insert(database: sqlite3.Connection) -> str:
            given = name or _free_name(database, header["scenario"])
            if database.execute("SELECT 1 FROM runs WHERE name = ?", (given,)).fetchone():
                raise InvalidValue(f"There is a run {given!r} already; name another, or `converse resume {given}`.")
            made = Header(run=given, **header)
            row = (given, scenario, made.model_dump_json(), json.dumps(fingerprint), made.status, made.parent, replays)
            database.execute(
                "INSERT INTO runs (name, scenario, header, fingerprint, status, parent, replays, horizon, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, horizon, made.created.isoformat()),
            )
            return given

        return self.run(await self._writer.write(insert))

    async def mark(self, run: int, status: Status, ended: str | None = None) -> None:
        """Note how a run stands."""
        row = (status, ended, run)
        await self._writer.write(
            lambda database: database.execute("UPDATE runs SET status = ?, ended = ? WHERE id = ?", row) and None
        )

    async def set_horizon(self, run: Run, rounds: int) -> Run:
        """Let a run play to another horizon; returns it, paused."""
        header = run.header.model_copy(update={"clock": {**run.header.clock, "rounds": rounds}})
        row = (rounds, header.model_dump_json(), run.id)
        statement = "UPDATE runs SET horizon = ?, header = ?, status = 'paused', ended = NULL WHERE id = ?"
        await self._writer.write(lambda database: database.execute(statement, row) and None)
        return self.run(run.name)

    async def set_events(self, run: Run, events: tuple[Dated, ...]) -> Run:
        """Let other things happen at dates."""
        header = run.header.model_copy(update={"events": events})
        row = (header.model_dump_json(), run.id)
        await self._writer.write(
            lambda database: database.execute("UPDATE runs SET header = ? WHERE id = ?", row) and None
        )
        return self.run(run.name)

    async def change(self, run: Run, parts: tuple[str, ...], fingerprint: dict[str, str]) -> Run:
        """Let a run go on with something else than it began with; its header says so from then on."""
        changed = (*run.header.changed, Changed(statements=run.statements, parts=parts))
        header = run.header.model_copy(update={"changed": changed})
        row = (header.model_dump_json(), json.dumps(fingerprint), run.id)
        await self._writer.write(
            lambda database: database.execute("UPDATE runs SET header = ?, fingerprint = ? WHERE id = ?", row) and None
        )
        return self.run(run.name)

    def run(self, name: str) -> Run:
        """The run of that name.

        Raises:
            UnknownName: There is none.
        """
        row = self._reader.execute(_RUNS + " WHERE name = ?", (name,)).fetchone()
        if row is None:
            names = [found for (found,) in self._reader.execute("SELECT name FROM runs ORDER BY id DESC LIMIT 20")]
            raise UnknownName.among("run", name, names)
        return _run(row)

    def runs(self) -> list[Run]:
        """All runs, the latest first."""
        rows = self._reader.execute(_RUNS + " ORDER BY id DESC")
        return [_run(row) for row in rows.fetchall()]


def check_run_name(name: str) -> None:
    """Refuse a name that is unsafe as part of a path.

    Raises:
        InvalidValue: It is.
    """
    if not _RUN_NAME.fullmatch(name):
        raise InvalidValue(
            f"A run cannot be called {name!r}; a name is 1 to 64 of a-z, 0-9, _ and -, the first no sign."
        )


def _free_name(database: sqlite3.Connection, scenario: str) -> str:
    stem = re.sub(r"[^a-z0-9_-]+", "-", scenario.lower()).strip("-_")[:56] or "run"
    taken = {name for (name,) in database.execute("SELECT name FROM runs WHERE name GLOB ?", (f"{stem}-[0-9]*",))}
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _run(row: tuple[Any, ...]) -> Run:
    names = (
        "id name scenario header fingerprint status ended parent replays horizon rounds statements created tokens usd"
    )
    columns = dict(zip(names.split(), row, strict=True))
    header, fingerprint = Header.model_validate_json(columns["header"]), json.loads(columns["fingerprint"])
    return Run(**{**columns, "header": header, "fingerprint": fingerprint})
