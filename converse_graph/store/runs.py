"""The register of runs: a run is entered before its first step, with all that is needed to go on with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from converse_graph.errors import InvalidValue, NotFound, StoreFailure
from converse_graph.record.transcript import Header, Override
from converse_graph.scenarios.references import moved_reference
from converse_graph.scenarios.rules import ScheduledEvent
from converse_graph.store.chain import seal_header
from converse_graph.store.session import DatabaseRow, Session
from converse_graph.store.writer import Writer
from converse_graph.summary_repr import Summary

Status = Literal["running", "paused", "finished", "failed"]

_RUN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_COLUMN_NAMES = (
    *("id", "name", "scenario_name", "scenario", "status", "ended", "parent", "replays"),
    *("horizon", "rounds", "statements", "tokens", "usd", "created"),
)
# Where some calls are free and of others no price is known, a sum of 0 would say that all were free.
_USD = "CASE WHEN usd > 0 OR unpriced = 0 THEN usd END"
_COLUMNS = ", ".join(_USD if name == "usd" else name for name in _COLUMN_NAMES)
_RUNS = f"SELECT {_COLUMNS} FROM runs ORDER BY id DESC"  # noqa: S608 - the names of our own columns
_SUMMARY = f"SELECT {_COLUMNS} FROM runs WHERE name = :name"  # noqa: S608 - the names of our own columns
_RUN = f"SELECT header, fingerprint, {_COLUMNS} FROM runs JOIN specs ON run = id WHERE name = :name"  # noqa: S608
_CHARGES = "SELECT tokens, usd, unpriced FROM runs WHERE id = :run"
_LATEST = "SELECT name FROM runs ORDER BY id DESC LIMIT 20"
_NAMED = "SELECT id FROM runs WHERE name = :name"
_NAMES = "SELECT name FROM runs WHERE name LIKE :pattern"
_ENTER = """INSERT INTO runs (name, scenario_name, scenario, status, parent, replays, horizon, created)
VALUES (:name, :scenario_name, :scenario, :status, :parent, :replays, :horizon, :created) RETURNING id"""
_ENTER_SPEC = "INSERT INTO specs (run, header, fingerprint) VALUES (:run, :header, :fingerprint)"
_IN_COLUMNS = {"run", "status", "ended", "chain_head"}
"""Fields of a header that are stored elsewhere: what changes as a run goes on is stored once."""


@dataclass(frozen=True, kw_only=True, repr=False)
class RunSummary:
    """A run as a list of runs has it."""

    id: int
    name: str
    scenario_name: str
    scenario: str
    """How to find the scenario function again: a name, or file.py:function; empty for one made in Python."""
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
    """What its calls have cost, as far as that is known; None where it is of none."""
    created: str

    def __repr__(self) -> str:
        return self._card().line()

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Summary:
        return Summary(kind="Run", name=self.name, facts=self._facts())

    def _facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("status", f"{self.status}{f' ({self.ended})' if self.ended else ''}"),
            ("scenario", self.scenario_name),
            ("rounds", f"{self.rounds} of {self.horizon}"),
            ("statements", str(self.statements)),
            ("tokens", f"{self.tokens:,}"),
            ("usd", "" if self.usd is None else f"{self.usd:.4f}"),
            ("forked from", self.parent or ""),
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Run(RunSummary):
    """A run as the register has it, with all that is needed to go on with it."""

    header: Header
    fingerprint: dict[str, str]
    """What a resume must match, part by part."""

    def _facts(self) -> tuple[tuple[str, str], ...]:
        *facts, fork_cell = super()._facts()
        return (*facts, ("model", self.header.model_in_words), ("seed", str(self.header.seed)), fork_cell)


@dataclass(frozen=True, kw_only=True)
class Charges:
    """What the register has added up of a run's calls, as it is stored."""

    tokens: int
    usd: float | None
    unpriced: int
    """Calls of which no price is known."""


