"""How models mark what they think before they answer: each family in its own way."""

import re
from dataclasses import dataclass

_NAMES = "think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|thought_process|inner_monologue"
_MARK = re.compile(
    rf"<(?P<slash>/?)(?:[a-z]{{1,12}}:)?(?P<tag>{_NAMES})(?:\s[^<>]{{0,80}})?>"
    r"|\[(?P<bracket>/?)THINK(?:ING)?\]"
    r"|◁(?P<kimi>/?)think▷"
    r"|<\|?(?P<edge>start|begin|end)_(?:of_)?(?:think|thinking|thought|reasoning)\|?>"
    r"|<unused9(?P<gemma>[45])>"
    r"|<\|(?:start\|>\s{0,4}assistant\s{0,4}<\|)?channel\|>\s{0,4}(?P<channel>\w{1,20})(?P<to>[^<]{0,80})"
    r"(?:<\|constrain\|>[^<]{0,20})?<\|message\|>"
    r"|<\|(?P<turn>end|return|call)\|>"
    r"|(?P<bare>assistantfinal)",
    re.IGNORECASE,
)
"""What begins or ends thoughts. Of the harmony format what may stand in a channel, and what is left of it where a
server drops its special tokens."""

_BARE_ANALYSIS = re.compile(r"\s{0,20}analysis(?=[A-Z{\"'])")


@dataclass(frozen=True, kw_only=True)
class ThoughtMark:
    """Where thoughts begin or end."""

    kind: str
    """The family of the mark: what begins thoughts and what ends them have the same."""
    opens: bool
    discards: bool
    """Whether all that stands before it is thought, where nothing was begun: so it is with a lone closing tag."""
    start: int
    end: int


def find_thought_marks(text: str) -> list[ThoughtMark]:
    """Return the marks in a text, in order."""
    return [_mark_of(match) for match in _MARK.finditer(text)]


def starts_with_bare_thought(text: str) -> bool:
    """Tell whether a text begins with thoughts in the harmony format, its special tokens dropped."""
    return bool(_BARE_ANALYSIS.match(text))


def _mark_of(match: re.Match[str]) -> ThoughtMark:
    kind, opens, discards = match.lastgroup or "", False, True
    match kind:
        case "tag":
            kind, opens = match["tag"].lower(), not match["slash"]
        case "bracket" | "kimi":
            opens = not match[kind]
        case "edge":
            opens = match["edge"].lower() != "end"
        case "gemma":
            opens = match["gemma"] == "4"
        case "to":
            # A commentary to a function is a call of it, and what is called with is the reply.
            kind = "turn"
            opens = match["channel"].lower() in ("analysis", "commentary") and "to=" not in match["to"]
        case "turn":
            discards = False
    return ThoughtMark(kind=kind, opens=opens, discards=discards, start=match.start(), end=match.end())
