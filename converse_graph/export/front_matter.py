"""A transcript's header as YAML front matter, and back."""

import re
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.record.transcript import Header
from converse_graph.scenarios.strict_yaml import MAX_NESTING, read_yaml, write_yaml

FORMAT = 1
"""Version of the transcript's Markdown. A reader refuses a newer one."""

_RULE = "---"
_DERIVED = ("converse-transcript", "edition", "statements")


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
    own_values = dict(zip(_DERIVED, (FORMAT, edition, statements), strict=True))
    try:
        yaml_text = write_yaml({**own_values, **values})
    except InvalidValue as error:
        raise InvalidValue(f"A header that cannot be shown: {error}") from None
    if any(line.startswith("  " * MAX_NESTING) for line in yaml_text.splitlines()):
        raise InvalidValue(f"A dial is nested too deep; a transcript shows {MAX_NESTING - 1} levels.")
    return [_RULE, *yaml_text.splitlines(), _RULE]


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
    values = _read(lines[1:end])
    version, _, statements = (values.pop(name, None) for name in _DERIVED)
    if type(version) is not int or type(statements) is not int:
        raise InvalidValue("Line 2: not the front matter of a transcript, which has converse-transcript and statements")
    if not 1 <= version <= FORMAT:
        raise InvalidValue(f"Line 2: transcript format {version}; this version reads 1 to {FORMAT}; update to read it")
    try:
        return Header(**values), statements, end + 1
    except InvalidValue as error:
        raise InvalidValue(f"Line 2: the front matter does not fit: {error}") from None


def _read(lines: list[str]) -> dict[str, Any]:
    """The values, or what is wrong with them, by the line of the file."""
    try:
        return read_yaml("\n".join(["", *lines, ""])).values  # an empty line stands for the rule
    except InvalidValue as error:
        raise InvalidValue(re.sub(r"^line (\d+): ", r"Line \1: the front matter: ", str(error))) from None
