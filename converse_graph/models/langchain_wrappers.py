"""LangChain's wrappers of chat models: `bind`, `with_config`, `with_retry`, `with_fallbacks`, however deep.

Wrappers are told by their fields, so that LangChain need not be loaded where no model of its is asked; not by their
attributes, for they answer for those of what they hold.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from converse_graph.errors import InvalidValue


def is_wrapper(model: Any) -> bool:
    """Return whether an object is one of LangChain's wrappers, of whatever it may be."""
    return _has_field(model, "bound") or has_fallbacks(model)


def has_fallbacks(model: Any) -> bool:
    """Return whether an object is what `with_fallbacks` makes."""
    return _has_field(model, "fallbacks")


def _has_field(model: Any, name: str) -> bool:
    return name in getattr(type(model), "model_fields", ())


def unfolded(model: Any) -> Iterator[Any]:
    """Yield the models of which each stands in for the one before, each in the wrappers that were put around it.

    Args:
        model: A chat model, wrapped or not.

    Raises:
        InvalidValue: There is no chat model in it.
    """
    if has_fallbacks(model):
        for inner in (model.runnable, *model.fallbacks):
            yield from unfolded(inner)
    elif _has_field(model, "bound"):
        for inner in unfolded(model.bound):
            yield model.model_copy(update={"bound": inner})
    elif is_chat_model(model):
        yield model
    else:
        raise InvalidValue(
            f"{type(model).__name__} is no chat model; pass one as it is, or after bind, with_config, with_retry or "
            "with_fallbacks. What a reply must look like is told to it here, so leave with_structured_output out."
        )


def is_chat_model(model: Any) -> bool:
    """Return whether an object is one of LangChain's chat models, in whatever wrappers."""
    return isinstance(inmost(model), importlib.import_module("langchain_core.language_models").BaseChatModel)


def inmost(model: Any) -> Any:
    """Return what is in all the wrappers.

    Args:
        model: One of those that `unfolded` yields.
    """
    while _has_field(model, "bound"):
        model = model.bound
    return model


def rewrapped(model: Any, change: Callable[[Any], Any], fields: Mapping[str, Any]) -> Any:
    """Return the same wrappers around what becomes of the chat model in them.

    Args:
        model: One of those that `unfolded` yields.
        change: Makes something of the chat model.
        fields: What is set on the chat model, which goes before what `bind` gave under the same name.
    """
    if not _has_field(model, "bound"):
        return change(model)
    kwargs = {name: value for name, value in model.kwargs.items() if name not in fields or name == "extra_body"}
    if "extra_body" in kwargs and "extra_body" in fields:
        kwargs["extra_body"] = {**kwargs["extra_body"], **fields["extra_body"]}
    return model.model_copy(update={"bound": rewrapped(model.bound, change, fields), "kwargs": kwargs})
