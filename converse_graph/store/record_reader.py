"""Reads a run's record out of its last checkpoint, with no scenario at hand: the register names the cast."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langgraph.graph import START, StateGraph

from converse_graph.prompting.recall_records import REFLECTION
from converse_graph.record.state import Entry, mind_of, table_schema
from converse_graph.record.transcript import Deliberation, Line, PrivateTurn, Stance, Statement, Transcript, Vote
from converse_graph.scenarios.clock import Clock
from converse_graph.store.runs import Run
from converse_graph.store.store import Store


async def read_transcript(store: Store, run: Run) -> Transcript:
    """The record of a run so far, with what each party kept to itself: the reader's edition.

    For the public record alone, take its `public()`.
    """
    values = await read_channels(store, run)
    clock = Clock(**{name: run.header.clock[name] for name in ("start", "end", "step")})
    minds = {party.name: _by_place(values.get(mind_of(party.name), ())) for party in run.header.cast}
    statements = tuple(_statement(said, clock, minds.get(said["speaker"], {})) for said in values.get("transcript", ()))
    votes = tuple(_vote(counted, minds) for counted in values.get("votes", ()))
    poorly = _recalled_poorly({name: values.get(mind_of(name), ()) for name in minds}, clock)
    warnings = (*poorly, *_cut_prompts(store, run))
    told = {"status": run.status, "ended": run.ended, "votes": votes, "warnings": warnings}
    header = run.header.model_copy(update=told)
    return Transcript(header=header, statements=statements, verdicts=store.verdicts(run.id).all())


async def read_channels(store: Store, run: Run) -> dict[str, Any]:
    """The channels of the root graph, public and private, read by a graph that has these channels and does nothing."""
    names = [party.name for party in run.header.cast]
    graph = StateGraph(table_schema(names))
    graph.add_node("reader", lambda state: {})
    graph.add_edge(START, "reader")
    compiled = graph.compile(checkpointer=store.checkpoints)
    state = await compiled.aget_state({"configurable": {"thread_id": run.name}})
    return dict(state.values)


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


def _cut_prompts(store: Store, run: Run) -> Iterator[str]:
    """Which models' servers cut prompts; these were made shorter and asked again."""
    for model, times, most in store.journal(run.id).cut_prompts():
        count = "a prompt" if times == 1 else f"{times} prompts"
        yield (
            f"The server of {model} cut {count} without a word, reading {most:,} tokens at most; they were asked again "
            "with less of the past. Raise its window (num_ctx) and name it with --window."
        )


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
