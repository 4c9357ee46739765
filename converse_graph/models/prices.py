"""What a call costs: by one's own list first, else by the public list of genai-prices, else unknown and said so."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field as Bound

from converse_graph.errors import InvalidValue, NotFound
from converse_graph.models.base import Model, Response
from converse_graph.models.embeddings import Embedder
from converse_graph.scenarios.strict_yaml import Document, build, in_file, load_yaml
from converse_graph.scenarios.value import FrozenModel

_MILLION = 1_000_000


class Price(FrozenModel):
    """What tokens of a model cost, in USD for a million of them."""

    input: Annotated[float, Bound(ge=0, allow_inf_nan=False)]
    """Of prompts."""
    output: Annotated[float, Bound(ge=0, allow_inf_nan=False)]
    """Of replies, the reasoning that is not shown included."""
    cached: Annotated[float, Bound(ge=0, allow_inf_nan=False)] | None = None
    """Of prompts, where the provider had them in its cache; None for as much as others."""

    def of(self, reply: Response) -> float:
        """What a call cost, in USD.

        Args:
            reply: With the tokens that it took.
        """
        cached_price = self.input if self.cached is None else self.cached
        fresh = max(0, reply.input_tokens - reply.cached_tokens)
        return (fresh * self.input + reply.cached_tokens * cached_price + reply.output_tokens * self.output) / _MILLION


class Prices:
    """The prices that a run is charged by."""

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        """Go by one's own list first; its names are models as the user or as their server names them.

        Args:
            own: Prices by the name of a model; they go before the public list.
        """
        self._own = dict(own or {})

    def charged(self, chat: Model | Embedder, reply: Response) -> float | None:
        """What a call cost, in USD; None where nobody knows.

        Every call is charged, also one whose reply was no use; cached tokens at their own price, reasoning as output.
        A model that runs here costs nothing, unless one's own list says otherwise.

        Args:
            chat: Who was asked.
            reply: With the tokens that it took.
        """
        own = self._own.get(chat.model) or self._own.get(reply.model)
        if own is not None:
            return own.of(reply)
        if reply.usd is not None:
            return reply.usd
        return _list_price(
            _bare(chat.model), _provider(chat.model), reply.input_tokens, reply.cached_tokens, reply.output_tokens
        )

    def has_price(self, chat: Model | Embedder) -> bool:
        """Whether a call of this model would have a price.

        Args:
            chat: Who would be asked.
        """
        return getattr(chat, "free", False) or self.charged(chat, Response(text="", model=chat.model)) is not None

    def require(self, chats: Sequence[Model | Embedder]) -> None:
        """Refuse models whose price is not known: a bound in dollars on them would never be reached.

        Args:
            chats: The models that may be asked.

        Raises:
            InvalidValue: There is one.
        """
        unknown = [chat.model for chat in chats if not self.has_price(chat)]
        if unknown:
            raise InvalidValue(
                f"What {', '.join(unknown)} costs is not known, so --max-usd cannot stop it; give its price with "
                "--prices, or bound --max-tokens."
            )


def load_prices(path: Path) -> Prices:
    """One's own prices, from a YAML file such as `gpt-4.1: {input: 2, cached: 0.5, output: 8}`.

    Args:
        path: The file.

    Raises:
        NotFound: There is no such file.
        InvalidValue: It holds no prices; the message names the model.
    """
    if not path.is_file():
        raise NotFound(f"No file {str(path)!r} of prices; name one that is there.")
    tree = load_yaml(path)
    try:
        return Prices({model: _price(tree, model) for model in tree.values})
    except InvalidValue as error:
        raise in_file(path, error) from None


def _price(tree: Document, model: str) -> Price:
    entry = tree.values[model]
    if not isinstance(entry, dict):
        where = f"line {tree.line_of([model])}: the price of {model!r}"
        raise InvalidValue(f"{where} is {entry!r}; write {{input: 2, cached: 0.5, output: 8}}.")
    price: Price = build(Price, entry, tree, (model,))
    return price


@lru_cache(maxsize=64)
def context_window_of(model: str) -> int | None:
    """How many tokens a hosted model takes, by the public list; None where it is not on it.

    Args:
        model: As a user names it, such as "openai:gpt-4.1".
    """
    calculation = _calculated(_bare(model), _provider(model), input_tokens=1, output_tokens=1)
    return None if calculation is None else calculation.model.context_window


def _list_price(model: str, provider: str | None, prompt: int, from_cache: int, answer: int) -> float | None:
    calculation = _calculated(model, provider, input_tokens=prompt, cache_read_tokens=from_cache, output_tokens=answer)
    return None if calculation is None else float(calculation.total_price)


def _calculated(model: str, provider: str | None, **usage: int) -> Any:
    """The public list's own answer; None for a model that is not on it. Loaded late: it takes a quarter second."""
    library = importlib.import_module("genai_prices")
    try:
        return library.calc_price(library.Usage(**usage), model_ref=model, provider_id=provider)
    except LookupError:
        return None


def _bare(model: str) -> str:
    return model.partition(":")[2] or model


_PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "google_genai": "google", "mistralai": "mistral"}
"""LangChain's name of a provider, and the list's."""


def _provider(model: str) -> str | None:
    kind, colon, _ = model.partition(":")
    return _PROVIDERS.get(kind) if colon else None
