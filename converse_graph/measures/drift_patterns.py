"""Signs that a speaker drifts from its part, found in one statement by patterns: the same for repairs and for counts.

A pattern misses some and finds some that are none. It is made to find few that are none, for a statement that shows a
sign is sent back: what stands between quotation marks is somebody else's, and what is imagined or yet to come is not
spoken of as now.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

from converse_graph.sanitize import quote, strip_invisible

Sign = Literal["other_year", "other_label", "other_person", "past_estimate", "repeated", "refusals"]

LABELS: dict[Sign, str] = {
    "other_year": "another year spoken of as now",
    "other_label": "a line under another party's name",
    "other_person": "first person for another party",
    "past_estimate": "an estimate that is already past",
    "repeated": "text that was said before",
    "refusals": "a refusal, or talk of being an AI",
}
"""What each sign is called where nothing of the statement may be quoted."""

REPEATED = 0.6
"""Share of a statement's word trigrams that one earlier statement has too, from which on it is a repetition."""

LOOKBACK = 60
"""How many earlier statements a statement is compared with, the last ones: the cost of a turn stays flat."""

MIN_WORDS = 8
"""Of a text that can be a repetition: a party may say more than once that it agrees."""

_SHOWN = 60
"""Characters of a statement that are quoted to its author, at most."""

_QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”|«[^»\n]*»')
_WORD = re.compile(r"\w+")
_PLAIN = str.maketrans({0x2019: "'", 0xFF1A: ":", 0x2013: " - ", 0x2014: " - "})
"""Apostrophe, colon and dashes as a typewriter has them."""

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?: \d{1,2}(?:st|nd|rd|th)?,?)? "
)
_WHEN = (
    r"(?:(?:the )?(?:first|second|third|fourth) (?:half|quarter) of |(?:the )?(?:early|mid|late|end of|start of)[- ]?"
    rf"|the year |{_MONTH})?(?P<year>\d{{4}})(?!\d|,\d|%|\.\d)"
)
_ENDS = r"(?=\s*(?:[.,;:!?)-]|$|and\b|with\b|now\b|already\b))"
_NUMBER = re.compile(r"\d{4}")
_NOW = tuple(
    re.compile(pattern, re.I | re.M)
    for pattern in (
        rf"\b(?:it is|it's|today is|this is) (?:now |currently |also |already |still )?{_WHEN}{_ENDS}",
        rf"\b(?:it is|it's) now {_WHEN} in\b",
        rf"\b(?:we are|we're) (?:now |currently |already |still )?in {_WHEN}{_ENDS}",
        rf"\bthe (?:(?:current|present) )?year is (?:now )?{_WHEN}",
        rf"\b(?:here in |this year,? \(?(?:in )?){_WHEN}",
        rf"(?:^|[.!?]\s+)(?:now|today|currently),? (?:in )?{_WHEN}",
    )
)
_IMAGINED = re.compile(
    r"\b(?:if|when|once|until|till|unless|by the time|before|after|say|whether)\b[^.!?\n]{0,80}$"
    r"|\b(?:imagin\w*|suppos\w*|pictur\w*|envision\w*|scenario)\b[^\n]{0,100}$"
    r"|\b(?:target|deadline|date|estimat\w+|forecast\w*|expect\w*|median|timeline|goal|schedul\w+|plan\w*|due)\b[^\n]{0,60}$",
    re.I,
)
"""What comes before a year that is spoken of, and not as now: it is imagined, or is when something is due."""

_FAR = 300
"""Years from now beyond which a number is not taken for a year."""