class RunTable:
    """The runs of a store."""

    def __init__(self, reader: Session, writer: Writer, folder: Path) -> None:
        """Read from one connection, write through the store's writer.

        Args:
            reader: A connection.
            writer: The store's.
            folder: Where scenario files are looked for that are not where they were: the store may have been moved.
        """
        self._reader, self._writer, self._folder = reader, writer, folder

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

        def insert(session: Session) -> str:
            session.wait_for_turn()  # whoever else would take the same name
            run_name = name or _free_name(session, header["scenario"])
            if session.run(_NAMED, name=run_name):
                raise InvalidValue(
                    f"There is a run {run_name!r} already; name another, or `converse resume {run_name}`."
                )
            new_header = Header(run=run_name, **header)
            ((run,),) = session.run(
                _ENTER,
                name=run_name,
                scenario_name=new_header.scenario,
                scenario=scenario,
                status=new_header.status,
                parent=new_header.parent,
                replays=replays,
                horizon=horizon,
                created=new_header.created.isoformat(),
            )
            session.run(_ENTER_SPEC, run=run, header=header_json(new_header), fingerprint=json.dumps(fingerprint))
            seal_header(session, int(run))
            return run_name

        return self.run(await self._writer.write(insert))

    async def mark(self, run: int, status: Status, ended: str | None = None) -> None:
        """Note how a run stands."""
        await self._change(run, {"status": status, "ended": ended})

    async def set_horizon(self, run: Run, rounds: int) -> Run:
        """Let a run play to another horizon; returns it, paused."""
        header = run.header.model_copy(update={"clock": {**run.header.clock, "rounds": rounds}})
        await self._change(run.id, {"horizon": rounds, "status": "paused", "ended": None}, header=header_json(header))
        return self.run(run.name)

    async def set_past(self, run: Run, *, rounds: int, statements: int) -> Run:
        """Note how much of a run was shared with another before it begins."""
        await self._change(run.id, {"rounds": rounds, "statements": statements})
        return self.run(run.name)

    async def set_events(self, run: Run, events: tuple[ScheduledEvent, ...]) -> Run:
        """Let other things happen at dates."""
        header = run.header.model_copy(update={"events": events})
        await self._change(run.id, header=header_json(header))
        return self.run(run.name)

    async def set_judges(self, run: Run, judges: tuple[str, ...] | None) -> Run:
        """Note who judges the run at its end: none for its own model, None for nobody."""
        if judges != run.header.judges:
            await self._change(run.id, header=header_json(run.header.model_copy(update={"judges": judges})))
        return self.run(run.name)

    async def forget_windows(self, run: Run) -> Run:
        """Forget what the servers of a run's models have taught of their windows, as somebody says what these take."""
        models = {
            name: model.model_copy(update={"shown_window": None, "safe_window": None})
            for name, model in run.header.models.items()
        }
        if models == run.header.models:
            return run
        await self._change(run.id, header=header_json(run.header.model_copy(update={"models": models})))
        return self.run(run.name)

    async def change(self, run: Run, parts: tuple[str, ...], fingerprint: dict[str, str], **fields: Any) -> Run:
        """Let a run go on with something else than it began with; its header says so from then on.

        Args:
            run: The run.
            parts: What has changed.
            fingerprint: What a resume must match from now on.
            fields: Of the header, that are others from now on.
        """
        overrides = (*run.header.overrides, Override(statements=run.statements, parts=parts))
        header = run.header.model_copy(update={"overrides": overrides, **fields})
        await self._change(run.id, header=header_json(header), fingerprint=json.dumps(fingerprint))
        return self.run(run.name)

    async def _change(self, run: int, columns: Mapping[str, Any] | None = None, **spec: str) -> None:
        """Write columns of the run, and of what it was begun with."""
        updates = [_update("runs", "id", run, columns or {}), _update("specs", "run", run, spec)]

        def update(session: Session) -> None:
            for statement, values in updates:
                if statement:
                    session.run(statement, **values)
            if spec or "horizon" in (columns or {}):
                seal_header(session, run)

        await self._writer.write(update)

    def run(self, name: str) -> Run:
        """The run of that name.

        Raises:
            NotFound: There is none.
            StoreFailure: What is stored of it is no header.
        """
        rows = self._reader.read(_RUN, name=name)
        if not rows:
            raise NotFound.among("run", name, [known_name for (known_name,) in self._reader.read(_LATEST)])
        try:
            return _run(rows[0], self._folder)
        except ValueError as error:
            raise StoreFailure(
                f"Run {name!r} cannot be read, for what is stored of it was changed ({type(error).__name__}); put "
                "back a copy of the store."
            ) from None

    def summary(self, name: str) -> RunSummary | None:
        """The run of that name as a list has it, which takes a fraction of the time; None where there is none."""
        rows = self._reader.read(_SUMMARY, name=name)
        return _summary(rows[0]) if rows else None

    def charges(self, run: int) -> Charges:
        """Read what the calls of a run have been charged.

        Args:
            run: Its id.
        """
        ((tokens, usd, unpriced),) = self._reader.read(_CHARGES, run=run)
        return Charges(tokens=tokens, usd=usd, unpriced=unpriced)

    def runs(self) -> list[RunSummary]:
        """All runs, the latest first."""
        return [_summary(row) for row in self._reader.read(_RUNS)]


