"""Reads a run's record out of its last checkpoint, with no scenario and no graph: the register names the cast."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from converse_graph.record.call_paths import CallPath
from converse_graph.record.records import (
    HiddenWorldRecord,
    MindRecord,
    StatementRecord,
    VoteRecord,
    WorldRecord,
    debate_of,
    without_kind,
)
from converse_graph.record.state import (
    PUBLIC_LEDGERS,
    PUBLIC_VALUES,
    WORLD_HIDDEN,
    WORLD_STATE,
    private_channel,
    world_ledgers,
)
from converse_graph.record.transcript import (
    Deliberation,
    Header,
    HiddenWorld,
    Line,
    PrivateNotes,
    Stance,
    Statement,
    Transcript,
    Vote,
    WorldRound,
)
from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.clock import Clock
from converse_graph.store.checkpoint_rows import CheckpointRow, CheckpointRows, WriteRow, ledger_history
from converse_graph.store.packed_values import packed_entries, saved_channels, saved_entries
from converse_graph.store.packing import Snapshot, load_plain
from converse_graph.store.runs import Run


def transcript_of(
    run: Run,
    values: Mapping[str, Any],
    verdicts: Sequence[Verdict],
    *,
    cut_prompts: Sequence[tuple[str, int, int]] = (),
    chain_head: str = "",
) -> Transcript:
    """The record of a run so far, with what each party kept to itself: the reader's edition.

    Args:
        run: The run as the register has it.
        values: The channels of its root graph, as `read_channels` gives them.
        verdicts: What judges made of it.
        cut_prompts: Models whose server cut prompts, as the journal's `cut_prompts` gives them.
        chain_head: Of the run's chains.
    """
    clock = clock_of(run)
    minds = {party.name: records_by_path(values.get(private_channel(party.name), ())) for party in run.header.cast}
    statements = tuple(
        statement_of(statement, clock, minds.get(statement["speaker"], {}))
        for statement in values.get("transcript", ())
    )
    header = header_of(run, values, cut_prompts=cut_prompts, chain_head=chain_head)
    world = world_rounds(values.get(WORLD_STATE, ()), values.get(WORLD_HIDDEN, ()), clock)
    record = Transcript(header=header, statements=statements, verdicts=tuple(verdicts), world=tuple(world))
    return record.public() if header.public_only or header.imported else record


def clock_of(run: Run) -> Clock:
    """The clock of a run, which counts as many rounds as its scenario says."""
    return Clock(**{name: run.header.clock[name] for name in ("start", "end", "step")})


def header_of(
    run: Run, values: Mapping[str, Any], *, cut_prompts: Sequence[tuple[str, int, int]] = (), chain_head: str = ""
) -> Header:
    """The header of a run's transcript: what it was begun with, how its table voted, and what was done without.

    Args:
        run: The run as the register has it.
        values: The channels of its root graph.
        cut_prompts: Models whose server cut prompts, as the journal's `cut_prompts` gives them.
        chain_head: Of the run's chains.
    """
    minds: dict[str, Sequence[MindRecord]] = {
        party.name: values.get(private_channel(party.name), ()) for party in run.header.cast
    }
    votes = tuple(_vote(vote, minds) for vote in values.get("votes", ()))
    warnings = (*run.header.warnings, *_recalled_poorly(minds, clock_of(run)), *_warn_of_cuts(cut_prompts))
    # A pack without private parts says what was the head of the whole run.
    head = run.header.chain_head if run.header.public_only else chain_head
    return run.header.model_copy(update={"votes": votes, "warnings": warnings, "chain_head": head})


def read_channels(rows: CheckpointRows, run: Run) -> dict[str, Any]:
    """The channels of a run's root graph, public and private, as its last checkpoint has them; empty before the first.

    Args:
        rows: The checkpoints of the store.
        run: The run as the register has it.

    Raises:
        StoreFailure: A checkpoint holds what no channel of a run can hold.
    """
    row = rows.one(run.name)
    if row is None:
        return {}
    values = load_plain(row.kind, row.checkpoint)["channel_values"]
    return {
        **{name: values[name] for name in PUBLIC_VALUES if name in values},
        **read_ledgers(rows, row, values, ledger_names(run)),
    }


def ledger_names(run: Run) -> tuple[str, ...]:
    """Name the ledgers that a run's root graph has: public, of each party, and of its world.

    Args:
        run: The run as the register has it.
    """
    names = [party.name for party in run.header.cast]
    return (*PUBLIC_LEDGERS, *map(private_channel, names), *(world_ledgers(names) if run.header.world else ()))


def read_ledgers(
    rows: CheckpointRows, row: CheckpointRow, values_saved: Mapping[str, Any], names: Sequence[str]
) -> dict[str, list[Any]]:
    """Ledgers as they are at a checkpoint: its own snapshot, or an earlier one and what was written since.

    Args:
        rows: The checkpoints of the store.
        row: The checkpoint.
        values_saved: The values that it holds.
        names: The ledgers.
    """
    ledgers: dict[str, list[Any]] = {name: values_saved[name].entries for name in names if name in values_saved}
    history = ledger_history(rows, row, [name for name in names if name not in values_saved], load_plain)
    for name, (snapshot, writes) in history.items():
        before = snapshot.entries if isinstance(snapshot, Snapshot) else []
        ledgers[name] = [*before, *(record for _, entries in writes for record in entries)]
    return ledgers


def packed_records(rows: CheckpointRows, run: Run) -> Iterator[tuple[str, bytes]]:
    """What `read_channels` reads of ledgers, record by record, so that it takes no more memory of a long run.

    Args:
        rows: The checkpoints of the store.
        run: The run as the register has it.

    Yields:
        The ledger, and the record in MessagePack; those of one ledger in their order.

    Raises:
        StoreFailure: A checkpoint holds what no channel of a run can hold.
    """
    row = rows.one(run.name)
    if row is None:
        return
    names = ledger_names(run)
    path, wholes = _way_back(rows, row, names)
    snapshots = {name: place for name, places in wholes.items() for place in places[:1]}
    for name, place in snapshots.items():
        yield from ((name, entry) for entry in _saved_whole(rows, row, path[place], name))
    for place, write in _writes_along(rows, row, path):
        if write.channel in names and place <= snapshots.get(write.channel, len(path)):
            yield from ((write.channel, entry) for entry in packed_entries(write.kind, write.value))


def ledger_steps(rows: CheckpointRows, run: Run) -> Iterator[tuple[str, bool, Iterator[bytes]]]:
    """All that the checkpoints of a run say of its ledgers, from the first on, whether it is still read or not.

    Args:
        rows: The checkpoints of the store.
        run: The run as the register has it.

    Yields:
        The ledger; whether it is told whole, or what was added to it; and these records, in MessagePack.

    Raises:
        StoreFailure: A checkpoint holds what no channel of a run can hold.
    """
    row = rows.one(run.name)
    if row is None:
        return
    names = ledger_names(run)
    path, wholes = _way_back(rows, row, names)
    by_place: dict[int, list[str]] = {}
    for name, places in wholes.items():
        for place in places:
            by_place.setdefault(place, []).append(name)
    left = sorted(by_place, reverse=True)
    for place, write in chain(_writes_along(rows, row, path), [(-1, None)]):
        while left and left[0] >= max(place, 0):
            whole = left.pop(0)
            yield from ((name, True, _saved_whole(rows, row, path[whole], name)) for name in by_place[whole])
        if write is not None and write.channel in names:
            yield write.channel, False, packed_entries(write.kind, write.value)


def _way_back(rows: CheckpointRows, row: CheckpointRow, names: Sequence[str]) -> tuple[list[str], dict[str, list[int]]]:
    """The ids of the checkpoints from one back to the first, and at which of these each ledger was saved whole.

    Places count from 0, which is the one to begin with; those of a ledger that was never saved whole are none.
    """
    path, wholes = list[str](), dict[str, list[int]]()
    for place, earlier in enumerate(chain([row], rows.ancestors(row))):
        path.append(earlier.checkpoint_id)
        for name in saved_channels(earlier.kind, earlier.checkpoint, unread=names):
            if name in names:
                wholes.setdefault(name, []).append(place)
    return path, wholes


def _saved_whole(rows: CheckpointRows, row: CheckpointRow, checkpoint_id: str, ledger: str) -> Iterator[bytes]:
    """The records of a ledger that a checkpoint holds whole."""
    checkpoint = rows.one(row.thread_id, row.checkpoint_ns, checkpoint_id)
    return saved_entries(checkpoint.kind, checkpoint.checkpoint, ledger) if checkpoint else iter(())


def _writes_along(rows: CheckpointRows, row: CheckpointRow, path: Sequence[str]) -> Iterator[tuple[int, WriteRow]]:
    """What was written under the checkpoints of a path before its end, the earliest first, each with its place there.

    Args:
        rows: The checkpoints of the store.
        row: The one at its end.
        path: Their ids, the last first.
    """
    for end in range(len(path), 1, -_AT_ONCE):
        start = max(1, end - _AT_ONCE)
        places = {checkpoint_id: place for place, checkpoint_id in enumerate(path[start:end], start)}
        writes = rows.writes(row.thread_id, row.checkpoint_ns, min(places), max(places))
        on_path = [(places[write.checkpoint_id], write) for write in writes if write.checkpoint_id in places]
        yield from sorted(on_path, key=lambda placed: -placed[0])


_AT_ONCE = 100
"""Checkpoints whose writes are read at once."""


def ledger_growth(
    rows: CheckpointRows, row: CheckpointRow, since: str, names: Sequence[str]
) -> dict[str, list[Any]] | None:
    """What ledgers have grown by from one checkpoint of a run to a later one; None where they cannot be joined.

    Args:
        rows: The checkpoints of the store.
        row: The later one.
        since: The id of the earlier one.
        names: The ledgers.
    """
    path: list[str] = []
    for earlier in rows.ancestors(row):
        path.append(earlier.checkpoint_id)
        if earlier.checkpoint_id == since:
            break
        if len(path) >= _MOST_STEPS:
            return None
    if not path or path[-1] != since:
        return None
    order = {checkpoint_id: place for place, checkpoint_id in enumerate(reversed(path))}
    growth: dict[str, list[Any]] = {name: [] for name in names}
    writes = rows.writes(row.thread_id, row.checkpoint_ns, min(path), max(path))
    for write in sorted(
        (write for write in writes if write.checkpoint_id in order and write.channel in growth),
        key=lambda write: order[write.checkpoint_id],
    ):
        growth[write.channel] += load_plain(write.kind, write.value)
    return growth


_MOST_STEPS = 500
"""Checkpoints between two looks at a run, at most; beyond, its ledgers are read anew, which then takes no longer."""


def records_by_path(mind: Sequence[MindRecord]) -> dict[str, MindRecord]:
    """The records of a mind, by the turn or the call that they were made in."""
    return {record["place"]: record for record in mind}


def world_rounds(
    public: Sequence[WorldRecord], hidden: Sequence[HiddenWorldRecord], clock: Clock
) -> Iterator[WorldRound]:
    """The world after each round, with what stayed hidden where that is on record."""
    hidden_records: Sequence[HiddenWorldRecord | None] = hidden or [None] * len(public)
    for public_record, whole in zip(public, hidden_records, strict=True):
        yield world_round(public_record, whole, clock)


def world_round(public: WorldRecord, hidden: HiddenWorldRecord | None, clock: Clock) -> WorldRound:
    """The world after one round.

    Args:
        public: What everybody is told.
        hidden: All of it; None where that is not on record.
        clock: Of the run.
    """
    period = clock.period(public["round"]).label if public["round"] >= 0 else "start"
    whole = hidden and HiddenWorld(state=hidden["state"], moves=hidden["moves"], changes=hidden["changes"])
    values = {name: public[name] for name in ("state", "moves", "happened")}
    return WorldRound(round=public["round"], period=period, hidden=whole, **values)


def _vote(vote: VoteRecord, minds: Mapping[str, Sequence[MindRecord]]) -> Vote:
    """A vote with its ballots, which lie in the minds of those who cast them."""
    cast = [
        Stance(speaker=name, **record["ballot"])
        for name, mind in minds.items()
        for record in mind
        if record["kind"] == "ballot" and record["round"] == vote["round"]
    ]
    return Vote(**without_kind(vote), ballots=tuple(cast))


def _recalled_poorly(minds: Mapping[str, Sequence[MindRecord]], clock: Clock) -> Iterator[str]:
    """Where an embedder failed: of each party and reason, in how many turns, and when."""
    for name, mind in minds.items():
        rounds: dict[str, list[int]] = {}
        for record in mind:
            why = record.get("recall_problem") if record["kind"] in ("note", "ballot") else None
            if why:
                rounds.setdefault(why, []).append(record["round"])
        for why, when in rounds.items():
            first, last = clock.period(when[0]).label, clock.period(when[-1]).label
            span = f"in {first}" if first == last else f"in {len(when)} turns from {first} to {last}"
            yield f"{name} recalled by recency and importance alone {span}: {why}."


def _warn_of_cuts(cut_prompts: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    """Which models' servers cut prompts; these were made shorter and asked again."""
    for model, times, most in cut_prompts:
        count = "a prompt" if times == 1 else f"{times} prompts"
        yield (
            f"The server of {model} cut {count} without a word, reading {most:,} tokens at most; they were asked again "
            "with less of the past. Raise its window (num_ctx) and name it with --option context_window=N."
        )


