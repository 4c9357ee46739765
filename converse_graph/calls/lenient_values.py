"""Values as models write them, brought to the kind that a form asks for where they have one reading only.

What an answer means is not asked again: the word for nothing where there may be nothing, a text for a list of one, an
option with a full stop or a remark behind it, three numbers for three percentiles. What could mean two things stays as
it is, and is refused. Only the JSON Schema of a form is looked at, so that an audit, which has no other, reads alike.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NOTHING = frozenset({"", "-", "–", "—", "n/a", "nil", "none", "not applicable", "null"})  # noqa: RUF001 - dashes
"""Words for nothing, also as `format_value` says it of an earlier answer."""
_BULLET = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+")
_ARTICLES = frozenset({"a", "an", "the"})
_REMARK = re.compile(r"\s*(?:[(:;,–—]|\s-\s)")  # noqa: RUF001 - dashes
"""How what follows an option begins: "hold (for now)", "hold: we have no money"."""
_AROUND = " \t\r\n.!*`'\"“”‘’"  # noqa: RUF001 - marks that models write
_OF_ALL = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*(?:/|of|out of)\s*(\d+)\s*\.?\s*")
PERCENTILES = ("p10", "p50", "p90")
"""The names of three percentiles, in order."""


def fit_values(values: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a reply, each as its form takes it where it has one reading only.

    Args:
        values: By the names of a form; others stay as they are.
        properties: JSON Schema of each value that is asked for.
    """
    return {name: fit_value(value, properties[name]) if name in properties else value for name, value in values.items()}


def fit_value(answer: Any, schema: Mapping[str, Any]) -> Any:
    """Return an answer as its form takes it; as it is where it has no such reading, or more than one.

    Args:
        answer: Anything that JSON has.
        schema: JSON Schema of what is asked for.
    """
    branches = schema.get("anyOf", [schema])
    core = next((branch for branch in branches if branch.get("type") != "null"), schema)
    if "enum" in core and (option := _as_option(answer, core["enum"])) in core["enum"]:
        return option
    if len(branches) > 1 and (answer is None or is_word_for_nothing(answer)):
        return None
    match core.get("type"):
        case "array":
            return _as_list(answer)
        case "string":
            return _as_text(answer)
        case "boolean":
            return answer.strip(_AROUND) if isinstance(answer, str) else answer
        case "integer" | "number":
            return _as_number(answer, core.get("maximum"))
        case "object" if tuple(core.get("properties", ())) == PERCENTILES:
            return _as_percentiles(answer)
    return answer


def is_word_for_nothing(answer: Any) -> bool:
    """Tell whether an answer is a word for nothing, such as "None." or "n/a".

    Args:
        answer: Anything that JSON has.
    """
    return isinstance(answer, str) and answer.strip(" .").casefold() in _NOTHING


def plain_words(text: str) -> str:
    """Return a text without case, underscores, articles, and marks around it.

    Args:
        text: Such as "Call a strike." for call_strike.
    """
    words = text.strip(_AROUND).replace("_", " ").casefold().split()
    return " ".join(word for word in words if word not in _ARTICLES)


def _as_option(answer: Any, options: Sequence[Any]) -> Any:
    """The one option that an answer is, with or without a remark behind it that names no other."""
    if not isinstance(answer, str) or answer in options:
        return answer
    plain = {option: plain_words(option) for option in options if isinstance(option, str)}
    matches = [option for option, words in plain.items() if words == plain_words(answer)]
    if not matches and (remark := _REMARK.search(answer)):
        head, rest = plain_words(answer[: remark.start()]), f" {plain_words(answer[remark.end() :])} "
        matches = [option for option, words in plain.items() if words == head]
        others = [words for option, words in plain.items() if option not in matches]
        if any(words.startswith(head) or words in rest for words in others):
            return answer
    return matches[0] if len(matches) == 1 else answer


def _as_list(answer: Any) -> Any:
    """An empty list for nothing, one entry a line for a text; entries that are empty or say nothing are left out."""
    if answer is None:
        return []
    if isinstance(answer, str):
        answer = [_BULLET.sub("", line.strip()) for line in answer.splitlines()]
    if not isinstance(answer, list):
        return answer
    return [entry for entry in answer if entry is not None and not is_word_for_nothing(entry)]


def _as_text(answer: Any) -> Any:
    """One text for a list of texts, such as notes."""
    if not (isinstance(answer, list) and answer and all(isinstance(entry, str) for entry in answer)):
        return answer
    parts = [entry.strip() for entry in answer if entry.strip()]
    return (" " if all(part[-1] in ".!?" for part in parts) else "; ").join(parts)


def _as_number(answer: Any, maximum: float | None) -> Any:
    """The score of "3/10" where 10 is the most."""
    match = _OF_ALL.fullmatch(answer) if isinstance(answer, str) else None
    return match[1] if match and maximum is not None and float(match[2]) == maximum else answer


def _as_percentiles(answer: Any) -> Any:
    """Three of a list, or by other names of them, such as P10 or 10."""
    if isinstance(answer, list) and len(answer) == len(PERCENTILES):
        return dict(zip(PERCENTILES, answer, strict=True))
    if not isinstance(answer, Mapping) or all(name in answer for name in PERCENTILES):
        return answer
    by_digits = {"p" + re.sub(r"\D", "", name): value for name, value in answer.items()}
    return by_digits if len(by_digits) == len(answer) and set(PERCENTILES) <= by_digits.keys() else answer
