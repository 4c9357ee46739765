"""Finds the words of one text in another: an index of runs of words, with whose they are and since when."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from converse_graph.models.base import PUBLIC

NGRAM = 7
"""Words in a row that are taken for a quotation. Fewer turn up by chance; of a text with fewer, nothing can be said."""

_WORD = re.compile(r"\w+")
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
            if found := self._owners.get(run):
                yield found

    def __len__(self) -> int:
        """How many different runs are known."""
        return len(self._owners)


def ngrams(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of words in a text, apart from case and punctuation."""
    words = _WORD.findall(text.casefold())
    for start in range(len(words) - NGRAM + 1):
        yield tuple(words[start : start + NGRAM])


def strings_in(value: Any) -> Iterator[str]:
    """Every text in a value as JSON has it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from strings_in(list(value.values()))
    elif isinstance(value, Iterable):
        for inner in value:
            yield from strings_in(inner)
