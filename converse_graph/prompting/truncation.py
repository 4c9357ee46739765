"""Makes a prompt fit a model's window: what was said longest ago goes first, who one is and what is asked stay."""

from collections.abc import Iterator, Sequence

from converse_graph.errors import ContextWindowTooSmall
from converse_graph.models.base import Message
from converse_graph.models.tokens import estimate_tokens
from converse_graph.record.call_paths import Provenance

_RECENT = ("statement", "mind", "line", "event")
"""Records whose messages may be left out; a summary goes only when all of these are gone."""


def fit_to_window(messages: Sequence[Message], *, window: int | None, reply: int, model: str) -> tuple[Message, ...]:
    """The messages of a prompt that fit, in their order.

    Args:
        messages: The whole prompt.
        window: Tokens of prompt and reply together; None where unknown, and then all fit.
        reply: Tokens kept free for the reply.
        model: As a user names it.

    Raises:
        ContextWindowTooSmall: Not even the brief and the task fit.
    """
    if window is None:
        return tuple(messages)
    sizes = [estimate_tokens(message.text) for message in messages]
    over = sum(sizes) + reply - window
    if over <= 0:
        return tuple(messages)
    left_out: set[int] = set()
    for number in _in_order_of_leaving(messages):
        if over <= 0:
            break
        left_out.add(number)
        over -= sizes[number]
    if over > 0:
        least = window + over
        raise ContextWindowTooSmall(
            f"Brief and task take about {least - reply} tokens and the reply {reply}; the window of {model} has "
            f"{window}. Shorten the brief, name a model with a longer window, or --option context_window=N where it "
            "takes more."
        )
    return tuple(message for number, message in enumerate(messages) if number not in left_out)


def shorten_to(messages: Sequence[Message], *, window: int, reply: int) -> tuple[Message, ...]:
    """The parts of a prompt that fit, or where brief and task alone are more, these: what a window is guessed to take.

    Args:
        messages: The whole prompt.
        window: Tokens of prompt and reply together, that a server is known to take; it may take more.
        reply: Tokens kept free for the reply.
    """
    over = sum(estimate_tokens(message.text) for message in messages) + reply - window
    for shorter in shorter_prompts(messages):
        if over <= 0:
            return tuple(messages)
        messages, over = shorter, sum(estimate_tokens(message.text) for message in shorter) + reply - window
    return tuple(messages)


def shorter_prompts(messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    """Every shorter form of a prompt that a window may have made of it, the longest first."""
    leaving = _in_order_of_leaving(messages)
    for number in range(1, len(leaving) + 1):
        left_out = set(leaving[:number])
        yield tuple(message for place, message in enumerate(messages) if place not in left_out)


def drop_oldest_half(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same prompt with half as much of what can be left out; as it is where nothing can."""
    leaving = _in_order_of_leaving(messages)
    left_out = set(leaving[: (len(leaving) + 1) // 2])
    return tuple(message for number, message in enumerate(messages) if number not in left_out)


def _in_order_of_leaving(messages: Sequence[Message]) -> list[int]:
    """The numbers of messages that can be left out: what a party is reminded of, what is recent, then summaries."""
    origins = [Provenance.parse(message.source) for message in messages]
    summaries = [number for number, origin in enumerate(origins) if origin.is_summary and not origin.is_recalled]
    recalled_places = [number for number, origin in enumerate(origins) if origin.is_recalled]
    recent = [number for number, origin in enumerate(origins)
              if origin.record in _RECENT and not origin.is_summary and not origin.is_recalled]  # fmt: skip
    return [*recalled_places, *recent, *summaries]
