"""The models of a run: from what a user writes to an adapter, one for each reference."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from converse_graph.errors import InvalidValue, UnknownName, UsageError
from converse_graph.models import local, providers
from converse_graph.models.addresses import check_key
from converse_graph.models.base import Chat
from converse_graph.models.defaults import base_url_of, default_model, window_at
from converse_graph.models.embedders import make_embedder
from converse_graph.models.embeddings import Embedder
from converse_graph.models.langchain import LangChainChat
from converse_graph.models.local import EMBEDDED, EmbeddedChat
from converse_graph.models.null import NullChat
from converse_graph.models.openai_compatible import OpenAICompatibleChat
from converse_graph.models.prices import Prices, window_of
from converse_graph.models.prompt_profiles import profile_of
from converse_graph.models.rate_limit import limits_of

GRAMMAR = ("embedded", "null", "null:SECONDS", "openai:NAME", "PROVIDER:NAME", "NAME with a base URL")
"""The forms of a model reference."""


class Chats:
    """The models of a run.

    A reference is None (the run's own model), one of the forms in `GRAMMAR`, a LangChain chat model object, or any
    object with the port's `complete`.
    """

    def __init__(
        self,
        default: Any = None,
        base_url: str | None = None,
        environ: Mapping[str, str] = os.environ,
        *,
        prices: Prices | None = None,
        window: int | None = None,
    ) -> None:
        """Nothing is resolved before it is asked for.

        Args:
            default: The run's own model: a reference; None for what `default_model` says.
            base_url: An OpenAI-compatible server; None for OPENAI_BASE_URL.
            environ: Where keys and settings are looked up.
            prices: What calls are charged by; None for the public list.
            window: Tokens that the run's own model takes, prompt and reply together; None for what is known of it.
        """
        self.prices = prices or Prices()
        self._window = window
        self._default = default
        self._environ = environ
        self._base_url = base_url_of(environ, base_url)
        self._kept: dict[Any, tuple[Any, Chat]] = {}
        self._embedders: dict[Any, tuple[Any, Embedder]] = {}

    @property
    def default_name(self) -> str:
        """How the run's own model is named."""
        return self.get().model

    def get(self, reference: Any = None) -> Chat:
        """The model that a reference names; the same one each time.

        Raises:
            UnknownName: It is no form of reference.
            UsageError: What it needs (a key, a package, a base URL) is missing.
        """
        if reference is None:
            if self._default is None:
                self._default = default_model(self._environ, self._base_url)
            reference = self._default
        key = reference if isinstance(reference, str) else id(reference)
        if key not in self._kept:
            # The reference is kept too: an id stands for an object only as long as the object is there.
            self._kept[key] = (reference, self._settled(reference, self._resolve(reference)))
        return self._kept[key][1]

    def embedder(self, reference: Any) -> Embedder:
        """The embedder that a reference names; the same one each time.

        Raises:
            UnknownName: It is no form of reference.
            UsageError: What it needs (a key, a package, a base URL) is missing.
        """
        key = reference if isinstance(reference, str) else id(reference)
        if key not in self._embedders:
            self._embedders[key] = (reference, make_embedder(reference, self._base_url, self._environ))
        return self._embedders[key][1]

    async def close(self) -> None:
        """Close them all; those that were passed in as port objects are left to who made them."""
        kept: list[tuple[Any, Chat | Embedder]] = [*self._kept.values(), *self._embedders.values()]
        self._kept, self._embedders = {}, {}
        for reference, made in kept:
            if made is not reference:
                await made.close()

    def _settled(self, reference: Any, chat: Chat) -> Chat:
        """The same model, which knows how many tokens it takes where we do, and how much it may be asked for."""
        if isinstance(chat, OpenAICompatibleChat | LangChainChat):
            chat.limits = limits_of(self._environ)
        window = self._window if reference is self._default else None
        if window is None and isinstance(reference, str) and isinstance(chat, OpenAICompatibleChat) and self._base_url:
            window = window_at(self._base_url, self._environ.get("OPENAI_API_KEY"), chat.served_as)
        if window is None and chat.window is None and isinstance(chat, OpenAICompatibleChat | LangChainChat):
            window = window_of(chat.model)
        if window is not None and isinstance(chat, OpenAICompatibleChat | LangChainChat):
            chat.window = window
        return chat

    def _resolve(self, reference: Any) -> Chat:
        if isinstance(reference, str):
            return self._named(reference)
        if hasattr(reference, "complete"):
            given: Chat = reference
            return given
        if isinstance(reference, importlib.import_module("langchain_core.language_models").BaseChatModel):
            return LangChainChat(reference)
        raise InvalidValue(
            f"{type(reference).__name__} is no model; pass one of {', '.join(GRAMMAR)}, or a LangChain chat model."
        )

    def _named(self, reference: str) -> Chat:
        kind, colon, name = reference.partition(":")
        match kind:
            case "null":
                return NullChat(latency=_latency(reference, name) if colon else 0.0)
            case "embedded" if not colon:
                return EmbeddedChat()
            case "openai" if name:
                return self._openai(reference, name)
        if name and kind in providers.PROVIDERS:
            self._check_keys(kind)
            return LangChainChat(providers.make_chat_model(kind, name), reference)
        if self._base_url and reference:
            # A colon may be part of the name at a server of one's own, as in "llama3.2:1b".
            return OpenAICompatibleChat(reference, self._base_url, self._environ.get("OPENAI_API_KEY"))
        if name and providers.langchain_is_installed():
            return LangChainChat(providers.make_chat_model(kind, name), reference)
        known = [*GRAMMAR[:-2], f"PROVIDER:NAME ({', '.join(providers.PROVIDERS)})", GRAMMAR[-1]]
        raise UnknownName.among("model", reference, known)

    def _check_keys(self, provider: str) -> None:
        """Refuse a provider's key that cannot be one, where it is in the environment."""
        for name, key in self._environ.items():
            if key and name.endswith("_API_KEY") and name.startswith(provider.partition("_")[0].upper()):
                check_key(name, key)

    def _openai(self, reference: str, name: str) -> Chat:
        key = self._environ.get("OPENAI_API_KEY")
        if not key and not self._base_url:
            raise UsageError(
                f"{reference} needs a key: set OPENAI_API_KEY, or name a server with --base-url, or choose "
                f"--model {EMBEDDED}."
            )
        return OpenAICompatibleChat(name, self._base_url, key, name=reference)


def describe_models(environ: Mapping[str, str] = os.environ) -> list[dict[str, Any]]:
    """What can be asked here: for each kind of model its `name`, whether it is `available`, and a `note`."""
    key, base_url = bool(environ.get("OPENAI_API_KEY")), base_url_of(environ, None)
    told = [
        {
            "name": EMBEDDED,
            "available": local.is_installed(),
            "note": f"{local.SERVED_AS}, in this process, free; expect simple and often odd prose"
            if local.is_installed()
            else f"needs: {local.INSTALL}",
        },
        {"name": "null", "available": True, "note": "no language model: seeded chance; null:SECONDS takes that long"},
        {
            "name": "openai:NAME",
            "available": key or base_url is not None,
            "note": f"at {base_url}" if base_url else "OPENAI_API_KEY is set" if key else "needs OPENAI_API_KEY",
        },
        {
            "name": "NAME",
            "available": base_url is not None,
            "note": f"at {base_url}" if base_url else "at any OpenAI-compatible server: needs --base-url",
        },
    ]
    for provider in providers.PROVIDERS:
        here = providers.is_installed(provider)
        needs = f"needs: pip install {providers.package_of(provider)}"
        note = "its package is installed; it wants its own key" if here else needs
        told.append({"name": f"{provider}:NAME", "available": here, "note": note})
    return told


def _latency(reference: str, seconds: str) -> float:
    try:
        latency = float(seconds)
    except ValueError:
        latency = -1.0
    if not 0 <= latency < float("inf"):
        raise InvalidValue(f"{reference!r}: the latency is in seconds, 0 or more, as in null:0.05.")
    return latency


__all__ = ["GRAMMAR", "Chats", "default_model", "describe_models", "profile_of"]
