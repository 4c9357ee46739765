"""Reads a run's record out of its last checkpoint, with no scenario and no graph: the register names the cast."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converse_graph.record.state import PUBLIC_LEDGERS, PUBLIC_VALUES, REFLECTION, Entry, extend, mind_of
from converse_graph.record.transcript import Deliberation, Line, PrivateTurn, Stance, Statement, Transcript, Vote
from converse_graph.record.verdict import Verdict
from converse_graph.scenarios.clock import Clock
from converse_graph.store.checkpoint_rows import CheckpointRow, CheckpointRows, ledger_history
from converse_graph.store.packing import Snapshot, load_plain
from converse_graph.store.runs import Run


def transcript_of(run: Run, values: Mapping[str, Any], verdicts: Sequence[Verdict]) -> Transcript:
    """The record of a run so far, with what each party kept to itself: the reader's edition.

    Args:
        run: The run as the register has it.
        values: The channels of its root graph, as `read_channels` gives them.
        verdicts: What judges made of it.
    """
    clock = Clock(**{name: run.header.clock[name] for name in ("start", "end", "step")})
    minds = {party.name: _by_place(values.get(mind_of(party.name), ())) for party in run.header.cast}
    statements = tuple(_statement(said, clock, minds.get(said["speaker"], {})) for said in values.get("transcript", ()))
    votes = tuple(_vote(counted, minds) for counted in values.get("votes", ()))
    recalled_poorly = _recalled_poorly({name: values.get(mind_of(name), ()) for name in minds}, clock)
    warnings = (*run.header.warnings, *recalled_poorly)
    header = run.header.model_copy(update={"votes": votes, "warnings": warnings})
    return Transcript(header=header, statements=statements, verdicts=tuple(verdicts))


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
    saved = load_plain(row.kind, row.checkpoint)["channel_values"]
    ledgers = (*PUBLIC_LEDGERS, *(mind_of(party.name) for party in run.header.cast))
    return {
        **{name: saved[name] for name in PUBLIC_VALUES if name in saved},
        **read_ledgers(rows, row, saved, ledgers),
    }


def read_ledgers(
    rows: CheckpointRows, row: CheckpointRow, saved: Mapping[str, Any], names: Sequence[str]
) -> dict[str, list[Entry]]:
    """Ledgers as they are at a checkpoint: its own snapshot, or an earlier one and what was written since.

    Args:
        rows: The checkpoints of the store.
        row: The checkpoint.
        saved: The values that it holds.
        names: The ledgers.
    """
    ledgers: dict[str, list[Entry]] = {name: saved[name].entries for name in names if name in saved}
    history = ledger_history(rows, row, [name for name in names if name not in saved], load_plain)
    for name, (snapshot, writes) in history.items():
        before = snapshot.entries if isinstance(snapshot, Snapshot) else []
        ledgers[name] = extend(before, [entries for _, entries in writes])
    return ledgers


def _vote(counted: Entry, minds: dict[str, dict[str, Entry]]) -> Vote:
    """A vote with its ballots, which lie in the minds of those who cast them."""
    cast = [
        Stance(speaker=name, **entry["ballot"])
        for name, mind in minds.items()
        for entry in mind.values()
        if "ballot" in entry and entry["round"] == counted["round"]
    ]
    return Vote(**counted, ballots=tuple(cast))


def _recalled_poorly(minds: Mapping[str, Sequence[Entry]], clock: Clock) -> Iterator[str]:
    """Where an embedder failed: of each party and reason, in how many turns, and when."""
    for name, mind in minds.items():
        rounds: dict[str, list[int]] = {}
        for entry in mind:
            if "recall_problem" in entry:
                rounds.setdefault(entry["recall_problem"], []).append(entry["round"])
        for why, when in rounds.items():
            first, last = clock.period(when[0]).label, clock.period(when[-1]).label
            span = f"in {first}" if first == last else f"in {len(when)} turns from {first} to {last}"
            yield f"{name} recalled by recency and importance alone {span}: {why}."


def _by_place(mind: Sequence[Entry]) -> dict[str, Entry]:
    return {entry["place"]: entry for entry in mind}


def _statement(said: Entry, clock: Clock, mind: dict[str, Entry]) -> Statement:
    place = f"{said['round']}.{said['turn']}/{said['speaker']}"
    kept = mind.get(place, {})
    private = PrivateTurn(
        memo=kept.get("memo", ""),
        conclusions=tuple(mind.get(f"{place}/{REFLECTION}", {}).get("insights", ())),
        written=Stance(speaker=said["speaker"], **kept["written"]) if "written" in kept else None,
        position=kept.get("position"),
        follows_decision=kept.get("follows_decision"),
        deliberation=_deliberation(place, mind),
    )
    return Statement(period=clock.period(said["round"]).label, private=private, **said)


def _deliberation(place: str, mind: dict[str, Entry]) -> Deliberation | None:
    """The conversation held at a place, with those that were held inside its speakers."""
    kept = mind.get(place, {})
    if "lines" not in kept:
        return None
    lines = tuple(
        Line(**line, deliberation=_deliberation(f"{place}/{number}.{line['speaker']}", mind))
        for number, line in enumerate(kept["lines"])
    )
    told = {name: kept[name] for name in _TOLD if name in kept}
    return Deliberation(mode=kept["mode"], motion=kept["motion"], lines=lines, decision=kept["decision"], **told)


_TOLD = ("options", "rules", "private_positions", "ballots")
"""What a record of a deliberation has only where there is something to tell."""
