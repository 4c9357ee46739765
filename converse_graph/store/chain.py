"""Chains digests of all that a run has on record, so that whoever keeps the last one can tell a change later.

Each speaker's calls are a chain, and so is each ledger: a link is the digest of what it stands for and of the link
before. A speaker does one thing at a time, and a ledger grows at one end; so the links are the same in whatever order
calls of different speakers were answered, and however often the run was killed and gone on with. How long a call took
is in none. The head of a run is the digest of the last link of each chain, in the order of their names, and of its
header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ormsgpack

from converse_graph.record.state import is_ledger
from converse_graph.store.session import DatabaseRow, Session
from converse_graph.store.writer import Writer

NO_LINK = b""
"""What the first link of a chain has before it."""
JUDGE_CHAIN, VERDICTS_CHAIN = "calls of judge", "verdicts"
"""The chains that have no part in a head, for judges read a run after it is over: of their calls, and one link that
stands for all verdicts, of which a later one takes the place of an earlier."""

LINK_SIZE = 32
"""Bytes of a digest."""
_LAST = "SELECT number, link FROM links WHERE run = :run AND chain = :chain ORDER BY number DESC LIMIT 1"
ADD_LINK = "INSERT INTO links (run, chain, number, link) VALUES (:run, :chain, :number, :link)"
_SET = ADD_LINK + " ON CONFLICT (run, chain, number) DO UPDATE SET link = excluded.link"
_ALL = "SELECT chain, number, link FROM links WHERE run = :run ORDER BY chain, number"
_DELETE = "DELETE FROM links WHERE run = :run AND chain LIKE :chains"
_RUN_ID = "SELECT id FROM runs WHERE name = :name"
_LAST_LINKS = """WITH RECURSIVE chains (chain) AS (
    SELECT MIN(chain) FROM links WHERE run = :run
    UNION ALL
    SELECT (SELECT MIN(links.chain) FROM links WHERE links.run = :run AND links.chain > chains.chain)
    FROM chains WHERE chains.chain IS NOT NULL
)
SELECT chain, (SELECT link FROM links WHERE links.run = :run AND links.chain = chains.chain
    ORDER BY number DESC LIMIT 1) FROM chains WHERE chain IS NOT NULL"""
_HEADER = """SELECT name, scenario_name, scenario, parent, replays, horizon, created, header, fingerprint
FROM runs JOIN specs ON run = id WHERE id = :run"""
_SEAL = "SELECT seal FROM specs WHERE run = :run"
_SET_SEAL = "UPDATE specs SET seal = :seal WHERE run = :run"


def digest_of(*values: Any) -> bytes:
    """Digest values: 32 bytes that stand for these, in this order, and for no others.

    Args:
        *values: Plain values; names in a mapping count in their order, which a store keeps.
    """
    return hashlib.blake2b(ormsgpack.packb(values, option=ormsgpack.OPT_NON_STR_KEYS), digest_size=LINK_SIZE).digest()


def calls_chain(speaker: str) -> str:
    """Name the chain of a speaker's calls."""
    return f"calls of {speaker}"


def ledger_chain(ledger: str) -> str:
    """Name the chain of a ledger's records."""
    return f"records of {ledger}"


def add_links(session: Session, run: int, chain: str, contents: Iterable[Any]) -> None:
    """Lengthen a chain by what each content stands for, within the transaction that is open.

    Args:
        session: Which writes.
        run: Its id in the register.
        chain: As `calls_chain` and `ledger_chain` name it.
        contents: Plain values.
    """
    rows = session.run(_LAST, run=run, chain=chain)
    number, link = (int(rows[0][0]), bytes(rows[0][1])) if rows else (-1, NO_LINK)
    links = []
    for content in contents:
        number, link = number + 1, digest_of(link, content)
        links.append({"run": run, "chain": chain, "number": number, "link": link})
    if links:
        session.run_many(ADD_LINK, links)


def set_link(session: Session, run: int, chain: str, content: Any) -> None:
    """Make a chain one link that stands for a content, within the transaction that is open.

    Args:
        session: Which writes.
        run: Its id in the register.
        chain: Its name.
        content: Plain values.
    """
    session.run(_SET, run=run, chain=chain, number=0, link=digest_of(NO_LINK, content))


def add_records(session: Session, name: str, writes: Sequence[tuple[str, Any]]) -> None:
    """Lengthen the chains of ledgers by what was written to them, within the transaction that is open.

    Args:
        session: Which writes.
        name: The run; of a thread that is none, nothing is chained.
        writes: Channels and what was written to each, in order; other channels than ledgers are passed over.
    """
    gains = [(channel, records) for channel, records in writes if is_ledger(channel)]
    rows = session.run(_RUN_ID, name=name) if gains else []
    for channel, records in gains if rows else ():
        add_links(session, int(rows[0][0]), ledger_chain(channel), records)


def seal_header(session: Session, run: int) -> None:
    """Store the digest of a run's header and of what else it was begun with, within the transaction that is open.

    Args:
        session: Which writes.
        run: Its id in the register.
    """
    session.run(_SET_SEAL, run=run, seal=digest_of(*session.run(_HEADER, run=run)[0]))


class RunChain:
    """The chains of one run."""

    def __init__(self, reader: Session, writer: Writer, run: int) -> None:
        """Read and write those of the run with that id."""
        self._reader, self._writer, self._run = reader, writer, run

    def head(self) -> str:
        """Digest the last link of each chain and the header's: 64 hexadecimal digits."""
        rows = self._reader.read(_LAST_LINKS, run=self._run)
        ends = sorted((str(chain), bytes(link)) for chain, link in rows if chain not in (JUDGE_CHAIN, VERDICTS_CHAIN))
        ((seal,),) = self._reader.read(_SEAL, run=self._run)
        return digest_of(bytes(seal), ends).hex()

    def links(self) -> Mapping[str, bytearray]:
        """Read the links of every chain, in order; of one that is no digest, or not at its own number, zeros.

        Returns:
            By the name of the chain, its links one after the other, `LINK_SIZE` bytes each.
        """
        chains: dict[str, bytearray] = {}
        for chain, number, link in self._reader.stream(_ALL, run=self._run):
            links = chains.setdefault(str(chain), bytearray())
            is_link = number == len(links) // LINK_SIZE and len(link) == LINK_SIZE
            links += bytes(link) if is_link else bytes(LINK_SIZE)
        return chains

    def has_sealed_header(self) -> bool:
        """Whether the header, and what else the run was begun with, is what its digest says."""
        header: DatabaseRow = self._reader.read(_HEADER, run=self._run)[0]
        return digest_of(*header) == bytes(self._reader.read(_SEAL, run=self._run)[0][0])

    async def begin_ledgers(self, values: Mapping[str, Sequence[Any]]) -> None:
        """Chain the records that a fork shares with its parent, before they are its own; returns when it is durable.

        Args:
            values: Of its channels, by name.
        """

        def begin(session: Session) -> None:
            session.run(_DELETE, run=self._run, chains=ledger_chain("%"))
            for name, records in values.items():
                if is_ledger(name):
                    add_links(session, self._run, ledger_chain(name), records)

        await self._writer.write(begin)
