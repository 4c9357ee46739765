"""Reads conversations in JSON: a list of messages with names, or a message a line, as chats and agents are logged."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converse_graph.imports.parsed_transcript import ParsedStatement, ParsedTranscript, merge_unparsed, speaker_name
from converse_graph.imports.period_labels import read_label
from converse_graph.record.transcript import SourceForm
from converse_graph.sanitize import strip_invisible, whole_characters

_SPEAKERS = ("speaker", "name", "author", "agent", "from", "source", "party", "role")
"""Keys that name who spoke, the first that is there counts; a role is a name where there is none."""
_TEXTS = ("text", "content", "statement", "message", "value", "body")
_TIMES = ("period", "year", "date", "round", "time", "timestamp", "created_at")
_LISTS = ("messages", "statements", "conversation", "conversations", "transcript", "turns", "items")
"""Keys of an object under which its messages are."""
_NOBODY = frozenset({"system", "developer", "tool", "function"})
"""Roles that are no speaker's."""
_OWN = ("turn", "problem", "repairs", "sorted_fields", "mended", "dissents", "id", "type", "index", "tool_calls")
"""Keys that are no report of a speaker's."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAX_ITEMS = 100
"""Entries of a list or a table in a field."""
_LARGEST = 2**53
"""Of a number in a field: beyond it, not all whole numbers are to be had."""
_SPACE = re.compile(r"\s*")

NO_JSON = "no JSON"
NO_OBJECT = "no JSON object"
NO_NAME = "a message without a name"
BAD_NAME = "a name that no speaker can have"
NO_WORDS = "a message without words"
SYSTEM = "a message of the system or a tool"
NO_FIELD = "a value that is too deep, too long or oddly named for a field"


def parse_json_lines(lines: Sequence[str]) -> ParsedTranscript:
    """Read JSON lines: a message a line; a line that is none is noted, and those after it are read.

    Args:
        lines: Of the file.
    """
    notes: list[tuple[int, str]] = []
    messages = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            messages.append((number, number, json.loads(line)))
        except (ValueError, RecursionError):
            notes.append((number, NO_JSON))
    return _transcript(messages, notes, "json lines")


def parse_json(text: str) -> ParsedTranscript:
    """Read one JSON value: a list of messages, or an object that has one.

    What stands before a fault in it is read, the lines from there on are noted.

    Args:
        text: The file, its lines parted by line feeds.
    """
    ends = [at for at, letter in enumerate(text) if letter == "\n"]
    notes: list[tuple[int, str]] = []
    messages = []
    start = _list_start(text)
    last = len(ends) + 1
    if start is None:
        return _transcript([], [(number, NO_JSON) for number in range(1, last + 1)], "chat messages")
    try:
        for first, end, value in _items(text, start):
            messages.append((bisect_left(ends, first) + 1, bisect_left(ends, end - 1) + 1, value))
    except json.JSONDecodeError as error:
        notes += [(number, NO_JSON) for number in range(bisect_left(ends, error.pos) + 1, last + 1)]
    return _transcript(messages, notes, "chat messages")


def _list_start(text: str) -> int | None:
    """Where the list of messages begins; None where there is none."""
    at = _skip(text, 0)
    if text[at : at + 1] == "[":
        return at
    for key in _LISTS:
        match = re.search(rf'"{key}"\s*:\s*\[', text)
        if match:
            return match.end() - 1
    return None


def _items(text: str, start: int) -> Iterator[tuple[int, int, Any]]:
    """The entries of a list with their places, each as soon as it is read.

    Raises:
        JSONDecodeError: One is none; those before it were given.
    """
    decoder = json.JSONDecoder()
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise json.JSONDecodeError(NO_JSON, text, at) from None
        yield at, end, value
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("no comma", text, at)


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _transcript(
    messages: Sequence[tuple[int, int, Any]], notes: list[tuple[int, str]], form: SourceForm
) -> ParsedTranscript:
    statements, title = [], ""
    for first, last, value in messages:
        if not isinstance(value, Mapping):
            notes.append((first, NO_OBJECT))
        elif "header" in value and isinstance(value["header"], Mapping):  # the first line of what `show` writes
            title = str(value["header"].get("title") or "")[:200]
        else:
            problem = _problem_of(value)
            if problem:
                notes.append((first, problem))
            else:
                statements.append(_statement(value, first, last, notes))
    return ParsedTranscript(form=form, title=title, statements=tuple(statements), unparsed=merge_unparsed(notes))


def _problem_of(message: Mapping[str, Any]) -> str:
    """Why a message is no statement; empty where it is one."""
    speaker, role = _first(message, _SPEAKERS), message.get("role")
    if not _words(message).strip():
        return NO_WORDS
    if str(role).casefold() in _NOBODY or (role is None and str(message.get("type")).casefold() in _NOBODY):
        return SYSTEM
    if not isinstance(speaker, str) or not speaker.strip():
        return NO_NAME
    return "" if speaker_name(_plain(speaker)) else BAD_NAME


def _statement(message: Mapping[str, Any], first: int, last: int, notes: list[tuple[int, str]]) -> ParsedStatement:
    fields, is_whole = _fields(message)
    if not is_whole:
        notes.append((first, NO_FIELD))
    return ParsedStatement(
        line=first,
        last_line=last,
        speaker=speaker_name(_plain(str(_first(message, _SPEAKERS)))) or "",
        text=_words(message).strip(),
        label=_label(message),
        fields=fields,
    )


def _first(message: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((message[key] for key in keys if message.get(key) not in (None, "")), None)


def _words(message: Mapping[str, Any]) -> str:
    """The words of a message: a text, or the texts of its parts."""
    content = _first(message, _TEXTS)
    if isinstance(content, Sequence) and not isinstance(content, str):
        parts = [part.get("text", "") if isinstance(part, Mapping) else part for part in content]
        content = "\n".join(part for part in parts if isinstance(part, str))
    return _plain(content) if isinstance(content, str) else ""


def _label(message: Mapping[str, Any]) -> str:
    """When a message was made, as its keys say; a round as "round N"."""
    for key in _TIMES:
        value = message.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            text = f"round {value}" if key == "round" else str(value)
        else:
            text = value if isinstance(value, str) else ""
        if read_label(text):
            return text.strip()
    return ""


def _fields(message: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a message reports beside its words, and whether all of it could be taken."""
    reports = {
        key: value for key, value in message.items() if key not in {*_SPEAKERS, *_TEXTS, *_TIMES, *_OWN, "fields"}
    }
    own = message.get("fields")
    reports |= dict(own) if isinstance(own, Mapping) else {}
    reports = {key: value for key, value in reports.items() if value is not None}
    fields = {key: _value(value) for key, value in reports.items() if _KEY.fullmatch(str(key)) and _is_flat(value)}
    return fields, len(fields) == len(reports)


def _is_flat(value: Any) -> bool:
    """Whether a value is one that fields have: a word, a number, or a list or table of these."""
    match value:
        case list():
            return len(value) <= _MAX_ITEMS and all(map(_is_plain, value))
        case dict():
            return len(value) <= _MAX_ITEMS and all(map(_is_plain, value.values()))
    return _is_plain(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is a word, or a number that every reader of JSON has alike."""
    return isinstance(value, str | bool) or (isinstance(value, int | float) and abs(value) <= _LARGEST)


def _value(value: Any) -> Any:
    match value:
        case str():
            return _plain(value)
        case list():
            return [_value(item) for item in value]
        case dict():
            return {_plain(key): _value(entry) for key, entry in value.items()}
    return value


def _plain(text: str) -> str:
    return strip_invisible(whole_characters(text))
