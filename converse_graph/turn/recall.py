"""Reminds a party, as its turn comes, of a few records from before its window; an embedder is asked as models are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile

from converse_graph.calls.run_context import RunContext
from converse_graph.errors import ProviderRefused, ProviderUnreachable, RunPaused
from converse_graph.models.base import Message, Request, Response
from converse_graph.models.embeddings import Embedder, EmbeddingFailed, Vector, encode_vectors, normalise
from converse_graph.models.failures import classify_failure
from converse_graph.models.registry import ModelRegistry
from converse_graph.models.tokens import estimate_tokens
from converse_graph.prompting.recall_index import form_of, sentences_of
from converse_graph.prompting.recall_ranking import Candidate, relevances, select
from converse_graph.prompting.recall_records import PastRecord, past_records, recalled_message_text
from converse_graph.prompting.visibility import View
from converse_graph.record.call_paths import CUE, Provenance
from converse_graph.scenarios.cast import Organisation
from converse_graph.scenarios.memory_settings import Recall
from converse_graph.scenarios.scenario import Scenario
from converse_graph.turn.speaker_turn import PartyTurn

MAX_CUES = 8
"""How many sentences of what was said last are looked for in the past, the last statement's first: a search takes CPU
in proportion to the past, 13 ms for that of 80 rounds of three parties."""

STATEMENT_WEIGHT = 0.5
"""How much it counts that a record is like something just said, where to be like what is asked counts 1: in the
benchmark a fact that is asked about is found as often as with nothing but the question, and in most turns nothing in
particular is asked."""


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """What a party is reminded of."""

    messages: tuple[Message, ...] = ()
    """For its prompt, oldest first; behind what changes less often."""
    problem: str | None = None
    """Why nobody could tell what is relevant, so that recency and importance alone decided; quotes nothing."""


def embedders_for(scenario: Scenario, chats: ModelRegistry) -> list[Embedder]:
    """The embedders that parties recall by, each once.

    Raises:
        NotFound: There is none of that name.
        UsageError: What one needs (a key, a package, a base URL) is missing.
    """
    recalls = filter(None, map(scenario.recall_of, scenario.organisations))
    embedders = [chats.embedder(recall.embedder) for recall in recalls if recall.relevance]
    return list({id(embedder): embedder for embedder in embedders}.values())


async def recall_for(turn: PartyTurn, messages: Sequence[Message], *, run: str, question: str) -> Recalled:
    """Choose what a party is reminded of.

    Args:
        turn: Whose turn it is, and what it may know.
        messages: What its prompt holds anyway, in order.
        run: The run, by its name or its thread.
        question: What the party is asked just this time, in words; empty where it is asked what it always is.

    Raises:
        RunPaused: The budget is spent.
    """
    scenario, view_now = turn.scenario, turn.view
    recall = scenario.recall_of(turn.party)
    if recall is None:
        return Recalled()
    sources = {message.source for message in messages}
    records = [record for record in past_records(scenario, view_now) if record.message.source not in sources]
    if not records:
        return Recalled()
    relevant, problem = dict[str, float](), None
    if recall.relevance:
        try:
            relevant = await _relevances(turn, recall, records, messages, run=run, question=question)
        except EmbeddingFailed as error:
            problem = str(error)
    names = select([to_candidate(scenario, view_now, record) for record in records], relevant, recall)
    messages_chosen = [record.message for record in records if record.message.source in names]
    return Recalled(messages=tuple(recalled_message_text(message) for message in messages_chosen), problem=problem)


def to_candidate(scenario: Scenario, view: View, record: PastRecord) -> Candidate:
    """A record as it is ranked in the round that is played."""
    return Candidate(
        name=record.message.source,
        years=scenario.clock.years_between(record.round, view.round),
        importance=record.importance,
        tokens=estimate_tokens(record.message.text),
    )


async def _relevances(
    turn: PartyTurn,
    recall: Recall,
    records: Sequence[PastRecord],
    messages: Sequence[Message],
    *,
    run: str,
    question: str,
) -> dict[str, float]:
    context, party = turn.context, turn.party
    # In a thread: to find an embedder may take a look at the disk, which a LangGraph server forbids on its loop.
    embedder = await asyncio.to_thread(context.models.embedder, recall.embedder)
    place = str(turn.place.call("embed"))
    sentences_heard = [sentence for message in _last_heard(messages, party) for sentence in sentences_of(message)]
    cue = sentences_of(Message(role="user", text=question, source=str(CUE), owner=party.name))
    return relevances(
        await context.recall.likenesses(
            embedder.model,
            (run, party.name),
            [record.message for record in records],
            [
                *((sentence, STATEMENT_WEIGHT) for sentence in sentences_heard[:MAX_CUES]),
                *((sentence, 1.0) for sentence in cue),
            ],
            place,
            partial(_embed, context, embedder, place),
        )
    )


def _last_heard(messages: Sequence[Message], party: Organisation) -> Sequence[Message]:
    """What was said since the party's own last statement, and what it noted after that."""

    def is_new(message: Message) -> bool:
        origin = Provenance.parse(message.source)
        if origin.is_recalled or origin.record not in ("statement", "mind", "event"):
            return False
        return origin.record != "statement" or origin.path is None or origin.path.party != party.name

    return list(takewhile(is_new, reversed(messages)))


