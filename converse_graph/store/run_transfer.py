"""A run with all that a store has of it, to be put into another store; and runs that were made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.record.call_paths import parse_call_path
from converse_graph.record.transcript import Header
from converse_graph.record.verdict import Verdict
from converse_graph.store.chain import ADD_LINK, add_links, add_records, calls_chain, digest_of, seal_header
from converse_graph.store.checkpoint_rows import (
    PUT_CHECKPOINT,
    PUT_WRITE,
    SEALED,
    SEALED_WRITES,
    CheckpointRow,
    WriteRow,
)
from converse_graph.store.journal import Call, MessageIds, RunJournal, call_content, insert_call
from converse_graph.store.packing import Snapshot, dump_plain, pack
from converse_graph.store.runs import check_run_name, header_json
from converse_graph.store.session import Session
from converse_graph.store.verdicts import PUT_VERDICT, Verdicts, link_verdicts, verdict_row
from converse_graph.store.writer import Writer

_NAMES = (
    *("name", "scenario_name", "scenario", "status", "ended", "parent", "replays"),
    *("horizon", "rounds", "statements", "tokens", "usd", "unpriced", "created"),
)
_COLUMNS = ", ".join(_NAMES)
_READ = f"SELECT id, header, fingerprint, seal, {_COLUMNS} FROM runs JOIN specs ON run = id WHERE name = :name"  # noqa: S608
_ADD = f"""INSERT INTO runs ({_COLUMNS}) VALUES ({", ".join(f":{name}" for name in _NAMES)})
RETURNING id"""  # noqa: S608 - the names of our own columns
_ADD_SPEC = "INSERT INTO specs (run, header, fingerprint) VALUES (:run, :header, :fingerprint)"
_NAMED = "SELECT id FROM runs WHERE name = :name"
_LINKS = "SELECT chain, number, link FROM links WHERE run = :run ORDER BY chain, number"
_SET_SEAL = "UPDATE specs SET seal = :seal WHERE run = :run"
_LATEST = "SELECT name FROM runs ORDER BY id DESC LIMIT 20"


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """All that a store has of a run, by no number of that store."""

    columns: Mapping[str, Any]
    """Of the register."""
    header: str
    """As JSON."""
    fingerprint: str
    """As JSON; an empty object for a run that nobody goes on with."""
    calls: tuple[Call, ...] = ()
    """Of the journal, those that were no use among them."""
    verdicts: tuple[Verdict, ...] = ()
    checkpoints: tuple[tuple[CheckpointRow, bytes], ...] = ()
    """Each with its seal."""
    writes: tuple[tuple[WriteRow, bytes], ...] = ()
    ledgers: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """What is to be chained, of a run that has no links yet."""
    links: tuple[tuple[str, int, bytes], ...] | None = None
    """Chain, number and digest, as they were made with the run; None for a run whose chains begin with this store."""
    seal: bytes = b""
    """Of the header, where there are links."""

    @property
    def name(self) -> str:
        """How the run is called."""
        return str(self.columns["name"])

    def with_scenario(self, reference: str) -> StoredRun:
        """Give the same run with another reference to its scenario function.

        Args:
            reference: As `find_scenario` takes it.
        """
        return replace(self, columns={**self.columns, "scenario": reference})


def record_only(
    header: Header,
    channels: Mapping[str, Any],
    ledgers: Mapping[str, Sequence[Any]],
    *,
    columns: Mapping[str, Any],
    calls: Sequence[Call] = (),
    verdicts: Sequence[Verdict] = (),
) -> StoredRun:
    """Make a run that can be read, and not gone on with: one checkpoint, with its ledgers whole.

    Args:
        header: Of the run.
        channels: Channels of the root graph that are no ledgers.
        ledgers: The others.
        columns: Of the register, where they are not as by default: `statements`, `rounds`, `tokens` and so on.
        calls: What the journal has of it.
        verdicts: What judges made of it.
    """
    values = {**channels, **{name: Snapshot(list(records)) for name, records in ledgers.items()}}
    kind, blob = pack("msgpack", dump_plain({"channel_values": values}))
    row = CheckpointRow(
        thread_id=header.run,
        checkpoint_ns="",
        checkpoint_id="record",
        parent_id=None,
        kind=kind,
        checkpoint=blob,
        metadata="{}",
    )
    own = {
        **dict.fromkeys(_NAMES),
        "name": header.run,
        "scenario_name": header.scenario,
        "scenario": "",
        "status": header.status,
        "ended": header.ended,
        "parent": header.parent,
        "horizon": header.clock["rounds"],
        **dict.fromkeys(("rounds", "statements", "tokens", "unpriced"), 0),
        "created": header.created.isoformat(),
    }
    return StoredRun(
        columns={**own, **columns},
        header=header_json(header),
        fingerprint="{}",
        calls=tuple(calls),
        verdicts=tuple(verdicts),
        checkpoints=((row, digest_of(*row)),),
        ledgers=tuple((name, tuple(records)) for name, records in ledgers.items()),
    )


class StoredRuns:
    """Runs as they lie in a store, read whole and added whole."""

    def __init__(self, reader: Session, writer: Writer, ids: MessageIds) -> None:
        """Read from one connection, write through the store's writer."""
        self._reader, self._writer, self._ids = reader, writer, ids

    def read(self, name: str) -> StoredRun:
        """Read a run whole.

        Args:
            name: The run.

        Raises:
            NotFound: There is none of that name.
            StoreFailure: The store did not answer.
        """
        rows = self._reader.read(_READ, name=name)
        if not rows:
            raise NotFound.among("run", name, [known_name for (known_name,) in self._reader.read(_LATEST)])
        run, header, fingerprint, seal, *columns = rows[0]
        journal = RunJournal(self._reader, self._writer, self._ids, run)
        return StoredRun(
            columns=dict(zip(_NAMES, columns, strict=True)),
            header=header,
            fingerprint=fingerprint,
            calls=tuple(journal.calls(unusable=True)),
            verdicts=Verdicts(self._reader, self._writer, run).all(),
            checkpoints=tuple(
                (CheckpointRow(*row), bytes(own)) for *row, own in self._reader.read(SEALED, thread=name)
            ),
            writes=tuple((WriteRow(*row), bytes(own)) for *row, own in self._reader.read(SEALED_WRITES, thread=name)),
            links=tuple((chain, number, bytes(link)) for chain, number, link in self._reader.read(_LINKS, run=run)),
            seal=bytes(seal),
        )

    async def add(self, run: StoredRun) -> None:
        """Add a run, whole or not at all; returns when it is durable.

        Args:
            run: The run.

        Raises:
            InvalidValue: Its name is taken, or is none.
            StoreFailure: The store cannot be written.
        """
        check_run_name(run.name)

        def insert(session: Session) -> None:
            session.wait_for_turn()
            if session.run(_NAMED, name=run.name):
                raise InvalidValue(f"There is a run {run.name!r} already; name another.")
            ((number,),) = session.run(_ADD, **run.columns)
            session.run(_ADD_SPEC, run=number, header=run.header, fingerprint=run.fingerprint)
            for call in run.calls:
                insert_call(session, self._ids, number, call)
            for verdict in run.verdicts:
                session.run(PUT_VERDICT, **verdict_row(number, verdict))
            session.run_many(PUT_CHECKPOINT, [{**row._asdict(), "seal": seal} for row, seal in run.checkpoints])
            session.run_many(PUT_WRITE, [{**row._asdict(), "seal": seal} for row, seal in run.writes])
            _chain(session, int(number), run)

        await self._writer.write(insert)


def _chain(session: Session, number: int, run: StoredRun) -> None:
    """Put in the links that came with a run, so that what was changed before can be told still; else begin them."""
    if run.links is not None:
        rows = [{"run": number, "chain": chain, "number": place, "link": link} for chain, place, link in run.links]
        session.run_many(ADD_LINK, rows)
        session.run(_SET_SEAL, run=number, seal=run.seal)
        return
    for call in run.calls:
        content = call_content(call.place, call.attempt, call.digest, call.reply, int(call.accepted))
        add_links(session, number, calls_chain(parse_call_path(call.place).reader), [content])
    add_records(session, run.name, run.ledgers)
    if run.verdicts:
        link_verdicts(session, number)
    seal_header(session, number)
