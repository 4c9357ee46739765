"""How far parties drift from the task, and how often code had to put them right, by counting.

Signs of drift in the prose are found by patterns, which miss some and find some that are none: they are rates to
compare runs by, not verdicts on a sentence.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from converse_graph.scenarios.value import Value
from converse_graph.transcript import Statement, Transcript

REPEATED = 0.6
"""Share of a statement's word trigrams that an earlier statement has too, from which on it is a repetition."""

Sign = Literal["other_year", "other_label", "other_person", "past_estimate", "repeated", "refusals"]
"""A sign of drift in a statement, by the name of its count in `Drift`."""

_NOW = re.compile(r"\b(?:it is now|it's now|as of|today,? in|now,? in|this year,? in|the year is)\s+(\d{4})\b", re.I)
_REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|ai assistant)\b"
    r"|\bI(?:'m| am) (?:sorry|unable to|just an? (?:ai|language model))\b|\bI can(?:not|'t) (?:assist|help|comply)\b",
    re.I,
)
_YEAR = re.compile(r"\d{4}")
_WORD = re.compile(r"\w+")


class Drift(Value):
    """Drift of one party: every count is of its turns or statements."""

    party: str
    turns: int
    no_statement: int
    repairs: int
    """Replies sent back because they did not fit."""
    sorted_percentiles: int
    """Statements whose percentiles code had to put in order."""
    other_year: int
    """Statements that speak of another year as now."""
    other_label: int
    """Statements in which a line begins with another party's name and a colon."""
    other_person: int
    """Statements that speak in the first person as another party: "we at X", "as X, we", "I am X"."""
    past_estimate: int
    """Statements whose estimate of a year (its p50) lies before the year in which it is made."""
    repeated: int
    """Statements that share 60 % of their word trigrams with one earlier statement, of whomever, that repeats
    none itself."""
    refusals: int
    """Statements that refuse, or speak as an AI."""

    @property
    def statements(self) -> int:
        """How many of the turns led to a statement."""
        return self.turns - self.no_statement


def drift(transcript: Transcript) -> tuple[Drift, ...]:
    """Count drift and repairs by party, in the order of the cast."""
    shown = list(zip(transcript.statements, signs(transcript), strict=True))
    return tuple(_drift_of(party.name, shown) for party in transcript.header.cast)


def signs(transcript: Transcript) -> tuple[frozenset[Sign], ...]:
    """The signs of drift in each statement, in order."""
    names = [party.name for party in transcript.header.cast]
    repeats = _repeats(transcript.statements)
    return tuple(
        frozenset(_signs_of(said, names, repeats=number in repeats))
        for number, said in enumerate(transcript.statements)
    )


def year_of(statement: Statement) -> int | None:
    """The calendar year of a statement; None on a clock of plain rounds."""
    found = _YEAR.match(statement.period)
    return int(found[0]) if found else None


def past_estimates(statement: Statement) -> Iterator[tuple[str, int]]:
    """Fields whose p50 lies before the year of the statement, with that p50.

    Percentiles of something other than a year cannot be told apart by their look; those of 1000 to 9999 are taken for
    years.
    """
    year = year_of(statement)
    for name, value in statement.fields.items():
        if year is not None and (estimate := estimate_of(value)) is not None and 1000 <= estimate < year:
            yield name, estimate


def estimate_of(value: Any) -> int | None:
    """The p50 of percentiles; None for any other value."""
    p50 = value.get("p50") if isinstance(value, Mapping) else None
    return p50 if isinstance(p50, int) and not isinstance(p50, bool) else None


def _drift_of(name: str, shown: Sequence[tuple[Statement, frozenset[Sign]]]) -> Drift:
    own = [said for said, _ in shown if said.speaker == name]
    spoken = [said for said in own if said.text]
    found = Counter(sign for said, signs in shown if said.speaker == name for sign in signs)
    return Drift(
        party=name,
        turns=len(own),
        no_statement=len(own) - len(spoken),
        repairs=sum(said.repairs for said in own),
        sorted_percentiles=sum(bool(said.sorted_fields) for said in spoken),
        **{sign: found[sign] for sign in get_args(Sign)},
    )


def _signs_of(said: Statement, names: Sequence[str], *, repeats: bool) -> Iterator[Sign]:
    if not said.text:
        return
    others = [name for name in names if name != said.speaker]
    found: dict[Sign, bool] = {
        "other_year": _is_of_other_year(said),
        "other_label": _begins_a_line(said.text, others),
        "other_person": _speaks_as(said.text, others),
        "past_estimate": any(True for _ in past_estimates(said)),
        "repeated": repeats,
        "refusals": bool(_REFUSAL.search(said.text)),
    }
    yield from (sign for sign, is_there in found.items() if is_there)


def _is_of_other_year(said: Statement) -> bool:
    year = year_of(said)
    return year is not None and any(int(named) != year for named in _NOW.findall(said.text))


def _begins_a_line(text: str, names: Sequence[str]) -> bool:
    return any(re.search(rf"^\W*{re.escape(name)}\W*:", text, re.M | re.I) for name in names)


def _speaks_as(text: str, names: Sequence[str]) -> bool:
    for name in map(re.escape, names):
        speaks_for = rf"\b(?:we at|here at|I am|we are|speak for|speaking for) {name}\b(?!['\u2019]s)"
        speaks = rf"\b(?:we, {name}|I, {name}|as {name},? (?:we|I|our|my))\b"
        if re.search(f"{speaks_for}|{speaks}", text, re.I):
            return True
    return False


def _repeats(statements: Sequence[Statement]) -> set[int]:
    """The numbers of statements that repeat an earlier one, which is no repetition itself.

    Repetitions are left out of the index: a run that says one thing for ever would take time in the square of it.
    """
    seen: dict[tuple[str, ...], list[int]] = {}
    found = set()
    for number, said in enumerate(statements):
        ours = _trigrams(said.text)
        shared: dict[int, int] = {}
        for trigram in ours:
            for earlier in seen.get(trigram, ()):
                shared[earlier] = shared.get(earlier, 0) + 1
        if ours and max(shared.values(), default=0) >= REPEATED * len(ours):
            found.add(number)
            continue
        for trigram in ours:
            seen.setdefault(trigram, []).append(number)
    return found


def _trigrams(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return set(zip(words, words[1:], words[2:], strict=False))
