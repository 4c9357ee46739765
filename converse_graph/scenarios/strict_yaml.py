"""YAML without its tricks: tables, lists and plain values, each with the line that it stands in.

Refused, with the line: tags, anchors and aliases, merge keys, directives, a second document, keys that repeat or are
no text, dates, and nesting without end. What is left means one thing only, and a short file cannot blow up.
"""

from __future__ import annotations

import codecs
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from converse_graph.errors import InvalidValue
from converse_graph.scenarios.validation_errors import IN_QUOTES
from converse_graph.scenarios.yaml_syntax_errors import explain_syntax

Location = tuple[str | int, ...]
"""Where a value stands: keys and positions from the top."""

MAX_BYTES = 512 * 1024
"""How long a file may be: the largest that comes with the package has under a tenth of that."""

MAX_NESTING = 60
"""How deep tables and lists may be nested."""

_UNSPACED = re.compile(r"(\w+):(\S+)")
_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z][\w./-]*(?: [\w./-]+)*", re.ASCII)
_NOT_TEXT = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}
_FOLDABLE = re.compile(r"[A-Za-z][!-~]*(?: [!-~]+)+", re.ASCII)


_MOST_PARSED = 64
"""Texts that are held with what they came to: the files of a scenario are read anew for each of its arms."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a YAML text holds."""

    values: dict[str, Any]
    lines: Mapping[Location, int] = field(repr=False)
    """The line, counted from 1, in which each value or its key stands."""
    sources: Mapping[Location, str] = field(default_factory=dict, repr=False)
    """The dial from which a value comes, for those that stand there as `$name`."""

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of a value, or of the nearest that holds it and was written."""
        at = tuple(path)
        while at not in self.lines and at:
            at = at[:-1]
        return self.lines.get(at, 1)


def read_yaml(text: str, *, number_keys: bool = False) -> Document:
    """Read a table.

    Args:
        text: Of the file.
        number_keys: Whether a key may be a whole number.

    Raises:
        InvalidValue: The text is no YAML, no table, or uses what is refused; the message begins with the line.
    """
    document = _parse(text, number_keys)
    return Document(values=deepcopy(document.values), lines=document.lines)


@lru_cache(maxsize=_MOST_PARSED)
def _parse(text: str, number_keys: bool) -> Document:
    try:
        return _Reader(text, number_keys=number_keys).read()
    except YAMLError as error:
        raise InvalidValue(explain_syntax(error, text)) from None


def load_yaml(path: Path, *, max_bytes: int = MAX_BYTES, number_keys: bool = False) -> Document:
    """Read the table that a file holds.

    Args:
        path: The file.
        max_bytes: How long it may be.
        number_keys: Whether a key may be a whole number.

    Raises:
        InvalidValue: It cannot be read, is too long, is no UTF-8, or is refused by `read_yaml`; the message names the
            file, and the line where there is one.
    """
    try:
        return read_yaml(read_text(path, max_bytes=max_bytes), number_keys=number_keys)
    except InvalidValue as error:
        raise in_file(path, error) from None


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> str:
    """Read a short text file.

    Args:
        path: The file.
        max_bytes: How long it may be.

    Raises:
        InvalidValue: It cannot be read, is longer, or is no UTF-8; the message does not name the file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise InvalidValue(f"the file cannot be read: {error.strerror}.") from None
    if len(content) > max_bytes:
        raise InvalidValue(f"such a file has at most {max_bytes // 1024} kB; this one has more.")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:200]:
        raise InvalidValue("line 1: this is UTF-16, or no text at all; save the file as UTF-8.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidValue(f"line {line}: this is no UTF-8; save the file as UTF-8.") from None


def in_file(path: Path, error: InvalidValue) -> InvalidValue:
    """Return the same refusal with the name of the file before it."""
    return InvalidValue(f"{path}, {error}")


def build(kind: Callable[..., Any], values: dict[str, Any], tree: Document, at: tuple[str | int, ...]) -> Any:
    """Make a value from a table of a file.

    Args:
        kind: What is made.
        values: With what.
        tree: The file.
        at: Where the table stands in it.

    Raises:
        InvalidValue: It cannot be made of that; the message begins with the line of the first fault.
    """
    try:
        return kind(**values)
    except InvalidValue as error:
        where, message = _innermost(error)
        place = _place_in_file(tree, (*at, *where))
        line_of = _row_named(tree, place, message) if place else _named_in(tree, message)
        dial = tree.sources.get(line_of)
        hint = ""
        if dial:
            message = message.replace(IN_QUOTES, "")
            hint = f"; ${dial} stands there: its settings must be of that kind"
            if "it takes a text" in message:
                hint = f"; ${dial} stands there alone: add a word to it, or make the dial one of kind text"
        raise InvalidValue(f"line {tree.line_of(line_of)}: {message}{hint}") from None


def _innermost(error: InvalidValue) -> tuple[tuple[str | int, ...], str]:
    """Where in a value that holds others the first fault lies, and what the value it lies in says of it."""
    cause = error.__context__
    if not isinstance(cause, ValidationError):
        return (), str(error)
    first = max(cause.errors(), key=lambda fault: fault["type"] == "extra_forbidden")  # it has a line of its own
    context = first.get("ctx", {})
    if first["type"] == "union_tag_invalid":
        return (*first["loc"], context["discriminator"].strip("'")), str(error)
    inner = context.get("error")
    if isinstance(inner, InvalidValue):
        where, message = _innermost(inner)
        return (*first["loc"], *where), message
    return first["loc"], str(error)


def _place_in_file(tree: Document, location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A location as the file has it: pydantic names the branch of a union too."""
    value: Any = tree.values
    path: list[str | int] = []
    for part in location:
        inside = part in value if isinstance(value, dict) else isinstance(value, list) and part in range(len(value))
        if inside:
            path.append(part)
            value = value[part]
    return tuple(path)


def _named_in(tree: Document, message: str) -> Location:
    """Where in a file the first value stands that a message about the whole of it quotes."""
    for name in re.findall(r"'([^']+)'", message):
        for location in tree.lines:
            value: Any = tree.values
            for part in location:
                value = value[part]
            if (type(value) in (str, int) and str(value) == name) or (location and location[-1] == name):
                return location
    return ()


_ROW = re.compile(r"(drift row|effect|action|event|policy|aggregate|variable) (?:(\d+)\b|'([^']+)')")
_SECTIONS = {"drift row": "drift", "effect": "effects", "policy": "policies", "aggregate": "variables"}
"""In which list of a world the rows stand that a message names, where it is not the word with an s."""


def _row_named(tree: Document, at: Location, message: str) -> Location:
    """Where in a world the row stands that a message about all of it names, and in the row the name it quotes."""
    world: Any = tree.values
    for part in at:
        world = world[part]
    if at[-1] != "world" or not isinstance(world, dict):
        return at
    row, value = at, world
    for what, number, name in sorted(_ROW.findall(message), key=lambda match: match[0] == "effect"):
        section = _SECTIONS.get(what, f"{what}s")
        rows = value.get(section)
        for position, one in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(one, dict) and (str(position + 1) == number or (name and one.get("name") == name)):
                row, value = (*row, section, position), one
                break
    names = re.findall(r"'([^']+)'", message.partition("; ")[0])
    places = [place for place, text in _texts_below(value, row) if names and _holds_name(place, text, names[-1])]
    if message.startswith("World: two of "):
        places = [place for place in places if place[-1] == "name"][1:]
    return (places or [row])[0]


def _texts_below(value: Any, at: Location) -> Iterator[tuple[Location, str]]:
    """Every key and every text in a value, with where it stands."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key), str(key)
            yield from _texts_below(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts_below(inner, (*at, number))


def _holds_name(place: Location, text: str, name: str) -> bool:
    """Whether a text is a name, or a formula with that name in it."""
    return text == name or (place[-1] == "formula" and re.search(rf"\b{re.escape(name)}\b", text) is not None)


class _Reader:
    """One pass over the parser's events, so that nothing is resolved or made that was not looked at first."""

    def __init__(self, text: str, *, number_keys: bool) -> None:
        self._yaml = YAML(typ="safe", pure=True)
        self._events = self._yaml.parse(text)
        self._text = text.splitlines()
        self._lines: dict[Location, int] = {}
        self._key_types = (str, int) if number_keys else (str,)

    def read(self) -> Document:
        begin = self._next()
        while isinstance(begin, StreamStartEvent | DocumentStartEvent):
            if isinstance(begin, DocumentStartEvent) and (begin.version or begin.tags):
                raise _refused(begin, "a directive; leave out lines that begin with %")
            begin = self._next()
        if not isinstance(begin, MappingStartEvent):
            what = "the file is empty" if isinstance(begin, StreamEndEvent) else "each stands in a line as name: value"
            raise InvalidValue(f"line 1: this is no table of named values: {what}.")
        values = self._value(begin, ())
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                raise _refused(event, "a second document; a file holds one")
        return Document(values=values, lines=self._lines)

    def _next(self) -> Any:
        return next(self._events)

    def _value(self, event: Any, path: Location) -> Any:
        self._check(event, path)
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, MappingStartEvent):
            return self._table(path)
        if isinstance(event, SequenceStartEvent):
            return self._list(path)
        return self._scalar(event)

    def _table(self, path: Location) -> dict[str, Any]:
        table: dict[str, Any] = {}
        value: Any = None
        while not isinstance(event := self._next(), MappingEndEvent):
            self._check(event, path)
            key: Any = self._scalar(event) if isinstance(event, ScalarEvent) else None
            if type(key) not in self._key_types or key == "<<":
                raise _refused(event, "a key that is no text; a key is a name, put in quotes where it looks otherwise")
            if key in table:
                raise _refused(event, f"{key!r} a second time, after line {self._lines[*path, key]}; name it once")
            if table and isinstance(value, str) and self._lacks_colon(event):
                raise _refused(event, f"{key!r} has no colon; in braces a text with a comma in it goes in quotes")
            self._lines[*path, key] = event.start_mark.line + 1
            table[key] = value = self._value(self._next(), (*path, key))
            if event.style is None and table[key] is None and (match := _UNSPACED.fullmatch(str(key))):
                raise _refused(event, f"a space is missing after the colon; write {match[1]}: {match[2]}")
        return table

    def _lacks_colon(self, key: Any) -> bool:
        """Whether an entry of a table in braces is no more than a text, as where a comma cut one in two."""
        end = key.end_mark
        line = self._text[end.line] if end.line < len(self._text) else ""
        return key.style is None and ":" not in key.value and line[end.column :].lstrip().startswith((",", "}"))

    def _list(self, path: Location) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _check(self, event: Any, path: Location) -> None:
        if isinstance(event, AliasEvent):
            raise _refused(event, "an alias; write the value out (a text that begins with * goes in quotes)")
        if getattr(event, "anchor", None) is not None:
            raise _refused(event, "an anchor; write the value out (a text that begins with & goes in quotes)")
        if event.tag is not None:
            raise _refused(event, f"the tag {event.tag}; leave it out (a text that begins with ! goes in quotes)")
        if len(path) > MAX_NESTING:
            raise _refused(event, f"a value nested over {MAX_NESTING} deep")

    def _scalar(self, event: ScalarEvent) -> Any:
        tag = self._yaml.resolver.resolve(ScalarNode, event.value, event.implicit)
        kind = str(tag).rpartition(":")[2]
        if kind == "str" and event.style is None and self._is_cut(event):
            raise _refused(event, "what follows # is left out as a comment; put the text in quotes, or a space after #")
        if kind == "timestamp":
            kind = "date"
        if kind not in ("str", "int", "float", "bool", "null"):
            raise _refused(event, f"{event.value!r}, which YAML reads as a {kind}; put it in quotes")
        try:
            node = ScalarNode(tag, event.value, event.start_mark, event.end_mark)
            return self._yaml.constructor.construct_object(node)
        except (ValueError, OverflowError):
            raise _refused(event, "a number that cannot be read") from None

    def _is_cut(self, event: ScalarEvent) -> bool:
        """Whether a plain text ends where a comment begins that may well have been meant as its end."""
        line = self._text[event.end_mark.line] if event.end_mark.line < len(self._text) else ""
        return re.match(r"\s*#[^\s#]", line[event.end_mark.column :]) is not None


def _refused(event: Any, what: str) -> InvalidValue:
    return InvalidValue(f"line {event.start_mark.line + 1}: {what}.")


def write_yaml(values: Mapping[str, Any]) -> str:
    """A table as YAML that `read_yaml` reads to equal values: long texts folded, everything odd in quotes.

    Args:
        values: Tables, lists and plain values as JSON has them.

    Raises:
        InvalidValue: Some value is of another sort.
    """
    return "\n".join(_table_lines(values, 0)) + "\n"


def _table_lines(table: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(name, str):
            raise InvalidValue(f"The key {name!r} is no text; a file has names for keys.")
        yield from _entry(f"{'  ' * depth}{_text(name)}:", value, depth)


def _entry(head: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from _table_lines(value, depth + 1)
    elif isinstance(value, list | tuple) and value:
        yield head
        for item in value:
            yield from _item(item, depth + 1)
    elif isinstance(value, str) and len(head) + len(value) > _WIDTH and _FOLDABLE.fullmatch(value):
        indent = "  " * (depth + 1)
        yield f"{head} >-"
        yield from textwrap.wrap(
            value, _WIDTH, initial_indent=indent, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    else:
        yield f"{head} {_scalar(value)}"


def _item(item: Any, depth: int) -> Iterator[str]:
    dash = "  " * depth + "-"
    if isinstance(item, Mapping) and item:
        inner = _table_lines(item, depth + 1)
        yield f"{dash} {next(inner).lstrip(' ')}"
        yield from inner
    else:
        yield from _entry(dash, item, depth)


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float(value)
        case str():
            return _text(value)
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
    raise InvalidValue(f"a {type(value).__name__} cannot be written; a file holds texts, numbers, lists and tables.")


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _float(value: float) -> str:
    spellings = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    text = repr(value)
    if "e" in text and "." not in text:  # YAML reads 1e-07 as a text
        text = text.replace("e", ".0e")
    return spellings.get(text, text)


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\U{ord(character):08x}"
