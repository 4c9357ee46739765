"""Compares what is stored of a run with what came of it as it was played again, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from converse_graph.audit.findings import Leak
from converse_graph.audit.played_ledger import PlayedLedger
from converse_graph.models.base import PUBLIC
from converse_graph.record.call_paths import CallPath
from converse_graph.record.state import PUBLIC_VALUES, private_channel
from converse_graph.record.transcript import Transcript
from converse_graph.scenarios.scenario import Scenario
from converse_graph.store import Run, Store

_BEHIND = 2
"""Turns of all parties that a record may be behind its journal, where the run is not over: what a killed process had
not saved yet is played again from the journal on resume."""
_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What came of a comparison."""

    findings: tuple[Leak, ...]
    values: int
    """How many values were compared."""


def compare_channels(
    record: Mapping[str, Any], replay: Mapping[str, Any], scenario: Scenario, *, is_finished: bool
) -> Comparison:
    """Compare the channels of a run's root graph: what was said, minds, events, votes, summaries, and whose turn it is.

    Args:
        record: As the run's last checkpoint has them.
        replay: As the run that was played again has them.
        scenario: What is played.
        is_finished: Whether the run is over, and nothing of its record can be on its way still.
    """
    findings: list[Leak] = []
    values = 0
    owners = {private_channel(party.name): party.name for party in scenario.organisations}
    statements = len(record.get("transcript", ()))
    is_behind = not is_finished and statements < len(replay.get("transcript", ()))
    tolerance = _BEHIND * len(scenario.organisations) if not is_finished else 0
    for name in sorted({*record, *replay}):
        if name in PUBLIC_VALUES and is_behind:
            continue  # of a turn that was not saved yet
        before, now = record.get(name), replay.get(name)
        owner = owners.get(name, PUBLIC)
        if name in PUBLIC_VALUES:
            values += count_values(before)
            findings += [_finding(name, path, before, now, owner) for path in different_paths(before, now, ())]
            continue
        before, now = before or (), now or ()
        values += sum(map(count_values, before))
        same = now.same if isinstance(now, PlayedLedger) else 0
        end = len(before) if not is_finished and 0 < len(now) - len(before) <= tolerance else None
        for number, *path in different_paths(before[same:], now[same:end], ()):
            findings.append(_finding(name, (same + number, *path), before, now, owner))
    return Comparison(findings=tuple(findings), values=values)


def compare_sums(store: Store, run: Run, record: Mapping[str, Any]) -> Iterator[Leak]:
    """Compare what the list of runs says with what it is the sum of: the calls, and the record.

    Args:
        store: Where it is kept.
        run: As the register has it.
        record: The channels of its root graph.
    """
    spending, stored = store.journal(run.id).spending(), store.register.charges(run.id)
    pairs: dict[str, tuple[Any, Any]] = {
        "tokens": (stored.tokens, spending.tokens),
        "usd": (_rounded(stored.usd), _rounded(spending.usd)),
        "unpriced": (stored.unpriced, spending.unpriced),
    }
    if run.status == "finished":
        pairs["ended"] = (run.ended, record.get("ended"))
        pairs["statements"] = (run.statements, len(record.get("transcript", ())))
        floor = record.get("floor")
        pairs["rounds"] = (run.rounds, floor["round"] + 1 if floor else 0)  # a run ends with a whole round
    elif record.get("ended") is not None:  # unless it was extended
        pairs["status"] = (run.status, run.status if run.horizon > run.rounds else "finished")
    yield from _unequal(run, pairs)


def compare_copies(store: Store, run: Run, transcript: Transcript) -> Iterator[Leak]:
    """Compare the rows that SQL and statistics read of a run with its record.

    Args:
        store: Where it is kept.
        run: As the register has it.
        transcript: Its record, private parts and all.
    """
    for column in store.data.differences(run.id, transcript):
        yield Leak(kind="record", place=run.name, source=column, owner=PUBLIC,
                   why=f"{column} is not what the record says")  # fmt: skip


