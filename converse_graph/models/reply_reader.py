"""The one reader of replies: thoughts in all their markings are set aside, and the object is found in what is left.

It serves every adapter and every form, whether a server held the model to a schema or the schema was told in words.
Time is linear in the length of a reply; depth and length are bounded.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from converse_graph.models.lenient_json import NotAnObject, ParsedObject, read_object
from converse_graph.models.thoughts import ThoughtMark, find_thought_marks, starts_with_bare_thought

MAX_REPLY_CHARS = 300_000
"""Characters of a reply that are looked at: more than the longest reply that is asked for has, thoughts included."""

KEY_REMOVED_NOTE = "\n[a key of ours was cut out of this reply]"
"""Ends a reply out of which a key was cut, as the journal keeps it; no part of what was said."""

_OPENING = re.compile("\\{\\s{0,200}[\"'“„‘`}A-Za-z_]")  # noqa: RUF001 - marks that models write
"""Where an object may begin."""
_TRIAL = 50
"""Characters that a trial counts for, beside those that it reads."""

_ARGUMENTS = ("arguments", "parameters", "args", "input", "properties")


@dataclass(frozen=True, kw_only=True)
class ReadReply:
    """A reply, read."""

    values: dict[str, Any] | None
    """The object in it; None where there is none that can be read whole."""
    spoken: str
    """What is no thought, without blanks around it; shows where a reply was nothing but thoughts."""
    mended: tuple[str, ...] = ()
    """What code had to put right before it could be read, by name and in order of the alphabet."""


def read_reply(text: str, names: Collection[str] = ()) -> ReadReply:
    """Read a reply.

    Of several objects the last that has all the names is taken, as models draft before they write; where thoughts end
    that were never begun, as under templates that begin them, all that stands before is thought too.

    Args:
        text: The reply, thoughts and all.
        names: Of the object's members; none for the first object there is.
    """
    is_cut = text.endswith(KEY_REMOVED_NOTE)
    text = text.removesuffix(KEY_REMOVED_NOTE)[:MAX_REPLY_CHARS]
    prose, objects = _parse(text)
    values, mends = _choose_object(objects, frozenset(names))
    signs = sorted({*mends, "key cut out"} if is_cut else mends)
    return ReadReply(values=values, spoken=prose.strip(), mended=tuple(signs))


@lru_cache(64)
def _parse(text: str) -> tuple[str, list[ParsedObject]]:
    """What is prose and which objects there are; a reply is read for its form, then for what was mended in it."""
    return _Pass(text).run()


def strip_thoughts(text: str) -> str:
    """Return what a reply says when its thoughts are set aside: all of it where it has none."""
    return read_reply(text).spoken


def prepend_thoughts(thoughts: str, words: str) -> str:
    """Return a reply whose thoughts came apart from it, as one text that `read_reply` reads."""
    return f"<think>{thoughts.replace('</think>', '')}</think>\n{words}" if thoughts.strip() else words


def find_final_object(thoughts: str, names: Collection[str]) -> str:
    """Return the object that a text ends with, as it stands there; empty where it ends with none that has the names.

    Some servers take a whole reply for thoughts, where the model did not think.
    """
    text = thoughts[:MAX_REPLY_CHARS]
    for one, start in _Pass(text).objects()[-1:]:
        if frozenset(names) <= one.values.keys() and not text[one.end :].strip("` \n\t\r"):
            return text[start : one.end]
    return ""


class _Pass:
    """One pass over a reply."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks = find_thought_marks(text)
        self._closing: dict[str, list[ThoughtMark]] = {}
        for mark in self._marks:
            if not mark.opens:
                self._closing.setdefault(mark.kind, []).append(mark)
        self._work = 2 * len(text) + 50_000
        """How many more characters may be read in vain."""

    def objects(self) -> list[tuple[ParsedObject, int]]:
        """Objects with where they begin, thoughts or not."""
        return self._objects_between(0, len(self._text))

    def run(self) -> tuple[str, list[ParsedObject]]:
        """What is no thought, and the objects in it."""
        text, at, number = self._text, 0, 0
        prose, objects = list[str](), list[ParsedObject]()
        if starts_with_bare_thought(text):
            close = next((mark for mark in self._marks if mark.kind == "bare"), None)
            if close is None:
                return "", []
            at = close.end
        while at < len(text):
            while number < len(self._marks) and self._marks[number].start < at:
                number += 1
            mark = self._marks[number] if number < len(self._marks) else None
            until = mark.start if mark else len(text)
            inside = self._objects_between(at, until)
            objects += [one for one, _ in inside]
            position = max([until, *(one.end for one, _ in inside)])
            prose.append(text[at:position])
            if mark is None or position > until:  # a mark in an object's string is none
                at = position
                continue
            at = mark.end
            if mark.opens:
                close = self._close_after(mark, number)
                at = close.end if close else len(text)
            elif mark.discards:
                prose.clear()
                objects.clear()
        return "".join(prose), objects

    def _objects_between(self, at: int, until: int) -> list[tuple[ParsedObject, int]]:
        """Objects that begin in a stretch of the text; the last may end beyond it."""
        objects = list[tuple[ParsedObject, int]]()
        while self._work > 0 and (opening := _OPENING.search(self._text, at, until)):
            brace = opening.start()
            try:
                one = read_object(self._text, brace)
            except NotAnObject as none:
                self._work -= none.work + _TRIAL
                at = brace + 1
            else:
                objects.append((one, brace))
                at = one.end
        return objects

    def _close_after(self, mark: ThoughtMark, number: int) -> ThoughtMark | None:
        """What ends thoughts: a mark of the same kind, else one of another that nothing in them has begun."""
        closing = self._closing.get(mark.kind, ())
        place = bisect_left(closing, mark.end, key=lambda one: one.start)
        if place < len(closing):
            return closing[place]
        marks = set[str]()
        for other in islice(self._marks, number + 1, None):
            if other.opens:
                marks.add(other.kind)
            elif other.kind in marks:
                marks.remove(other.kind)
            else:
                return other
        return None


