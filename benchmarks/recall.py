"""Whether what a party needs is before its eyes: facts told once, early, and asked about long after.

Three parties talk for 20, 40 or 80 rounds of a year each. In the first eight years twelve facts are told, each once:
eight in a party's public statement, four in a party's private note. All else is small talk of the same trade, by chance
from a seed. In the last twelve years one fact a year is asked about, of another party than told it, or of the one that
noted it; half of the questions share words with the fact, half say it in other words. Counted is in how many of these
prompts the record stands word for word, or in a summary by its telling word. No model is asked: a script speaks, and
sums up by taking the beginning of each statement, which a model would do better or worse.

    uv run python -m benchmarks.recall                the whole table
    uv run python -m benchmarks.recall --rounds 20    a quick look
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import show
from converse_graph import Clock, Memory, NullModel, Organisation, Recall, Scenario, Simulation, Store, Text, TextList
from converse_graph.models.base import PromptProfile, Request, Response
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.summaries import FIELDS
from converse_graph.record.call_paths import CallPath, Provenance

PARTIES = ("Harbour", "Railway", "Mill")
START = 2026
TOLD_IN = 8
"""Rounds in which facts are told."""
SEEDS = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that is told once, and asked about later."""

    text: str
    word: str
    """By which it is known again in a summary."""
    same: str
    """A question that shares words with it."""
    other: str
    """One that says it otherwise."""
    private: bool = False


FACTS = (
    Fact(text="Our inspector found cracks in the keel of the ferry Amarant.", word="Amarant",
         same="What did the inspector find in the keel of the ferry?", other="Is there any damage to your ships?"),
    Fact(text="We promised the widows of the 2021 flood a pension of 900 a month.", word="widows",
         same="What pension did you promise after the flood?", other="What do you owe to families of the drowned?"),
    Fact(text="A night watchman was bribed to leave gate seven open.", word="watchman",
         same="Which gate did the watchman leave open?", other="Has a guard ever taken money to look away?"),
    Fact(text="The bank of Lowell refuses any loan above four million.", word="Lowell",
         same="How large a loan does the bank refuse?", other="Who would not lend us as much as we need?"),
    Fact(text="Copper for the overhead wire comes from one mine in Peru alone.", word="Peru",
         same="Where does the copper for the wire come from?", other="On which single supplier of metal do we depend?"),
    Fact(text="The bishop will bless the new bridge only if trains rest on Sundays.", word="bishop",
         same="On what terms will the bishop bless the bridge?", other="What does the church ask of us?"),
    Fact(text="Rats ate through the signal cable at Fenwick and two goods trains met.", word="Fenwick",
         same="What happened to the signal cable?", other="Which accident did animals cause?"),
    Fact(text="The mayor's brother owns the quarry that sells us ballast.", word="quarry",
         same="Who owns the quarry?", other="Which purchase favours a politician's relative?"),
    Fact(text="Never sign with Castor again: they forged the weight slips.", word="Castor", private=True,
         same="What did Castor forge?", other="Which partner cheated us, and how?"),
    Fact(text="Sell the eastern sheds before anybody sees the mould.", word="mould", private=True,
         same="What is wrong with the eastern sheds?", other="Which building should we be rid of, and why?"),
    Fact(text="Our engineer drinks; Ottoline must check his sums.", word="Ottoline", private=True,
         same="Who checks the sums of the engineer?", other="Whose calculations can we not rely on?"),
    Fact(text="Vote with the Mill next time, they kept quiet about the spill.", word="spill", private=True,
         same="Who kept quiet about the spill?", other="To whom do we owe a favour for their silence?"),
)  # fmt: skip

