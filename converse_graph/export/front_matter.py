"""A transcript's header as YAML, and back: what tells the run at the top of its page, and all of it at the end."""

import re
from typing import Any

from converse_graph.errors import InvalidValue
from converse_graph.record.transcript import Header
from converse_graph.scenarios.strict_yaml import MAX_NESTING, read_yaml, write_yaml

FORMAT = 1
"""Version of the transcript's Markdown. A reader refuses a newer one."""

_RULE = "---"
_OWN = ("converse-transcript", "edition", "statements")
_SHORT = ("run", "scenario", "status", "model", "seed", "created")
"""What the front matter tells of the header."""
HEADER_SUMMARY = "<summary>How the run was set up</summary>"
"""Begins the header at the end of a page; nothing else is a line like it."""
_LONGEST_FENCE = re.compile(r"`{3,}")


def front_matter(header: Header, *, edition: str, statements: int) -> list[str]:
    """The lines of the front matter, rules included: what the run is called, what played it, and how it stands.

    Args:
        header: What is written.
        edition: "reader" or "public".
        statements: How many turns follow, by which a reader sees whether the file is whole.
    """
    own_values = dict(zip(_OWN, (FORMAT, edition, statements), strict=True))
    short = header.model_dump(include=set(_SHORT)) | {"created": header.created.isoformat()}
    return [_RULE, *write_yaml({**own_values, **{name: short[name] for name in _SHORT}}).splitlines(), _RULE]


def whole_header(header: Header) -> list[str]:
    """The lines of the whole header, folded, for the end of a page; what is as by default is left out.

    Args:
        header: What is written.

    Raises:
        InvalidValue: A dial, or some other open value, is none that JSON has.
    """
    values = {**header.model_dump(exclude_defaults=True), "created": header.created.isoformat()}
    try:
        yaml_text = write_yaml(values)
    except InvalidValue as error:
        raise InvalidValue(f"A header that cannot be shown: {error}") from None
    if any(line.startswith("  " * MAX_NESTING) for line in yaml_text.splitlines()):
        raise InvalidValue(f"A dial is nested too deep; a transcript shows {MAX_NESTING - 1} levels.")
    fence = max(["```", *(run + "`" for run in _LONGEST_FENCE.findall(yaml_text))], key=len)
    return ["<details>", HEADER_SUMMARY, "", fence, *yaml_text.splitlines(), fence, "", "</details>", ""]


def read_whole_header(lines: list[str]) -> tuple[Header, int]:
    """The header at the end of a page, and the index of the line that it begins at.

    Raises:
        InvalidValue: There is none, it is no YAML or YAML with tricks, or it does not fit.
    """
    at = next((at for at in reversed(range(1, len(lines))) if lines[at].rstrip() == HEADER_SUMMARY), None)
    fence = lines[at + 2].rstrip() if at is not None and at + 2 < len(lines) else ""
    ends = [end for end in range((at or 0) + 3, len(lines)) if lines[end].rstrip() == fence]
    if at is None or not fence.startswith("```") or not ends:
        raise InvalidValue(f"Line {len(lines)}: no header at the end of the page; the file was cut")
    values = _read(lines[at + 3 : ends[0]], "the header", first=at + 4)
    try:
        return Header(**values), at - 1
    except (InvalidValue, TypeError) as error:
        raise InvalidValue(f"Line {at + 4}: the header does not fit: {error}") from None


def read_front_matter(lines: list[str]) -> tuple[int, int]:
    """How many statements the front matter promises, and the index of the first line after it.

    Raises:
        InvalidValue: There is no front matter, it is no YAML or YAML with tricks, or it is not that of a transcript.
    """
    if not lines or lines[0].rstrip() != _RULE:
        raise InvalidValue("Line 1: no front matter; a transcript begins with a line of three dashes")
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _RULE), None)
    if end is None:
        raise InvalidValue("Line 1: the front matter has no end, a second line of three dashes; the file was cut")
    values = _read(lines[1:end], "the front matter", first=2)
    version, statements = values.get(_OWN[0]), values.get(_OWN[2])
    if type(version) is not int or type(statements) is not int:
        raise InvalidValue("Line 2: not the front matter of a transcript, which has converse-transcript and statements")
    if not 1 <= version <= FORMAT:
        raise InvalidValue(f"Line 2: transcript format {version}; this version reads 1 to {FORMAT}; update to read it")
    return statements, end + 1


def _read(lines: list[str], what: str, *, first: int) -> dict[str, Any]:
    """The values, or what is wrong with them, by the line of the file."""
    try:
        return read_yaml("\n".join([*[""] * (first - 1), *lines, ""])).values  # so that its lines are the page's
    except InvalidValue as error:
        raise InvalidValue(re.sub(r"^line (\d+): ", rf"Line \1: {what}: ", str(error))) from None