def _choose_object(
    objects: Sequence[ParsedObject], names: frozenset[str]
) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """The object that was meant, and what was mended."""
    if not objects:
        return None, frozenset()
    objects = [_respelt(one, names) for one in objects]
    fitting = [(one.values, one.mended) for one in objects if names <= one.values.keys()]
    if not fitting:
        inner_objects = [(_unwrapped(one.values, names), one.mended | {"wrapping"}) for one in objects]
        fitting = [(inner, mends) for inner, mends in inner_objects if inner is not None]
    if not fitting:
        nearest = max(reversed(objects), key=lambda one: len(names & one.values.keys()))
        return nearest.values, nearest.mended
    values, mends = fitting[-1] if names else fitting[0]
    return values, (mends | {"several objects"} if names and len(fitting) > 1 else mends)


def _respelt(one: ParsedObject, names: frozenset[str]) -> ParsedObject:
    """The same object by the names that were asked for, where it has them in other case or with other marks."""
    absent = names - one.values.keys()
    missing = {_letters(name): name for name in absent}
    respelt = [name for name in one.values if name not in names and _letters(name) in missing]
    if not respelt or len(missing) < len(absent) or len({_letters(name) for name in respelt}) < len(respelt):
        return one
    values = {missing[_letters(name)] if name in respelt else name: value for name, value in one.values.items()}
    return replace(one, values=values, mended=one.mended | {"spelling of names"})


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _unwrapped(values: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any] | None:
    """The object inside one that only names it, such as a call of a tool; None where there is none."""
    for name, inner in values.items():
        content: Any = inner
        if isinstance(inner, str) and name in _ARGUMENTS and inner.lstrip().startswith("{"):
            try:
                content = json.loads(inner)
            except (ValueError, RecursionError):
                continue
        if isinstance(content, dict) and names <= content.keys():
            return content
    return None
