"""One JSON object read where it begins in a text, also where a model wrote it almost as JSON.

What is mended has one reading only: quotation marks of another kind, a comma too many, a line break as such, a word of
Python's. Nothing that is missing is made up, and nothing that stands there is left out, so that what cannot be read
whole is not read; json-repair, which was tried, fills gaps with "" and drops what it cannot place.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 32
"""Levels of lists and objects in each other; a form has three."""

_LONGEST_NUMBER = 400
"""Characters; Python reads whole numbers of up to 4,300 digits, and no field takes one of 400."""

_CLOSING = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "`": "`"}  # noqa: RUF001 - marks that models write
_UNTIL = {mark: re.compile(rf"[^{re.escape(mark)}\\\x00-\x1f]*") for mark in set(_CLOSING.values())}
_BLANK = re.compile(r"\s*(?://[^\n]{0,300}\s*|/\*.{0,300}?\*/\s*){0,9}", re.DOTALL)
"""Blanks, and comments as JavaScript has them."""
_TOO_DEEP = 20_000
"""Characters that count as read where Python itself gave up on the depth, without saying where."""
_NAME = re.compile(r"[A-Za-z_][\w-]{0,80}")
_DIGITS = rf"\d{{1,{_LONGEST_NUMBER}}}"
_NUMBER = re.compile(rf"[-+]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][-+]?\d{{1,4}})?")
_PROPER_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"[-+]?[A-Za-z]{1,10}")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_OTHER_WORDS: dict[str, Any] = {"True": True, "False": False, "None": None, "TRUE": True, "FALSE": False, "NULL": None}
_NO_NUMBERS = frozenset({"NaN", "nan", "Infinity", "-Infinity", "+Infinity", "inf", "-inf", "undefined"})
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_OTHER_MEMBER = re.compile(r"[\"'”’]\s*:|[{,]\s*[\"'“]|[\"'”’]\s+[\"'“]")  # noqa: RUF001
"""In a string with its own mark inside: what shows that it is two strings."""
_HEX = re.compile(r"[0-9a-fA-F]{4}")


@dataclass(frozen=True, kw_only=True)
class ParsedObject:
    """An object in a text."""

    values: dict[str, Any]
    end: int
    """Where it ends in the text."""
    mended: frozenset[str] = frozenset()
    """What had to be mended, by names such as "trailing comma"."""


class NotAnObject(ValueError):
    """What begins here is no object that can be read whole."""

    def __init__(self, work: int = 0) -> None:
        """Say how many characters were read in vain."""
        super().__init__("no object")
        self.work = work


def read_object(text: str, start: int) -> ParsedObject:
    """Read the object whose opening brace stands at `start`.

    Args:
        text: The text.
        start: Where the brace is.

    Raises:
        NotAnObject: It cannot be read whole, or is nested too deep.
    """
    try:
        values, end = _STRICT.raw_decode(text, start)
    except RecursionError:
        raise NotAnObject(_TOO_DEEP) from None
    except ValueError:
        reader = _Reader(text=text)
        try:
            values, end = reader.object(start, 1)
        except NotAnObject:
            raise NotAnObject(reader.work) from None
        return ParsedObject(values=values, end=end, mended=frozenset(reader.mended))
    if not _is_within(values, MAX_DEPTH):
        raise NotAnObject(end - start)
    return ParsedObject(values=values, end=end)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant)


def _is_within(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested no deeper than so many levels."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return True
    return not any(isinstance(inner, dict | list) for inner in layer)


@dataclass(kw_only=True)
class _Reader:
    """Reads by descent, so many levels deep, and gives up where it would read the text over and over."""

    text: str
    mended: set[str] = field(default_factory=set)
    work: int = 0
    """Characters read, those that were looked at twice counted twice."""

    def object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        at = self._blank(at + 1)
        while not self.text.startswith("}", at):
            name, at = self._name(at)
            at = self._blank(at)
            if not self.text.startswith(":", at):
                raise NotAnObject
            values[name], at = self._value(self._blank(at + 1), depth)
            at = self._next(at, "}")
        return values, at + 1

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        at = self._blank(at + 1)
        while not self.text.startswith("]", at):
            value, at = self._value(at, depth)
            values.append(value)
            at = self._next(at, "]")
        return values, at + 1

    def _next(self, at: int, end: str) -> int:
        """Where the next member begins, or the end stands, after a member."""
        at = self._blank(at)
        if self.text.startswith(end, at):
            return at
        if not self.text.startswith(",", at):
            raise NotAnObject
        at = self._blank(at + 1)
        if self.text.startswith(end, at):
            self.mended.add("trailing comma")
        return at

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        mark = self.text[at : at + 1]
        if mark in _CLOSING and mark:
            return self._string(at, ",}]")
        if mark in ("{", "["):
            if depth >= MAX_DEPTH:
                raise NotAnObject
            return self.object(at, depth + 1) if mark == "{" else self._list(at, depth + 1)
        value, end = self._number(at) or self._word(at)
        if self.text[self._blank(end) : self._blank(end) + 1] not in (",", "}", "]"):
            raise NotAnObject
        return value, end

    def _name(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] in _CLOSING and at < len(self.text):
            return self._string(at, ":")
        bare = _NAME.match(self.text, at)
        if bare is None:
            raise NotAnObject
        self.mended.add("name without quotation marks")
        return bare[0], bare.end()

    def _number(self, at: int) -> tuple[Any, int] | None:
        number = _NUMBER.match(self.text, at)
        if number is None:
            return None
        spelt = number[0]
        if not _PROPER_NUMBER.fullmatch(spelt):
            self.mended.add("number")
        is_whole = not any(mark in spelt for mark in ".eE")
        return int(spelt) if is_whole else float(spelt), number.end()

    def _word(self, at: int) -> tuple[Any, int]:
        word = _WORD.match(self.text, at)
        if word is None:
            raise NotAnObject
        if word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        if word[0] in _OTHER_WORDS:
            self.mended.add("word of another language")
            return _OTHER_WORDS[word[0]], word.end()
        if word[0] in _NO_NUMBERS:
            self.mended.add("no number")
            return None, word.end()
        raise NotAnObject

    def _string(self, at: int, after: str) -> tuple[str, int]:
        """A string; the mark that ends it has one of `after` behind it, or it is one of the string's own letters."""
        opening = self.text[at]
        closing, pieces, inner = _CLOSING[opening], list[str](), False
        if opening != '"':
            self.mended.add("quotation marks")
        at += 1
        while True:
            run = _UNTIL[closing].match(self.text, at)
            end = run.end() if run else at
            pieces.append(self.text[at:end])
            self._count(end - at + 1)
            letter = self.text[end : end + 1]
            if not letter:
                raise NotAnObject
            if letter == closing:
                beyond = self._blank(end + 1)
                if self.text[beyond : beyond + 1] in after and beyond < len(self.text):
                    return self._checked("".join(pieces), inner=inner), end + 1
                inner = True
                pieces.append(letter)
                at = end + 1
            elif letter == "\\":
                piece, at = self._escape(end + 1)
                pieces.append(piece)
            else:
                self.mended.add("line break in a string")
                pieces.append(letter)
                at = end + 1

    def _checked(self, string: str, *, inner: bool) -> str:
        """The string, unless what was taken for its own marks are those of another member."""
        if inner:
            if _OTHER_MEMBER.search(string):
                raise NotAnObject
            self.mended.add("quotation marks in a string")
        return string

    def _escape(self, at: int) -> tuple[str, int]:
        letter = self.text[at : at + 1]
        if letter in _ESCAPES and letter:
            return _ESCAPES[letter], at + 1
        if letter == "u" and (code := _HEX.match(self.text, at + 1)):
            return chr(int(code[0], 16)), code.end()
        self.mended.add("escape")
        if letter in ("'", "\n", "`"):
            return ("" if letter == "\n" else letter), at + 1
        return "\\", at  # a backslash that escapes nothing is one

    def _blank(self, at: int) -> int:
        blank = _BLANK.match(self.text, at)
        end = blank.end() if blank else at
        self._count(end - at + 1)
        return end

    def _count(self, letters: int) -> None:
        self.work += letters
        if self.work > 4 * len(self.text) + 1000:
            raise NotAnObject
