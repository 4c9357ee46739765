"""A reply as it comes in, from messages of LangChain, whole or in pieces, whichever package made them."""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

from converse_graph.models.base import Response
from converse_graph.models.reply_reader import MAX_REPLY_CHARS, find_final_object, prepend_thoughts

_ENDINGS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""Where providers say why a reply ended."""
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Where servers put what a model thought, beside what it says."""
_MOST_TOKENS = 10**12
"""A server that reports more tells no number of tokens."""


class GatheredReply:
    """What came of a reply so far."""

    def __init__(self, *, sums_usage: bool) -> None:
        """Begin with nothing.

        Args:
            sums_usage: Whether each piece tells of its own tokens alone, or of all up to it.
        """
        self._sums = sums_usage
        self._words: list[str] = []
        self._thoughts: list[str] = []
        self._arguments: list[str] = []
        self._refusals: list[str] = []
        self._length = 0
        self._usage = [0, 0, 0]
        self.reason = ""
        """Why it ended, as its server says it; empty where it does not say."""
        self.model = ""

    def add(self, message: Any) -> str:
        """Take a whole message or a piece of one.

        Returns:
            What it adds to what is said, thoughts left out.
        """
        words, calls = list[str](), list[str]()
        lists = {"words": words, "thoughts": self._thoughts, "refusal": self._refusals, "call": calls}
        for kind, text in _pieces_of(message):
            lists[kind].append(text)
            self._length += len(text)
        self._words += words
        self._arguments += calls
        metadata = message.response_metadata
        self.reason = next((str(metadata[key]) for key in _ENDINGS if metadata.get(key)), self.reason)
        self.model = str(metadata.get("model_name") or metadata.get("model") or self.model)
        self._count(_usage_of(message))
        return "".join(words) or "".join(calls)

    @property
    def is_too_long(self) -> bool:
        """Whether more has come than anybody reads."""
        return self._length > MAX_REPLY_CHARS

    @property
    def finish(self) -> Literal["stop", "length", "filtered"]:
        """Why it ended."""
        if self._refusals:
            return "filtered"
        return "length" if self.is_too_long else normalise_finish_reason(self.reason)

    def reply(self, names: Collection[str], *, remote_name: str, seconds: float, usd: float | None = None) -> Response:
        """Return it as a reply, its thoughts marked as such.

        Args:
            names: Of the members of the object that was asked for.
            remote_name: The model, where its server does not say.
            seconds: How long it took.
            usd: Cost where it is known.
        """
        thoughts, words = "".join(self._thoughts), "".join([*self._words, *self._arguments])
        if not words.strip() and self._refusals:
            words = "".join(self._refusals)
        elif not words.strip() and self.finish == "stop":
            words = find_final_object(thoughts, names)
        input_tokens, output_tokens, cached_tokens = self._usage
        return Response(
            text=prepend_thoughts(thoughts[:MAX_REPLY_CHARS], words[:MAX_REPLY_CHARS]),
            model=self.model or remote_name,
            finish=self.finish,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached_tokens=cached_tokens,
            usd=usd,
            seconds=seconds,
        )

    def _count(self, usage: Mapping[str, Any]) -> None:
        details = usage.get("input_token_details")
        cache = details.get("cache_read") if isinstance(details, Mapping) else 0
        new = [
            parse_token_count(usage.get("input_tokens")),
            parse_token_count(usage.get("output_tokens")),
            parse_token_count(cache),
        ]
        if self._sums:
            self._usage = [before + more for before, more in zip(self._usage, new, strict=True)]
        elif any(new):
            self._usage = new


def parse_token_count(number: Any) -> int:
    """Return a number of tokens as a server reports it; 0 for what is none."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        return 0
    return int(number) if 0 <= number <= _MOST_TOKENS else 0


def normalise_finish_reason(reason: str) -> Literal["stop", "length", "filtered"]:
    """A provider's reason for the end of a reply, as ours."""
    match reason.lower().replace("-", "_"):
        case "length" | "max_tokens" | "max_output_tokens" | "max_length" | "model_length":
            return "length"
        case "model_context_window_exceeded" | "token_limit" | "insufficient_context":
            return "length"
        case "content_filter" | "content_filtered" | "safety" | "refusal" | "recitation" | "prohibited_content":
            return "filtered"
        case "blocklist" | "spii" | "guardrail_intervened" | "sensitive" | "blocked" | "content_policy_violation":
            return "filtered"
        case _:
            return "stop"


_Kind = Literal["words", "thoughts", "refusal", "call"]


def _pieces_of(message: Any) -> Iterator[tuple[_Kind, str]]:
    """What a message holds, by kind."""
    beside = getattr(message, "additional_kwargs", None) or {}
    for name in _THOUGHTS:
        if isinstance(beside.get(name), str):
            yield "thoughts", beside[name]
            break
    if isinstance(beside.get("refusal"), str) and beside["refusal"]:
        yield "refusal", beside["refusal"]
    content = message.content
    for part in [content] if isinstance(content, str) else content or ():
        yield from _part(part)
    yield from (("call", text) for text in _arguments_of(message))


def _part(part: Any) -> Iterator[tuple[_Kind, str]]:
    """A part of a message's content, as the providers have them."""
    if isinstance(part, str):
        yield "words", part
        return
    if not isinstance(part, Mapping):
        return
    kind = str(part.get("type") or "text")
    if kind == "refusal":
        yield "refusal", str(part.get("refusal") or "")
    elif any(word in kind for word in ("think", "reason", "thought")) or part.get("thought") is True:
        yield "thoughts", _text_in(part)
    elif "text" in kind:
        yield "words", _text_in(part)


def _text_in(part: Mapping[str, Any]) -> str:
    for name in ("text", "thinking", "reasoning", "reasoning_content", "summary", "content"):
        value = part.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            return _text_in(value)
        if isinstance(value, list):
            return "".join(_text_in(inner) for inner in value if isinstance(inner, Mapping))
    return ""


def _arguments_of(message: Any) -> Iterator[str]:
    """The arguments of tool calls: a model held to a schema by way of a tool writes the object there."""
    pieces = getattr(message, "tool_call_chunks", None)
    if pieces:
        yield from (str(piece["args"] or "") for piece in pieces)
        return
    for call in getattr(message, "tool_calls", None) or ():
        yield json.dumps(call["args"], ensure_ascii=False)
    for call in getattr(message, "invalid_tool_calls", None) or ():
        yield str(call.get("args") or "")


def _usage_of(message: Any) -> Mapping[str, Any]:
    """Tokens as LangChain tells them, or as OpenAI's API does where langchain-openai drops them."""
    usage = getattr(message, "usage_metadata", None)
    if isinstance(usage, Mapping):
        return usage
    counts = message.response_metadata.get("token_usage")
    if not isinstance(counts, Mapping):
        return {}
    details = counts.get("prompt_tokens_details")
    cache = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return {
        "input_tokens": counts.get("prompt_tokens"),
        "output_tokens": counts.get("completion_tokens"),
        "input_token_details": {"cache_read": cache},
    }
