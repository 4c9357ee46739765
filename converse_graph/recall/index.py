"""An index of what parties could recall, on LangGraph's store: a namespace for each run and party.

The index is no record. It is made anew from the ledgers, and from the vectors that the journal keeps, so that a run
that is resumed, forked or replayed finds the same.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol

from langgraph.store.base import BaseStore, IndexConfig, PutOp, SearchItem, SearchOp
from langgraph.store.memory import InMemoryStore

from converse_graph.chat.embedding import NoVectors, Vector, unpacked
from converse_graph.chat.port import Part, Reply

TASK = "embed"
"""The last step of the place of a call of an embedder."""

MOST_KEPT = 50_000
"""Texts that a process keeps vectors of; beyond, it begins anew. A run of 400 rounds has a few thousand."""


class EmbeddingCall(Protocol):
    """A call of an embedder as the journal has it."""

    @property
    def place(self) -> str:
        """Where in the run it was made."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The texts."""

    @property
    def schema(self) -> dict[str, Any]:
        """With the name of the embedder, as `form_of` has it."""

    @property
    def reply(self) -> Reply:
        """With the vectors, as `packed` made a text of them; or with what went wrong."""

    @property
    def accepted(self) -> bool:
        """Whether there are vectors."""


_TAG = re.compile(r"</?[a-z]+(?: [a-z]+=\"[^\"]*\")*>")
"""What a part is put between. In what somebody said there is none, for `<` is escaped there."""
_VALUE = re.compile(r"=\"([^\"]*)\"")

Namespace = tuple[str, str]
"""A run and a party: nobody's past is searched but one's own."""

Embed = Callable[[Sequence[Part]], Awaitable[tuple[Vector, ...]]]
"""Has an embedder turn parts into vectors, and keeps them; raises `NoVectors` where it cannot."""


def form_of(embedder: str) -> dict[str, Any]:
    """What stands for a schema in the journal of an embedder's call: which embedder it was."""
    return {"title": "embeddings", "embedder": embedder}


def text_of(part: Part) -> str:
    """What is embedded of a part: its words, with who said them and when, without the marks around."""
    return html.unescape(_TAG.sub(lambda tag: " ".join(_VALUE.findall(tag[0])), part.text)).strip()


class RecallIndex:
    """Vectors of texts, each had once, and a store that searches them."""

    def __init__(self, kept: Iterable[EmbeddingCall] = (), failed: Iterable[EmbeddingCall] = ()) -> None:
        """Take what was embedded before.

        Args:
            kept: Calls with vectors: of the run, and of those that it was forked from or replays.
            failed: Calls without, of the run itself or the one that it replays: they stay as they are.
        """
        self._vectors: dict[tuple[str, bytes], Vector] = {}
        self._sizes: dict[str, int] = {}
        self._asked_for: dict[tuple[str, bytes], asyncio.Future[None]] = {}
        self._stores: dict[str, BaseStore] = {}
        self._put: set[tuple[str, Namespace, bytes]] = set()
        self._failed = {call.place: str(json.loads(call.reply.text)["failed"]) for call in failed}
        for call in kept:
            self._keep(call.schema["embedder"], call.parts, unpacked(call.reply.text))

    async def nearness(
        self, embedder: str, whose: Namespace, records: Sequence[Part], cues: Sequence[Part], place: str, embed: Embed
    ) -> dict[str, float]:
        """How near each record comes to what is talked of: the greatest cosine with any of the cues, by its source.

        Args:
            embedder: By its name.
            whose: Whose past is searched.
            records: That it could recall.
            cues: What is talked of.
            place: Where in the run this is asked.
            embed: Has texts embedded that were not before.

        Raises:
            NoVectors: The embedder has failed, now or when the same was asked at this place.
        """
        if place in self._failed:
            raise NoVectors(self._failed[place])
        await self._learn(embedder, [*records, *cues], embed)
        store = self._store(embedder)
        new = [part for part in _once(records) if (embedder, whose, _key(part)) not in self._put]
        await store.abatch([PutOp(whose, _key(part).hex(), {"text": text_of(part)}) for part in new])
        self._put |= {(embedder, whose, _key(part)) for part in new}
        wanted, every = {_key(part).hex() for part in records}, len(self._put)
        found = await store.abatch([SearchOp(whose, limit=every, query=text_of(cue)) for cue in _once(cues)])
        best: dict[str, float] = {}
        for item in (item for items in found if isinstance(items, list) for item in items):
            if isinstance(item, SearchItem) and item.key in wanted and item.score is not None:
                best[item.key] = max(item.score, best.get(item.key, -1.0))
        return {part.source: best[key] for part in records if (key := _key(part).hex()) in best}

    async def _learn(self, embedder: str, parts: Sequence[Part], embed: Embed) -> None:
        """Have vectors for these parts; what somebody else is asking for is waited for, not asked for twice."""
        if len(self._vectors) > MOST_KEPT:
            self._vectors, self._stores, self._put = {}, {}, set()
        names = {(embedder, _key(part)): part for part in parts}
        while missing := {name: part for name, part in names.items() if name not in self._vectors}:
            mine = {name: part for name, part in missing.items() if name not in self._asked_for}
            if mine:
                await self._ask(embedder, mine, embed)
            else:
                await asyncio.wait({self._asked_for[name] for name in missing})

    async def _ask(self, embedder: str, missing: Mapping[tuple[str, bytes], Part], embed: Embed) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked_for |= dict.fromkeys(missing, done)
        try:
            parts = list(missing.values())
            vectors = await embed(parts)
            if not self._keep(embedder, parts, vectors):
                raise NoVectors(f"the embedder {embedder} gave vectors of another size than before")
        finally:
            for name in missing:
                del self._asked_for[name]
            done.set_result(None)

    def _keep(self, embedder: str, parts: Sequence[Part], vectors: Sequence[Vector]) -> bool:
        """Take vectors, unless they are of another size than those that the embedder gave before."""
        size = self._sizes.setdefault(embedder, len(vectors[0]))
        if any(len(vector) != size for vector in vectors):
            return False
        self._vectors |= {(embedder, _key(part)): vector for part, vector in zip(parts, vectors, strict=True)}
        return True

    def _store(self, embedder: str) -> BaseStore:
        """LangGraph's store for the vectors of one embedder, which it looks up here and asks nobody for."""
        if embedder not in self._stores:

            async def look_up(texts: Sequence[str]) -> list[list[float]]:
                return [list(self._vectors[embedder, _digest(text)]) for text in texts]

            index = IndexConfig(dims=self._sizes[embedder], embed=look_up, fields=["text"])
            self._stores[embedder] = InMemoryStore(index=index)
        return self._stores[embedder]


def _key(part: Part) -> bytes:
    return _digest(text_of(part))


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _once(parts: Sequence[Part]) -> list[Part]:
    """The parts without those that say what one before them says."""
    return list({_key(part): part for part in reversed(parts)}.values())[::-1]
