"""Settings of a model, such as its temperature: one value, from what a user writes to the call that is made by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_serializer, model_validator
from pydantic import Field as Bound

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.scenarios.value import FrozenModel

Thinking = Literal["on", "none", "low", "medium", "high"]
"""How much a model thinks before it writes: as much as it likes, not at all, or by its provider's levels of effort."""


def _as_thinking(value: Any) -> Any:
    if isinstance(value, bool):
        return "on" if value else "none"
    return "none" if value == "off" else value


class ModelSettings(FrozenModel):
    """Settings of a model; None for what is our default, or where we have none its provider's."""

    temperature: Annotated[float, Bound(ge=0, le=10)] | None = None
    """How freely words are drawn: 0 takes the likeliest, 1 draws as the model was trained, most servers allow 2."""
    top_p: Annotated[float, Bound(gt=0, le=1)] | None = None
    """The share of likely words that are drawn from, 1 for all."""
    max_tokens: Annotated[int, Bound(ge=1)] | None = None
    """Tokens of a reply at most, thoughts included; None for what each kind of call needs, such as 1,024 of a
    statement."""
    thinking: Annotated[Thinking | None, BeforeValidator(_as_thinking)] = None
    """Whether the model thinks before it writes: "on", "none" (also written off), or "low", "medium", "high"."""
    seed: bool | None = None
    """Whether a seed that follows from the run's is sent; None for yes, where a server is known to take one."""
    extra_body: dict[str, Any] = Bound(default_factory=dict)
    """Further fields of a request, for what a server alone knows, such as {"num_ctx": 8192}."""
    context_window: Annotated[int, Bound(ge=512)] | None = None
    """Tokens that prompt and reply may be together; None for what is known of the model. It is that of the model named
    at the same place: a party or persona with a model of its own does not take it over."""

    @model_validator(mode="after")
    def _is_plain(self) -> ModelSettings:
        try:
            json.dumps(self.extra_body, allow_nan=False)
        except (TypeError, ValueError):
            raise ValueError(
                "extra_body holds a value that JSON has not; use texts, numbers, lists and tables"
            ) from None
        return self

    @model_serializer(mode="plain")
    def set_values(self) -> dict[str, Any]:
        """Return what is set, by name; nothing that is as by default."""
        return {name: getattr(self, name) for name in type(self).model_fields if getattr(self, name) not in (None, {})}

    def merged(self, over: ModelSettings) -> ModelSettings:
        """Merge with settings that go before these; fields of `extra_body` are merged one by one.

        Args:
            over: What goes before.
        """
        if not over.set_values():
            return self
        extra = {**self.extra_body, **over.extra_body}
        return ModelSettings(**{**self.set_values(), **over.set_values(), "extra_body": extra})

    def without_window(self) -> ModelSettings:
        """Return these settings without a context window, for another model than theirs."""
        return self if self.context_window is None else self.model_copy(update={"context_window": None})

    def in_words(self) -> str:
        """Return what is set, such as "temperature 0.7, thinking none"; empty where nothing is."""
        settings = {**self.set_values()}
        settings.update({f"extra_body.{name}": value for name, value in settings.pop("extra_body", {}).items()})
        return ", ".join(f"{name} {_in_words(value)}" for name, value in settings.items())

    def __hash__(self) -> int:
        """Return a hash of what is set; of `extra_body` the names alone count, whose values may have none."""
        return hash(tuple(frozenset(value) if isinstance(value, dict) else value for value in self.__dict__.values()))

    def __bool__(self) -> bool:
        """Return whether anything is set."""
        return bool(self.set_values())


UNSET = ModelSettings()
"""Nothing set."""

EVERYBODY = ""
"""The path of settings that are for all speakers."""

Options = Mapping[str, ModelSettings]
"""Settings given with a call or on the command line, by the path of a speaker, such as "OpenAI/CEO", or `EVERYBODY`."""


def merged_options(options: Options, over: Options) -> dict[str, ModelSettings]:
    """Merge two tables of options, path by path.

    Args:
        options: What is there already.
        over: What goes before.
    """
    return {path: options.get(path, UNSET).merged(over.get(path, UNSET)) for path in dict.fromkeys((*options, *over))}


def read_options(options: Any) -> dict[str, ModelSettings]:
    """Read options as callers give them: settings for everybody, or a table by path.

    Args:
        options: None, a `ModelSettings`, or a mapping from paths to these.

    Raises:
        InvalidValue: It is something else.
    """
    if options is None:
        return {}
    if isinstance(options, ModelSettings):
        return {EVERYBODY: options} if options else {}
    if isinstance(options, Mapping) and all(isinstance(value, ModelSettings) for value in options.values()):
        return {str(path): value for path, value in options.items() if value}
    raise InvalidValue(
        f"Options are {type(options).__name__}; pass ModelSettings(temperature=0.7), or such by party as in "
        '{"OpenAI": ModelSettings(temperature=1)}.'
    )


def options_in_words(options: Options) -> str:
    """Return what is set, such as "temperature 0.7; OpenAI: temperature 1"; empty where nothing is.

    Args:
        options: By path.
    """
    return "; ".join(
        f"{path}: {settings.in_words()}" if path else settings.in_words() for path, settings in options.items()
    )


def require_paths(options: Options, paths: Mapping[str, Any] | set[str] | frozenset[str]) -> None:
    """Refuse options for somebody who does not speak.

    Args:
        options: By path.
        paths: The paths of all who speak.

    Raises:
        NotFound: There is one.
    """
    for path in options:
        if path != EVERYBODY and path not in paths:
            raise NotFound.among("party or persona", path, sorted(paths))


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int) else str(value)