async def _embed(
    context: RunContext, embedder: Embedder, place: str, messages: Sequence[Message]
) -> tuple[Vector, ...]:
    """Have sentences embedded by one call, which is kept and paid for.

    Raises:
        EmbeddingFailed: The embedder failed; that is on record too, so that whoever goes on finds the same.
    """
    request = Request(messages=tuple(messages), schema=form_of(embedder.model), place=place, seed=context.seed)
    if context.spending:
        context.spending.check()
    return await context.in_flight.shield(_call(context, embedder, request))


async def _call(context: RunContext, embedder: Embedder, request: Request) -> tuple[Vector, ...]:
    """Ask and keep, in one piece that is not broken off."""
    try:
        result = await embedder.embed([message.text for message in request.messages])
        vectors = tuple(map(normalise, result.vectors))
        if len(vectors) != len(request.messages) or len({len(vector) for vector in vectors}) != 1:
            raise EmbeddingFailed(f"{len(vectors)} vectors for {len(request.messages)} texts, or not all of one size")
    except RunPaused as error:
        if not isinstance(error, ProviderUnreachable | ProviderRefused):
            raise
        raise await _failed(context, embedder, request, error) from None
    except Exception as error:  # an embedder may be anybody's, and raise what it likes
        raise await _failed(context, embedder, request, error) from None
    reply = Response(
        text="" if embedder.instant else encode_vectors(vectors),
        model=embedder.model,
        input_tokens=result.tokens,
        usd=result.usd,
    )
    if not embedder.instant:
        await _keep(context, embedder, request, reply, accepted=True)
    return vectors


async def _failed(context: RunContext, embedder: Embedder, request: Request, error: Exception) -> EmbeddingFailed:
    """What is put on record of a failure: a server's own words might quote what it was sent."""
    why = f"the embedder {embedder.model} failed: {_kind_of(error)}"
    reply = Response(text=json.dumps({"failed": why}), model=embedder.model, usd=0.0)
    await _keep(context, embedder, request, reply, accepted=False)
    return EmbeddingFailed(why)


async def _keep(context: RunContext, embedder: Embedder, request: Request, reply: Response, *, accepted: bool) -> None:
    reply = Response(text=reply.text, model=reply.model, input_tokens=reply.input_tokens,
                  usd=context.models.prices.charged(embedder, reply))  # fmt: skip
    if context.spending:
        context.spending.charge(reply)
    if context.journal:
        await context.journal.record(request, reply, accepted=accepted)


def _kind_of(error: Exception) -> str:
    if isinstance(error, EmbeddingFailed):
        return str(error)
    if isinstance(error, ProviderUnreachable):
        return "no whole answer came from its server"
    if isinstance(error, ProviderRefused):
        return "its server refuses"
    failure = classify_failure(error)
    return f"HTTP {failure.status}" if failure and failure.status else type(error).__name__
