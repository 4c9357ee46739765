"""What a persona is told of itself, and what others in the room are told of it, as sentences."""

import re

from converse_graph.models.base import PromptProfile
from converse_graph.scenarios.cast import Persona

_OFFICES = """
ceo cfo coo cto president vice-president chair chairman chairwoman chairperson director head chief manager minister
secretary treasurer counsel officer engineer scientist economist commissioner governor ambassador envoy adviser
auditor inspector regulator banker owner founder investor employer worker supplier customer voter
"""

_BODIES = """
government ministry department parliament senate commission committee council board court agency authority office
union society association federation company firm unit team lab laboratory institute foundation opposition
"""

_TITLES = frozenset((_OFFICES + _BODIES).split())
"""Last words of names that are titles, and take an article; none that is a common surname."""

_POSSESSED = re.compile(r"\S+['\u2019]s?\s")
"""A name that begins with whose it is."""

_DETERMINED = re.compile(rf"(?:the|an?|my|our|your)\s|{_POSSESSED.pattern}", re.I)
"""A name that has an article of its own, or a possessor."""

_OBJECT = re.compile(r"\byou(?=\s*(?:[.,;:!?)]|$|(?:to|with|for|from|of|in|on|at|by|about|as|and|or|than)\b))", re.I)
"""A "you" that is no subject: no verb follows it."""

_SECOND_PERSON = re.compile(r"\b(?:you|yours?|yourself)\b", re.I)

_THIRD_PERSON = {
    "you": "they",
    "your": "their",
    "yours": "theirs",
    "yourself": "themselves",
    "yourselves": "themselves",
}


def with_article(name: str) -> str:
    """A name as it stands in a sentence: "the CEO", "the Head of Alignment", but "Anna", and any name in doubt."""
    title = re.split(r"\s(?:of|for)\s", name, maxsplit=1)[0].split()
    word = title[-1].casefold() if title and not _DETERMINED.match(name) else ""
    return f"the {name}" if word in _TITLES or word.removesuffix("s") in _TITLES else name


def introduce_itself(persona: Persona, owner: str) -> str:
    """Say to a persona who it is, such as "You are the CEO of OpenAI: you decide what is built".

    Args:
        persona: Who it is.
        owner: Inside whom it speaks.
    """
    role = _without_stop(persona.role)
    role = re.sub(r"^You\b", "you", role)
    joint = "at" if _POSSESSED.match(persona.name) else "of"
    return f"You are {with_article(persona.name)} {joint} {with_article(owner)}" + (f": {role}." if role else ".")


def describe_temperament(persona: Persona) -> str:
    """How it talks and decides, as it is told itself; nothing where its author says nothing."""
    temperament = _without_stop(persona.temperament)
    return f"Your temperament: {temperament}." if temperament else ""


def describe_aim(persona: Persona, profile: PromptProfile = "large") -> str:
    """What it wants, as it is told itself; nothing where its author says nothing."""
    beginning = "You want:" if profile == "small" else "Your own aim, told to nobody:"
    aim = _without_stop(persona.aim)
    return f"{beginning} {aim}." if aim else ""


def describe_persona(persona: Persona) -> str:
    """A persona in one line, as others know it: its aim is its own. What its role says to it is said of it."""
    traits = [_in_third_person(_without_stop(persona.role)), _without_stop(persona.temperament)]
    traits_in_words = "; ".join(filter(None, traits))
    return f"{persona.name}: {traits_in_words}" if traits_in_words else persona.name


def _without_stop(text: str) -> str:
    return text.strip().removesuffix(".").rstrip()


def _in_third_person(role: str) -> str:
    """A role that speaks to its holder, as others are told of it; "you" and "they" take the same verbs."""
    if not re.match(r"you\b", role, re.I):
        return role
    text = role[:3] + _OBJECT.sub("them", role[3:])
    return _SECOND_PERSON.sub(lambda word: _THIRD_PERSON[word[0].casefold()], text)
