"""Finds the words of one text in another: an index of runs of words, with whose they are and since when."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from converse_graph.models.base import PUBLIC

NGRAM = 7
"""Words in a row that are taken for a quotation. Fewer turn up by chance; of a text with fewer, nothing can be said."""

_WORD = re.compile(r"[^\W_]+")
"""An underscore joins words, as a hyphen does, and belongs to neither."""
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that are not seen, beside those that Unicode calls formats and variation selectors."""
Time = tuple[float, float]
"""Round and turn."""

_ALWAYS: Time = (-1, -1)


class PhraseIndex:
    """Runs of words, each with its owners."""

    def __init__(self) -> None:
        """Know none yet."""
        self._owners: dict[tuple[str, ...], dict[str, Time]] = {}
        self.texts = 0
        """How many private texts were taken."""
        self.too_short = 0
        """How many of these had too few words to be found again."""

    def add(self, text: str, owner: str, since: Time = _ALWAYS) -> None:
        """Take a text.

        Args:
            text: The text.
            owner: Whose it is, as messages of prompts say it.
            since: When it came to be.
        """
        if not text.strip():
            return
        runs = list(ngrams(text))
        if owner != PUBLIC:
            self.texts += 1
            self.too_short += not runs
        for run in runs:
            owners = self._owners.setdefault(run, {})
            owners[owner] = min(since, owners.get(owner, since))

    def owners_in(self, text: str) -> Iterator[Mapping[str, Time]]:
        """For each known run of words in a text: whose it is, and since when."""
        for run in ngrams(text):
            if owners := self._owners.get(run):
                yield owners

    def __len__(self) -> int:
        """How many different runs are known."""
        return len(self._owners)


def ngrams(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of words in a text, apart from case, width, punctuation, joiners and what is not seen.

    What is not seen may have been put within words or between them, so that both are looked at.
    """
    for words in _readings(text):
        for start in range(len(words) - NGRAM + 1):
            yield tuple(words[start : start + NGRAM])


def _readings(text: str) -> Iterator[list[str]]:
    """The words of a text, and where there is something in it that is not seen, as if a space stood there too."""
    if text.isascii():
        yield _WORD.findall(text.casefold())
        return
    plain = unicodedata.normalize("NFKC", text)
    hidden = {character for character in set(plain) if _is_invisible(character)}
    for stand_in in ("", " ") if hidden else ("",):
        visible = plain.translate({ord(character): stand_in for character in hidden})
        yield _WORD.findall(unicodedata.normalize("NFKC", visible.casefold()))


@lru_cache(4096)
def _is_invisible(character: str) -> bool:
    is_selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return is_selector or character in _INVISIBLE or unicodedata.category(character) == "Cf"


def strings_in(value: Any) -> Iterator[str]:
    """Every text in a value as JSON has it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from strings_in(list(value.values()))
    elif isinstance(value, Iterable):
        for inner in value:
            yield from strings_in(inner)