_SUBJECTS = ("freight", "grain", "wool", "coal", "timber", "passengers", "mail", "salt", "cloth", "ice")
_PLACES = ("the north quay", "Ansty", "the upper yard", "Marlow", "the canal", "Tarn", "the west line", "Holme")
_SAYINGS = (
    "Our traffic in {one} grew by {number} per cent, most of it through {place}.",
    "We will lay {number} new rails near {place} so that {one} no longer waits behind {two}.",
    "The tariff on {one} is {number} a ton, and we see no reason to change it before spring.",
    "{place} needs {number} more hands; without them {one} and {two} rot in the open.",
    "We bought {number} wagons for {one}, paid in full, and will rent what we do not use.",
    "Of last year's plan for {place} two thirds are done; {one} comes next.",
    "The price of {one} fell by {number}, which hurts us less than those who store {two}.",
    "We ask the table to share the cost of dredging at {place}, {number} thousand in all.",
    "Our books are open: {number} thousand from {one}, half as much from {two}.",
    "Storms closed {place} for {number} days, and {one} went by road.",
)
_NOTES = (
    "Ask for a rebate on {one} next year.", "Watch what they store at {place}.",
    "Offer {number} wagons at most.", "Keep the plan for {place} to ourselves until it is paid.",
    "They need our {one} more than they say.",
)  # fmt: skip


