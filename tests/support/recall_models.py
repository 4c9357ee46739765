"""Models and embedders for tests of recall: one that says given words at given places, ones that count and fail."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from converse_graph import Memory, Organisation, Recall, Request, Response, Scenario
from converse_graph.models.base import PromptProfile
from converse_graph.models.embedders import HashingEmbedder
from converse_graph.models.embeddings import EmbeddingResult
from tests.support.small_scenarios import CountingChat, table


class Speaking(CountingChat):
    """The null model, told what a large one is told, which keeps every request and says given words at given places."""

    profile: PromptProfile = "large"

    def __init__(self, words: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.requests: list[Request] = []
        self._words = words or {}

    async def complete(self, request: Request) -> Response:
        self.requests.append(request)
        reply = await super().complete(request)
        if request.place in self._words:
            said = {**json.loads(reply.text), "statement": self._words[request.place]}
            return dataclasses.replace(reply, text=json.dumps(said))
        return reply

    def told(self, place: str) -> list[str]:
        """The sources of the prompt at a place."""
        return [part.source for part in next(request for request in self.requests if request.place == place).messages]


class Counting(HashingEmbedder):
    """The embedder of shared words as one that is paid for: it notes every text, and may fail at some of its calls."""

    model = "counted"
    instant = False
    free = False

    def __init__(self, fails: Callable[[int], BaseException | None] = lambda number: None) -> None:
        self.texts: list[str] = []
        self.calls = 0
        self._fails = fails

    async def embed(self, texts: Sequence[str]) -> EmbeddingResult:
        self.calls += 1
        if error := self._fails(self.calls):
            raise error
        self.texts += texts
        made = await super().embed(texts)
        return dataclasses.replace(made, tokens=sum(len(text.split()) for text in texts), usd=0.001)


def recalling(*parties: Organisation | str, rounds: int = 10, **more: Any) -> Scenario:
    """A table whose parties recall; `recall` are settings of that, the rest of the scenario."""
    recall = Recall(**more.pop("recall", {}))
    return table(*(parties or ("Alpha", "Beta")), rounds=rounds, memory=Memory(recall=recall), **more)


def recalled(sources: Sequence[str]) -> list[str]:
    """The records that a prompt reminds of."""
    return [source.removeprefix("recalled/") for source in sources if source.startswith("recalled/")]
