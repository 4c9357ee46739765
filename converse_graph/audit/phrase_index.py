"""Finds the words of one text in another: an index of runs of words, with whose they are and since when."""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from converse_graph.audit.scratch import Scratch
from converse_graph.models.base import PUBLIC

NGRAM = 7
"""Words in a row that are taken for a quotation. Fewer turn up by chance; of a text with fewer, nothing can be said."""

_WORD = re.compile(r"[^\W_]+")
"""An underscore joins words, as a hyphen does, and belongs to neither."""
_SPACE = re.compile(r"[ \n]")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that are not seen, beside those that Unicode calls formats and variation selectors."""
Time = tuple[float, float]
"""Round and turn."""

_BLOCK = 50_000
"""Characters after which a long text is parted at a space: words are whole there, and so are characters."""
_ALWAYS: Time = (-1, -1)

_MARKS = 2**22
"""Marks in memory, a byte each, by which most runs of words are known to be on no private record."""
_AT_ONCE = 20_000
"""Runs of words that are written at once."""
_TABLE = """CREATE TABLE phrases (phrase INTEGER, owner INTEGER, round REAL, turn REAL, PRIMARY KEY (phrase, owner))
WITHOUT ROWID"""
_NOTE = """INSERT INTO phrases VALUES (?, ?, ?, ?) ON CONFLICT (phrase, owner)
DO UPDATE SET round = excluded.round, turn = excluded.turn
WHERE (excluded.round, excluded.turn) < (phrases.round, phrases.turn)"""
_OWNERS = """SELECT phrase, owner, round, turn FROM phrases WHERE phrase IN (SELECT value FROM json_each(?))
ORDER BY phrase"""


class PhraseIndex:
    """Runs of words that are on private record, each with its owners: on disk, for a long run has very many.

    What is public is taken last: of that, no more is noted than which private words it makes public, and when.
    """

    def __init__(self) -> None:
        """Know none yet."""
        self._scratch, self._marks = Scratch(), bytearray(_MARKS)
        self._scratch.run(_TABLE)
        self._numbers: dict[str, int] = {}
        """Owners, each by its number."""
        self._names: list[str] = []
        self._waiting: list[tuple[int, int, float, float]] = []
        self.texts = 0
        """How many private texts were taken."""
        self.too_short = 0
        """How many of these had too few words to be found again."""

    def add(self, text: str, owner: str, since: Time = _ALWAYS) -> None:
        """Take a private text.

        Args:
            text: The text.
            owner: Whose it is, as messages of prompts say it.
            since: When it came to be.
        """
        if not text.strip():
            return
        phrases = self.phrases_in(text)
        self.texts += 1
        self.too_short += not phrases
        for phrase in phrases:
            self._marks[phrase % _MARKS] = 1
        self._note(phrases, owner, since)

    def add_public(self, text: str, since: Time = _ALWAYS) -> None:
        """Take a text that everybody may know, once all private ones are taken.

        Args:
            text: The text.
            since: When it came to be.
        """
        self._note(self._owners(self.phrases_in(text)), PUBLIC, since)

    def phrases_in(self, text: str) -> Sequence[int]:
        """List the runs of words in a text, each by a number that stands for it in this process.

        They are apart from case, width, punctuation, joiners and what is not seen. What is not seen may have been put
        within words or between them, so that both are looked at.
        """
        return _phrases(text) if len(text) <= _BLOCK else [*_phrases_by_block([text])]

    def owners_by_phrase(self, text: str) -> Mapping[int, Mapping[str, Time]]:
        """Tell whose each run of words in a text is, and since when, of those that are on private record."""
        return self._owners(self.phrases_in(text))

    def owners_in(self, texts: Iterable[str]) -> Iterator[Mapping[str, Time]]:
        """Tell the same of each run of words in a text that comes in pieces, and may be as long as a whole record.

        Args:
            texts: The pieces, which end between words; words in a row may begin in one and end in the next.
        """
        phrases = _phrases_by_block(texts)
        while some := list(islice(phrases, _BLOCK)):
            yield from self._owners(some).values()

    def _owners(self, phrases: Iterable[int]) -> dict[int, dict[str, Time]]:
        self._write()
        marks, owners = self._marks, dict[int, dict[str, Time]]()
        likely = [phrase for phrase in phrases if marks[phrase % _MARKS]]
        if likely:
            for phrase, owner, *since in self._scratch.run(_OWNERS, json.dumps(likely)):
                owners.setdefault(phrase, {})[self._names[owner]] = (since[0], since[1])
        return owners

    def _note(self, phrases: Iterable[int], owner: str, since: Time) -> None:
        number = self._numbers.setdefault(owner, len(self._names))
        if number == len(self._names):
            self._names.append(owner)
        self._waiting += [(phrase, number, *since) for phrase in phrases]
        if len(self._waiting) > _AT_ONCE:
            self._write()

    def _write(self) -> None:
        """Write what waits, in the order of the table, whose pages are then each read and written once."""
        if self._waiting:
            self._scratch.run_many(_NOTE, sorted(self._waiting))
            self._waiting.clear()


@lru_cache(64)
def _phrases(text: str) -> tuple[int, ...]:
    """The runs of words in a text; what is looked at for several ends is so one after the other."""
    return tuple(chain.from_iterable(map(_runs, _readings(text))))


def _phrases_by_block(texts: Iterable[str]) -> Iterator[int]:
    """The same of a text in pieces, of which no more is taken apart at a time than a block."""
    last_words: list[list[str]] = [[], []]
    for text in texts:
        start = 0
        while start < len(text):
            space = _SPACE.search(text, start + _BLOCK)
            end = space.end() if space else len(text)
            readings = [*_readings(text[start:end])]
            blocks = [[*last, *words] for last, words in zip(last_words, (readings[0], readings[-1]), strict=True)]
            for words in blocks if blocks[0] != blocks[1] else blocks[:1]:
                yield from _runs(words)
            last_words = [words[1 - NGRAM :] for words in blocks]
            start = end


def _runs(words: Sequence[str]) -> Iterator[int]:
    return map(hash, zip(*(words[start:] for start in range(NGRAM)), strict=False))


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
