"""Answers from a journal instead of a model: a run again, with nothing paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from converse_graph.errors import ProviderRefused, RunPaused
from converse_graph.models.base import Model, PromptProfile, Request, Response
from converse_graph.models.embedders import HERE
from converse_graph.models.embeddings import Embedder, EmbeddingResult
from converse_graph.models.langchain import name_of
from converse_graph.models.references import SEPARATOR
from converse_graph.models.registry import ModelRegistry


class ReplyLookup(Protocol):
    """What is needed of a journal."""

    def recall(self, request: Request) -> Response | None:
        """The reply that this very request had, if it was ever completed."""

    def has_answered(self, request: Request) -> bool:
        """Whether this very request was ever completed."""


class ReplayModel:
    """Gives each request the reply that it had."""

    repeatable = True

    def __init__(self, journal: ReplyLookup, model: str, profile: PromptProfile, window: int | None) -> None:
        """Answer from a journal, as the model of that name did, which was prompted like this."""
        self._journal, self._model = journal, model
        self.profile, self.window = profile, window

    @property
    def model(self) -> str:
        """The model that answered then."""
        return self._model

    def has_answered(self, request: Request) -> bool:
        """Whether the journal has a reply to this very request."""
        return self._journal.has_answered(request)

    async def complete(self, request: Request) -> Response:
        """Look the reply up.

        Raises:
            ProviderRefused: The journal has none: the run had not come so far, or its prompts were others.
        """
        reply = self._journal.recall(request)
        if reply is None:
            raise ProviderRefused(
                f"The journal ends at {request.place}: the run that is replayed had not come further."
            )
        if request.on_delta:
            request.on_delta(reply.text)
        return replace(reply, usd=0.0)

    async def close(self) -> None:
        """Nothing to let go of."""


class ReplayEmbedder:
    """An embedder whose vectors are all in the journal."""

    instant = False
    free = True
    repeatable = True

    def __init__(self, model: str) -> None:
        """Stand for the embedder of that name."""
        self.model = model

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        """Have none to give.

        Raises:
            RunPaused: Always: the run that is replayed had not come so far.
        """
        raise RunPaused(f"The journal has no embeddings of {len(texts)} texts: the run had not come so far.")

    async def close(self) -> None:
        """Nothing to let go of."""


class PromptedModel(Protocol):
    """How a model was prompted."""

    @property
    def profile(self) -> PromptProfile:
        """Which set of prompts it had."""

    @property
    def window(self) -> int | None:
        """How many tokens it took: what is told in parts, and what is summed up when, depend on this."""


class ReplayRegistry(ModelRegistry):
    """The models of a run that is replayed; whatever is asked for, the journal answers."""

    def __init__(self, journal: ReplyLookup, model: str, profiles: Mapping[str, PromptedModel]) -> None:
        """Answer from a journal.

        Args:
            journal: Of the run that is replayed.
            model: The run's own, as its header names it.
            profiles: How each model was prompted, by its name.
        """
        super().__init__(model)
        self._journal, self._model, self._profiles = journal, model, profiles
        self._voices: dict[str, ReplayModel] = {}

    @property
    def default_name(self) -> str:
        """How the run's own model was named."""
        return self._model

    def all_of(self, reference: Any = None) -> tuple[Model, ...]:
        """The journal, in the voice of each model that a reference names."""
        names = self._model if reference is None else name_of(reference)
        return tuple(self._voice(name.strip()) for name in names.split(SEPARATOR))

    def _voice(self, name: str) -> ReplayModel:
        if name not in self._voices:
            profile = self._profiles.get(name) or self._profiles[self._model.partition(SEPARATOR)[0]]
            self._voices[name] = ReplayModel(self._journal, name, profile.profile, profile.window)
        return self._voices[name]

    def embedder(self, reference: Any) -> Embedder:
        """The embedder that a reference names where it costs nothing; else the journal in its place."""
        if isinstance(reference, str) and reference in HERE:
            return super().embedder(reference)
        return ReplayEmbedder(reference if isinstance(reference, str) else name_of(reference))
