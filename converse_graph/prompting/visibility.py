"""What a party may know as its turn comes, folded from the public channels and its own mind.

Privacy is decided here: `view` is the only place that puts together what a party hears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from converse_graph.record.state import Entry, Floor, mind_of
from converse_graph.scenarios.memory_settings import kept_now
from converse_graph.scenarios.rules import events_so_far, standing_now
from converse_graph.scenarios.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class View:
    """What one party may know as its turn comes: the recent public record and its own recent mind."""

    party: str
    round: int
    turn: int
    statements: tuple[Entry, ...]
    mind: tuple[Entry, ...]
    """Its recent records."""
    events: tuple[str, ...]
    """Names of what has happened."""
    summaries: tuple[Entry, ...] = ()
    """Of what was said before `statements` begin, all levels."""
    own_summaries: tuple[Entry, ...] = ()
    """Of its own earlier records, those of its personas too, all levels."""
    past: tuple[Entry, ...] = ()
    """Its own records of before `statements` begin that no summary of its own stands for yet."""
    kept: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What it must never lose, such as what it has announced: a title and its entries each."""
    standing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What stands now and concerns this party, such as laws in force: a title and its entries each."""
    voting: bool = False
    """Whether it votes on the scenario's motion, and makes no statement."""
    dissents: bool = False
    """Whether it is called on to argue against what all have agreed on."""
    written: Entry | None = None
    """Where it stood on the motion before it heard anybody: `reason` and `position`; None where it was not asked."""
    is_first: bool = False
    """Whether it has had no turn yet."""
    dated: tuple[Entry, ...] = ()
    """What happened at a date and is known to this party: `round`, `number` among the events, `text`, `to`."""
    earlier: tuple[Entry, ...] = ()
    """Of a party that recalls: the statements of before `statements` begin."""
    own_earlier: tuple[Entry, ...] = ()
    """The same of its own records, without summaries."""
    dated_earlier: tuple[Entry, ...] = ()
    """The same of what happened at a date."""


def view(scenario: Scenario, state: Mapping[str, Any], party: str) -> View:
    """Put together what a party hears."""
    floor: Floor = state["floor"]
    summaries = state.get("summaries", ())
    first = max(window_start(floor["round"], scenario.window), frozen_until(summaries))
    mind = state.get(mind_of(party), ())
    long_ago = first if scenario.recall_of(scenario.party(party)) else 0
    return View(
        party=party,
        round=floor["round"],
        turn=floor["turn"] + floor["speakers"].index(party),
        statements=since(state.get("transcript", ()), first),
        mind=since(mind, first),
        summaries=tuple(summaries),
        own_summaries=(own := tuple(entry for entry in mind if "gist" in entry)),
        past=_between(mind, frozen_until(own, party), first) if summaries else (),
        events=events_so_far(scenario.events, state.get("events", ())),
        kept=tuple(
            (rule.title, kept_now(rule, party, state.get("transcript", ())))
            for rule in scenario.kept
            if rule.to in (None, scenario.party(party).kind)
        ),
        standing=_standing(scenario, state, party),
        dated=_dated(scenario, party, first, floor["round"]),
        voting=floor.get("stage") == "ballot",
        dissents=floor.get("dissent", False) and floor["speakers"][0] == party,
        written=mind[0].get("written") if mind else None,
        is_first=not mind,
        earlier=_between(state.get("transcript", ()), 0, long_ago),
        own_earlier=_between(mind, 0, long_ago),
        dated_earlier=_dated(scenario, party, 0, long_ago - 1),
    )


def _standing(scenario: Scenario, state: Mapping[str, Any], party: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not scenario.standing:
        return ()
    kind, said = scenario.party(party).kind, state.get("transcript", ())
    return tuple((rule.title, standing_now(rule, said)) for rule in scenario.standing if rule.to == kind)


def _dated(scenario: Scenario, party: str, first: int, last: int) -> tuple[Entry, ...]:
    known = []
    for number, event in enumerate(scenario.dated_events):
        round = scenario.clock.round_of(event.at)
        if first <= round <= last and event.to in (None, party):
            known.append({"round": round, "number": number, "text": event.text, "to": event.to})
    return tuple(known)


def window_start(round: int, window: int) -> int:
    """The first round that is heard in a round: at most `window` rounds back, in blocks of as many.

    A window that slides every round changes a prompt's beginning every round, and no prefix cache ever hits.
    """
    return max(0, -(-(round - window) // window) * window)


def frozen_until(summaries: Sequence[Entry], path: str | None = None) -> int:
    """The first round that no summary stands for.

    Args:
        summaries: Records of summaries, mixed with others at will.
        path: Whose; None for public ones.
    """
    ends = [kept["last"] + 1 for kept in summaries if "gist" in kept and kept.get("path") == path]
    return max(ends, default=0)


def _between(ledger: Sequence[Entry], first: int, until: int) -> tuple[Entry, ...]:
    """The entries of rounds from `first` on and before `until`, without summaries, which are of other rounds.

    Found from the end, so that what is recent costs the same late in a run.
    """
    found: list[Entry] = []
    for entry in reversed(ledger) if first < until else ():
        if "gist" in entry:
            continue
        if entry["round"] < first:
            break
        if entry["round"] < until:
            found.append(entry)
    return tuple(reversed(found))


def since(ledger: Sequence[Entry], first: int) -> tuple[Entry, ...]:
    """The entries of rounds from `first` on, found from the end so that the cost does not grow with the run."""
    start = len(ledger)
    while start and ledger[start - 1]["round"] >= first:
        start -= 1
    return tuple(ledger[start:])