def small_talk(sayings: Sequence[str], chance: random.Random, count: int) -> str:
    """Some sentences by chance."""
    sentences = [
        saying.format(one=one, two=two, place=chance.choice(_PLACES), number=chance.randint(2, 90))
        for saying in chance.sample(sayings, count)
        for one, two in [chance.sample(_SUBJECTS, 2)]
    ]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A fact as it is told and asked about in one run."""

    fact: Fact
    told_at: int
    told_by: str
    asked_at: int
    asked_of: str
    in_other_words: bool

    @property
    def record(self) -> str:
        """What the record is called in a prompt."""
        turn = PARTIES.index(self.told_by)
        path = CallPath.of_turn(self.told_at, turn, self.told_by)
        return str(Provenance(record="mind" if self.fact.private else "statement", of=path))

    @property
    def question(self) -> str:
        """As it is asked."""
        return self.fact.other if self.in_other_words else self.fact.same


def plan(seed: int, rounds: int) -> Iterator[Asked]:
    """Who tells what when, and is asked when: another order for each seed, and each question both ways by turns."""
    chance = random.Random(seed)
    order = chance.sample(range(len(FACTS)), len(FACTS))
    for place, number in enumerate(order):
        teller = PARTIES[place % len(PARTIES)]
        fact = FACTS[number]
        listener = teller if fact.private else PARTIES[(place + 1 + seed) % len(PARTIES)]
        if listener == teller and not fact.private:
            listener = PARTIES[(place + 1) % len(PARTIES)]
        yield Asked(fact=fact, told_at=place % TOLD_IN, told_by=teller, asked_at=rounds - len(FACTS) + place,
                    asked_of=listener, in_other_words=(number + seed) % 2 == 0)  # fmt: skip


class Script(NullModel):
    """Speaks by plan and by chance, and keeps the prompts in which something is asked."""

    model = "script"
    profile: PromptProfile = "large"

    def __init__(self, questions: Sequence[Asked], seed: int) -> None:
        """Speak by that plan."""
        super().__init__()
        self._plan, self._seed = questions, seed
        self.prompts: dict[str, Request] = {}
        self.tokens = self.recalled = self.turns = 0

    async def complete(self, request: Request) -> Response:
        """Say what is due at this place."""
        reply = await super().complete(request)
        path = CallPath.parse(request.place)
        if path.task == "summary":
            beginnings = _beginnings([part.text for part in request.messages[:-1]])
        elif path.task == "statement":
            beginnings = {**json.loads(reply.text), **self._facts_due(path)}
            self.turns += 1
            self.tokens += sum(estimate_tokens(part.text) for part in request.messages)
            self.recalled += sum(Provenance.parse(part.source).is_recalled for part in request.messages)
            self.prompts[request.place] = request
        else:
            beginnings = json.loads(reply.text)
        return Response(text=json.dumps(beginnings), model=self.model, usd=0.0)

    def _facts_due(self, path: CallPath) -> dict[str, str]:
        chance = random.Random(f"{self._seed}|{path}")
        due = [
            question.fact for question in self._plan if (question.told_at, question.told_by) == (path.round, path.party)
        ]
        public = [fact.text for fact in due if not fact.private]
        noted = [fact.text for fact in due if fact.private]
        first, last = small_talk(_SAYINGS, chance, 2), small_talk(_SAYINGS, chance, 1)
        memo = " ".join(noted) or small_talk(_NOTES, chance, 2)
        return {"statement": " ".join([first, *public, last]), "memo": memo[:160]}


_TAGS = re.compile(r"<[^>]*>")
"""What a statement, a note or a summary stands between; a `<` of its own is written otherwise."""


def _beginnings(texts: Sequence[str]) -> dict[str, Any]:
    """A summary that takes what each text begins with, as far as its form goes."""
    words = [" ".join(_TAGS.sub("", text).split()) for text in texts]
    beginnings: dict[str, Any] = {}
    left = [text for text in words if text]
    for field in FIELDS:
        if isinstance(field, TextList):
            beginnings[field.name] = [text[: field.max_length] for text in left[: field.max_items]]
            left = left[field.max_items :]
        elif isinstance(field, Text):
            beginnings[field.name] = " ".join(words)[: field.max_length] or "Nothing."
    return beginnings


def scenario(facts: Sequence[Asked], rounds: int, recall: Recall | None) -> Scenario:
    """The talk, with its questions."""

    def questions(name: str) -> dict[str, str]:
        return {str(START + one.asked_at): one.question for one in facts if one.asked_of == name}

    return Scenario(
        premise="Three companies of one valley meet once a year.",
        clock=Clock(start=START, end=START + rounds - 1),
        organisations=[
            Organisation(name=name, brief=f"You run the {name}.", questions_at=questions(name)) for name in PARTIES
        ],
        memory=Memory(recall=recall),
    )


MEMORIES: dict[str, Recall | None] = {
    "window and summaries": None,
    "and recall, no embedder": Recall(relevance=0, reflect_after=None),
    "and recall by words": Recall(embedder="words", reflect_after=None),
    "and recall offline": Recall(embedder="offline", reflect_after=None),
}


async def measure(rounds: int, memory: str, recall: Recall | None) -> dict[str, Any]:
    """One row of the table, over all seeds."""
    hits: dict[bool, list[bool]] = {False: [], True: []}
    word_for_word, tokens, recalled, turns = 0, 0, 0, 0
    began = time.process_time()
    for seed in SEEDS:
        questions = list(plan(seed, rounds))
        script = Script(questions, seed)
        with tempfile.TemporaryDirectory() as folder:
            async with Store.open(Path(folder) / "runs.sqlite", make=True) as store:
                run = await Simulation.begin(
                    store, scenario(questions, rounds, recall), seed=seed, created=datetime(2026, 1, 1, tzinfo=UTC),
                    model=script,
                )  # fmt: skip
                await run.play()
        for one in questions:
            turn = PARTIES.index(one.asked_of)
            parts = script.prompts[str(CallPath.of_turn(one.asked_at, turn, one.asked_of).call("statement"))].messages
            whole = any(str(Provenance.parse(part.source).plain) == one.record for part in parts)
            summed = any(Provenance.parse(part.source).is_summary and one.fact.word in part.text for part in parts)
            word_for_word += whole
            hits[one.in_other_words].append(whole or summed)
        tokens, recalled, turns = tokens + script.tokens, recalled + script.recalled, turns + script.turns
    both = [*hits[False], *hits[True]]
    return {
        "rounds": rounds,
        "memory": memory,
        "of": len(both),
        "there, %": 100 * sum(both) / len(both),
        "asked in the same words, %": 100 * sum(hits[False]) / len(hits[False]),
        "in other words, %": 100 * sum(hits[True]) / len(hits[True]),
        "word for word, %": 100 * word_for_word / len(both),
        "tokens a prompt": round(tokens / turns),
        "recalled a prompt": recalled / turns,
        "CPU ms a turn": 1000 * (time.process_time() - began) / turns,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, nargs="+", default=[20, 40, 80])
    parser.add_argument("--out", type=Path, help="write the figures here too, as JSON")
    arguments = parser.parse_args()
    rows = [
        asyncio.run(measure(rounds, memory, recall))
        for rounds in arguments.rounds
        for memory, recall in MEMORIES.items()
    ]
    show("What a party needs, asked about at the end of a run", rows, out=arguments.out)


if __name__ == "__main__":
    main()
