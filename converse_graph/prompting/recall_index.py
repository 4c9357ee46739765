"""An index of what parties could recall, on LangGraph's store: a namespace for each run and party.

The index is no record. It is made anew from the ledgers, and from the vectors that the journal keeps, so that a run
that is resumed, forked or replayed finds the same.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from array import array
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol

from langgraph.store.base import BaseStore, IndexConfig
from langgraph.store.memory import InMemoryStore

from converse_graph.models.base import Message, Response
from converse_graph.models.embeddings import EmbeddingFailed, Vector, decode_vectors
from converse_graph.prompting.recall_ranking import CueScores
from converse_graph.record.call_paths import Provenance

AT_ONCE = 128
"""Sentences in one call of an embedder; servers take no more than some hundreds."""


class EmbeddingCall(Protocol):
    """A call of an embedder as the journal has it."""

    @property
    def place(self) -> str:
        """Where in the run it was made."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The sentences."""

    @property
    def schema(self) -> dict[str, Any]:
        """With the name of the embedder, as `form_of` has it."""

    @property
    def reply(self) -> Response:
        """With the vectors, as `encode_vectors` made a text of them; or with what went wrong."""

    @property
    def accepted(self) -> bool:
        """Whether there are vectors."""


MOST_SENTENCES = 12
"""Of one record; what is beyond counts as one."""

_TAG = re.compile(r"</?[a-z]+(?: [a-z]+=\"[^\"]*\")*>")
"""What a message is put between. In what somebody said there is none, for `<` is escaped there."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")

Namespace = tuple[str, str]
"""A run and a party: nobody's past is searched but one's own."""

Embed = Callable[[Sequence[Message]], Awaitable[tuple[Vector, ...]]]
"""Has an embedder turn sentences into vectors, and keeps them; raises `EmbeddingFailed` where it cannot."""


def form_of(embedder: str) -> dict[str, Any]:
    """What stands for a schema in the journal of an embedder's call: which embedder it was."""
    return {"title": "embeddings", "embedder": embedder}


@lru_cache(maxsize=16_384)
def sentences_of(message: Message) -> tuple[Message, ...]:
    """What is embedded of a message: each sentence by itself, for a fact lies in one and drowns in the rest.

    Marks are left out, and with them who said it and when; they are the same for every sentence.
    """
    words = html.unescape(_TAG.sub("", message.text))
    pieces = [piece for piece in map(str.strip, _SENTENCE_END.split(words)) if piece]
    first, rest = pieces[:MOST_SENTENCES], " ".join(pieces[MOST_SENTENCES:])
    source = str(Provenance.parse(message.source).sentence())
    return tuple(replace(message, text=piece, source=source) for piece in [*first, *([rest] if rest else [])])