def check_run_name(name: str) -> None:
    """Refuse a name that is unsafe as part of a path.

    Raises:
        InvalidValue: It is.
    """
    if not _RUN_NAME.fullmatch(name):
        raise InvalidValue(
            f"A run cannot be called {name!r}; a name is 1 to 64 of a-z, 0-9, _ and -, the first no sign."
        )


def _free_name(session: Session, scenario: str) -> str:
    stem = re.sub(r"[^a-z0-9_-]+", "-", scenario.lower()).strip("-_")[:56] or "run"
    names_taken = {name for (name,) in session.run(_NAMES, pattern=f"{stem}-%")}
    number = 1
    while f"{stem}-{number}" in names_taken:
        number += 1
    return f"{stem}-{number}"


def _summary(row: DatabaseRow) -> RunSummary:
    return RunSummary(**dict(zip(_COLUMN_NAMES, row, strict=True)))


def _run(row: DatabaseRow, folder: Path) -> Run:
    header, fingerprint, *rest = row
    columns = dict(zip(_COLUMN_NAMES, rest, strict=True))
    columns["scenario"] = moved_reference(columns["scenario"], folder)
    header_read = _header(header, columns["name"], columns["status"], columns["ended"])
    return Run(**columns, header=header_read, fingerprint=_fingerprint(fingerprint))


@lru_cache(maxsize=16)
def _fingerprint(text: str) -> dict[str, str]:
    """A fingerprint as it is stored; the runs of an arm share one, and with a world it has over a thousand parts."""
    parts: dict[str, str] = json.loads(text)
    return parts


@lru_cache(maxsize=64)
def _header(text: str, run: str, status: str, ended: str | None) -> Header:
    """A header as it is stored, with what has a column of its own; to check one takes as long as a turn."""
    return Header.model_validate({**json.loads(text), "run": run, "status": status, "ended": ended})


def header_json(header: Header) -> str:
    """Give a header as it is stored: without what has a column of its own.

    Args:
        header: Of a run.
    """
    own = {"chain_head"} if header.public_only else set()  # a pack says what was the head of the whole run
    return header.model_dump_json(exclude=_IN_COLUMNS - own)


def _update(table: str, key: str, run: int, columns: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A statement that writes columns of one row, and its values; no statement for no columns."""
    changes = ", ".join(f"{column} = :{column}" for column in columns)
    statement = f"UPDATE {table} SET {changes} WHERE {key} = :run_id"  # noqa: S608 - the names of our own columns
    return (statement if columns else ""), {**columns, "run_id": run}
