"""How well parties keep to their part in a long run: with this memory, and shown the whole history, side by side.

Three labs play forty rounds of `agi-race`, on the embedded model unless told otherwise. Both arms have the same seed,
prompts, forms and repairs; one is told of the past what a small model is told, the other all that was ever said, cut
off at the oldest end where it no longer fits the window. Both go on at once, in turns of one server. Drift is counted
by the patterns of `measures.drift_patterns`, in what was kept and in what was answered first, before any repair.

    python -m benchmarks.coherence                      about an hour
    python -m benchmarks.coherence --rounds 4           a quick look
    python -m benchmarks.coherence --model null --rounds 2
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import show
from benchmarks.served import served_at
from benchmarks.whole_history import WholeHistory
from converse_graph import Model, NullModel, Simulation, Store, Transcript
from converse_graph.audit.records import values_of
from converse_graph.measures.drift import drift, year_of
from converse_graph.measures.drift_patterns import SpeakerContext, claims_in, find_drift, past_estimates, words_of
from converse_graph.models.local import WINDOW, LocalModel
from converse_graph.record.call_paths import CallPath
from converse_graph.scenarios.catalogue import find_scenario
from converse_graph.store.journal import Call

SCENARIO = "agi-race"
SIGNS = ("other_year", "other_label", "other_person", "past_estimate", "repeated", "refusals")
MESSAGE = 5
"""Tokens that a chat template puts around a message."""
PROSE = 0.8
"""Share of letters and spaces in a text, from which on it is taken for prose."""


def counter(model: str) -> Callable[[str], int]:
    """Tokens of a message: by the server's own tokenizer, or four characters a token where there is none."""
    if model != "embedded":
        return lambda text: len(text) // 4 + MESSAGE
    address, headers = served_at()
    client = httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)

    @cache
    def count(text: str) -> int:
        answer = client.post("/tokenize", json={"content": text}).raise_for_status().json()
        return len(answer["tokens"]) + MESSAGE

    return count


async def play(name: str, model: Model, rounds: int, seconds: float, folder: Path) -> tuple[Transcript, list[Call]]:
    """Play so many rounds, or as many turns as the time allows."""
    async with Store.open(folder / f"{name}.sqlite", make=True) as store:
        run = await Simulation.begin(
            store, find_scenario(SCENARIO)(), seed=1, created=datetime.now(UTC), model=model, rounds=rounds, name=name
        )
        began = time.monotonic()

        def tell(event: dict[str, Any]) -> None:
            if event["event"] == "statement":
                print(
                    f"{time.monotonic() - began:6.0f} s  {name}  {event['round'] + 1}  {event['speaker']}", flush=True
                )

        try:
            async with asyncio.timeout(seconds):
                await run.play(tell)
        except TimeoutError:
            print(f"Out of time: {name}")
        transcript = await run.transcript()
        await run.close()
        return transcript, list(store.journal(run.run.id).calls())


def whole_rounds(transcript: Transcript) -> int:
    """How many rounds were played to their end."""
    return len(transcript.statements) // len(transcript.header.cast)


def until(rounds: int, transcript: Transcript, calls: Sequence[Call]) -> tuple[Transcript, list[Call]]:
    """A run up to a round: both arms are compared over the rounds that both had time for."""
    statements = tuple(statement for statement in transcript.statements if statement.round < rounds)
    earlier_calls = [call for call in calls if CallPath.parse(call.place).round < rounds]
    return transcript.model_copy(update={"statements": statements}), earlier_calls


def signs_before_repairs(transcript: Transcript, calls: Sequence[Call]) -> int:
    """How many signs of drift there were in the first answers, after what was kept of the statements before."""
    first = {call.place: values_of(call) or {} for call in calls if call.attempt == 0}
    names = [party.name for party in transcript.header.cast]
    texts, claimed, count = [statement.text for statement in transcript.statements], set[str](), 0
    for number, statement in enumerate(transcript.statements):
        values = first.get(
            str(CallPath.of_turn(statement.round, statement.turn, statement.speaker).call("statement")), {}
        )
        year = year_of(statement)
        by = SpeakerContext(
            name=statement.speaker, others=tuple(name for name in names if name != statement.speaker), year=year
        )
        past = past_estimates(values, year, claimed)
        count += len(find_drift(str(values.get("statement") or ""), by, past=past, earlier=texts[:number]))
        claimed.update(claims_in(statement.fields))
    return count


def figures(name: str, transcript: Transcript, calls: Sequence[Call], first_cut: str | None) -> dict[str, Any]:
    """The measures of one arm."""
    rows = drift(transcript)
    turns, spoken = sum(row.turns for row in rows), sum(row.statements for row in rows)
    by_sign = {sign: sum(getattr(row, sign) for row in rows) for sign in SIGNS}
    trigrams = [trio for statement in transcript.statements for trio in _trigrams(statement.text)]
    return {
        "told of the past": name,
        "turns": turns,
        "no statement": turns - spoken,
        "repairs": sum(row.repairs for row in rows),
        **{sign.replace("_", " "): count for sign, count in by_sign.items()},
        "drift a statement": sum(by_sign.values()) / max(1, spoken),
        "before repairs": signs_before_repairs(transcript, calls) / max(1, turns),
        "no prose": sum(not is_prose(statement.text) for statement in transcript.statements if statement.text)
        / max(1, spoken),
        "distinct trigrams": len(set(trigrams)) / max(1, len(trigrams)),
        "prompt tokens": sum(call.reply.input_tokens for call in calls),
        "cut at the window from": f"round {int(first_cut.split('.')[0]) + 1}" if first_cut else "-",
    }


def is_prose(text: str) -> bool:
    """Whether a text reads as language: at least four in five of its characters are letters or spaces.

    A model that has lost its thread writes figures, dates and marks, in which no sign of drift is found.
    """
    return sum(letter.isalpha() or letter.isspace() for letter in text) >= PROSE * len(text)


def _trigrams(text: str) -> list[tuple[str, str, str]]:
    words = words_of(text)
    return list(zip(words, words[1:], words[2:], strict=False))


async def main(model: str, rounds: int, seconds: float, window: int, folder: Path, out: Path | None) -> None:
    """Play both arms at once, and show them."""
    make: Callable[[], Model] = LocalModel if model == "embedded" else NullModel
    count = counter(model)
    whole = WholeHistory(make(), count, window)
    (ours, our_calls), (theirs, their_calls) = await asyncio.gather(
        play("this-memory", make(), rounds, seconds, folder), play("whole-history", whole, rounds, seconds, folder)
    )
    rounds_of_both = min(whole_rounds(ours), whole_rounds(theirs))
    rows = [
        figures("the whole history", *until(rounds_of_both, theirs, their_calls), whole.first_cut),
        figures("this memory", *until(rounds_of_both, ours, our_calls), None),
    ]
    for row in rows:
        row["ratio of drift"] = row["drift a statement"] / (rows[0]["drift a statement"] or 1)
    show(f"Coherence over {rounds_of_both} rounds of three parties, {model}", rows, out=out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("embedded", "null"), default="embedded")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=7200.0, help="end both arms after these")
    parser.add_argument(
        "--window", type=int, default=WINDOW, help="tokens of prompt and reply in the whole-history arm"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the stores of both runs, to be read afterwards")
    parser.add_argument("--out", type=Path, help="also write the figures there, as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = arguments.keep or Path(passing)
        asyncio.run(main(arguments.model, arguments.rounds, arguments.seconds, arguments.window, folder, arguments.out))