def compare_header(run: Run, scenario: Scenario, *, rounds: int) -> Iterator[Leak]:
    """Compare what the header and the list of runs say of a run with its scenario, and with how far it was played.

    Args:
        run: As the register has it.
        scenario: What it plays.
        rounds: How many were done as it was played again.
    """
    header = run.header
    clock = {**scenario.clock.model_dump(), "rounds": run.horizon}
    pairs: dict[str, tuple[Any, Any]] = {
        "scenario_name": (run.scenario_name, scenario.name),
        "created": (run.created, header.created.isoformat()),
        "parent": (run.parent, header.parent),
        "header.scenario": (header.scenario, scenario.name),
        "header.order": (header.order, scenario.order),
        "header.clock": (header.clock, clock),
        "header.standing": (header.standing, scenario.running_lists),
        "header.motion": (header.motion, scenario.motion),
        "header.awaited": (header.awaited, scenario.awaited_events),
        "header.world": (header.world, scenario.world),
        "header.cast": ([(one.name, one.kind) for one in header.cast],
                        [(one.name, one.kind) for one in scenario.organisations]),
    }  # fmt: skip
    if run.status == "finished":
        pairs["rounds"] = (run.rounds, rounds)
    yield from _unequal(run, pairs)


def _unequal(run: Run, pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[Leak]:
    for name, (is_stored, follows) in pairs.items():
        if is_stored != follows:
            yield Leak(kind="replay", place=run.name, source=name, owner=PUBLIC,
                       why=f"{name} is not what follows from scenario, journal and record")  # fmt: skip


def _rounded(usd: float | None) -> float | None:
    """Dollars to a ten-billionth: sums in another order differ in their last digits."""
    return None if usd is None else round(usd, 10)


def different_paths(before: Any, now: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The paths of all values that differ in two values as JSON has them; 1 and True differ, as they do there.

    Args:
        before: One.
        now: The other.
        path: Where both are.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in dict.fromkeys([*before, *now]):
            yield from different_paths(before.get(name, _MISSING), now.get(name, _MISSING), (*path, name))
    elif isinstance(before, list | tuple) and isinstance(now, list | tuple):
        for number, (one, other) in enumerate(zip_longest(before, now, fillvalue=_MISSING)):
            yield from different_paths(one, other, (*path, number))
    elif type(before) is not type(now) or before != now:
        yield path


def count_values(value: Any) -> int:
    """How many single values there are in a value."""
    if isinstance(value, Mapping):
        return sum(map(count_values, value.values()))
    return sum(map(count_values, value)) if isinstance(value, list | tuple) else 1


def _finding(channel: str, path: tuple[Any, ...], before: Any, now: Any, owner: str) -> Leak:
    """A finding of a value, at the turn that its record was made in; names alone are told of what differs."""
    record = next((one for side in (before, now) if isinstance(one := _at(side, path[:1]), Mapping)), None)
    place, kind = channel, "value"
    if record is not None:
        kind = str(record.get("kind", kind))
        place = str(record.get("place") or _turn_of(record) or channel)
    value = _at(before, path), _at(now, path)
    what = ".".join(map(str, path[1:])) or kind
    if value[0] is _MISSING:
        why = f"{what} is missing that playing the run again makes"
    elif value[1] is _MISSING:
        why = f"{what} is there that playing the run again does not make"
    else:
        why = f"{what} is not what playing the run again makes"
    return Leak(kind="replay", place=place, source=channel, owner=owner, why=why)


def _turn_of(record: Mapping[str, Any]) -> str | None:
    if "speaker" not in record or not all(isinstance(record.get(part), int) for part in ("round", "turn")):
        return None
    return str(CallPath.of_turn(record["round"], record["turn"], str(record["speaker"])))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return _MISSING
    return value