class RecallIndex:
    """Vectors of texts, each had once, and a store that searches them."""

    def __init__(self, calls: Iterable[EmbeddingCall] = (), failures: Iterable[EmbeddingCall] = ()) -> None:
        """Take what was embedded before.

        Args:
            calls: Calls with vectors: of the run, and of those that it was forked from or replays.
            failures: Calls without, of the run itself or the one that it replays: they stay as they are.
        """
        self._vectors: dict[tuple[str, bytes], Vector] = {}
        self._sizes: dict[str, int] = {}
        self._asked_for: dict[tuple[str, bytes], asyncio.Future[None]] = {}
        self._stores: dict[str, BaseStore] = {}
        self._put: dict[tuple[str, Namespace], set[bytes]] = {}
        self._failed = {call.place: str(json.loads(call.reply.text)["failed"]) for call in failures}
        for call in calls:
            self._keep(call.schema["embedder"], call.messages, decode_vectors(call.reply.text))

    async def likenesses(
        self,
        embedder: str,
        whose: Namespace,
        records: Sequence[Message],
        cues: Sequence[tuple[Message, float]],
        place: str,
        embed: Embed,
    ) -> list[CueScores]:
        """How near each record comes to what is talked of: by the nearest of its sentences.

        Args:
            embedder: By its name.
            whose: Whose past is searched.
            records: That it could recall.
            cues: Sentences of what is talked of, and how much each counts; of the same twice the last.
            place: Where in the run this is asked.
            embed: Has sentences embedded that were not before.

        Returns:
            Cosines by the sources of the records, for each different cue.

        Raises:
            EmbeddingFailed: The embedder has failed, now or when the same was asked at this place.
        """
        if place in self._failed:
            raise EmbeddingFailed(self._failed[place])
        digests_of = {message.source: [_digest(piece.text) for piece in sentences_of(message)] for message in records}
        pieces = {_digest(piece.text): piece for message in records for piece in sentences_of(message)}
        await self._learn(embedder, [*pieces.values(), *(cue for cue, _ in cues)], embed)
        store = self._store(embedder)
        for digest in pieces.keys() - self._put.setdefault((embedder, whose), set()):
            # One at a time: a batch in which two items have the same text is refused by LangGraph's store.
            await store.aput(whose, digest.hex(), {"text": pieces[digest].text})
            self._put[embedder, whose].add(digest)
        every = len(self._put[embedder, whose])
        scores = []
        for text, weight in {cue.text: weight for cue, weight in cues}.items():
            if not any(self._vectors[embedder, _digest(text)]):
                continue  # of nothing but common words: near to nothing
            items = await store.asearch(whose, query=text, limit=every)
            cosines = {item.key: item.score for item in items if item.score is not None}
            near = {
                name: max(cosines[digest.hex()] for digest in digests)
                for name, digests in digests_of.items()
                if digests
            }
            scores.append(CueScores(weight=weight, cosines=near))
        return scores

    async def _learn(self, embedder: str, messages: Sequence[Message], embed: Embed) -> None:
        """Have vectors for these messages; what somebody else is asking for is waited for, not asked for twice."""
        names = {(embedder, _digest(message.text)): message for message in messages}
        while missing := {name: message for name, message in names.items() if name not in self._vectors}:
            mine = {name: message for name, message in missing.items() if name not in self._asked_for}
            if mine:
                await self._ask(embedder, mine, embed)
            else:
                await asyncio.wait({self._asked_for[name] for name in missing})

    async def _ask(self, embedder: str, missing: Mapping[tuple[str, bytes], Message], embed: Embed) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked_for |= dict.fromkeys(missing, future)
        try:
            waiting = list(missing.values())
            for messages in (waiting[first : first + AT_ONCE] for first in range(0, len(waiting), AT_ONCE)):
                if not self._keep(embedder, messages, await embed(messages)):
                    raise EmbeddingFailed(f"the embedder {embedder} gave vectors of another size than before")
        finally:
            for name in missing:
                del self._asked_for[name]
            future.set_result(None)

    def _keep(self, embedder: str, messages: Sequence[Message], vectors: Sequence[Vector]) -> bool:
        """Take vectors, unless they are of another size than those that the embedder gave before."""
        size = self._sizes.setdefault(embedder, len(vectors[0]))
        if any(len(vector) != size for vector in vectors):
            return False
        self._vectors |= {
            (embedder, _digest(message.text)): vector for message, vector in zip(messages, vectors, strict=True)
        }
        return True

    def _store(self, embedder: str) -> BaseStore:
        """LangGraph's store for the vectors of one embedder, which it looks up here and asks nobody for."""
        if embedder not in self._stores:

            async def look_up(texts: Sequence[str]) -> list[Any]:
                # Arrays, for the store makes one of them all in each search: of lists that takes six times as long.
                return [array("d", self._vectors[embedder, _digest(text)]) for text in texts]

            index = IndexConfig(dims=self._sizes[embedder], embed=look_up, fields=["text"])
            self._stores[embedder] = InMemoryStore(index=index)
        return self._stores[embedder]


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()
