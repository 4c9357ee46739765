"""Makes a prompt fit a model's window: what was said longest ago goes first, who one is and what is asked stay."""

from collections.abc import Sequence

from converse_graph.errors import WindowTooSmall
from converse_graph.models.base import Part
from converse_graph.models.tokens import tokens_in

_RECENT = ("statement/", "mind/", "line/", "event/")
"""Where parts come from that may be left out; a summary goes only when all of these are gone."""
_RECALLED = "recalled/"
"""What a party is reminded of from long ago, which goes before them."""


def fitted(parts: Sequence[Part], *, window: int | None, reply: int, model: str) -> tuple[Part, ...]:
    """The parts of a prompt that fit, in their order.

    Args:
        parts: The whole prompt.
        window: Tokens of prompt and reply together; None where unknown, and then all fit.
        reply: Tokens kept free for the reply.
        model: As a user names it.

    Raises:
        WindowTooSmall: Not even the brief and the task fit.
    """
    if window is None:
        return tuple(parts)
    sizes = [tokens_in(part.text) for part in parts]
    over = sum(sizes) + reply - window
    if over <= 0:
        return tuple(parts)
    gone: set[int] = set()
    for number in _in_order_of_leaving(parts):
        if over <= 0:
            break
        gone.add(number)
        over -= sizes[number]
    if over > 0:
        least = window + over
        raise WindowTooSmall(
            f"Brief and task take about {least - reply} tokens and the reply {reply}; the window of {model} has "
            f"{window}. Shorten the brief, or name a model with a longer window."
        )
    return tuple(part for number, part in enumerate(parts) if number not in gone)


def shortened(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The same prompt with half as much of what can be left out; as it is where nothing can."""
    leaving = _in_order_of_leaving(parts)
    gone = set(leaving[: (len(leaving) + 1) // 2])
    return tuple(part for number, part in enumerate(parts) if number not in gone)


def _in_order_of_leaving(parts: Sequence[Part]) -> list[int]:
    summed_up = [number for number, part in enumerate(parts) if _is_summary(part)]
    recent = [number for number, part in enumerate(parts) if part.source.startswith(_RECENT) and not _is_summary(part)]
    recalled = [number for number, part in enumerate(parts) if part.source.startswith(_RECALLED)]
    return [*recalled, *recent, *summed_up]


def _is_summary(part: Part) -> bool:
    """Whether it stands for the past: a public summary, or one in a mind."""
    return not part.source.startswith(_RECALLED) and (part.source.startswith("summary/") or "/summary." in part.source)
