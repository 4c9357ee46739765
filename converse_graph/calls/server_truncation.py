"""Finds out, by the tokens that a server reports, that it cut a prompt without a word, the system message first."""

from collections.abc import Sequence

from converse_graph.models.base import Message, Response
from converse_graph.models.tokens import least_tokens_in

_LEAST = 512
"""Tokens of a prompt; what is shorter fits any window."""
_LEAST_WINDOW = 256
"""Tokens; a server that reports fewer counts something else, such as what was not in its cache."""
_CERTAIN = 0.6
"""Of the tokens that a prompt has at least: a server that reports fewer has not read it, whatever its tokeniser."""
_LIKELY = 0.95
"""The same for one that reports just as many as a window commonly has."""
_STEP = 1024
"""Windows are commonly multiples of this."""
_NEAR = 16
"""Tokens by which a report of a full window may differ from it."""


def was_truncated(messages: Sequence[Message], reply: Response) -> bool:
    """Tell whether a reply answers less than was sent.

    Nothing can be told of a server that reports nothing, or hardly anything. What came from its cache is added to what
    it reports, as some count it apart.
    """
    if reply.input_tokens < _LEAST_WINDOW:
        return False
    least = sum(least_tokens_in(message.text) for message in messages)
    prompt_tokens = reply.input_tokens + reply.cached_tokens
    if least < _LEAST:
        return False
    if prompt_tokens < _CERTAIN * least:
        return True
    beyond = (prompt_tokens + _NEAR) % _STEP
    return prompt_tokens < _LIKELY * least and beyond <= 2 * _NEAR


def describe_truncation(model: str, messages: Sequence[Message], reply: Response) -> str:
    """Say that a prompt was cut, and the way out."""
    least = sum(least_tokens_in(message.text) for message in messages)
    return (
        f"{model} read {reply.input_tokens:,} tokens of a prompt that has {least:,} at least: its server cuts what is "
        "more than its window, without a word. Raise it there (num_ctx, as Ollama calls it) and "
        "name it with --option context_window=N, or choose another model."
    )
