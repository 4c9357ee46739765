"""What is sent to models over a long run: our prompts against the whole history with every call, as peers send it.

Both count the same briefs, tasks, statements and private notes, of one run on the null model prompted as a large one;
ours also the calls that sum up. Tokens are counted by the tokenizer of the embedded model's server, part by part, where
that is installed; else by their characters, four a token. A second run, on the embedded model itself, asks its server
which share of the prompts it had in its cache.

    python -m benchmarks.tokens                  all of it, some minutes
    python -m benchmarks.tokens --long           with statements of 900 characters
    python -m benchmarks.tokens --cached 0       without the run on the embedded model
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import show
from benchmarks.served import served_at
from benchmarks.workload import LENGTH, LargeNull, LongNull, conversation
from converse_graph import Model, Scenario, Simulation, Store
from converse_graph.models.base import PUBLIC, Message, PromptProfile
from converse_graph.models.local import LocalModel, is_installed
from converse_graph.record.call_paths import CallPath
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store.journal import Call

LENGTHS = (50, 100, 200, 400)
"""Turns after which tokens are summed up."""
SMALL = "agi-race"
MESSAGE = 4
"""Tokens that a chat template puts around a message."""

Count = Callable[[Message], int]


def counter() -> tuple[str, Count]:
    """How tokens are counted, in words and as a function that remembers what it has counted."""
    counts: dict[bytes, int] = {}
    if not is_installed():
        return "four characters a token", lambda part: len(part.text) // 4 + MESSAGE
    address, headers = served_at()
    client = httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)

    def count(part: Message) -> int:
        if part.digest not in counts:
            answer = client.post("/tokenize", json={"content": part.text}).raise_for_status().json()
            counts[part.digest] = len(answer["tokens"]) + MESSAGE
        return counts[part.digest]

    return "the embedded model's own tokenizer", count


async def journal_of(model: Model, scenario: Scenario, turns: int) -> list[Call]:
    """Every call of a run of so many turns."""
    rounds = -(-turns // len(scenario.organisations))
    with tempfile.TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "store.sqlite", make=True) as store:
            run = await Simulation.begin(store, scenario, seed=1, created=datetime.now(UTC), model=model, rounds=rounds)
            await run.play()
            await run.close()
            return list(store.journal(run.run.id).calls())


def whole_history(statements: Sequence[Call]) -> Iterable[list[Message]]:
    """The prompts of the same turns when each holds all that its party knows: brief, statements, own notes, task."""
    history: list[tuple[str, Message]] = []
    for call in statements:
        brief, task, speaker = call.messages[0], call.messages[-1], CallPath.parse(call.place).party
        yield [brief, *(part for owner, part in history if owner in (PUBLIC, speaker)), task]
        answer = json.loads(call.reply.text)
        wrapped = f'<statement by="{speaker}">\n{answer["statement"]}\n</statement>'
        history.append((PUBLIC, Message(role="user", text=wrapped, source=call.place)))
        history.append(
            (speaker, Message(role="user", text=f"<private>\n{answer['memo']}\n</private>", source=call.place))
        )


def compare(calls: Sequence[Call], count: Count, lengths: Sequence[int]) -> list[dict[str, Any]]:
    """Tokens of all prompts up to each length, both ways."""
    ours, theirs, rows = 0, 0, list[dict[str, Any]]()
    baseline = iter(whole_history([call for call in calls if CallPath.parse(call.place).task == "statement"]))
    turns = 0
    for call in calls:
        ours += sum(count(part) for part in call.messages)
        if CallPath.parse(call.place).task != "statement":
            continue
        theirs += sum(count(part) for part in next(baseline))
        turns += 1
        if turns in lengths:
            rows.append({"turns": turns, "whole history": theirs, "ours": ours, "ours a turn": ours / turns,
                         "ratio": ours / theirs, "wanted": 0.2 if turns >= 200 else ""})  # fmt: skip
    return rows


def perfectly_cached(calls: Sequence[Call], count: Count) -> float:
    """Which share of the prompts in the second half a cache would serve that forgets nothing: no server does better.

    A prompt is served up to the first part in which it differs from every prompt before it.
    """
    tree: dict[bytes, Any] = {}
    prompt_tokens = cached_tokens = 0
    for number, call in enumerate(calls):
        here, is_known = tree, True
        for part in call.messages:
            is_known = is_known and part.digest in here
            here = here.setdefault(part.digest, {})
            if number >= len(calls) // 2:
                prompt_tokens, cached_tokens = prompt_tokens + count(part), cached_tokens + is_known * count(part)
    return cached_tokens / prompt_tokens


async def cached(profile: PromptProfile, turns: int) -> dict[str, Any]:
    """Which share of its prompts the embedded model's server had in its cache, in the second half of a run.

    As a small model it plays a scenario that is made for one, with examples in its briefs; as a large one, which hears
    far more, the conversation that is measured elsewhere.
    """
    model = LocalModel()
    model.profile = profile
    scenario = find_scenario(SMALL)() if profile == "small" else conversation(1, length=240)
    calls = await journal_of(model, scenario, turns)
    half = calls[len(calls) // 2 :]
    prompt_tokens, cached_tokens = (
        sum(call.reply.input_tokens for call in half),
        sum(call.reply.cached_tokens for call in half),
    )
    return {
        "scenario": scenario.name, "told as": profile, "turns": turns, "calls": len(half),
        "prompt tokens": prompt_tokens,
        "from cache": cached_tokens, "ratio": cached_tokens / prompt_tokens, "wanted": 0.85,
    }  # fmt: skip


async def main(lengths: Sequence[int], turns: int, *, long: bool, out: Path | None) -> None:
    """Measure and print."""
    how, count = counter()
    model, length = (LongNull(), 900) if long else (LargeNull(), LENGTH)
    calls = await journal_of(model, conversation(1, length=length), max(lengths))
    show(f"Prompt tokens of a run, counted by {how}", compare(calls, count, lengths), out=out)
    print(f"\nA cache that forgets nothing would serve {perfectly_cached(calls, count):.0%} of the second half.")
    if turns and is_installed():
        rows = [await cached(profile, turns) for profile in ("small", "large")]
        aside = out and out.with_stem(f"{out.stem}-cached")
        show("Served from the cache in the second half of a run on the embedded model", rows, out=aside)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, action="append", help="summed up to; default 50, 100, 200 and 400")
    parser.add_argument("--long", action="store_true", help="statements of 900 characters, not of 480 at most")
    parser.add_argument("--cached", type=int, default=60, help="turns of the run on the embedded model")
    parser.add_argument("--out", type=Path, help="also write the figures there, as JSON")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.turns or LENGTHS, arguments.cached, long=arguments.long, out=arguments.out))
