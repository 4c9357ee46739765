"""Our defaults for the settings of a model, and settings as OpenAI's API has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from converse_graph.scenarios.model_settings import UNSET, ModelSettings

REPLY_TOKENS = 1024
"""Tokens of a reply at most, unless a kind of call needs others."""

SERVED = ModelSettings(temperature=0.8)
"""Of models behind OpenAI's API: what llama.cpp and Ollama take by themselves, where OpenAI has 1."""

EMBEDDED = ModelSettings(
    temperature=0.6,
    top_p=1.0,
    extra_body={
        "min_p": 0.1,
        "repeat_penalty": 1.05,
        "dry_multiplier": 0.8,
        "dry_allowed_length": 4,
        "dry_penalty_last_n": 2048,
    },
)
"""How llama.cpp picks the embedded model's words. Left to temperature alone, a model of this size says one sentence
over and over, or copies what it was shown; much hotter than this it leaves its subject within a sentence. DRY makes it
ever dearer to go on with a run of more than four tokens (so that a year is none) that the last 2,048 hold already: the
server's own default looks back over 64, and so sees no prompt. `min_p` leaves out the words that would derail it."""

LANGCHAIN = UNSET
"""Of LangChain chat models: those that the object was made with, or else its provider's."""


class WindowRecord(Protocol):
    """What a record says of a model's window."""

    @property
    def shown_window(self) -> int | None:
        """Tokens that its server named as the most."""

    @property
    def safe_window(self) -> int | None:
        """Tokens that its server took after it had refused more."""


@dataclass(frozen=True, kw_only=True)
class LearntWindow:
    """What a server's refusals have taught of the window of a model."""

    reported: int | None = None
    """Tokens of prompt and reply that its server named as the most; None where it named no number."""
    safe: int | None = None
    """Where it named no number: tokens of a prompt and its reply that it took after it had refused more. It may take
    more than that, so that this shortens prompts and refuses none."""


def learnt_windows(records: Mapping[str, WindowRecord]) -> dict[str, LearntWindow]:
    """Return what a record says that servers have taught, by the names of models; nothing of those that taught nothing.

    Args:
        records: The models of a run's header.
    """
    return {
        name: LearntWindow(reported=model.shown_window, safe=model.safe_window)
        for name, model in records.items()
        if model.shown_window is not None or model.safe_window is not None
    }


def thinking_fields(settings: ModelSettings, *, hosted: bool) -> dict[str, Any]:
    """Return what tells a server of OpenAI's API how much its model is to think; empty where that is not set.

    Args:
        settings: What is set.
        hosted: Whether it goes to OpenAI itself, which knows levels of effort alone. Servers of one's own differ:
            Ollama takes a level, vLLM, SGLang and llama.cpp a switch in the template, so that both are sent.
    """
    if settings.thinking is None:
        return {}
    effort = {"reasoning_effort": "medium" if settings.thinking == "on" else settings.thinking}
    if hosted:
        return effort
    return {**effort, "chat_template_kwargs": {"enable_thinking": settings.thinking != "none"}}


def window_by(settings: ModelSettings, *, own: int | None, learnt: int | None) -> int | None:
    """Return how many tokens prompt and reply may be together; None where unknown.

    Args:
        settings: Which go before what is known of the model.
        own: Of the model; None where nothing is.
        learnt: As many as its server has shown that it takes, which nobody's word changes; None where it has not.
    """
    return min((window for window in (settings.context_window or own, learnt) if window is not None), default=None)


def refusable(settings: ModelSettings) -> tuple[str, ...]:
    """Return the fields of a body that a server may refuse and be asked without, in the order in which they are tried.

    Args:
        settings: Which may name fields of its own.
    """
    names = ("temperature", "seed", "max_tokens", "stream_options", "top_p", "reasoning_effort", "chat_template_kwargs")
    return (*names, *(name for name in settings.extra_body if name not in names))
