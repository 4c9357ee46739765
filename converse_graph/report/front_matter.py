"""A transcript's header as YAML front matter, and back."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML, AliasEvent
from ruamel.yaml.error import YAMLError

from converse_graph.errors import InvalidValue
from converse_graph.transcript import Header

FORMAT = 1
"""Version of the transcript's Markdown. A reader refuses a newer one."""

_RULE = "---"
_DERIVED = ("converse-transcript", "edition", "statements")
_MAX_DEPTH = 60
_PLAIN = re.compile(r"[A-Za-z][\w./-]*(?: [\w./-]+)*", re.ASCII)
_NOT_TEXT = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}
_QUOTED = re.compile(r'["\\]|[^\x20-\x7e\xa1-\xac\xae-\u05ff\u0620-\u1fff\u2c00-\ud7ff\U0001f300-\U0001faff]')


def front_matter(header: Header, *, edition: str, statements: int) -> list[str]:
    """The lines of the front matter, rules included; what is as by default is left out.

    Args:
        header: What is written.
        edition: "reader" or "public".
        statements: How many turns follow, by which a reader sees whether the file is whole.

    Raises:
        InvalidValue: A dial, or some other open value, is none that JSON has.
    """
    values = {**header.model_dump(exclude_defaults=True), "created": header.created.isoformat()}
    derived = dict(zip(_DERIVED, (FORMAT, edition, statements), strict=True))
    return [_RULE, *_mapping({**derived, **values}, 0), _RULE]


def read_front_matter(lines: list[str]) -> tuple[Header, int, int]:
    """The header, how many statements it promises, and the index of the first line after it.

    Raises:
        InvalidValue: There is no front matter, it is no YAML or YAML with tricks, or it is not that of a transcript.
    """
    if not lines or lines[0].rstrip() != _RULE:
        raise InvalidValue("Line 1: no front matter; a transcript begins with a line of three dashes")
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _RULE), None)
    if end is None:
        raise InvalidValue("Line 1: the front matter has no end, a second line of three dashes; the file was cut")
    values = _load("\n".join(lines[1:end]) + "\n")
    version, _, statements = (values.pop(name, None) for name in _DERIVED)
    if type(version) is not int or type(statements) is not int:
        raise InvalidValue("Line 2: not the front matter of a transcript, which has converse-transcript and statements")
    if not 1 <= version <= FORMAT:
        raise InvalidValue(f"Line 2: transcript format {version}; this version reads 1 to {FORMAT}; update to read it")
    try:
        return Header(**values), statements, end + 1
    except InvalidValue as error:
        raise InvalidValue(f"Line 2: the front matter does not fit: {error}") from None


def _load(text: str) -> dict[str, Any]:
    try:
        _refuse_tricks(text)
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = 2 if where is None else where.line + 2
        problem = " ".join((getattr(error, "problem", None) or type(error).__name__).split())
        raise InvalidValue(f"Line {line}: the front matter is no YAML: {problem}") from None
    except InvalidValue:
        raise
    except ValueError as error:
        raise InvalidValue(f"Line 2: a value of the front matter cannot be read: {error}") from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise InvalidValue("Line 2: the front matter is no list of named values")
    return values


def _refuse_tricks(text: str) -> None:
    """Refuse what a few lines of YAML can blow up with: aliases, and nesting without end."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        depth += {"MappingStartEvent": 1, "SequenceStartEvent": 1, "MappingEndEvent": -1, "SequenceEndEvent": -1}.get(
            type(event).__name__, 0
        )
        if isinstance(event, AliasEvent) or depth > _MAX_DEPTH:
            what = "an alias" if isinstance(event, AliasEvent) else f"a value nested over {_MAX_DEPTH} deep"
            raise InvalidValue(f"Line {event.start_mark.line + 2}: {what} in the front matter; write the value out")


def _mapping(values: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, value in values.items():
        yield from _entry(f"{'  ' * depth}{_scalar(name)}:", value, depth)


def _entry(head: str, value: Any, depth: int) -> Iterator[str]:
    if depth >= _MAX_DEPTH:
        raise InvalidValue(f"A dial is nested {depth} deep; a transcript shows {_MAX_DEPTH - 1} levels")
    if isinstance(value, Mapping) and value:
        yield head
        yield from _mapping(value, depth + 1)
    elif isinstance(value, list | tuple) and value:
        yield head
        for item in value:
            yield from _list_item(item, depth + 1)
    else:
        yield f"{head} {_scalar(value)}"


def _list_item(item: Any, depth: int) -> Iterator[str]:
    dash = "  " * depth + "-"
    if isinstance(item, Mapping) and item:
        inner = _mapping(item, depth + 1)
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
            return value if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT else _quoted(value)
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
    raise InvalidValue(f"{type(value).__name__} {value!r} cannot be shown; a dial holds what JSON has")


def _float(value: float) -> str:
    named = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    return named.get(repr(value), repr(value))


def _quoted(text: str) -> str:
    return f'"{_QUOTED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in '"\\':
        return "\\" + character
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"
