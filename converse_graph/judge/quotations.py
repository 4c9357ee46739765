"""Whether a quotation is really in a transcript: a matter of code, never of a model."""

import re
import unicodedata
from collections.abc import Sequence

from converse_graph.record.transcript import Statement

SHORTEST = 8
"""Letters and digits below which a quotation proves nothing: any word is somewhere."""

_MARKS = str.maketrans(dict.fromkeys("\"'“”„‟‘’‚‛«»‹›`´", " "))  # noqa: RUF001 - the marks themselves
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))  # noqa: RUF001 - the dashes themselves
_SENTENCE = re.compile(r"\S.*?[.!?…]+(?=\s|$)")


def find_quotation(quotation: str, statements: Sequence[Statement]) -> str | None:
    """Where a quotation stands, such as "2026 H2, OpenAI"; None where it stands nowhere.

    White space, case, quotation marks and the forms of a dash count for nothing, nor do dots or marks at the ends;
    every word does. A quotation is looked for within one statement, in its prose and in its texts of fields.

    Args:
        quotation: What is said to be in the transcript.
        statements: Where to look, in order.
    """
    plain = _plain(quotation).strip(" .,;:!?…-")
    if sum(letter.isalnum() for letter in plain) < SHORTEST:
        return None
    for statement in statements:
        texts = [statement.text, *(text for value in statement.fields.values() for text in _texts(value))]
        if any(_within(plain, _plain(text)) for text in texts):
            return f"{statement.period}, {statement.speaker}"
    return None


def sentences(statements: Sequence[Statement], *, most: int, longest: int) -> tuple[str, ...]:
    """Sentences that could be quoted, spread evenly over the statements; for models that cannot quote by themselves.

    Args:
        statements: Where they are taken from.
        most: How many at most.
        longest: Characters of one at most; longer ones are passed over.
    """
    spans = []
    for statement in statements:
        usable = [sentence.strip() for sentence in _SENTENCE.findall(" ".join(statement.text.split()))]
        usable = [sentence for sentence in usable if 20 <= len(sentence) <= longest]
        spans += usable[:1]
    distinct = list(dict.fromkeys(spans))
    if len(distinct) <= most:
        return tuple(distinct)
    return tuple(distinct[number * len(distinct) // most] for number in range(most))


def _within(plain: str, text: str) -> bool:
    """Whether whole words of the text are what is wanted."""
    at = text.find(plain)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(plain) : at + len(plain) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = text.find(plain, at + 1)
    return False


def _plain(text: str) -> str:
    lower = unicodedata.normalize("NFKC", text).translate(_MARKS).translate(_DASHES).casefold()
    return " ".join(lower.split())


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case list() | tuple():
            return [text for inner in value for text in _texts(inner)]
        case dict():
            return [text for inner in value.values() for text in _texts(inner)]
    return []