_MODEL = r"(?:AI|artificial intelligence|(?:AI )?(?:large )?(?:language )?model|AI assistant|AI system)"
_REFUSAL = re.compile(
    rf"\bas an? {_MODEL}(?=\s*(?:[,.;:!?]|$|(?:I|we)\b))"
    rf"|\bI(?:'m| am) (?:just |only |merely )?an? {_MODEL}(?=\s*(?:[,.;:!?]|$)"
    r"|\s+(?:and|that|who|so) (?:I|cannot|can't|do|does)\b)"
    r"|\bI(?:'m| am) sorry,? (?:but )?I (?:cannot|can't|am unable|am not able)\b"
    r"|\bI(?: cannot| can't| am unable to|'m unable to) (?:assist|help|comply|fulfil+)(?: with)? (?:that|this|your)"
    r"(?: request)?(?=[.,;!]|$)"
    r"|\bmy (?:training data|knowledge cut-?off)\b",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class SpeakerContext:
    """Who speaks, and when: what a statement may claim of itself."""

    name: str
    others: tuple[str, ...]
    """Names of the other parties."""
    year: int | None
    """The calendar year in which it speaks; None on a clock of plain rounds."""


@dataclass(frozen=True, kw_only=True)
class DriftFinding:
    """A sign of drift in a statement."""

    sign: Sign
    feedback: str
    """What is wrong and what is allowed, in one line to its author; it quotes the statement."""


def find_drift(
    text: str, by: SpeakerContext, *, past: Mapping[str, int], earlier: Sequence[str]
) -> tuple[DriftFinding, ...]:
    """The signs of drift in a statement, each kind once, in a fixed order.

    Args:
        text: Its prose; none of it has no sign.
        by: Who speaks, and when.
        past: The estimates in it that lie in the past, as `past_estimates` finds them.
        earlier: The prose of statements that were made before it, in their order.
    """
    if not text:
        return ()
    own = _own_words(text)
    findings: list[DriftFinding | None] = [
        _other_year(own, by.year),
        _other_label(own, by),
        _other_person(own, by),
        *(_past_estimate(name, estimate, by.year) for name, estimate in list(past.items())[:1]),
        _repeated(own, earlier),
        _refusal(own, by),
    ]
    return tuple(sign for sign in findings if sign is not None)


def past_estimates(fields: Mapping[str, Any], year: int | None, claims: Collection[str] = ()) -> dict[str, int]:
    """The p50 of each field that estimates a year and names one that is past.

    Percentiles of something other than a year cannot be told apart by their look; those of 1000 to 9999 are taken for
    years.

    Args:
        fields: Of one statement.
        year: In which it is made; None on a clock of plain rounds, where nothing is past.
        claims: What was claimed to have come before, by whomever: an estimate of that may lie in the past.
    """
    names = {*claims, *claims_in(fields)}
    estimates = {}
    for name, value in fields.items():
        estimate = p50_of(value)
        has_come = name.removesuffix("_estimate") in names
        if year is not None and estimate is not None and 1000 <= estimate < year and not has_come:
            estimates[name] = estimate
    return estimates


def claims_in(fields: Mapping[str, Any]) -> Iterator[str]:
    """What these fields claim has come: "agi" where `agi_claimed` is yes."""
    return (
        name.removesuffix("_claimed") for name, value in fields.items() if value is True and name.endswith("_claimed")
    )


def p50_of(value: Any) -> int | None:
    """The p50 of percentiles; None for any other value."""
    p50 = value.get("p50") if isinstance(value, Mapping) else None
    return p50 if isinstance(p50, int) and not isinstance(p50, bool) else None


def _own_words(text: str) -> str:
    """A text without what it quotes, in plain signs; with it where all of it stands between quotation marks."""
    own = _QUOTED.sub("“”", text)
    return (own if _WORD.search(own) else text).translate(_PLAIN)


def _other_year(text: str, year: int | None) -> DriftFinding | None:
    if year is None or not _NUMBER.search(text):  # most statements name no year, and are searched no further
        return None
    for pattern in _NOW:
        for match in pattern.finditer(text):
            name = int(match["year"])
            if name != year and abs(name - year) <= _FAR and not _IMAGINED.search(text[: match.start("year")]):
                sentence = f"it says {_excerpt(match[0])}, but it is {year}: speak of no other year as now."
                return DriftFinding(sign="other_year", feedback=sentence)
    return None


def _other_label(text: str, by: SpeakerContext) -> DriftFinding | None:
    for match in _label((by.name, *by.others)).finditer(text):
        if match["name"].casefold() != by.name.casefold():
            sentence = (
                f"a line begins with {_excerpt(match[0])}: write what {by.name} says alone, with no name before it."
            )
            return DriftFinding(sign="other_label", feedback=sentence)
    return None


def _other_person(text: str, by: SpeakerContext) -> DriftFinding | None:
    if not any(name in text for name in by.others):  # most statements name nobody, and are searched no further
        return None
    names = (by.name, *by.others)
    for match in _person(names).finditer(text):
        others_named = {name for group in match.groups() if group for name in _name_pattern(names).findall(group)}
        if by.name not in others_named:
            sentence = (
                f"it says {_excerpt(match[0])}, but you are {by.name}: "
                f"speak as {by.name}, and of others by their names."
            )
            return DriftFinding(sign="other_person", feedback=sentence)
    return None


def _past_estimate(name: str, estimate: int, year: int | None) -> DriftFinding:
    sentence = f"{name} has p50 {estimate}, which is past, for it is {year}: give {year} or later."
    return DriftFinding(sign="past_estimate", feedback=sentence)


def _repeated(text: str, earlier: Sequence[str]) -> DriftFinding | None:
    ours = _trigrams(text)
    if len(ours) < MIN_WORDS - 2 and len(words_of(text)) < MIN_WORDS:
        return None
    least = math.ceil(REPEATED * len(ours))
    # As many trigrams as a repetition may lack, and one more: most statements have none of them, and are no repetition.
    some = frozenset(islice(ours, len(ours) - least + 1))
    for earlier_text in earlier[-LOOKBACK:]:
        theirs = _trigrams(earlier_text)
        if not some.isdisjoint(theirs) and len(ours & theirs) >= least:
            sentence = (
                f"it says again what was said before, {_excerpt(earlier_text)}: say what is new, in words of your own."
            )
            return DriftFinding(sign="repeated", feedback=sentence)
    return None


def _refusal(text: str, by: SpeakerContext) -> DriftFinding | None:
    match = _REFUSAL.search(text)
    if match is None:
        return None
    return DriftFinding(
        sign="refusals", feedback=f"it says {_excerpt(match[0])}: speak as {by.name}, which answers for itself."
    )


def _excerpt(text: str) -> str:
    """The beginning of a text as data: what was said before may be somebody else's, and stands in a prompt."""
    line = " ".join(strip_invisible(text).split())
    return quote(line if len(line) <= _SHOWN else f"{line[:_SHOWN].rstrip()}…")


@lru_cache(maxsize=512)
def _trigrams(text: str) -> frozenset[str]:
    words = words_of(text)  # joined, as a text's hash is kept and a tuple's is not: each is looked up sixty times
    return frozenset(map(" ".join, zip(words, words[1:], words[2:], strict=False)))


def words_of(text: str) -> list[str]:
    """The words of a text as repetition is told by: without case and punctuation."""
    return _WORD.findall(text.casefold())


def _one_of(names: tuple[str, ...]) -> str:
    """A pattern of any of these names, the longest first: "Union of Bakers" is not "Union"."""
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


@lru_cache(maxsize=256)
def _name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_one_of(names)})(?!\w)")


