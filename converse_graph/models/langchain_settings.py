"""Settings of a model as LangChain's chat models have them: as fields, under names that differ from class to class.

They are set on a copy of the model rather than bound: what `bind` adds goes to the provider's client as it is, where
some classes, such as that of Ollama, want it elsewhere; the fields of a class each class sends as its provider wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from converse_graph.scenarios.model_settings import ModelSettings

_LIMITS = ("max_tokens", "max_output_tokens", "num_predict")
"""What classes call the longest reply."""

_BUDGETS = {"on": -1, "none": 0, "low": 1024, "medium": 8192, "high": 24576}
"""Tokens of thoughts for a level of effort: -1 for as many as Gemini likes, the others as Google's own API compatible
with OpenAI's translates these levels."""

_THINKING: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("reasoning_effort", lambda level: "medium" if level == "on" else level),
    ("reasoning", lambda level: {"on": True, "none": False}.get(level, level)),
    ("thinking_budget", _BUDGETS.get),
    ("effort", lambda level: None if level in ("on", "none") else level),
    ("thinking", lambda level: {"type": "disabled"} if level == "none" else None),
)
"""Fields that say how much a model thinks, and what they take; the first that a class has and that takes the level."""


def fields_by_setting(settings: ModelSettings, model_fields: Mapping[str, Any], seed: int) -> dict[str, dict[str, Any]]:
    """Return for each setting the fields of a chat model that it sets; none where the class has no such field.

    Args:
        settings: What is set.
        model_fields: The fields of the model's class.
        seed: Of the call, for a class that takes one.
    """
    fields: dict[str, dict[str, Any]] = {
        name: {name: value} if name in model_fields else {}
        for name in ("temperature", "top_p")
        if (value := getattr(settings, name)) is not None
    }
    if settings.max_tokens is not None:
        fields["max_tokens"] = {name: settings.max_tokens for name in _LIMITS if name in model_fields}
    if settings.seed:
        fields["seed"] = {"seed": seed} if "seed" in model_fields else {}
    if settings.thinking is not None:
        fields["thinking"] = _thinking(settings.thinking, model_fields)
    for name, value in settings.extra_body.items():  # one's own name for it, as num_ctx of Ollama's, or the extra body
        inside = {"extra_body": {name: value}} if "extra_body" in model_fields else {}
        fields[name] = {name: value} if name in model_fields else inside
    return fields


def flat(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields of several settings as one table; what goes into the extra body is put together.

    Args:
        fields: Of each setting.
    """
    changes: dict[str, Any] = {}
    for some in fields:
        extra = {**changes.get("extra_body", {}), **some.get("extra_body", {})}
        changes |= {**some, "extra_body": extra} if extra else some
    return changes


def with_fields(model: Any, fields: Mapping[str, Any]) -> Any:
    """Return a copy of a chat model with these fields set; what stands in its extra body stays there.

    Args:
        model: The chat model.
        fields: What to set.
    """
    if "extra_body" in fields:
        fields = {**fields, "extra_body": {**(model.extra_body or {}), **fields["extra_body"]}}
    return model.model_copy(update=dict(fields)) if fields else model


def _thinking(level: str, model_fields: Mapping[str, Any]) -> dict[str, Any]:
    for name, translate in _THINKING:
        if name in model_fields and (value := translate(level)) is not None:
            return {name: value}
    return {}
