"""What is no YAML, as a person would say it: the line, what is wrong there, and what to write instead."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.error import YAMLError

_VALUE = re.compile(r"\s*(?:- +)*(?P<key>[^\s\"'\[{#:][^:#]*?):[ \t]+(?P<value>\S.*)")
_NO_SPACE = re.compile(r"\s*(?:- +)*(?P<key>\w+):(?P<value>\S.*)")
_CLOSING = {'"': "quotes", "'": "quotes", "[": "brackets", "{": "braces"}
_SPACES = re.compile("[\u00a0\u2000-\u200b\u202f\u3000]")


def explain_syntax(error: YAMLError, text: str) -> str:
    """Say in one line where a text is no YAML and why, beginning with the line.

    Args:
        error: What the parser raised.
        text: What it read.
    """
    problem = " ".join((getattr(error, "problem", None) or str(error) or type(error).__name__).split())
    mark, begin = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    lines = text.splitlines()
    number = _line(mark, _line(begin, 0))
    beginning = _line(begin, number)
    if "could not find expected ':'" in problem:
        number = beginning
    line = lines[number] if number < len(lines) else ""
    if "unexpected end of stream" in problem and "quoted" in str(getattr(error, "context", "")):
        return f"line {beginning + 1}: a quotation mark is opened here and never closed."
    if "expected the node content" in problem:
        return f"line {number + 1}: the file ends, or a bracket closes, where a value was to come."
    if "expected ',' or" in problem:
        mark_missing = "]" if "]" in problem else "}"
        return f"line {beginning + 1}: what is opened here lacks a comma between two entries, or its {mark_missing}."
    before = max(0, min(beginning, number - 1))  # the parser may notice it a line later
    if odd := _SPACES.search("\n".join(lines[before : number + 1])):
        at = next(one for one in range(before, number + 1) if odd[0] in lines[one])
        return f"line {at + 1}: a space of another kind (U+{ord(odd[0]):04X}) stands here; write plain spaces."
    return f"line {number + 1}: {_explain_line(line, problem)}"


def _line(mark: Any, otherwise: int) -> int:
    return mark.line if mark is not None else otherwise


def _explain_line(line: str, problem: str) -> str:
    """What is wrong with a line that the parser could not read."""
    if "\\t" in problem or "\t" in line:
        return "a tab stands where YAML wants spaces; indent with spaces, two for each step."
    if "could not find expected ':'" in problem:
        return _explain_missing_colon(line)
    if "cannot start any token" in problem and (character := re.search(r"character '(.)'", problem)):
        return f"a text that begins with {character[1]} goes in quotes."
    value = _VALUE.match(line)
    if "mapping values are not allowed" in problem and value and re.search(r":(\s|$)", value["value"]):
        return f"the value of {value['key']} has a colon and a space in it; put the value in quotes."
    if "<block end>" in problem and "scalar" in problem and value and value["value"][0] in _CLOSING:
        return (
            f"the value of {value['key']} goes on after its {_CLOSING[value['value'][0]]}; put all of it in quotes, "
            "and within them write '' for '."
        )
    if "mapping values are not allowed" in problem or "<block end>" in problem or "dedent" in problem:
        return (
            "this line does not begin where the others of its table or list do; give entries that belong together the "
            "same number of spaces before them."
        )
    return f"this is no YAML: {problem}."


def _explain_missing_colon(line: str) -> str:
    if match := _NO_SPACE.match(line):
        return f"a space is missing after the colon; write {match['key']}: {match['value'].strip():.40}"
    return f"{line.strip()[:40]!r} has no colon; write name: value, or indent a text that goes on from the line above."
