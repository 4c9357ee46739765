"""Contradictions between what was reported at one time and at another, found by rules on fields, never by a model."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from converse_graph.measures.drift import year_of
from converse_graph.measures.drift_patterns import p50_of, past_estimates
from converse_graph.measures.events import ReportedEvent, events
from converse_graph.record.transcript import Statement, Transcript
from converse_graph.scenarios.value import FrozenModel

Rule = Literal["version out of order", "claimed, then estimated", "estimate already past", "repealed, never in force"]

_VERSION = re.compile(r"\b([A-Z][\w-]*(?: [A-Z][\w-]*)?)[ -]v?(\d{1,3}(?:\.\d{1,3})?)(?![\w%]|\.\d)")
"""A name with a capital letter and a number: "Atlas 3", "Deep Blue 2.1", "GPT-5"."""

_REPEAL = re.compile(
    r"\b(?:repeal(?:s|ed|ing)?|revok(?:e|es|ed|ing)|abolish(?:es|ed|ing)?|lift(?:s|ed|ing)?)\b:?", re.I
)
_IN_FORCE = frozenset({"law", "laws", "measures", "instruments", "in_force", "put_in_force"})
"""Fields that name what is put in force."""

_REPEALED = frozenset({"repeals", "repealed", "revoked", "lifted"})
"""Fields that name what ceases to be in force."""

_FILLER = frozenset({"the", "a", "an", "act", "law", "rule", "rules", "on", "of", "for", "and", "to", "all", "our"})


class Contradiction(FrozenModel):
    """Two reports that do not go together, or one that cannot be."""

    period: str
    """When the later of them was made."""
    party: str
    rule: Rule
    sentence: str
    """What was found, in one line."""


def contradictions(transcript: Transcript) -> tuple[Contradiction, ...]:
    """All contradictions of a run, by rule, in the order in which they came about.

    - *version out of order*: a party names "Atlas 2" for the first time after it named "Atlas 3", in a list such as
      what it built; an incident may well be of an older one.
    - *claimed, then estimated*: a party said yes in a field that ends in `_claimed`, and later put the p50 of the
      estimate of the same thing (`agi_claimed`, `agi_estimate`) in a year after its claim.
    - *estimate already past*: a p50 before the year in which it is given.
    - *repealed, never in force*: what is repealed shares no word of weight with anything put in force before.

    Args:
        transcript: The record; what is public of it is enough.
    """
    reports = events(transcript)
    return (
        *_versions(reports, _names_of_lists(transcript.statements)),
        *_estimates_after_claims(transcript.statements),
        *_past(transcript.statements),
        *_repeals(reports),
    )


def _names_of_lists(statements: Sequence[Statement]) -> frozenset[str]:
    return frozenset(
        name for statement in statements for name, value in statement.fields.items() if isinstance(value, list | tuple)
    )


def _versions(reports: Sequence[ReportedEvent], lists: Collection[str]) -> Iterator[Contradiction]:
    highest: dict[tuple[str, str], float] = {}
    versions: set[tuple[str, str, float]] = set()
    for event in (event for event in reports if event.field in lists):
        for name, version in _VERSION.findall(event.value):
            key, number = (event.party, name), float(version)
            if number >= 1000 or (*key, number) in versions:
                continue
            versions.add((*key, number))
            if number < highest.get(key, 0.0):
                sentence = f"{name} {version} in {event.field}, after {name} {highest[key]:g}"
                yield _contradiction(event, "version out of order", sentence)
            highest[key] = max(number, highest.get(key, 0.0))


def _estimates_after_claims(statements: Sequence[Statement]) -> Iterator[Contradiction]:
    claims: dict[tuple[str, str], Statement] = {}
    for statement in statements:
        for name, value in statement.fields.items():
            thing, _, kind = name.rpartition("_")
            since = claims.get((statement.speaker, thing))
            year = year_of(since) if since else None
            estimate = p50_of(value) if kind == "estimate" else None
            if since and year is not None and estimate is not None and estimate > year:
                sentence = f"{name} {estimate}, after it claimed it in {since.period}"
                yield _contradiction(statement, "claimed, then estimated", sentence)
        for name, value in statement.fields.items():
            if value is True and name.endswith("_claimed"):
                claims.setdefault((statement.speaker, name.removesuffix("_claimed")), statement)


def _past(statements: Sequence[Statement]) -> Iterator[Contradiction]:
    for statement in statements:
        for name, estimate in past_estimates(statement.fields, year_of(statement)).items():
            yield _contradiction(statement, "estimate already past", f"{name} {estimate}")


def _repeals(reports: Sequence[ReportedEvent]) -> Iterator[Contradiction]:
    in_force: dict[str, list[set[str]]] = {}
    for event in reports:
        law_name = _REPEAL.sub("", event.value, count=1) if event.field in _IN_FORCE else event.value
        is_repeal = event.field in _REPEALED or (event.field in _IN_FORCE and law_name != event.value)
        laws = in_force.setdefault(event.party, [])
        if not is_repeal and event.field in _IN_FORCE:
            laws.append(_words(event.value))
        elif is_repeal and not any(_words(law_name) & law for law in laws):
            yield _contradiction(event, "repealed, never in force", law_name.strip())


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold())) - _FILLER


def _contradiction(at: ReportedEvent | Statement, rule: Rule, sentence: str) -> Contradiction:
    party = at.party if isinstance(at, ReportedEvent) else at.speaker
    return Contradiction(period=at.period, party=party, rule=rule, sentence=sentence)