@lru_cache(maxsize=256)
def _label(names: tuple[str, ...]) -> re.Pattern[str]:
    """A line that begins like one of a script. A list of what others do begins with a bullet, a quotation is one."""
    return re.compile(rf"^[ \t]*[*_\[(]*(?P<name>{_one_of(names)})[*_\])]*[ \t]*:[*_]*(?!\s*“”)", re.I | re.M)


@lru_cache(maxsize=256)
def _person(names: tuple[str, ...]) -> re.Pattern[str]:
    """A first person that is one of the names, or several of them: "we at A", "As A and B, we"."""
    one = rf"(?i:the )?(?:{_one_of(names)})"
    several = rf"({one}(?:(?:,? and |, | & ){one})*)"
    begins = r"(?:^|[.!?;:,(\n]\s*|\b(?:and|but|that|so) )"
    stands = r"(?![\w'-])"
    does = r"(?:\w+ ){1,3}(?:is|are|was|were|has|have|will|must)\b"
    forms = (
        rf"\b(?i:we at|here at) {several}{stands}",
        rf"{begins}(?i:as) {several}{stands},? (?:(?i:we|I)\b|(?i:our|my) {does})",
        rf"\b(?i:I am|I'm|we are|we're) {several}(?=\s*(?:[.,;:!?]|$))",
        rf"\b(?i:I speak|we speak|I am speaking|we are speaking) (?i:for|on behalf of) {several}{stands}",
        rf"{begins}(?i:speaking for|speaking on behalf of|on behalf of) {several}{stands},? (?i:we|I)\b",
        rf"{begins}(?i:we|I), {several}, ",
    )
    return re.compile("|".join(forms), re.M)
