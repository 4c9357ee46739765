"""The models of a run: from what a user writes to an adapter, one for each reference."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Hashable, Mapping
from typing import Any, Self

from converse_graph.errors import InvalidValue, NotFound, UsageError
from converse_graph.models import local, providers
from converse_graph.models.addresses import check_key
from converse_graph.models.base import Model
from converse_graph.models.defaults import base_url_of, default_model, fetch_context_window
from converse_graph.models.embedders import make_embedder
from converse_graph.models.embeddings import Embedder
from converse_graph.models.human import HumanModel
from converse_graph.models.langchain import LangChainModel
from converse_graph.models.langchain_wrappers import is_chat_model
from converse_graph.models.local import EMBEDDED, LocalModel
from converse_graph.models.null import NullModel
from converse_graph.models.openai_compatible import OpenAICompatibleModel
from converse_graph.models.prices import Prices, context_window_of
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.rate_limit import limits_for
from converse_graph.models.references import SEPARATOR, one_by_one, reference_key
from converse_graph.models.settings import EMBEDDED as EMBEDDED_SETTINGS
from converse_graph.models.settings import SERVED, LearntWindow

REFERENCE_FORMS = (
    "embedded",
    "null",
    "null:SECONDS",
    "openai:NAME",
    "PROVIDER:NAME",
    "NAME with a base URL",
    "several: a,b",
)
"""The forms of a model reference."""

AWAY_SECONDS = 300.0
"""How long a model that was not reached is asked last, where others stand in for it."""


class ModelRegistry:
    """The models of a run.

    A reference is None (the run's own model), one of the forms in `REFERENCE_FORMS`, a LangChain chat model object, any
    object with the port's `complete`, or several of these in a list, of which the next stands in for one that refuses
    or stays away.
    """

    def __init__(
        self,
        default: Any = None,
        base_url: str | None = None,
        environ: Mapping[str, str] = os.environ,
        *,
        prices: Prices | None = None,
        window: int | None = None,
        learnt: Mapping[str, LearntWindow] | None = None,
    ) -> None:
        """Nothing is resolved before it is asked for.

        Args:
            default: The run's own model: a reference; None for what `default_model` says.
            base_url: An OpenAI-compatible server; None for OPENAI_BASE_URL.
            environ: Where keys and settings are looked up.
            prices: What calls are charged by; None for the public list.
            window: Tokens that the run's own model takes, prompt and reply together; None for what is known of it.
            learnt: What is known already of how much servers take, by the names of models.
        """
        self.learnt = dict(learnt or {})
        """What servers have taught by their refusals, by the names of models."""
        self.prices = prices or Prices()
        self._window = window
        self._default = default
        self._environ = environ
        self.given_base_url = base_url
        """As it was given; None where the environment's counts."""
        self._base_url = base_url_of(environ, base_url)
        self._chats: dict[Hashable, tuple[Any, Model]] = {}
        self._several: dict[Hashable, tuple[Model, ...]] = {}
        self._away_until: dict[Hashable, float] = {}
        self._embedders: dict[Hashable, tuple[Any, Embedder]] = {}

    @property
    def default_name(self) -> str:
        """How the run's own model is named; of several, all names."""
        return self.name_of()

    def get(self, reference: Any = None) -> Model:
        """The model that a reference names, of several the first; the same one each time.

        Args:
            reference: As `all_of` takes it.

        Raises:
            NotFound: It is no form of reference.
            UsageError: What it needs (a key, a package, a base URL) is missing.
        """
        return self.all_of(reference)[0]

    def all_of(self, reference: Any = None) -> tuple[Model, ...]:
        """The models that a reference names, in the order in which they are asked; mostly one.

        Args:
            reference: None for the run's own, a form of `REFERENCE_FORMS`, or an object.

        Raises:
            NotFound: It is no form of reference.
            UsageError: What it needs (a key, a package, a base URL) is missing.
        """
        key = reference_key(reference)
        if key not in self._several:
            if reference is None:
                if self._default is None:
                    self._default = default_model(self._environ, self._base_url)
                reference = self._default
            first, *others = one_by_one(reference)
            is_own = reference_key(reference) == reference_key(self._default)
            self._several[key] = (self._one(first, is_own=is_own), *(self._one(other) for other in others))
        return self._several[key]

    def in_turn(self, reference: Any = None) -> list[Model]:
        """The models that a reference names, in the order in which they are asked now: those that stay away go last.

        Args:
            reference: As `get` takes it.
        """
        now = time.monotonic()
        return sorted(self.all_of(reference), key=lambda chat: self._away_until.get(reference_key(chat), now) > now)

    def stays_away(self, chat: Model) -> None:
        """Ask a model after those that stand in for it, for a while: each try of one that is not reached takes long.

        Args:
            chat: The model.
        """
        self._away_until[reference_key(chat)] = time.monotonic() + AWAY_SECONDS

    def with_window(self, window: int | None) -> Self:
        """Return the same models, where the run's own takes that many tokens unless its window was given before.

        Args:
            window: Prompt and reply together; None for what is known of it.
        """
        if window is None or self._window is not None:
            return self
        other = copy.copy(self)
        other._window = window
        other._chats, other._several, other._away_until, other._embedders = {}, {}, {}, {}
        return other

    def name_of(self, reference: Any = None) -> str:
        """How a model is named; of several all names, with commas between them.

        Args:
            reference: As `get` takes it.
        """
        return SEPARATOR.join(chat.model for chat in self.all_of(reference))

    def _one(self, reference: Any, *, is_own: bool = False) -> Model:
        key = reference_key(reference)
        if key not in self._chats:
            self._chats[key] = (reference, self._settled(reference, self._resolve(reference), is_own=is_own))
        return self._chats[key][1]

    def embedder(self, reference: Any) -> Embedder:
        """The embedder that a reference names; the same one each time.

        Args:
            reference: As `Recall.embedder` takes it.

        Raises:
            NotFound: It is no form of reference.
            UsageError: What it needs (a key, a package, a base URL) is missing.
        """
        key = reference_key(reference)
        if key not in self._embedders:
            self._embedders[key] = (reference, make_embedder(reference, self._base_url, self._environ))
        return self._embedders[key][1]

    async def close(self) -> None:
        """Close them all; those that were passed in as port objects are left to who made them."""
        entries: list[tuple[Any, Model | Embedder]] = [*self._chats.values(), *self._embedders.values()]
        self._chats, self._several, self._embedders = {}, {}, {}
        for reference, adapter in entries:
            if adapter is not reference:
                await adapter.close()

    def _settled(self, reference: Any, chat: Model, *, is_own: bool) -> Model:
        """The same model, which knows how many tokens it takes where we do, and how much it may be asked for."""
        if isinstance(chat, OpenAICompatibleModel | LangChainModel):
            chat.limits = limits_for(self._environ)
            chat.shown_window = self.learnt.get(chat.model, LearntWindow()).reported
        window = self._window if is_own else None
        if window is None and isinstance(reference, str) and isinstance(chat, OpenAICompatibleModel) and self._base_url:
            window = fetch_context_window(self._base_url, self._environ.get("OPENAI_API_KEY"), chat.remote_name)
        if window is None and chat.window is None and isinstance(chat, OpenAICompatibleModel | LangChainModel):
            window = context_window_of(chat.model)
        if window is not None and isinstance(chat, OpenAICompatibleModel | LangChainModel):
            chat.window = window
        return chat

    def _resolve(self, reference: Any) -> Model:
        if isinstance(reference, str):
            return self._build(reference)
        if hasattr(reference, "complete"):
            model: Model = reference
            return model
        if is_chat_model(reference):
            return LangChainModel(reference)
        raise InvalidValue(
            f"{type(reference).__name__} is no model; pass one of {', '.join(REFERENCE_FORMS)}, or a LangChain chat "
            "model."
        )

    def _build(self, reference: str) -> Model:
        kind, colon, name = reference.partition(":")
        match kind:
            case "null":
                return NullModel(latency=_latency(reference, name) if colon else 0.0)
            case "human" if not colon:
                return HumanModel()
            case "embedded" if not colon:
                return LocalModel()
            case "openai" if name:
                return self._openai(reference, name)
        if name and kind in providers.PROVIDERS:
            self._check_keys(kind)
            return LangChainModel(providers.make_chat_model(kind, name), reference, is_ours=True)
        if self._base_url and reference:
            # A colon may be part of the name at a server of one's own, as in "llama3.2:1b".
            return OpenAICompatibleModel(reference, self._base_url, self._environ.get("OPENAI_API_KEY"))
        if name and providers.langchain_is_installed():
            return LangChainModel(providers.make_chat_model(kind, name), reference, is_ours=True)
        forms = [*REFERENCE_FORMS[:-3], f"PROVIDER:NAME ({', '.join(providers.PROVIDERS)})", *REFERENCE_FORMS[-2:]]
        raise NotFound.among("model", reference, forms)

    def _check_keys(self, provider: str) -> None:
        """Refuse a provider's key that cannot be one, where it is in the environment."""
        for name, key in self._environ.items():
            if key and name.endswith("_API_KEY") and name.startswith(provider.partition("_")[0].upper()):
                check_key(name, key)

    def _openai(self, reference: str, name: str) -> Model:
        key = self._environ.get("OPENAI_API_KEY")
        if not key and not self._base_url:
            raise UsageError(
                f"{reference} needs a key: set OPENAI_API_KEY, or name a server with --base-url, or choose "
                f"--model {EMBEDDED}."
            )
        return OpenAICompatibleModel(name, self._base_url, key, name=reference)


def describe_models(environ: Mapping[str, str] = os.environ) -> list[dict[str, Any]]:
    """What can be asked here: for each kind of model its `name`, whether it is `available`, and a `note`."""
    key, base_url = bool(environ.get("OPENAI_API_KEY")), base_url_of(environ, None)
    temperature = f"; temperature {SERVED.temperature} unless --option says otherwise"
    rows = [
        {
            "name": EMBEDDED,
            "available": local.is_installed(),
            "note": f"{local.SERVED_AS}, in this process, free, at temperature {EMBEDDED_SETTINGS.temperature}; expect "
            "simple and often odd prose"
            if local.is_installed()
            else f"needs: {local.INSTALL}",
        },
        {"name": "null", "available": True, "note": "no language model: seeded chance; null:SECONDS takes that long"},
        {
            "name": "openai:NAME",
            "available": key or base_url is not None,
            "note": (f"at {base_url}" if base_url else "OPENAI_API_KEY is set" if key else "needs OPENAI_API_KEY")
            + temperature,
        },
        {
            "name": "NAME",
            "available": base_url is not None,
            "note": (f"at {base_url}" if base_url else "at any OpenAI-compatible server: needs --base-url")
            + temperature,
        },
    ]
    for provider in providers.PROVIDERS:
        here = providers.is_installed(provider)
        needs = f"needs: pip install {providers.package_of(provider)}"
        note = "its package is installed; it wants its own key" if here else needs
        rows.append({"name": f"{provider}:NAME", "available": here, "note": note})
    return rows


def _latency(reference: str, seconds: str) -> float:
    try:
        latency = float(seconds)
    except ValueError:
        latency = -1.0
    if not 0 <= latency < float("inf"):
        raise InvalidValue(f"{reference!r}: the latency is in seconds, 0 or more, as in null:0.05.")
    return latency


__all__ = ["REFERENCE_FORMS", "ModelRegistry", "default_model", "describe_models", "profile_of"]