def public_statement_of(statement: StatementRecord, clock: Clock) -> Statement:
    """A statement as everybody may read it.

    Args:
        statement: What was made public.
        clock: Of the run.
    """
    return Statement(period=clock.period(statement["round"]).label, **without_kind(statement))


def statement_of(statement: StatementRecord, clock: Clock, mind: Mapping[str, MindRecord]) -> Statement:
    """A statement with what its speaker kept to itself.

    Args:
        statement: What was made public.
        clock: Of the run.
        mind: The speaker's, by `records_by_path`.
    """
    path = CallPath.of_turn(statement["round"], statement["turn"], statement["speaker"])
    note, reflection = mind.get(str(path)), mind.get(str(path.call("reflection")))
    conclusions = reflection["insights"] if reflection and reflection["kind"] == "reflection" else ()
    private: dict[str, Any] = {}
    if note and note["kind"] == "note":
        private = {name: note[name] for name in ("memo", "position", "follows_decision") if name in note}
        if "initial_stance" in note:
            private["initial_stance"] = Stance(speaker=statement["speaker"], **note["initial_stance"])
    turn = PrivateNotes(conclusions=tuple(conclusions), deliberation=_deliberation(path, mind), **private)
    return Statement(period=clock.period(statement["round"]).label, private=turn, **without_kind(statement))


def _deliberation(path: CallPath, mind: Mapping[str, MindRecord]) -> Deliberation | None:
    """The conversation held in a turn, with those that were held inside its speakers."""
    record = mind.get(str(path))
    debate = debate_of(record) if record else None
    if debate is None:
        return None
    lines = tuple(
        Line(**without_kind(line), deliberation=_deliberation(path.inside(number, line["speaker"]), mind))
        for number, line in enumerate(debate["lines"])
    )
    return Deliberation(**{**debate, "lines": lines})
