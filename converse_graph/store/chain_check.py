"""Checks the chains of a run: whether what is stored of it is what was stored when it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from converse_graph.errors import InvalidValue, RecordChanged, StoreFailure
from converse_graph.record.call_paths import parse_call_path
from converse_graph.store.chain import LINK_SIZE, NO_LINK, VERDICTS_CHAIN, calls_chain, digest_of, ledger_chain
from converse_graph.store.packing import load_plain
from converse_graph.store.record_reader import ledger_steps

if TYPE_CHECKING:
    from converse_graph.store.runs import Run
    from converse_graph.store.store import Store


@dataclass(frozen=True, kw_only=True)
class ChainBreak:
    """Something stored that is not what its digest says."""

    place: str
    """A call of the run, the turn of a record, or else a table."""
    source: str
    """The chain, or what holds it."""
    why: str


def chain_breaks(store: Store, run: Run) -> Iterator[ChainBreak]:
    """Compare all that is stored of a run with its digests: header, calls, records, checkpoints and verdicts.

    Of a chain the first break alone is told: each link after it would be another too.

    Args:
        store: Where it is kept.
        run: The run.
    """
    chain = store.chain(run.id)
    if not chain.has_sealed_header():
        yield ChainBreak(place=run.name, source="header", why="the header is not what its digest says")
    links = chain.links()
    yield from _calls(store, run, links)
    for where in store.checkpoints.altered_places(run.name):
        yield ChainBreak(place=run.name, source="checkpoints", why=f"{where} is not what its digest says")
    verdicts = store.verdicts(run.id).digest()
    if links.get(VERDICTS_CHAIN, b"") != (verdicts or b""):
        yield ChainBreak(place=run.name, source="verdicts", why="the verdicts are not what their digest says")
    try:
        yield from _records(store, run, links)
    except (StoreFailure, LookupError, TypeError, ValueError, AttributeError) as error:
        yield ChainBreak(place=run.name, source="checkpoints", why=f"they cannot be read: {type(error).__name__}")


def require_unchanged(store: Store, run: Run, *, otherwise: str = "") -> None:
    """Refuse to go on from a run whose record was changed.

    Args:
        store: Where it is kept.
        run: The run.
        otherwise: A further way out, such as ", or go on all the same with --allow-changed".

    Raises:
        RecordChanged: It was.
    """
    chain_break = next(chain_breaks(store, run), None)
    if chain_break is not None:
        raise RecordChanged(
            f"Run {run.name!r} was changed after it was made: at {chain_break.place}, {chain_break.why}. "
            f"`converse audit {run.name}` lists all; put back a copy of the store{otherwise}."
        )


def _calls(store: Store, run: Run, links: Mapping[str, bytes | bytearray]) -> Iterator[ChainBreak]:
    progress = {chain: _Progress() for chain in links if chain.startswith(calls_chain(""))}
    for call in store.journal(run.id).chained_calls():
        if not call.is_as_asked:
            why = "the stored prompt or schema is not the one that was asked"
            yield ChainBreak(place=call.place, source="journal", why=why)
        try:
            chain = calls_chain(parse_call_path(call.place).reader)
        except InvalidValue:
            yield ChainBreak(place=call.place, source="journal", why="no call can have been made there")
            continue
        if not progress.setdefault(chain, _Progress()).goes_on(call.content, links.get(chain, b"")):
            why = "the call, or the one before, is not what its link says"
            yield ChainBreak(place=call.place, source=chain, why=why)
    for chain, end in progress.items():
        if not end.is_broken and (missing := len(links.get(chain, b"")) // LINK_SIZE - end.number):
            yield ChainBreak(place=run.name, source=chain, why=f"{missing} calls are missing")


def _records(store: Store, run: Run, links: Mapping[str, bytes | bytearray]) -> Iterator[ChainBreak]:
    """Follow each ledger through all that checkpoints say of it, earlier ones too, which nobody reads any more."""
    progress = {chain: _Progress() for chain in links if chain.startswith(ledger_chain(""))}
    for ledger, is_whole, entries in ledger_steps(store.checkpoints, run):
        chain = ledger_chain(ledger)
        before = progress.get(chain, _Progress())
        followed = _Progress(is_broken=before.is_broken) if is_whole else before
        progress[chain] = followed
        for entry in entries:
            number, record = followed.number, load_plain("msgpack", entry)
            if not followed.goes_on(record, links.get(chain, b"")):
                place = str(record.get("place") or f"{ledger} {number}") if isinstance(record, Mapping) else ledger
                why = "the record, or the one before, is not what its link says"
                yield ChainBreak(place=place, source=chain, why=why)
        if followed.number < before.number and not followed.is_broken:
            followed.is_broken = True
            yield ChainBreak(place=ledger, source=chain, why=f"{before.number - followed.number} records are missing")
    if store.checkpoints.one(run.name) is None:
        return  # a run that was forked and not played yet has links, and no record to go on from
    for chain, end in sorted(progress.items()):
        if not end.is_broken and (missing := len(links.get(chain, b"")) // LINK_SIZE - end.number):
            ledger = chain.removeprefix(ledger_chain(""))
            yield ChainBreak(place=ledger, source=chain, why=f"{missing} records are missing")


@dataclass(kw_only=True)
class _Progress:
    """How far a chain was followed."""

    number: int = 0
    link: bytes = NO_LINK
    is_broken: bool = False

    def goes_on(self, content: Any, links: bytes | bytearray) -> bool:
        """Follow a chain by one link; whether that is the stored one, or the chain was broken before."""
        if self.is_broken:
            return True
        self.link = digest_of(self.link, content)
        start = self.number * LINK_SIZE
        self.is_broken = links[start : start + LINK_SIZE] != self.link
        self.number += 1
        return not self.is_broken
